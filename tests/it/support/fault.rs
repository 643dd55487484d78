//! Kills and full disks at a step that is chosen: of `hub` itself, or between its calls of git.
//!
//! A step is a call that changes files (`fault.c`, loaded by the dynamic linker). What libraries
//! ask the kernel for directly, past the C library, is no step of its own: it lies between two.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Hub, TestRepo};

/// Where `hub` is hit.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Killed before a step.
    KillBefore(usize),
    /// Killed after a step.
    KillAfter(usize),
    /// One step alone fails.
    Once(Errno, usize),
    /// The disk is full from a step on.
    FullFrom(usize),
    /// Killed instead of a call of git.
    KillBeforeGit(usize),
    /// Killed when a call of git is over.
    KillAfterGit(usize),
}

/// Where every supervisor is killed that a `hub` starts.
#[derive(Clone, Copy, Debug)]
pub enum SupervisorKill {
    /// Before its first instruction.
    First,
    /// When it has said that it is ready, and waits for its job.
    Ready,
    /// Before a step.
    Before(usize),
}

/// Runs `hub` with a kill of its supervisors.
pub fn in_supervisors(hub: Hub, kill: SupervisorKill) -> Hub {
    let text = match kill {
        SupervisorKill::First => "kill-first".to_owned(),
        SupervisorKill::Ready => "kill-ready".to_owned(),
        SupervisorKill::Before(step) => format!("kill-before:{step}"),
    };
    let hub = hub.env("LD_PRELOAD", library());
    hub.env("HUB_FAULT_SUPERVISOR", text)
}

/// Runs `hub`; each of its supervisors writes down its steps in a file that begins with `log`.
pub fn supervisors_counted(hub: Hub, log: &Path) -> Hub {
    let hub = hub.env("LD_PRELOAD", library());
    hub.env("HUB_FAULT_SUPERVISOR_LOG", log)
}

/// What the system says when a step fails.
#[derive(Clone, Copy, Debug)]
pub enum Errno {
    /// No space left on device.
    NoSpace,
    /// Input/output error.
    InputOutput,
}

impl Errno {
    fn number(self) -> i32 {
        let error = match self {
            Self::NoSpace => rustix::io::Errno::NOSPC,
            Self::InputOutput => rustix::io::Errno::IO,
        };
        error.raw_os_error()
    }
}

/// Runs `hub` with a fault.
pub fn with(hub: Hub, repo: &TestRepo, fault: Fault) -> Hub {
    let hub = hub.env("LD_PRELOAD", library());
    let number = Errno::NoSpace.number();
    let text = match fault {
        Fault::KillBefore(step) => format!("kill-before:{step}"),
        Fault::KillAfter(step) => format!("kill-after:{step}"),
        Fault::Once(errno, step) => format!("once:{}:{step}", errno.number()),
        Fault::FullFrom(step) => format!("from:{number}:{step}"),
        Fault::KillBeforeGit(call) => return git_shim(hub, repo, &format!("before {call}")),
        Fault::KillAfterGit(call) => return git_shim(hub, repo, &format!("after {call}")),
    };
    hub.env("HUB_FAULT", text)
}

/// A disk that is not as it should be.
#[derive(Clone, Copy, Debug)]
pub enum Disk {
    /// One with this many bytes free.
    Free(u64),
    /// One that knows no locks.
    WithoutLocks,
}

/// Runs `hub` on such a disk.
pub fn on_disk(hub: Hub, disk: Disk) -> Hub {
    let hub = hub.env("LD_PRELOAD", library());
    match disk {
        Disk::Free(bytes) => hub.env("HUB_FAULT_FREE", bytes.to_string()),
        Disk::WithoutLocks => hub.env("HUB_FAULT_NO_LOCKS", "1"),
    }
}

/// Runs `hub` and writes down the name of each of its steps.
pub fn counted(hub: Hub, log: &Path) -> Hub {
    hub.env("LD_PRELOAD", library()).env("HUB_FAULT_LOG", log)
}

/// Runs `hub`; each step and each program that it starts is written into a file that is there.
pub fn traced(hub: Hub, file: &Path) -> Hub {
    hub.env("LD_PRELOAD", library())
        .env("HUB_FAULT_TRACE", file)
}

/// The same of each supervisor that it starts.
pub fn supervisors_traced(hub: Hub, file: &Path) -> Hub {
    hub.env("LD_PRELOAD", library())
        .env("HUB_FAULT_SUPERVISOR_TRACE", file)
}

/// Runs `hub` and writes down the number of its calls of git.
pub fn git_counted(hub: Hub, repo: &TestRepo) -> Hub {
    git_shim(hub, repo, "never 0")
}

/// The number of calls of git that the last run made.
pub fn git_calls(repo: &TestRepo) -> usize {
    let count = fs::read_to_string(git_count(repo)).unwrap();
    count.trim().parse().unwrap()
}

fn git_count(repo: &TestRepo) -> PathBuf {
    repo.root().join("shim/count")
}

/// A `git` before the real one, which counts the calls that come from hub itself.
fn git_shim(hub: Hub, repo: &TestRepo, when: &str) -> Hub {
    let path = std::env::var_os("PATH").unwrap();
    let real = std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|program| program.is_file())
        .expect("git is on the PATH");
    let count = git_count(repo);
    let text = format!(
        "#!/bin/sh\n\
        set -- '{when}' \"$@\"\n\
        at=${{1% *}} target=${{1#* }}\n\
        shift\n\
        n=0\n\
        case $(tr '\\0' ' ' <\"/proc/$PPID/cmdline\") in\n\
        *'/hub '*supervise*) ;;\n\
        *'/hub '*)\n\
            # Two threads of hub may be here at the same time.\n\
            until mkdir '{count}.lock' 2>/dev/null; do :; done\n\
            n=$(($(cat '{count}') + 1)); echo $n >'{count}'\n\
            rmdir '{count}.lock' ;;\n\
        esac\n\
        if [ $at$n = before$target ]; then kill -KILL $PPID; exit 1; fi\n\
        '{real}' \"$@\"\n\
        status=$?\n\
        if [ $at$n = after$target ]; then kill -KILL $PPID; fi\n\
        exit $status\n",
        count = count.display(),
        real = real.display(),
    );
    let shim = repo.root().join("shim/git");
    super::repo::write_program(&shim, text);
    super::repo::write(&count, "0\n");
    let folders =
        std::iter::once(shim.parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
    hub.env("PATH", std::env::join_paths(folders).unwrap())
}

/// The library, compiled once a run of the tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/fault.c");
        let made = folder.join(format!("fault-{}.so", std::process::id()));
        // What built libgit2 is there to build this, too.
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&made, &source])
            .arg("-ldl")
            .output()
            .expect("there is a C compiler");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        // Another run of the tests may be at it at the same time.
        let library = folder.join("fault.so");
        fs::rename(&made, &library).unwrap();
        library
    })
}
