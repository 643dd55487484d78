//! What still runs although its session is at its end.

use crate::domain::report::{Danger, FindingCode, LeftProcess};
use crate::domain::session::ProcessMark;
use crate::process::census::{self, Resident};

use super::found::Found;
use super::view::{Looked, View};

/// The variables by which an agent's processes are known.
const OF_AGENT: [&str; 2] = ["HUB_SESSION", "HUB_DIR"];

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let at_end = |looked: &&Looked| looked.state().is_terminal();
    let ended: Vec<&Looked> = view.at_rest().filter(at_end).collect();
    if ended.is_empty() {
        return Vec::new();
    }
    // A session that an agent has made lives on: its supervisors inherited the agent's variables.
    let supervisors: Vec<&ProcessMark> = view
        .sessions
        .iter()
        .filter(|looked| !looked.state().is_terminal())
        .flat_map(|looked| looked.stored.session.agents().values())
        .filter_map(|record| Some(&record.run.as_ref()?.supervisor))
        .collect();
    let mut residents = census::look(&OF_AGENT);
    residents.retain(|resident| !supervisors.contains(&&resident.mark));
    let mut found = Vec::new();
    for looked in ended {
        let (of_agents, others): (Vec<_>, Vec<_>) = residents
            .iter()
            .filter(|resident| is_of(view, looked, resident) || is_in(view, looked, resident))
            .partition(|resident| is_of(view, looked, resident));
        found.extend(left_running(looked, &of_agents));
        found.extend(in_the_way(looked, &others));
    }
    found
}

/// Whether a process is an agent's of the session, or watches one.
fn is_of(view: &View<'_>, looked: &Looked, resident: &Resident) -> bool {
    let has = |name: &str, value: &std::ffi::OsStr| {
        resident
            .variables
            .get(name)
            .is_some_and(|found| found == value)
    };
    let marked = !resident.has_terminal
        && has("HUB_SESSION", looked.id.as_str().as_ref())
        && has("HUB_DIR", view.hub.dir.path().as_os_str());
    let mut runs = looked.stored.session.agents().values();
    marked
        || runs.any(|record| {
            let run = record.run.as_ref();
            run.is_some_and(|run| run.supervisor == resident.mark)
        })
}

/// Whether a process works in a worktree of the session.
fn is_in(view: &View<'_>, looked: &Looked, resident: &Resident) -> bool {
    let Some(folder) = &resident.folder else {
        return false;
    };
    folder.ancestors().any(|above| {
        let owner = view.owner(above);
        owner.is_some_and(|(session, _)| *session == looked.id)
    })
}

fn left_running(looked: &Looked, residents: &[&Resident]) -> Option<Found> {
    let what = match residents.len() {
        0 => return None,
        1 => "a process of its agents still runs".to_owned(),
        count => format!("{count} processes of its agents still run"),
    };
    let found = Found::a(FindingCode::LeftProcess, what).because(
        "an agent has left it running, or its supervisor did not end",
        Danger::None,
        "what it changes from now on is neither measured nor kept",
    );
    let marks: Vec<ProcessMark> = residents.iter().map(|one| one.mark.clone()).collect();
    let question = format!("End what agents of session {} left running?", looked.id);
    let found = with(found, residents).of(&looked.id);
    Some(
        found.asks(question, "asks them to end (SIGTERM)", move |_| {
            census::ask_to_end(&marks);
            Ok(())
        }),
    )
}

fn in_the_way(looked: &Looked, residents: &[&Resident]) -> Option<Found> {
    let what = match residents.len() {
        0 => return None,
        1 => "a process works in a worktree of it".to_owned(),
        count => format!("{count} processes work in worktrees of it"),
    };
    let found = Found::a(FindingCode::LeftProcess, what).because(
        "a shell or a program was started there",
        Danger::None,
        "cleanup would take the folder away under it",
    );
    let hint = "leave the worktree with it, or end it";
    Some(with(found, residents).of(&looked.id).hint(hint))
}

fn with(mut found: Found, residents: &[&Resident]) -> Found {
    let shown = residents.iter().map(|resident| LeftProcess {
        pid: resident.mark.pid,
        command: resident.command.clone(),
    });
    found.finding.processes = shown.collect();
    found.finding.path = residents.first().and_then(|one| one.folder.clone());
    found
}
