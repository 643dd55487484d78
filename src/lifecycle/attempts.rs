//! Which attempts a session has, from its state and from the refs that are really there.

use std::collections::BTreeMap;

use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{ArchiveTag, AttemptBranch, CommitId};
use crate::domain::session::Session;

use super::error::Result;
use super::hub::Hub;

/// One attempt of a session.
#[derive(Clone, Debug)]
pub(super) struct AttemptInfo {
    pub agent: AgentId,
    pub attempt: Attempt,
    /// Whether it is the agent's newest.
    pub newest: bool,
    /// The tip of its branch, while there is one.
    pub branch_tip: Option<CommitId>,
    /// The commit that its archive tag keeps, once there is one.
    pub archived: Option<CommitId>,
}

impl AttemptInfo {
    /// The attempt's branch.
    pub fn branch(&self, session: &SessionId) -> AttemptBranch {
        AttemptBranch {
            session: session.clone(),
            agent: self.agent,
            attempt: self.attempt,
        }
    }

    /// The attempt's archive tag.
    pub fn tag(&self, session: &SessionId) -> ArchiveTag {
        ArchiveTag {
            session: session.clone(),
            agent: self.agent,
            older_attempt: (!self.newest).then_some(self.attempt),
        }
    }

    /// Where the attempt ends: its branch while there is one, else its tag.
    pub fn tip(&self) -> Option<&CommitId> {
        self.branch_tip.as_ref().or(self.archived.as_ref())
    }
}

impl Hub {
    /// All attempts of a session, by agent and number.
    ///
    /// What the state names is there even when its branch is gone; what only refs tell
    /// of (an older tool kept no agents in its state) is there too.
    pub(super) fn attempts(&self, session: &Session) -> Result<Vec<AttemptInfo>> {
        let mut known: BTreeMap<(AgentId, Attempt), Option<CommitId>> = session
            .agents()
            .iter()
            .map(|(agent, record)| ((*agent, record.attempt), None))
            .collect();
        for found in self
            .repository
            .refs_under(&AttemptBranch::prefix(&session.id))?
        {
            let branch = found
                .name
                .branch()
                .and_then(|name| name.as_str().parse().ok());
            let Some(branch): Option<AttemptBranch> = branch else {
                continue;
            };
            known.insert((branch.agent, branch.attempt), Some(found.commit));
        }
        let tags = self.archive_tags(&session.id)?;
        for (agent, older) in tags.keys() {
            if let Some(attempt) = older {
                known.entry((*agent, *attempt)).or_default();
                continue;
            }
            // It keeps the newest: the one after all that are older by their tags.
            let older = tags.keys().filter(|(of, _)| of == agent);
            let older = older.filter_map(|(_, older)| *older).max();
            let number = older.map_or(Attempt::FIRST, Attempt::next);
            if !known.keys().any(|(of, is)| of == agent && *is >= number) {
                known.insert((*agent, number), None);
            }
        }
        let newest: BTreeMap<AgentId, Attempt> = known.keys().copied().collect();
        Ok(known
            .into_iter()
            .map(|((agent, attempt), branch_tip)| {
                let is_newest = newest.get(&agent) == Some(&attempt);
                let key = (agent, (!is_newest).then_some(attempt));
                AttemptInfo {
                    agent,
                    attempt,
                    newest: is_newest,
                    branch_tip,
                    archived: tags.get(&key).cloned(),
                }
            })
            .collect())
    }

    /// The archive tags of a session, by agent and (for older ones) attempt.
    fn archive_tags(
        &self,
        session: &SessionId,
    ) -> Result<BTreeMap<(AgentId, Option<Attempt>), CommitId>> {
        let mut tags = BTreeMap::new();
        for found in self.repository.refs_under(&ArchiveTag::prefix(session))? {
            let name = found.name.as_str().strip_prefix("refs/tags/");
            let tag = name.and_then(|name| name.parse::<ArchiveTag>().ok());
            if let Some(tag) = tag {
                tags.insert((tag.agent, tag.older_attempt), found.commit);
            }
        }
        Ok(tags)
    }
}
