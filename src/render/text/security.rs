//! `hub security`.

use std::fmt::Write as _;

use crate::domain::report::{
    DenialsReport, SecurityLevelReport, SecurityRaised, SecurityReport, SessionSecurity,
};
use crate::domain::security::SecurityLevel;
use crate::domain::security::machine::Counting;
use crate::domain::security::walls::Wall;
use crate::render::table;

/// What each level enforces on this machine.
#[must_use]
pub fn security(report: &SecurityReport) -> String {
    let mut columns = vec![table::text("WALL")];
    columns.extend(SecurityLevel::ALL.map(|level| match level {
        SecurityLevel::Low => table::text("LOW"),
        SecurityLevel::Medium => table::text("MEDIUM"),
        SecurityLevel::High => table::text("HIGH"),
        SecurityLevel::Maximum => table::text("MAXIMUM"),
    }));
    let rows = Wall::ALL.iter().map(|wall| {
        let cells = report.levels.iter().map(|level| cell(level, *wall));
        std::iter::once(wall.as_str().to_owned())
            .chain(cells)
            .collect()
    });
    let mut text = table::draw(&columns, rows.collect());
    let landlock = match report.landlock {
        0 => "no Landlock".to_owned(),
        version => format!("Landlock {version}"),
    };
    let seccomp = if report.seccomp {
        "seccomp"
    } else {
        "no seccomp"
    };
    let counting = match report.counting {
        Counting::ControlGroup => "processes counted by control groups",
        Counting::UserLimit => "processes counted by the user's limit",
        Counting::Supervisor => "processes counted by supervisors",
    };
    let system = &report.system;
    let _ = writeln!(text, "\n{system}: {landlock}, {seccomp}, {counting}");
    let _ = writeln!(text, "{}", told(&report.denials));
    for level in &report.levels {
        let _ = writeln!(
            text,
            "{:<8} {}",
            level.level,
            holds(level, report.default_level)
        );
    }
    text
}

/// Whether the journal has what the kernel denies.
fn told(denials: &DenialsReport) -> String {
    let needs = denials.needs.as_deref().unwrap_or_default();
    match denials.told {
        Some(true) => "what the kernel denies an agent stands in the journal".to_owned(),
        Some(false) => format!("what the kernel denies an agent is not told: that needs {needs}"),
        None => format!("what the kernel denies an agent may not be told: that needs {needs}"),
    }
}

fn cell(level: &SecurityLevelReport, wall: Wall) -> String {
    let found = level.walls.iter().find(|one| one.wall == wall);
    found.map_or_else(String::new, |found| match found.lacks {
        Some(_) => format!("NOT {}", found.rule),
        None => found.rule.clone(),
    })
}

/// What holds a level up, each once, or what is lacking.
fn holds(level: &SecurityLevelReport, default: SecurityLevel) -> String {
    let lacking = grouped(level, |wall| wall.lacks.as_deref());
    let mark = if level.level == default {
        " (default)"
    } else {
        ""
    };
    if !lacking.is_empty() {
        let lacking: Vec<String> = lacking
            .iter()
            .map(|(lacks, walls)| format!("{} needs {lacks}", walls.join(", ")))
            .collect();
        return format!(
            "is refused without --best-effort{mark}: {}",
            lacking.join("; ")
        );
    }
    let by = grouped(level, |wall| wall.by.as_deref());
    let by: Vec<String> = by
        .iter()
        .map(|(by, walls)| format!("{} by {by}", walls.join(", ")))
        .collect();
    match by.as_slice() {
        [] => format!("holds nobody{mark}"),
        by => format!("can be enforced{mark}: {}", by.join("; ")),
    }
}

type Walls<'r> = Vec<(&'r str, Vec<&'r str>)>;

/// The walls by what is said of them.
fn grouped<'r>(
    level: &'r SecurityLevelReport,
    said: impl Fn(&'r crate::domain::report::WallReport) -> Option<&'r str>,
) -> Walls<'r> {
    let mut groups: Walls<'r> = Vec::new();
    for wall in &level.walls {
        let Some(words) = said(wall) else { continue };
        let name = wall.wall.as_str();
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, walls)) => walls.push(name),
            None => groups.push((words, vec![name])),
        }
    }
    groups
}

/// How a session's agents are held, on one line.
pub(super) fn shown(security: &SessionSecurity) -> String {
    let level = security.level;
    match (security.best_effort, security.left_out.as_slice()) {
        (false, _) => level.to_string(),
        (true, []) => format!("{level}, best effort: all of it is enforced here"),
        (true, left_out) => format!("{level}, best effort: without {}", left_out.join(", ")),
    }
}

/// A session's level that was raised.
#[must_use]
pub fn security_raised(report: &SecurityRaised) -> String {
    let id = &report.session_id;
    if !report.changed {
        return format!(
            "session {id} is at security level {} already\n",
            report.level
        );
    }
    let effort = if report.best_effort {
        ", as far as this machine enforces it"
    } else {
        ""
    };
    let (from, to) = (report.from, report.level);
    let mut text = format!("session {id}: security level {from} → {to}{effort}\n");
    if !report.before.is_empty() {
        let agents: Vec<String> = report.before.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{} was started before and goes on as it was; hub stop ends it, hub retry starts it anew",
            agents.join(", ")
        );
    }
    text
}
