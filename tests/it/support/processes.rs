//! The processes that a test's repository has started.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The command lines of all processes with this home: `hub`, its supervisors, agents, and
/// whatever these leave behind.
///
/// Every test has a home of its own, and what it starts inherits that: `proc_pid_environ(5)`.
pub(super) fn with_home(home: &Path) -> Vec<String> {
    let variable = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let of_home = |folder: &Path| -> Option<String> {
        // Another user's processes cannot be read, and one may end while it is looked at.
        let environ = fs::read(folder.join("environ")).ok()?;
        let has_it = environ.split(|byte| *byte == 0).any(|one| one == variable);
        let command = fs::read(folder.join("cmdline")).ok()?;
        let shown = String::from_utf8_lossy(&command).replace('\0', " ");
        has_it.then(|| shown.trim_end().to_owned())
    };
    fs::read_dir("/proc")
        .expect("the tests run on Linux")
        .filter_map(|entry| of_home(&entry.ok()?.path()))
        .collect()
}
