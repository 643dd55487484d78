//! Who takes part in an evaluation, at which commit, and where it is measured.

use std::path::PathBuf;

use crate::domain::diff::DiffStat;
use crate::domain::evaluation::plan::Entrant;
use crate::domain::id::AgentId;
use crate::domain::measurement::{Conditions, PlannedEntrant};
use crate::domain::refs::CommitId;
use crate::domain::session::Session;
use crate::domain::state::AgentStatus;
use crate::lifecycle::attempts::AttemptInfo;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::LeftByEval;
use crate::store::LockedSession;

/// An agent's newest attempt, as it is found before anything is measured.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub attempt: AttemptInfo,
    /// What it changes.
    pub diff: DiffStat,
    /// Why it is out before it is measured.
    pub out: Option<String>,
    /// Files of its worktree that are not in its commit.
    pub uncommitted: usize,
    /// Its worktree, where that shows exactly its tip, or is to be measured as it is.
    pub worktree: Option<PathBuf>,
    /// Protected paths that it has changed.
    pub protected: Vec<PathBuf>,
}

impl Entry {
    pub fn agent(&self) -> AgentId {
        self.attempt.agent
    }

    /// What is measured; `None` when it is out.
    pub fn planned(&self) -> Option<PlannedEntrant> {
        let commit = self.attempt.tip().filter(|_| self.out.is_none())?;
        Some(PlannedEntrant {
            entrant: Entrant::Agent(self.agent()),
            attempt: Some(self.attempt.attempt),
            commit: commit.clone(),
            protected: self.protected.clone(),
        })
    }
}

/// The newest attempts of all agents, held against the rules that need no measuring.
pub(super) fn look(
    hub: &Hub,
    session: &LockedSession,
    conditions: &Conditions,
) -> Result<Vec<Entry>> {
    let attempts = hub.attempts(session.session())?.into_iter();
    attempts
        .filter(|attempt| attempt.newest)
        .map(|attempt| entry(hub, session, attempt, conditions))
        .collect()
}

fn entry(
    hub: &Hub,
    session: &LockedSession,
    attempt: AttemptInfo,
    conditions: &Conditions,
) -> Result<Entry> {
    let config = session.config();
    let mut entry = Entry {
        diff: DiffStat::default(),
        out: None,
        uncommitted: 0,
        worktree: None,
        protected: Vec::new(),
        attempt,
    };
    let Some(tip) = entry.attempt.tip().cloned() else {
        entry.out = Some("its branch is gone".to_owned());
        return Ok(entry);
    };
    let base = hub
        .base_of(config, &tip)?
        .ok_or_else(|| Error::NoBaseBranch(config.base_branch.clone()))?;
    entry.diff = hub.repository.diff_stat(&base, &tip)?;
    entry.protected = hub
        .repository
        .changed_paths(&base, &tip, &conditions.protect)?;
    entry.out = disqualified(session.session(), entry.agent(), &base, &tip);
    find_worktree(hub, session, &mut entry, &tip, conditions)?;
    Ok(entry)
}

/// Why an attempt is out before it is measured.
fn disqualified(
    session: &Session,
    agent: AgentId,
    base: &CommitId,
    tip: &CommitId,
) -> Option<String> {
    let record = session.agents().get(&agent);
    match record.map(|record| (record.status(), &record.run)) {
        Some((status @ (AgentStatus::Failed | AgentStatus::TimedOut), run)) => {
            let exit = run.as_ref().and_then(|run| run.exit);
            let reason = run.as_ref().and_then(|run| run.reason.as_ref());
            return Some(match (reason, exit) {
                (Some(reason), _) => format!("the agent {status}: {reason}"),
                (None, Some(exit)) => format!("the agent {status} with {exit}"),
                (None, None) => format!("the agent {status}"),
            });
        }
        Some((AgentStatus::Cancelled, _)) => return Some("the agent was cancelled".to_owned()),
        _ => {}
    }
    (base == tip).then(|| "it made no commit".to_owned())
}

/// Finds the worktree that shows exactly an attempt's tip, and counts what else is in it.
fn find_worktree(
    hub: &Hub,
    session: &LockedSession,
    entry: &mut Entry,
    tip: &CommitId,
    conditions: &Conditions,
) -> Result<()> {
    let Some(path) = hub.worktree_of(session.session(), entry.agent())? else {
        return Ok(());
    };
    let worktrees = hub.repository.worktrees()?;
    let found = worktrees.iter().find(|w| w.path == path && !w.missing);
    if found.is_none_or(|worktree| worktree.head.as_ref() != Some(tip)) {
        return Ok(());
    }
    let left = LeftByEval::of(session.snapshot())?;
    let changes = hub.work_in(&path, &left, entry.agent())?;
    entry.uncommitted = changes.len();
    let agent = entry.agent();
    if changes.is_empty() {
        entry.worktree = Some(path);
    } else if conditions.in_worktree {
        hub.warn(format!(
            "{agent} has uncommitted files ({}); they are measured, too, and would not be merged",
            changes.len()
        ));
        entry.worktree = Some(path);
    } else {
        hub.warn(format!(
            "{agent} has uncommitted files ({}); its last commit is measured without them",
            changes.len()
        ));
    }
    if !entry.protected.is_empty() {
        // They are to be as in the base commit, which its worktree is not.
        entry.worktree = None;
    }
    Ok(())
}

/// Puts those out that have changed a protected path.
pub(super) fn keep_to_protected(entries: &mut [Entry]) {
    for entry in entries.iter_mut().filter(|entry| entry.out.is_none()) {
        if let Some(first) = entry.protected.first() {
            let first = first.display();
            let more = entry.protected.len() - 1;
            entry.out = Some(match more {
                0 => format!("it changed {first}, which is protected"),
                _ => format!("it changed {first} and {more} more, which are protected"),
            });
        }
    }
}
