//! What was taken back, or done again.

use std::fmt::Write as _;

use crate::domain::event::RefMove;
use crate::domain::report::UndoReport;

/// `hub undo`.
#[must_use]
pub fn undo(report: &UndoReport) -> String {
    let id = &report.session_id;
    let operation = &report.undone.operation;
    let mut text = match (report.redone, report.dry_run) {
        (false, false) => format!("took back `hub {operation}` of session {id}\n"),
        (false, true) => format!("would take back `hub {operation}` of session {id}\n"),
        (true, false) => format!("did `hub {operation}` of session {id} again\n"),
        (true, true) => format!("would do `hub {operation}` of session {id} again\n"),
    };
    let mut line = |what: String| {
        let _ = writeln!(text, "{what}");
    };
    let [remove, restore, make, put, is] = if report.dry_run {
        [
            "would remove",
            "would restore",
            "would make",
            "would put files to",
            "would be",
        ]
    } else {
        ["removed", "restored", "made", "put files to", "is"]
    };
    for path in &report.removed_worktrees {
        line(format!("{remove} {}", path.display()));
    }
    for one in &report.refs {
        line(moved(one, remove, make));
    }
    for path in &report.restored_worktrees {
        line(format!("{restore} {}", path.display()));
    }
    for path in &report.moved_files {
        line(format!("{put} {}", path.display()));
    }
    for kept in &report.snapshots {
        line(format!("kept {} as {}", kept.commit.short(), kept.r#ref));
    }
    if report.hidden {
        line(format!("session {id} {is} listed no more"));
    } else {
        line(format!("session {id} {is} {}", report.state));
    }
    if !report.dry_run {
        let again = if report.redone {
            "takes it back"
        } else {
            "does it again"
        };
        line(format!("next: hub undo {id} {again}"));
    }
    text
}

fn moved(moved: &RefMove, remove: &str, make: &str) -> String {
    let name = moved.r#ref.as_str();
    let short = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    let name = short.unwrap_or(name);
    match (&moved.old, &moved.new) {
        (Some(old), Some(new)) => format!("{name}: {} → {}", old.short(), new.short()),
        (None, Some(new)) => format!("{make} {name} at {}", new.short()),
        (_, None) => format!("{remove} {name}"),
    }
}
