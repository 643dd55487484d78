//! The documents as text for people: one function a command.

mod agents;
mod board;
mod cleanup;
mod dag;
mod doctor;
mod dry_run;
mod evaluation;
mod export;
mod integrate;
mod journal;
mod merging;
mod messages;
mod metrics;
mod outside;
mod presets;
mod restore;
mod results;
mod security;
mod session;
mod snapshots;
mod templates;
mod trust;
mod undo;

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::diff::DiffStat;
use crate::domain::text::visible;

pub use agents::{pause, spawn, wait};
pub use board::{board_list, board_raw, board_read, posted};
pub use cleanup::{cleanup_all, cleanup_plan};
pub use dag::{dag, dag_graph};
pub use doctor::doctor;
pub use dry_run::dry_run;
pub use evaluation::eval;
pub use export::{export, import};
pub use integrate::{integrate, integrate_plan};
pub use journal::{JournalStyle, all_events, events, followed};
pub use merging::{merge, merge_plan};
pub use messages::send;
pub use metrics::metrics;
pub use outside::outside;
pub use presets::presets;
pub use restore::restore;
pub use results::{archive, cleanup, graft, run};
pub use security::{security, security_raised};
pub use session::{init, list, path, status, update};
pub use snapshots::{snapshot, snapshot_expired, snapshot_restored, snapshots};
pub use templates::{template, templates};
pub use trust::{foreign_command, trust};
pub use undo::undo;

/// A duration as people say it.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3600.0 {
        format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            (seconds % 60.0).floor()
        )
    } else {
        let minutes = (seconds / 60.0).floor();
        format!(
            "{:.0} h {:02.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        )
    }
}

/// A size in the unit that suits it, by 1024.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: u64) -> String {
    let size = bytes as f64;
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.iter().find(|(_, power)| bytes >> power > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, power)| format!("{:.1} {unit}", size / f64::from(1u32 << power)),
    )
}

/// How long ago something was.
fn age(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

fn lines(diff: DiffStat) -> String {
    format!("+{}/-{}", diff.insertions, diff.deletions)
}

fn dash() -> String {
    "-".to_owned()
}

fn one_line(text: &str) -> String {
    visible(text.trim()).replace('\n', " ")
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut indented, line| {
        let _ = writeln!(indented, "    {}", visible(line));
        indented
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_sizes_and_ages() {
        for (value, shown) in [
            (0.04, "0.0 s"),
            (59.9, "59.9 s"),
            (61.0, "1 min 01 s"),
            (3700.0, "1 h 01 min"),
        ] {
            assert_eq!(seconds(value), shown);
        }
        for (bytes, shown) in [(12, "12 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")] {
            assert_eq!(size(bytes), shown);
        }
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        for (ago, shown) in [
            (5, "5s"),
            (125, "2m"),
            (7200, "2h"),
            (200_000, "2d"),
            (-5, "0s"),
        ] {
            let then = DateTime::from_timestamp(1_000_000 - ago, 0).unwrap();
            assert_eq!(age(now, then), shown);
        }
    }
}
