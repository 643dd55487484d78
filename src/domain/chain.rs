//! The chain of a journal: each line names the hash of the line before, and a head kept beside
//! it names the last one.
//!
//! Whoever changes, cuts or reorders lines breaks the chain somewhere, and [`check`] says where.
//! Whoever writes everything anew with all hashes does not: this is evidence, no signature.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::digest;
use super::id::{BadName, serde_as_text};

/// The SHA-256 of a journal's line, as its bytes stand without the line end: 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineHash(String);

impl LineHash {
    /// The hash of a line.
    #[must_use]
    pub fn of(line: &[u8]) -> Self {
        Self(digest::sha256(&[line]))
    }

    /// The hash as hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl FromStr for LineHash {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if s.len() == 64 && digest::is_hex(s) {
            Ok(Self(s.to_owned()))
        } else {
            let why = "it must be 64 hex digits in lower case";
            Err(BadName::new("a line's hash", s, why))
        }
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(LineHash);

/// The last line of a journal: its number and its hash. As text always of the same length, so
/// that the next one can be written over it, with a check at its end: one that a full disk or a
/// power failure has torn is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The line's `seq`.
    pub seq: u64,
    /// Its hash.
    pub hash: LineHash,
}

impl Head {
    /// What the bytes of a file say; `None` where it is not whole.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut words = line.split(' ');
        let head = Self {
            seq: words.next()?.parse().ok()?,
            hash: words.next()?.parse().ok()?,
        };
        (head.to_string().as_bytes() == bytes).then_some(head)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = format!("{:020} {}", self.seq, self.hash);
        let check = LineHash::of(said.as_bytes());
        writeln!(f, "{said} {}", check.short())
    }
}

/// What is wrong with a journal; lines are counted from 1 as they stand in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The line is not the one that the next one was written behind.
    Changed {
        /// The line.
        line: usize,
    },
    /// The line says nothing that hub would have written.
    NotAnEvent {
        /// The line.
        line: usize,
    },
    /// Lines that stood before this one are gone.
    Missing {
        /// The line that comes behind the gap.
        line: usize,
        /// The number of the first that is missing.
        from: u64,
        /// The number of the last that is missing.
        to: u64,
    },
    /// The line's number is not above that of the line before.
    OutOfOrder {
        /// The line.
        line: usize,
        /// Its number.
        seq: u64,
    },
    /// The line names no hash although one before it does.
    Unchained {
        /// The line.
        line: usize,
    },
    /// The journal had more lines than it has.
    Cut {
        /// The number of the last line that is there; 0 where there is none.
        last: u64,
        /// The number of the last line that was written.
        written: u64,
    },
    /// The line is not the last one that was written.
    OtherEnd {
        /// The line.
        line: usize,
    },
}

impl Broken {
    /// The line in the file where it shows.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Changed { line }
            | Self::NotAnEvent { line }
            | Self::Missing { line, .. }
            | Self::OutOfOrder { line, .. }
            | Self::Unchained { line }
            | Self::OtherEnd { line } => Some(*line),
            Self::Cut { .. } => None,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { line } => write!(f, "line {line} was changed after it was written"),
            Self::NotAnEvent { line } => write!(f, "line {line} is none that hub writes"),
            Self::Missing { line, from, to } if from == to => {
                write!(f, "event {from} is missing before line {line}")
            }
            Self::Missing { line, from, to } => {
                write!(f, "events {from} to {to} are missing before line {line}")
            }
            Self::OutOfOrder { line, seq } => {
                write!(f, "line {line} is out of order: it is event {seq}")
            }
            Self::Unchained { line } => {
                write!(f, "line {line} names no hash, although one before it does")
            }
            Self::Cut { last, written } => write!(
                f,
                "its end is cut off: {written} events were written, the last one there is {last}"
            ),
            Self::OtherEnd { line } => {
                write!(f, "line {line} is not the one that was written there last")
            }
        }
    }
}

/// What a line says of its place; everything else is not looked at.
#[derive(Deserialize)]
struct Place {
    seq: u64,
    #[serde(default)]
    previous: Named,
}

/// What a line says of the one before.
#[derive(Default, Deserialize)]
#[serde(from = "Option<LineHash>")]
enum Named {
    /// There is no such key: an older hub wrote the line.
    #[default]
    NoKey,
    /// There is none before.
    Nothing,
    Line(LineHash),
}

impl From<Option<LineHash>> for Named {
    fn from(hash: Option<LineHash>) -> Self {
        hash.map_or(Self::Nothing, Self::Line)
    }
}

/// Looks at the lines of a journal, without their line ends, and at its head, where there is one.
///
/// An initial run of lines that name no hash is an older hub's. A head that is behind is that
/// of a hub that was killed.
#[must_use]
pub fn check<'l>(lines: impl IntoIterator<Item = &'l [u8]>, head: Option<&Head>) -> Vec<Broken> {
    let mut walk = Walk::default();
    // Where the line that the head names is, and whether it is that one.
    let mut at_head = None;
    for (number, bytes) in (1..).zip(lines) {
        let seq = walk.step(number, bytes);
        if let Some(head) = head.filter(|head| seq == Some(head.seq)) {
            at_head = Some((number, LineHash::of(bytes) == head.hash));
        }
    }
    let last = walk.before.as_ref().map_or(0, |(seq, _)| *seq);
    let mut found = walk.found;
    match (head, at_head) {
        // Where the next line tells of it already, once is enough.
        (_, Some((line, false))) if !found.contains(&Broken::Changed { line }) => {
            found.push(Broken::OtherEnd { line });
        }
        (Some(head), None) if head.seq > last => found.push(Broken::Cut {
            last,
            written: head.seq,
        }),
        // What is missing in the middle was told of.
        _ => {}
    }
    found
}

/// How far the lines were looked at.
#[derive(Default)]
struct Walk {
    found: Vec<Broken>,
    /// The number and the hash of the line before.
    before: Option<(u64, LineHash)>,
    /// Whether lines have to name hashes from here on.
    chained: bool,
}

impl Walk {
    /// Looks at one line; returns its number.
    fn step(&mut self, line: usize, bytes: &[u8]) -> Option<u64> {
        let Ok(place) = serde_json::from_slice::<Place>(bytes) else {
            self.found.push(Broken::NotAnEvent { line });
            return None;
        };
        let (last, hash) = match self.before.replace((place.seq, LineHash::of(bytes))) {
            Some((last, hash)) => (last, Some(hash)),
            None => (0, None),
        };
        let chained = !matches!(place.previous, Named::NoKey);
        let named = match place.previous {
            Named::Line(hash) => Some(hash),
            Named::NoKey | Named::Nothing => None,
        };
        let broken = if place.seq <= last {
            Some(Broken::OutOfOrder {
                line,
                seq: place.seq,
            })
        } else if place.seq > last.saturating_add(1) {
            Some(Broken::Missing {
                line,
                from: last + 1,
                to: place.seq - 1,
            })
        } else if self.chained && named.is_none() {
            Some(Broken::Unchained { line })
        } else if named.is_some() && named != hash {
            Some(Broken::Changed {
                line: line.saturating_sub(1).max(1),
            })
        } else {
            None
        };
        self.found.extend(broken);
        self.chained |= chained;
        Some(place.seq)
    }
}

/// Behind which line the next one is written: its number and hash.
///
/// Where the head says otherwise than the journal, the head is believed: so the chain itself
/// keeps the gap that somebody has made, also when the head has moved on.
#[must_use]
pub fn end_of(lines: &[&[u8]], head: Option<&Head>) -> Option<Head> {
    let mut seqs = lines.iter().rev().filter_map(|bytes| {
        let place = serde_json::from_slice::<Place>(bytes).ok()?;
        Some((place.seq, *bytes))
    });
    let last = seqs.clone().next().map(|(seq, bytes)| Head {
        seq,
        hash: LineHash::of(bytes),
    });
    let Some(head) = head else {
        return last;
    };
    // Usually the last line, or the one before it.
    let named = seqs.find(|(seq, _)| *seq == head.seq);
    if named.is_some_and(|(_, bytes)| LineHash::of(bytes) == head.hash) {
        return last;
    }
    Some(Head {
        seq: head.seq.max(last.map_or(0, |last| last.seq)),
        hash: head.hash.clone(),
    })
}

#[cfg(test)]
mod tests;
