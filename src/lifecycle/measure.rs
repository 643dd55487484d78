//! Running the eval command on one commit.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::evaluation::LeftFile;
use crate::domain::id::AgentId;
use crate::domain::metric;
use crate::domain::ranking::Outcome;
use crate::domain::refs::{CommitId, SnapshotRef};
use crate::domain::session::{Exit, SessionConfig};
use crate::git::{ChangeKind, NewWorktree, Removal};
use crate::process::command::ShellCommand;
use crate::process::logs;
use crate::store::AgentDir;

use super::error::Result;
use super::hub::Hub;
use super::worktrees;

/// What one run of the eval command gave.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub outcome: Outcome,
    pub exit: Exit,
    pub elapsed_s: f64,
    /// The last lines of stderr, when the command failed.
    pub stderr: Option<String>,
    /// Tracked files that the command changed; they were put back.
    pub put_back: Vec<PathBuf>,
    /// Where what was put back is kept.
    pub kept: Option<SnapshotRef>,
    /// What is untracked in the agent's worktree afterwards, where it was measured there.
    pub left: Option<Vec<LeftFile>>,
}

/// The variables by which agents and eval commands know what they work on.
pub(super) type Variables = Vec<(&'static str, OsString)>;

/// The variables that are the same for all of a session.
pub(super) fn session_variables(hub: &Hub, config: &SessionConfig) -> Variables {
    let text = |value: Option<String>| OsString::from(value.unwrap_or_default());
    vec![
        ("HUB_SESSION", config.session_id.as_str().into()),
        ("HUB_TASK", config.task.as_str().into()),
        ("HUB_EVAL_CMD", text(config.eval_cmd.clone())),
        (
            "HUB_METRIC",
            text(config.metric.as_ref().map(ToString::to_string)),
        ),
        (
            "HUB_DIRECTION",
            text(
                config
                    .metric
                    .as_ref()
                    .map(|_| config.direction().to_string()),
            ),
        ),
        (
            "HUB_BASELINE",
            text(config.baseline.map(|value| value.to_string())),
        ),
        ("HUB_DIR", hub.dir.path().as_os_str().to_owned()),
    ]
}

/// What is read of an eval command's output: its end, of this many bytes.
const OUTPUT: u64 = 16 * 1024 * 1024;

/// What others are told of hub's scratch worktree, which is locked.
pub(super) const SCRATCH_REASON: &str = "hub works in it";

impl Hub {
    /// Measures `commit` in a checkout of its own, which is gone afterwards.
    pub(super) fn measure_commit(
        &self,
        config: &SessionConfig,
        command: &str,
        commit: &CommitId,
        logs: &AgentDir,
        variables: Variables,
    ) -> Result<Measurement> {
        let scratch = self.scratch_of(&config.session_id);
        self.add_scratch(&scratch, commit)?;
        let measured = self.measure_in(config, command, &scratch, logs, variables);
        self.remove_scratch(&scratch)?;
        measured
    }

    /// Measures what stands in an agent's worktree, where nothing is uncommitted.
    ///
    /// What the command changes in tracked files is put back, and kept as a snapshot: it may
    /// be somebody else's who worked there meanwhile. Untracked files stay.
    pub(super) fn measure_worktree(
        &self,
        config: &SessionConfig,
        command: &str,
        agent: AgentId,
        worktree: &Path,
        logs: &AgentDir,
        variables: Variables,
    ) -> Result<Measurement> {
        let measured = self.measure_in(config, command, worktree, logs, variables);
        let (left, put_back): (Vec<_>, Vec<_>) = self
            .repository
            .changes(worktree)?
            .into_iter()
            .partition(|change| change.kind == ChangeKind::Untracked);
        let mut kept = None;
        if !put_back.is_empty() {
            kept = self.keep_changed(&config.session_id, agent, worktree)?;
            self.repository.restore_tracked(worktree)?;
        }
        Ok(Measurement {
            left: Some(worktrees::stamped(worktree, left)),
            put_back: put_back.into_iter().map(|change| change.path).collect(),
            kept: kept.map(|kept| kept.r#ref),
            ..measured?
        })
    }

    fn measure_in(
        &self,
        config: &SessionConfig,
        command: &str,
        folder: &Path,
        logs: &AgentDir,
        mut variables: Variables,
    ) -> Result<Measurement> {
        logs.create()?;
        variables.push(("HUB_WORKTREE", folder.as_os_str().to_owned()));
        let command = ShellCommand {
            command: command.to_owned(),
            folder: folder.to_path_buf(),
            variables,
            stdout: logs.eval_stdout(),
            stderr: logs.eval_stderr(),
        };
        let finished = command.run(&self.interrupt, None)?;
        let failed = !finished.exit.success();
        Ok(Measurement {
            outcome: outcome(config, finished.exit, logs),
            exit: finished.exit,
            elapsed_s: finished.elapsed.as_secs_f64(),
            stderr: failed
                .then(|| logs::last_lines(&logs.eval_stderr(), 5))
                .filter(|lines| !lines.is_empty()),
            put_back: Vec::new(),
            kept: None,
            left: None,
        })
    }

    /// Checks `commit` out into hub's scratch worktree.
    pub(super) fn add_scratch(&self, scratch: &Path, commit: &CommitId) -> Result<()> {
        let _lock = self.lock_repository("scratch worktree")?;
        self.repository.add_worktree(&NewWorktree {
            path: scratch,
            commit,
            branch: None,
            reason: SCRATCH_REASON,
        })?;
        Ok(())
    }

    /// Removes hub's scratch worktree, if there is one.
    pub(super) fn remove_scratch(&self, scratch: &Path) -> Result<()> {
        let registered = self
            .repository
            .worktrees()?
            .iter()
            .any(|worktree| worktree.path == scratch);
        if registered || scratch.exists() {
            let _lock = self.lock_repository("scratch worktree")?;
            self.repository.remove_worktree(scratch, Removal::Scratch)?;
        }
        Ok(())
    }
}

fn outcome(config: &SessionConfig, exit: Exit, logs: &AgentDir) -> Outcome {
    if !exit.success() {
        return Outcome::Disqualified(format!("the eval command ended with {exit}"));
    }
    let Some(name) = &config.metric else {
        return Outcome::Unmeasured;
    };
    let stdout = logs::tail(&logs.eval_stdout(), OUTPUT);
    let stderr = logs::tail(&logs.eval_stderr(), OUTPUT);
    match metric::extract(name, &stdout, &stderr) {
        Ok(value) => Outcome::Value(value),
        Err(reason) => Outcome::NoMetric(reason.to_string()),
    }
}
