//! Users: who asks, and whom a folder belongs to.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::domain::owner::UserName;

use super::accounts;

/// Whoever runs this process.
#[must_use]
pub fn current_user() -> UserName {
    name_of(rustix::process::geteuid().as_raw())
}

/// The name of this machine.
#[must_use]
pub fn current_host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// The owner of a file or folder; `None` where it cannot be looked at.
pub(super) fn owner_of(path: &Path) -> Option<UserName> {
    Some(name_of(fs::symlink_metadata(path).ok()?.uid()))
}

/// Asked for once a user: the system may ask a server.
pub(super) fn name_of(uid: u32) -> UserName {
    static KNOWN: Mutex<BTreeMap<u32, UserName>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let name = known.entry(uid).or_insert_with(|| {
        let name = accounts::login_name(uid);
        name.and_then(|name| name.parse().ok())
            .unwrap_or_else(|| UserName::of_number(uid))
    });
    name.clone()
}
