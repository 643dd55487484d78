//! `hub merge --dry-run`: what would happen. Nothing is locked, and nothing is changed.

use std::path::PathBuf;

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::diff::{DiffStat, FileDiff};
use crate::domain::merging::{BadMerge, MergeStrategy};
use crate::domain::refs::CommitId;
use crate::domain::report::{
    ArchivedAttempt, MergePlanReport, PlannedCommit, PlannedConflict, PlannedFile, PlannedMerge,
};
use crate::git::{Trial, Tried};
use crate::lifecycle::candidates::{Candidate, candidates};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::StoredSession;

use super::{How, Request, check_new, check_state, find, no_gain};

/// What a merge would come to.
enum Foreseen {
    /// The base branch would be at this commit of the trial.
    Whole(CommitId),
    /// The first that does not go in.
    Conflict(PlannedConflict),
    /// It would be refused.
    Refused(BadMerge),
    /// git is too old to tell, or cannot.
    Unknown,
}

/// Tells what a merge would do.
///
/// # Errors
/// Where there is nothing to merge. What the merge itself would stop at stands in the document.
pub fn run(hub: &Hub, request: &Request) -> Result<MergePlanReport> {
    let stored = find(hub, request)?;
    check_state(&stored)?;
    let how = How::of(hub, &stored, request)?;
    let config = &stored.config;
    let nobody = |reason| Error::NoWinner {
        session: config.session_id.clone(),
        reason,
    };
    let candidates = candidates(hub, &stored, &request.agents)?;
    let candidates = candidates.ok_or_else(|| nobody(no_gain(config)))?;
    let base_tip = hub.base_tip(config)?;
    check_new(hub, config, &candidates, &base_tip)?;
    let trial = hub.repository.trial()?;
    let foreseen = match &trial {
        Some(trial) => foresee(trial, &stored, &candidates, &base_tip, how.strategy)?,
        None => Foreseen::Unknown,
    };
    if matches!(&foreseen, Foreseen::Whole(commit) if *commit == base_tip) {
        let base = &config.base_branch;
        return Err(nobody(format!("{base} has all that would be merged")));
    }
    let (checkout, mut refused) = checkout(hub, &stored)?;
    if let Foreseen::Refused(why) = &foreseen {
        refused = Some(why.to_string());
    }
    let mut plan = MergePlanReport {
        session_id: config.session_id.clone(),
        state: stored.session.state(),
        base_branch: config.base_branch.clone(),
        base_commit: config.base_commit.clone(),
        base_moved: hub.base_moved(config, &base_tip)?,
        strategy: how.strategy,
        agents: agents(hub, &candidates, &base_tip)?,
        merges: None,
        conflict: None,
        diff: None,
        files: Vec::new(),
        verify: how.verification.map(|verification| verification.command),
        archived: Vec::new(),
        in_the_way: Vec::new(),
        base_tip,
        checkout,
        refused,
    };
    match foreseen {
        Foreseen::Conflict(conflict) => {
            plan.merges = Some(false);
            plan.conflict = Some(conflict);
        }
        Foreseen::Whole(commit) => {
            if let Some(trial) = &trial {
                describe(hub, trial, &stored, &candidates, &commit, &mut plan)?;
            }
        }
        Foreseen::Refused(_) | Foreseen::Unknown => {}
    }
    Ok(plan)
}

/// The status that the merge itself would end with; `None` where it would be made.
#[must_use]
pub fn verdict(plan: &MergePlanReport) -> Option<Code> {
    if plan.conflict.is_some() {
        return Some(Code::Conflict);
    }
    let refused = plan.refused.is_some() || !plan.in_the_way.is_empty();
    refused.then_some(Code::Refused)
}

/// Where the base branch is checked out, or why that would be in the way of a merge.
fn checkout(hub: &Hub, stored: &StoredSession) -> Result<(Option<PathBuf>, Option<String>)> {
    match hub.repository.checkout_of(&stored.config.base_branch) {
        Ok(checkout) => Ok((checkout, None)),
        Err(error) if error.code() == Code::Refused => Ok((None, Some(error.to_string()))),
        Err(error) => Err(error.into()),
    }
}

fn agents(hub: &Hub, candidates: &[Candidate], base_tip: &CommitId) -> Result<Vec<PlannedMerge>> {
    let planned = |candidate: &Candidate| -> Result<PlannedMerge> {
        let tips = std::slice::from_ref(&candidate.tip);
        let history = hub.repository.history(tips, Some(base_tip))?;
        let commits = history.into_iter().map(|(node, info)| PlannedCommit {
            commit: node.commit,
            subject: info.subject,
        });
        Ok(PlannedMerge {
            agent: candidate.agent,
            commit: candidate.tip.clone(),
            commits: commits.collect(),
        })
    };
    candidates.iter().map(planned).collect()
}

/// Tries to bring one after the other onto the base branch's tip.
fn foresee(
    trial: &Trial<'_>,
    stored: &StoredSession,
    candidates: &[Candidate],
    base_tip: &CommitId,
    strategy: MergeStrategy,
) -> Result<Foreseen> {
    let mut current = base_tip.clone();
    for candidate in candidates {
        let foreseen = match strategy {
            MergeStrategy::Merge | MergeStrategy::Squash => {
                join(trial, candidate, &current, strategy)?
            }
            MergeStrategy::Rebase | MergeStrategy::CherryPick => {
                replay(trial, stored, candidate, &current, strategy)?
            }
        };
        match foreseen {
            Foreseen::Whole(commit) => current = commit,
            other => return Ok(other),
        }
    }
    Ok(Foreseen::Whole(current))
}

/// As one commit, with or without its own history.
fn join(
    trial: &Trial<'_>,
    candidate: &Candidate,
    current: &CommitId,
    strategy: MergeStrategy,
) -> Result<Foreseen> {
    let tip = &candidate.tip;
    if trial.is_ancestor(tip, current)? {
        return Ok(Foreseen::Whole(current.clone()));
    }
    let parents: &[&CommitId] = match strategy {
        MergeStrategy::Merge => &[current, tip],
        _ => &[current],
    };
    Ok(match trial.merge(current, tip)? {
        None => Foreseen::Unknown,
        Some(Tried::Conflict(paths)) => conflict(candidate, paths),
        Some(Tried::Clean(tree)) => {
            let changes_nothing = tree == trial.tree_of(current)?;
            Foreseen::Whole(match strategy {
                MergeStrategy::Squash if changes_nothing => current.clone(),
                _ => trial.commit(&tree, parents)?,
            })
        }
    })
}

/// Commit by commit.
fn replay(
    trial: &Trial<'_>,
    stored: &StoredSession,
    candidate: &Candidate,
    onto: &CommitId,
    strategy: MergeStrategy,
) -> Result<Foreseen> {
    let (tip, rebase) = (&candidate.tip, strategy == MergeStrategy::Rebase);
    if rebase && trial.is_ancestor(onto, tip)? {
        return Ok(Foreseen::Whole(tip.clone()));
    }
    let mut current = onto.clone();
    for commit in trial.replayed(onto, tip, rebase)? {
        match trial.pick(&current, &commit)? {
            None => return Ok(Foreseen::Unknown),
            Some(Tried::Conflict(paths)) => return Ok(conflict(candidate, paths)),
            Some(Tried::Clean(tree)) if tree == trial.tree_of(&current)? => {}
            Some(Tried::Clean(tree)) => current = trial.commit(&tree, &[&current])?,
        }
    }
    if trial.has_merges(onto, tip)? {
        let whole = match trial.merge(onto, tip)? {
            Some(Tried::Clean(tree)) => Some(tree),
            _ => None,
        };
        if whole != Some(trial.tree_of(&current)?) {
            return Ok(Foreseen::Refused(BadMerge::MergesLeftOut {
                session: stored.config.session_id.clone(),
                agent: candidate.agent,
                strategy,
            }));
        }
    }
    Ok(Foreseen::Whole(current))
}

fn conflict(candidate: &Candidate, paths: Vec<PathBuf>) -> Foreseen {
    Foreseen::Conflict(PlannedConflict {
        agent: candidate.agent,
        paths,
    })
}

/// What a merge that goes in would change: files, tags, the checkout.
fn describe(
    hub: &Hub,
    trial: &Trial<'_>,
    stored: &StoredSession,
    candidates: &[Candidate],
    commit: &CommitId,
    plan: &mut MergePlanReport,
) -> Result<()> {
    plan.merges = Some(true);
    let files = trial.file_diffs(&plan.base_tip, commit)?;
    plan.diff = Some(stat(&files));
    plan.files = files.into_iter().map(planned_file).collect();
    let id = &stored.config.session_id;
    for attempt in hub.attempts(&stored.session)? {
        let mut merged = candidates.iter();
        let is_merged = attempt.newest && merged.any(|one| one.agent == attempt.agent);
        let Some(tip) = attempt.tip() else {
            continue;
        };
        if is_merged && trial.is_ancestor(tip, commit)? {
            continue;
        }
        plan.archived.push(ArchivedAttempt {
            agent: attempt.agent,
            attempt: attempt.attempt,
            tag: attempt.tag(id),
            commit: tip.clone(),
        });
    }
    if let Some(checkout) = &plan.checkout {
        let touched = trial.touched(&plan.base_tip, commit)?;
        plan.in_the_way = hub.repository.in_the_way(checkout, &touched)?;
    }
    Ok(())
}

fn stat(files: &[FileDiff]) -> DiffStat {
    let lines = files.iter().filter_map(|file| file.lines);
    let (insertions, deletions) = lines.fold((0, 0), |(more, less), lines| {
        (more + lines.insertions, less + lines.deletions)
    });
    DiffStat::new(files.len(), insertions, deletions)
}

fn planned_file(file: FileDiff) -> PlannedFile {
    PlannedFile {
        insertions: file.lines.map(|lines| lines.insertions),
        deletions: file.lines.map(|lines| lines.deletions),
        file: file.path,
        renamed_from: file.renamed_from,
    }
}
