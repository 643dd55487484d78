//! Presets in configuration files, and the built-in ones.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::domain::launch::Stdin;
use crate::domain::preset::{BUILT_IN, Preset, PresetName, PromptBy};
use crate::domain::usage::UsageRule;

use super::error::{Error, Result};
use super::settings::nearest_of;
use super::yaml::{line_below, mapping};

/// The key of a configuration file that holds presets.
pub(super) const KEY: &str = "presets";

/// Presets by their names.
pub type Presets = BTreeMap<PresetName, Preset>;

/// The presets that are part of hub.
///
/// # Errors
/// When one of their files is not what it should be.
pub fn built_in_presets() -> Result<Presets> {
    let mut presets = Presets::new();
    for (name, text) in BUILT_IN {
        let source = Source {
            name: &format!("the built-in preset {name}"),
            text,
            above: &[],
        };
        let problem = |reason| source.bad(&[], reason);
        let fields = mapping(text).map_err(|found| problem(found.reason))?;
        let name = name.parse().map_err(|error| problem(format!("{error}")))?;
        presets.insert(name, preset(fields.unwrap_or_default(), &source)?);
    }
    Ok(presets)
}

/// What stands below `presets:` in a file.
pub(super) fn presets(value: Value, source_name: &str, text: &str) -> Result<Presets> {
    let file = Source {
        name: source_name,
        text,
        above: &[KEY],
    };
    let entries = match value {
        Value::Mapping(entries) => entries,
        Value::Null => Mapping::new(),
        _ => return Err(file.bad(&[], format!("{KEY}: it holds no `name: …` lines"))),
    };
    let mut presets = Presets::new();
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        let parsed = name
            .parse::<PresetName>()
            .map_err(|error| file.bad(&[name], format!("{KEY}: {error}")))?;
        let Value::Mapping(fields) = value else {
            return Err(file.bad(
                &[name],
                format!("{KEY}: {name} holds no `key: value` lines"),
            ));
        };
        let source = Source {
            above: &[KEY, name],
            ..file
        };
        presets.insert(parsed, preset(fields, &source)?);
    }
    Ok(presets)
}

/// Where a preset stands, for what is said of it.
#[derive(Clone, Copy)]
struct Source<'s> {
    name: &'s str,
    text: &'s str,
    above: &'s [&'s str],
}

impl Source<'_> {
    fn line(&self, below: &[&str]) -> Option<usize> {
        let path = [self.above, below].concat();
        line_below(self.text, &path)
    }

    fn bad(&self, below: &[&str], reason: String) -> Error {
        Error::BadSetting {
            source_name: self.name.to_owned(),
            line: self.line(below),
            reason,
        }
    }

    fn unknown(&self, below: &[&str], key: &str, known: &[&'static str]) -> Error {
        Error::UnknownKey {
            source_name: self.name.to_owned(),
            line: self.line(below),
            nearest: nearest_of(key, known),
            key: key.to_owned(),
        }
    }
}

fn preset(fields: Mapping, source: &Source<'_>) -> Result<Preset> {
    for (key, value) in &fields {
        let name = key.as_str().unwrap_or_default();
        if !Preset::KEYS.contains(&name) {
            return Err(source.unknown(&[name], name, &Preset::KEYS));
        }
        let rule = value.as_mapping().filter(|_| name == "usage");
        for key in rule.into_iter().flat_map(Mapping::keys) {
            let key = key.as_str().unwrap_or_default();
            if !UsageRule::KEYS.contains(&key) {
                return Err(source.unknown(&[name, key], key, &UsageRule::KEYS));
            }
        }
        // Each by itself, so that an error can name it.
        check(name, value).map_err(|error| source.bad(&[name], format!("{name}: {error}")))?;
    }
    let preset: Preset = serde_yaml::from_value(Value::Mapping(fields))
        .map_err(|error| source.bad(&[], error.to_string()))?;
    if preset.prompt == PromptBy::Stdin && preset.stdin != Stdin::None {
        let reason =
            "stdin: its prompt is given there; `prompt: file` or `prompt: argument` leaves it free";
        return Err(source.bad(&["stdin"], reason.to_owned()));
    }
    Ok(preset)
}

/// Whether a preset of this one key, beside the one that must be there, can be read.
fn check(key: &str, value: &Value) -> serde_yaml::Result<()> {
    let mut fields = Mapping::from_iter([(Value::from("program"), Value::from("true"))]);
    fields.insert(Value::from(key), value.clone());
    serde_yaml::from_value::<Preset>(Value::Mapping(fields)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::TokenUse;

    fn built_in(name: &str) -> Preset {
        let presets = built_in_presets().unwrap();
        presets.get(&name.parse().unwrap()).unwrap().clone()
    }

    #[test]
    fn the_commands_of_the_built_in_presets() {
        for (name, command) in [
            (
                "claude",
                r#"claude --print --output-format json --dangerously-skip-permissions <"$HUB_PROMPT_FILE""#,
            ),
            (
                "codex",
                r#"codex exec --json --dangerously-bypass-approvals-and-sandbox - <"$HUB_PROMPT_FILE""#,
            ),
            (
                "gemini",
                r#"gemini --output-format json --approval-mode yolo --skip-trust <"$HUB_PROMPT_FILE""#,
            ),
            (
                "aider",
                r#"aider --no-pretty --no-stream --no-gitignore --no-check-update --no-show-release-notes --no-analytics --yes-always --no-suggest-shell-commands --no-detect-urls --message-file "$HUB_PROMPT_FILE""#,
            ),
            (
                "opencode",
                r#"opencode run --format json --auto <"$HUB_PROMPT_FILE""#,
            ),
            (
                "cursor-agent",
                r#"cursor-agent --print --output-format text --force --trust "$(cat "$HUB_PROMPT_FILE")""#,
            ),
        ] {
            assert_eq!(built_in(name).command(), command);
        }
        assert_eq!(built_in_presets().unwrap().len(), BUILT_IN.len());
    }

    #[test]
    fn every_built_in_preset_says_how_it_is_installed() {
        for (name, preset) in built_in_presets().unwrap() {
            assert!(preset.install.is_some() && preset.title.is_some(), "{name}");
        }
    }

    #[test]
    fn what_the_programs_print_is_read() {
        let used = |tokens_in, tokens_out, cost_usd| TokenUse {
            tokens_in: Some(tokens_in),
            tokens_out: Some(tokens_out),
            cost_usd,
        };
        for (name, printed, expected) in [
            (
                "claude",
                r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","total_cost_usd":0.0079825,"usage":{"input_tokens":3,"cache_creation_input_tokens":100,"cache_read_input_tokens":15635,"output_tokens":6}}"#,
                used(15738, 6, Some(0.007_982_5)),
            ),
            (
                "codex",
                "{\"type\":\"thread.started\",\"thread_id\":\"0\"}\n{\"type\":\"turn.started\"}\n{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"Done.\"}}\n{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":26549,\"cached_input_tokens\":22272,\"output_tokens\":1590}}\n",
                used(26549, 1590, None),
            ),
            (
                "gemini",
                "{\n  \"response\": \"Done.\",\n  \"stats\": {\n    \"models\": {\n      \"gemini-2.5-pro\": { \"tokens\": { \"prompt\": 24939, \"candidates\": 20, \"total\": 25113, \"cached\": 21263, \"thoughts\": 154, \"tool\": 0 } },\n      \"gemini-2.5-flash\": { \"tokens\": { \"prompt\": 61, \"candidates\": 4, \"total\": 65, \"cached\": 0, \"thoughts\": 0, \"tool\": 0 } }\n    }\n  }\n}\n",
                used(25000, 178, None),
            ),
            (
                "aider",
                "Aider v0.86.2\nTokens: 2.1k sent, 310 received. Cost: $0.01 message, $0.01 session.\nTokens: 12k sent, 1.5k cache write, 9.0k cache hit, 1.1k\nreceived.\nCost: $0.02 message, $0.03 session.\n",
                used(14100, 1410, Some(0.03)),
            ),
            (
                "opencode",
                "{\"type\":\"step_start\",\"part\":{\"type\":\"step-start\"}}\n{\"type\":\"step_finish\",\"part\":{\"type\":\"step-finish\",\"cost\":0.25,\"tokens\":{\"input\":10,\"output\":3,\"reasoning\":2,\"cache\":{\"read\":5,\"write\":1}}}}\n{\"type\":\"step_finish\",\"part\":{\"type\":\"step-finish\",\"cost\":0.5,\"tokens\":{\"input\":4,\"output\":1,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}}}}\n",
                used(20, 6, Some(0.75)),
            ),
        ] {
            let rule = built_in(name).usage.unwrap();
            assert_eq!(rule.read(printed, true), expected, "{name}");
            assert!(rule.read("It broke.\n", true).is_unknown(), "{name}");
        }
    }

    #[test]
    fn a_problem_is_told_with_its_line() {
        let read = |text: &str| {
            let fields = mapping(text).unwrap().unwrap();
            let (_, value) = fields.into_iter().next().unwrap();
            presets(value, "file", text).unwrap_err()
        };
        let start = "presets:\n  other:\n    program: x\n  mine:\n";
        for (text, line) in [
            ("    programm: x\n", 5),
            ("    program: x\n    usage:\n      jsn: last\n", 7),
            ("    program: -x\n", 5),
            ("    program: x\n    prompt: mail\n", 6),
            ("    program: x\n    prompt: file\n    stdin: pipe\n", 7),
            ("    program: x\n    stdin: inbox\n", 6),
            ("    arguments: [a]\n", 4),
            ("    3\n", 4),
        ] {
            let error = read(&format!("{start}{text}"));
            let (Error::UnknownKey { line: found, .. } | Error::BadSetting { line: found, .. }) =
                &error
            else {
                panic!("{error}");
            };
            assert_eq!(*found, Some(line), "{error}");
        }
        let error = read("presets:\n  Mine:\n    program: x\n");
        assert!(error.to_string().starts_with("file, line 2: "), "{error}");
    }
}
