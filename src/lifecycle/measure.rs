//! Running the eval command once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::domain::metric::{self, MetricName};
use crate::domain::ranking::Outcome;
use crate::domain::refs::CommitId;
use crate::domain::session::{Exit, SessionConfig};
use crate::process::command::{Finished, ShellCommand};
use crate::process::leftovers::{Ending, Signs};
use crate::process::{Interrupt, logs};

use super::error::Result;
use super::hub::Hub;
use super::walls::Walls;

/// What one run of the eval command gave.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub outcome: Outcome,
    /// Every number with a name that it printed.
    pub numbers: BTreeMap<String, f64>,
    pub exit: Exit,
    pub timed_out: bool,
    pub elapsed_s: f64,
    /// The last lines of stderr, when the command failed.
    pub stderr: Option<String>,
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

/// The same for numbers that nobody has asked for.
const OUTPUT_FOR_ALL: u64 = 256 * 1024;

/// By what whatever a run leaves behind is known: the file that its stdout goes to.
const RUN: &str = "HUB_EVAL_RUN";

/// One run of the eval command: where, with what, and for how long.
#[derive(Debug)]
pub(super) struct Run<'r> {
    pub command: &'r str,
    pub folder: PathBuf,
    pub variables: Variables,
    pub stdout: PathBuf,
    pub stderr: PathBuf,
    pub limit: Option<Duration>,
    /// The number to look for.
    pub metric: Option<&'r MetricName>,
    /// What it is behind.
    pub walls: Walls,
}

impl Run<'_> {
    /// Runs the command to its end; what it leaves running is ended.
    ///
    /// # Errors
    /// When it cannot be started, or a signal came. A command that fails is a result.
    pub fn measure(&self, interrupt: &Interrupt) -> Result<Measurement> {
        let mut variables = self.variables.clone();
        variables.push(("HUB_WORKTREE", self.folder.as_os_str().to_owned()));
        let mut command = ShellCommand {
            command: self.command.to_owned(),
            folder: self.folder.clone(),
            variables,
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            enclosure: None,
        };
        self.walls.put_around(&mut command);
        let finished = to_the_end(&command, Stdio::null(), interrupt, self.limit);
        Ok(self.read(finished?))
    }

    fn read(&self, finished: Finished) -> Measurement {
        let failed = !finished.exit.success() || finished.timed_out;
        let outcome = self.outcome(finished);
        let tail = |log: &Path| logs::tail(log, OUTPUT_FOR_ALL);
        let mut numbers = metric::all(&tail(&self.stdout), &tail(&self.stderr));
        if let (Some(metric), Some(value)) = (self.metric, outcome.value()) {
            numbers.insert(metric.to_string(), value);
        }
        Measurement {
            outcome,
            numbers,
            exit: finished.exit,
            timed_out: finished.timed_out,
            elapsed_s: finished.elapsed.as_secs_f64(),
            stderr: failed
                .then(|| logs::last_lines(&self.stderr, 5))
                .filter(|lines| !lines.is_empty()),
        }
    }

    fn outcome(&self, finished: Finished) -> Outcome {
        if let Some(limit) = self.limit.filter(|_| finished.timed_out) {
            let limit = limit.as_secs_f64();
            return Outcome::Disqualified(format!("the eval command took longer than {limit} s"));
        }
        if !finished.exit.success() {
            let exit = finished.exit;
            return Outcome::Disqualified(format!("the eval command ended with {exit}"));
        }
        match self.metric {
            None => Outcome::Unmeasured,
            Some(name) => match number(name, &self.stdout, &self.stderr) {
                Ok(value) => Outcome::Value(value),
                Err(reason) => Outcome::NoMetric(reason.to_string()),
            },
        }
    }
}

/// Runs a command to its end; what it leaves running is ended.
///
/// # Errors
/// When it cannot be started, or a signal came.
pub(super) fn to_the_end(
    command: &ShellCommand,
    stdin: Stdio,
    interrupt: &Interrupt,
    limit: Option<Duration>,
) -> Result<Finished> {
    let sign = (RUN, command.stdout.as_os_str().to_owned());
    let mut command = command.clone();
    command.variables.push(sign.clone());
    let finished = command.run_reading(stdin, interrupt, limit);
    // Its group has ended; this is for whoever left it.
    let signs = Signs {
        variables: vec![sign],
        leader: None,
        except: Vec::new(),
        began_here: true,
    };
    Ending::of(&signs).kill();
    Ok(finished?)
}

/// A number of a run, from what it printed.
pub(super) fn number(
    name: &MetricName,
    stdout: &Path,
    stderr: &Path,
) -> std::result::Result<f64, metric::NoMetric> {
    metric::extract(
        name,
        &logs::tail(stdout, OUTPUT),
        &logs::tail(stderr, OUTPUT),
    )
}

impl Hub {
    /// Measures the base commit in a checkout of its own, which is gone afterwards.
    pub(super) fn measure_base(
        &self,
        config: &SessionConfig,
        command: &str,
        commit: &CommitId,
        logs: &crate::store::AgentDir,
    ) -> Result<Measurement> {
        logs.create()?;
        let scratch = self.scratch_of(&config.session_id);
        self.add_scratch(&scratch, commit)?;
        let run = Run {
            command,
            folder: scratch.clone(),
            variables: session_variables(self, config),
            stdout: logs.eval_stdout(),
            stderr: logs.eval_stderr(),
            limit: None,
            metric: config.metric.as_ref(),
            // What no agent has touched.
            walls: Walls::default(),
        };
        let measured = run.measure(&self.interrupt);
        self.remove_scratch(&scratch)?;
        measured
    }
}
