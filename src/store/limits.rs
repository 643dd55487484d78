//! The limits of the installation in configuration files.

use serde_yaml::{Mapping, Value};

use crate::domain::limits::InstallationLimits;

use super::error::{Error, Result};
use super::settings::nearest_of;
use super::yaml::{line_below, line_of};

/// The key of a configuration file that holds them.
pub(super) const KEY: &str = "limits";

/// What would stand below `limits:` if this were the only one.
pub(super) fn only(key: &str, value: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(Value::from(key), value)]))
}

/// Checks what stands below `limits:` key by key, so that an error can name the one that is wrong.
pub(super) fn check(value: &Value, source_name: &str, text: &str) -> Result<()> {
    let Value::Mapping(entries) = value else {
        // Nothing at all, or what is wrong as a whole.
        return Ok(());
    };
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        let line = line_below(text, &[KEY, name]).or_else(|| line_of(text, KEY));
        let source_name = source_name.to_owned();
        if !InstallationLimits::KEYS.contains(&name) {
            return Err(Error::UnknownKey {
                source_name,
                line,
                nearest: nearest_of(name, &InstallationLimits::KEYS),
                key: name.to_owned(),
            });
        }
        serde_yaml::from_value::<InstallationLimits>(only(name, value.clone())).map_err(
            |error| Error::BadSetting {
                source_name,
                line,
                reason: format!("{KEY}.{name}: {error}"),
            },
        )?;
    }
    Ok(())
}
