//! `config.yaml` of a session: what it is about.
//!
//! The established names come first, one line each, so that tools which read line by
//! line go on working. Files of older tools are read as they are, also those that are
//! not valid YAML because a quoted task holds quotes: strict YAML first, then line by
//! line for exactly the established names.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_yaml::{Mapping, Value};

use crate::domain::id::SessionId;
use crate::domain::session::{SessionConfig, Task};
use crate::domain::time;

use super::atomic;
use super::error::{Error, Result};
use super::owner::owner_of;
use super::yaml::{self, LONGEST, line_of};

/// The names that hub knows, in the order in which they are written: the established ones first.
const NAMES: [&str; 14] = [
    "session_id",
    "task",
    "agent_count",
    "base_branch",
    "base_commit",
    "created",
    "eval_cmd",
    "metric",
    "direction",
    "baseline",
    "owner",
    "parent",
    "mode",
    "subtasks",
];

/// Those among them that mean nothing in a file without `base_commit`: an older tool wrote it.
const NEWER: [&str; 4] = ["owner", "parent", "mode", "subtasks"];

/// A session's configuration as it stands in its file.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub config: SessionConfig,
    /// Keys that hub does not know, kept on a rewrite.
    extra: Mapping,
    names_owner: bool,
}

impl ConfigFile {
    pub fn new(config: SessionConfig) -> Self {
        Self {
            names_owner: config.owner.is_some(),
            config,
            extra: Mapping::new(),
        }
    }

    /// Whether the owner stands in the file itself; else it is the folder's.
    pub fn names_owner(&self) -> bool {
        self.names_owner
    }

    /// Reads the file of session `id`.
    pub fn read(path: &Path, id: &SessionId) -> Result<Self> {
        let bytes = atomic::read_capped(path, LONGEST)?
            .ok_or_else(|| Error::corrupt(path, None, "it is missing"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let whole = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = whole.unwrap_or_default().split(|b| *b == b'\n').count();
            Error::corrupt(path, Some(line), "it is not UTF-8")
        })?;
        Self::parse(path, &text, id)
    }

    /// Reads the text of such a file.
    pub fn parse(path: &Path, text: &str, id: &SessionId) -> Result<Self> {
        let (mut keys, mut extra) = parse(path, text)?;
        // Older tools did not write the commit; what one calls an owner may be anybody.
        if keys.get("base_commit").is_none_or(Value::is_null) {
            let theirs = |name| Some((Value::from(name), keys.remove(name)?));
            extra.extend(NEWER.into_iter().filter_map(theirs));
        }
        let reader = Reader {
            path,
            text,
            keys: &keys,
        };
        let mut config = reader.config(id)?;
        let names_owner = config.owner.is_some();
        if !names_owner {
            // Older tools did not write it.
            config.owner = path.parent().and_then(owner_of);
        }
        Ok(Self {
            config,
            extra,
            names_owner,
        })
    }

    /// Replaces the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::replace(path, self.to_text()?.as_bytes())
    }

    /// The names whose lines [`ConfigFile::write`] would change in a file that is not valid
    /// YAML; `None` when it is that.
    pub fn to_mend(&self, path: &Path) -> Result<Option<Vec<String>>> {
        let bytes = atomic::read_capped(path, LONGEST)?.unwrap_or_default();
        let old = String::from_utf8_lossy(&bytes);
        if yaml::mapping(&old).is_ok() {
            return Ok(None);
        }
        let new = self.to_text()?;
        let changed = new
            .lines()
            .filter(|line| !old.lines().any(|was| was == *line));
        let names = changed.filter_map(|line| Some(line.split_once(':')?.0.to_owned()));
        Ok(Some(names.collect()))
    }

    fn to_text(&self) -> Result<String> {
        let config = &self.config;
        let mut text = String::new();
        let mut line = |name: &str, value: Option<String>| {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(&value.unwrap_or_else(|| "null".to_owned()));
            text.push('\n');
        };
        line("session_id", Some(scalar(config.session_id.as_str())));
        line("task", Some(scalar(config.task.as_str())));
        line("agent_count", Some(config.agent_count.to_string()));
        line("base_branch", Some(scalar(config.base_branch.as_str())));
        line(
            "base_commit",
            config.base_commit.as_ref().map(|id| scalar(id.as_str())),
        );
        line("created", Some(time::format(&config.created)));
        line("eval_cmd", config.eval_cmd.as_deref().map(scalar));
        line(
            "metric",
            config.metric.as_ref().map(|name| scalar(name.as_str())),
        );
        line("direction", config.direction.map(|d| d.to_string()));
        // Debug keeps every digit and writes a float as one: 180.0, 1e300.
        line(
            "baseline",
            config.baseline.map(|value| format!("{value:?}")),
        );
        let owner = config.owner.as_ref().map(|name| scalar(name.as_str()));
        let parent = config.parent.as_ref().map(|id| scalar(id.as_str()));
        let mode = Some(config.mode.to_string());
        let subtasks = (!config.subtasks.is_empty()).then(|| {
            let parts: Vec<String> = config.subtasks.iter().map(|part| quoted(part)).collect();
            format!("[{}]", parts.join(", "))
        });
        for (name, value) in NEWER.into_iter().zip([owner, parent, mode, subtasks]) {
            if !self.extra.contains_key(name) {
                line(name, value);
            }
        }
        if !self.extra.is_empty() {
            let extra = serde_yaml::to_string(&self.extra)
                .map_err(|error| Error::corrupt("config.yaml", None, error.to_string()))?;
            text.push_str(&extra);
        }
        Ok(text)
    }
}

/// Text as a YAML scalar on one line: plain where that reads back the same, else in double quotes.
fn scalar(text: &str) -> String {
    let one_line = !text.contains(['\n', '\r', '\t', '\u{85}', '\u{2028}', '\u{2029}']);
    let plain = one_line
        && serde_yaml::from_str::<Value>(&format!("k: {text}\n"))
            .is_ok_and(|value| value.get("k").and_then(Value::as_str) == Some(text))
        // What a line reader strips, or what only looks like an older tool's quoting.
        && !text.starts_with(['"', '\''])
        && text.trim() == text;
    if plain { text.to_owned() } else { quoted(text) }
}

/// JSON's strings are YAML's double-quoted ones, once what YAML calls not printable is escaped.
///
/// YAML 1.2, 5.1: the C1 controls, the byte order mark and the two non-characters of the
/// basic plane may not stand as they are; the line separators would break the line.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted
}

/// The established keys and the others.
fn parse(path: &Path, text: &str) -> Result<(Mapping, Mapping)> {
    let all = match yaml::mapping(text) {
        Ok(Some(all)) => all,
        Ok(None) => return Err(Error::corrupt(path, None, "it is empty")),
        Err(strict) => {
            read_lines(text).ok_or_else(|| Error::corrupt(path, strict.line, strict.reason))?
        }
    };
    Ok(all
        .into_iter()
        .partition(|(key, _)| key.as_str().is_some_and(|key| NAMES.contains(&key))))
}

/// A file of an older tool that quotes without escaping: `name: value` lines and nothing else.
///
/// Quotes around a value are dropped. `None` when the file is no such file: where the
/// first two names are missing, a name stands twice, or a value of a name that is not an
/// established one needs a real reader.
fn read_lines(text: &str) -> Option<Mapping> {
    let mut keys = Mapping::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        let word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let readable = NAMES.contains(&name) || !value.starts_with(['[', '{', '&', '*', '|', '>']);
        if !word || !readable || keys.insert(name.into(), unquote(value).into()).is_some() {
            return None;
        }
    }
    let is_one = keys.contains_key("session_id") && keys.contains_key("task");
    is_one.then_some(keys)
}

fn unquote(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// Turns the keys of one file into a configuration, with errors that name the line.
struct Reader<'f> {
    path: &'f Path,
    text: &'f str,
    keys: &'f Mapping,
}

impl Reader<'_> {
    fn config(&self, id: &SessionId) -> Result<SessionConfig> {
        let session_id: SessionId = self.required("session_id")?;
        if session_id != *id {
            return Err(Error::OtherSession {
                path: self.path.to_path_buf(),
                line: line_of(self.text, "session_id"),
                found: session_id,
            });
        }
        let created = self.required_text("created")?;
        let created: DateTime<Utc> = time::parse(&created)
            .ok_or_else(|| self.bad("created", format!("{created:?} is not a time")))?;
        Ok(SessionConfig {
            session_id,
            task: Task::stored(self.required_text("task")?),
            agent_count: self.required("agent_count")?,
            base_branch: self.required("base_branch")?,
            base_commit: self.optional("base_commit")?,
            created,
            eval_cmd: self.text_of("eval_cmd")?,
            metric: self.optional("metric")?,
            direction: self.optional("direction")?,
            baseline: self.baseline()?,
            owner: self.optional("owner")?,
            parent: self.optional("parent")?,
            mode: self.optional("mode")?.unwrap_or_default(),
            subtasks: self.subtasks()?,
        })
    }

    /// The one value that is a list.
    fn subtasks(&self) -> Result<Vec<String>> {
        let bad = || self.bad("subtasks", "subtasks must be a list of texts".to_owned());
        match self.keys.get("subtasks") {
            Some(Value::Sequence(parts)) => parts
                .iter()
                .map(|part| part.as_str().map(str::to_owned).ok_or_else(bad))
                .collect(),
            // As it stands on its line, in a file that was read line by line.
            _ => match self.text_of("subtasks")? {
                Some(text) => serde_yaml::from_str(&text).map_err(|_| bad()),
                None => Ok(Vec::new()),
            },
        }
    }

    fn baseline(&self) -> Result<Option<f64>> {
        let value: Option<f64> = self.optional("baseline")?;
        match value {
            Some(value) if !value.is_finite() => {
                Err(self.bad("baseline", format!("{value} is not a finite number")))
            }
            value => Ok(value),
        }
    }

    /// The value as text; absent, null and empty are all `None`.
    fn text_of(&self, name: &str) -> Result<Option<String>> {
        let text = match self.keys.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(flag)) => Some(flag.to_string()),
            Some(_) => return Err(self.bad(name, format!("{name} must be one value"))),
        };
        let absent = |text: &String| text.is_empty() || text == "null" || text == "None";
        Ok(text.filter(|text| name == "task" || !absent(text)))
    }

    fn required_text(&self, name: &str) -> Result<String> {
        self.text_of(name)?
            .ok_or_else(|| self.bad(name, format!("{name} is missing")))
    }

    fn optional<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>> {
        self.text_of(name)?
            .map(|text| {
                text.parse()
                    .map_err(|error| self.bad(name, format!("{name} {text:?}: {error}")))
            })
            .transpose()
    }

    fn required<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T> {
        self.optional(name)?
            .ok_or_else(|| self.bad(name, format!("{name} is missing")))
    }

    fn bad(&self, name: &str, reason: String) -> Error {
        Error::corrupt(self.path, line_of(self.text, name), reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id() -> SessionId {
        "20260317-143022".parse().unwrap()
    }

    fn read(text: &str) -> Result<ConfigFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        atomic::replace(&path, text.as_bytes()).unwrap();
        ConfigFile::read(&path, &id())
    }

    fn older(task_line: &str) -> String {
        format!(
            "session_id: 20260317-143022\n{task_line}\nagent_count: 3\nbase_branch: dev\ncreated: 2026-03-17T14:30:22+00:00\neval_cmd: pytest bench.py --json\nmetric: p50_ms\ndirection: lower\nbaseline: 180.0\n"
        )
    }

    #[test]
    fn quoted_tasks_of_older_tools() {
        for (line, task) in [
            (r#"task: "Say "hi"""#, r#"Say "hi""#),
            (r#"task: "a: b #c""#, "a: b #c"),
            (r#"task: "plain""#, "plain"),
            (r"task: Optimize: the API", "Optimize: the API"),
            (r#"task: "größer ✓""#, "größer ✓"),
            (r"task: 42", "42"),
            (r#"task: """#, ""),
        ] {
            let file = read(&older(line)).unwrap();
            assert_eq!(file.config.task.as_str(), task, "{line}");
            assert_eq!(file.config.baseline, Some(180.0));
            assert_eq!(file.config.base_commit, None);
        }
    }

    #[test]
    fn unknown_keys_survive() {
        let file = read(&(older("task: x") + "priority: high\nlabels: [a, b]\n")).unwrap();
        let text = file.to_text().unwrap();
        assert!(text.contains("priority: high"), "{text}");
        assert!(read(&text).unwrap().extra.contains_key("labels"), "{text}");
    }

    #[test]
    fn what_an_older_tool_calls_an_owner_is_kept_and_means_nothing() {
        let text = older("task: x") + "owner: coordinator\n";
        let file = read(&text).unwrap();
        let of_folder = read(&older("task: x")).unwrap().config.owner;
        assert!(of_folder.is_some());
        assert_eq!(file.config.owner, of_folder);
        let again = file.to_text().unwrap();
        assert_eq!(again.matches("owner: ").count(), 1, "{again}");
        assert!(again.contains("owner: coordinator\n"), "{again}");
        assert_eq!(read(&again).unwrap().config.owner, of_folder);
    }

    #[test]
    fn parts_are_read_where_another_line_is_no_yaml() {
        let whole = older("task: x") + "base_commit: " + &"1a".repeat(20) + "\n";
        let parts = whole.clone() + "mode: ensemble\nsubtasks: [\"a: b\", \"c\\nd\"]\n";
        let damaged = parts.replace("task: x", r#"task: "Say "hi"""#);
        for text in [&parts, &damaged] {
            assert_eq!(read(text).unwrap().config.subtasks, ["a: b", "c\nd"]);
        }
        let none = damaged.replace("[\"a: b\", \"c\\nd\"]", "null");
        assert!(read(&none).unwrap().config.subtasks.is_empty());
        for bad in ["one", "[1, 2]", "[[a]]", "{a: b}"] {
            let text = whole.clone() + "subtasks: " + bad + "\n";
            assert!(read(&text).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_damaged_is_named_with_its_line() {
        for (text, line) in [
            (String::new(), None::<usize>),
            ("- a\n- b\n".into(), Some(1)),
            (older("task: x") + "metric: ms\n", Some(10)),
            (older("task: x") + "labels: [a\n", Some(11)),
            (
                older("task: x").replace("agent_count: 3", "agent_count: many"),
                Some(3),
            ),
            (
                older("task: x").replace("baseline: 180.0", "baseline: .nan"),
                Some(9),
            ),
            (older("task: x").replace("dev", "--upload-pack=x"), Some(4)),
        ] {
            let error = read(&text).unwrap_err();
            let Error::Corrupt { line: found, .. } = &error else {
                panic!("{error}");
            };
            if line.is_some() {
                assert_eq!(*found, line, "{error}");
            }
        }
        let error = read(&older("task: x").replace("143022", "143023")).unwrap_err();
        let Error::OtherSession { line, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*line, Some(1), "{error}");
    }

    #[test]
    fn hostile_yaml_is_refused_quickly() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        for text in [
            bomb.to_owned(),
            "[".repeat(60_000),
            "x".repeat(10_000_000),
            "\0".repeat(100),
            older("task: x").replace("metric: p50_ms", "metric: [a]"),
        ] {
            assert!(matches!(read(&text), Err(Error::Corrupt { .. })));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(part in "(?s).{0,40}", task in "(?s).{1,80}", eval in proptest::option::of("[ -~]{1,40}"), baseline in proptest::option::of(proptest::num::f64::NORMAL)) {
            prop_assume!(!task.contains('\0') && !task.trim().is_empty());
            let eval = eval.filter(|e| !e.trim().is_empty() && e != "null" && e != "None");
            let config = SessionConfig {
                session_id: id(),
                task: task.parse().unwrap(),
                agent_count: 3,
                base_branch: "main".parse().unwrap(),
                base_commit: Some("1234567890".repeat(4).parse().unwrap()),
                created: time::parse("2026-03-17T14:30:22Z").unwrap(),
                eval_cmd: eval,
                metric: Some("p50: ms".parse().unwrap()),
                direction: Some(crate::domain::metric::Direction::Higher),
                baseline,
                owner: Some("ada".parse().unwrap()),
                parent: Some("20260317-143021-2".parse().unwrap()),
                mode: crate::domain::mode::Mode::Ensemble,
                subtasks: vec![part, "two\nlines: \"of\" [it]".to_owned()],
            };
            let text = ConfigFile::new(config.clone()).to_text().unwrap();
            prop_assert_eq!(text.lines().count(), 14, "one line each: {}", text);
            prop_assert_eq!(read(&text).unwrap().config, config);
        }
    }
}
