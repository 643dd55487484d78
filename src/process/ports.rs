//! Blocks of TCP ports that no two agents of a user have at the same time.
//!
//! Each port has a lock file in a folder of the user's, and whoever has the port holds the
//! lock: the kernel frees it with its process. The files stay; see the lock of a session.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use super::error::{Error, Result};

/// Below those that systems hand out by themselves, and above most services.
const FIRST: u16 = 20000;
const LAST: u16 = 29999;

/// Ports in a row that are nobody else's until this is dropped.
#[derive(Debug)]
#[must_use = "the ports are given back when this is dropped"]
pub struct PortBlock {
    ports: Vec<u16>,
    _locks: Vec<File>,
}

impl PortBlock {
    /// Takes the first block of `count` ports that nobody holds and nobody listens on.
    ///
    /// # Errors
    /// When there is none, or the system refuses.
    pub fn reserve(folder: &Path, count: u16) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io(format!("make {}", folder.display())))?;
        let (mut ports, mut locks) = (Vec::new(), Vec::new());
        for port in FIRST..=LAST {
            if ports.len() == usize::from(count) {
                break;
            }
            if let Some(lock) = take(folder, port)? {
                ports.push(port);
                locks.push(lock);
            } else {
                ports.clear();
                locks.clear();
            }
        }
        if ports.len() < usize::from(count) {
            return Err(Error::NoPorts { count });
        }
        Ok(Self {
            ports,
            _locks: locks,
        })
    }

    /// The ports, in a row.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }
}

/// The lock of a port that is free.
fn take(folder: &Path, port: u16) -> Result<Option<File>> {
    let path = folder.join(port.to_string());
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(Error::io(format!("open {}", path.display())))?;
    let free = file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    Ok(free.then_some(file))
}

/// Where a user's locks of ports are: below `$XDG_RUNTIME_DIR`, or the cache folder.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_RUNTIME_DIR")
        .filter(|path| path.is_dir())
        .or_else(|| absolute("XDG_CACHE_HOME"))
        .or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("agenthub").join("ports"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_meet_and_are_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = |count| PortBlock::reserve(folder.path(), count).unwrap();
        let (one, two) = (reserve(3), reserve(2));
        for block in [&one, &two] {
            assert!(block.ports().windows(2).all(|two| two[1] == two[0] + 1));
        }
        assert!(one.ports().iter().all(|port| !two.ports().contains(port)));
        let none = PortBlock::reserve(folder.path(), u16::MAX);
        assert!(matches!(none, Err(Error::NoPorts { .. })));
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let found = PortBlock::reserve(folder.path(), 1).unwrap().ports()[0];
        let Ok(_listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, found)) else {
            // Another program was faster, which is as good.
            return;
        };
        let next = PortBlock::reserve(folder.path(), 1).unwrap();
        assert_ne!(next.ports(), [found]);
    }
}
