//! A run of `hub` on a terminal of its own, with a person in front of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::hub::Hub;
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
}

impl Terminal {
    /// Starts it on a terminal of so many columns that knows colours.
    pub fn start(hub: Hub, columns: u16) -> Self {
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
        let mut command = hub.env("TERM", "xterm-256color").into_command();
        command
            .stdin(stream(&device))
            .stdout(stream(&device))
            .stderr(stream(&device))
            .process_group(0);
        let child = command.spawn().unwrap();
        // Only its own side keeps the terminal open, so that reading ends with it.
        drop((command, device));
        let keyboard = File::from(keyboard);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // EIO says that the other side is closed.
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                to.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            reader,
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

    /// What the terminal does at Ctrl-C: it signals everything in the foreground.
    pub fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process_group(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    }

    /// Waits for its end: the exit status, and everything that was written.
    pub fn ends(mut self) -> (i32, String) {
        wait_until(LIMIT, "hub has ended", || {
            self.child.try_wait().unwrap().is_some()
        });
        let code = self.child.wait().unwrap().code().unwrap();
        // A process that outlives it may keep the terminal open; then there is no end to wait for.
        wait_until(LIMIT, "nobody has the terminal open", || {
            self.reader.is_finished()
        });
        let screen = self.screen.lock().unwrap();
        (code, String::from_utf8_lossy(&screen).replace('\r', ""))
    }
}

/// Text without escape sequences.
pub fn plain(text: &str) -> String {
    let escapes = regex_lite::Regex::new("\x1b(?:\\[[0-9;?]*[A-Za-z]|[()][A-Z0-9])").unwrap();
    escapes.replace_all(text, "").into_owned()
}
