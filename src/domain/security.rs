//! How far an agent is held: levels, what a level asks for, and what is allowed beyond it.

pub mod bounds;
pub mod denials;
pub mod denied;
pub mod environment;
pub mod grants;
pub mod hearing;
pub mod machine;
pub mod plan;
mod refused;
pub mod system;
pub mod walls;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{BadName, serde_as_text};
use super::launch::ByteSize;
use super::list::List;

use bounds::{Bounds, Count};
use environment::EnvPattern;
use grants::{AllowedPath, NetGrant, Network};

pub use refused::SecurityRefused;

/// How far an agent is held; each level holds it to all that those below it do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// It can do what the user can.
    Low,
    /// It gets no secrets in its environment, and has limits.
    #[default]
    Medium,
    /// It can read and write what it needs, and nothing else.
    High,
    /// The same, without a network and with programs by a list.
    Maximum,
}

impl SecurityLevel {
    /// All of them, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Maximum];

    /// The word that is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Maximum => "maximum",
        }
    }
}

impl FromStr for SecurityLevel {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let mut all = Self::ALL.into_iter();
        all.find(|level| level.as_str() == s).ok_or_else(|| {
            BadName::new(
                "a security level",
                s,
                "it must be low, medium, high or maximum",
            )
        })
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

serde_as_text!(SecurityLevel);

/// How the agents of a session are held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Security {
    /// How far.
    #[serde(default)]
    pub level: SecurityLevel,
    /// Whether what this machine cannot enforce is left out, instead of refused.
    #[serde(default)]
    pub best_effort: bool,
    /// What it reaches over the network where the level leaves that open.
    #[serde(default)]
    pub allow_net: Network,
    /// Paths that it may read beside its own.
    #[serde(default)]
    pub allow_read: Vec<AllowedPath>,
    /// Paths that it may change beside its own.
    #[serde(default)]
    pub allow_write: Vec<AllowedPath>,
    /// Programs, or folders of programs, that it may run beside those of the system.
    #[serde(default)]
    pub allow_exec: Vec<AllowedPath>,
    /// Variables that it gets whatever they are named.
    #[serde(default)]
    pub allow_env: Vec<EnvPattern>,
    /// How much it may have of what others need, too.
    #[serde(default)]
    pub bounds: Bounds,
}

impl Security {
    /// The same at another level, which must not be lower.
    ///
    /// # Errors
    /// When it is lower: nobody who was held may be let go.
    pub fn raised(&self, level: SecurityLevel) -> Result<Self, Lowered> {
        if level < self.level {
            return Err(Lowered {
                from: self.level,
                to: level,
            });
        }
        Ok(Self {
            level,
            ..self.clone()
        })
    }
}

/// A level that is lower than the one that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The level that holds.
    pub from: SecurityLevel,
    /// The one that was asked for.
    pub to: SecurityLevel,
}

/// One layer of settings, or the flags; what it leaves open is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityLayer {
    /// How far agents are held.
    pub level: Option<SecurityLevel>,
    /// Whether what cannot be enforced is left out.
    pub best_effort: Option<bool>,
    /// What they reach over the network.
    pub allow_net: Option<List<NetGrant>>,
    /// Paths that they may read.
    pub allow_read: Option<List<AllowedPath>>,
    /// Paths that they may change.
    pub allow_write: Option<List<AllowedPath>>,
    /// Programs that they may run.
    pub allow_exec: Option<List<AllowedPath>>,
    /// Variables that they get.
    pub allow_env: Option<List<EnvPattern>>,
    /// How many processes and threads each agent may have.
    pub processes: Option<Count>,
    /// How much memory each of its processes may have.
    pub memory: Option<ByteSize>,
    /// How large a file it writes may become.
    pub file_size: Option<ByteSize>,
    /// How many files each of its processes may have open.
    pub open_files: Option<Count>,
    /// The lowest level that a hub directory lets the layers below it have.
    #[serde(skip)]
    pub at_least: Option<SecurityLevel>,
}

impl SecurityLayer {
    /// The names of all keys, as they stand below `security:` in a file.
    pub const KEYS: [&'static str; 11] = [
        "level",
        "best_effort",
        "allow_net",
        "allow_read",
        "allow_write",
        "allow_exec",
        "allow_env",
        "processes",
        "memory",
        "file_size",
        "open_files",
    ];

    /// What a hub directory's file may say: it raises the level of its user, never lowers it.
    /// Where somebody else may have written it, it allows nothing either.
    #[must_use]
    pub fn of_hub_directory(self, foreign: bool) -> Self {
        let allows = if foreign {
            Self::default()
        } else {
            self.clone()
        };
        Self {
            level: None,
            at_least: self.level,
            ..allows
        }
    }

    /// The same with each of its paths as `place` gives it.
    #[must_use]
    pub fn placed(self, place: impl Fn(&AllowedPath) -> AllowedPath) -> Self {
        let all = |paths: Option<List<AllowedPath>>| {
            paths.map(|list| List(list.0.iter().map(&place).collect()))
        };
        Self {
            allow_read: all(self.allow_read),
            allow_write: all(self.allow_write),
            allow_exec: all(self.allow_exec),
            ..self
        }
    }

    /// Whether it allows anything.
    #[must_use]
    pub fn widens(&self) -> bool {
        let bare = Self {
            level: self.level,
            at_least: self.at_least,
            ..Self::default()
        };
        *self != bare
    }

    /// This layer with the one below it showing through where this one is open.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            // Whoever names a level knows what the layers below it say.
            at_least: match self.level {
                Some(_) => self.at_least,
                None => self.at_least.max(below.at_least),
            },
            level: self.level.or(below.level),
            best_effort: self.best_effort.or(below.best_effort),
            allow_net: self.allow_net.or(below.allow_net),
            allow_read: self.allow_read.or(below.allow_read),
            allow_write: self.allow_write.or(below.allow_write),
            allow_exec: self.allow_exec.or(below.allow_exec),
            allow_env: self.allow_env.or(below.allow_env),
            processes: self.processes.or(below.processes),
            memory: self.memory.or(below.memory),
            file_size: self.file_size.or(below.file_size),
            open_files: self.open_files.or(below.open_files),
        }
    }

    /// What all layers together come to.
    #[must_use]
    pub fn security(self) -> Security {
        let all = |paths: Option<List<AllowedPath>>| paths.unwrap_or_default().0;
        let level = self.level.unwrap_or_default();
        let usual = Bounds::default();
        let bounds = Bounds {
            processes: self.processes.unwrap_or(usual.processes),
            memory: self.memory.or(usual.memory),
            file_size: self.file_size.unwrap_or(usual.file_size),
            open_files: self.open_files.unwrap_or(usual.open_files),
        };
        Security {
            level: self.at_least.map_or(level, |least| level.max(least)),
            best_effort: self.best_effort.unwrap_or_default(),
            allow_net: Network::of(&self.allow_net.unwrap_or_default().0),
            allow_read: all(self.allow_read),
            allow_write: all(self.allow_write),
            allow_exec: all(self.allow_exec),
            allow_env: self.allow_env.unwrap_or_default().0,
            bounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SecurityLevel::{High, Low, Maximum, Medium};

    fn layer(level: Option<SecurityLevel>) -> SecurityLayer {
        SecurityLayer {
            level,
            ..SecurityLayer::default()
        }
    }

    #[test]
    fn levels_are_words_in_an_order() {
        for level in SecurityLevel::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert!(SecurityLevel::ALL.is_sorted());
        for bad in ["", "High", "none", "2"] {
            assert!(bad.parse::<SecurityLevel>().is_err(), "{bad:?}");
        }
        assert_eq!(SecurityLevel::default(), Medium);
    }

    #[test]
    fn a_hub_directory_raises_its_users_level_and_never_lowers_it() {
        for (flag, project, user, expected) in [
            (None, None, None, Medium),
            (None, None, Some(Low), Low),
            (None, Some(Low), None, Medium),
            (None, Some(Low), Some(High), High),
            (None, Some(High), Some(Low), High),
            (None, Some(Maximum), None, Maximum),
            (Some(Low), None, Some(High), Low),
            (Some(Medium), Some(High), Some(High), Medium),
            (Some(Maximum), Some(Low), Some(Low), Maximum),
        ] {
            let project = layer(project).of_hub_directory(false);
            let all = layer(flag).over(project).over(layer(user));
            assert_eq!(all.security().level, expected, "{flag:?} {user:?}");
        }
    }

    #[test]
    fn what_came_with_a_clone_allows_nothing() {
        let wide = SecurityLayer {
            best_effort: Some(true),
            allow_net: Some(List(vec!["all".parse().unwrap()])),
            allow_write: Some(List(vec!["/".parse().unwrap()])),
            allow_env: Some(List(vec!["*".parse().unwrap()])),
            ..layer(Some(High))
        };
        let own = wide.clone().of_hub_directory(false).security();
        assert_eq!((own.level, own.best_effort), (High, true));
        assert_eq!(own.allow_write.len(), 1);
        let foreign = wide.of_hub_directory(true).security();
        let expected = Security {
            level: High,
            ..Security::default()
        };
        assert_eq!(foreign, expected);
    }

    #[test]
    fn a_level_is_raised_and_never_lowered() {
        let high = Security {
            level: High,
            best_effort: true,
            ..Security::default()
        };
        assert_eq!(high.raised(Maximum).unwrap().level, Maximum);
        assert!(high.raised(Maximum).unwrap().best_effort);
        assert_eq!(high.raised(High), Ok(high.clone()));
        let refused = Lowered {
            from: High,
            to: Medium,
        };
        assert_eq!(high.raised(Medium), Err(refused));
    }

    #[test]
    fn the_list_of_keys_is_complete() {
        let value = serde_json::to_value(SecurityLayer::default()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, SecurityLayer::KEYS);
    }
}
