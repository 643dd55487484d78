//! What an installation of hub holds itself to, however much is asked of it.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::diagnostic::{Code, Diagnostic};
use super::id::{BadName, SessionId};
use super::owner::UserName;
use super::settings::NumberOrText;
use super::text::first_few;

/// How many of something there may be at most: 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Most(NonZeroU32);

impl Most {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for Most {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number = s.parse().ok();
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a limit", s, "it must be a whole number from 1 on"))
    }
}

impl<'de> Deserialize<'de> for Most {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
    }
}

/// The limits that are set; what is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstallationLimits {
    /// How many agents a session may have.
    pub max_agents: Option<Most>,
    /// How many sessions of a hub directory may be in `running`.
    pub max_running_sessions: Option<Most>,
    /// How many sessions of a hub directory that are not at their end a user may have.
    pub max_sessions_per_user: Option<Most>,
}

impl InstallationLimits {
    /// The names of all keys, as they stand below `limits:` in a file.
    pub const KEYS: [&'static str; 3] = [
        "max_agents",
        "max_running_sessions",
        "max_sessions_per_user",
    ];

    /// Both together: the smaller of each holds.
    ///
    /// Not the later one, as with other settings: a file that came with a clone could lift what
    /// a user has set.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let smaller = |one: Option<Most>, other: Option<Most>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            max_agents: smaller(self.max_agents, other.max_agents),
            max_running_sessions: smaller(self.max_running_sessions, other.max_running_sessions),
            max_sessions_per_user: smaller(self.max_sessions_per_user, other.max_sessions_per_user),
        }
    }

    /// Asks whether a session may have this many agents.
    ///
    /// # Errors
    /// When those are more than a session may have.
    pub fn check_agents(self, agents: u32) -> Result<(), LimitReached> {
        match self.max_agents {
            Some(most) if agents > most.get() => Err(LimitReached::Agents { most, agents }),
            _ => Ok(()),
        }
    }

    /// Asks whether one more session may enter `running` beside those that are.
    ///
    /// # Errors
    /// When as many run as may.
    pub fn check_running(self, running: Vec<SessionId>) -> Result<(), LimitReached> {
        match self.max_running_sessions {
            Some(most) if is_full(most, &running) => Err(LimitReached::Running { most, running }),
            _ => Ok(()),
        }
    }

    /// Asks whether a user may have one more session beside those that are not at their end.
    ///
    /// # Errors
    /// When there are as many as may be.
    pub fn check_user(self, user: UserName, open: Vec<SessionId>) -> Result<(), LimitReached> {
        match self.max_sessions_per_user {
            Some(most) if is_full(most, &open) => Err(LimitReached::OfUser { most, user, open }),
            _ => Ok(()),
        }
    }
}

fn is_full(most: Most, held_by: &[SessionId]) -> bool {
    u32::try_from(held_by.len()).map_or(true, |count| count >= most.get())
}

/// What was asked for is beyond a limit; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitReached {
    /// More agents than a session may have.
    Agents {
        /// The limit.
        most: Most,
        /// How many it would have.
        agents: u32,
    },
    /// As many sessions run as may.
    Running {
        /// The limit.
        most: Most,
        /// Those that run.
        running: Vec<SessionId>,
    },
    /// A user has as many sessions as may be.
    OfUser {
        /// The limit.
        most: Most,
        /// The user.
        user: UserName,
        /// Those that are not at their end.
        open: Vec<SessionId>,
    },
}

impl std::error::Error for LimitReached {}

fn sessions(count: usize) -> String {
    match count {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agents { most, agents } => write!(
                f,
                "limits.max_agents is {}, and the session would have {agents} agents",
                most.get()
            ),
            Self::Running { most, running } => write!(
                f,
                "limits.max_running_sessions is {}, and {} {} in running: {}",
                most.get(),
                sessions(running.len()),
                if running.len() == 1 { "is" } else { "are" },
                first_few(running.iter())
            ),
            Self::OfUser { most, user, open } => write!(
                f,
                "limits.max_sessions_per_user is {}, and {user} has {} not at the end: {}",
                most.get(),
                sessions(open.len()),
                first_few(open.iter())
            ),
        }
    }
}

impl Diagnostic for LimitReached {
    fn code(&self) -> Code {
        Code::Refused
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Agents { most, .. } => Some(format!(
                "make a session of fewer agents with `hub init --agents {}`, or raise limits.max_agents",
                most.get()
            )),
            Self::Running { running, .. } => running.first().map(|first| {
                format!(
                    "`hub eval {first}` measures one whose agents have ended, `hub archive {first}` ends it and keeps its work"
                )
            }),
            Self::OfUser { open, .. } => open.first().map(|first| {
                format!("`hub archive {first}` ends one and keeps its work; `hub list` shows them")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(number: u32) -> Option<Most> {
        number.to_string().parse().ok()
    }

    fn ids(count: u32) -> Vec<SessionId> {
        let id = |nth| format!("20260317-1430{nth:02}").parse().unwrap();
        (0..count).map(id).collect()
    }

    #[test]
    fn of_two_limits_the_smaller_holds_whichever_comes_later() {
        let one = InstallationLimits {
            max_agents: most(4),
            max_running_sessions: most(2),
            ..InstallationLimits::default()
        };
        let other = InstallationLimits {
            max_agents: most(9),
            max_sessions_per_user: most(7),
            ..InstallationLimits::default()
        };
        let both = InstallationLimits {
            max_agents: most(4),
            max_running_sessions: most(2),
            max_sessions_per_user: most(7),
        };
        assert_eq!(one.and(other), both);
        assert_eq!(other.and(one), both);
    }

    #[test]
    fn a_limit_may_be_reached_and_not_passed() {
        let none = InstallationLimits::default();
        let three = InstallationLimits {
            max_agents: most(3),
            max_running_sessions: most(3),
            max_sessions_per_user: most(3),
        };
        let ada: UserName = "ada".parse().unwrap();
        assert_eq!(none.check_agents(256), Ok(()));
        assert_eq!(none.check_running(ids(60)), Ok(()));
        assert_eq!(none.check_user(ada.clone(), ids(60)), Ok(()));
        assert_eq!(three.check_agents(3), Ok(()));
        assert!(three.check_agents(4).is_err());
        assert_eq!(three.check_running(ids(2)), Ok(()));
        assert_eq!(three.check_user(ada.clone(), ids(2)), Ok(()));
        // Also where it was lowered while there were more.
        for held in [3, 4] {
            assert!(three.check_running(ids(held)).is_err());
            assert!(three.check_user(ada.clone(), ids(held)).is_err());
        }
    }

    #[test]
    fn what_holds_a_limit_is_named() {
        let limits = InstallationLimits {
            max_running_sessions: most(2),
            ..InstallationLimits::default()
        };
        let error = limits.check_running(ids(2)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "limits.max_running_sessions is 2, and 2 sessions are in running: 20260317-143000, 20260317-143001"
        );
        assert_eq!(error.code(), Code::Refused);
        assert!(error.hint().unwrap().contains("hub eval 20260317-143000"));
    }

    #[test]
    fn a_limit_is_a_whole_number_from_1_on() {
        for bad in ["0", "-1", "1.5", "many", "", "4294967296"] {
            assert!(bad.parse::<Most>().is_err(), "{bad:?}");
        }
        assert_eq!(serde_json::from_str::<Most>("7").unwrap().get(), 7);
    }

    #[test]
    fn the_list_of_keys_is_complete() {
        let value = serde_json::to_value(InstallationLimits::default()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, InstallationLimits::KEYS);
    }
}
