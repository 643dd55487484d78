//! What there is of a session to be exported, and what of it is damaged.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::beneath;
use crate::domain::export::EntryName;
use crate::domain::id::SessionId;
use crate::store::board::Board;
use crate::store::error::{Error, Result};
use crate::store::evaluation_dir;
use crate::store::hub_dir::SessionDir;
use crate::store::lock::Lock;
use crate::store::session::StoredSession;

/// Folders of a session's folder that hold something to be exported.
const FOLDERS: [&str; 5] = ["agents", "baseline", "evaluations", "undone", "verify"];

/// What stays behind without a word: it is of this machine, or made anew by whoever needs it.
const OF_HERE: [&str; 5] = [
    ".lock",
    "import",
    "imported.json",
    "setup.done",
    "terminal.sock",
];

/// No folder of hub's is deeper.
const DEEPEST: usize = 6;

/// A file that goes into an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name there.
    pub name: EntryName,
    /// Where it is.
    pub path: PathBuf,
}

/// All that goes into an archive, by name, and what does not.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The files.
    pub sources: Vec<Source>,
    /// What is left out, in words.
    pub missing: Vec<String>,
}

impl Source {
    /// Opens it, with its length and its time as they are now; `None` where it is gone by now.
    pub(super) fn begin(&self) -> Result<Option<(File, u64, u64)>> {
        let file = match beneath::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &self.path)(error)),
        };
        let meta = file.metadata().map_err(Error::io("read", &self.path))?;
        if !meta.is_file() {
            let kind = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
            return Err(Error::io("read", &self.path)(kind));
        }
        let changed = meta.modified().ok();
        let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let time = since.map_or(0, |since| since.as_secs());
        Ok(Some((file, meta.len(), time)))
    }
}

impl Gathered {
    /// Whether nothing of this name is in it.
    fn add(&mut self, name: EntryName, path: PathBuf, length: u64) {
        match name.most_bytes() {
            Some(most) if length > most => {
                let what = format!("{name}: it has {length} bytes, and no more than {most} go in");
                self.missing.push(what);
            }
            _ => self.sources.push(Source { name, path }),
        }
    }

    /// All files of a session's folder and its posts, by name.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn of(dir: &SessionDir, board: &Board) -> Result<Self> {
        let mut found = Self::default();
        found.walk(dir.path(), "", 0)?;
        found.posts(dir.id(), board)?;
        found.sources.sort_by_cached_key(|one| one.name.to_string());
        Ok(found)
    }

    fn walk(&mut self, folder: &Path, above: &str, depth: usize) -> Result<()> {
        let entries = beneath::read_dir(folder).map_err(Error::io("read", folder))?;
        let mut names: Vec<String> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("read", folder))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            if OF_HERE.contains(&name.as_str()) || name.starts_with(".new-") {
                continue;
            }
            let path = folder.join(&name);
            let inside = format!("{above}{name}");
            let Ok(meta) = fs::symlink_metadata(&path) else {
                continue;
            };
            let known = EntryName::of_session(&inside);
            let goes_on = depth > 0 || FOLDERS.contains(&name.as_str());
            match known {
                Some(known) if meta.is_file() => self.add(known, path, meta.len()),
                None if meta.is_dir() && goes_on && depth < DEEPEST => {
                    self.walk(&path, &format!("{inside}/"), depth + 1)?;
                }
                _ => self
                    .missing
                    .push(format!("{inside}: it is none of hub's files")),
            }
        }
        Ok(())
    }

    fn posts(&mut self, id: &SessionId, board: &Board) -> Result<()> {
        for channel in board.channels()? {
            for file in board.files(&channel)? {
                let path = board.post_file(&channel, &file);
                let head = match board.head(&channel, &file) {
                    Ok(head) => head,
                    Err(error) => {
                        self.missing
                            .push(format!("board/{channel}/{}: {error}", file.as_str()));
                        continue;
                    }
                };
                if head.metadata.session.as_deref() != Some(id.as_str()) {
                    continue;
                }
                let length = fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
                if let Some(name) = EntryName::of_post(&channel, &file) {
                    self.add(name, path, length);
                } else {
                    let shown = format!("board/{channel}/{:?}", file.as_str());
                    let what = format!("{shown}: hub names no post so");
                    self.missing.push(what);
                }
            }
        }
        Ok(())
    }
}

impl SessionDir {
    /// Looks at a session while nobody writes it; nothing is made for that.
    ///
    /// # Errors
    /// [`Error::Busy`] when somebody writes for longer than `limit`.
    pub fn while_free<T>(&self, limit: Duration, look: impl Fn() -> T) -> Result<T> {
        let begun = Instant::now();
        loop {
            if let Some(seen) = Lock::while_free(&self.lock_file(), &look) {
                return Ok(seen);
            }
            let waited = begun.elapsed();
            if waited >= limit {
                return Err(Error::Busy {
                    path: self.lock_file(),
                    holder: "another process".to_owned(),
                    waited,
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What of the session's files is not as hub writes it: each is read by its own reader.
    #[must_use]
    pub fn problems(&self) -> Vec<Error> {
        let stored = match StoredSession::read_in(self.clone()) {
            Ok(stored) => stored,
            Err(error) => return vec![error],
        };
        let journal = self.journal_file();
        let chain = stored.journal_findings().map(|found| {
            let broken = |one: &crate::domain::chain::Broken| {
                Error::corrupt(&journal, one.line(), one.to_string())
            };
            found.first().map_or(Ok(()), |one| Err(broken(one)))
        });
        let mut checks = vec![
            stored.events().map(drop),
            chain.and_then(|found| found),
            stored.evaluation().map(drop),
            stored.launch().map(drop),
        ];
        checks.extend(evaluation_dir::check(&self.evaluations()));
        checks.extend(self.undone_checks());
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// The same of what a spawn that was taken back had made.
    fn undone_checks(&self) -> Vec<Result<()>> {
        let entries = beneath::read_dir(&self.path().join("undone"));
        let folders = entries.into_iter().flatten().flatten();
        let checks = folders.flat_map(|folder| {
            let folder = folder.path();
            let mut checks = vec![
                crate::store::evaluation::read(&folder.join("evaluation.json")).map(drop),
                crate::store::launch_file::read(&folder.join("launch.json")).map(drop),
            ];
            checks.extend(evaluation_dir::check(&folder.join("evaluations")));
            checks
        });
        checks.collect()
    }
}
