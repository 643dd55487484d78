//! The documents that commands answer with: what `--format json` prints, and what
//! the text is drawn from.
//!
//! `hub schema NAME` is made from these types. Established keys keep their names and
//! meaning; a document only ever gains keys. Every key is there on every run: null
//! means that it is not known or does not apply.

mod board;
mod cleanup;
mod presets;

pub use board::{
    BoardListReport, BoardReadReport, ListedChannel, PostedReport, ReadPost, ShortPost,
};
pub use cleanup::{
    CleanedSession, CleanupAllReport, CleanupPlanReport, PlannedBranch, PlannedRemoval,
    PlannedWorktree, Refusal, StrayKind, StrayOutcome, StrayReport,
};
pub use presets::{AgentsReport, ListedPreset};
mod doctor;
mod eval;
mod eval_page;
mod journal;
mod judge;
mod list_part;
mod merge;
mod metrics;
mod pause;
mod send;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::diagnostic::Code;
use super::diff::DiffStat;
use super::id::{AgentId, Attempt, SessionId};
use super::owner::UserName;
use super::preset::PresetName;
use super::refs::{ArchiveTag, BranchName, CommitId, SnapshotRef};
use super::resources::TimedOut;
use super::session::{Exit, SessionConfig};
use super::state::{AgentStatus, SessionState};
use super::time;

pub use doctor::{
    Checked, CureKind, Danger, DoctorReport, Finding, FindingCode, FindingOutcome, LeftProcess,
};
pub use eval::{
    BaseReport, DifferenceReport, EvalReport, IntervalReport, MeasuredReport, RankedAgainst,
    ReportedMethod, ResultReport,
};
pub use eval_page::{AgentPage, EvalPage, PagePost};
pub use journal::{AllEventsReport, EventsReport, FollowedEvent, JournalReport};
pub use judge::{BoutReport, JudgeReport, PairReport, ReportedOutcome, StandingReport};
pub use list_part::ListPart;
pub use merge::{
    BaseNow, MergeOutlook, MergePlanReport, MergeReport, MergedAgent, PlannedCommit,
    PlannedConflict, PlannedFile, PlannedMerge, VerifyReport,
};
pub use metrics::{Figures, MetricsReport, SessionFigures};
pub use pause::{PauseReport, PausedAgent};
pub use send::{SendReport, SentTo};
mod dag;
mod dry_run;
mod export;
mod graft;
mod integrate;
mod outside;
mod restore;
mod rounds;
mod security;
mod snapshots;
mod templates;
mod trust;
mod undo;

pub use dag::{AttemptName, DagAttempt, DagCommit, DagReport};
pub use dry_run::{DryRunReport, PlannedAgent};
pub use export::{ExportReport, ExportedRef, ImportReport};
pub use graft::GraftReport;
pub use integrate::{FileAction, IntegrateReport, IntegratedFile};
pub use outside::{OutsideChange, OutsideFinding, OutsideKind, OutsideReport, OutsideSummary};
pub use restore::{RestoreReport, RestoredAgent};
pub use rounds::{RoundReport, RoundsEnd};
pub use security::{
    DenialsReport, SecurityLevelReport, SecurityRaised, SecurityReport, SessionSecurity, WallReport,
};
pub use snapshots::{
    ListedSnapshot, SnapshotExpireReport, SnapshotFile, SnapshotKind, SnapshotRestoreReport,
    SnapshotShowReport, SnapshotsReport,
};
pub use templates::{ListedTemplate, TemplateSource, TemplatesReport};
pub use trust::{CommandUse, ForeignCommand, TrustReport};
pub use undo::{Obstacle, UndoReport, Undoable, UndoneOperation};

/// An agent's status as it is shown: what is stored, or what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ShownStatus {
    /// What the state says.
    Stored(AgentStatus),
    /// The state says `running`, and the process that watched it is gone.
    Lost(LostTag),
}

/// The word `lost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LostTag {
    /// Never stored, only shown.
    Lost,
}

impl ShownStatus {
    /// The status of an active agent whose supervisor is gone.
    pub const LOST: Self = Self::Lost(LostTag::Lost);

    /// The word that is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored(status) => status.as_str(),
            Self::Lost(_) => "lost",
        }
    }

    /// Whether an agent with this status may still do something by itself.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Stored(status) if status.is_active())
    }

    /// Whether the agent did what it was started for.
    #[must_use]
    pub fn succeeded(self) -> bool {
        self == Self::Stored(AgentStatus::Succeeded)
    }
}

/// A session's state in a list: what is stored, or `corrupt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListedState {
    /// As stored.
    Init,
    /// As stored.
    Running,
    /// As stored.
    Evaluating,
    /// As stored.
    Merged,
    /// As stored.
    Archived,
    /// The session's files cannot be read.
    Corrupt,
}

impl ListedState {
    /// The word that is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Running => "running",
            Self::Evaluating => "evaluating",
            Self::Merged => "merged",
            Self::Archived => "archived",
            Self::Corrupt => "corrupt",
        }
    }
}

impl From<SessionState> for ListedState {
    fn from(state: SessionState) -> Self {
        match state {
            SessionState::Init => Self::Init,
            SessionState::Running => Self::Running,
            SessionState::Evaluating => Self::Evaluating,
            SessionState::Merged => Self::Merged,
            SessionState::Archived => Self::Archived,
        }
    }
}

/// `hub init`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InitReport {
    /// The new session.
    pub session_id: SessionId,
    /// `init`.
    pub state: SessionState,
    /// What the session is about, the baseline in it.
    pub config: SessionConfig,
    /// Why there is no baseline, where one was to be measured.
    pub baseline_problem: Option<String>,
    /// The session's folder.
    pub path: PathBuf,
}

/// `hub list`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListReport {
    /// The sessions, in the order asked for.
    pub sessions: Vec<ListedSession>,
    /// Those that cannot be read, whether they were asked for or not.
    pub corrupt: Vec<CorruptSession>,
}

/// A session whose files cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CorruptSession {
    /// The session.
    pub session_id: SessionId,
    /// What is wrong with its files.
    pub reason: String,
}

/// One session in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedSession {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: ListedState,
    /// Its task; null where it cannot be read.
    pub task: Option<String>,
    /// How many agents it has; null where it cannot be read.
    pub agents: Option<u32>,
    /// When it was made; null where it cannot be read.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub created: Option<DateTime<Utc>>,
    /// When its state last changed; null where it cannot be read.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub updated: Option<DateTime<Utc>>,
    /// Where its winner goes; null where it cannot be read.
    pub base_branch: Option<BranchName>,
    /// Whose session it is; null where that cannot be read.
    pub owner: Option<UserName>,
    /// The session that it is the next round of; null where it is of none.
    pub parent: Option<SessionId>,
    /// What is wrong with its files; null where nothing is.
    pub reason: Option<String>,
}

/// `hub status`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StatusReport {
    /// What the session is about.
    pub config: SessionConfig,
    /// Where it stands.
    pub state: StateReport,
    /// Its agents with what git knows of their work.
    pub agents: Vec<AgentReport>,
    /// The agent that the last evaluation put first.
    pub winner: Option<AgentId>,
    /// The base branch at this moment; null where it is gone, and when the session is at its end.
    pub base_now: Option<BaseNow>,
    /// How its agents are held; null before `spawn`.
    pub security: Option<SessionSecurity>,
    /// An operation that was begun and has no end; the next command that writes settles it.
    pub unfinished: Option<String>,
    /// What was changed outside of worktrees while agents ran, and is not settled.
    pub outside: Vec<OutsideSummary>,
    /// The last posts of the board that belong to the session, oldest first.
    pub posts: Vec<ShortPost>,
    /// The command that the state suggests next.
    pub next: Option<String>,
    /// Why that one.
    pub next_reason: Option<String>,
}

/// The stored state, as `hub status` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StateReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// When it was made.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub created: DateTime<Utc>,
    /// When its state last changed.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub updated: DateTime<Utc>,
    /// Its agents as they are stored.
    #[schemars(with = "BTreeMap<String, StoredAgent>")]
    pub agents: BTreeMap<AgentId, StoredAgent>,
}

/// An agent as `state.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StoredAgent {
    /// Where its attempt stands.
    pub status: AgentStatus,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// Where its worktree was made.
    pub worktree: Option<PathBuf>,
}

/// One agent with what git knows of its work.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentReport {
    /// The agent.
    pub agent: AgentId,
    /// Where its attempt stands; null where only its refs tell of it.
    pub status: Option<ShownStatus>,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// Its worktree; null when there is none.
    pub worktree: Option<PathBuf>,
    /// Whether the worktree's folder should be there and is not.
    pub missing: bool,
    /// The attempt's tip: of its branch, or of its archive tag.
    pub commit: Option<CommitId>,
    /// Commits beyond the base commit.
    pub commits_ahead: Option<usize>,
    /// What the attempt changes.
    pub diff: Option<DiffStat>,
    /// Files that are changed or new and not committed; null without a worktree.
    pub uncommitted_files: Option<usize>,
    /// The metric of the last evaluation.
    pub metric_value: Option<f64>,
    /// The rank of the last evaluation.
    pub rank: Option<u32>,
    /// When the tip was committed.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub last_update: Option<DateTime<Utc>>,
    /// The tip's subject.
    pub last_message: Option<String>,
    /// How its process ended.
    pub exit: Option<Exit>,
    /// Why it was not run, or was ended, where that is not its own doing.
    pub reason: Option<String>,
    /// The TCP ports that are its own while it runs.
    pub ports: Vec<u16>,
    /// The limit of its time that ended it; null where none did.
    pub timed_out: Option<TimedOut>,
    /// How long its process ran, or has run until now.
    pub elapsed_s: Option<f64>,
    /// The preset that it is run by; null where a command was given.
    pub preset: Option<PresetName>,
    /// Tokens that its model read; null where that is not known.
    pub tokens_in: Option<u64>,
    /// Tokens that its model wrote; null where that is not known.
    pub tokens_out: Option<u64>,
    /// What they cost, in US dollars; null where that is not known.
    pub cost_usd: Option<f64>,
    /// The processor time that it used with everything that it started; null until it has ended.
    pub cpu_s: Option<f64>,
    /// The largest that a single process of it was; null until it has ended.
    pub peak_memory_bytes: Option<u64>,
    /// When its supervisor last told that it is there.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub heartbeat: Option<DateTime<Utc>>,
    /// When it last printed something.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub last_output: Option<DateTime<Utc>>,
    /// The line that makes its prompt differ.
    pub strategy: Option<String>,
    /// Whether it waits and is not started before `hub resume`.
    pub held: bool,
    /// Whether its commits would merge into the base branch as `base_now` has it; null where that
    /// has them already, and where it is not known.
    pub merge: Option<MergeOutlook>,
}

/// `hub spawn`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SpawnReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands now.
    pub state: SessionState,
    /// The agents with what was made for them.
    pub agents: Vec<SpawnedAgent>,
}

/// What was made for one agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SpawnedAgent {
    /// The agent.
    pub agent: AgentId,
    /// Whether its process runs, or it waits.
    pub status: AgentStatus,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// Its worktree.
    pub worktree: PathBuf,
    /// Its prompt.
    pub prompt_file: PathBuf,
    /// The line that makes its prompt differ.
    pub strategy: Option<String>,
    /// The preset that it is run by; null where a command was given.
    pub preset: Option<PresetName>,
    /// The process that watches the agent's; null while the agent waits.
    pub supervisor_pid: Option<u32>,
}

/// `hub wait` and `hub stop`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WaitReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// Whether the time was up before every agent had ended.
    pub timed_out: bool,
    /// The agents.
    pub agents: Vec<WaitedAgent>,
}

impl WaitReport {
    /// Whether hub started none of the agents, so that there is nothing to wait for.
    #[must_use]
    pub fn nothing_started(&self) -> bool {
        let waits = |agent: &WaitedAgent| agent.status == ShownStatus::Stored(AgentStatus::Pending);
        self.agents.iter().all(waits)
    }

    /// What a script that waits is told: `None` when every agent that has ended succeeded.
    #[must_use]
    pub fn verdict(&self) -> Option<Code> {
        let ended = |agent: &&WaitedAgent| {
            !agent.status.is_active() && agent.status != ShownStatus::Stored(AgentStatus::Pending)
        };
        let ended: Vec<&WaitedAgent> = self.agents.iter().filter(ended).collect();
        let succeeded = |agent: &&WaitedAgent| agent.status.succeeded();
        if self.timed_out || !ended.iter().all(succeeded) {
            let none = !self.timed_out && !ended.iter().any(succeeded);
            return Some(if none { Code::NoWinner } else { Code::Failed });
        }
        None
    }
}

/// `hub logs`, without `--follow`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LogsReport {
    /// The session.
    pub session_id: SessionId,
    /// The lines, those of one agent after those of the other.
    pub lines: Vec<LogLine>,
}

/// A line that an agent printed; what `hub logs --follow` prints one a line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LogLine {
    /// The agent.
    pub agent: AgentId,
    /// `stdout` or `stderr`.
    pub stream: LogStream,
    /// The line without its line feed; what is not UTF-8 is replaced.
    pub line: String,
}

/// Where an agent printed something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Its stdout.
    #[default]
    Stdout,
    /// Its stderr.
    Stderr,
}

/// How one agent ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WaitedAgent {
    /// The agent.
    pub agent: AgentId,
    /// Where it stands.
    pub status: ShownStatus,
    /// How its process ended; null while it runs.
    pub exit: Option<Exit>,
    /// Why it was not run, or was ended, where that is not its own doing.
    pub reason: Option<String>,
    /// The limit of its time that ended it; null where none did.
    pub timed_out: Option<TimedOut>,
    /// How long it ran.
    pub elapsed_s: Option<f64>,
    /// The processor time that it used with everything that it started; null until it has ended.
    pub cpu_s: Option<f64>,
    /// The largest that a single process of it was; null until it has ended.
    pub peak_memory_bytes: Option<u64>,
    /// The last lines of its stderr, when it failed; of `setup.log`, when it was not run.
    pub last_lines: Option<String>,
}

/// `hub update`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UpdateReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stood.
    pub from: SessionState,
    /// Where it stands now.
    pub state: SessionState,
    /// When that was changed.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub updated: DateTime<Utc>,
}

/// A tag that keeps an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ArchivedAttempt {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
    /// The tag.
    pub tag: ArchiveTag,
    /// The commit it keeps.
    pub commit: CommitId,
}

/// `hub archive`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ArchiveReport {
    /// The session.
    pub session_id: SessionId,
    /// `archived`.
    pub state: SessionState,
    /// The tags that keep the attempts.
    pub archived: Vec<ArchivedAttempt>,
}

/// `hub cleanup`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CleanupReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// Worktrees that were removed.
    pub removed_worktrees: Vec<PathBuf>,
    /// Folders with the files of removed worktrees that are still being deleted, in the
    /// background: until they are gone, they take their space.
    pub deleting: Vec<PathBuf>,
    /// Worktrees whose folder was gone already and that git forgot.
    pub forgotten_worktrees: Vec<PathBuf>,
    /// Branches that were deleted; what they held is in the base branch or in a tag.
    pub deleted_branches: Vec<BranchName>,
    /// Tags that were made so that a branch could go.
    pub archived: Vec<ArchivedAttempt>,
    /// Work that nothing else held, and the ref that keeps it now.
    pub snapshots: Vec<SnapshotReport>,
}

impl CleanupReport {
    /// Whether nothing was there to be cleaned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed_worktrees.is_empty()
            && self.forgotten_worktrees.is_empty()
            && self.deleted_branches.is_empty()
            && self.archived.is_empty()
            && self.snapshots.is_empty()
    }
}

/// A snapshot that was made.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotReport {
    /// The agent whose work it is.
    pub agent: AgentId,
    /// The ref that keeps it.
    pub r#ref: SnapshotRef,
    /// The commit.
    pub commit: CommitId,
}

/// `hub path`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PathReport {
    /// The session.
    pub session_id: SessionId,
    /// The agent.
    pub agent: AgentId,
    /// Its worktree.
    pub path: PathBuf,
}

/// `hub run`; of several rounds it tells of the one that was merged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands at the end.
    pub state: SessionState,
    /// How the agents ended.
    pub agents: Vec<WaitedAgent>,
    /// What was measured.
    pub eval: EvalReport,
    /// What was merged; null when nothing was.
    pub merge: Option<MergeReport>,
    /// What was cleaned up; null when the session is not at its end.
    pub cleanup: Option<CleanupReport>,
    /// All rounds, in their order.
    pub rounds: Vec<RoundReport>,
    /// Why no other round followed.
    pub rounds_end: RoundsEnd,
}
