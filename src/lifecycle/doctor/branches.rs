//! Attempt branches held against the records, and commits that nothing keeps.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{AttemptBranch, CommitId, RefName};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::session::AgentRecord;
use crate::domain::state::SessionState;
use crate::git::RefChange;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::merge;

use super::base::merged_commit;
use super::found::{Found, in_journal};
use super::tags;
use super::view::{Looked, View, all};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for looked in view.at_rest() {
        view.hub.interrupt.check()?;
        let refs = view.refs_of(&looked.id);
        let merged = merged_agents(looked);
        for (agent, record) in looked.stored.session.agents() {
            let kept = refs.branches.contains_key(&(*agent, record.attempt))
                || refs.tags.contains_key(&(*agent, None));
            let is_merged = looked.state() == SessionState::Merged && merged.contains(agent);
            let of_hub = record.branch.as_str().parse::<AttemptBranch>().is_ok();
            if !kept && !is_merged && of_hub && !looked.is_at_work(*agent) {
                found.push(lost(view, looked, *agent, record)?);
            }
        }
    }
    found.extend(unreached(view, &found)?);
    Ok(found)
}

/// The agents whose work is in the base branch; their branches may go without a tag.
pub(super) fn merged_agents(looked: &Looked) -> Vec<AgentId> {
    let begun = looked.events.iter().rev();
    let mut begun =
        begun.filter(|event| event.operation == Operation::Merge && event.phase == Phase::Begin);
    begun
        .next()
        .map(|event| merge::agents_of(&event.detail))
        .unwrap_or_default()
}

fn lost(view: &View<'_>, looked: &Looked, agent: AgentId, record: &AgentRecord) -> Result<Found> {
    let branch = record.branch.clone();
    let what = format!("{branch} is gone, and no archive tag keeps it");
    let commit = last_commit(view, looked, agent, record)?;
    let found = Found::a(FindingCode::LostBranch, what).because(
        "the branch was deleted or renamed by hand",
        Danger::Loss,
        match &commit {
            Some(commit) => format!(
                "its commits up to {} are there until git prunes them",
                commit.short()
            ),
            None => "nothing that hub knows names its last commit any more".to_owned(),
        },
    );
    let name = branch.full();
    let found = found.of(&looked.id).agent(agent).r#ref(name.as_str());
    let Some(commit) = commit else {
        return Ok(found.hint("`git fsck --lost-found` lists the commits that nothing reaches"));
    };
    let id = looked.id.clone();
    let archived = tags::was_archived(looked);
    let fix = format!("makes the branch again at {}", commit.short());
    Ok(found.cured(fix, move |hub| {
        make_again(hub, &id, &name, &commit)?;
        if archived {
            tags::tag_again(hub, &id, agent)?;
        }
        Ok(())
    }))
}

/// The commit that an attempt's branch was last seen at, if it is in the repository.
///
/// Its own worktree knows best; then the journal, where hub itself removed it; the evaluation;
/// and where the branch was renamed, the commit that is checked out.
fn last_commit(
    view: &View<'_>,
    looked: &Looked,
    agent: AgentId,
    record: &AgentRecord,
) -> Result<Option<CommitId>> {
    let repository = &view.hub.repository;
    let mut known = Vec::new();
    let path = record.worktree.as_ref();
    let worktree = path.and_then(|path| view.worktrees.iter().find(|one| one.path == *path));
    if let Some(worktree) = worktree.filter(|one| one.branch.as_ref() == Some(&record.branch)) {
        known.extend(repository.head_reflog(&worktree.path)?.pop());
    }
    // hub itself may have removed it; where it began it was before any work.
    let moves = looked.events.iter().rev();
    let mut moves = moves.flat_map(|event| event.refs.iter().rev());
    let removed = moves.find(|moved| moved.r#ref == record.branch.full() && moved.new.is_none());
    known.extend(removed.and_then(|moved| moved.old.clone()));
    let result = looked.evaluation.as_ref().and_then(|all| all.of(agent));
    let result = result.filter(|result| result.attempt == record.attempt);
    known.extend(result.and_then(|result| result.commit.clone()));
    known.extend(worktree.and_then(|worktree| worktree.head.clone()));
    let absent = repository.absent(&all(known.iter().cloned()))?;
    Ok(known.into_iter().find(|commit| !absent.contains(commit)))
}

/// Makes a ref that is not there, under the session's lock, and lets the journal tell of it.
fn make_again(hub: &Hub, id: &SessionId, name: &RefName, commit: &CommitId) -> Result<()> {
    let change = RefChange {
        name: name.clone(),
        from: None,
        to: Some(commit.clone()),
    };
    in_journal(hub, id, json!({ "mends": "lost_branch" }), |session| {
        hub.change_refs(session, Operation::Doctor, &[change], "hub: doctor")
    })
}

/// Commits that were measured or merged and that no ref reaches, beside those of `lost` branches.
fn unreached(view: &View<'_>, lost: &[Found]) -> Result<Vec<Found>> {
    let mut named: BTreeMap<CommitId, (SessionId, AgentId)> = BTreeMap::new();
    for looked in view.at_rest() {
        let results = looked.evaluation.iter().flat_map(|all| &all.results);
        let is_lost = |agent: AgentId| {
            lost.iter().any(|found| {
                found.finding.session_id.as_ref() == Some(&looked.id)
                    && found.finding.agent == Some(agent)
            })
        };
        for result in results.filter(|result| !is_lost(result.agent)) {
            let commit = result.commit.clone();
            named.extend(commit.map(|commit| (commit, (looked.id.clone(), result.agent))));
        }
        let merged = merged_commit(looked).filter(|_| looked.state() == SessionState::Merged);
        if let (Some(commit), Some(agent)) = (merged, merged_agents(looked).first()) {
            named.insert(commit, (looked.id.clone(), *agent));
        }
    }
    let commits: Vec<CommitId> = named.keys().cloned().collect();
    let unreached = view.hub.repository.unreachable(&commits)?;
    let told = unreached.into_iter().filter_map(|commit| {
        let (id, agent) = named.get(&commit)?.clone();
        Some(unreached_commit(id, agent, commit))
    });
    Ok(told.collect())
}

fn unreached_commit(id: SessionId, agent: AgentId, commit: CommitId) -> Found {
    let what = format!("{} of {agent} is reached by no ref", commit.short());
    let found = Found::a(FindingCode::UnreachedCommit, what).because(
        "it was measured or merged, and then amended, reset or rewritten away",
        Danger::Loss,
        "git prunes it when no reflog names it any more",
    );
    let found = found.of(&id).agent(agent);
    let fix = "keeps it under refs/hub/snapshots/";
    found.cured(fix, move |hub| {
        in_journal(
            hub,
            &id,
            json!({ "mends": "unreached_commit" }),
            |session| hub.keep_discarded(session, Operation::Doctor, agent, &[commit]),
        )
    })
}
