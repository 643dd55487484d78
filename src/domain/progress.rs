//! What a long operation tells while it runs; the renderer decides what of it is shown.

use super::id::{AgentId, SessionId};
use super::report::{EvalReport, ForeignCommand, IntegrateReport};

/// One thing to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The session that is meant, when the user named none.
    Session(SessionId),
    /// What is being done now, until the next `Doing` or `Idle`.
    Doing {
        /// As `making worktrees`.
        what: String,
        /// How many are done and how many there are, when it can be counted.
        count: Option<(usize, usize)>,
    },
    /// Nothing is being done any more.
    Idle,
    /// Something was done.
    Note(String),
    /// Something that the user should look at.
    Warning(String),
    /// The agents as they are now, while hub waits for them.
    Agents(Vec<AgentProgress>),
    /// The results, before the user is asked what to do with them.
    Ranking(Box<EvalReport>),
    /// What will be written, before the user is asked.
    Plan(Box<IntegrateReport>),
    /// A command of somebody else, before the user is asked about it.
    Foreign(Box<ForeignCommand>),
    /// A line of the answer itself, printed as it comes.
    Line(String),
}

/// One agent while hub waits for it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentProgress {
    /// The agent.
    pub agent: AgentId,
    /// Its status as it is shown, among them `lost`.
    pub status: String,
    /// Whether it will not change by itself any more.
    pub ended: bool,
    /// How long it ran, or has run until now; `None` while it waits.
    pub elapsed_s: Option<f64>,
    /// The last line that it printed.
    pub last_line: Option<String>,
}
