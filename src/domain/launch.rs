//! How the agents of a session are run: their commands, their limits, and what happens when
//! one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{AgentId, BadName, serde_as_text};
use super::preset::PresetName;
use super::ready::Ready;
use super::security::Security;
use super::security::environment::EnvPattern;
use super::security::grants::AllowedPath;

/// A session's plan for its agents' processes; `launch.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Launch {
    /// What each agent runs; an agent that is not in it is not hub's to start.
    pub agents: BTreeMap<AgentId, AgentLaunch>,
    /// How many run at once; all where nothing is set.
    pub jobs: Option<NonZeroU32>,
    /// What is done when an agent fails.
    pub restart: Restart,
    /// What is done with what an agent leaves uncommitted.
    pub leftovers: Leftovers,
    /// What an agent may use.
    pub limits: Limits,
    /// The text of the template that prompts are made of; the plain one where none is kept.
    pub template: Option<String>,
    /// What is done for their worktrees before.
    pub ready: Ready,
    /// How far they are held.
    pub security: Security,
    /// Agents that somebody stopped before they were started: nobody starts them by itself.
    pub held: BTreeSet<AgentId>,
    /// Agents that somebody paused before they were started: nobody starts them before `resume`.
    pub paused: BTreeSet<AgentId>,
    /// How long agents that were asked to end may go on, where that is not the usual time.
    pub graces: BTreeMap<AgentId, Duration>,
}

impl Launch {
    /// The preset that an agent is run by.
    #[must_use]
    pub fn preset_of(&self, agent: AgentId) -> Option<&PresetName> {
        self.agents.get(&agent)?.preset.as_ref()
    }

    /// Whether hub starts an agent as soon as there is a place for it.
    #[must_use]
    pub fn may_start(&self, agent: AgentId) -> bool {
        self.agents.contains_key(&agent) && !self.is_held(agent)
    }

    /// Whether somebody wants that an agent is not started.
    #[must_use]
    pub fn is_held(&self, agent: AgentId) -> bool {
        self.held.contains(&agent) || self.paused.contains(&agent)
    }

    /// What an agent finds on its standard input.
    #[must_use]
    pub fn stdin_of(&self, agent: AgentId) -> Stdin {
        self.agents
            .get(&agent)
            .map_or(Stdin::None, |agent| agent.stdin)
    }
}

/// What one agent runs.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentLaunch {
    /// The command, for `sh -c`.
    pub command: String,
    /// The preset that made it.
    pub preset: Option<PresetName>,
    /// What it finds on its standard input.
    pub stdin: Stdin,
    /// What it cannot do without, whatever the security level.
    pub needs: Needs,
}

/// What a program cannot do without: its keys, and where it keeps its own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Needs {
    /// Variables with its keys.
    #[serde(default)]
    pub env: Vec<EnvPattern>,
    /// Files and folders that it reads.
    #[serde(default)]
    pub reads: Vec<AllowedPath>,
    /// Files and folders that it changes.
    #[serde(default)]
    pub writes: Vec<AllowedPath>,
}

/// What an agent finds on its standard input.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Stdin {
    /// Nothing: many agents would wait for its end.
    #[default]
    None,
    /// What is said to it: a pipe that stays open as long as it runs.
    Inbox,
    /// A terminal of its own, into which is typed what is said to it.
    Terminal,
}

impl FromStr for Stdin {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        match s {
            "none" => Ok(Self::None),
            "inbox" => Ok(Self::Inbox),
            "terminal" => Ok(Self::Terminal),
            _ => Err(BadName::new(
                "what an agent's stdin can be",
                s,
                "it must be none, inbox or terminal",
            )),
        }
    }
}

/// What is done when an agent fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restart {
    /// How many more attempts it gets.
    pub retries: u32,
    /// The pause before the first of them; each later one is twice as long.
    pub pause: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            retries: 0,
            pause: Duration::from_secs(5),
        }
    }
}

impl Restart {
    /// The longest pause between two attempts.
    pub const LONGEST_PAUSE: Duration = Duration::from_secs(600);

    /// The pause after the `failed`-th attempt that failed in a row, counted from 1; `None` when
    /// no more attempts are due.
    #[must_use]
    pub fn pause_after(self, failed: u32) -> Option<Duration> {
        if failed == 0 || failed > self.retries {
            return None;
        }
        let factor = 2u32.saturating_pow(failed - 1);
        Some(self.pause.saturating_mul(factor).min(Self::LONGEST_PAUSE))
    }
}

/// What is done with what an agent leaves uncommitted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Leftovers {
    /// It is committed on the attempt's branch.
    #[default]
    Commit,
    /// It stays as it is.
    Keep,
}

impl FromStr for Leftovers {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        match s {
            "commit" => Ok(Self::Commit),
            "keep" => Ok(Self::Keep),
            _ => Err(BadName::new(
                "what to do with leftovers",
                s,
                "it must be commit or keep",
            )),
        }
    }
}

/// What an agent may use; `None` is "no limit of hub's".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// How long an attempt may take; the time it is paused does not count.
    pub timeout: Option<Duration>,
    /// How long it may neither print anything nor change a file.
    pub idle_timeout: Option<Duration>,
    /// How large each of its logs may grow; the middle is cut out beyond that.
    pub log: ByteSize,
    /// How much it gives way to other processes: -20 to 19, as for nice(1).
    pub nice: Option<Nice>,
    /// The address space of each of its processes.
    pub memory: Option<ByteSize>,
    /// The processor time of each of its processes.
    pub cpu: Option<Duration>,
}

/// A number of bytes, written as `512`, `64K`, `100M` or `2G` (by 1024).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The size of this many bytes.
    #[must_use]
    pub const fn of(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl Default for ByteSize {
    /// What a log may grow to where nothing is set: 256 MiB.
    fn default() -> Self {
        Self(256 * 1024 * 1024)
    }
}

impl FromStr for ByteSize {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = || {
            BadName::new(
                "a size",
                s,
                "it must be a number of bytes, or one with K, M or G behind it",
            )
        };
        let (digits, factor) = match s.strip_suffix(['K', 'k']) {
            Some(digits) => (digits, 1u64 << 10),
            None => match s.strip_suffix(['M', 'm']) {
                Some(digits) => (digits, 1 << 20),
                None => match s.strip_suffix(['G', 'g']) {
                    Some(digits) => (digits, 1 << 30),
                    None => (s, 1),
                },
            },
        };
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number: Option<u64> = digits.parse().ok().filter(|_| plain);
        number
            .and_then(|number| number.checked_mul(factor))
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(bad)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |factor: u64| self.0.is_multiple_of(factor).then_some(self.0 / factor);
        match (whole(1 << 30), whole(1 << 20), whole(1 << 10)) {
            (Some(n), _, _) => write!(f, "{n}G"),
            (_, Some(n), _) => write!(f, "{n}M"),
            (_, _, Some(n)) => write!(f, "{n}K"),
            _ => write!(f, "{}", self.0),
        }
    }
}

/// A niceness: -20 (takes most) to 19 (gives way most).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nice(i8);

impl Nice {
    /// The number.
    #[must_use]
    pub fn get(self) -> i8 {
        self.0
    }
}

impl FromStr for Nice {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number: Option<i8> = s.parse().ok().filter(|n| (-20..=19).contains(n));
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a niceness", s, "it must be -20 to 19"))
    }
}

impl fmt::Display for Nice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

serde_as_text!(ByteSize, Nice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_by_1024() {
        for (text, bytes) in [
            ("1", 1),
            ("64K", 65536),
            ("100m", 104_857_600),
            ("2G", 1 << 31),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!(size.bytes(), bytes, "{text}");
            assert_eq!(size.to_string().parse(), Ok(size), "{text}");
        }
        for bad in [
            "",
            "K",
            "-1",
            "1.5G",
            "1T",
            "0",
            "99999999999999999999",
            "+3",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }

    #[test]
    fn pauses_grow_and_end() {
        let restart = Restart {
            retries: 12,
            pause: Duration::from_secs(5),
        };
        let seconds = |failed| restart.pause_after(failed).map(|pause| pause.as_secs());
        assert_eq!(seconds(1), Some(5));
        assert_eq!(seconds(3), Some(20));
        assert_eq!(seconds(12), Some(600), "no pause is for ever");
        assert_eq!(seconds(13), None);
        assert_eq!(Restart::default().pause_after(1), None);
    }

    #[test]
    fn niceness_has_bounds() {
        assert_eq!("-20".parse::<Nice>().unwrap().get(), -20);
        for bad in ["-21", "20", "x", ""] {
            assert!(bad.parse::<Nice>().is_err(), "{bad}");
        }
    }
}
