//! A session that comes from an archive: put together in a folder that is no session yet, and
//! marked, as long as it is there, as somebody else's.

use std::fs::{self, File, FileTimes};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::event::{self, Detail, Entry, Phase};
use crate::domain::export::{BadArchive, ChangedAgent, EntryName, Origin, settled_here};
use crate::domain::id::SessionId;
use crate::domain::owner::UserName;
use crate::fault::{Point, effect};

use super::atomic;
use super::board::Board;
use super::error::{Error, Result};
use super::evaluation;
use super::export::UnpackedEntry;
use super::hub_dir::{HubDir, SessionDir};
use super::journal::Journal;
use super::lock::Lock;
use super::owner::current_user;
use super::session::{Files, LockedSession};

/// More than any origin needs.
const LONGEST: u64 = 64 * 1024;

impl SessionDir {
    /// Where an imported session says where it came from. Nothing but an import writes it, and
    /// nothing removes it: it goes wherever the folder goes.
    #[must_use]
    pub fn origin_file(&self) -> PathBuf {
        origin_in(self.path())
    }

    /// What an import has not put in its place yet.
    #[must_use]
    pub fn import_dir(&self) -> PathBuf {
        self.path().join("import")
    }

    /// The posts among that.
    #[must_use]
    pub fn imported_board(&self) -> PathBuf {
        self.import_dir().join("board")
    }

    /// Removes that, once everything is in its place.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn clear_import(&self) -> Result<()> {
        atomic::remove_tree(&self.import_dir())
    }

    /// Where an imported session came from; `None` for one that was made here.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn origin(&self) -> Result<Option<Origin>> {
        let path = self.origin_file();
        let Some(bytes) = atomic::read_capped(&path, LONGEST)? else {
            return Ok(None);
        };
        let origin = serde_json::from_slice(&bytes);
        origin.map(Some).map_err(|error| Error::json(&path, &error))
    }
}

impl HubDir {
    /// Whether a file is of an imported session; where that cannot be told, it is.
    #[must_use]
    pub fn is_imported(&self, file: &Path) -> bool {
        let above = file.ancestors().skip(1);
        let mut above = above.take_while(|folder| folder.starts_with(self.path()));
        above.any(|folder| match fs::symlink_metadata(origin_in(folder)) {
            Err(error) => error.kind() != ErrorKind::NotFound,
            Ok(_) => true,
        })
    }
}

fn origin_in(folder: &Path) -> PathBuf {
    folder.join("imported.json")
}

/// A session that is being put together from an archive.
#[derive(Debug)]
#[must_use = "what is neither taken as a session nor discarded stays until it is old"]
pub struct ImportDraft {
    dir: SessionDir,
    lock: Lock,
}

impl ImportDraft {
    /// Makes the folder.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin(hub: &HubDir, id: &SessionId) -> Result<Self> {
        let dir = hub.draft(id)?;
        let lock = Lock::acquire(&dir.lock_file(), Duration::ZERO, "import");
        match lock {
            Ok(lock) => Ok(Self { dir, lock }),
            Err(error) => {
                let _ = dir.remove(hub);
                Err(error)
            }
        }
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &SessionDir {
        &self.dir
    }

    /// Where the bundle is, where there is one.
    #[must_use]
    pub fn bundle(&self) -> PathBuf {
        self.dir.import_dir().join("attempts.bundle")
    }

    /// A folder for objects that are not in the repository yet.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn apart(&self) -> Result<PathBuf> {
        let folder = self.dir.import_dir().join("objects");
        atomic::make_folder(&folder.join("pack"))?;
        Ok(folder)
    }

    fn place_of(&self, name: &EntryName) -> PathBuf {
        match name {
            EntryName::Bundle => self.bundle(),
            EntryName::Post(channel, file) => {
                let board = self.dir.imported_board();
                board.join(channel.as_str()).join(file)
            }
            EntryName::Session(path) => self.dir.path().join(path),
        }
    }

    /// Puts a file of the archive where it belongs, flushed to disk.
    ///
    /// # Errors
    /// When it is not what the archive's manifest says, or the system refuses.
    pub fn put(&self, entry: UnpackedEntry<'_, '_>) -> Result<()> {
        let path = self.place_of(entry.name());
        let told = || Error::io("write", &path);
        if let Some(folder) = path.parent() {
            atomic::make_folder(folder)?;
        }
        effect(Point::WriteBeside, told(), || {
            let new = &mut File::options();
            let new = new.write(true).create_new(true);
            let mut file = beneath::open_with(&path, new).map_err(told())?;
            let time = Duration::from_secs(entry.time);
            entry.copy(&mut file, &path)?;
            // A time to come would be newer than all that happens here.
            let time = UNIX_EPOCH.checked_add(time).unwrap_or(UNIX_EPOCH);
            let times = FileTimes::new().set_modified(time.min(SystemTime::now()));
            file.flush()
                .and_then(|()| file.set_times(times))
                .and_then(|()| file.sync_all())
                .map_err(told())
        })
    }

    /// Reads every file by its own reader, then makes of the session what it can be here: its
    /// owner is this user, nothing of it runs, and it is marked as somebody else's.
    ///
    /// # Errors
    /// When a file is not what it should be, or the system refuses.
    pub fn settle(
        &self,
        origin: impl FnOnce(Option<UserName>) -> Origin,
        now: DateTime<Utc>,
    ) -> Result<Vec<ChangedAgent>> {
        let id = self.dir.id();
        if let Some(problem) = self.dir.problems().into_iter().next() {
            return Err(inside(&self.dir, problem));
        }
        self.check_posts()?;
        let Files { state, config, .. } = Files::read(self.dir.clone())?;
        state.check_writable(&self.dir.state_file())?;
        if state.session.id != *id || config.config.session_id != *id {
            return Err(BadArchive::damaged("its files are of another session").into());
        }
        let (session, changed) = settled_here(&state.session)?;
        let (mut state, mut config) = (state, config);
        state.session = session;
        let origin = origin(config.config.owner.take());
        let path = self.dir.origin_file();
        let text = serde_json::to_vec_pretty(&origin).map_err(|e| Error::json(&path, &e))?;
        atomic::replace(&path, &[&text[..], b"\n"].concat())?;
        config.config.owner = Some(current_user());
        config.write(&self.dir.config_file())?;
        state.write(&self.dir.state_file())?;
        self.forget_left_files()?;
        self.end_unfinished(now)?;
        Ok(changed)
    }

    /// Every post says that it is of this session.
    fn check_posts(&self) -> Result<()> {
        let board = Board::at(self.dir.imported_board())?;
        for channel in board.channels()? {
            for file in board.files(&channel)? {
                let head = board.head(&channel, &file)?;
                if head.metadata.session.as_deref() != Some(self.dir.id().as_str()) {
                    let name = file.as_str();
                    let what = format!("board/{channel}/{name} is a post of another session");
                    return Err(BadArchive::damaged(what).into());
                }
            }
        }
        Ok(())
    }

    /// What an eval command had left in worktrees of another machine excuses nothing here.
    fn forget_left_files(&self) -> Result<()> {
        let path = self.dir.evaluation_file();
        let Some(mut found) = evaluation::read(&path)? else {
            return Ok(());
        };
        for result in &mut found.results {
            result.left_files.clear();
        }
        evaluation::write(&path, &found)
    }

    /// What was cut off elsewhere cannot be finished here.
    fn end_unfinished(&self, now: DateTime<Utc>) -> Result<()> {
        let (mut journal, events) = Journal::open(&self.dir.journal_file())?;
        let Some(unfinished) = event::unfinished(&events) else {
            return Ok(());
        };
        let settled = Detail::from_iter([("settled".to_owned(), true.into())]);
        let entry = Entry {
            operation: unfinished.operation,
            phase: Phase::TakenBack,
            detail: settled,
            refs: Vec::new(),
        };
        journal.append(entry, now)
    }

    /// The session, locked as it is since its folder was made; it has no name yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn locked(self, hub: &HubDir) -> Result<LockedSession> {
        let dir = self.dir.clone();
        LockedSession::adopt(self.dir, self.lock).inspect_err(|_| {
            let _ = dir.remove(hub);
        })
    }

    /// Removes it.
    pub fn discard(self, hub: &HubDir) {
        // Its name says that it is no session, even if this fails.
        let _ = self.dir.remove(hub);
    }
}

/// A problem of a file as one of the archive: nobody knows the folder that it stands in.
fn inside(dir: &SessionDir, problem: Error) -> Error {
    let named = |path: &Path| match path.strip_prefix(dir.path()) {
        Ok(path) => format!("session/{}", path.display()),
        Err(_) => path.display().to_string(),
    };
    match problem {
        Error::Corrupt { path, line, reason } => {
            let line = line.map_or_else(String::new, |line| format!(", line {line}"));
            BadArchive::damaged(format!("{}{line}: {reason}", named(&path))).into()
        }
        Error::OtherSession { path, found, .. } => {
            BadArchive::damaged(format!("{}: it is of session {found}", named(&path))).into()
        }
        other => other,
    }
}
