//! `hub doctor`: what is not as it should be, why, how bad it is, and how it is mended.
//!
//! Looking changes nothing: everything is read once, into a `View`, and each check says what
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
//! | what was changed outside of worktrees while agents ran | `outside.rs` |
//! | worktrees, and what git keeps of them | `worktrees.rs`, `records.rs`, `scratches.rs` |
//! | what no session owns | `strays.rs`, as `hub cleanup --all` finds it |

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
mod outside;
mod processes;
mod rebuild;
mod records;
mod refs;
mod scratches;
mod settings;
mod strays;
mod tags;
mod view;
mod worktrees;

use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::report::{Checked, DoctorReport, Finding, FindingOutcome};
use crate::store;

use super::error::{Error, Result};
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
    let obstacles = settings::obstacles(&wrong);
    let can_look = !obstacles.iter().any(Found::hides_all);
    let mut looked = look(&hub, request, can_look)?;
    let mut report = DoctorReport {
        fix: request.fix,
        session_id: looked.session_id.take(),
        checked: looked.checked,
        findings: Vec::new(),
    };
    looked.found.splice(0..0, obstacles);
    for _ in 0..MOST_LOOKS {
        if !take(&hub, &mut report, looked.found)? {
            break;
        }
        // A session that could not be read may have hidden something.
        looked = match look(&hub, request, can_look) {
            Ok(looked) => looked,
            // The one that was looked at was taken back.
            Err(Error::Store(store::Error::NoSession { .. })) => break,
            Err(error) => return Err(error),
        };
    }
    Ok(report)
}

/// Takes what is new among the findings into the report, mended where that was asked for;
/// returns whether any of it was.
fn take(hub: &Hub, report: &mut DoctorReport, found: Vec<Found>) -> Result<bool> {
    let mut fixed = false;
    for found in found {
        let mut known = report.findings.iter();
        let known = known.position(|known| is_same(known, &found.finding));
        let before = known.and_then(|at| report.findings.get_mut(at));
        // What stood in the way of a cure may be mended by now.
        let again = |before: &Finding| before.fix.is_none() && found.finding.fix.is_some();
        if before.as_deref().is_some_and(|before| !again(before)) {
            continue;
        }
        hub.interrupt.check()?;
        let finding = mend(hub, found, report.fix);
        fixed |= finding.outcome == FindingOutcome::Fixed;
        match before {
            Some(before) => *before = finding,
            None => report.findings.push(finding),
        }
    }
    Ok(fixed)
}

/// What is mended can show what is behind it, and that the next.
const MOST_LOOKS: usize = 4;

/// What one look at everything has found.
struct Look {
    session_id: Option<SessionId>,
    checked: Checked,
    found: Vec<Found>,
}

fn look(hub: &Hub, request: &Request, can_look: bool) -> Result<Look> {
    let view = View::read(hub, request.session.as_ref(), can_look)?;
    Ok(Look {
        found: if can_look {
            check(&view)?
        } else {
            environment::check(&view)
        },
        checked: view.checked(),
        session_id: view.only,
    })
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    (
        one.code,
        &one.what,
        &one.session_id,
        one.agent,
        &one.path,
        &one.r#ref,
    ) == (
        other.code,
        &other.what,
        &other.session_id,
        other.agent,
        &other.path,
        &other.r#ref,
    )
}

/// All findings, in the order in which they are mended: what stands on a thing comes after it.
fn check(view: &View<'_>) -> Result<Vec<Found>> {
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
    found.extend(outside::check(view));
    found.extend(records::check(view));
    found.extend(base::check(view)?);
    found.extend(branches::check(view)?);
    found.extend(tags::check(view)?);
    found.extend(worktrees::check(view)?);
    found.extend(scratches::check(view));
    if view.only.is_none() {
        found.extend(strays::check(view)?);
        found.extend(board::check(view));
    }
    Ok(found)
}

/// With `fix` mends one finding, where that loses nothing or the answer is yes.
fn mend(hub: &Hub, found: Found, fix: bool) -> Finding {
    let Found { mut finding, cure } = found;
    let act = match cure.filter(|_| fix) {
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
