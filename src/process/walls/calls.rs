//! seccomp: which sockets a process can make.
//!
//! Landlock holds TCP ports and no other socket. What it does not hold is not made at all.

use std::collections::BTreeMap;

use rustix::io::Errno;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use crate::domain::security::plan::Reach;

/// Families, types and protocols of sockets (socket(2), ip(7)).
const UNIX: u64 = 1;
const INET: [u64; 2] = [2, 10];
const STREAM: u64 = 1;
const DATAGRAM: u64 = 2;
const TCP: u64 = 6;
const UDP: u64 = 17;
/// The low bits of a type; the others are flags.
const TYPE: u64 = 0xf;

/// Calls by their number: what makes sockets, and what could make them unseen.
#[cfg(target_arch = "x86_64")]
mod numbers {
    pub const SOCKET: i64 = 41;
    /// The same calls by the interface with short pointers have this bit.
    pub const VARIANTS: [i64; 2] = [0, 0x4000_0000];
}
#[cfg(not(target_arch = "x86_64"))]
mod numbers {
    pub const SOCKET: i64 = 198;
    pub const VARIANTS: [i64; 1] = [0];
}
/// Requests through a ring are no calls that a filter sees, and one of them makes a socket.
const RING: [i64; 3] = [425, 426, 427];

/// Lets this process, and what it starts, make only the sockets that it may have.
pub(super) fn filter(reach: &Reach) -> Result<(), seccompiler::Error> {
    let Reach::Only { unix, ports } = reach else {
        return Ok(());
    };
    let program = program(*unix, !ports.is_empty())?;
    seccompiler::apply_filter(&program)
}

/// Whether this machine filters calls.
pub(super) fn is_there() -> bool {
    // A thread that ends at once takes the filter upon itself.
    let ask = || {
        let program = program(false, false).ok()?;
        seccompiler::apply_filter(&program).ok()
    };
    let thread = std::thread::Builder::new().spawn(ask);
    let answer = thread.ok().and_then(|thread| thread.join().ok());
    answer.flatten().is_some()
}

fn program(unix: bool, inet: bool) -> Result<BpfProgram, BackendError> {
    let mut rules = BTreeMap::new();
    for variant in numbers::VARIANTS {
        rules.insert(numbers::SOCKET | variant, refused_sockets(unix, inet)?);
        rules.extend(RING.map(|number| (number | variant, Vec::new())));
    }
    let refuse = SeccompAction::Errno(Errno::ACCESS.raw_os_error().unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

/// Which calls of socket(2) are refused: each rule is one way not to be among those that may be
/// made. Of the internet, TCP and UDP are: UDP for names, TCP by the ports that Landlock holds.
/// Other protocols would pass it by.
fn refused_sockets(unix: bool, inet: bool) -> Result<Vec<SeccompRule>, BackendError> {
    let is_not = |argument, value| {
        let length = SeccompCmpArgLen::Dword;
        SeccompCondition::new(argument, length, SeccompCmpOp::Ne, value)
    };
    let is = |argument, value| {
        let length = SeccompCmpArgLen::Dword;
        SeccompCondition::new(argument, length, SeccompCmpOp::Eq, value)
    };
    let type_is = |value, is: bool| {
        let length = SeccompCmpArgLen::Dword;
        let masked = SeccompCmpOp::MaskedEq(TYPE);
        let condition = SeccompCondition::new(1, length, masked, value);
        is.then_some(condition).transpose()
    };
    let mut families: Vec<u64> = Vec::new();
    families.extend(unix.then_some(UNIX));
    families.extend(inet.then_some(INET).into_iter().flatten());
    if families.is_empty() {
        // Every socket.
        return Ok(Vec::new());
    }
    let others = families.iter().map(|family| is_not(0, *family));
    let mut rules = vec![SeccompRule::new(others.collect::<Result<_, _>>()?)?];
    for family in INET.into_iter().filter(|_| inet) {
        for kind in (0..=TYPE).filter(|kind| ![STREAM, DATAGRAM].contains(kind)) {
            let both = [Some(is(0, family)?), type_is(kind, true)?];
            rules.push(SeccompRule::new(both.into_iter().flatten().collect())?);
        }
        for (kind, protocol) in [(STREAM, TCP), (DATAGRAM, UDP)] {
            let all = [
                Some(is(0, family)?),
                type_is(kind, true)?,
                Some(is_not(2, 0)?),
                Some(is_not(2, protocol)?),
            ];
            rules.push(SeccompRule::new(all.into_iter().flatten().collect())?);
        }
    }
    Ok(rules)
}
