//! What may matter of the machine to whoever compares times.

use std::fs;

/// The machine's name.
#[must_use]
pub fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// The operating system with its version, and the kind of processor.
#[must_use]
pub fn system() -> String {
    let name = rustix::system::uname();
    let parts = [name.sysname(), name.release(), name.machine()];
    parts.map(std::ffi::CStr::to_string_lossy).join(" ")
}

/// The first processor's name (`/proc/cpuinfo`, proc(5)); `None` where the system does not tell.
#[must_use]
pub fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// How many processors this process may use.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How many processes were running or waiting to, on the average of the last 1, 5 and 15
/// minutes (`/proc/loadavg`, proc(5)).
#[must_use]
pub fn load() -> Option<[f64; 3]> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let mut numbers = text.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_tells_of_itself() {
        assert!(!system().is_empty());
        assert!(processors() > 0);
        assert!(load().is_some_and(|load| load.iter().all(|one| *one >= 0.0)));
    }
}
