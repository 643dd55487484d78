//! In `hub attach`: the user's terminal, connected with an agent's.

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::SIGWINCH;

use super::error::{Error, Result};
use super::frame;
use super::interrupt::Interrupt;
use super::logs::Growing;
use super::replay::without_questions;
use super::terminal::short;

/// Ctrl-\ as a byte, and as terminals tell it that were asked to tell more of their keys.
const DETACH: [&[u8]; 2] = [b"\x1c", b"\x1b[92;5u"];

/// Ctrl-C, which nobody else gets from one who only looks on.
const INTERRUPT: &[u8] = b"\x03";

/// What is typed and was not taken is thrown away beyond this.
const MOST: usize = 64 * 1024;

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The user went away; the agent goes on.
    Detached,
    /// The other side has closed: the agent has ended, or its supervisor.
    Closed,
}

/// Whether somebody sits in front of hub: both streams are a terminal.
#[must_use]
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// An agent's terminal that hub is connected with.
#[derive(Debug)]
pub struct Line {
    socket: UnixStream,
}

impl Line {
    /// Connects; `None` when there is no terminal, or nobody who serves it any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn connect(socket: &Path) -> Result<Option<Self>> {
        let connected = short(socket, |path| UnixStream::connect(path));
        let stream = match connected {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Error::io("connect to the agent's terminal")(error)),
        };
        let ready = stream.set_nonblocking(true);
        ready.map_err(Error::io("connect to the agent's terminal"))?;
        Ok(Some(Self { socket: stream }))
    }

    /// Shows the end of the log, then what comes, and passes keys on until one side goes.
    ///
    /// The terminal is left as it was found, however this ends.
    ///
    /// # Errors
    /// When the log cannot be read, the sink refuses, or a signal came.
    pub fn join(
        self,
        log: &Path,
        read_only: bool,
        interrupt: &Interrupt,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Over> {
        let rows = tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_row);
        // A terminal may not know its size.
        let rows = if rows == 0 { 24 } else { rows };
        let resized = Resized::watch()?;
        let raw = Raw::enter()?;
        let mut attached = Attached {
            line: self,
            log: Growing::open(log, Some(usize::from(rows)))?,
            outgoing: Vec::new(),
            read_only,
            seen: Seen::default(),
        };
        let over = attached.run(&resized, interrupt, sink);
        drop(raw);
        let undo = attached.seen.undo();
        let _ = sink(undo);
        over
    }
}

struct Attached {
    line: Line,
    log: Growing,
    /// Frames that the supervisor has not taken yet.
    outgoing: Vec<u8>,
    read_only: bool,
    seen: Seen,
}

impl Attached {
    fn run(
        &mut self,
        resized: &Resized,
        interrupt: &Interrupt,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Over> {
        let writing = || Error::io("write to the terminal");
        let mut again = true;
        loop {
            interrupt.check()?;
            if resized.take()
                && !self.read_only
                && let Ok(size) = tcgetwinsize(io::stdout())
                && size.ws_row > 0
            {
                frame::size(size.ws_row, size.ws_col, &mut self.outgoing);
            }
            let open = self.exchange();
            let mut printed = self.log.read()?;
            let came = !printed.is_empty();
            if std::mem::take(&mut again) {
                printed = without_questions(&printed);
            }
            self.seen.look(&printed);
            sink(&printed).map_err(writing())?;
            if !open && !came {
                return Ok(Over::Closed);
            }
            // However much is printed, keys are seen to.
            if self.wait(came).map_err(Error::io("wait for keys"))? && !self.keys()? {
                return Ok(Over::Detached);
            }
        }
    }

    /// Writes what was typed, and takes what tells of more in the log; returns whether the other
    /// side is there.
    fn exchange(&mut self) -> bool {
        while !self.outgoing.is_empty() {
            match self.line.socket.write(&self.outgoing) {
                Ok(taken) => drop(self.outgoing.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        let mut told = [0; 256];
        loop {
            match self.line.socket.read(&mut told) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// Waits until something comes, or for a moment, or only looks; returns whether keys came.
    fn wait(&self, only_look: bool) -> io::Result<bool> {
        let limit = Timespec {
            tv_sec: 0,
            tv_nsec: if only_look { 0 } else { 100_000_000 },
        };
        let stdin = io::stdin();
        let mut line = PollFlags::IN;
        if !self.outgoing.is_empty() {
            line |= PollFlags::OUT;
        }
        let mut asked = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&self.line.socket, line),
        ];
        match poll(&mut asked, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [stdin, _] = &asked;
        Ok(!stdin.revents().is_empty())
    }

    /// Takes the keys; returns whether to go on.
    fn keys(&mut self) -> Result<bool> {
        let mut bytes = [0; 4096];
        let count = match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(Error::io("read keys")(error.into())),
        };
        let typed = bytes.get(..count).unwrap_or(&[]);
        let ends = ending(typed, self.read_only);
        let typed = typed.get(..ends.unwrap_or(count)).unwrap_or(&[]);
        if !self.read_only && self.outgoing.len() < MOST {
            frame::keys(typed, &mut self.outgoing);
        }
        if count == 0 || ends.is_some() {
            self.exchange();
            return Ok(false);
        }
        Ok(true)
    }
}

/// Where in what was typed the user goes away.
fn ending(typed: &[u8], read_only: bool) -> Option<usize> {
    let by = |keys: &[u8]| typed.windows(keys.len()).position(|part| part == keys);
    let interrupt = read_only.then(|| by(INTERRUPT)).flatten();
    DETACH
        .iter()
        .filter_map(|keys| by(keys))
        .chain(interrupt)
        .min()
}

/// The terminal without its line editing, until it is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> Result<Self> {
        let setting = || Error::io("set up the terminal");
        let before = tcgetattr(io::stdin()).map_err(|error| setting()(error.into()))?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)
            .map_err(|error| setting()(error.into()))?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // What was typed ahead is meant for whoever comes next.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// What the agent has asked of the terminal.
#[derive(Default)]
struct Seen {
    screen: bool,
}

impl Seen {
    fn look(&mut self, printed: &[u8]) {
        const OTHER_SCREEN: &[u8] = b"\x1b[?1049h";
        let mut parts = printed.windows(OTHER_SCREEN.len());
        self.screen |= parts.any(|part| part == OTHER_SCREEN);
    }

    /// What takes it back: the cursor is seen, nothing is coloured, keys, mouse and paste are told
    /// as at first; and the usual screen, where there was another.
    fn undo(&self) -> &'static [u8] {
        if self.screen {
            b"\x1b[?1049l\x1b[?25h\x1b[0m\x1b[<u\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\r\n"
        } else {
            b"\x1b[?25h\x1b[0m\x1b[<u\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\r\n"
        }
    }
}

/// Whether the window has another size than was told.
struct Resized {
    flag: Arc<AtomicBool>,
    signal: SigId,
}

impl Resized {
    fn watch() -> Result<Self> {
        // The first size is to be told, too.
        let flag = Arc::new(AtomicBool::new(true));
        let signal = signal_hook::flag::register(SIGWINCH, Arc::clone(&flag))
            .map_err(Error::io("catch signals"))?;
        Ok(Self { flag, signal })
    }

    fn take(&self) -> bool {
        self.flag.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Resized {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_goes_away_by_the_first_of_the_keys() {
        for (typed, read_only, at) in [
            (&b"ls\r"[..], false, None),
            (b"ls\x1cx", false, Some(2)),
            (b"a\x1b[92;5u", false, Some(1)),
            (b"a\x03", false, None),
            (b"a\x03\x1c", true, Some(1)),
        ] {
            assert_eq!(ending(typed, read_only), at, "{typed:?}");
        }
    }

    #[test]
    fn a_path_of_any_length_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(120)).join("y".repeat(120));
        std::fs::create_dir_all(&deep).unwrap();
        let socket = deep.join("terminal.sock");
        assert!(Line::connect(&socket).unwrap().is_none());
        let bound = short(&socket, |path| std::os::unix::net::UnixListener::bind(path));
        let listener = bound.unwrap();
        assert!(Line::connect(&socket).unwrap().is_some());
        drop(listener);
        assert!(
            Line::connect(&socket).unwrap().is_none(),
            "nobody serves it"
        );
    }
}
