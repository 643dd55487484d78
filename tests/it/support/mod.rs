//! What the tests stand on: a repository of their own, and the `hub` program run in it.
//!
//! - [`TestRepo`] (`repo.rs`): a temporary folder with a home, a repository and scripts that play agents
//! - [`Hub`], [`Running`] and [`Answer`] (`hub.rs`): one run of the program, and what came of it
//! - [`normalised`] (`normal.rs`): text without what differs from run to run
//! - [`fault`] (`fault.rs`): kills and full disks at a step that is chosen
//! - [`points`] (`points.rs`): the same at an effect that is chosen, by the fail points
//! - [`invariants`] (`invariants.rs`): what must hold at any moment, asked by one function
//! - [`TestRepo::processes`] (`processes.rs`): what still runs; a test that leaves some of it fails
//! - [`Tree`] (`tree.rs`): the bytes of a folder, to be compared or copied
//! - [`TestRepo::assert_refs_are_told`] (`journal.rs`): a journal held against the refs
//! - [`session::Picture`] (`session.rs`): all that a refusal must leave as it is; and sessions that
//!   stand, with worktrees in which the test itself plays the agent
//! - [`Terminal`] (`terminal.rs`): the program on a terminal, with a person in front of it
//! - [`wait_until`]: the only place where a test waits
//!
//! Nothing of the machine comes in: the environment is emptied and built anew, the home
//! is temporary, the dates of commits stand still, and nothing is a terminal
//! but [`Terminal`].

pub mod fault;
mod hub;
pub mod invariants;
mod journal;
mod normal;
pub mod points;
mod processes;
mod repo;
mod session;
mod terminal;
mod tree;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use hub::{Answer, Hub, Running};
pub use normal::{normalised, without_owner};
pub use repo::{TestRepo, write};
pub use session::Picture;
pub use terminal::{Terminal, plain};
pub use tree::Tree;

/// A folder of `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// Says that a test, or a part of it, cannot be held here.
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the test's output shall see it"
)]
pub fn passed_over(why: &str) {
    eprintln!("passed over: {why}");
}

/// Looks again and again until `condition` holds.
///
/// # Panics
/// When it does not within `limit`; the message names `what` was waited for.
pub fn wait_until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(10);
    let begun = Instant::now();
    // Asked once more after the last pause: a slow machine may have taken the whole limit.
    while !condition() {
        assert!(
            begun.elapsed() < limit,
            "waited {limit:?} in vain until {what}"
        );
        std::thread::sleep(PAUSE);
    }
}
