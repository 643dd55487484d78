//! `evaluation.json`: what the last evaluation of a session found.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::evaluation::{EvaluatedAgent, Evaluation, LeftFile, RecordedVerdict};
use crate::domain::id::{AgentId, Attempt};
use crate::domain::refs::CommitId;
use crate::domain::time;

use super::atomic;
use super::error::{Error, Result};

pub(super) const VERSION: u64 = 1;
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Document {
    schema_version: u64,
    #[serde(with = "time")]
    evaluated: DateTime<Utc>,
    /// Absent where an earlier hub wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictDocument>,
    #[serde(default)]
    winner: Option<AgentId>,
    results: Vec<AgentDocument>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictDocument {
    Winner,
    NoGain,
    NothingMeasured,
    Undecided,
}

#[derive(Serialize, Deserialize)]
struct AgentDocument {
    agent: AgentId,
    attempt: Attempt,
    commit: Option<CommitId>,
    metric_value: Option<f64>,
    rank: Option<u32>,
    reason: Option<String>,
    #[serde(default)]
    left_files: Vec<LeftDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum LeftDocument {
    Stamped {
        path: PathBuf,
        stamp: String,
    },
    /// As it was written at first. Nothing tells it from another file: it excuses none.
    Named(PathBuf),
}

fn document(path: &Path) -> Result<Option<Document>> {
    let Some(bytes) = atomic::read_capped(path, LONGEST)? else {
        return Ok(None);
    };
    let document = serde_json::from_slice(&bytes).map_err(|error| Error::json(path, &error))?;
    Ok(Some(document))
}

/// Reads the last evaluation; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Evaluation>> {
    let Some(document) = document(path)? else {
        return Ok(None);
    };
    Ok(Some(Evaluation {
        evaluated: document.evaluated,
        verdict: match (document.verdict, document.winner) {
            (Some(VerdictDocument::Winner), Some(winner)) => Some(RecordedVerdict::Winner(winner)),
            (Some(VerdictDocument::NoGain), _) => Some(RecordedVerdict::NoGain),
            (Some(VerdictDocument::NothingMeasured), _) => Some(RecordedVerdict::NothingMeasured),
            (Some(VerdictDocument::Undecided), _) => Some(RecordedVerdict::Undecided),
            (None, _) | (Some(VerdictDocument::Winner), None) => None,
        },
        results: document
            .results
            .into_iter()
            .map(|result| EvaluatedAgent {
                agent: result.agent,
                attempt: result.attempt,
                commit: result.commit,
                value: result.metric_value,
                rank: result.rank,
                reason: result.reason,
                left_files: result
                    .left_files
                    .into_iter()
                    .filter_map(|left| match left {
                        LeftDocument::Stamped { path, stamp } => Some(LeftFile { path, stamp }),
                        LeftDocument::Named(_) => None,
                    })
                    .collect(),
            })
            .collect(),
    }))
}

/// Replaces the last evaluation, unless a later hub wrote it.
pub(super) fn write(path: &Path, evaluation: &Evaluation) -> Result<()> {
    let found = document(path)?.map_or(VERSION, |document| document.schema_version);
    if found > VERSION {
        return Err(Error::NewerVersion {
            path: path.to_path_buf(),
            found,
            known: VERSION,
        });
    }
    let document = Document {
        schema_version: VERSION,
        evaluated: evaluation.evaluated,
        verdict: evaluation.verdict.map(|verdict| match verdict {
            RecordedVerdict::Winner(_) => VerdictDocument::Winner,
            RecordedVerdict::NoGain => VerdictDocument::NoGain,
            RecordedVerdict::NothingMeasured => VerdictDocument::NothingMeasured,
            RecordedVerdict::Undecided => VerdictDocument::Undecided,
        }),
        winner: match evaluation.verdict {
            Some(RecordedVerdict::Winner(agent)) => Some(agent),
            _ => None,
        },
        results: evaluation
            .results
            .iter()
            .cloned()
            .map(|result| AgentDocument {
                agent: result.agent,
                attempt: result.attempt,
                commit: result.commit,
                metric_value: result.value,
                rank: result.rank,
                reason: result.reason,
                // A name that cannot be written is not excused at cleanup: the safe side.
                left_files: result
                    .left_files
                    .into_iter()
                    .filter(|left| left.path.to_str().is_some())
                    .map(|LeftFile { path, stamp }| LeftDocument::Stamped { path, stamp })
                    .collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| Error::corrupt(path, None, error.to_string()))?;
    text.push(b'\n');
    atomic::replace(path, &text)
}
