//! The two state machines: of a session and of an agent.
//!
//! There is no edge beside those listed here; everything that changes a state
//! goes through [`SessionState::advance`] or [`AgentStatus::advance`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, BadName, SessionId};

/// Where a session stands: `init → running → evaluating → merged | archived`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Created; no branch or worktree yet.
    Init,
    /// Every branch and worktree stands; agents may work.
    Running,
    /// No agent works any more; results are measured and compared.
    Evaluating,
    /// The winner is in the base branch. Terminal.
    Merged,
    /// Nothing was merged; the attempts are kept as tags. Terminal.
    Archived,
}

impl SessionState {
    /// All states, in the order of a session's life.
    pub const ALL: [Self; 5] = [
        Self::Init,
        Self::Running,
        Self::Evaluating,
        Self::Merged,
        Self::Archived,
    ];

    /// The states that may follow this one; none after a terminal state.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        match self {
            Self::Init => &[Self::Running],
            Self::Running => &[Self::Evaluating],
            Self::Evaluating => &[Self::Merged, Self::Archived],
            Self::Merged | Self::Archived => &[],
        }
    }

    /// Whether nothing follows this state.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        self.successors().is_empty()
    }

    /// The state after walking the edge to `to`.
    ///
    /// # Errors
    /// [`BadEdge`] when there is no such edge.
    pub fn advance(self, to: Self) -> Result<Self, BadEdge<Self>> {
        if self.successors().contains(&to) {
            Ok(to)
        } else {
            Err(BadEdge { from: self, to })
        }
    }

    /// The name as it is written in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Running => "running",
            Self::Evaluating => "evaluating",
            Self::Merged => "merged",
            Self::Archived => "archived",
        }
    }
}

/// Where an agent's attempt stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Its worktree stands; nothing that hub knows of runs in it.
    Pending,
    /// Its process runs.
    Running,
    /// Its process is stopped and can go on.
    Paused,
    /// Its process ended with exit status 0.
    Succeeded,
    /// Its process ended otherwise.
    Failed,
    /// It was ended for taking too long.
    TimedOut,
    /// It was ended because somebody asked.
    Cancelled,
}

impl AgentStatus {
    /// All stored states.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Running,
        Self::Paused,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
    ];

    /// The states that may follow this one.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Running],
            Self::Running => &[
                Self::Paused,
                Self::Succeeded,
                Self::Failed,
                Self::TimedOut,
                Self::Cancelled,
            ],
            Self::Paused => &[Self::Running, Self::Cancelled],
            // As the next attempt.
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Cancelled => &[Self::Pending],
        }
    }

    /// Whether a process of the agent may be alive.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The state after walking the edge to `to`.
    ///
    /// # Errors
    /// [`BadEdge`] when there is no such edge.
    pub fn advance(self, to: Self) -> Result<Self, BadEdge<Self>> {
        if self.successors().contains(&to) {
            Ok(to)
        } else {
            Err(BadEdge { from: self, to })
        }
    }

    /// The name as it is written in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for AgentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SessionState {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| {
                BadName::new(
                    "a session state",
                    s,
                    "it must be init, running, evaluating, merged or archived",
                )
            })
    }
}

/// A step that the state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEdge<S> {
    /// The state that holds.
    pub from: S,
    /// The state that was asked for.
    pub to: S,
}

/// Why a session or an agent did not change its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The session's machine has no such edge.
    #[error("session {session} is {}; {}", .edge.from, after(.edge.from, .edge.to))]
    Session {
        /// The session.
        session: SessionId,
        /// The edge that is missing.
        edge: BadEdge<SessionState>,
    },
    /// The agent's machine has no such edge.
    #[error("{agent} of session {session} is {}; {} does not follow", .edge.from, .edge.to)]
    Agent {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// The edge that is missing.
        edge: BadEdge<AgentStatus>,
    },
    /// Evaluation waits until no agent runs.
    #[error("{agent} of session {session} still runs")]
    AgentsActive {
        /// The session.
        session: SessionId,
        /// The first agent that runs.
        agent: AgentId,
    },
    /// Evaluation waits for those that are paused, too.
    #[error("{agent} of session {session} is paused")]
    AgentPaused {
        /// The session.
        session: SessionId,
        /// The first agent that is paused.
        agent: AgentId,
    },
    /// The agent is not one of the session's.
    #[error("session {session} has no {agent}")]
    NoSuchAgent {
        /// The session.
        session: SessionId,
        /// The agent that was asked for.
        agent: AgentId,
    },
}

fn after(from: SessionState, to: SessionState) -> String {
    match from.successors() {
        [] => "no state follows it".to_owned(),
        _ => format!("{to} does not follow"),
    }
}

impl Diagnostic for TransitionError {
    fn code(&self) -> Code {
        match self {
            Self::Session { .. } | Self::Agent { .. } => Code::InvalidTransition,
            Self::AgentsActive { .. } | Self::AgentPaused { .. } => Code::WrongState,
            Self::NoSuchAgent { .. } => Code::NotFound,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session { session, edge }
                if edge.to == SessionState::Archived && !edge.from.is_terminal() =>
            {
                Some(format!("`hub archive {session}` walks there"))
            }
            Self::Session { session, edge } => Some(match edge.from {
                SessionState::Init => format!("`hub spawn {session}` takes it to running"),
                SessionState::Running => format!("`hub eval {session}` takes it to evaluating"),
                SessionState::Evaluating => {
                    format!("`hub merge {session}` or `hub archive {session}` ends it")
                }
                SessionState::Merged | SessionState::Archived => {
                    "a new round is a new session: `hub init`".to_owned()
                }
            }),
            Self::Agent { session, .. } | Self::NoSuchAgent { session, .. } => {
                Some(format!("`hub status {session}` shows its agents"))
            }
            Self::AgentPaused { session, .. } => Some(format!(
                "`hub resume {session}` lets it go on, `hub stop {session}` ends it"
            )),
            Self::AgentsActive { session, .. } => Some(format!(
                "`hub wait {session}` waits for it, `hub stop {session}` ends it"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_session_states() {
        use SessionState::{Archived, Evaluating, Init, Merged, Running};
        let edges = [
            (Init, Running),
            (Running, Evaluating),
            (Evaluating, Merged),
            (Evaluating, Archived),
        ];
        for from in SessionState::ALL {
            for to in SessionState::ALL {
                let expected = if edges.contains(&(from, to)) {
                    Ok(to)
                } else {
                    Err(BadEdge { from, to })
                };
                assert_eq!(from.advance(to), expected, "{from} → {to}");
            }
        }
    }

    #[test]
    fn every_pair_of_agent_states() {
        use AgentStatus::{Cancelled, Failed, Paused, Pending, Running, Succeeded, TimedOut};
        let edges = [
            (Pending, Running),
            (Running, Paused),
            (Running, Succeeded),
            (Running, Failed),
            (Running, TimedOut),
            (Running, Cancelled),
            (Paused, Running),
            (Paused, Cancelled),
            (Failed, Pending),
            (TimedOut, Pending),
            (Cancelled, Pending),
            (Succeeded, Pending),
        ];
        for from in AgentStatus::ALL {
            for to in AgentStatus::ALL {
                let expected = if edges.contains(&(from, to)) {
                    Ok(to)
                } else {
                    Err(BadEdge { from, to })
                };
                assert_eq!(from.advance(to), expected, "{from} → {to}");
            }
        }
    }

    #[test]
    fn names_are_those_of_the_files() {
        for state in SessionState::ALL {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{state}\""));
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for status in AgentStatus::ALL {
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("\"{status}\""));
        }
        assert!("Running".parse::<SessionState>().is_err());
    }

    #[test]
    fn a_terminal_state_says_so() {
        let session = "20260317-143022".parse().unwrap();
        let edge = SessionState::Merged
            .advance(SessionState::Running)
            .unwrap_err();
        let error = TransitionError::Session { session, edge };
        assert_eq!(
            error.to_string(),
            "session 20260317-143022 is merged; no state follows it"
        );
        assert_eq!(error.code(), Code::InvalidTransition);
    }
}
