//! How many processes an agent has: counted by the system where it lets us, in a control group of
//! the agent's own (v1 as root, or v2 where it is delegated), or by the limit of the user's
//! processes, which does not hold root.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::security::machine::Counting;
use crate::domain::session::ProcessMark;
use crate::process::error::{Error, Result};
use crate::process::{mark, stat};

const PREFIX: &str = "hub-agent-";

/// How processes are counted on this machine.
#[must_use]
pub fn by() -> Counting {
    if place().is_some() {
        Counting::ControlGroup
    } else if rustix::process::geteuid().is_root() {
        Counting::Supervisor
    } else {
        Counting::UserLimit
    }
}

/// A control group that counts the processes of one agent; it is gone when this is dropped.
#[derive(Debug)]
pub struct Group {
    path: PathBuf,
}

impl Group {
    /// Makes one in which there may be `most` processes and threads; `None` where the system lets
    /// nobody make one.
    #[must_use]
    pub fn new(most: u32) -> Option<Self> {
        // One process may measure several at the same time.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let place = place()?;
        sweep(&place);
        let own = mark::own()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{}-{number}", own.pid, own.start_ticks);
        let path = place.join(name);
        fs::create_dir(&path).ok()?;
        let group = Self { path };
        fs::OpenOptions::new()
            .write(true)
            .open(group.path.join("pids.max"))
            .and_then(|mut file| std::io::Write::write_all(&mut file, most.to_string().as_bytes()))
            .ok()?;
        Some(group)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Where somebody is still in it, whoever comes next takes it away.
        let _ = fs::remove_dir(&self.path);
    }
}

/// Enters a group with the thread that calls; this process has no other.
pub(super) fn enter(group: &Path) -> Result<()> {
    let entering = || format!("enter {}", group.display());
    let open = |name| {
        let path = group.join(name);
        fs::OpenOptions::new().write(true).open(path)
    };
    // For a thread that moves itself the system stops nobody else; for a whole process it waits
    // until all processors have passed by, which takes ten milliseconds. v2 has no such file.
    let mut file = open("tasks")
        .or_else(|_| open("cgroup.procs"))
        .map_err(Error::io(entering()))?;
    std::io::Write::write_all(&mut file, b"0").map_err(Error::io(entering()))
}

/// How many processes and threads the user has, as the limit of the system counts them.
#[must_use]
pub fn of_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::getuid().as_raw();
    let threads = |pid: u32| -> u64 {
        let folder = format!("/proc/{pid}/task");
        let is_own = fs::metadata(&folder).is_ok_and(|meta| meta.uid() == own);
        if !is_own {
            return 0;
        }
        fs::read_dir(folder).map_or(0, |tasks| tasks.count() as u64)
    };
    stat::numbers().map(threads).sum()
}

/// Where groups can be made: the own group or the nearest one above it in which the system counts
/// processes and this user may write.
fn place() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let path_of = |wanted: &dyn Fn(&str) -> bool| {
        let mut lines = own.lines().map(|line| line.splitn(3, ':'));
        lines.find_map(|mut parts| {
            let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            wanted(controllers).then(|| path.to_owned())
        })
    };
    let mount = |kind: &str, option: &str| {
        let mut lines = mounts
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>());
        lines.find_map(|fields| match fields.as_slice() {
            [_, folder, found, options, ..]
                if *found == kind
                    && (option.is_empty() || options.split(',').any(|o| o == option)) =>
            {
                Some(PathBuf::from(*folder))
            }
            _ => None,
        })
    };
    let first = path_of(&|names| names.split(',').any(|name| name == "pids"));
    if let Some((path, root)) = first.zip(mount("cgroup", "pids")) {
        return nearest(&root, &path, |_| true);
    }
    let (path, root) = path_of(&str::is_empty).zip(mount("cgroup2", ""))?;
    let counts = |folder: &Path| {
        let file = folder.join("cgroup.subtree_control");
        fs::read_to_string(file).is_ok_and(|text| text.split_whitespace().any(|c| c == "pids"))
    };
    nearest(&root, &path, counts)
}

fn nearest(root: &Path, path: &str, counts: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    use rustix::fs::{Access, access};

    let own = root.join(path.trim_start_matches('/'));
    let writable = |folder: &Path| {
        access(folder, Access::WRITE_OK).is_ok()
            && access(folder.join("cgroup.procs"), Access::WRITE_OK).is_ok()
    };
    let mut above = own
        .ancestors()
        .take_while(|folder| folder.starts_with(root));
    above
        .find(|folder| counts(folder) && writable(folder))
        .map(Path::to_path_buf)
}

/// Takes away the groups of supervisors that are gone.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some((pid, ticks)) = parts.and_then(|parts| parts.split_once('-')) else {
            continue;
        };
        let ticks = ticks.split('-').next().unwrap_or_default();
        let (Ok(pid), Ok(ticks)) = (pid.parse::<u32>(), ticks.parse::<u64>()) else {
            continue;
        };
        let is_there = mark::of(pid).is_some_and(|found: ProcessMark| found.start_ticks == ticks);
        if !is_there {
            // Somebody in it keeps it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}
