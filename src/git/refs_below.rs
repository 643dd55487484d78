//! The refs below one prefix, read from git's own files without listing all the others.
//!
//! libgit2 loads and copies every packed ref before it lists the first one: with a hundred
//! thousand of them that is longer than all else that `hub dag` does. `packed-refs` is sorted,
//! so where a prefix begins is found by halving. What is not as git writes it today (an older
//! `packed-refs`, a symbolic ref, a link, another ref storage) is left to libgit2.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::beneath;

/// What a ref's file, or its line in `packed-refs`, names: an object's id in hex digits.
pub(super) type Targets = BTreeMap<String, String>;

/// How much of `packed-refs` is read line by line instead of being halved once more.
const NEAR: u64 = 16 * 1024;

/// The refs below `prefix`, which ends with a slash, by name; `None` where it is not known how
/// to read them, or they cannot be read.
pub(super) fn below(common: &Path, prefix: &str) -> Option<Targets> {
    if !prefix.ends_with('/') || common.join("reftable").exists() {
        return None;
    }
    let mut loose = Targets::new();
    // First the files, then the packed: a ref that is packed in between is in one of them.
    add_loose(&common.join(prefix), prefix, &mut loose)?;
    let mut found = packed(&common.join("packed-refs"), prefix).ok().flatten()?;
    found.append(&mut loose);
    Some(found)
}

/// All refs: `packed-refs` as it is, and the refs in files of their own; `None` where git had
/// better list them.
pub(super) fn all(common: &Path) -> Option<(String, Targets)> {
    if common.join("reftable").exists() {
        return None;
    }
    let mut loose = Targets::new();
    add_raw(&common.join("refs"), "refs/", &mut loose)?;
    let packed = match beneath::read_at_once(&common.join("packed-refs")) {
        Ok(packed) => String::from_utf8(packed).ok()?,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(_) => return None,
    };
    Some((packed, loose))
}

/// Adds what is in a folder of refs, symbolic ones, too; `None` at a link.
fn add_raw(folder: &Path, prefix: &str, found: &mut Targets) -> Option<()> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            let below = add_raw(&entry.path(), &format!("{prefix}{name}/"), found);
            // It may have gone since it was listed.
            if below.is_none() && entry.path().is_dir() {
                return None;
            }
        } else if !kind.is_file() {
            return None;
        } else if Path::new(&name).extension().is_none_or(|end| end != "lock")
            && let Ok(text) = beneath::read_text_at_once(&entry.path())
        {
            found.insert(format!("{prefix}{name}"), text.trim_end().to_owned());
        }
    }
    Some(())
}

/// Adds what is in a folder of refs; `None` at anything that is not a plain ref.
fn add_loose(folder: &Path, prefix: &str, found: &mut Targets) -> Option<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Some(()),
        Err(_) => return None,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            add_loose(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if !kind.is_file() {
            return None;
        } else if Path::new(&name).extension().is_none_or(|e| e != "lock") {
            match beneath::read_text_at_once(&entry.path()) {
                Ok(text) => {
                    let target = id(text.trim_end())?;
                    found.insert(format!("{prefix}{name}"), target.to_owned());
                }
                // Packed, or deleted, since the folder was read.
                Err(error) if is_gone(&error) => {}
                Err(_) => return None,
            }
        }
    }
    Some(())
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

/// An object's id, and nothing else.
fn id(text: &str) -> Option<&str> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then_some(text)
}

/// The packed refs below a prefix; `None` where the file is not sorted or a line is not one of it.
fn packed(path: &Path, prefix: &str) -> io::Result<Option<Targets>> {
    let mut found = Targets::new();
    let file = match beneath::open_at_once(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(found)),
        Err(error) => return Err(error),
    };
    let mut header = String::new();
    let mut reader = BufReader::new(&file);
    reader.read_line(&mut header)?;
    let says_sorted = header
        .strip_prefix("# pack-refs with:")
        .is_some_and(|traits| traits.split_whitespace().any(|word| word == "sorted"));
    if !says_sorted {
        return Ok(None);
    }
    let start = begin(&file, header.len() as u64, prefix.as_bytes())?;
    reader.seek(SeekFrom::Start(start))?;
    for line in reader.split(b'\n') {
        let line = line?;
        if line.starts_with(b"^") {
            continue;
        }
        let Some((target, name)) = parsed(&line) else {
            return Ok(None);
        };
        if name.starts_with(prefix) {
            found.insert(name.to_owned(), target.to_owned());
        } else if name > prefix {
            break;
        }
    }
    Ok(Some(found))
}

fn parsed(line: &[u8]) -> Option<(&str, &str)> {
    let (target, name) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    Some((id(target)?, name))
}

/// The beginning of a line from which the first name that is not before `prefix` is near.
fn begin(file: &File, first: u64, prefix: &[u8]) -> io::Result<u64> {
    let mut low = first;
    let mut high = file.metadata()?.len();
    while high.saturating_sub(low) > NEAR {
        let middle = low + (high - low) / 2;
        match line_after(file, middle)? {
            Some((start, name)) if name.as_slice() < prefix => low = start,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first line of a ref that begins behind `at`: where, and the ref's name.
fn line_after(file: &File, at: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    // Longer than any name of a ref that fits into a path.
    let mut buffer = vec![0; 12 * 1024];
    let count = file.read_at(&mut buffer, at)?;
    buffer.truncate(count);
    let mut start = at;
    let mut lines = buffer.split_inclusive(|byte| *byte == b'\n');
    // In the middle of this one, most likely.
    start += lines.next().map_or(0, |line| line.len() as u64);
    for line in lines {
        if let (Some(line), false) = (line.strip_suffix(b"\n"), line.starts_with(b"^")) {
            let space = line.iter().position(|byte| *byte == b' ');
            let name = space.and_then(|space| line.get(space + 1..));
            return Ok(Some((start, name.unwrap_or_default().to_vec())));
        }
        start += line.len() as u64;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const A: &str = "0123456789012345678901234567890123456789";
    const B: &str = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
    const SORTED: &str = "# pack-refs with: peeled fully-peeled sorted \n";

    fn common(packed: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "packed-refs", packed);
        folder
    }

    fn put(common: &Path, name: &str, text: &str) {
        let path = common.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn named(found: Option<Targets>) -> Vec<String> {
        found.unwrap().into_keys().collect()
    }

    #[test]
    fn a_file_of_a_ref_counts_before_its_packed_value() {
        let folder = common(&format!(
            "{SORTED}{A} refs/heads/hub/1/a\n{A} refs/heads/hub/1/b\n^{B}\n{A} refs/heads/hub/2\n"
        ));
        let common = folder.path();
        put(common, "refs/heads/hub/1/b", &format!("{B}\n"));
        put(common, "refs/heads/hub/1/c/d", &format!("{B}\n"));
        put(common, "refs/heads/hub/1/c/d.lock", "");
        let found = below(common, "refs/heads/hub/1/").unwrap();
        let expected = [("a", A), ("b", B), ("c/d", B)];
        let expected = expected.map(|(n, t)| (format!("refs/heads/hub/1/{n}"), t.to_owned()));
        assert_eq!(found, Targets::from(expected));
        assert_eq!(named(below(common, "refs/heads/hub/3/")), [""; 0]);
    }

    #[test]
    fn what_git_writes_otherwise_is_left_to_libgit2() {
        let line = format!("{A} refs/heads/hub/1/a\n");
        for packed in [
            line.clone(),
            format!("# pack-refs with: peeled \n{line}"),
            format!("{SORTED}nonsense\n{line}"),
        ] {
            let folder = common(&packed);
            assert_eq!(below(folder.path(), "refs/heads/hub/"), None, "{packed}");
        }
        let folder = common(&format!("{SORTED}{line}"));
        assert_eq!(below(folder.path(), "refs/heads/hub"), None);
        put(folder.path(), "refs/heads/hub/s", "ref: refs/heads/main\n");
        assert_eq!(below(folder.path(), "refs/heads/hub/"), None);
        let folder = common(&format!("{SORTED}{line}"));
        fs::create_dir(folder.path().join("reftable")).unwrap();
        assert_eq!(below(folder.path(), "refs/heads/hub/"), None);
    }

    proptest! {
        /// Against reading every line.
        #[test]
        fn halving_finds_what_reading_it_all_finds(
            names in prop::collection::btree_set("[a-d]{1,3}(/[a-d]{1,40}){1,2}", 0..2000),
            prefix in "[a-d]{1,2}/",
            peeled in any::<bool>(),
        ) {
            let mut text = SORTED.to_owned();
            for name in &names {
                text.extend([A, " refs/", name, "\n"]);
                if peeled {
                    text.extend(["^", B, "\n"]);
                }
            }
            let folder = tempfile::tempdir().unwrap();
            put(folder.path(), "packed-refs", &text);
            let prefix = format!("refs/{prefix}");
            let all = names.iter().map(|name| format!("refs/{name}"));
            let expected: Vec<String> = all.filter(|name| name.starts_with(&prefix)).collect();
            prop_assert_eq!(named(below(folder.path(), &prefix)), expected);
        }
    }
}
