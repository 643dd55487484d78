//! When a log had which length: by that, what was printed since a time is found.
//!
//! Beside `stdout.log` its supervisor writes `stdout.idx`: a line `<milliseconds since 1970>
//! <length>` at most once a second, when the log has grown. What lies before such a length was
//! printed before that time; so whoever begins to read at the last length of before a time misses
//! nothing, and sees at most what was printed between two looks too much. When the middle of a
//! log is cut out, the last line says how: `cut <head> <tail> <length of the line between>`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use crate::beneath;

/// How a log begins that tells what was cut out of it, behind its head.
pub(super) const CUT: &str = "\n[hub: ";

/// How often the length is written down.
const EVERY: Duration = Duration::from_secs(1);

/// How far the time of a file's change may lag behind, on file systems that keep whole seconds.
const LAG: Duration = Duration::from_secs(2);

/// What is left of a log whose middle was cut out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Where the head ended.
    pub head: u64,
    /// Where the tail began.
    pub tail: u64,
    /// The length of the line that stands between them now.
    pub between: u64,
}

impl Cut {
    /// Where something stands now that stood at `offset`.
    fn now_at(self, offset: u64) -> u64 {
        if offset < self.tail {
            return offset.min(self.head);
        }
        offset - self.tail + self.head + self.between
    }
}

/// The index of a log that somebody writes into.
#[derive(Debug)]
pub(super) struct LogIndex {
    file: File,
    /// The last length that was written, and when.
    last: Option<(Instant, u64)>,
}

pub(super) fn path_of(log: &Path) -> PathBuf {
    log.with_extension("idx")
}

impl LogIndex {
    /// Of a log that has just been begun; `None` where it cannot be written.
    pub fn begin(log: &Path) -> Option<Self> {
        let path = path_of(log);
        // That of a log before must not be taken for this one's.
        let _ = beneath::remove_file(&path);
        let made = beneath::open_with(&path, File::options().create_new(true).append(true));
        match made {
            Ok(file) => Some(Self { file, last: None }),
            Err(error) => {
                log::warn!("cannot write {}: {error}", path.display());
                None
            }
        }
    }

    /// The log has this length now.
    pub fn note(&mut self, length: u64, now: Instant) {
        let recent = |at: Instant| now.saturating_duration_since(at) < EVERY;
        if !self.last.is_some_and(|(at, _)| recent(at)) {
            self.write_length(length, now);
        }
    }

    /// The log has this length at its end.
    pub fn end(&mut self, length: u64) {
        self.write_length(length, Instant::now());
    }

    /// The log is about to be cut.
    pub fn cut(&mut self, cut: Cut) {
        let Cut {
            head,
            tail,
            between,
        } = cut;
        self.write(&format!("cut {head} {tail} {between}\n"));
    }

    fn write_length(&mut self, length: u64, now: Instant) {
        let before = self.last.map_or(0, |(_, length)| length);
        if length == before {
            return;
        }
        self.last = Some((now, length));
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let time = time.unwrap_or_default().as_millis();
        self.write(&format!("{time} {length}\n"));
    }

    /// In one write, so that no half of a line is read; what cannot be written is missing.
    fn write(&mut self, line: &str) {
        let _ = self.file.write_all(line.as_bytes());
    }
}

/// Where in a log that begins which was printed since a time; `None` when that is not known.
///
/// # Errors
/// When the log cannot be read; one that is not there is empty.
pub(super) fn offset_since(log: &Path, since: DateTime<Utc>) -> io::Result<Option<u64>> {
    let mut file = match beneath::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(0)),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    let length = metadata.len();
    if DateTime::<Utc>::from(metadata.modified()? + LAG) < since || length == 0 {
        return Ok(Some(length));
    }
    let Ok(text) = beneath::read_to_string(&path_of(log)) else {
        return Ok(None);
    };
    let (offset, cut) = look_up(&text, since);
    let offset = match cut {
        Some(cut) if is_cut(&mut file, cut)? => cut.now_at(offset),
        _ => offset,
    };
    if offset > length {
        // The agent has begun it anew since.
        return Ok(Some(0));
    }
    line_begin(&mut file, offset, length).map(Some)
}

/// The last length of before the time, and how the log was cut.
fn look_up(text: &str, since: DateTime<Utc>) -> (u64, Option<Cut>) {
    let (mut offset, mut cut) = (0, None);
    let mut later = false;
    // What is behind the last line end was cut off by a crash.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        let mut numbers = line.split(' ').map(|word| word.parse::<u64>().ok());
        if let Some(rest) = line.strip_prefix("cut ") {
            let mut numbers = rest.split(' ').map(|word| word.parse::<u64>().ok());
            let mut next = || numbers.next().flatten();
            cut = next()
                .zip(next())
                .zip(next())
                .map(|((head, tail), between)| Cut {
                    head,
                    tail,
                    between,
                });
        } else if let (Some(Some(time)), Some(Some(length))) = (numbers.next(), numbers.next()) {
            let time = i64::try_from(time).ok();
            // A clock that was set back must not hide anything: the first later one counts.
            later |= time.is_none_or(|time| time > since.timestamp_millis());
            if !later {
                offset = length;
            } else if length < offset {
                // It was begun anew after that time.
                offset = 0;
            }
        }
    }
    (offset, cut)
}

/// Whether the log was cut before its supervisor was gone.
fn is_cut(file: &mut File, cut: Cut) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.seek(SeekFrom::Start(cut.head))?;
    let most = u64::try_from(CUT.len()).unwrap_or_default();
    file.take(most).read_to_end(&mut begin)?;
    Ok(begin == CUT.as_bytes())
}

/// A line counts as printed when its end is: back to the begin of the one that goes on here.
fn line_begin(file: &mut File, offset: u64, length: u64) -> io::Result<u64> {
    const MOST: u64 = 64 * 1024;
    if offset == length {
        return Ok(offset);
    }
    let from = offset.saturating_sub(MOST);
    let mut before = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(offset - from).read_to_end(&mut before)?;
    let end = before.iter().rposition(|byte| *byte == b'\n');
    let begin = match end {
        Some(end) => from + u64::try_from(end).unwrap_or_default() + 1,
        None if from == 0 => 0,
        None => offset,
    };
    Ok(begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).unwrap()
    }

    #[test]
    fn the_last_length_of_before_the_time_is_found() {
        let text = "1000 10\n2000 20\n5000 50\n";
        for (time, offset) in [
            (999, 0),
            (1000, 10),
            (1999, 10),
            (4999, 20),
            (5000, 50),
            (9000, 50),
        ] {
            assert_eq!(look_up(text, at(time)), (offset, None), "{time}");
        }
        assert_eq!(look_up("", at(5)), (0, None));
        assert_eq!(look_up("1000 10\n2000 2", at(5000)), (10, None), "cut off");
        assert_eq!(look_up("1000 10\nx y\n", at(5000)), (10, None), "no entry");
    }

    #[test]
    fn a_clock_that_was_set_back_hides_nothing() {
        let text = "1000 10\n3000 30\n2000 40\n4000 50\n";
        assert_eq!(look_up(text, at(2500)).0, 10);
        assert_eq!(look_up(text, at(4000)).0, 50);
    }

    #[test]
    fn a_log_that_was_begun_anew_is_read_from_its_begin() {
        let text = "1000 100\n2000 10\n3000 20\n";
        assert_eq!(look_up(text, at(1500)).0, 0);
        assert_eq!(look_up(text, at(2500)).0, 10);
    }

    #[test]
    fn lengths_of_before_a_cut_are_found_behind_it() {
        let cut = Cut {
            head: 10,
            tail: 90,
            between: 5,
        };
        assert_eq!(look_up("1000 100\ncut 10 90 5\n", at(0)), (0, Some(cut)));
        for (before, now) in [(4, 4), (10, 10), (50, 10), (89, 10), (90, 15), (100, 25)] {
            assert_eq!(cut.now_at(before), now, "{before}");
        }
    }

    #[test]
    fn what_is_written_is_found_by_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("stdout.log");
        let mut file = File::create(&log).unwrap();
        file.write_all(b"one\ntwo").unwrap();
        let long_ago = at(0);
        assert_eq!(offset_since(&log, long_ago).unwrap(), None, "no index");
        let mut index = LogIndex::begin(&log).unwrap();
        index.note(7, Instant::now());
        std::thread::sleep(Duration::from_millis(2));
        let now = Utc::now();
        file.write_all(b" three\nfour\n").unwrap();
        index.note(19, Instant::now());
        assert_eq!(offset_since(&log, long_ago).unwrap(), Some(0));
        assert_eq!(offset_since(&log, now).unwrap(), Some(4), "a line is whole");
        index.end(19);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(offset_since(&log, Utc::now()).unwrap(), Some(19));
        let none = folder.path().join("none.log");
        assert_eq!(offset_since(&none, now).unwrap(), Some(0));
    }
}
