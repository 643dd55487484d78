//! Work that no branch holds, kept under `refs/hub/snapshots/` before hub touches where it stands.

use std::path::Path;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{CommitId, SnapshotLabel, SnapshotRef};
use crate::domain::report::SnapshotReport;
use crate::git::RefChange;

use super::error::Result;
use super::hub::Hub;

impl Hub {
    /// Keeps everything that a worktree holds beyond its commit; what git ignores is not kept.
    pub(super) fn keep_uncommitted(
        &self,
        session: &SessionId,
        agent: AgentId,
        worktree: &Path,
    ) -> Result<SnapshotReport> {
        let message = format!(
            "Uncommitted work of {agent} of session {session}\n\nHub-Session: {session}\nHub-Agent: {agent}\n"
        );
        let commit = self.repository.snapshot(worktree, &message)?;
        self.keep_as_uncommitted(session, agent, commit)
    }

    /// Keeps what is changed in a worktree's tracked files; `None` when nothing is.
    pub(super) fn keep_changed(
        &self,
        session: &SessionId,
        agent: AgentId,
        worktree: &Path,
    ) -> Result<Option<SnapshotReport>> {
        self.repository
            .stash(worktree)?
            .map(|commit| self.keep_as_uncommitted(session, agent, commit))
            .transpose()
    }

    /// Keeps those commits that no ref reaches: an agent amended or reset them away, and a
    /// reflog that goes with its worktree or branch alone names them.
    pub(super) fn keep_discarded(
        &self,
        session: &SessionId,
        agent: AgentId,
        named: &[CommitId],
    ) -> Result<Vec<SnapshotReport>> {
        let unreached = self.repository.unreachable(named)?;
        unreached
            .into_iter()
            .map(|commit| {
                let name = SnapshotRef {
                    session: session.clone(),
                    agent,
                    label: SnapshotLabel::Discarded(commit.clone()),
                };
                self.keep(name, commit)
            })
            .collect()
    }

    fn keep_as_uncommitted(
        &self,
        session: &SessionId,
        agent: AgentId,
        commit: CommitId,
    ) -> Result<SnapshotReport> {
        let taken = self.repository.refs_under(&SnapshotRef::prefix(session))?;
        for found in &taken {
            // By a hub that was killed between keeping and removing.
            let name = found.name.as_str().parse::<SnapshotRef>().ok();
            let of_agent = name.filter(|name| {
                name.agent == agent && matches!(name.label, SnapshotLabel::Uncommitted(_))
            });
            if let Some(name) = of_agent
                && self.repository.same_content(&found.commit, &commit)?
            {
                return Ok(SnapshotReport {
                    agent,
                    r#ref: name,
                    commit: found.commit.clone(),
                });
            }
        }
        let mut seconds = self.now().timestamp();
        loop {
            let name = SnapshotRef {
                session: session.clone(),
                agent,
                label: SnapshotLabel::Uncommitted(seconds),
            };
            if taken.iter().all(|found| found.name != name.full()) {
                return self.keep(name, commit);
            }
            // Two in one second; what tells them apart is the name, not the time.
            seconds += 1;
        }
    }

    fn keep(&self, name: SnapshotRef, commit: CommitId) -> Result<SnapshotReport> {
        let change = RefChange {
            name: name.full(),
            from: None,
            to: Some(commit.clone()),
        };
        self.repository.update_refs(&[change], "hub: snapshot")?;
        Ok(SnapshotReport {
            agent: name.agent,
            r#ref: name,
            commit,
        })
    }
}
