//! The fault matrix: every command that changes something, struck at every effect.
//!
//! The fail points of `hub` (`src/fault.rs`) say where; the scenarios are those of `kills` and a
//! few more. After each blow the invariants hold (`support/invariants.rs`), the next command
//! finishes or takes back, they hold again, and the end is the one without the blow.
//!
//! `each_command` is the whole list: a command that is added there and in `scenarios` is killed,
//! fails, is held, gets signals and is asked for effects without a point. `HUB_TEST_ALL=1`
//! strikes what is only sampled else; `docs/faults.md` has the figures.

/// Calls a macro with every command that changes something, each with the name of its tests; `run`,
/// which is all of them in one, has tests of its own.
macro_rules! each_command {
    ($then:ident) => {
        $then! {
            init: "init",
            spawn_without_a_start: "spawn --no-start",
            spawn: "spawn",
            update: "update",
            eval: "eval",
            page_of_an_eval: "eval --report",
            graft: "graft",
            retry: "retry",
            merge: "merge",
            merge_squashed: "merge --squash",
            merge_rebased: "merge --strategy rebase",
            merge_picked: "merge --strategy cherry-pick",
            merge_verified: "merge --verify",
            merge_of_two: "merge of two",
            merge_into_a_branch_apart: "merge into a branch apart",
            archive: "archive",
            archive_without_libgit2: "archive without libgit2",
            cleanup: "cleanup",
            cleanup_by_force: "cleanup --force",
            cleanup_of_all: "cleanup --all",
            restore: "restore",
            restore_of_a_snapshot: "snapshots restore",
            restore_of_a_snapshot_elsewhere: "snapshots restore --into",
            expiry_of_snapshots: "snapshots expire",
            undo_of_an_init: "undo of an init",
            undo_of_a_spawn: "undo of a spawn",
            undo_of_an_update: "undo of an update",
            undo_of_a_merge: "undo of a merge",
            undo_of_an_archive: "undo of an archive",
            undo_of_a_cleanup: "undo of a cleanup",
            board_post: "board post",
            board_reply: "board reply",
            send: "send",
            trust: "trust",
            security: "security",
            export: "export",
            import: "import",
            pause: "pause",
            resume: "resume",
            doctor: "doctor --fix",
            integrate: "integrate",
            integrate_by_force: "integrate --force",
            integrate_removed: "integrate --remove",
            outside_restored: "outside --restore",
            outside_accepted: "outside --accept",
            stop: "stop",
            stop_of_a_lost_agent: "stop of a lost agent",
        }
    };
}

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

macro_rules! listed {
    ($($test:ident: $name:literal,)*) => {
        /// Every command that changes something, by its scenario.
        const COMMANDS: [&str; [$($name,)* "run"].len()] = [$($name,)* "run"];
    };
}

each_command!(listed);

/// Whether everything is struck, and not a choice.
fn all() -> bool {
    std::env::var_os("HUB_TEST_ALL").is_some()
}
