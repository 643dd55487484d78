//! `hub doctor`: what is not as it should be, why, how bad it is, and how it is mended.
//!
//! Looking changes nothing: everything is read once, into a [`View`], and each check says what
//! it sees there. A cure is done as the command would do it that it belongs to, under the
//! session's lock and with all of its checks; one that loses nothing is done by `--fix`, one
//! that a person may not want is asked for, and the rest is told.
//!
//! | what is looked at | where |
//! | --- | --- |
//! | git, the user, the disks | `environment.rs` |
//! | the hub directory as a whole, its settings, the board | `directory.rs`, `settings.rs`, `board.rs` |
//! | the files of a session, its operations, its lock | `files.rs`, `operations.rs`, `locks.rs` |
//! | agents, and what they left running | `agents.rs`, `processes.rs` |
//! | attempt branches, archive tags, the base branch, other refs | `branches.rs`, `tags.rs`, `base.rs`, `refs.rs` |
//! | worktrees, and what git keeps of them | `worktrees.rs`, `records.rs`, `scratches.rs` |

mod agents;
mod base;
mod board;
mod branches;
mod directory;
mod environment;
mod files;
mod found;
mod locks;
mod operations;
mod processes;
mod rebuild;
mod records;
mod refs;
mod scratches;
mod settings;
mod tags;
mod view;
mod worktrees;

use crate::domain::id::SessionSelector;
use crate::domain::report::{DoctorReport, Finding, FindingOutcome};

use super::error::Result;
use super::hub::{Hub, Setup};

use found::{Cure, Found};
use view::View;

/// What to look at, and whether to mend it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The one session to look at; all, and what belongs to none, where none is named.
    pub session: Option<SessionSelector>,
    /// Whether what is found is mended.
    pub fix: bool,
}

/// Looks at everything, and with `fix` mends what it finds.
///
/// # Errors
/// When there is no repository, the session does not exist, or a signal came.
pub fn run(setup: Setup, request: &Request) -> Result<DoctorReport> {
    let mut wrong = Vec::new();
    let hub = Hub::open_past(setup, &mut |error| {
        wrong.push(error);
        Ok(())
    })?;
    let mut found = settings::obstacles(&wrong);
    let can_look = !found.iter().any(Found::hides_all);
    let view = View::read(&hub, request.session.as_ref(), can_look)?;
    found.extend(if can_look {
        look(&view)?
    } else {
        environment::check(&view)
    });
    let checked = view.checked();
    let session_id = view.only.clone();
    drop(view);
    let findings = found.into_iter().map(|found| {
        if request.fix {
            hub.interrupt.check()?;
            return Ok(mend(&hub, found));
        }
        Ok(found.finding)
    });
    Ok(DoctorReport {
        fix: request.fix,
        session_id,
        checked,
        findings: findings.collect::<Result<_>>()?,
    })
}

/// All findings, in the order in which they are mended: what stands on a thing comes after it.
fn look(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    if view.only.is_none() {
        found.extend(environment::check(view));
        if found.iter().any(Found::hides_all) {
            return Ok(found);
        }
        found.extend(directory::check(view)?);
        found.extend(refs::check(view));
    }
    found.extend(files::check(view));
    found.extend(locks::check(view));
    found.extend(operations::check(view)?);
    found.extend(agents::check(view)?);
    found.extend(processes::check(view));
    found.extend(records::check(view));
    found.extend(base::check(view)?);
    found.extend(branches::check(view)?);
    found.extend(tags::check(view)?);
    found.extend(worktrees::check(view)?);
    found.extend(scratches::check(view));
    if view.only.is_none() {
        found.extend(board::check(view));
    }
    Ok(found)
}

/// Mends one finding, where that loses nothing or the answer is yes.
fn mend(hub: &Hub, found: Found) -> Finding {
    let Found { mut finding, cure } = found;
    let act = match cure {
        Some(Cure::Safe(act)) => act,
        Some(Cure::Asks(question, act)) if hub.ask(&question) == Some(true) => act,
        _ => return finding,
    };
    match act(hub) {
        Ok(()) => finding.outcome = FindingOutcome::Fixed,
        Err(error) => {
            finding.outcome = FindingOutcome::Failed;
            finding.problem = Some(error.to_string());
        }
    }
    finding
}
