//! The fault matrix: every command that changes something, struck at every effect.
//!
//! The fail points of `hub` (`src/fault.rs`) say where; the scenarios are those of `kills` and a
//! few more. After each blow the invariants hold (`support/invariants.rs`), the next command
//! finishes or takes back, they hold again, and the end is the one without the blow.
//!
//! [`COMMANDS`] is the whole list: a command that is added there and in `scenarios` is killed,
//! fails, is held and is asked for effects without a point. `HUB_TEST_ALL=1` strikes what is
//! only sampled else; `docs/faults.md` has the figures.

mod covered;
mod failing;
mod flushed;
mod half_made;
mod killed;
mod late;
mod read_only;
mod reading;

mod scenarios;
mod second;
mod signals;

use scenarios::{ends_of_agents, scenario};

/// Every command that changes something, by its scenario.
const COMMANDS: [&str; 43] = [
    "init",
    "spawn --no-start",
    "spawn",
    "update",
    "eval",
    "eval --report",
    "graft",
    "retry",
    "merge",
    "merge --squash",
    "merge --strategy rebase",
    "merge --strategy cherry-pick",
    "merge --verify",
    "merge of two",
    "merge into a branch apart",
    "archive",
    "archive without libgit2",
    "cleanup",
    "cleanup --force",
    "cleanup --all",
    "restore",
    "snapshots restore",
    "snapshots restore --into",
    "snapshots expire",
    "undo of an init",
    "undo of a spawn",
    "undo of an update",
    "undo of a merge",
    "undo of an archive",
    "undo of a cleanup",
    "board post",
    "board reply",
    "send",
    "trust",
    "pause",
    "resume",
    "doctor --fix",
    "integrate",
    "integrate --force",
    "integrate --remove",
    "stop",
    "stop of a lost agent",
    "run",
];

/// Whether everything is struck, and not a choice.
fn all() -> bool {
    std::env::var_os("HUB_TEST_ALL").is_some()
}
