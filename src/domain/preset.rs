//! Presets: how the agents that people have are run, as data.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{AgentId, BadName, serde_as_text};
use super::launch::{Needs, Stdin};
use super::security::environment::EnvPattern;
use super::security::grants::AllowedPath;
use super::settings::AgentCount;
use super::usage::UsageRule;

/// The built-in presets: their names and their texts.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("claude", include_str!("presets/claude.yaml")),
    ("codex", include_str!("presets/codex.yaml")),
    ("gemini", include_str!("presets/gemini.yaml")),
    ("aider", include_str!("presets/aider.yaml")),
    ("opencode", include_str!("presets/opencode.yaml")),
    ("cursor-agent", include_str!("presets/cursor-agent.yaml")),
];

/// A preset's name: lower-case letters, digits, `-`, `_` and `.`, from a letter on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PresetName(String);

impl PresetName {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PresetName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a preset's name", s, why));
        if !s.starts_with(|c: char| c.is_ascii_lowercase()) {
            return bad("it must begin with a lower-case letter");
        }
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        if !s.bytes().all(fits) {
            return bad("only a-z, 0-9, -, _ and . may be in it");
        }
        if s.len() > 64 {
            return bad("it is longer than 64 characters");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for PresetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A program's name, or the path to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(String);

impl Program {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Program {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a program", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        // Such a word would be an option or an assignment where a command begins.
        if s.starts_with(['-', '~']) || s.contains(['=', '\0', '\n']) {
            return bad("it must be a name or a path, without = and not from ~ or - on");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(PresetName, Program);

/// How a program is given its prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptBy {
    /// On its standard input.
    #[default]
    Stdin,
    /// As its last argument.
    Argument,
    /// As its last argument, which is the path of a file.
    File,
}

/// How one kind of agent is run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name for people.
    pub title: Option<String>,
    /// What is run.
    pub program: Program,
    /// With what.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What lets it work where nobody answers its questions.
    #[serde(default)]
    pub unattended: Vec<String>,
    /// How it is given its prompt.
    #[serde(default)]
    pub prompt: PromptBy,
    /// The argument right before the prompt.
    pub prompt_flag: Option<String>,
    /// What it finds on its standard input, where that is not its prompt.
    #[serde(default)]
    pub stdin: Stdin,
    /// What makes the program print its version.
    #[serde(default = "version_flag")]
    pub version: Vec<String>,
    /// The version that the preset was checked with.
    pub checked_version: Option<String>,
    /// How the program is installed.
    pub install: Option<String>,
    /// Where it prints what it used.
    pub usage: Option<UsageRule>,
    /// Variables with its keys, which it gets at every security level.
    #[serde(default)]
    pub keys: Vec<EnvPattern>,
    /// Files and folders of its own that it reads at every security level.
    #[serde(default)]
    pub reads: Vec<AllowedPath>,
    /// Those that it changes at every security level.
    #[serde(default)]
    pub writes: Vec<AllowedPath>,
}

fn version_flag() -> Vec<String> {
    vec!["--version".to_owned()]
}

impl Preset {
    /// The names of all keys, as they stand in a file.
    pub const KEYS: [&'static str; 14] = [
        "title",
        "program",
        "arguments",
        "unattended",
        "prompt",
        "prompt_flag",
        "stdin",
        "version",
        "checked_version",
        "install",
        "usage",
        "keys",
        "reads",
        "writes",
    ];

    /// What the program cannot do without.
    #[must_use]
    pub fn needs(&self) -> Needs {
        Needs {
            env: self.keys.clone(),
            reads: self.reads.clone(),
            writes: self.writes.clone(),
        }
    }

    /// The command for `sh -c`; it takes its prompt from `HUB_PROMPT_FILE`.
    #[must_use]
    pub fn command(&self) -> String {
        let words = self.arguments.iter().chain(&self.unattended);
        let words = words.chain(&self.prompt_flag).map(String::as_str);
        let words = std::iter::once(self.program.as_str()).chain(words);
        let words = shell_words::join(words);
        match self.prompt {
            PromptBy::Stdin => format!("{words} <\"$HUB_PROMPT_FILE\""),
            PromptBy::Argument => format!("{words} \"$(cat \"$HUB_PROMPT_FILE\")\""),
            PromptBy::File => format!("{words} \"$HUB_PROMPT_FILE\""),
        }
    }
}

/// The version in what a program says of itself: its first word that begins with a digit.
#[must_use]
pub fn version_in(text: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut words = text.split_whitespace();
    let word =
        words.find_map(|word| Some(word.strip_prefix('v').unwrap_or(word)).filter(is_version));
    let word = word?.trim_end_matches([',', ';', ')']);
    Some(word.chars().take(LONGEST).collect())
}

/// How many agents are run by which preset, as in `claude:2,codex:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetCounts {
    counts: Vec<(PresetName, AgentCount)>,
    total: AgentCount,
}

impl PresetCounts {
    /// How many agents that are.
    #[must_use]
    pub fn total(&self) -> AgentCount {
        self.total
    }

    /// The presets of agent-1, agent-2 and so on.
    pub fn by_agent(&self) -> impl Iterator<Item = (AgentId, &PresetName)> {
        let names = self.counts.iter().flat_map(|(name, count)| {
            let count = usize::try_from(count.get()).unwrap_or(usize::MAX);
            std::iter::repeat_n(name, count)
        });
        AgentId::first(self.total.get()).zip(names)
    }
}

impl FromStr for PresetCounts {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new("a list of presets", s, why);
        let mut counts = Vec::new();
        for part in s.split(',') {
            let (name, count) = part
                .trim()
                .split_once(':')
                .ok_or_else(|| bad("it must be like claude:2,codex:1"))?;
            counts.push((name.parse()?, count.parse::<AgentCount>()?));
        }
        let total = counts
            .iter()
            .map(|(_, count)| u64::from(count.get()))
            .sum::<u64>();
        let total = total.to_string().parse()?;
        Ok(Self { counts, total })
    }
}

impl fmt::Display for PresetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, count)) in self.counts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}:{}", count.get())?;
        }
        Ok(())
    }
}

/// Which presets a session's agents are run by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetChoice {
    /// All by the same.
    One(PresetName),
    /// Some by one, others by another.
    Mixed(PresetCounts),
}

/// How many agents a new session has: a plain number, or the sum over presets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contestants {
    /// This many.
    Count(AgentCount),
    /// Those of each preset.
    Presets(PresetCounts),
}

impl FromStr for Contestants {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if s.contains(':') {
            s.parse().map(Self::Presets)
        } else {
            s.parse().map(Self::Count)
        }
    }
}

/// Where a preset was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresetSource {
    /// It is part of hub.
    BuiltIn,
    /// The user's configuration.
    User,
    /// The project's configuration.
    Project,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(prompt: PromptBy, flag: Option<&str>) -> Preset {
        Preset {
            title: None,
            program: "my agent".parse().unwrap(),
            arguments: vec!["--say".to_owned(), "it's $HOME".to_owned()],
            unattended: vec!["--yes".to_owned(), String::new()],
            prompt,
            prompt_flag: flag.map(str::to_owned),
            stdin: Stdin::None,
            version: version_flag(),
            checked_version: None,
            install: None,
            usage: None,
            keys: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
        }
    }

    #[test]
    fn a_command_is_quoted_and_takes_its_prompt_from_the_file() {
        let words = r"'my agent' --say 'it'\''s $HOME' --yes ''";
        for (prompt, flag, end) in [
            (PromptBy::Stdin, None, r#" <"$HUB_PROMPT_FILE""#),
            (PromptBy::Stdin, Some("-"), r#" - <"$HUB_PROMPT_FILE""#),
            (PromptBy::Argument, None, r#" "$(cat "$HUB_PROMPT_FILE")""#),
            (PromptBy::File, Some("-f"), r#" -f "$HUB_PROMPT_FILE""#),
        ] {
            assert_eq!(preset(prompt, flag).command(), format!("{words}{end}"));
        }
    }

    #[test]
    fn names_and_programs_keep_to_their_grammar() {
        for good in ["claude", "cursor-agent", "a.b_2"] {
            assert_eq!(good.parse::<PresetName>().unwrap().as_str(), good);
        }
        for bad in ["", "2x", "-x", "A", "a b", "a/b", "a:b", &"x".repeat(65)] {
            assert!(bad.parse::<PresetName>().is_err(), "{bad:?}");
        }
        for bad in ["", " ", "-x", "A=1", "~/x", "a\0b", "a\nb"] {
            assert!(bad.parse::<Program>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn counts_are_handed_out_in_their_order() {
        let counts: PresetCounts = "claude:2, codex:1".parse().unwrap();
        assert_eq!(counts.total().get(), 3);
        let agents: Vec<String> = counts
            .by_agent()
            .map(|(agent, name)| format!("{agent}={name}"))
            .collect();
        assert_eq!(
            agents,
            ["agent-1=claude", "agent-2=claude", "agent-3=codex"]
        );
        assert_eq!(counts.to_string(), "claude:2,codex:1");
        for bad in [
            "",
            "claude",
            "claude:0",
            "claude:x",
            ":2",
            "a:200,b:57",
            "a:1,,b:1",
        ] {
            assert!(bad.parse::<PresetCounts>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_number_of_agents_stays_one() {
        assert!(matches!("3".parse(), Ok(Contestants::Count(n)) if n.get() == 3));
        assert!(matches!("a:1".parse(), Ok(Contestants::Presets(_))));
        let error = "many".parse::<Contestants>().unwrap_err();
        assert_eq!(error.what, "a number of agents");
    }

    #[test]
    fn versions_are_found_in_what_programs_print() {
        for (text, version) in [
            ("2.1.197 (Claude Code)\n", Some("2.1.197")),
            ("codex-cli 0.169.0\n", Some("0.169.0")),
            ("aider 0.86.2", Some("0.86.2")),
            ("tool v1.2, of 2026\n", Some("1.2")),
            ("2025.09.18-7ae6800", Some("2025.09.18-7ae6800")),
            ("no such option", None),
            ("", None),
        ] {
            assert_eq!(version_in(text).as_deref(), version, "{text:?}");
        }
    }
}
