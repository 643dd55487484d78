//! What an agent puts where hub reads and writes: links, pipes, sockets. None is followed, none is
//! waited for.

mod hub_dir;
mod worktrees;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode};
use rustix::process::Signal;

use crate::support::{Answer, Hub, TestRepo, wait_until};

/// Whoever waits for the other end of a pipe waits for ever; a loaded machine takes seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    /// A link to a file of somebody else.
    Link,
    Pipe,
    Socket,
}

const ALL: [Planted; 3] = [Planted::Link, Planted::Pipe, Planted::Socket];

const SECRET: &str = "root:x:0:0: a secret of somebody else\n";

impl Planted {
    /// Puts it in the place of whatever is there; what was there stands beside it until
    /// [`put_back`].
    fn plant(self, repo: &TestRepo, place: &Path) {
        if fs::symlink_metadata(place).is_ok() {
            fs::rename(place, aside(place)).unwrap();
        }
        match self {
            Self::Link => std::os::unix::fs::symlink(secret(repo), place).unwrap(),
            Self::Pipe => pipe(place),
            Self::Socket => {
                // A socket's path may have 108 bytes.
                let short = tempfile::tempdir().unwrap();
                let bound = short.path().join("s");
                drop(std::os::unix::net::UnixListener::bind(&bound).unwrap());
                fs::rename(bound, place).unwrap();
            }
        }
    }

    /// What an error says of it.
    fn words(self) -> &'static str {
        match self {
            Self::Link => "is a symbolic link; hub does not follow it",
            Self::Pipe => "is a pipe, not a file; hub does not open it",
            Self::Socket => "is a socket, not a file; hub does not open it",
        }
    }
}

fn pipe(place: &Path) {
    rustix::fs::mknodat(CWD, place, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn aside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap().to_str().unwrap();
    place.with_file_name(format!(".was-{name}"))
}

fn put_back(place: &Path) {
    if fs::symlink_metadata(place).is_ok() {
        fs::remove_file(place).unwrap();
    }
    if fs::symlink_metadata(aside(place)).is_ok() {
        fs::rename(aside(place), place).unwrap();
    }
}

/// A file that nobody gave to hub.
fn secret(repo: &TestRepo) -> PathBuf {
    let path = repo.root().join("secret");
    if !path.exists() {
        repo.write(&path, SECRET);
    }
    path
}

/// Runs it to its end, which comes by itself.
fn ends(hub: Hub) -> Answer {
    let running = hub.start();
    let pid = running.pid();
    let stuck = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let over = std::sync::Arc::clone(&stuck);
    let watch = std::thread::spawn(move || {
        let begun = std::time::Instant::now();
        while over.load(std::sync::atomic::Ordering::SeqCst) {
            if begun.elapsed() > LIMIT {
                let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
                let _ = rustix::process::kill_process(pid, Signal::KILL);
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    });
    let answer = running.end();
    stuck.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(watch.join().unwrap(), "it waits for ever: {answer}");
    assert!(!answer.stdout.contains("secret"), "{answer}");
    assert!(!answer.stderr.contains("a secret"), "{answer}");
    answer
}

/// A session of one agent that has ended.
fn ended(repo: &TestRepo) -> String {
    repo.hub([
        "init",
        "--task",
        "Go",
        "--agents",
        "1",
        "--eval",
        "echo m: 1",
        "--metric",
        "m",
        "--no-baseline",
    ])
    .ok();
    let session = repo.newest_session();
    let script = repo.script(
        "agent.sh",
        "echo hello; echo 1 >new; git add new; git commit -qm new",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    repo.hub(["wait", &session]).ok();
    session
}
