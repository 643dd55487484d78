//! Doors for `fuzz/` to what reads sockets and logs; no other build has them.

use std::path::{Path, PathBuf};

use super::frame::{self, Frame};
use super::log_index;

/// Takes frames from what came over a socket, and writes them again.
pub fn frames(bytes: &[u8]) {
    let (mut came, mut again) = (bytes.to_vec(), Vec::new());
    while let Ok(Some(frame)) = frame::next(&mut came) {
        match frame {
            Frame::Keys(keys) if keys.is_empty() || keys.len() > 4096 => return,
            Frame::Keys(keys) => frame::keys(&keys, &mut again),
            Frame::Size(rows, columns) => frame::size(rows, columns, &mut again),
        }
    }
    assert!(bytes.starts_with(&again), "a frame was read as another");
    assert_eq!(bytes.len(), again.len() + came.len(), "bytes are lost");
}

/// The file that tells when a log had which length.
#[must_use]
pub fn index_of(log: &Path) -> PathBuf {
    log_index::path_of(log)
}
