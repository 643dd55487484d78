//! A worktree's index as git writes it (gitformat-index(5)), for looking alone.
//!
//! Only what a glance needs is read. Whatever a glance must not judge (an entry that git was told
//! not to look at, a conflict, a submodule, a sparse or split index, another hash) makes the whole
//! file unreadable here: then git looks.

use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{FileType, Stat};

use crate::beneath;

const HEADER: usize = 12;
/// What stands before the flags of an entry: ten numbers of stat data, and the blob's id.
const STAT_WORDS: usize = 10;
/// Where two of them stand.
const MODE: usize = 6;
const SIZE: usize = 9;
const ID: usize = 20;
const FIXED: usize = STAT_WORDS * 4 + ID + 2;

/// Flags of an entry: assumed unchanged, extended (skipped in the worktree, or to be added
/// later), and the two bits of a stage in a conflict.
const UNPLAIN: u16 = 0x8000 | 0x4000 | 0x3000;

/// The blob of an empty file. git keeps the size of an entry that it does not trust as 0.
const EMPTY_BLOB: [u8; ID] = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2,
    0xe4, 0x8c, 0x53, 0x91,
];

/// The entries of an index, in git's order of their paths.
#[derive(Debug)]
pub(super) struct IndexFile {
    names: Vec<u8>,
    entries: Vec<Entry>,
    /// The tree that the whole index was last known to be.
    tree: [u8; ID],
}

/// A file as it was when git last knew that it is its blob.
#[derive(Debug)]
pub(super) struct Entry {
    name: Range<usize>,
    /// As git stores them: ctime, mtime (seconds and nanoseconds each), device, inode, mode,
    /// user, group, size; each cut to 32 bits.
    words: [u32; STAT_WORDS],
    /// Whether a change of the file must show in its stat data.
    settled: bool,
}

impl IndexFile {
    /// Reads an index; `None` where git had better look.
    pub fn read(path: &Path) -> Option<Self> {
        let mut file = beneath::open_at_once(path).ok()?;
        let written = file.metadata().ok()?.mtime();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        Self::parse(&bytes, written)
    }

    pub fn parse(bytes: &[u8], written: i64) -> Option<Self> {
        let (header, _) = bytes.split_at_checked(HEADER)?;
        let version = number(header.get(4..8)?)?;
        if header.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
            return None;
        }
        let count = usize::try_from(number(header.get(8..12)?)?).ok()?;
        // The id of all that stands before it is the end.
        let body = bytes.get(..bytes.len().checked_sub(ID)?)?;
        let mut reader = Reader {
            body,
            at: HEADER,
            names: Vec::with_capacity(body.len() / 2),
            last: 0..0,
        };
        let mut entries = Vec::with_capacity(count.min(body.len() / FIXED));
        for _ in 0..count {
            entries.push(reader.entry(version == 4, written)?);
        }
        Some(Self {
            tree: whole_tree(body.get(reader.at..)?)?,
            names: reader.names,
            entries,
        })
    }

    /// The id of the tree that the index is.
    pub fn tree(&self) -> &[u8] {
        &self.tree
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn name(&self, entry: &Entry) -> &[u8] {
        self.names.get(entry.name.clone()).unwrap_or_default()
    }
}

impl Entry {
    /// Whether git, too, would take the file for unchanged without reading it. It may be told to
    /// compare less than this.
    pub fn is_as(&self, found: &Stat) -> bool {
        self.settled && self.words == words_of(found)
    }

    /// Whether git, too, would take a plain file for changed without reading it: it is one still,
    /// and has another size. Where git noted none, it does not trust what it noted.
    pub fn is_resized(&self, found: &Stat) -> bool {
        let (then, now) = (self.words, words_of(found));
        let is_plain = |words: &[u32; STAT_WORDS]| words[MODE] & 0o170_000 == 0o100_000;
        is_plain(&then) && is_plain(&now) && then[SIZE] != 0 && then[SIZE] != now[SIZE]
    }
}

/// Cut to 32 bits each, as git stores them; the device is not compared, as git does not.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "git cuts the same"
)]
fn words_of(found: &Stat) -> [u32; STAT_WORDS] {
    let mode = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile if found.st_mode & 0o100 != 0 => 0o100_755,
        FileType::RegularFile => 0o100_644,
        FileType::Symlink => 0o120_000,
        _ => 0,
    };
    [
        found.st_ctime as u32,
        found.st_ctime_nsec as u32,
        found.st_mtime as u32,
        found.st_mtime_nsec as u32,
        0,
        found.st_ino as u32,
        mode,
        found.st_uid,
        found.st_gid,
        found.st_size as u32,
    ]
}

struct Reader<'b> {
    body: &'b [u8],
    at: usize,
    names: Vec<u8>,
    /// The name before; those of version 4 begin as it does.
    last: Range<usize>,
}

impl Reader<'_> {
    fn entry(&mut self, shortened: bool, written: i64) -> Option<Entry> {
        let begin = self.at;
        let fixed = self.take(FIXED)?;
        let mut words = [0; STAT_WORDS];
        for (word, bytes) in words.iter_mut().zip(fixed.chunks_exact(4)) {
            *word = number(bytes)?;
        }
        let [_, _, modified, _, device, _, mode, _, _, size] = &mut words;
        *device = 0;
        let id = fixed.get(STAT_WORDS * 4..STAT_WORDS * 4 + ID)?;
        let flags = u16::from_be_bytes(fixed.get(STAT_WORDS * 4 + ID..)?.try_into().ok()?);
        let is_file = matches!(*mode, 0o100_644 | 0o100_755 | 0o120_000);
        if flags & UNPLAIN != 0 || !is_file {
            return None;
        }
        // git compares files that were changed in the second of the index, or later.
        let settled = i64::from(*modified) < written && (*size != 0 || id == EMPTY_BLOB);
        self.name(shortened)?;
        if !shortened {
            // Filled up with zeros, at least one, to a multiple of eight.
            let length = self.at - begin;
            self.at = begin + length.next_multiple_of(8);
        }
        Some(Entry {
            name: self.last.clone(),
            words,
            settled,
        })
    }

    /// Adds the next name to the others.
    fn name(&mut self, shortened: bool) -> Option<()> {
        let start = self.names.len();
        if shortened {
            let less = self.length()?;
            let kept = self.last.len().checked_sub(less)?;
            self.names
                .extend_from_within(self.last.start..self.last.start + kept);
        }
        let rest = self.body.get(self.at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        self.names.extend_from_slice(rest.get(..end)?);
        self.at += end + 1;
        let before = std::mem::replace(&mut self.last, start..self.names.len());
        // Nothing is found by halving where they are in no order; git refuses such an index.
        (self.names.get(before)? < self.names.get(self.last.clone())?).then_some(())
    }

    /// A number of version 4: seven bits a byte, each after the first one counts from one more.
    fn length(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        loop {
            let byte = *self.take(1)?.first()?;
            value = value.checked_add(usize::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            value = value.checked_add(1)?.checked_mul(128)?;
        }
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.body.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// The tree of the whole index by its extensions; `None` where it is not known, or where an
/// extension must be understood to read the index rightly.
fn whole_tree(mut extensions: &[u8]) -> Option<[u8; ID]> {
    let mut tree = None;
    while let Some((head, rest)) = extensions.split_at_checked(8) {
        let (name, length) = head.split_at_checked(4)?;
        let (content, rest) = rest.split_at_checked(usize::try_from(number(length)?).ok()?)?;
        if !name.first()?.is_ascii_uppercase() {
            return None;
        }
        if name == b"TREE" {
            tree = root_of(content);
        }
        extensions = rest;
    }
    tree.filter(|_| extensions.is_empty())
}

/// The root of a cached tree: no name, how many entries and subtrees, and the id where it is known.
fn root_of(content: &[u8]) -> Option<[u8; ID]> {
    let rest = content.strip_prefix(b"\0")?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let counts = rest.get(..end)?;
    if counts.starts_with(b"-") {
        return None;
    }
    rest.get(end + 1..end + 1 + ID)?.try_into().ok()
}
