//! Prompts: a template with `{placeholders}`, filled in for one agent.

use super::diagnostic::{Code, Diagnostic};
use super::strategy::{self, Strategy};

/// A template that comes with hub.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Its text, with placeholders.
    pub text: &'static str,
    /// Its list of strategies; empty where it has none.
    list: &'static str,
}

impl BuiltIn {
    /// The strategies that are handed out where none is given.
    #[must_use]
    pub fn strategies(&self) -> Vec<Strategy> {
        // A test reads each of them.
        strategy::list(self.list).unwrap_or_default()
    }
}

/// The templates that come with hub.
///
/// `plain` has no strategies: what would be diverse depends on the task.
pub const BUILT_IN: [BuiltIn; 5] = [
    BuiltIn {
        name: "plain",
        text: include_str!("templates/plain.md"),
        list: "",
    },
    BuiltIn {
        name: "optimizer",
        text: include_str!("templates/optimizer.md"),
        list: include_str!("templates/optimizer.strategies"),
    },
    BuiltIn {
        name: "refactorer",
        text: include_str!("templates/refactorer.md"),
        list: include_str!("templates/refactorer.strategies"),
    },
    BuiltIn {
        name: "test-writer",
        text: include_str!("templates/test-writer.md"),
        list: include_str!("templates/test-writer.strategies"),
    },
    BuiltIn {
        name: "bug-fixer",
        text: include_str!("templates/bug-fixer.md"),
        list: include_str!("templates/bug-fixer.strategies"),
    },
];

/// A built-in template.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|template| template.name == name)
}

/// What a template's placeholders stand for, for one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Vec<(&'static str, String)>);

impl Values {
    /// The names that a template may use.
    pub const NAMES: [&'static str; 15] = [
        "task",
        "strategy",
        "session",
        "agent",
        "attempt",
        "branch",
        "worktree",
        "board",
        "inbox",
        "base_branch",
        "base_commit",
        "eval_cmd",
        "metric",
        "direction",
        "baseline",
    ];

    /// Sets one value; an empty one makes the lines that need it go away.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        debug_assert!(Self::NAMES.contains(&name), "{name} is not a placeholder");
        self.0.push((name, value.into()));
        self
    }

    fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }
}

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the template uses {{{name}}}, which is not a placeholder")]
pub struct UnknownPlaceholder {
    /// The name between the braces.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
}

impl Diagnostic for UnknownPlaceholder {
    fn code(&self) -> Code {
        Code::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "known are {}; write {{{{ for a brace",
            Values::NAMES.join(", ")
        ))
    }
}

/// Fills in a template.
///
/// `{name}` stands for a value, `{{` for a brace; a brace that no lower-case name and
/// closing brace follow is a brace. A line whose placeholders are all empty is left
/// out, and so is a section (from its `## ` heading to the next) of which only the heading and
/// lines without a placeholder are left although it had some.
///
/// # Errors
/// [`UnknownPlaceholder`] names the first placeholder that does not exist.
pub fn fill(template: &str, values: &Values) -> Result<String, UnknownPlaceholder> {
    let mut sections: Vec<Section> = vec![Section::default()];
    for (number, line) in (1..).zip(template.lines()) {
        if line.starts_with("## ") {
            sections.push(Section::default());
        }
        let filled = fill_line(line, number, values)?;
        if let Some(section) = sections.last_mut() {
            section.add(filled);
        }
    }
    let mut text = String::new();
    for section in sections.iter().filter(|section| !section.is_hollow()) {
        text.push_str(&section.text);
    }
    Ok(squeeze(&text))
}

#[derive(Default)]
struct Section {
    text: String,
    filled: usize,
    dropped: usize,
}

impl Section {
    fn add(&mut self, line: Line) {
        match line {
            Line::Plain(text) => self.push(&text),
            Line::Filled(text) => {
                self.filled += 1;
                self.push(&text);
            }
            Line::Dropped => self.dropped += 1,
        }
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn is_hollow(&self) -> bool {
        self.filled == 0 && self.dropped > 0
    }
}

enum Line {
    Plain(String),
    Filled(String),
    Dropped,
}

fn fill_line(line: &str, number: usize, values: &Values) -> Result<Line, UnknownPlaceholder> {
    let mut text = String::with_capacity(line.len());
    let (mut seen, mut empty) = (0usize, 0usize);
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        if let Some(literal) = after.strip_prefix('{') {
            text.push('{');
            rest = literal;
            continue;
        }
        rest = after;
        let Some((name, behind)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            text.push('{');
            continue;
        };
        if !Values::NAMES.contains(&name) {
            return Err(UnknownPlaceholder {
                name: name.to_owned(),
                line: number,
            });
        }
        let value = values.get(name);
        seen += 1;
        empty += usize::from(value.is_empty());
        text.push_str(value);
        rest = behind;
    }
    text.push_str(rest);
    Ok(match (seen, empty) {
        (0, _) => Line::Plain(text),
        (seen, empty) if seen == empty => Line::Dropped,
        _ => Line::Filled(text),
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// At most one empty line in a row, none at the ends, one line feed at the end.
fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines() {
        if line.trim().is_empty() {
            if !empty {
                squeezed.push('\n');
            }
            empty = true;
        } else {
            squeezed.push_str(line);
            squeezed.push('\n');
            empty = false;
        }
    }
    squeezed.truncate(squeezed.trim_end().len());
    squeezed.push('\n');
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::default()
            .with("task", "make sum faster")
            .with("agent", "agent-2")
    }

    #[test]
    fn placeholders_are_filled() {
        assert_eq!(
            fill("{agent}: {task}!", &values()).unwrap(),
            "agent-2: make sum faster!\n"
        );
    }

    #[test]
    fn braces_that_are_no_placeholders_stay() {
        let text = "fn main() { {\"a\": 1} {{task}} } {";
        assert_eq!(
            fill(text, &values()).unwrap(),
            "fn main() { {\"a\": 1} {task}} } {\n"
        );
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        let error = fill("one\n{taks}", &values()).unwrap_err();
        assert_eq!((error.name.as_str(), error.line), ("taks", 2));
        assert!(error.hint().unwrap().contains("task"));
    }

    #[test]
    fn lines_and_sections_without_a_value_go() {
        let template = "{task}\n\nApproach: {strategy}\n\n## Measured\n\n- {metric}\n\nRun it.\n\n## Stop\n\nNow.\n";
        assert_eq!(
            fill(template, &values()).unwrap(),
            "make sum faster\n\n## Stop\n\nNow.\n"
        );
    }

    #[test]
    fn a_task_with_braces_is_not_filled_again() {
        let values = Values::default().with("task", "print {metric}");
        assert_eq!(fill("{task}", &values).unwrap(), "print {metric}\n");
    }

    #[test]
    fn every_built_in_template_fills_and_differs() {
        let mut seen = std::collections::BTreeSet::new();
        for BuiltIn { name, text, .. } in BUILT_IN {
            let filled = fill(text, &values()).unwrap();
            assert!(filled.contains("make sum faster"), "{name}");
            assert!(!filled.contains("How it is measured"), "{name}");
            assert!(!filled.contains("Strategy:"), "{name}");
            assert!(seen.insert(filled), "{name}");
        }
    }

    #[test]
    fn a_built_in_template_tells_all_that_is_known() {
        let all = Values::NAMES
            .iter()
            .fold(Values::default(), |values, name| {
                values.with(name, format!("[{name}]"))
            });
        for BuiltIn { name, text, .. } in BUILT_IN {
            let filled = fill(text, &all).unwrap();
            for value in Values::NAMES {
                assert!(filled.contains(&format!("[{value}]")), "{name}: {value}");
            }
            for part in ["## What to leave alone", "## When to stop"] {
                assert!(filled.contains(part), "{name}: {part}");
            }
            assert!(filled.split_whitespace().count() < 600, "{name} is long");
        }
    }

    #[test]
    fn every_role_has_strategies_of_its_own_and_plain_has_none() {
        let mut seen = std::collections::BTreeSet::new();
        for template in BUILT_IN {
            let name = template.name;
            if name == "plain" {
                assert_eq!(template.strategies(), []);
                continue;
            }
            let strategies = strategy::list(template.list).unwrap();
            assert!(strategies.len() >= 6, "{name}: {}", strategies.len());
            for strategy in strategies {
                assert!(seen.insert(strategy.to_string()), "{name}: {strategy}");
            }
        }
    }
}
