//! What the system says of a process in one line: `proc_pid_stat(5)`.

use std::fs::{self, File};
use std::io::Read;

/// Fields 3, 4, 5, 7, 20 and 22 of `/proc/<pid>/stat`.
#[derive(Clone, Debug)]
pub(super) struct Stat {
    state: char,
    pub parent: u32,
    pub group: u32,
    pub has_terminal: bool,
    pub threads: u64,
    pub start_ticks: u64,
}

impl Stat {
    /// `None` when there is no such process.
    pub fn of(pid: u32) -> Option<Self> {
        // All of it comes at once, and is shorter than this.
        let mut buffer = [0; 2048];
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let length = file.read(&mut buffer).ok()?;
        let stat = String::from_utf8_lossy(buffer.get(..length)?);
        // The second field is the program's name in parentheses, and may hold both of them.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        Some(Self {
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            has_terminal: fields.nth(1)? != "0",
            threads: fields.nth(12)?.parse().ok()?,
            start_ticks: fields.nth(1)?.parse().ok()?,
        })
    }

    /// Whether only its unreaped remains are there.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    /// Whether it does nothing until it is told to go on.
    ///
    /// One that was `told` to stop while the kernel did something for it stops before its own
    /// next step: one that waits for a child that it lent its memory to (vfork) stays so.
    pub fn stands_still(&self, told: bool) -> bool {
        matches!(self.state, 'T' | 't') || told && self.state == 'D'
    }
}

/// The numbers of all processes.
pub(super) fn numbers() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
