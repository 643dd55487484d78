//! What a judge is shown of each candidate.

use std::collections::BTreeMap;

use crate::domain::board::{Channel, Post};
use crate::domain::evaluation::judge::Bout;
use crate::domain::evaluation::plan::Entrant;
use crate::domain::evaluation::tournament::Tournament;
use crate::domain::id::AgentId;
use crate::domain::judging::{Candidate, Excerpt, Question};
use crate::domain::refs::CommitId;
use crate::domain::session::SessionConfig;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;

use super::super::entries::Entry;
use super::super::results::Found;

/// The candidates, and all that is the same in every question.
pub(super) struct Questions<'q> {
    config: &'q SessionConfig,
    baseline: Option<f64>,
    candidates: BTreeMap<AgentId, Candidate>,
}

impl<'q> Questions<'q> {
    pub fn new(
        hub: &Hub,
        found: &Found<'q>,
        entries: &[Entry],
        held: &Tournament,
        commits: &BTreeMap<AgentId, CommitId>,
    ) -> Result<Self> {
        let config = found.config;
        let posts = results_posts(hub, config);
        let mut candidates = BTreeMap::new();
        for (agent, tip) in commits {
            let base = hub
                .base_of(config, tip)?
                .ok_or_else(|| Error::NoBaseBranch(config.base_branch.clone()))?;
            let (diff, total) = hub.repository.diff_text(&base, tip, Excerpt::DIFF)?;
            let of_agent = |post: &&Post| post.metadata.author == Some(agent.to_string());
            let bodies = posts.iter().filter(of_agent).map(|post| post.body.clone());
            let bodies: Vec<String> = bodies.collect();
            let mut placed = held.placed.iter();
            let placed = placed.find(|placed| placed.contestant.agent == *agent);
            let entry = entries.iter().find(|entry| entry.agent() == *agent);
            let candidate = Candidate {
                metric_value: placed.and_then(|placed| placed.figure),
                numbers: found.numbers(Entrant::Agent(*agent)),
                diff_stat: entry.map(|entry| entry.diff).unwrap_or_default(),
                diff: Excerpt::new(&diff, total, Excerpt::DIFF),
                posts: Excerpt::of_posts(*agent, &bodies),
            };
            candidates.insert(*agent, candidate);
        }
        Ok(Self {
            config,
            baseline: found.baseline(),
            candidates,
        })
    }

    /// The question of a bout.
    pub fn of(&self, bout: Bout) -> Result<Question> {
        let candidate = |agent: AgentId| {
            let candidate = self.candidates.get(&agent).cloned();
            candidate.ok_or_else(|| Error::NoAgent {
                session: self.config.session_id.clone(),
                agent,
            })
        };
        let config = self.config;
        Ok(Question {
            task: config.task.as_str().to_owned(),
            eval_cmd: config.eval_cmd.clone(),
            metric: config.metric.clone(),
            direction: config.metric.as_ref().map(|_| config.direction()),
            baseline: self.baseline,
            a: candidate(bout.a)?,
            b: candidate(bout.b)?,
        })
    }
}

/// The results that agents of a session have posted; a board that cannot be read is no reason
/// not to judge.
fn results_posts(hub: &Hub, config: &SessionConfig) -> Vec<Post> {
    let read = || hub.dir.board()?.posts(&Channel::results());
    match read() {
        Ok((posts, _)) => {
            let id = Some(config.session_id.as_str());
            let of_session = |post: &Post| post.metadata.session.as_deref() == id;
            // What hub itself tells there says who has won.
            let told = |post: &Post| post.metadata.about.is_some();
            let posts = posts.into_iter();
            posts
                .filter(|post| of_session(post) && !told(post))
                .collect()
        }
        Err(error) => {
            hub.warn(format!(
                "the judge is not shown what agents posted: {error}"
            ));
            Vec::new()
        }
    }
}
