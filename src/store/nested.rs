//! Settings that stand below a key of their own in configuration files: `limits`, `security`.

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use crate::domain::limits::InstallationLimits;
use crate::domain::security::SecurityLayer;

use super::error::{Error, Result};
use super::settings::nearest_of;
use super::yaml::{line_below, line_of};

/// What would stand below a key if this were the only one there.
pub(super) fn only(key: &str, value: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(Value::from(key), value)]))
}

/// The value of a key that may be said shorter: `security: high` is its level.
pub(super) fn whole(key: &str, value: Value) -> Value {
    match value {
        Value::String(_) if key == SECURITY => only("level", value),
        _ => value,
    }
}

const LIMITS: &str = "limits";
const SECURITY: &str = "security";

/// Checks what stands below a key one by one, so that an error can name the one that is wrong.
pub(super) fn check(above: &str, value: &Value, source_name: &str, text: &str) -> Result<()> {
    let at = Place {
        above,
        source_name,
        text,
    };
    match above {
        LIMITS => at.check::<InstallationLimits>(value, &InstallationLimits::KEYS),
        SECURITY => at.check::<SecurityLayer>(value, &SecurityLayer::KEYS),
        _ => Ok(()),
    }
}

/// Where a key stands, for what is said of it.
struct Place<'p> {
    above: &'p str,
    source_name: &'p str,
    text: &'p str,
}

impl Place<'_> {
    fn check<T: DeserializeOwned>(&self, value: &Value, known: &[&'static str]) -> Result<()> {
        let Value::Mapping(entries) = value else {
            // Nothing at all, or what is wrong as a whole.
            return Ok(());
        };
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            let line = line_below(self.text, &[self.above, name]);
            let line = line.or_else(|| line_of(self.text, self.above));
            let source_name = self.source_name.to_owned();
            if !known.contains(&name) {
                return Err(Error::UnknownKey {
                    source_name,
                    line,
                    nearest: nearest_of(name, known),
                    key: name.to_owned(),
                });
            }
            serde_yaml::from_value::<T>(only(name, value.clone())).map_err(|error| {
                Error::BadSetting {
                    source_name,
                    line,
                    reason: format!("{}.{name}: {error}", self.above),
                }
            })?;
        }
        Ok(())
    }
}
