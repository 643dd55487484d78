//! A run of `hub` on a terminal of its own, with a person in front of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcsetwinsize};

use super::hub::Hub;
use super::repo::TestRepo;
use super::wait_until;

/// How long anything may take that a person would wait for.
const LIMIT: Duration = Duration::from_secs(60);

/// `hub` with all of its streams on a pseudo-terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// Whether the window is gone.
    closed: Arc<AtomicBool>,
}

impl Terminal {
    /// Starts it on a terminal of so many columns that knows colours.
    pub fn start(hub: Hub, columns: u16) -> Self {
        let mut command = hub.into_command();
        command.process_group(0);
        Self::open(command, columns)
    }

    /// Starts a line for the shell as whoever has logged in on the terminal: what the terminal
    /// tells the processes in front of it comes from the kernel.
    pub fn logged_in(repo: &TestRepo, line: &str) -> Self {
        let mut command = repo.program("setsid");
        command.args(["--ctty", "/bin/sh", "-c", line]);
        Self::open(command, 100)
    }

    fn open(mut command: Command, columns: u16) -> Self {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&keyboard, size).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let device = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        let stream = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command
            .env("TERM", "xterm-256color")
            .stdin(stream(&device))
            .stdout(stream(&device))
            .stderr(stream(&device));
        let child = command.spawn().unwrap();
        // Only its own side keeps the terminal open, so that reading ends with it.
        drop((command, device));
        let keyboard = File::from(keyboard);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let reader = {
            let from = keyboard.try_clone().unwrap();
            let (to, closed) = (Arc::clone(&screen), Arc::clone(&closed));
            std::thread::spawn(move || read(from, &to, &closed))
        };
        Self {
            child,
            keyboard,
            screen,
            reader,
            closed,
        }
    }

    /// Everything that was written until now, with its escape sequences.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).replace('\r', "")
    }

    /// Waits until a text was written.
    pub fn sees(&self, text: &str) {
        wait_until(LIMIT, &format!("the terminal shows {text:?}"), || {
            self.screen().contains(text)
        });
    }

    /// Presses keys.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the window another size, as a person does who drags its corner.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.keyboard, size).unwrap();
        self.signal(Signal::WINCH);
    }

    /// Whether lines are edited and keys echoed by the terminal, as they are at first.
    pub fn is_as_at_first(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.keyboard).unwrap();
        let expected = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        modes.local_modes.contains(expected)
    }

    /// What the terminal does at Ctrl-C: it signals everything in the foreground.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends a signal to everything in the foreground.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process_group(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Closes the window, and waits until what was started on the terminal has ended.
    pub fn close(mut self) -> ExitStatus {
        self.closed.store(true, Ordering::SeqCst);
        self.reader.join().unwrap();
        drop(self.keyboard);
        wait_until(LIMIT, "what was on the terminal has ended", || {
            self.child.try_wait().unwrap().is_some()
        });
        self.child.wait().unwrap()
    }

    /// Waits until hub has ended; the terminal is still there.
    pub fn has_ended(&mut self) {
        wait_until(LIMIT, "hub has ended", || {
            self.child.try_wait().unwrap().is_some()
        });
    }

    /// Waits for its end: the exit status, and everything that was written.
    pub fn ends(mut self) -> (i32, String) {
        self.has_ended();
        let code = self.child.wait().unwrap().code().unwrap();
        // A process that outlives it may keep the terminal open; then there is no end to wait for.
        wait_until(LIMIT, "nobody has the terminal open", || {
            self.reader.is_finished()
        });
        let screen = self.screen.lock().unwrap();
        (code, String::from_utf8_lossy(&screen).replace('\r', ""))
    }
}

/// Reads what is written until the other side or the window is closed.
fn read(mut from: File, to: &Mutex<Vec<u8>>, closed: &AtomicBool) {
    let mut bytes = [0; 4096];
    let pause = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    while !closed.load(Ordering::SeqCst) {
        let mut wanted = [PollFd::new(&from, PollFlags::IN)];
        match poll(&mut wanted, Some(&pause)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => panic!("the terminal cannot be read: {error}"),
        }
        // EIO says that the other side is closed.
        let Ok(count @ 1..) = from.read(&mut bytes) else {
            return;
        };
        to.lock().unwrap().extend_from_slice(&bytes[..count]);
    }
}

/// Text without escape sequences.
pub fn plain(text: &str) -> String {
    let escapes = regex_lite::Regex::new("\x1b(?:\\[[0-9;?]*[A-Za-z]|[()][A-Z0-9])").unwrap();
    escapes.replace_all(text, "").into_owned()
}
