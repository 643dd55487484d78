//! The floor of the comparison: the bare system calls of a piece of work, and nothing else.
//!
//! `floor start` does nothing. `floor stat FOLDER` looks at two files in each folder of FOLDER,
//! `floor read FOLDER` reads them, each on two threads. `floor walk FOLDER…` looks at every file
//! below. benches/compare.sh builds it with rustc alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let what = arguments.next().unwrap_or_default();
    let folders: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let look = |path: &Path| fs::metadata(path).map(drop);
    let read = |path: &Path| fs::read(path).map(drop);
    for folder in &folders {
        match what.to_str() {
            Some("stat") => each_session(folder, look)?,
            Some("read") => each_session(folder, read)?,
            _ => {}
        }
    }
    if what == "walk" {
        on_two_threads(&folders, walk)?;
    }
    Ok(())
}

fn each_session(folder: &Path, work: impl Fn(&Path) -> io::Result<()> + Sync) -> io::Result<()> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
    let sessions: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    on_two_threads(&sessions, |session| {
        work(&session.join("config.yaml"))?;
        work(&session.join("state.json"))
    })
}

fn walk(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path())?;
        } else {
            entry.metadata()?;
        }
    }
    Ok(())
}

fn on_two_threads(
    all: &[PathBuf],
    work: impl Fn(&Path) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let (one, other) = all.split_at(all.len() / 2);
    let half = |part: &[PathBuf]| part.iter().try_for_each(|path| work(path));
    thread::scope(|scope| {
        let first = scope.spawn(|| half(one));
        let second = half(other);
        first.join().unwrap_or(Ok(())).and(second)
    })
}
