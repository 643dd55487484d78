//! Which variables of the user's an agent gets.

use std::fmt;
use std::str::FromStr;

use crate::domain::id::{BadName, serde_as_text};

use super::walls::Environment;

/// The name of a variable; `*` stands for any letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvPattern(String);

impl EnvPattern {
    /// Whether a name fits.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        fits(&self.0, name)
    }
}

impl FromStr for EnvPattern {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'*';
        if s.is_empty() || !s.bytes().all(letter) || s.starts_with(|c: char| c.is_ascii_digit()) {
            let why = "it must be letters, digits and _, with * for any of them";
            return Err(BadName::new("a variable's name", s, why));
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for EnvPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(EnvPattern);

/// Whether a text fits a pattern in which `*` stands for any letters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Names of what is mostly a secret, in upper case.
const SECRETS: [&str; 32] = [
    "*_TOKEN",
    "*TOKEN",
    "*_KEY",
    "*APIKEY",
    "*_KEY_ID",
    "*SECRET*",
    "*PASSWORD*",
    "*PASSWD*",
    "*PASSPHRASE*",
    "*_PASS",
    "*CREDENTIAL*",
    "*_CREDS",
    "*PRIVATE_KEY*",
    "*_PAT",
    "*_JWT",
    "*_AUTH",
    "*_AUTH_*",
    "*AUTHORIZATION*",
    "*_COOKIE",
    "*_COOKIES",
    "*_DSN",
    "*DATABASE_URL",
    "*CONNECTION_STRING*",
    "*WEBHOOK_URL",
    "MYSQL_PWD",
    "AWS_*",
    "AZURE_*",
    "VAULT_*",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "NETRC",
];

/// Names that look like a secret's and are none.
const HARMLESS: [&str; 8] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PAGER",
    "AWS_CA_BUNDLE",
    "AZURE_CONFIG_DIR",
    "*_PUBLIC_KEY",
    "XDG_*",
    "HUB_*",
];

/// What an agent gets where only a list of names passes.
const LISTED: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TERM",
    "COLORTERM",
    "TZ",
    "USER",
    "LOGNAME",
    "SHELL",
    "HUB_*",
];

/// Whether a variable holds a secret, as far as its name and its value tell.
#[must_use]
pub fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if HARMLESS.iter().any(|pattern| fits(pattern, &name)) {
        return false;
    }
    SECRETS.iter().any(|pattern| fits(pattern, &name)) || has_password(value)
}

/// Whether a value is an address with a password in it, as `postgres://me:secret@host/db`.
fn has_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| {
        user.split_once(':')
            .is_some_and(|(_, word)| !word.is_empty())
    })
}

/// Whether an agent gets a variable of the user's: by the rule of its level, or because it was
/// allowed by name.
#[must_use]
pub fn passes(rule: Environment, allowed: &[EnvPattern], name: &str, value: &str) -> bool {
    allowed.iter().any(|pattern| pattern.fits(name))
        || match rule {
            Environment::AsTheUsers => true,
            Environment::WithoutSecrets => !is_secret(name, value),
            Environment::Listed => LISTED.iter().any(|pattern| fits(pattern, name)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(names: &[&str]) -> Vec<EnvPattern> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, text, expected) in [
            ("A", "A", true),
            ("A", "AB", false),
            ("*_TOKEN", "GH_TOKEN", true),
            ("*_TOKEN", "GH_TOKENS", false),
            ("LC_*", "LC_ALL", true),
            ("LC_*", "XLC_ALL", false),
            ("*A*B*", "xAyBz", true),
            ("*A*B*", "xByAz", false),
            ("*AA", "A", false),
            ("A*A", "A", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        for bad in ["", "A B", "A=1", "1A", "Ä"] {
            assert!(bad.parse::<EnvPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_names_and_by_passwords_in_addresses() {
        for name in [
            "GITHUB_TOKEN",
            "github_token",
            "NPM_CONFIG__AUTHTOKEN",
            "ANTHROPIC_API_KEY",
            "OPENAI_APIKEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "STRIPE_SECRET",
            "SECRET_THING",
            "DB_PASSWORD",
            "PGPASSWORD",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "DATABASE_URL",
            "SENTRY_DSN",
            "SSH_AUTH_SOCK",
            "DOCKER_AUTH_CONFIG",
            "MYSQL_PWD",
        ] {
            assert!(is_secret(name, "x"), "{name}");
        }
        for name in [
            "PATH",
            "PWD",
            "OLDPWD",
            "HOME",
            "LANG",
            "TERM",
            "KEYBOARD",
            "MAX_TOKENS",
            "EDITOR",
            "AWS_REGION",
            "MONKEY",
            "RUSTFLAGS",
            "CI",
            "HUB_SESSION",
            "XDG_SESSION_ID",
            "SSH_CONNECTION",
            "SIGNING_PUBLIC_KEY",
        ] {
            assert!(!is_secret(name, "x"), "{name}");
        }
        for (value, expected) in [
            ("postgres://me:secret@host/db", true),
            ("http://proxy.example:3128", false),
            ("https://me@host/x", false),
            ("https://host/a:b@c", false),
            ("redis://:word@host", true),
        ] {
            assert_eq!(is_secret("SERVICE", value), expected, "{value}");
        }
    }

    #[test]
    fn each_rule_lets_its_own_pass() {
        use Environment::{AsTheUsers, Listed, WithoutSecrets};
        let own = patterns(&["ANTHROPIC_*"]);
        for (name, low, medium, high) in [
            ("PATH", true, true, true),
            ("LC_TIME", true, true, true),
            ("HUB_TASK", true, true, true),
            ("EDITOR", true, true, false),
            ("LD_PRELOAD", true, true, false),
            ("GH_TOKEN", true, false, false),
            ("ANTHROPIC_API_KEY", true, true, true),
        ] {
            let passes = |rule| passes(rule, &own, name, "x");
            assert_eq!(passes(AsTheUsers), low, "{name}");
            assert_eq!(passes(WithoutSecrets), medium, "{name}");
            assert_eq!(passes(Listed), high, "{name}");
        }
    }
}
