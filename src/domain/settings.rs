//! What a person can set once instead of typing it: layers of which later ones win.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::carry::Pattern;
use super::evaluation::requirement::Requirement;
use super::id::{AgentId, BadName};
use super::limits::InstallationLimits;
use super::list::List;
use super::measurement::Repeat;
use super::merging::MergeStrategy;
use super::metric::{Direction, MetricName};
use super::protect::PathGlob;
use super::ready::{PortCount, ShellLine};
use super::refs::BranchName;
use super::security::SecurityLayer;

/// How many agents a session has: 1 to [`AgentId::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentCount(u32);

impl AgentCount {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for AgentCount {
    fn default() -> Self {
        Self(3)
    }
}

impl FromStr for AgentCount {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number = s.parse().ok().filter(|n| AgentId::new(*n).is_some());
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a number of agents", s, "it must be 1 to 256"))
    }
}

impl Serialize for AgentCount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for AgentCount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
    }
}

/// A length of time as a person gives it: 0 seconds or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(Duration);

impl Seconds {
    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Seconds {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
        let with_unit = |(unit, factor)| Some((s.strip_suffix(unit)?, factor));
        let (number, factor) = units.into_iter().find_map(with_unit).unwrap_or((s, 1.0));
        let number = number.parse::<f64>().ok();
        number
            .and_then(|number| Duration::try_from_secs_f64(number * factor).ok())
            .map(Self)
            .ok_or_else(|| BadName::new("a number of seconds", s, "it must be 0 or more"))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
    }
}

/// Reads a number through its text, so that every way in has the same grammar and message.
pub(super) struct NumberOrText<T>(pub(super) PhantomData<T>);

impl<T: FromStr<Err = BadName>> de::Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// One layer: a configuration file, the environment, or the flags. What it leaves open is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsLayer {
    /// How many agents a new session has.
    pub agents: Option<AgentCount>,
    /// The command that is run as each agent.
    pub agent_cmd: Option<String>,
    /// Where new sessions start.
    pub base_branch: Option<BranchName>,
    /// The command that measures a result.
    pub eval_cmd: Option<String>,
    /// The command that compares two results where no metric decides.
    pub judge_cmd: Option<String>,
    /// The number that the eval command prints.
    pub metric: Option<MetricName>,
    /// Which way the number is better.
    pub direction: Option<Direction>,
    /// The prompt template.
    pub template: Option<String>,
    /// Where worktrees are made; a relative path starts at the main worktree.
    pub worktree_root: Option<PathBuf>,
    /// How long to wait for another hub.
    pub lock_timeout_s: Option<Seconds>,
    /// Ignored files that new worktrees get a copy of.
    pub copy: Option<List<Pattern>>,
    /// Ignored files and folders that new worktrees get a link to.
    pub link: Option<List<Pattern>>,
    /// Commands that are run in each new worktree before its agent.
    pub setup: Option<List<ShellLine>>,
    /// Commands that are run in each worktree before it is removed.
    pub teardown: Option<List<ShellLine>>,
    /// How many TCP ports each agent has for itself.
    pub ports: Option<PortCount>,
    /// What nobody may go beyond.
    pub limits: Option<InstallationLimits>,
    /// How often each contestant is measured.
    pub repeat: Option<Repeat>,
    /// Paths that are measured as they are in the base commit.
    pub protect: Option<List<PathGlob>>,
    /// What each run of the eval command must keep to.
    pub require: Option<List<Requirement>>,
    /// How the work of an attempt comes into the base branch.
    pub merge_strategy: Option<MergeStrategy>,
    /// How far agents are held, and what they are allowed.
    pub security: Option<SecurityLayer>,
}

impl SettingsLayer {
    /// The names of all keys, as they stand in a file.
    pub const KEYS: [&'static str; 21] = [
        "agents",
        "agent_cmd",
        "base_branch",
        "eval_cmd",
        "judge_cmd",
        "metric",
        "direction",
        "template",
        "worktree_root",
        "lock_timeout_s",
        "copy",
        "link",
        "setup",
        "teardown",
        "ports",
        "limits",
        "repeat",
        "protect",
        "require",
        "merge_strategy",
        "security",
    ];

    /// This layer with the one below it showing through where this one is open; of limits the
    /// smaller holds.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            agents: self.agents.or(below.agents),
            agent_cmd: self.agent_cmd.or(below.agent_cmd),
            base_branch: self.base_branch.or(below.base_branch),
            eval_cmd: self.eval_cmd.or(below.eval_cmd),
            judge_cmd: self.judge_cmd.or(below.judge_cmd),
            metric: self.metric.or(below.metric),
            direction: self.direction.or(below.direction),
            template: self.template.or(below.template),
            worktree_root: self.worktree_root.or(below.worktree_root),
            lock_timeout_s: self.lock_timeout_s.or(below.lock_timeout_s),
            copy: self.copy.or(below.copy),
            link: self.link.or(below.link),
            setup: self.setup.or(below.setup),
            teardown: self.teardown.or(below.teardown),
            ports: self.ports.or(below.ports),
            limits: match (self.limits, below.limits) {
                (Some(one), Some(other)) => Some(one.and(other)),
                (one, other) => one.or(other),
            },
            repeat: self.repeat.or(below.repeat),
            protect: self.protect.or(below.protect),
            require: self.require.or(below.require),
            merge_strategy: self.merge_strategy.or(below.merge_strategy),
            security: match (self.security, below.security) {
                (Some(one), Some(other)) => Some(one.over(other)),
                (one, other) => one.or(other),
            },
        }
    }

    /// How long to wait for another hub; 10 s where nothing is set.
    #[must_use]
    pub fn lock_timeout(&self) -> Duration {
        const DEFAULT: Duration = Duration::from_secs(10);
        self.lock_timeout_s.map_or(DEFAULT, Seconds::duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_open_ones_show_through() {
        let below = SettingsLayer {
            agents: Some("5".parse().unwrap()),
            metric: Some("ms".parse().unwrap()),
            ..SettingsLayer::default()
        };
        let above = SettingsLayer {
            agents: Some("2".parse().unwrap()),
            ..SettingsLayer::default()
        };
        let both = above.over(below);
        assert_eq!(both.agents.unwrap().get(), 2);
        assert_eq!(both.metric.unwrap().as_str(), "ms");
    }

    #[test]
    fn defaults() {
        let none = SettingsLayer::default();
        assert_eq!(none.agents.unwrap_or_default().get(), 3);
        assert_eq!(none.lock_timeout(), Duration::from_secs(10));
    }

    #[test]
    fn numbers_keep_to_their_grammar_whichever_way_they_come_in() {
        for bad in ["0", "257", "-1", "1.5", "many", "", "99999999999"] {
            assert!(bad.parse::<AgentCount>().is_err(), "{bad:?}");
        }
        for bad in ["-1", "-0.5", "NaN", "inf", "1e400", "soon", ""] {
            assert!(bad.parse::<Seconds>().is_err(), "{bad:?}");
        }
        assert_eq!(serde_json::from_str::<AgentCount>("4").unwrap().get(), 4);
        assert_eq!(
            serde_json::from_str::<Seconds>("0.25").unwrap().duration(),
            Duration::from_millis(250)
        );
        for bad in ["0", "-1", "257", "[1]", "null"] {
            assert!(serde_json::from_str::<AgentCount>(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Seconds>("-1").is_err());
    }

    #[test]
    fn the_list_of_keys_is_complete() {
        let value = serde_json::to_value(SettingsLayer::default()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, SettingsLayer::KEYS);
    }
}
