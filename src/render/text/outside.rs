//! What was changed outside of agents' worktrees.

use std::fmt::Write as _;

use crate::domain::id::SessionId;
use crate::domain::outside::How;
use crate::domain::report::{OutsideChange, OutsideFinding, OutsideReport, OutsideSummary};
use crate::domain::time;

use super::{dash, one_line};
use crate::render::table::{self, text};

/// `hub outside`.
#[must_use]
pub fn outside(report: &OutsideReport) -> String {
    let mut drawn = String::new();
    let done = [
        (&report.restored, "put back", "would put back"),
        (&report.accepted, "accepted", "would accept"),
    ];
    for (names, does, would) in done {
        for name in names {
            let word = if report.dry_run { would } else { does };
            let _ = writeln!(drawn, "{word} {}", one_line(name));
        }
    }
    for snapshot in &report.snapshots {
        let _ = writeln!(drawn, "kept {}", snapshot.r#ref);
    }
    if !report.restored.is_empty() || !report.accepted.is_empty() {
        return drawn;
    }
    if report.findings.is_empty() {
        drawn.push_str("nothing was changed outside of worktrees while agents ran\n");
    }
    for found in &report.findings {
        drawn.push_str(&finding(found));
    }
    let open = |found: &OutsideFinding| found.changes.iter().any(|one| one.state == How::Open);
    if report.findings.iter().any(open) {
        let id = &report.session_id;
        let _ = writeln!(
            drawn,
            "\nnext: hub outside {id} --restore puts back what was there, --accept leaves it as it is"
        );
    }
    drawn
}

fn finding(found: &OutsideFinding) -> String {
    let mut drawn = format!(
        "\nwhile {} ran (attempt {}, {} to {}), by it or by somebody else at that time:\n",
        found.agent,
        found.attempt.number(),
        time::format(&found.since),
        time::format(&found.until)
    );
    let rows = found.changes.iter().map(|change| {
        let whose = match (&change.worktree, change.agent) {
            (Some(_), Some(agent)) => agent.to_string(),
            (Some(_), None) => "main worktree".to_owned(),
            (None, _) => dash(),
        };
        let state = match (change.state, change.restorable) {
            (How::Open, true) => "open",
            (How::Open, false) => "open, not kept",
            (How::Restored, _) => "put back",
            (How::Accepted, _) => "accepted",
        };
        vec![
            change.kind.as_str().to_owned(),
            one_line(shown(change)),
            whose,
            became(change),
            state.to_owned(),
        ]
    });
    let columns = [
        text("WHAT"),
        text("NAME"),
        text("OF"),
        text("CHANGE"),
        text("STATE"),
    ];
    drawn.push_str(&table::draw(&columns, rows.collect()));
    drawn
}

/// A path of the main worktree as git shows it there.
fn shown(change: &OutsideChange) -> &str {
    let worktree = change.worktree.as_ref().filter(|_| change.agent.is_none());
    let below = worktree.and_then(|worktree| {
        let rest = change.name.strip_prefix(worktree.to_str()?)?;
        rest.strip_prefix(['/', ':'])
    });
    below.unwrap_or(&change.name)
}

/// `3f1c… → 9a0b…`, `new` or `gone`.
fn became(change: &OutsideChange) -> String {
    let short = |value: &str| match value.strip_prefix("ref: ") {
        Some(name) => name.to_owned(),
        None if value.len() >= 40 => value.chars().take(10).collect(),
        None => value.to_owned(),
    };
    match (change.old.as_deref(), change.new.as_deref()) {
        (Some(old), Some(new)) => one_line(&format!("{} → {}", short(old), short(new))),
        (None, Some(new)) => one_line(&format!("new, {}", short(new))),
        (Some(old), None) => one_line(&format!("gone, was {}", short(old))),
        (None, None) => dash(),
    }
}

/// The lines in `hub status`.
pub(super) fn summaries(session: &SessionId, open: &[OutsideSummary]) -> String {
    let mut drawn = String::new();
    for one in open {
        let things = match one.changes {
            1 => "1 thing was changed".to_owned(),
            count => format!("{count} things were changed"),
        };
        let _ = writeln!(
            drawn,
            "\nwhile {} ran, {things} outside of its worktree, by it or by somebody else: hub outside {session}",
            one.agent
        );
    }
    drawn
}
