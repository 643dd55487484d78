//! What stands in the way of opening the hub directory: links, and settings that cannot be read.

use crate::domain::diagnostic::Diagnostic;
use crate::domain::report::{Danger, FindingCode};
use crate::store;

use super::found::Found;

/// What was passed over when the hub directory was opened.
pub(super) fn obstacles(wrong: &[store::Error]) -> Vec<Found> {
    wrong.iter().map(obstacle).collect()
}

fn obstacle(error: &store::Error) -> Found {
    match error {
        store::Error::Symlink { path } | store::Error::Io { path, .. } => linked(error).at(path),
        _ => bad_settings(error),
    }
}

pub(super) fn linked(error: &store::Error) -> Found {
    let found = Found::a(FindingCode::Linked, error.to_string()).because(
        "somebody has put something else in the folder's place",
        Danger::Blocked,
        "hub does not follow it: what is behind it is neither read nor written",
    );
    found.hint("put a real folder in its place, with what the link leads to")
}

fn bad_settings(error: &store::Error) -> Found {
    let found = Found::a(FindingCode::BadSettings, error.to_string()).because(
        "the file was edited by hand",
        Danger::Blocked,
        "every command of hub but this one ends with this error",
    );
    match error.hint() {
        Some(hint) => found.hint(hint),
        None => found,
    }
}
