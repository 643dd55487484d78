//! What the kernel denied, as it tells it: records of its audit, to whoever may listen.
//!
//! hub only listens. It switches nothing on, and is not the one daemon that audit can have: a
//! multicast group brings a copy of each record to anybody who has the right to read them.

use std::fs;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::{AUDIT, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recvfrom, sendto,
    socket_with, sockopt,
};

use crate::domain::security::denied::Record;
use crate::domain::security::hearing::{Hearing, TELLS};

use super::machine;

/// The group that brings a copy of each record (`AUDIT_NLGRP_READLOG`), as a mask.
const READERS: u32 = 1;

/// What is before each message: length, kind, flags, number, sender (netlink(7)).
const HEADER: usize = 16;

/// Longer than any record: the kernel's longest has 8970 bytes.
const LONGEST: usize = 16 * 1024;

/// Somebody who hears what the kernel denies.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    buffer: Vec<u8>,
    /// Whether who sent a record is looked at.
    from_kernel: bool,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A record that tells of Landlock.
    Record(Record),
    /// There was more than could be held for it.
    Overrun,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// With what is in the way; then nobody hears, and all else is as ever.
    pub fn open() -> Result<Self, Hearing> {
        let (socket, from_kernel) = match pretended() {
            Some(socket) => (socket, false),
            None => (listen()?, true),
        };
        Ok(Self {
            socket,
            buffer: vec![0; LONGEST],
            from_kernel,
        })
    }

    /// What was told since, one at a time; `None` when that is all.
    pub fn hear(&mut self) -> Option<Heard> {
        // What others are told of comes here, too; a look has an end all the same.
        const MOST: usize = 4096;
        for _ in 0..MOST {
            let buffer = self.buffer.as_mut_slice();
            let (length, from) = match recvfrom(&self.socket, buffer, RecvFlags::DONTWAIT) {
                Ok((length, _, from)) => (length, from),
                Err(Errno::NOBUFS) => return Some(Heard::Overrun),
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            };
            let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
            if self.from_kernel && from.is_none_or(|from| from.pid() != 0) {
                continue;
            }
            let message = self.buffer.get(..length).unwrap_or_default();
            let record = kind_of(message).zip(message.get(HEADER..));
            if let Some(record) = record.and_then(|(kind, text)| Record::read(kind, text)) {
                return Some(Heard::Record(record));
            }
        }
        None
    }

    /// Waits until something is told, no longer than this.
    pub fn wait(&self, limit: Duration) {
        wait(&self.socket, limit);
    }
}

/// Whether what is denied here is told.
#[must_use]
pub fn hearing() -> Hearing {
    let landlock = machine::landlock();
    if landlock < TELLS {
        return Hearing::Landlock(landlock);
    }
    match Listener::open() {
        Err(hearing) => hearing,
        Ok(_) => match is_on() {
            Some(true) => Hearing::Told,
            Some(false) => Hearing::Off,
            None => Hearing::MayBeOff,
        },
    }
}

fn listen() -> Result<OwnedFd, Hearing> {
    /// Between two looks there may be many records, most of them of others.
    const HELD: usize = 1024 * 1024;
    // Records name processes by the machine's own numbers, and come to its own network.
    if is_contained() {
        return Err(Hearing::Contained);
    }
    let refused = |errno| match errno {
        Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT => Hearing::NoAudit,
        Errno::PERM | Errno::ACCESS => Hearing::NoRight,
        errno => Hearing::Refused(std::io::Error::from(errno).to_string()),
    };
    let socket = socket().map_err(refused)?;
    bind(&socket, &SocketAddrNetlink::new(0, READERS)).map_err(refused)?;
    let larger = sockopt::set_socket_recv_buffer_size_force(&socket, HELD);
    let _ = larger.or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, HELD));
    Ok(socket)
}

fn socket() -> rustix::io::Result<OwnedFd> {
    let family = AddressFamily::NETLINK;
    socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, Some(AUDIT))
}

fn is_contained() -> bool {
    /// The kernel's own number of the first one (`PROC_PID_INIT_INO`).
    const FIRST: &str = "pid:[4026531836]";
    let of = |path: &str| fs::read_link(path).ok();
    let network = of("/proc/self/ns/net");
    // The kernel's own processes are in the first network; not everybody may look.
    let first = of("/proc/2/ns/net");
    of("/proc/self/ns/pid").is_none_or(|own| own.as_os_str() != FIRST)
        || first.is_some_and(|first| Some(first) != network)
}

/// Whether audit is on; `None` where the kernel does not say.
fn is_on() -> Option<bool> {
    const REQUEST: u16 = 1;
    const GET: u16 = 1000;
    /// A status has a mask first, then this.
    const ENABLED: usize = HEADER + 4;
    const PATIENCE: Duration = Duration::from_secs(1);
    let socket = socket().ok()?;
    let mut request = Vec::from(u32::try_from(HEADER).ok()?.to_ne_bytes());
    request.extend([GET.to_ne_bytes(), REQUEST.to_ne_bytes()].as_flattened());
    request.resize(HEADER, 0);
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &request, SendFlags::empty(), &kernel).ok()?;
    let until = Instant::now() + PATIENCE;
    let mut answer = [0; 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        wait(&socket, left);
        let got = recvfrom(&socket, answer.as_mut_slice(), RecvFlags::DONTWAIT);
        let message = answer.get(..got.ok()?.0)?;
        if kind_of(message)? == GET {
            let enabled = message.get(ENABLED..)?.first_chunk()?;
            return Some(u32::from_ne_bytes(*enabled) != 0);
        }
    }
}

fn kind_of(message: &[u8]) -> Option<u16> {
    let kind = message.get(4..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*kind))
}

fn wait(socket: &OwnedFd, limit: Duration) {
    let mut asked = [PollFd::new(socket, PollFlags::IN)];
    let limit = Timespec::try_from(limit).ok();
    let _ = poll(&mut asked, limit.as_ref());
}

/// A test can be the kernel, at a socket of its own.
#[cfg(feature = "fail-points")]
fn pretended() -> Option<OwnedFd> {
    let path = std::env::var_os("HUB_TEST_AUDIT")?;
    let socket = std::os::unix::net::UnixDatagram::bind(path).ok()?;
    Some(socket.into())
}

#[cfg(not(feature = "fail-points"))]
fn pretended() -> Option<OwnedFd> {
    None
}
