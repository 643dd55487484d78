//! What was changed outside of an agent's own worktree and branch while it ran.
//!
//! Before an attempt hub writes down how all that stands ([`refs::RefTable`], [`files::FileMark`]),
//! and when it has ended what of it stands otherwise. Who did it cannot be known: it is what hub's
//! own journals do not explain, be it by the agent or by somebody else at that time.

/// What the name of every ref begins with that keeps what stood there while an agent runs.
pub const GUARD_ROOT: &str = "refs/hub/guard/";

pub mod files;
pub mod found;
pub mod refs;
pub mod refused;
pub mod settled;

pub use files::{Activity, FileKind, FileMark, Files, Stamp};
pub use found::{Area, FileChanged, Found, KeptFile, Told, WorktreeChanged};
pub use refs::{RefChanged, RefTable};
pub use refused::OutsideRefused;
pub use settled::{How, Settled};
