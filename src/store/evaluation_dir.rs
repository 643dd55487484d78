//! `evaluations/<n>/`: what was measured, how, and what every run gave.
//!
//! `plan.json` is written once, before the first run; `runs.jsonl` gets a line after each. The
//! newest folder is the last evaluation, or the one that was broken off and can be gone on with.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::beneath;
use crate::domain::evaluation::plan::{PlannedRun, Round};
use crate::domain::measurement::{EvalPlan, EvalRecord, EvalRun};
use crate::domain::report::EvalReport;

use super::atomic;
use super::error::{Error, Result};
use super::json_lines::JsonLines;
use super::judgements::Judgements;

const VERSION: u64 = 1;
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Document {
    schema_version: u64,
    #[serde(flatten)]
    plan: EvalPlan,
}

#[derive(Serialize, Deserialize)]
struct ReportDocument {
    schema_version: u64,
    #[serde(flatten)]
    report: EvalReport,
}

/// The folder of one evaluation.
#[derive(Clone, Debug)]
pub struct EvaluationDir {
    root: PathBuf,
}

impl EvaluationDir {
    fn plan_file(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    fn report_file(&self) -> PathBuf {
        self.root.join("report.json")
    }

    fn runs_file(&self) -> PathBuf {
        self.root.join("runs.jsonl")
    }

    /// What a judge has said in this evaluation.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn judgements(&self) -> Result<Judgements> {
        Judgements::open(&self.root)
    }

    /// What a run printed.
    #[must_use]
    pub fn stdout(&self, run: PlannedRun) -> PathBuf {
        self.output(run, "stdout")
    }

    /// What a run complained about.
    #[must_use]
    pub fn stderr(&self, run: PlannedRun) -> PathBuf {
        self.output(run, "stderr")
    }

    fn output(&self, run: PlannedRun, stream: &str) -> PathBuf {
        let round = match run.round {
            Round::WarmUp(number) => format!("warmup-{number}"),
            Round::Counted(number) => format!("run-{number}"),
        };
        let name = format!("{round}.{stream}.log");
        self.root.join(run.entrant.to_string()).join(name)
    }
}

/// An evaluation that is under way; whoever has one holds the session's lock.
#[derive(Debug)]
pub struct OpenEvaluation {
    dir: EvaluationDir,
    lines: JsonLines,
    record: EvalRecord,
}

impl OpenEvaluation {
    /// Where things are.
    #[must_use]
    pub fn dir(&self) -> &EvaluationDir {
        &self.dir
    }

    /// What it was asked to do, and what was measured so far.
    #[must_use]
    pub fn record(&self) -> &EvalRecord {
        &self.record
    }

    /// Makes the folder for what a run prints.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn prepare(&self, run: PlannedRun) -> Result<()> {
        let stdout = self.dir.stdout(run);
        stdout.parent().map_or(Ok(()), atomic::make_folder)
    }

    /// Keeps what a run gave.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&mut self, run: EvalRun) -> Result<()> {
        self.lines.append(&run)?;
        self.record.runs.push(run);
        Ok(())
    }
}

/// What the newest evaluation that came to its end found; `None` when none did.
pub(super) fn report(folder: &Path) -> Result<Option<EvalReport>> {
    let path = numbers(folder)?
        .into_iter()
        .rev()
        .map(|number| dir_of(folder, number).report_file())
        .find(|path| path.exists());
    let Some(path) = path else {
        return Ok(None);
    };
    let Some(bytes) = atomic::read_capped(&path, LONGEST)? else {
        return Ok(None);
    };
    let document: ReportDocument =
        serde_json::from_slice(&bytes).map_err(|error| Error::json(&path, &error))?;
    Ok(Some(document.report))
}

/// Keeps what an evaluation found.
pub(super) fn set_report(folder: &Path, number: u32, report: &EvalReport) -> Result<()> {
    let path = dir_of(folder, number).report_file();
    let document = ReportDocument {
        schema_version: VERSION,
        report: report.clone(),
    };
    write(&path, &document)
}

fn write(path: &Path, document: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(document)
        .map_err(|error| Error::corrupt(path, None, error.to_string()))?;
    text.push(b'\n');
    atomic::replace(path, &text)
}

/// The folder of evaluation `number` of a session whose evaluations are in `folder`.
pub(super) fn dir_of(folder: &Path, number: u32) -> EvaluationDir {
    EvaluationDir {
        root: folder.join(number.to_string()),
    }
}

/// The numbers of all evaluations that were begun.
fn numbers(folder: &Path) -> Result<Vec<u32>> {
    let entries = match beneath::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", folder)(error)),
    };
    let mut numbers: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        // One without a plan was cut off before it measured anything.
        .filter(|number| dir_of(folder, *number).plan_file().exists())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads everything of all evaluations, each file by its own reader.
pub(super) fn check(folder: &Path) -> Vec<Result<()>> {
    let numbers = match numbers(folder) {
        Ok(numbers) => numbers,
        Err(error) => return vec![Err(error)],
    };
    let checks = numbers.into_iter().flat_map(|number| {
        let dir = dir_of(folder, number);
        [
            plan(&dir.plan_file()).map(drop),
            JsonLines::read::<EvalRun>(&dir.runs_file()).map(drop),
            super::judgements::check(&dir.root),
        ]
    });
    checks.chain([report(folder).map(drop)]).collect()
}

/// The newest evaluation; `None` when none was begun.
pub(super) fn newest(folder: &Path) -> Result<Option<EvalRecord>> {
    let Some(number) = numbers(folder)?.pop() else {
        return Ok(None);
    };
    let dir = dir_of(folder, number);
    let runs = JsonLines::read(&dir.runs_file())?;
    Ok(Some(EvalRecord {
        number,
        plan: plan(&dir.plan_file())?,
        runs,
        concluded: dir.report_file().exists(),
    }))
}

fn plan(path: &Path) -> Result<EvalPlan> {
    let bytes = atomic::read_capped(path, LONGEST)?
        .ok_or_else(|| Error::io("read", path)(ErrorKind::NotFound.into()))?;
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|error| Error::json(path, &error))?;
    Ok(document.plan)
}

/// Begins a new evaluation; runs that are known already (of an earlier one) can come with it.
pub(super) fn begin(folder: &Path, plan: EvalPlan, known: Vec<EvalRun>) -> Result<OpenEvaluation> {
    let number = numbers(folder)?.pop().unwrap_or(0).saturating_add(1);
    let dir = dir_of(folder, number);
    // What a kill has left of one that never had a plan.
    atomic::remove_tree(&dir.root)?;
    atomic::make_folder(&dir.root)?;
    let (mut lines, _) = JsonLines::open::<EvalRun>(&dir.runs_file())?;
    for run in &known {
        lines.append(run)?;
    }
    let document = Document {
        schema_version: VERSION,
        plan,
    };
    // Last: with it, the evaluation is there.
    write(&dir.plan_file(), &document)?;
    Ok(OpenEvaluation {
        dir,
        lines,
        record: EvalRecord {
            number,
            plan: document.plan,
            runs: known,
            concluded: false,
        },
    })
}

/// Goes on with the newest evaluation, which `record` is.
pub(super) fn go_on(folder: &Path, record: EvalRecord) -> Result<OpenEvaluation> {
    let dir = dir_of(folder, record.number);
    // Whoever measures holds the session's lock.
    atomic::sweep(&dir.root);
    let path = dir.plan_file();
    let bytes = atomic::read_capped(&path, LONGEST)?.unwrap_or_default();
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|error| Error::json(&path, &error))?;
    if document.schema_version > VERSION {
        return Err(Error::NewerVersion {
            path,
            found: document.schema_version,
            known: VERSION,
        });
    }
    let (lines, runs) = JsonLines::open(&dir.runs_file())?;
    Ok(OpenEvaluation {
        dir,
        lines,
        record: EvalRecord { runs, ..record },
    })
}
