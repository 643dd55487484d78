//! Reading what processes printed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::domain::text::visible;

/// The last `most` bytes of a file as text; what is not UTF-8 is replaced. Empty when it cannot be read.
#[must_use]
pub fn tail(path: &Path, most: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// The last `count` lines that hold something, without what a terminal would obey.
#[must_use]
pub fn last_lines(path: &Path, count: usize) -> String {
    let text = tail(path, 64 * 1024);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .map(shown)
        .filter(|line| !line.trim().is_empty())
        .take(count)
        .collect();
    lines.reverse();
    lines.join("\n")
}

/// A line as a person reads it: harmless, and not of any length.
fn shown(line: &str) -> String {
    const LONGEST: usize = 500;
    let line: String = line.trim_end().chars().take(LONGEST).collect();
    visible(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_lines_are_harmless_text() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\n\n\x1b[31mtwo\x07\n\xff three\r\n\n")
            .unwrap();
        assert_eq!(
            last_lines(file.path(), 2),
            "\u{241b}[31mtwo\u{2407}\n\u{fffd} three"
        );
        assert_eq!(last_lines(Path::new("/nonexistent"), 2), "");
    }

    #[test]
    fn only_the_end_of_a_large_file_is_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all("é".repeat(1000).as_bytes()).unwrap();
        assert_eq!(tail(file.path(), 4), "éé");
    }
}
