//! The base branch and the base commit, and whether what was merged is still there.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::{Operation, Phase};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::state::SessionState;
use crate::lifecycle::error::Result;

use super::found::Found;
use super::view::{Looked, View};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut tips: BTreeMap<&BranchName, Option<CommitId>> = BTreeMap::new();
    for looked in view.at_rest() {
        let branch = &looked.stored.config.base_branch;
        if !tips.contains_key(branch) {
            tips.insert(branch, view.hub.repository.branch_tip(branch)?);
        }
    }
    let mut found = base_commits(view)?;
    for (branch, tip) in tips {
        let of_branch = |looked: &&Looked| looked.stored.config.base_branch == *branch;
        let sessions: Vec<&Looked> = view.at_rest().filter(of_branch).collect();
        match tip {
            None => found.extend(base_gone(branch, &sessions)),
            Some(tip) => found.extend(merges_gone(view, branch, &tip, &sessions)?),
        }
    }
    Ok(found)
}

/// A base branch that is gone is told of once; sessions at their end do not need it any more.
fn base_gone(branch: &BranchName, sessions: &[&Looked]) -> Option<Found> {
    let mut open = sessions
        .iter()
        .filter(|looked| !looked.state().is_terminal());
    let first = open.next()?;
    let others = match open.count() {
        0 => String::new(),
        more => format!(", and of {more} more sessions"),
    };
    let what = format!("its base branch {branch} is not there{others}");
    let found = Found::a(FindingCode::BaseGone, what).because(
        "the branch was deleted or renamed",
        Danger::Blocked,
        "nothing can be merged into it",
    );
    let commit = first.stored.config.base_commit.as_ref();
    let commit = commit.map_or_else(|| "COMMIT".to_owned(), |commit| commit.short().to_owned());
    let hint = format!("`git branch {branch} {commit}` makes it anew where the session began");
    Some(found.of(&first.id).r#ref(branch.full().as_str()).hint(hint))
}

/// Base commits that are not in the repository, of sessions that need them still.
fn base_commits(view: &View<'_>) -> Result<Vec<Found>> {
    let open = || {
        view.at_rest()
            .filter(|looked| !looked.state().is_terminal())
    };
    let named = open().filter_map(|looked| looked.stored.config.base_commit.clone());
    let absent = view.hub.repository.absent(&named.collect())?;
    let gone = open().filter_map(|looked| {
        let commit = looked.stored.config.base_commit.as_ref()?;
        let commit = absent.get(commit)?;
        let what = format!(
            "its base commit {} is not in the repository",
            commit.short()
        );
        let shallow = view.hub.repository.is_shallow();
        let cause = if shallow {
            "the repository is a shallow clone, and its history was cut there"
        } else {
            "the repository was cloned anew, or the history was rewritten and pruned"
        };
        let found = Found::a(FindingCode::BaseCommitGone, what).because(
            cause,
            Danger::Blocked,
            "no attempt can be started from it, and none can be compared with it",
        );
        let hint = if shallow {
            "`git fetch --unshallow` fetches it".to_owned()
        } else {
            format!("`git fetch REMOTE {commit}` fetches it from where it is")
        };
        let path = looked.dir().config_file();
        Some(found.of(&looked.id).at(path).hint(hint))
    });
    Ok(gone.collect())
}

/// The merge commit of a session, by its journal.
pub(super) fn merged_commit(looked: &Looked) -> Option<CommitId> {
    let steps = looked.events.iter().rev();
    let mut steps =
        steps.filter(|event| event.operation == Operation::Merge && event.phase == Phase::Step);
    steps.find_map(|event| event.detail.get("merge_commit")?.as_str()?.parse().ok())
}

fn merges_gone(
    view: &View<'_>,
    branch: &BranchName,
    tip: &CommitId,
    sessions: &[&Looked],
) -> Result<Vec<Found>> {
    let repository = &view.hub.repository;
    let merged: Vec<(&Looked, CommitId)> = sessions
        .iter()
        .filter(|looked| looked.state() == SessionState::Merged)
        .filter_map(|looked| Some((*looked, merged_commit(looked)?)))
        .collect();
    let commits: BTreeSet<CommitId> = merged.iter().map(|(_, commit)| commit.clone()).collect();
    let absent = repository.absent(&commits)?;
    let present = commits.difference(&absent).cloned().collect();
    let mut gone = repository.not_reached_from(tip, &present)?;
    gone.extend(absent.iter().cloned());
    // One that was imported was merged elsewhere; nobody said that it would be here.
    let elsewhere = |looked: &Looked, commit: &CommitId| {
        absent.contains(commit) && view.hub.dir.is_imported(&looked.dir().config_file())
    };
    let found = merged
        .into_iter()
        .filter(|(looked, commit)| gone.contains(commit) && !elsewhere(looked, commit));
    Ok(found
        .map(|(looked, commit)| {
            let short = commit.short();
            let what = format!("{branch} does not hold its merge {short} any more");
            let (danger, hint) = if absent.contains(&commit) {
                let hint =
                    "the commit is not in the repository: fetch it from where it was pushed to";
                (Danger::Loss, hint.to_owned())
            } else {
                let hint = format!("`git merge {short}` on {branch} brings it back");
                (Danger::Misleading, hint)
            };
            let found = Found::a(FindingCode::MergeGone, what).because(
                "the branch was reset, or its history was rewritten",
                danger,
                "the session counts as merged, and what it won is not in the branch",
            );
            found
                .of(&looked.id)
                .r#ref(branch.full().as_str())
                .hint(hint)
        })
        .collect())
}
