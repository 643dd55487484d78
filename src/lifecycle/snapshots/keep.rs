//! Keeping work that no branch holds, before hub touches where it stands.

use std::path::Path;

use crate::domain::event::Operation;
use crate::domain::id::AgentId;
use crate::domain::refs::{CommitId, SnapshotLabel, SnapshotRef};
use crate::domain::report::SnapshotReport;
use crate::git::RefChange;
use crate::store::LockedSession;

use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;

impl Hub {
    /// Keeps everything that a worktree holds beyond its commit; what git ignores is not kept.
    pub(in crate::lifecycle) fn keep_uncommitted(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        agent: AgentId,
        worktree: &Path,
    ) -> Result<SnapshotReport> {
        let id = &session.config().session_id;
        let message = format!(
            "Uncommitted work of {agent} of session {id}\n\nHub-Session: {id}\nHub-Agent: {agent}\n"
        );
        let commit = self.repository.snapshot(worktree, &message)?;
        self.keep_as_uncommitted(session, operation, agent, commit)
    }

    /// Keeps what is changed in a worktree's tracked files; `None` when nothing is.
    pub(in crate::lifecycle) fn keep_changed(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        agent: AgentId,
        worktree: &Path,
    ) -> Result<Option<SnapshotReport>> {
        self.repository
            .stash(worktree)?
            .map(|commit| self.keep_as_uncommitted(session, operation, agent, commit))
            .transpose()
    }

    /// Keeps those commits that no ref reaches: an agent amended or reset them away, and a
    /// reflog that goes with its worktree or branch alone names them.
    pub(in crate::lifecycle) fn keep_discarded(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        agent: AgentId,
        named: &[CommitId],
    ) -> Result<Vec<SnapshotReport>> {
        let unreached = self.repository.unreachable(named)?;
        self.keep_commits(session, operation, agent, &unreached)
    }

    /// Keeps commits that nothing keeps yet, each under a name of its own.
    pub(in crate::lifecycle) fn keep_commits(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        agent: AgentId,
        commits: &[CommitId],
    ) -> Result<Vec<SnapshotReport>> {
        commits
            .iter()
            .cloned()
            .map(|commit| {
                let name = SnapshotRef {
                    session: session.config().session_id.clone(),
                    agent,
                    label: SnapshotLabel::Discarded(commit.clone()),
                };
                self.keep(session, operation, name, commit)
            })
            .collect()
    }

    fn keep_as_uncommitted(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        agent: AgentId,
        commit: CommitId,
    ) -> Result<SnapshotReport> {
        let taken = self
            .repository
            .refs_under(&SnapshotRef::prefix(&session.config().session_id))?;
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
                session: session.config().session_id.clone(),
                agent,
                label: SnapshotLabel::Uncommitted(seconds),
            };
            if taken.iter().all(|found| found.name != name.full()) {
                return self.keep(session, operation, name, commit);
            }
            // Two in one second; what tells them apart is the name, not the time.
            seconds += 1;
        }
    }

    fn keep(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        name: SnapshotRef,
        commit: CommitId,
    ) -> Result<SnapshotReport> {
        let change = RefChange {
            name: name.full(),
            from: None,
            to: Some(commit.clone()),
        };
        self.change_refs(session, operation, &[change], "hub: snapshot")?;
        Ok(SnapshotReport {
            agent: name.agent,
            r#ref: name,
            commit,
        })
    }
}
