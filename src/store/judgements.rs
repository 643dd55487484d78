//! `evaluations/<n>/judgements.jsonl` and `evaluations/<n>/judge/`: what a judge was asked and
//! what it said.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::evaluation::judge::Bout;
use crate::domain::judging::KeptJudgement;

use super::atomic;
use super::error::{Error, Result};
use super::json_lines::JsonLines;

/// The judgements of an evaluation; whoever has them holds the session's lock.
#[derive(Debug)]
pub struct Judgements {
    root: PathBuf,
    lines: JsonLines,
    kept: Vec<KeptJudgement>,
}

/// Reads those of an evaluation, and nothing more.
pub(super) fn check(evaluation: &Path) -> Result<()> {
    JsonLines::read::<KeptJudgement>(&evaluation.join("judgements.jsonl")).map(drop)
}

impl Judgements {
    pub(super) fn open(evaluation: &Path) -> Result<Self> {
        let (lines, kept) = JsonLines::open(&evaluation.join("judgements.jsonl"))?;
        Ok(Self {
            root: evaluation.join("judge"),
            lines,
            kept,
        })
    }

    /// All that were ever made, in their order.
    #[must_use]
    pub fn kept(&self) -> &[KeptJudgement] {
        &self.kept
    }

    /// Keeps a judgement.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&mut self, judgement: KeptJudgement) -> Result<()> {
        self.lines.append(&judgement)?;
        self.kept.push(judgement);
        Ok(())
    }

    /// Makes the folder of a question.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn prepare(&self, bout: Bout) -> Result<JudgeFiles> {
        let root = self.root.join(format!("{}-{}", bout.a, bout.b));
        atomic::make_folder(&root)?;
        Ok(JudgeFiles { root })
    }
}

/// The files of one question to a judge.
#[derive(Clone, Debug)]
pub struct JudgeFiles {
    root: PathBuf,
}

impl JudgeFiles {
    /// What the judge is given on its standard input.
    #[must_use]
    pub fn question(&self) -> PathBuf {
        self.root.join("question.json")
    }

    /// The same in words.
    #[must_use]
    pub fn prompt(&self) -> PathBuf {
        self.root.join("prompt.md")
    }

    /// What it printed.
    #[must_use]
    pub fn stdout(&self) -> PathBuf {
        self.root.join("stdout.log")
    }

    /// What it complained about.
    #[must_use]
    pub fn stderr(&self) -> PathBuf {
        self.root.join("stderr.log")
    }

    /// Writes the question, as a document and in words.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, question: &impl Serialize, prompt: &str) -> Result<()> {
        let path = self.question();
        let mut text = serde_json::to_vec_pretty(question)
            .map_err(|error| Error::corrupt(&path, None, error.to_string()))?;
        text.push(b'\n');
        atomic::replace(&path, &text)?;
        atomic::replace(&self.prompt(), prompt.as_bytes())
    }
}
