//! The commits of a session in the languages of programs that draw graphs.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::domain::refs::CommitId;
use crate::domain::report::{DagCommit, DagReport};
use crate::domain::text::visible;

/// `hub dag --format dot`, for Graphviz.
#[must_use]
pub fn dot(report: &DagReport) -> String {
    let mut text = format!("digraph \"{}\" {{\n", dot_escaped(report.session.as_str()));
    text.push_str("  node [shape=box];\n");
    for commit in &report.commits {
        let tips = Tips::of(report, commit);
        let lines: Vec<String> = tips.lines.iter().map(|line| dot_escaped(line)).collect();
        let style = match tips.kind {
            Kind::Winner => ", style=bold, color=darkgreen",
            Kind::Archived => ", style=dashed, color=gray",
            Kind::Base => ", shape=ellipse",
            Kind::Other => "",
        };
        let label = lines.join("\\n");
        let _ = writeln!(text, "  \"{}\" [label=\"{label}\"{style}];", commit.commit);
    }
    for commit in &report.commits {
        for parent in &commit.parents {
            let _ = writeln!(text, "  \"{}\" -> \"{parent}\";", commit.commit);
        }
    }
    text + "}\n"
}

/// `hub dag --format mermaid`, for a README.
#[must_use]
pub fn mermaid(report: &DagReport) -> String {
    let mut text = "flowchart TD\n".to_owned();
    let mut numbers: HashMap<&CommitId, usize> = HashMap::new();
    for (number, commit) in report.commits.iter().enumerate() {
        numbers.insert(&commit.commit, number);
        let tips = Tips::of(report, commit);
        let lines: Vec<String> = tips
            .lines
            .iter()
            .map(|line| mermaid_escaped(line))
            .collect();
        let class = match tips.kind {
            Kind::Winner => ":::winner",
            Kind::Archived => ":::archived",
            Kind::Base => ":::base",
            Kind::Other => "",
        };
        let _ = writeln!(text, "  c{number}[\"{}\"]{class}", lines.join("<br>"));
    }
    for (number, commit) in report.commits.iter().enumerate() {
        for parent in commit.parents.iter().filter_map(|id| numbers.get(id)) {
            let _ = writeln!(text, "  c{number} --> c{parent}");
        }
    }
    text.push_str("  classDef winner stroke:#080,stroke-width:3px\n");
    text.push_str("  classDef archived stroke-dasharray:4,color:#888\n");
    text + "  classDef base stroke-width:3px\n"
}

/// What a commit is in its session.
enum Kind {
    Winner,
    Archived,
    Base,
    Other,
}

/// What a commit's box says.
struct Tips {
    lines: Vec<String>,
    kind: Kind,
}

impl Tips {
    fn of(report: &DagReport, commit: &DagCommit) -> Self {
        let is_here = |at: &Option<CommitId>| at.as_ref() == Some(&commit.commit);
        let tips: Vec<_> = report
            .agents
            .iter()
            .filter(|a| is_here(&a.commit))
            .collect();
        let is_base = is_here(&report.base_commit);
        let kind = if tips.iter().any(|tip| tip.winner) {
            Kind::Winner
        } else if is_base {
            Kind::Base
        } else if !tips.is_empty() && tips.iter().all(|tip| tip.archived) {
            Kind::Archived
        } else {
            Kind::Other
        };
        let names = tips.iter().map(|tip| {
            let winner = if tip.winner { " (winner)" } else { "" };
            format!("{} attempt {}{winner}", tip.agent, tip.attempt.number())
        });
        let mut lines: Vec<String> = names.collect();
        lines.extend(is_base.then(|| "base".to_owned()));
        lines.push(format!("{} {}", commit.commit.short(), commit.message));
        Self { lines, kind }
    }
}

/// Inside a quoted string of dot.
fn dot_escaped(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Inside a quoted label of Mermaid, which is HTML with `#` for `&`.
fn mermaid_escaped(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_end_where_they_end() {
        assert_eq!(dot_escaped("a\\\"b\"\n\x1b"), "a\\\\\\\"b\\\" \u{241b}");
        assert_eq!(mermaid_escaped("\"#<b>\n`"), "#34;#35;#60;b#62; #96;");
    }
}
