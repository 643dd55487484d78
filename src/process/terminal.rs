//! In the supervisor: an agent's terminal, which the supervisor owns.
//!
//! ```text
//! hub attach ──keys, sizes──► socket ─► pump ─► terminal ◄──► agent
//!     ▲                                  │
//!     └──── reads ──── stdout.log ◄──────┘
//! ```
//!
//! What the agent prints goes to its log and nowhere else; who is attached reads it there, and is
//! told by a byte on the socket that there is more. So nobody who reads slowly holds the agent up.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::beneath;
use crate::domain::launch::Limits;

use super::command::ShellCommand;
use super::error::{Error, Result};
use super::frame::{self, Frame};
use super::group;

/// How much typed input waits for the agent; no more is read until it takes some.
const MOST_INPUT: usize = 64 * 1024;

/// How many may be attached at once.
const MOST_CLIENTS: usize = 32;

/// The size before anybody is attached.
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A terminal with an agent in it.
#[derive(Debug)]
pub(super) struct Terminal {
    keyboard: UnixStream,
    over: Arc<AtomicBool>,
    pump: JoinHandle<()>,
}

impl Terminal {
    /// Starts the command in a terminal of its own, whose socket is `socket`.
    pub fn start(command: &ShellCommand, limits: &Limits, socket: &Path) -> Result<(Child, Self)> {
        let (mut child, master, log) = command.start_in_terminal(limits)?;
        let listener = listen(socket)
            .inspect_err(|error| log::warn!("nobody can attach to the agent: {error}"))
            .ok();
        let start = || -> io::Result<Self> {
            rustix::io::ioctl_fionbio(&master, true)?;
            let (keyboard, feed) = UnixStream::pair()?;
            let over = Arc::new(AtomicBool::new(false));
            let pump = Pump {
                over: Arc::clone(&over),
                master,
                log,
                listener,
                feed: Client::new(feed)?,
                clients: Vec::new(),
                input: Vec::new(),
                hung_up: false,
                full: false,
            };
            let socket = socket.to_path_buf();
            let pump = std::thread::Builder::new()
                .name("terminal".to_owned())
                .spawn(move || {
                    pump.run();
                    let _ = beneath::remove_file(&socket);
                })?;
            Ok(Self {
                keyboard,
                over,
                pump,
            })
        };
        match start() {
            Ok(terminal) => Ok((child, terminal)),
            Err(error) => {
                group::signal_group(child.id(), Signal::KILL);
                let _ = child.wait();
                Err(Error::io("make a terminal for the agent")(error))
            }
        }
    }

    /// Where keys are written for the agent, as frames.
    pub fn keyboard(&self) -> io::Result<OwnedFd> {
        Ok(self.keyboard.try_clone()?.into())
    }

    /// When nobody writes to the terminal any more: the rest of it goes to the log, and whoever is
    /// attached is told of the end.
    pub fn finish(self) {
        self.over.store(true, Ordering::SeqCst);
        drop(self.keyboard);
        if self.pump.join().is_err() {
            log::warn!("the agent's terminal was given up");
        }
    }
}

/// Sets how large a terminal is.
pub(super) fn resize(master: impl AsFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows.max(1),
        ws_col: columns.max(1),
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let _ = tcsetwinsize(master, size);
}

/// The size that a terminal has at first.
pub(super) fn first_size(master: impl AsFd) {
    resize(master, ROWS, COLUMNS);
}

/// A socket for this user alone.
///
/// A socket's path may have 108 bytes: it is reached by way of its folder's descriptor.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    match beneath::remove_file(socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let before = rustix::process::umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = short(socket, |path| UnixListener::bind(path));
    rustix::process::umask(before);
    let listener = listener?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Does something with a path of any length, by a short one.
pub(super) fn short<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd;

    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let folder = beneath::open_folder(folder)?;
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    act(&short.join(name))
}

/// Somebody who types.
#[derive(Debug)]
struct Client {
    stream: UnixStream,
    came: Vec<u8>,
    gone: bool,
}

impl Client {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            came: Vec::new(),
            gone: false,
        })
    }

    /// Takes what has come, as far as `input` has place for it.
    fn read(&mut self, input: &mut Vec<u8>, master: &OwnedFd) {
        let mut bytes = [0; 4096];
        while input.len() < MOST_INPUT && !self.gone {
            match self.stream.read(&mut bytes) {
                Ok(0) => self.gone = true,
                Ok(count) => self
                    .came
                    .extend_from_slice(bytes.get(..count).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.gone = true,
            }
            loop {
                match frame::next(&mut self.came) {
                    Ok(Some(Frame::Keys(keys))) => input.extend(keys),
                    Ok(Some(Frame::Size(rows, columns))) => resize(master, rows, columns),
                    Ok(None) => break,
                    Err(frame::Malformed) => {
                        self.gone = true;
                        break;
                    }
                }
            }
        }
    }

    /// Tells that there is more in the log; one byte that waits says it as well as two.
    fn tell(&mut self) {
        match self.stream.write(b".") {
            Err(error) if error.kind() != ErrorKind::WouldBlock => self.gone = true,
            _ => {}
        }
    }
}

/// Passes on what is typed, and keeps what is printed.
struct Pump {
    /// Whether the agent has ended.
    over: Arc<AtomicBool>,
    master: OwnedFd,
    log: File,
    listener: Option<UnixListener>,
    /// The supervisor itself, for messages. Its end is that of all: the supervisor is gone.
    feed: Client,
    clients: Vec<Client>,
    /// What the agent has not taken yet.
    input: Vec<u8>,
    /// Whether no process had the terminal open at the last look.
    hung_up: bool,
    /// Whether the log could not be written.
    full: bool,
}

impl Pump {
    fn run(mut self) {
        while !self.feed.gone && !self.over.load(Ordering::SeqCst) {
            self.wait();
            self.keep_output();
            self.accept();
            self.feed.read(&mut self.input, &self.master);
            for client in &mut self.clients {
                client.read(&mut self.input, &self.master);
            }
            self.clients.retain(|client| !client.gone);
            self.pass_on_input();
        }
        self.keep_output();
    }

    /// Until something can be done.
    fn wait(&self) {
        // A terminal that nobody has open would end every wait at once, and one that takes no
        // keys none.
        let limit = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        let mut asked = Vec::new();
        if !self.hung_up {
            let mut events = PollFlags::IN;
            if !self.input.is_empty() {
                events |= PollFlags::OUT;
            }
            asked.push(PollFd::new(&self.master, events));
        }
        let listener = self.listener.iter();
        asked.extend(listener.map(|one| PollFd::new(one, PollFlags::IN)));
        let full = self.input.len() >= MOST_INPUT;
        if !full {
            let clients = std::iter::once(&self.feed).chain(&self.clients);
            asked.extend(clients.map(|one| PollFd::new(&one.stream, PollFlags::IN)));
        }
        // What a signal cuts short is begun again.
        let _ = poll(&mut asked, (self.hung_up || full).then_some(&limit));
    }

    fn keep_output(&mut self) {
        const READS: usize = 64;
        let mut bytes = [0; 16 * 1024];
        let mut more = false;
        for _ in 0..READS {
            match rustix::io::read(&self.master, &mut bytes) {
                Ok(count @ 1..) => {
                    self.hung_up = false;
                    more = true;
                    let printed = bytes.get(..count).unwrap_or(&[]);
                    self.keep(printed);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.hung_up = false;
                    break;
                }
                Ok(_) | Err(_) => {
                    self.hung_up = true;
                    break;
                }
            }
        }
        if more {
            self.clients.iter_mut().for_each(Client::tell);
        }
    }

    fn keep(&mut self, printed: &[u8]) {
        match self.log.write_all(printed) {
            Ok(()) => self.full = false,
            // The agent goes on, as one does that writes into its log itself and does not look.
            Err(error) if !self.full => {
                self.full = true;
                log::warn!("what the agent prints is lost: {error}");
            }
            Err(_) => {}
        }
    }

    fn accept(&mut self) {
        while let Some(Ok((stream, _))) = self.listener.as_ref().map(UnixListener::accept) {
            if self.clients.len() < MOST_CLIENTS {
                self.clients.extend(Client::new(stream));
            }
        }
    }

    fn pass_on_input(&mut self) {
        while !self.input.is_empty() {
            match rustix::io::write(&self.master, &self.input) {
                Ok(taken) => drop(self.input.drain(..taken)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.input.clear(),
            }
        }
    }
}
