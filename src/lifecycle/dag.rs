//! `hub dag`: the attempts of a session, which contains which, and their commits.

use std::collections::{HashMap, HashSet};

use chrono::DateTime;

use crate::domain::dag::{self, Node, Reach};
use crate::domain::evaluation::Evaluation;
use crate::domain::id::SessionSelector;
use crate::domain::refs::CommitId;
use crate::domain::report::{AttemptName, DagAttempt, DagCommit, DagReport};
use crate::git::CommitInfo;
use crate::store::StoredSession;

use super::attempts::AttemptInfo;
use super::error::Result;
use super::hub::Hub;
use super::status::measured_commit;

/// What is asked about the attempts of a session.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session; the newest where none is named.
    pub session: Option<SessionSelector>,
    /// Only attempts that no other one contains.
    pub only_frontier: bool,
    /// Whether what they change is counted: of many attempts it takes longer than all else.
    pub diffs: bool,
}

/// Describes the attempts of a session.
///
/// # Errors
/// When the session cannot be read, or git cannot.
pub fn run(hub: &Hub, request: &Request) -> Result<DagReport> {
    let stored = hub.find(request.session.as_ref(), "", |_| true)?;
    let evaluation = stored.evaluation()?;
    let attempts: Vec<(AttemptInfo, Option<CommitId>)> = hub
        .attempts(&stored.session)?
        .into_iter()
        .map(|attempt| {
            let result = evaluation.as_ref().and_then(|all| all.of(attempt.agent));
            let tip = attempt.tip().cloned();
            let tip = tip.or_else(|| measured_commit(hub, result, &attempt));
            (attempt, tip)
        })
        .collect();
    let tips: Vec<CommitId> = attempts.iter().filter_map(|(_, tip)| tip.clone()).collect();
    let graph = Graph::read(hub, &stored, &tips)?;
    let mut agents = graph.attempts(&stored, evaluation.as_ref(), &attempts);
    agents.retain(|attempt| attempt.frontier || !request.only_frontier);
    if request.diffs {
        add_diffs(hub, graph.base.as_ref(), &mut agents)?;
    }
    Ok(DagReport {
        session: stored.config.session_id.clone(),
        agents,
        commits: graph.commits(&tips),
        base_commit: graph.base,
    })
}

/// What one walk from all tips found.
struct Graph {
    base: Option<CommitId>,
    nodes: Vec<Node>,
    infos: HashMap<CommitId, CommitInfo>,
    reaches: Vec<Reach>,
}

impl Graph {
    fn read(hub: &Hub, stored: &StoredSession, tips: &[CommitId]) -> Result<Self> {
        let repository = &hub.repository;
        let recorded = stored.config.base_commit.clone();
        // A shallow clone may have lost it.
        let recorded = recorded.filter(|base| repository.commit(base).is_ok());
        if let Some(base) = &recorded {
            // Nearly always all go on from there, and then there is nothing to look for.
            let (nodes, infos) = split(repository.history(tips, Some(base))?);
            if dag::stand_on(&nodes, tips, base) {
                let (nodes, infos) = on_floor(hub, nodes, infos, Some(base.clone()))?;
                return Ok(Self::of(nodes, infos, tips, recorded));
            }
        }
        let mut roots = tips.to_vec();
        match &recorded {
            Some(base) => roots.push(base.clone()),
            None => roots.extend(repository.branch_tip(&stored.config.base_branch)?),
        }
        let floor = repository.common_commit(&roots)?;
        // Older tools did not record it: then it is where all left the base branch.
        let base = match recorded {
            Some(base) => Some(base),
            None => floor.clone().filter(|_| roots.len() > tips.len()),
        };
        let starts: Vec<CommitId> = tips.iter().chain(&base).cloned().collect();
        let (nodes, infos) = split(repository.history(&starts, floor.as_ref())?);
        let (nodes, infos) = on_floor(hub, nodes, infos, floor)?;
        Ok(Self::of(nodes, infos, tips, base))
    }

    fn of(
        nodes: Vec<Node>,
        infos: Vec<CommitInfo>,
        tips: &[CommitId],
        base: Option<CommitId>,
    ) -> Self {
        let ids = nodes.iter().map(|node| node.commit.clone());
        Self {
            reaches: dag::reaches(&nodes, tips, base.as_ref()),
            infos: ids.zip(infos).collect(),
            nodes,
            base,
        }
    }

    fn attempts(
        &self,
        stored: &StoredSession,
        evaluation: Option<&Evaluation>,
        attempts: &[(AttemptInfo, Option<CommitId>)],
    ) -> Vec<DagAttempt> {
        let session = &stored.config.session_id;
        let winner = evaluation
            .and_then(|found| found.winner(stored.config.direction(), stored.config.baseline));
        let winner = winner.map(|winner| (winner.agent, winner.attempt));
        let with_tip: Vec<&AttemptInfo> = attempts
            .iter()
            .filter_map(|(attempt, tip)| tip.as_ref().map(|_| attempt))
            .collect();
        let mut reaches = self.reaches.iter();
        let mut described = Vec::new();
        for (attempt, tip) in attempts {
            let reach = tip.as_ref().and_then(|_| reaches.next());
            let container = reach.and_then(|reach| with_tip.get(reach.contained_in?));
            let ahead = reach.filter(|_| self.base.is_some()).map(|r| r.ahead);
            let own = tip.as_ref().filter(|_| ahead != Some(0));
            let info = own.and_then(|tip| self.infos.get(tip));
            described.push(DagAttempt {
                agent: attempt.agent,
                attempt: attempt.attempt,
                branch: attempt.branch(session).name(),
                tag: attempt.archived.as_ref().map(|_| attempt.tag(session)),
                commits_ahead: ahead,
                diff: None,
                last_update: info.and_then(|info| DateTime::from_timestamp(info.time, 0)),
                last_message: info.map(|info| info.subject.clone()),
                frontier: reach.is_some_and(|reach| reach.contained_in.is_none()),
                contained_in: container.map(|other| AttemptName {
                    agent: other.agent,
                    attempt: other.attempt,
                }),
                winner: winner == Some((attempt.agent, attempt.attempt)),
                archived: attempt.branch_tip.is_none() && attempt.archived.is_some(),
                commit: tip.clone(),
            });
        }
        described
    }

    /// The commits in the order they are drawn in.
    fn commits(&self, tips: &[CommitId]) -> Vec<DagCommit> {
        let starts: Vec<CommitId> = tips.iter().chain(&self.base).cloned().collect();
        let listed: HashSet<&CommitId> = self.nodes.iter().map(|node| &node.commit).collect();
        let nodes = dag::drawn_order(&self.nodes, &starts);
        let nodes = nodes.into_iter().filter_map(|at| self.nodes.get(at));
        nodes
            .map(|node| DagCommit {
                commit: node.commit.clone(),
                parents: {
                    let parents = node.parents.iter();
                    parents.filter(|id| listed.contains(id)).cloned().collect()
                },
                message: self
                    .infos
                    .get(&node.commit)
                    .map_or_else(String::new, |info| info.subject.clone()),
            })
            .collect()
    }
}

fn split(found: Vec<(Node, CommitInfo)>) -> (Vec<Node>, Vec<CommitInfo>) {
    found.into_iter().unzip()
}

/// Adds the commit that all have in common below the others.
fn on_floor(
    hub: &Hub,
    mut nodes: Vec<Node>,
    mut infos: Vec<CommitInfo>,
    floor: Option<CommitId>,
) -> Result<(Vec<Node>, Vec<CommitInfo>)> {
    if let Some(commit) = floor {
        infos.push(hub.repository.commit(&commit)?);
        let parents = Vec::new();
        nodes.push(Node { commit, parents });
    }
    Ok((nodes, infos))
}

/// Counts what the tips change, all of them together.
fn add_diffs(hub: &Hub, base: Option<&CommitId>, attempts: &mut [DagAttempt]) -> Result<()> {
    let Some(base) = base else {
        return Ok(());
    };
    let tips = attempts.iter().filter_map(|attempt| attempt.commit.clone());
    let diffs = hub.repository.diff_stats(base, &tips.collect::<Vec<_>>())?;
    for attempt in attempts {
        let commit = attempt.commit.as_ref();
        attempt.diff = commit.and_then(|commit| diffs.get(commit)).copied();
    }
    Ok(())
}
