//! What is to become of each worktree of a session, found before any is touched.

use std::path::PathBuf;

use crate::domain::cleanup::ProcessInside;
use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::effects::Standing;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::report::LeftProcess;
use crate::domain::session::Session;
use crate::git::{self, Sight, Worktree};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::{AgentWorktree, LeftByEval};
use crate::process::inside;

/// What is done with one worktree.
pub(super) struct Plan {
    pub agent: AgentId,
    pub path: PathBuf,
    /// How it stands now; `None` before its first commit.
    pub standing: Option<Standing>,
    pub kind: PlanKind,
    /// The files that only it holds.
    pub work: Vec<PathBuf>,
    /// What git ignores in it, folders as a whole.
    pub ignored: Vec<PathBuf>,
    /// Who works in it, and is left alone.
    pub processes: Vec<LeftProcess>,
    /// Why it stays; the cleanup is refused then.
    pub refusals: Vec<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanKind {
    /// Its folder is gone; git forgets it.
    Forget,
    /// Nothing in it would be lost.
    Remove,
    /// What only it holds becomes a snapshot first.
    Snapshot,
}

/// How a cleanup looks at worktrees.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// Whether work is kept as a snapshot instead of refused.
    pub force: bool,
    /// Whether it matters who works in them; commands that are still to be run may end that.
    pub processes: bool,
}

/// Looks at every worktree of a session.
///
/// # Errors
/// When one cannot be looked at. What is refused is in the plans.
pub(super) fn look(
    hub: &Hub,
    session: &Session,
    left: &LeftByEval,
    how: Look,
) -> Result<Vec<Plan>> {
    let found = hub.worktrees_of_agents(session)?;
    let there = found.iter().filter(|found| !found.worktree.missing);
    let there: Vec<PathBuf> = there.map(|found| found.worktree.path.clone()).collect();
    let mut sights = look_into(hub, &there)?.into_iter();
    found
        .into_iter()
        .map(|found| {
            let mut plan = Plan {
                agent: found.agent,
                path: found.worktree.path.clone(),
                standing: standing_of(&found.worktree),
                kind: PlanKind::Remove,
                work: Vec::new(),
                ignored: Vec::new(),
                processes: Vec::new(),
                refusals: Vec::new(),
            };
            let sight = if found.worktree.missing {
                None
            } else {
                sights.next()
            };
            if let Err(error) = plan.look(hub, &session.id, left, &found, sight, how) {
                plan.refused(error)?;
            }
            Ok(plan)
        })
        .collect()
}

/// What is in the worktrees, found out by several threads.
fn look_into(hub: &Hub, worktrees: &[PathBuf]) -> Result<Vec<git::Result<Sight>>> {
    let _doing = hub.doing("looking into worktrees");
    let looked = hub.repository.look_into(worktrees, &mut |done| {
        hub.count("looking into worktrees", Some((done, worktrees.len())));
        hub.interrupt.check().is_ok()
    });
    looked.map_err(|error| hub.cause(error.into()))
}

fn standing_of(worktree: &Worktree) -> Option<Standing> {
    Some(Standing {
        branch: worktree.branch.clone(),
        commit: worktree.head.clone()?,
        snapshot: None,
    })
}

/// All that stands in the way, as one error.
///
/// # Errors
/// When anything does.
pub(super) fn check(session: &SessionId, plans: &mut [Plan]) -> Result<()> {
    let all = plans
        .iter_mut()
        .map(|plan| std::mem::take(&mut plan.refusals));
    let mut refusals: Vec<Error> = all.flatten().collect();
    match refusals.len() {
        0 => Ok(()),
        1 => refusals.pop().map_or(Ok(()), Err),
        _ => Err(Error::Obstacles {
            session: session.clone(),
            refusals,
        }),
    }
}

impl Plan {
    /// Keeps a refusal beside the others; anything else ends the look.
    fn refused(&mut self, error: Error) -> Result<()> {
        if error.code() != Code::Refused {
            return Err(error);
        }
        self.refusals.push(error);
        Ok(())
    }

    fn look(
        &mut self,
        hub: &Hub,
        session: &SessionId,
        left: &LeftByEval,
        found: &AgentWorktree,
        sight: Option<git::Result<Sight>>,
        how: Look,
    ) -> Result<()> {
        let worktree = &found.worktree;
        let path = worktree.path.clone();
        if let Some(reason) = &worktree.locked {
            let (path, reason) = (path.clone(), reason.clone());
            self.refused(git::Error::LockedWorktree { path, reason }.into())?;
        }
        let Some(sight) = sight else {
            self.kind = PlanKind::Forget;
            return check_reached(hub, session, found, how.force);
        };
        if how.processes {
            self.look_for_processes(session, how.force)?;
        }
        if let Some(what) = worktree.in_progress
            && !how.force
        {
            let worktree = path.clone();
            self.refused(Error::WorktreeBusy { worktree, what })?;
        }
        let sight = sight?;
        let mut work = hub.work_of(&path, sight.changes, left, found.agent);
        work.extend(sight.hidden);
        self.ignored = sight.ignored;
        self.work = work.into_iter().map(|change| change.path).collect();
        if !self.work.is_empty() {
            self.kind = PlanKind::Snapshot;
            if !how.force {
                self.refused(Error::UncommittedWork {
                    session: session.clone(),
                    worktree: path.clone(),
                    paths: self.work.clone(),
                })?;
            }
        }
        if let Err(error) = sight.nested {
            self.refused(error.into())?;
        }
        check_reached(hub, session, found, how.force)
    }

    fn look_for_processes(&mut self, session: &SessionId, force: bool) -> Result<()> {
        let found = inside::find(&self.path).into_iter();
        self.processes = found
            .map(|left| LeftProcess {
                pid: left.mark.pid,
                command: left.command,
            })
            .collect();
        if self.processes.is_empty() || force {
            return Ok(());
        }
        self.refused(
            ProcessInside {
                session: session.clone(),
                worktree: self.path.clone(),
                processes: self.processes.clone(),
            }
            .into(),
        )
    }
}

/// Refuses a worktree on a commit of its own; with force it is kept like every commit that
/// only the reflog still names.
fn check_reached(hub: &Hub, session: &SessionId, found: &AgentWorktree, force: bool) -> Result<()> {
    let head = found.worktree.head.as_slice();
    match hub.repository.unreachable(head)?.into_iter().next() {
        Some(commit) if !force => Err(Error::UnreachedCommit {
            session: session.clone(),
            worktree: found.worktree.path.clone(),
            commit,
        }),
        _ => Ok(()),
    }
}
