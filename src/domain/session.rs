//! A session as a whole: its task, its state and its agents, and the rules between them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::{AgentId, Attempt, BadName, SessionId, serde_as_text};
use super::metric::{Direction, MetricName};
use super::mode::Mode;
use super::owner::UserName;
use super::refs::{AttemptBranch, BranchName, CommitId};
use super::resources::{TimedOut, Usage};
use super::state::{AgentStatus, SessionState, TransitionError};
use super::time;
use super::usage::TokenUse;

/// What the agents are asked to do: not empty, at most [`Task::LONGEST`] bytes, no NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task(String);

impl Task {
    /// In bytes. A task beyond that belongs into a file that the task names.
    pub const LONGEST: usize = 32 * 1024;

    /// A task that stands in a file already; an older tool may have allowed what hub does not.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first line, for tables and subjects.
    #[must_use]
    pub fn title(&self) -> &str {
        self.0.trim().lines().next().unwrap_or_default()
    }
}

impl FromStr for Task {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a task", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        if s.len() > Self::LONGEST {
            return bad("it is longer than 32 KiB; put it into a file that the task names");
        }
        if s.contains('\0') {
            return bad("it holds a NUL byte");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Task);

/// What a session is about; `config.yaml`. Never changed after `spawn`.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SessionConfig {
    /// The session.
    pub session_id: SessionId,
    /// What the agents are asked to do.
    pub task: Task,
    /// How many agents try it.
    pub agent_count: u32,
    /// Where the winner goes, and where every attempt starts unless there is a parent.
    pub base_branch: BranchName,
    /// Where every attempt starts: the tip of the base branch at `init`, or of the parent's
    /// winner; older tools did not record it.
    pub base_commit: Option<CommitId>,
    /// When the session was made.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub created: DateTime<Utc>,
    /// The command that measures a result.
    pub eval_cmd: Option<String>,
    /// The number that the command prints.
    pub metric: Option<MetricName>,
    /// Which way that number is better.
    pub direction: Option<Direction>,
    /// The metric of the base commit.
    pub baseline: Option<f64>,
    /// Whose session it is.
    pub owner: Option<UserName>,
    /// The session that this one is the next round of: from its winner every attempt starts.
    pub parent: Option<SessionId>,
    /// How its agents stand to each other.
    pub mode: Mode,
    /// The part of each agent, where the task is divided; else empty.
    pub subtasks: Vec<String>,
}

impl SessionConfig {
    /// The direction, which is `lower` where none was given.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or_default()
    }

    /// The part that an agent does, where the task is divided.
    #[must_use]
    pub fn subtask(&self, agent: AgentId) -> Option<&str> {
        let place = agent.number().checked_sub(1)?;
        self.subtasks.get(place as usize).map(String::as_str)
    }

    /// What an agent is asked to do: the task, and its part where it is divided.
    #[must_use]
    pub fn task_of(&self, agent: AgentId) -> String {
        match self.subtask(agent) {
            None => self.task.to_string(),
            Some(part) => format!(
                "{}\n\nThe task is divided among {} agents. Do this part of it; the others do theirs:\n\n{part}",
                self.task,
                self.subtasks.len()
            ),
        }
    }

    /// The agents of the session, in order.
    pub fn agents(&self) -> impl Iterator<Item = AgentId> + use<> {
        AgentId::first(self.agent_count)
    }
}

/// One process, told from a later one that got the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessMark {
    /// The process id.
    pub pid: u32,
    /// When the kernel started it, in clock ticks since `boot`.
    pub start_ticks: u64,
    /// The boot of the machine; a process of an earlier one is gone.
    pub boot: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// Whether it ended with exit status 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What is known of an attempt's process.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The process that watches the agent's.
    pub supervisor: ProcessMark,
    /// The agent's own process, which leads a process group.
    pub process: Option<ProcessMark>,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Why it was not run, or was ended, where that is not its own doing.
    pub reason: Option<String>,
    /// What it says that it used.
    pub tokens: TokenUse,
    /// The TCP ports that were its own while it ran.
    pub ports: Vec<u16>,
    /// The limit of its time that ended it.
    pub timed_out: Option<TimedOut>,
    /// What it used.
    pub usage: Option<Usage>,
    /// Since when it is paused; `None` while it is not.
    pub paused: Option<DateTime<Utc>>,
    /// How long it was paused before that.
    pub paused_for: Duration,
}

impl Run {
    /// A process that is about to be started under this supervisor.
    #[must_use]
    pub fn begun(supervisor: ProcessMark, started: DateTime<Utc>) -> Self {
        Self {
            supervisor,
            process: None,
            started,
            ended: None,
            exit: None,
            reason: None,
            tokens: TokenUse::default(),
            ports: Vec::new(),
            timed_out: None,
            usage: None,
            paused: None,
            paused_for: Duration::ZERO,
        }
    }

    /// How long it has run until `now`, or ran until its end; pauses do not count.
    #[must_use]
    pub fn elapsed(&self, now: DateTime<Utc>) -> Duration {
        let end = self.ended.or(self.paused).unwrap_or(now);
        between(self.started, end).saturating_sub(self.paused_for)
    }

    fn enter(&mut self, status: AgentStatus, now: DateTime<Utc>) {
        if let Some(since) = self.paused.take() {
            self.paused_for += between(since, now);
        }
        self.paused = (status == AgentStatus::Paused).then_some(now);
    }
}

/// The time from one moment to a later one; nothing when a clock was set back.
fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

/// One agent's current attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    status: AgentStatus,
    /// The attempt that the rest of the record is about.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// Where its worktree was made.
    pub worktree: Option<PathBuf>,
    /// The line that makes its prompt differ from the others'.
    pub strategy: Option<String>,
    /// Its process, when hub started one.
    pub run: Option<Run>,
}

impl AgentRecord {
    /// An agent that waits in its new worktree.
    #[must_use]
    pub fn pending(branch: &AttemptBranch, worktree: PathBuf, strategy: Option<String>) -> Self {
        Self {
            status: AgentStatus::Pending,
            attempt: branch.attempt,
            branch: branch.name(),
            worktree: Some(worktree),
            strategy,
            run: None,
        }
    }

    /// An agent as a file tells of it.
    #[must_use]
    pub fn stored(status: AgentStatus, attempt: Attempt, branch: BranchName) -> Self {
        Self {
            status,
            attempt,
            branch,
            worktree: None,
            strategy: None,
            run: None,
        }
    }

    /// Where the attempt stands.
    #[must_use]
    pub fn status(&self) -> AgentStatus {
        self.status
    }
}

/// A session's state; `state.json`.
///
/// The states can be changed by [`Session::advance`] and [`Session::advance_agent`] only.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    state: SessionState,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When the state was last changed.
    pub updated: DateTime<Utc>,
    agents: BTreeMap<AgentId, AgentRecord>,
}

impl Session {
    /// A new session in `init`, without agents.
    #[must_use]
    pub fn new(id: SessionId, created: DateTime<Utc>) -> Self {
        Self::stored(id, SessionState::Init, created, created, BTreeMap::new())
    }

    /// A session as a file tells of it.
    #[must_use]
    pub fn stored(
        id: SessionId,
        state: SessionState,
        created: DateTime<Utc>,
        updated: DateTime<Utc>,
        agents: BTreeMap<AgentId, AgentRecord>,
    ) -> Self {
        Self {
            id,
            state,
            created,
            updated,
            agents,
        }
    }

    /// Where the session stands.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Its agents, by number; empty before `spawn`.
    #[must_use]
    pub fn agents(&self) -> &BTreeMap<AgentId, AgentRecord> {
        &self.agents
    }

    /// The first agent that hub runs, if one does.
    #[must_use]
    pub fn first_active(&self) -> Option<AgentId> {
        self.agents
            .iter()
            .find(|(_, record)| record.status.is_active())
            .map(|(agent, _)| *agent)
    }

    /// Walks one edge of the session's machine, and returns the state it came from.
    ///
    /// # Errors
    /// When there is no such edge, or when an agent still runs: only `init → running`
    /// may be walked while one does.
    pub fn advance(
        &mut self,
        to: SessionState,
        now: DateTime<Utc>,
    ) -> Result<SessionState, TransitionError> {
        let from = self.state;
        let state = from.advance(to).map_err(|edge| TransitionError::Session {
            session: self.id.clone(),
            edge,
        })?;
        if let Some(agent) = self.first_active() {
            let session = self.id.clone();
            let record = self.agents.get(&agent);
            let paused = record.is_some_and(|record| record.status == AgentStatus::Paused);
            return Err(if paused {
                TransitionError::AgentPaused { session, agent }
            } else {
                TransitionError::AgentsActive { session, agent }
            });
        }
        self.state = state;
        self.updated = now;
        Ok(from)
    }

    /// Puts the agents of a session that is being spawned into it.
    ///
    /// # Errors
    /// When the session is past `init`: agents come with `init → running` only.
    pub fn enlist(
        &mut self,
        agents: BTreeMap<AgentId, AgentRecord>,
        now: DateTime<Utc>,
    ) -> Result<(), TransitionError> {
        self.advance(SessionState::Running, now)?;
        self.agents = agents;
        Ok(())
    }

    /// What is known of an agent's process, to be completed.
    pub fn run_mut(&mut self, agent: AgentId) -> Option<&mut Run> {
        self.agents.get_mut(&agent)?.run.as_mut()
    }

    /// Gives an agent that has ended its next attempt; `run` tells who is about to start it.
    ///
    /// # Errors
    /// When the session is not `running`, has no such agent, or the agent has not ended.
    pub fn retry(
        &mut self,
        next: &AttemptBranch,
        run: Option<Run>,
        now: DateTime<Utc>,
    ) -> Result<(), TransitionError> {
        let record = self.advance_agent(next.agent, AgentStatus::Pending, now)?;
        record.attempt = next.attempt;
        record.branch = next.name();
        record.run = run;
        Ok(())
    }

    /// Gives an agent a next attempt that is made and done already, by the edges that lead there.
    ///
    /// An agent that waits was never run by hub: somebody else has worked in its place, and
    /// its attempt counts as done. Nobody runs when this is over, so a session that is being
    /// evaluated may go through it, too.
    ///
    /// # Errors
    /// When the session is neither `running` nor `evaluating`, has no such agent, or the agent runs.
    pub fn graft(
        &mut self,
        next: &AttemptBranch,
        now: DateTime<Utc>,
    ) -> Result<(), TransitionError> {
        use AgentStatus::{Pending, Running, Succeeded};
        let mut grafted = self.clone();
        if grafted.state == SessionState::Evaluating {
            grafted.state = SessionState::Running;
        }
        let status = grafted.agents.get(&next.agent).map(AgentRecord::status);
        if status == Some(Pending) {
            grafted.advance_agent(next.agent, Running, now)?;
            grafted.advance_agent(next.agent, Succeeded, now)?;
        }
        grafted.retry(next, None, now)?;
        grafted.advance_agent(next.agent, Running, now)?;
        grafted.advance_agent(next.agent, Succeeded, now)?;
        grafted.state = self.state;
        *self = grafted;
        Ok(())
    }

    /// Walks one edge of an agent's machine.
    ///
    /// # Errors
    /// When the session is not `running`, has no such agent, or the agent's machine no such edge.
    pub fn advance_agent(
        &mut self,
        agent: AgentId,
        to: AgentStatus,
        now: DateTime<Utc>,
    ) -> Result<&mut AgentRecord, TransitionError> {
        let session = self.id.clone();
        if self.state != SessionState::Running {
            let edge = super::state::BadEdge {
                from: self.state,
                to: SessionState::Running,
            };
            return Err(TransitionError::Session { session, edge });
        }
        let Some(record) = self.agents.get_mut(&agent) else {
            return Err(TransitionError::NoSuchAgent { session, agent });
        };
        record.status = record
            .status
            .advance(to)
            .map_err(|edge| TransitionError::Agent {
                session,
                agent,
                edge,
            })?;
        if let Some(run) = record.run.as_mut() {
            run.enter(to, now);
        }
        self.updated = now;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn session() -> Session {
        let id: SessionId = "20260317-143022".parse().unwrap();
        Session::new(id, DateTime::UNIX_EPOCH)
    }

    fn agents_of(session: &Session, count: u32) -> BTreeMap<AgentId, AgentRecord> {
        AgentId::first(count)
            .map(|agent| {
                let branch = AttemptBranch {
                    session: session.id.clone(),
                    agent,
                    attempt: Attempt::FIRST,
                };
                (
                    agent,
                    AgentRecord::pending(&branch, PathBuf::from("/w"), None),
                )
            })
            .collect()
    }

    #[test]
    fn tasks_are_not_empty() {
        assert!("make sum faster".parse::<Task>().is_ok());
        for bad in ["", "  \n", "a\0b", &"x".repeat(Task::LONGEST + 1)] {
            assert!(bad.parse::<Task>().is_err());
        }
        assert_eq!(Task::stored("\n  one\ntwo".into()).title(), "one");
    }

    #[test]
    fn evaluation_waits_for_the_agents() {
        let mut session = session();
        let agents = agents_of(&session, 1);
        session.enlist(agents, DateTime::UNIX_EPOCH).unwrap();
        let agent = AgentId::new(1).unwrap();
        session
            .advance_agent(agent, AgentStatus::Running, DateTime::UNIX_EPOCH)
            .unwrap();
        let error = session
            .advance(SessionState::Evaluating, DateTime::UNIX_EPOCH)
            .unwrap_err();
        assert!(
            matches!(error, TransitionError::AgentsActive { .. }),
            "{error}"
        );
    }

    #[test]
    fn the_time_it_is_paused_does_not_count() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let mut session = session();
        let agents = agents_of(&session, 1);
        session.enlist(agents, at(0)).unwrap();
        let agent = AgentId::new(1).unwrap();
        let mark = ProcessMark {
            pid: 1,
            start_ticks: 1,
            boot: String::new(),
        };
        let record = session.advance_agent(agent, AgentStatus::Running, at(10));
        record.unwrap().run = Some(Run::begun(mark, at(10)));
        for (status, second, elapsed) in [
            (AgentStatus::Paused, 13, 3),
            (AgentStatus::Running, 20, 4),
            (AgentStatus::Paused, 22, 5),
        ] {
            session.advance_agent(agent, status, at(second)).unwrap();
            let run = session.run_mut(agent).unwrap();
            let seconds = run.elapsed(at(second + 1)).as_secs();
            assert_eq!(seconds, elapsed, "{status} at {second}");
        }
        session
            .advance_agent(agent, AgentStatus::Cancelled, at(30))
            .unwrap();
        let run = session.run_mut(agent).unwrap();
        run.ended = Some(at(30));
        assert_eq!(run.elapsed(at(99)).as_secs(), 5);
        assert_eq!(run.paused, None);
    }

    #[derive(Clone, Debug)]
    enum Command {
        Spawn(u32),
        Session(SessionState),
        Agent(u32, AgentStatus),
    }

    fn command() -> impl Strategy<Value = Command> {
        prop_oneof![
            (0u32..4).prop_map(Command::Spawn),
            proptest::sample::select(SessionState::ALL.to_vec()).prop_map(Command::Session),
            (1u32..5, proptest::sample::select(AgentStatus::ALL.to_vec()))
                .prop_map(|(n, status)| Command::Agent(n, status)),
        ]
    }

    proptest! {
        /// Whatever is asked of a session, in whatever order, every change is an edge
        /// of the machines, and what is refused changes nothing.
        #[test]
        fn random_commands_reach_no_illegal_state(
            commands in proptest::collection::vec(command(), 0..60)
        ) {
            let mut session = session();
            for (second, command) in (1i64..).zip(commands) {
                let now = DateTime::from_timestamp(second, 0).unwrap();
                let before = session.clone();
                let done = match &command {
                    Command::Spawn(count) => {
                        let agents = agents_of(&session, *count);
                        session.enlist(agents, now).is_ok()
                    }
                    Command::Session(to) => session.advance(*to, now).is_ok(),
                    Command::Agent(n, to) => {
                        session.advance_agent(AgentId::new(*n).unwrap(), *to, now).is_ok()
                    }
                };
                if !done {
                    prop_assert_eq!(&session, &before, "refused, yet changed: {:?}", command);
                    continue;
                }
                prop_assert_eq!(session.updated, now);
                if session.state() != before.state() {
                    prop_assert!(before.state().successors().contains(&session.state()));
                    prop_assert_eq!(before.first_active(), None);
                }
                for (agent, record) in session.agents() {
                    if let Some(old) = before.agents().get(agent) {
                        prop_assert!(
                            old.status() == record.status()
                                || old.status().successors().contains(&record.status())
                        );
                    }
                }
                if session.state() != SessionState::Running {
                    prop_assert_eq!(session.first_active(), None, "an agent runs in {}", session.state());
                }
            }
        }
    }
}
