//! `hub dag`: the attempts of a session, which contains which, and their commits.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::DateTime;

use crate::domain::dag::{self, Node, Reach};
use crate::domain::diff::DiffStat;
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

/// Describes the attempts of a session; of the newest where none is named.
///
/// # Errors
/// When the session cannot be read, or git cannot.
pub fn run(
    hub: &Hub,
    selector: Option<&SessionSelector>,
    only_frontier: bool,
) -> Result<DagReport> {
    let stored = hub.find(selector, "", |_| true)?;
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
    let mut agents = graph.attempts(hub, &stored, evaluation.as_ref(), &attempts)?;
    agents.retain(|attempt| attempt.frontier || !only_frontier);
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
        let mut found = repository.history(&starts, floor.as_ref())?;
        if let Some(floor) = floor {
            let info = repository.commit(&floor)?;
            let node = Node {
                commit: floor,
                parents: Vec::new(),
            };
            found.push((node, info));
        }
        let (nodes, infos): (Vec<Node>, Vec<CommitInfo>) = found.into_iter().unzip();
        let ids = nodes.iter().map(|node| node.commit.clone());
        Ok(Self {
            reaches: dag::reaches(&nodes, tips, base.as_ref()),
            infos: ids.zip(infos).collect(),
            nodes,
            base,
        })
    }

    fn attempts(
        &self,
        hub: &Hub,
        stored: &StoredSession,
        evaluation: Option<&Evaluation>,
        attempts: &[(AttemptInfo, Option<CommitId>)],
    ) -> Result<Vec<DagAttempt>> {
        let session = &stored.config.session_id;
        let winner = evaluation
            .and_then(|found| found.winner(stored.config.direction(), stored.config.baseline));
        let winner = winner.map(|winner| (winner.agent, winner.attempt));
        let with_tip: Vec<&AttemptInfo> = attempts
            .iter()
            .filter_map(|(attempt, tip)| tip.as_ref().map(|_| attempt))
            .collect();
        let mut reaches = self.reaches.iter();
        let mut diffs = BTreeMap::new();
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
                diff: self.diff(hub, tip.as_ref(), &mut diffs)?,
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
        Ok(described)
    }

    /// What a tip changes; equal tips are compared once.
    fn diff(
        &self,
        hub: &Hub,
        tip: Option<&CommitId>,
        known: &mut BTreeMap<CommitId, DiffStat>,
    ) -> Result<Option<DiffStat>> {
        let (Some(base), Some(tip)) = (&self.base, tip) else {
            return Ok(None);
        };
        if let Some(diff) = known.get(tip) {
            return Ok(Some(*diff));
        }
        let diff = hub.repository.diff_stat(base, tip)?;
        known.insert(tip.clone(), diff);
        Ok(Some(diff))
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
