//! Why a command did not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

use crate::beneath::Refused;
use crate::domain::board::Channel;
use crate::domain::cleanup::ProcessInside;
use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::evaluation::requirement::Requirement;
use crate::domain::export::BadArchive;
use crate::domain::graft::GraftRefused;
use crate::domain::id::{AgentId, BadName, SessionId};
use crate::domain::integrate::IntegrateRefused;
use crate::domain::limits::LimitReached;
use crate::domain::merging::{BadMerge, MergeConflict};
use crate::domain::metric::MetricName;
use crate::domain::mode::BadMode;
use crate::domain::outbox::Refusal;
use crate::domain::outside::OutsideRefused;
use crate::domain::preset::{PresetCounts, PresetName};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::restore::RestoreRefused;
use crate::domain::security::SecurityRefused;
use crate::domain::session::Exit;
use crate::domain::snapshot::SnapshotRefused;
use crate::domain::state::{AgentStatus, SessionState, TransitionError};
use crate::domain::strategy::BadList;
use crate::domain::template::UnknownPlaceholder;
use crate::domain::text::{first_few, quoted};
use crate::domain::trust::TrustRefused;
use crate::domain::undo::UndoRefused;
use crate::domain::verification::VerificationFailed;
use crate::{git, process, store};

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case ended without its outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the hub directory.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// From git.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// From a process.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// From a state machine.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Beyond a limit of the installation.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// A value that breaks its grammar.
    #[error(transparent)]
    BadName(#[from] BadName),
    /// A graft that cannot be meant, or has nothing to do.
    #[error(transparent)]
    Graft(#[from] GraftRefused),
    /// Something that cannot come back as it was.
    #[error(transparent)]
    Restore(#[from] RestoreRefused),
    /// A snapshot that is not there, or cannot be brought back in this way.
    #[error(transparent)]
    Snapshot(#[from] SnapshotRefused),
    /// Somebody works in a worktree that was to go.
    #[error(transparent)]
    ProcessInside(#[from] ProcessInside),
    /// Files of an integration that stay as they are.
    #[error(transparent)]
    Integrate(#[from] IntegrateRefused),
    /// An archive that was not written, or is not taken.
    #[error(transparent)]
    Archive(#[from] BadArchive),
    /// What was found outside stays as it is.
    #[error(transparent)]
    Outside(#[from] OutsideRefused),
    /// Nothing was trusted.
    #[error(transparent)]
    Trust(#[from] TrustRefused),
    /// What a supervisor did not do for its agent.
    #[error(transparent)]
    Outbox(#[from] Refusal),
    /// A security level that does not hold.
    #[error(transparent)]
    Security(#[from] SecurityRefused),
    /// An operation that is not taken back.
    #[error(transparent)]
    Undo(#[from] UndoRefused),
    /// A mode that cannot be meant.
    #[error(transparent)]
    Mode(#[from] BadMode),
    /// A merge that cannot be meant.
    #[error(transparent)]
    Merge(#[from] BadMerge),
    /// A merge that does not apply.
    #[error(transparent)]
    MergeConflict(#[from] Box<MergeConflict>),
    /// A merged tree that did not stand its test.
    #[error(transparent)]
    Verification(#[from] Box<VerificationFailed>),
    /// A prompt template with a placeholder that does not exist.
    #[error(transparent)]
    Template(#[from] UnknownPlaceholder),

    /// What was asked for needs a session in another state.
    #[error("session {session} is {state}; {wanted}")]
    WrongState {
        /// The session.
        session: SessionId,
        /// Where it stands.
        state: SessionState,
        /// What is wanted, as `cleanup is for merged and archived ones`.
        wanted: &'static str,
        /// What to do.
        hint: String,
    },
    /// No session was named, and none is in a state that fits.
    #[error("{}", format!("there is no session {wanted}").trim_end())]
    NothingFits {
        /// As `running or evaluating`; nothing where any would do.
        wanted: &'static str,
    },
    /// There is no branch of this name to start from.
    #[error("base branch {0} does not exist")]
    NoBaseBranch(BranchName),
    /// HEAD is detached and no base branch was named.
    #[error("HEAD is detached, so there is no branch to start from")]
    NoCurrentBranch,
    /// Agents are to be started and nothing says how.
    #[error("no agent command is given")]
    NoAgentCommand,
    /// There is no preset of this name.
    #[error("there is no preset {preset}")]
    NoPreset {
        /// What was asked for.
        preset: PresetName,
        /// The preset whose name is most like it.
        nearest: Option<PresetName>,
    },
    /// The program of a preset is nowhere.
    #[error("preset {preset} cannot be run: {program} is not found")]
    PresetNotInstalled {
        /// The preset.
        preset: PresetName,
        /// Its program.
        program: String,
        /// How it is installed, where the preset tells.
        install: Option<String>,
    },
    /// Something to read, where the prompt is read.
    #[error("preset {preset} is given its prompt on stdin, so nothing else can be there")]
    PromptOnStdin {
        /// The preset.
        preset: PresetName,
    },
    /// Presets for another number of agents than there are.
    #[error("--agents {counts} is for {} agents, and the session has {agents}", counts.total().get())]
    OtherCount {
        /// What was asked for.
        counts: PresetCounts,
        /// How many agents the session has.
        agents: usize,
    },
    /// Presets where only a number can be meant.
    #[error("--agents {0} names presets, which init does not start")]
    PresetsAtInit(PresetCounts),
    /// Presets beside another way to say what agents run.
    #[error("--agents {0} names presets, and so does --agent or --agent-cmd beside it")]
    PresetsTwice(PresetCounts),
    /// A session of nothing.
    #[error("no task is given")]
    NoTask,
    /// A judge is wanted and nothing says which.
    #[error("the agents were not all run by the same preset, so none of theirs can judge")]
    NoJudge,
    /// A metric that no command prints.
    #[error("--metric is given without an eval command")]
    MetricWithoutCommand,
    /// Rounds that nothing says are better.
    #[error("--rounds is given without a metric")]
    RoundsWithoutMetric,
    /// Rounds are to stop by a number that is not measured.
    #[error("--stop-when {requirement} names another metric than {metric}")]
    OtherMetric {
        /// What was asked for.
        requirement: Requirement,
        /// The metric that is measured.
        metric: MetricName,
    },
    /// A direction of nothing.
    #[error("--direction is given without a metric")]
    DirectionWithoutMetric,
    /// A template that is neither built in nor a file.
    #[error("template {name:?} is neither built in nor a file that can be read")]
    NoTemplate {
        /// As it was given.
        name: String,
    },
    /// A list of strategies that cannot be meant.
    #[error("{name}: {source}")]
    BadStrategies {
        /// The file as it was given, or `stdin`.
        name: String,
        /// What is wrong with it.
        source: BadList,
    },
    /// A folder stands where a worktree is to be made.
    #[error("{} is there already and not empty", .0.display())]
    FolderInTheWay(PathBuf),
    /// Something else stands where a report is to be put.
    #[error("a report cannot take the place of {}, which is not a file", .0.display())]
    NoFile(PathBuf),
    /// The session has no such agent.
    #[error("session {session} has no {agent}")]
    NoAgent {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent's supervisor is gone, and nobody has settled that yet.
    #[error("{agent} of session {session} is lost: the process that watched it is gone")]
    AgentLost {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
    },
    /// A supervisor does not do what it is asked.
    #[error("the supervisor of {agent} has not done it within {} s", waited.as_secs())]
    NoAnswer {
        /// Whose supervisor.
        agent: AgentId,
        /// Where it tells why.
        log: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The agent has ended, so that nobody can be spoken to.
    #[error("{agent} of session {session} has ended: it is {status}")]
    AgentEnded {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// Where it stands.
        status: AgentStatus,
    },
    /// No agent runs or waits.
    #[error("no agent of session {session} runs or waits")]
    NobodyRuns {
        /// The session.
        session: SessionId,
    },
    /// hub itself has no terminal.
    #[error("stdin and stdout must be a terminal to attach it")]
    NotATerminal,
    /// The agent was not started in a terminal.
    #[error("{agent} of session {session} does not run in a terminal")]
    NoTerminal {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
    },
    /// No agent runs in a terminal.
    #[error("no agent of session {session} runs in a terminal")]
    NoTerminals {
        /// The session.
        session: SessionId,
    },
    /// More than one does.
    #[error("session {session} has several agents in terminals: {}", first_few(.agents.iter()))]
    SeveralTerminals {
        /// The session.
        session: SessionId,
        /// The agents.
        agents: Vec<AgentId>,
    },
    /// The agent has not come to its terminal.
    #[error("{agent} of session {session} is not in its terminal yet")]
    NoTerminalYet {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
    },
    /// A message without words.
    #[error("there is nothing to say")]
    NoText,
    /// A text beside the file that holds it.
    #[error("a file is given, and the text {0:?} beside it")]
    TwoTexts(String),
    /// The agent has no worktree to go to.
    #[error("{agent} of session {session} has no worktree")]
    NoWorktree {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
    },
    /// An attempt has neither its branch nor a tag.
    #[error("{branch} is gone, and no tag holds where it was")]
    AttemptGone {
        /// The branch that is not there.
        branch: BranchName,
    },
    /// The board has no such channel.
    #[error("the board has no channel {channel}: it has {known}")]
    NoChannel {
        /// What was asked for.
        channel: Channel,
        /// Those there are.
        known: String,
        /// The folder that would make it one.
        path: PathBuf,
    },
    /// The board has no such post.
    #[error("no post is named {wanted}")]
    NoPost {
        /// What was asked for.
        wanted: String,
    },
    /// More than one post can be meant.
    #[error("post {wanted} is not unique: {matches}")]
    AmbiguousPost {
        /// What was asked for.
        wanted: String,
        /// What fits.
        matches: String,
    },
    /// No result can be called the winner.
    #[error("session {session} has no winner: {reason}")]
    NoWinner {
        /// The session.
        session: SessionId,
        /// Why.
        reason: String,
    },
    /// There are no runs that could be shown or ranked again.
    #[error("session {session} was not evaluated yet")]
    NotEvaluated {
        /// The session.
        session: SessionId,
    },
    /// A next round has no result to start from.
    #[error("session {session} has no winner to start from: {reason}")]
    NoParentWinner {
        /// The session.
        session: SessionId,
        /// Where it stands.
        state: SessionState,
        /// Why.
        reason: String,
    },
    /// The agent's branch moved after it was measured.
    #[error("{agent} of session {session} was measured at {measured} and is at {found} now", measured = .measured.short(), found = .found.short())]
    MovedSinceEval {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// The commit that was measured.
        measured: CommitId,
        /// The tip now.
        found: CommitId,
    },
    /// Nobody could be asked, and the safe answer is no.
    #[error("{what} needs a yes, and there is no terminal to ask on")]
    Unconfirmed {
        /// What would be done.
        what: String,
        /// What to type instead.
        hint: String,
    },
    /// The user said no.
    #[error("{what} was declined; nothing was changed by it")]
    Declined {
        /// What was asked.
        what: String,
        /// What can be done later.
        hint: String,
    },
    /// A worktree holds work that no commit holds.
    #[error("{} has uncommitted work: {}", worktree.display(), list(.paths))]
    UncommittedWork {
        /// The session.
        session: SessionId,
        /// The worktree.
        worktree: PathBuf,
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// More than one thing stands in the way of a cleanup.
    #[error("session {session} is not cleaned up, for {} reasons: {}", .refusals.len(), joined(.refusals))]
    Obstacles {
        /// The session.
        session: SessionId,
        /// Each of them, as it would be told alone.
        refusals: Vec<Error>,
    },
    /// A worktree is on a commit that nothing else reaches.
    #[error("{} is on commit {}, which no branch or tag reaches", worktree.display(), commit.short())]
    UnreachedCommit {
        /// The session.
        session: SessionId,
        /// The worktree.
        worktree: PathBuf,
        /// The commit.
        commit: CommitId,
    },
    /// A worktree is in the middle of something.
    #[error("{} is in the middle of a {what}", worktree.display())]
    WorktreeBusy {
        /// The worktree.
        worktree: PathBuf,
        /// As `rebase`.
        what: &'static str,
    },
    /// A command that this user did not write.
    #[error("{command:?} comes from {}, which {why}; it was not run", path.display())]
    Untrusted {
        /// The command.
        command: String,
        /// The file it stands in.
        path: PathBuf,
        /// Why it is not this user's.
        why: &'static str,
    },
    /// A teardown command failed, so the worktrees stay.
    #[error("teardown command {command:?} in {} ended with {exit}{lines}", worktree.display())]
    Teardown {
        /// The session.
        session: SessionId,
        /// The command.
        command: String,
        /// Where it ran.
        worktree: PathBuf,
        /// How it ended.
        exit: Exit,
        /// The last lines of what it printed, each behind a mark.
        lines: String,
    },
    /// There is nowhere to note which ports are taken.
    #[error("neither XDG_RUNTIME_DIR nor HOME is set, so no ports can be reserved")]
    NoPortsFolder,
    /// The folder that hub was started in is gone.
    #[error("the current folder is gone: {0}")]
    NoCurrentFolder(#[source] std::io::Error),
    /// A step of the demonstration did not do what it shows.
    #[error("`{command}` ended with {exit}")]
    DemoStep {
        /// The command.
        command: String,
        /// How it ended.
        exit: String,
    },
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The signal that ended the command, when one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self {
            Self::Process(process::Error::Interrupted { signal }) => Some(*signal),
            _ => None,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match Refused::of(&source) {
            Some(_) => store::Error::io(action, path)(source).into(),
            None => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    first_few(paths.iter().map(|path| path.display()))
}

fn joined(errors: &[Error]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl Diagnostic for Error {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Git(error) => error.code(),
            Self::Process(error) => error.code(),
            Self::Transition(error) => error.code(),
            Self::Limit(error) => error.code(),
            Self::BadName(error) => error.code(),
            Self::Template(error) => error.code(),
            Self::Graft(error) => error.code(),
            Self::Integrate(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Security(error) => error.code(),
            Self::Outbox(error) => error.code(),
            Self::Restore(error) => error.code(),
            Self::Outside(error) => error.code(),
            Self::Snapshot(error) => error.code(),
            Self::ProcessInside(error) => error.code(),
            Self::Undo(error) => error.code(),
            Self::Mode(error) => error.code(),
            Self::Merge(error) => error.code(),
            Self::MergeConflict(error) => error.code(),
            Self::Verification(error) => error.code(),
            Self::BadStrategies { source, .. } => source.code(),
            Self::WrongState { .. }
            | Self::NotEvaluated { .. }
            | Self::AgentLost { .. }
            | Self::AgentEnded { .. }
            | Self::NobodyRuns { .. }
            | Self::NoTerminal { .. }
            | Self::NoTerminals { .. }
            | Self::NoTerminalYet { .. } => Code::WrongState,
            Self::NothingFits { .. }
            | Self::NoCurrentFolder(_)
            | Self::NoBaseBranch(_)
            | Self::NoAgent { .. }
            | Self::NoChannel { .. }
            | Self::NoPost { .. }
            | Self::NoWorktree { .. }
            | Self::AttemptGone { .. } => Code::NotFound,
            Self::NoCurrentBranch
            | Self::NoAgentCommand
            | Self::NoJudge
            | Self::NoPreset { .. }
            | Self::PresetNotInstalled { .. }
            | Self::PromptOnStdin { .. }
            | Self::NoText
            | Self::NotATerminal
            | Self::SeveralTerminals { .. }
            | Self::TwoTexts(_)
            | Self::OtherCount { .. }
            | Self::PresetsAtInit(_)
            | Self::PresetsTwice(_)
            | Self::NoTask
            | Self::RoundsWithoutMetric
            | Self::OtherMetric { .. }
            | Self::MetricWithoutCommand
            | Self::DirectionWithoutMetric
            | Self::AmbiguousPost { .. }
            | Self::NoTemplate { .. } => Code::Usage,
            Self::FolderInTheWay(_)
            | Self::NoFile(_)
            | Self::MovedSinceEval { .. }
            | Self::Unconfirmed { .. }
            | Self::Declined { .. }
            | Self::UncommittedWork { .. }
            | Self::Obstacles { .. }
            | Self::UnreachedCommit { .. }
            | Self::WorktreeBusy { .. }
            | Self::Teardown { .. }
            | Self::Untrusted { .. } => Code::Refused,
            Self::NoWinner { .. } | Self::NoParentWinner { .. } => Code::NoWinner,
            Self::DemoStep { .. }
            | Self::NoAnswer { .. }
            | Self::NoPortsFolder
            | Self::Io { .. } => Code::Failed,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm an error, all in one place")]
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Process(error) => return error.hint(),
            Self::Transition(error) => return error.hint(),
            Self::Limit(error) => return error.hint(),
            Self::BadName(error) => return error.hint(),
            Self::Template(error) => return error.hint(),
            Self::Graft(error) => return error.hint(),
            Self::Integrate(error) => return error.hint(),
            Self::Archive(error) => return error.hint(),
            Self::Trust(error) => return error.hint(),
            Self::Security(error) => return error.hint(),
            Self::Outbox(error) => return error.hint(),
            Self::Restore(error) => return error.hint(),
            Self::Outside(error) => return error.hint(),
            Self::Snapshot(error) => return error.hint(),
            Self::ProcessInside(error) => return error.hint(),
            Self::Undo(error) => return error.hint(),
            Self::Mode(error) => return error.hint(),
            Self::Merge(error) => return error.hint(),
            Self::MergeConflict(error) => return error.hint(),
            Self::Verification(error) => return error.hint(),
            Self::BadStrategies { source, .. } => return source.hint(),
            Self::WrongState { hint, .. }
            | Self::Unconfirmed { hint, .. }
            | Self::Declined { hint, .. } => hint.clone(),
            Self::NothingFits { .. } => "`hub list` shows the sessions there are".to_owned(),
            Self::NoCurrentFolder(_) => "go to a folder that is there, or give -C PATH".to_owned(),
            Self::NoBaseBranch(_) => "`git branch` shows the branches there are".to_owned(),
            Self::NoCurrentBranch => "name one with --base-branch BRANCH".to_owned(),
            Self::NoAgentCommand => {
                "give --agent PRESET or --agent-cmd CMD, or --no-start to start the agents yourself"
                    .to_owned()
            }
            Self::NoJudge => "give --judge-agent PRESET or --judge-cmd CMD".to_owned(),
            Self::NoPreset { nearest, .. } => match nearest {
                Some(nearest) => format!("did you mean {nearest}? `hub agents` lists all"),
                None => "`hub agents` lists those there are".to_owned(),
            },
            Self::PresetNotInstalled {
                program, install, ..
            } => match install {
                Some(install) => format!("install it with `{install}`"),
                None => format!("install {program}, or give the path to it in the preset"),
            },
            Self::PromptOnStdin { .. } => {
                "the agent finds in $HUB_INBOX what is said to it; or write a preset with `prompt: file` or `prompt: argument`".to_owned()
            }
            Self::OtherCount { agents, .. } => {
                format!("let the numbers add up to {agents}, or make a session with `hub init`")
            }
            Self::PresetsAtInit(counts) => format!(
                "give `hub init --agents {}`, then `hub spawn --agents {counts}`",
                counts.total().get()
            ),
            Self::PresetsTwice(_) | Self::TwoTexts(_) => "leave one of them out".to_owned(),
            Self::RoundsWithoutMetric => "give --eval CMD and --metric NAME too".to_owned(),
            Self::OtherMetric { metric, .. } => {
                format!("rounds are compared by {metric}; stop by that")
            }
            Self::NoTask => "give --task TASK".to_owned(),
            Self::MetricWithoutCommand => "give --eval CMD too".to_owned(),
            Self::DirectionWithoutMetric => "give --metric NAME too".to_owned(),
            Self::NoTemplate { .. } => {
                let names: Vec<&str> = crate::domain::template::BUILT_IN
                    .iter()
                    .map(|template| template.name)
                    .collect();
                format!(
                    "built in are {}; `hub templates` lists all",
                    names.join(", ")
                )
            }
            Self::FolderInTheWay(path) => {
                format!("look at it, then move it away: `ls -la {}`", quoted(path))
            }
            Self::NoFile(_) => {
                "name a file, as report.html; for `hub eval`, `-` is stdout".to_owned()
            }
            Self::AgentLost { session, agent } => format!(
                "`hub stop {session} --agent {agent}` ends what it left running and keeps its work"
            ),
            Self::AgentEnded { session, agent, .. } => format!(
                "`hub retry {session} --agent {agent}` gives it another attempt, with an empty inbox"
            ),
            Self::NobodyRuns { session } => {
                format!("`hub retry {session} --agent agent-N` gives one another attempt")
            }
            Self::NotATerminal => "`hub logs --follow` shows what agents print".to_owned(),
            Self::NoTerminal { session, agent } => format!(
                "`hub logs {session} --agent {agent} --follow` shows what it prints; `hub spawn --tty` starts agents in terminals"
            ),
            Self::NoTerminals { session } => format!(
                "`hub logs {session} --follow` shows what they print; `hub spawn --tty` starts agents in terminals"
            ),
            Self::SeveralTerminals { session, .. } => {
                format!("name one, as in `hub attach {session} agent-1`")
            }
            Self::NoTerminalYet { session, .. } => format!(
                "`hub status {session}` shows whether it waits; a setup command runs before it"
            ),
            Self::NoText => "give a text, - for stdin, or --file FILE".to_owned(),
            Self::NoAgent { session, .. } => format!("`hub status {session}` shows its agents"),
            Self::NoWorktree { session, .. } => {
                format!("`hub status {session}` shows what is there")
            }
            Self::AttemptGone { .. } => {
                "`hub doctor --fix` makes it again where its commit is still known".to_owned()
            }
            Self::NoChannel { path, .. } => {
                format!("give one of these; `mkdir {}` makes another", quoted(path))
            }
            Self::NoPost { .. } => {
                "`hub board list` shows the channels, `hub board read CHANNEL` their posts"
                    .to_owned()
            }
            Self::AmbiguousPost { .. } => "name its channel, too, or its whole file".to_owned(),
            Self::NoWinner { session, .. } => format!(
                "merge one by name with `hub merge {session} --agent agent-N`, or keep all as tags with `hub archive {session}`"
            ),
            Self::NotEvaluated { session } => format!("`hub eval {session}` measures it"),
            Self::NoParentWinner { session, state, .. } => match state {
                SessionState::Init => format!("`hub spawn {session}`, then `hub eval {session}`"),
                SessionState::Running => format!("measure it first: `hub eval {session}`"),
                _ => format!(
                    "`hub status {session}` shows its results; a round from the base branch is `hub init --task TASK`"
                ),
            },
            Self::MovedSinceEval { session, agent, .. } => format!(
                "measure again with `hub eval {session}`, or take it as it is with `hub merge {session} --agent {agent}`"
            ),
            Self::UncommittedWork {
                session, worktree, ..
            } => format!(
                "commit it with `git -C {0} add -A && git -C {0} commit`, or give `hub cleanup {session} --force`, which keeps it as a snapshot",
                quoted(worktree)
            ),
            Self::Obstacles { session, refusals } => {
                let first = refusals.first().and_then(Self::hint).unwrap_or_default();
                format!(
                    "of the first: {first}; `hub cleanup {session} --dry-run` tells what to do about each"
                )
            }
            Self::UnreachedCommit {
                session, commit, ..
            } => format!(
                "give it a branch with `git branch NAME {commit}`, or give `hub cleanup {session} --force`, which keeps it as a snapshot"
            ),
            Self::WorktreeBusy { worktree, what } => format!(
                "finish it there, or `git -C {} {}`",
                quoted(worktree),
                git::end_of(what)
            ),
            Self::Teardown { session, .. } => format!(
                "nothing was removed; all of its output is in the agent's teardown.log, `hub cleanup {session} --force` removes the worktrees all the same"
            ),
            Self::NoAnswer { log, .. } => {
                format!("its log may tell why: `cat {}`", quoted(log))
            }
            Self::NoPortsFolder => "set HOME".to_owned(),
            Self::Untrusted { .. } => {
                "read it; `hub trust` asks whether you would run it yourself, HUB_TRUST=all runs it this once"
                    .to_owned()
            }
            Self::DemoStep { .. } => "its output is above".to_owned(),
            Self::Io { source, .. } => return process::disk_hint(source).map(str::to_owned),
        })
    }
}
