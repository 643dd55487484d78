//! Configuration files, and settings given by variables.

use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::domain::settings::SettingsLayer;

use super::atomic;
use super::error::{Error, Result};
use super::nested;
use super::presets::{self, Presets};
use super::yaml::{self, LONGEST, line_of};

/// Reads a configuration file; an absent or empty one sets nothing.
///
/// # Errors
/// An unknown key, a duplicate, a wrong value: each with the file and the line.
pub fn read_settings(path: &Path) -> Result<SettingsLayer> {
    read(path).map(|(layer, _)| layer)
}

/// Reads the presets of a configuration file.
///
/// # Errors
/// As [`read_settings`].
pub fn read_presets(path: &Path) -> Result<Presets> {
    read(path).map(|(_, presets)| presets)
}

fn read(path: &Path) -> Result<(SettingsLayer, Presets)> {
    let name = path.display().to_string();
    let bad = |line, reason: String| Error::BadSetting {
        source_name: name.clone(),
        line,
        reason,
    };
    let Some(bytes) = atomic::read_capped(path, LONGEST).map_err(|error| match error {
        Error::Corrupt { reason, .. } => bad(None, reason),
        other => other,
    })?
    else {
        return Ok(Default::default());
    };
    let text = String::from_utf8(bytes).map_err(|_| bad(None, "it is not UTF-8".to_owned()))?;
    let mapping = yaml::mapping(&text).map_err(|problem| bad(problem.line, problem.reason))?;
    match mapping {
        Some(mut mapping) => {
            let presets = match mapping.remove(presets::KEY) {
                Some(value) => presets::presets(value, &name, &text)?,
                None => Presets::new(),
            };
            let layer = layer(mapping, &name, &text)?;
            Ok((layer, presets))
        }
        None => Ok(Default::default()),
    }
}

/// One setting with the text that a variable gives it; a dot leads to a key below another.
///
/// # Errors
/// A value that cannot be meant; the message names the variable.
pub fn setting_from(key: &'static str, text: String, variable: &str) -> Result<SettingsLayer> {
    let value = Value::String(text);
    let set = match key.split_once('.') {
        Some((above, key)) => one(Value::from(above), nested::only(key, value)),
        None => one(Value::from(key), value),
    };
    set.map_err(|error| Error::BadSetting {
        source_name: variable.to_owned(),
        line: None,
        reason: error.to_string(),
    })
}

/// One key at a time, so that an error can name it.
fn one(key: Value, value: Value) -> serde_yaml::Result<SettingsLayer> {
    serde_yaml::from_value(Value::Mapping(Mapping::from_iter([(key, value)])))
}

fn layer(mapping: Mapping, source_name: &str, text: &str) -> Result<SettingsLayer> {
    let mut all = SettingsLayer::default();
    for (key, value) in mapping {
        let Some(name) = key.as_str().map(str::to_owned) else {
            return Err(Error::BadSetting {
                source_name: source_name.to_owned(),
                line: None,
                reason: "a key is not a text".to_owned(),
            });
        };
        if !SettingsLayer::KEYS.contains(&name.as_str()) {
            return Err(Error::UnknownKey {
                source_name: source_name.to_owned(),
                line: line_of(text, &name),
                nearest: nearest(&name),
                key: name,
            });
        }
        let value = nested::whole(&name, value);
        nested::check(&name, &value, source_name, text)?;
        let setting = one(key, value).map_err(|error| Error::BadSetting {
            source_name: source_name.to_owned(),
            line: line_of(text, &name),
            reason: format!("{name}: {error}"),
        })?;
        all = setting.over(all);
    }
    Ok(all)
}

fn nearest(key: &str) -> Option<&'static str> {
    let known = [SettingsLayer::KEYS.as_slice(), &[presets::KEY]].concat();
    nearest_of(key, &known)
}

/// The known key that is most like one that is not known.
pub(super) fn nearest_of(key: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .copied()
        .map(|known| (strsim::jaro_winkler(key, known), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SettingsLayer> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        atomic::replace(&path, text.as_bytes()).unwrap();
        read_settings(&path)
    }

    #[test]
    fn files_that_are_accepted() {
        assert_eq!(read("").unwrap(), SettingsLayer::default());
        assert_eq!(read("# nothing\n").unwrap(), SettingsLayer::default());
        let layer = read("agents: 5\nmetric: p50_ms\ndirection: higher\n").unwrap();
        assert_eq!(layer.agents.unwrap().get(), 5);
        assert_eq!(layer.metric.unwrap().as_str(), "p50_ms");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        let error = read("agents: 2\n\nworktree_rot: /x\n").unwrap_err();
        let Error::UnknownKey { line, nearest, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((*line, *nearest), (Some(3), Some("worktree_root")));
        assert!(matches!(
            read("zzz: 1").unwrap_err(),
            Error::UnknownKey { nearest: None, .. }
        ));
    }

    #[test]
    fn wrong_values_and_duplicates_are_named_with_their_line() {
        for (text, expected) in [
            ("agents: many\n", Some(1)),
            ("agents: 1\nagents: 2\n", Some(2)),
            ("agents: 1\nbase_branch: -x\n", Some(2)),
            ("a: [\n", Some(2)),
        ] {
            let error = read(text).unwrap_err();
            let Error::BadSetting { line, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!(*line, expected, "{error}");
        }
    }

    #[test]
    fn the_environment_is_read_as_text() {
        let set = |key, text: &str| setting_from(key, text.to_owned(), "HUB_X");
        assert_eq!(set("agents", "4").unwrap().agents.unwrap().get(), 4);
        assert_eq!(set("metric", "42").unwrap().metric.unwrap().as_str(), "42");
        let error = set("agents", "many").unwrap_err();
        assert!(error.to_string().starts_with("HUB_X: "), "{error}");
    }
}
