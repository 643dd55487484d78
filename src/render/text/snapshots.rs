//! Snapshots.

use std::fmt::Write as _;

use chrono::Utc;

use crate::domain::report::{
    ListedSnapshot, SnapshotExpireReport, SnapshotKind, SnapshotRestoreReport, SnapshotShowReport,
    SnapshotsReport,
};
use crate::domain::snapshot::short;
use crate::domain::time;

use super::{age, dash, lines, one_line};
use crate::render::table::{self, number, text};

/// `hub snapshots`.
#[must_use]
pub fn snapshots(report: &SnapshotsReport) -> String {
    if report.snapshots.is_empty() {
        return "no snapshots\n".to_owned();
    }
    let now = Utc::now();
    let rows = report.snapshots.iter().map(|snapshot| {
        vec![
            short(&snapshot.r#ref),
            age(now, snapshot.time),
            snapshot
                .files_changed
                .map_or_else(dash, |count| count.to_string()),
            one_line(&snapshot.subject),
        ]
    });
    let columns = [
        text("SNAPSHOT"),
        number("AGE"),
        number("FILES"),
        text("SUBJECT"),
    ];
    table::draw(&columns, rows.collect())
}

/// `hub snapshots show`.
#[must_use]
pub fn snapshot(report: &SnapshotShowReport) -> String {
    let one = &report.snapshot;
    let what = match one.kind {
        SnapshotKind::Uncommitted => "uncommitted files",
        SnapshotKind::Discarded => "a commit that no branch reached",
    };
    let mut shown = format!("{}: {what} of {}\n", one.r#ref, one.agent);
    let made_on = one
        .parent
        .as_ref()
        .map_or("nothing", |parent| parent.short());
    let _ = writeln!(
        shown,
        "{} of {}, on {made_on}",
        one.commit.short(),
        time::format(&one.time)
    );
    let _ = writeln!(shown, "{}", one_line(&one.subject));
    if !report.files.is_empty() {
        let count = |count: Option<usize>, sign: &str| {
            count.map_or_else(dash, |count| format!("{sign}{count}"))
        };
        let rows = report.files.iter().map(|file| {
            vec![
                one_line(&file.file.display().to_string()),
                count(file.insertions, "+"),
                count(file.deletions, "-"),
            ]
        });
        let columns = [text("FILE"), number("+"), number("-")];
        shown.push_str(&table::draw(&columns, rows.collect()));
        let _ = writeln!(
            shown,
            "{} files, {}",
            report.diff.files_changed,
            lines(report.diff)
        );
    }
    if let Some(staged) = &report.staged {
        let _ = writeln!(
            shown,
            "what was staged before it was changed again: {}",
            staged.short()
        );
    }
    let _ = writeln!(shown, "all of it: {}", report.diff_command);
    shown
}

/// `hub snapshots restore`.
#[must_use]
pub fn snapshot_restored(report: &SnapshotRestoreReport) -> String {
    let name = short(&report.snapshot.r#ref);
    if !(report.made_branch || report.made_worktree || report.put_work) {
        return "nothing to restore\n".to_owned();
    }
    let place = match (&report.worktree, &report.branch) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(branch)) => format!("branch {branch}"),
        (None, None) => return "nothing to restore\n".to_owned(),
    };
    let how = if report.put_work {
        ", as uncommitted files"
    } else {
        ""
    };
    format!("restored {name} in {place}{how}\nthe snapshot stays\n")
}

/// `hub snapshots expire`.
#[must_use]
pub fn snapshot_expired(report: &SnapshotExpireReport) -> String {
    let mut told = String::new();
    for ListedSnapshot { r#ref, commit, .. } in &report.expired {
        let _ = writeln!(
            told,
            "gave up {}; until git prunes it, `git branch NAME {}` has it back",
            short(r#ref),
            commit.short()
        );
    }
    if told.is_empty() {
        "nothing to give up\n".clone_into(&mut told);
    }
    told
}
