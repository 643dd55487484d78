//! From the intent of a merge to the base branch: made apart, verified, then moved in one step.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::evaluation::Evaluation;
use crate::domain::event::{Operation, Phase, RefMove};
use crate::domain::id::AgentId;
use crate::domain::merge_message::MergeMessage;
use crate::domain::merging::{BadMerge, ConflictPlace, MergeConflict};
use crate::domain::ranking;
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::report::VerifyReport;
use crate::domain::session::SessionConfig;
use crate::git::MergeResult;
use crate::lifecycle::candidates::Candidate;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::{LockedSession, StoredSession};

use super::{How, verify};

/// Where the base branch is now.
pub(super) struct Moved {
    pub commit: CommitId,
    pub checkout: Option<PathBuf>,
    pub verified: Option<VerifyReport>,
}

pub(super) fn move_base(
    hub: &Hub,
    session: &mut LockedSession,
    candidates: &[Candidate],
    base_tip: &CommitId,
    how: &How,
) -> Result<Moved> {
    let stored = session.snapshot();
    let base_branch = &stored.config.base_branch;
    let scratch = hub.scratch_of(&stored.config.session_id);
    let names: Vec<String> = candidates.iter().map(|c| c.agent.to_string()).collect();
    let _doing = hub.doing(format!("merging {} into {base_branch}", names.join(", ")));
    hub.add_scratch(&scratch, base_tip)?;
    let made = join_all(hub, &stored, &scratch, candidates, how).and_then(|commit| {
        Ok((
            verify::verify(hub, &stored, &scratch, candidates, how)?,
            commit,
        ))
    });
    hub.remove_scratch(&scratch)?;
    let (verified, commit) = made?;
    hub.interrupt.check()?;
    // From here on a killed merge can be told from one that never was.
    let step = json!({ "merge_commit": commit });
    let moved = RefMove {
        r#ref: base_branch.full(),
        old: Some(base_tip.clone()),
        new: Some(commit.clone()),
    };
    hub.record_moves(session, Operation::Merge, Phase::Step, step, vec![moved])?;
    let advanced = hub.repository.advance(base_branch, base_tip, &commit)?;
    Ok(Moved {
        commit,
        checkout: advanced.checkout,
        verified,
    })
}

/// Brings one after the other into the scratch worktree; the first conflict ends it all.
fn join_all(
    hub: &Hub,
    stored: &StoredSession,
    scratch: &Path,
    candidates: &[Candidate],
    how: &How,
) -> Result<CommitId> {
    let config = &stored.config;
    let evaluation = stored.evaluation()?;
    let mut last = None;
    for (done, candidate) in candidates.iter().enumerate() {
        hub.interrupt.check()?;
        let message = message(config, candidate.agent, evaluation.as_ref(), how);
        let joined = hub
            .repository
            .join_in(scratch, &candidate.tip, how.strategy, &message)?;
        match joined {
            MergeResult::Merged(commit) => last = Some(commit),
            MergeResult::AlreadyThere => {}
            MergeResult::MergesLeftOut => {
                return Err(Error::from(BadMerge::MergesLeftOut {
                    session: config.session_id.clone(),
                    agent: candidate.agent,
                    strategy: how.strategy,
                }));
            }
            MergeResult::Conflict(paths) => {
                let earlier = candidates.get(..done).unwrap_or_default();
                return Err(conflict(hub, stored, candidate, earlier, how, paths)?);
            }
        }
    }
    last.ok_or_else(|| Error::NoWinner {
        session: config.session_id.clone(),
        reason: format!("{} has all that would be merged", config.base_branch),
    })
}

/// What is said of a conflict, and how it is solved.
fn conflict(
    hub: &Hub,
    stored: &StoredSession,
    candidate: &Candidate,
    earlier: &[Candidate],
    how: &How,
    paths: Vec<PathBuf>,
) -> Result<Error> {
    let attempts = hub.attempts(&stored.session)?;
    let id = &stored.config.session_id;
    let branch = |agent: AgentId| -> Option<BranchName> {
        let mut attempts = attempts.iter();
        let newest = attempts.find(|attempt| attempt.agent == agent && attempt.newest)?;
        newest.branch_tip.as_ref()?;
        Some(newest.branch(id).name())
    };
    let worktree = hub.worktree_of(&stored.session, candidate.agent)?;
    Ok(Error::from(Box::new(MergeConflict {
        session: id.clone(),
        agent: candidate.agent,
        named: how.named.clone(),
        strategy: how.strategy,
        base_branch: stored.config.base_branch.clone(),
        branch: branch(candidate.agent),
        after: earlier.iter().map(|c| (c.agent, branch(c.agent))).collect(),
        paths,
        worktree: worktree.map(|path| ConflictPlace {
            there: path.join(".git").exists(),
            path,
        }),
    })))
}

fn message(
    config: &SessionConfig,
    agent: AgentId,
    evaluation: Option<&Evaluation>,
    how: &How,
) -> String {
    let value = evaluation.and_then(|all| all.of(agent)?.value);
    let message = MergeMessage {
        strategy: how.strategy,
        session: &config.session_id,
        task: &config.task,
        agent,
        metric: config.metric.as_ref().zip(value),
        delta: config
            .metric
            .as_ref()
            .and_then(|_| ranking::delta(value, config.baseline)),
        own: how.message.as_deref(),
    };
    message.text()
}
