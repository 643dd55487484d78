//! What this machine has to put up walls with.

use crate::domain::security::machine::Machine;

use super::{calls, counting, files};

/// Asks the machine. Whether refs are files is the repository's to say.
#[must_use]
pub fn look() -> Machine {
    Machine {
        landlock: landlock(),
        seccomp: calls::is_there(),
        counting: counting::by(),
        ref_files: true,
    }
}

/// A test can pretend that the kernel has less of it, or none.
#[cfg(feature = "fail-points")]
pub(super) fn landlock() -> u32 {
    let pretended = std::env::var("HUB_TEST_LANDLOCK").ok();
    let pretended = pretended.and_then(|text| text.parse().ok());
    pretended.unwrap_or_else(files::version)
}

#[cfg(not(feature = "fail-points"))]
pub(super) fn landlock() -> u32 {
    files::version()
}
