//! Where things are in the hub directory.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::beneath::{self, HUB_DIR};
use crate::domain::effects::Place;
use crate::domain::id::{AgentId, Attempt, SessionId, SessionSelector};
use crate::fault::{Point, effect};

use super::atomic;
use super::board::Board;
use super::error::{Error, Result};
use super::listing::sessions_in;
use super::lock::Lock;

/// What the name of a folder begins with that is not a session yet, or not any more.
pub(super) const DRAFT: &str = ".draft-";

const LOCK: &str = ".lock";

/// Held from the question how many sessions there are until one more is there.
const INIT_LOCK: &str = ".init.lock";

/// The hub directory of a repository. It need not exist yet: reading an absent one finds no sessions.
#[derive(Clone, Debug)]
pub struct HubDir {
    root: PathBuf,
}

impl HubDir {
    /// The directory's name below the main worktree or the bare repository.
    pub const NAME: &'static str = HUB_DIR;

    /// The hub directory in `home`.
    ///
    /// # Errors
    /// When it or `sessions/` in it is a symbolic link, or something else than a folder.
    pub fn at(home: &Path) -> Result<Self> {
        let dir = Self::unchecked(home);
        dir.check()?;
        Ok(dir)
    }

    /// The hub directory in `home`, whatever stands in its place.
    #[must_use]
    pub fn unchecked(home: &Path) -> Self {
        let root = home.join(Self::NAME);
        Self { root }
    }

    /// Refuses one that is not there for hub alone.
    ///
    /// # Errors
    /// As [`HubDir::at`].
    pub fn check(&self) -> Result<()> {
        for folder in [self.root.clone(), self.sessions()] {
            check_folder(&folder)?;
        }
        Ok(())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The project's own defaults.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// The project's own prompt templates.
    #[must_use]
    pub fn templates(&self) -> PathBuf {
        self.root.join("templates")
    }

    /// The message board, whether it is there or not.
    ///
    /// # Errors
    /// When it is a symbolic link, or something else than a folder.
    pub fn board(&self) -> Result<Board> {
        Board::at(self.root.join("board"))
    }

    /// Makes the directory where it is not there yet, with the file that makes git ignore it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(&self) -> Result<()> {
        atomic::make_folder(&self.root)?;
        let ignore = self.root.join(".gitignore");
        // An empty one is what a kill between making and writing has left.
        if !beneath::metadata(&ignore).is_ok_and(|meta| meta.is_file() && meta.len() > 0) {
            effect(Point::MakeFile, Error::io("write", &ignore), || {
                let mut anew = fs::File::options();
                beneath::open_with(&ignore, anew.write(true).create(true).truncate(true))
                    .and_then(|mut file| file.write_all(b"*\n"))
                    .map_err(Error::io("write", &ignore))
            })?;
        }
        atomic::make_folder(&self.sessions())?;
        self.sweep_drafts();
        Ok(())
    }

    /// The lock for branches and worktrees of the whole repository.
    ///
    /// # Errors
    /// [`Error::Busy`] when it cannot be had in time.
    pub fn lock(&self, limit: Duration, purpose: &str) -> Result<Lock> {
        Lock::acquire(&self.lock_file(), limit, purpose)
    }

    /// The lock for making one more session than were counted.
    ///
    /// # Errors
    /// [`Error::Busy`] when it cannot be had in time.
    pub fn lock_new_session(&self, limit: Duration, purpose: &str) -> Result<Lock> {
        Lock::acquire(&self.root.join(INIT_LOCK), limit, purpose)
    }

    /// The lock for branches and worktrees of the whole repository.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    pub(super) fn sessions(&self) -> PathBuf {
        self.root.join("sessions")
    }

    /// The folder of one session, whether it is there or not.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> SessionDir {
        SessionDir {
            id: id.clone(),
            root: self.sessions().join(id.as_str()),
        }
    }

    fn undone(&self) -> PathBuf {
        self.root.join("undone")
    }

    /// The folder of a session whose making was taken back, whether it is there or not.
    #[must_use]
    pub fn undone_session(&self, id: &SessionId) -> SessionDir {
        SessionDir {
            id: id.clone(),
            root: self.undone().join(id.as_str()),
        }
    }

    /// The ids of the sessions whose making was taken back, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn undone_ids(&self) -> Result<Vec<SessionId>> {
        check_folder(&self.undone())?;
        ids_in(&self.undone())
    }

    /// The folder of a session, wherever it is.
    #[must_use]
    pub fn session_anywhere(&self, id: &SessionId) -> SessionDir {
        let undone = self.undone_session(id);
        let session = self.session(id);
        if undone.path().is_dir() && !session.path().exists() {
            undone
        } else {
            session
        }
    }

    /// A folder that is not a session yet; [`SessionDir::publish`] makes it one.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn draft(&self, id: &SessionId) -> Result<SessionDir> {
        let told = || Error::io("make a folder in", self.sessions());
        let sessions = beneath::hold_folder(&self.sessions()).map_err(told())?;
        let draft = effect(Point::MakeFolder, told(), || {
            tempfile::Builder::new()
                .prefix(DRAFT)
                // As any folder: the umask decides, not the library's 0700 for secrets.
                .permissions(fs::Permissions::from_mode(0o777))
                .tempdir_in(sessions.path())
                .map_err(told())
        })?;
        let draft = draft.keep();
        Ok(SessionDir {
            id: id.clone(),
            root: self.sessions().join(draft.file_name().unwrap_or_default()),
        })
    }

    /// The drafts that killed processes have left.
    ///
    /// One that is worked on is locked, but for the moment after it was made; it exists for
    /// a moment only.
    #[must_use]
    pub fn dead_drafts(&self) -> Vec<PathBuf> {
        const LONG: Duration = Duration::from_secs(600);
        let entries = beneath::read_dir(&self.sessions()).into_iter().flatten();
        let is_dead = |entry: &beneath::Entry| {
            let is_draft = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(DRAFT.as_bytes());
            let old = || -> Option<bool> {
                let made = entry.metadata().ok()?.modified().ok()?;
                Some(made.elapsed().ok()? > LONG)
            };
            is_draft && old() == Some(true) && Lock::is_free(&entry.path().join(LOCK))
        };
        let dead = entries.flatten().filter(is_dead);
        dead.map(|entry| entry.path()).collect()
    }

    fn sweep_drafts(&self) {
        for path in self.dead_drafts() {
            if let Err(error) = atomic::remove_tree(&path) {
                log::debug!("{error}");
            }
        }
    }

    /// The ids of all sessions, oldest first. What is not named as a session is none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn session_ids(&self) -> Result<Vec<SessionId>> {
        ids_in(&self.sessions())
    }

    /// The one session that `selector` means.
    ///
    /// # Errors
    /// When none fits, or more than one.
    pub fn find(&self, selector: &SessionSelector) -> Result<SessionId> {
        if let SessionSelector::Prefix(whole) = selector
            && let Ok(id) = whole.parse()
            && beneath::metadata(self.session(&id).path()).is_ok()
        {
            // A whole id is meant even where `…-2` begins with it; no other is looked at.
            return Ok(id);
        }
        let ids = match selector {
            SessionSelector::Latest => self.newest_first()?.take(1).collect(),
            SessionSelector::Prefix(_) => self.session_ids()?,
        };
        Self::one_of(ids, selector)
    }

    /// The same among those whose making was taken back, too.
    ///
    /// # Errors
    /// As [`HubDir::find`].
    pub fn find_anywhere(&self, selector: &SessionSelector) -> Result<SessionId> {
        let mut ids = self.session_ids()?;
        ids.extend(self.undone_ids()?);
        ids.sort();
        Self::one_of(ids, selector)
    }

    fn one_of(mut matches: Vec<SessionId>, selector: &SessionSelector) -> Result<SessionId> {
        matches.retain(|id| selector.matches(id));
        match (selector, matches.pop()) {
            (_, None) => Err(Error::NoSession {
                selector: selector.clone(),
            }),
            (SessionSelector::Latest, Some(newest)) => Ok(newest),
            (SessionSelector::Prefix(_), Some(only)) if matches.is_empty() => Ok(only),
            (SessionSelector::Prefix(whole), Some(last)) => {
                // A whole id is meant even where `…-2` begins with it.
                matches.push(last);
                match matches.iter().find(|id| id.as_str() == whole) {
                    Some(id) => Ok(id.clone()),
                    None => Err(Error::AmbiguousSession {
                        selector: selector.clone(),
                        matches,
                    }),
                }
            }
        }
    }
}

/// The ids of the sessions of a folder, oldest first; of one that is not there none.
fn ids_in(folder: &Path) -> Result<Vec<SessionId>> {
    let found = sessions_in(folder)?.into_iter();
    let mut ids: Vec<SessionId> = found.map(|found| found.id).collect();
    ids.sort();
    Ok(ids)
}

/// Refuses a symbolic link, which could lead anywhere, and what is no folder; returns whether
/// it is there.
pub(super) fn check_folder(folder: &Path) -> Result<bool> {
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_symlink() => Err(Error::Symlink {
            path: folder.to_path_buf(),
        }),
        Ok(meta) if !meta.is_dir() => Err(Error::io("use", folder)(
            io::ErrorKind::NotADirectory.into(),
        )),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look at", folder)(error)),
    }
}

/// The folder of one session.
#[derive(Clone, Debug)]
pub struct SessionDir {
    id: SessionId,
    root: PathBuf,
}

impl SessionDir {
    /// The session.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The task.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// The state.
    #[must_use]
    pub fn state_file(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// The last evaluation.
    #[must_use]
    pub fn evaluation_file(&self) -> PathBuf {
        self.root.join("evaluation.json")
    }

    /// The folder of all evaluations with their runs.
    pub(super) fn evaluations(&self) -> PathBuf {
        self.root.join("evaluations")
    }

    /// How the agents are run.
    #[must_use]
    pub fn launch_file(&self) -> PathBuf {
        self.root.join("launch.json")
    }

    /// The journal.
    #[must_use]
    pub fn journal_file(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    /// The lock that whoever writes holds.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    /// Whether nobody writes at this moment.
    #[must_use]
    pub fn is_free(&self) -> bool {
        Lock::is_free(&self.lock_file())
    }

    /// Where the folder is.
    #[must_use]
    pub fn place(&self) -> Place {
        let above = self.root.parent().and_then(Path::file_name);
        if above.is_some_and(|name| name == "undone") {
            Place::Undone
        } else {
            Place::Sessions
        }
    }

    /// Puts a file or folder of it elsewhere in it; nothing where it is not there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn put(&self, old: &Path, new: &Path) -> Result<()> {
        let (old, new) = (self.root.join(old), self.root.join(new));
        let above = |path: &Path| path.parent().unwrap_or(&self.root).to_path_buf();
        atomic::make_folder(&above(&new))?;
        if beneath::metadata(&old).is_err() {
            return Ok(());
        }
        atomic::relocate(&old, &new)
    }

    /// Puts the folder among the sessions, or out of sight; returns where it is then.
    pub(super) fn move_to(&self, hub: &HubDir, place: Place) -> Result<Self> {
        let target = match place {
            Place::Sessions => hub.session(&self.id),
            Place::Undone => {
                atomic::make_folder(&hub.undone())?;
                hub.undone_session(&self.id)
            }
        };
        // Fails where one stands already: its folder is never empty.
        atomic::relocate(&self.root, &target.root)?;
        Ok(target)
    }

    /// The folders in which hub replaces files.
    fn folders(&self) -> Vec<PathBuf> {
        let below = [self.root.join("agents"), self.evaluations()];
        let below = below
            .iter()
            .filter_map(|folder| beneath::read_dir(folder).ok());
        let below = below.flatten().flatten().map(|entry| entry.path());
        std::iter::once(self.root.clone()).chain(below).collect()
    }

    /// The files that somebody is about to put in another's place, or was when he was killed.
    #[must_use]
    pub fn unfinished_files(&self) -> Vec<PathBuf> {
        let folders = self.folders().into_iter();
        folders
            .flat_map(|folder| atomic::unfinished(&folder))
            .collect()
    }

    /// Removes what killed processes have left of such files; for whoever holds the lock.
    pub(super) fn sweep(&self) {
        for folder in self.folders() {
            atomic::sweep(&folder);
        }
    }

    /// Where the eval command's output for the base commit goes.
    #[must_use]
    pub fn baseline_dir(&self) -> AgentDir {
        AgentDir {
            root: self.root.join("baseline"),
        }
    }

    /// What the command printed that verified the last merge.
    #[must_use]
    pub fn verify_dir(&self) -> AgentDir {
        AgentDir {
            root: self.root.join("verify"),
        }
    }

    /// One agent's prompt and logs.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> AgentDir {
        AgentDir {
            root: self.root.join("agents").join(agent.to_string()),
        }
    }

    /// Gives a draft its name; `None` when a session of that name is there already.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn publish(&self, hub: &HubDir, id: &SessionId) -> Result<Option<Self>> {
        let target = hub.session(id);
        // The rename fails where a session stands: its folder is never empty.
        let renamed = effect(
            Point::Rename,
            |error| error,
            || {
                beneath::rename(&self.root, &target.root)?;
                Ok(atomic::flush_folder(&hub.sessions()))
            },
        );
        match renamed {
            Ok(Ok(())) => Ok(Some(target)),
            Ok(Err(error)) => {
                let _ = target.remove(hub);
                Err(error)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::AlreadyExists
                        | io::ErrorKind::DirectoryNotEmpty
                        | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(Error::io("make", target.root)(error)),
        }
    }

    /// Removes the folder of a session that is being taken back.
    ///
    /// It loses its name first: no reader finds half a session, and a kill leaves none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(&self, hub: &HubDir) -> Result<()> {
        let draft = hub
            .sessions()
            .join(format!("{DRAFT}{}-{}", self.id, std::process::id()));
        match atomic::rename(&self.root, &draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &self.root)(error));
            }
            _ => {}
        }
        atomic::remove_tree(&draft)
    }
}

/// The folder of one agent's prompt and logs.
#[derive(Clone, Debug)]
pub struct AgentDir {
    root: PathBuf,
}

impl AgentDir {
    /// Makes the folder.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(&self) -> Result<()> {
        atomic::make_folder(&self.root)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// What the agent is asked.
    #[must_use]
    pub fn prompt(&self) -> PathBuf {
        self.root.join("prompt.md")
    }

    /// What is said to the agent while it runs.
    #[must_use]
    pub fn inbox(&self) -> PathBuf {
        self.root.join("inbox.md")
    }

    /// The socket of the agent's terminal, while it runs in one.
    #[must_use]
    pub fn terminal(&self) -> PathBuf {
        self.root.join("terminal.sock")
    }

    /// What the agent prints.
    #[must_use]
    pub fn stdout(&self) -> PathBuf {
        self.root.join("stdout.log")
    }

    /// What the agent complains about.
    #[must_use]
    pub fn stderr(&self) -> PathBuf {
        self.root.join("stderr.log")
    }

    /// What the eval command printed.
    #[must_use]
    pub fn eval_stdout(&self) -> PathBuf {
        self.root.join("eval-stdout.log")
    }

    /// What the eval command complained about.
    #[must_use]
    pub fn eval_stderr(&self) -> PathBuf {
        self.root.join("eval-stderr.log")
    }

    /// The folder with the prompt and logs of an earlier attempt.
    #[must_use]
    pub fn attempt(&self, attempt: Attempt) -> Self {
        Self {
            root: self.root.join(attempt.to_string()),
        }
    }

    /// Puts what belongs to an attempt that has ended aside, into a folder of its own.
    ///
    /// # Errors
    /// When the system refuses. What was put aside already stays there.
    pub fn put_aside(&self, attempt: Attempt) -> Result<()> {
        let aside = self.root.join(attempt.to_string());
        atomic::make_folder(&aside)?;
        let files = [
            self.prompt(),
            self.inbox(),
            self.setup_log(),
            self.stdout(),
            self.stderr(),
            // When they had which length.
            self.stdout().with_extension("idx"),
            self.stderr().with_extension("idx"),
        ];
        for file in files {
            let Some(name) = file.file_name() else {
                continue;
            };
            if beneath::metadata(&file).is_err() {
                continue;
            }
            match atomic::rename(&file, &aside.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("put aside", file)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What the setup commands printed.
    #[must_use]
    pub fn setup_log(&self) -> PathBuf {
        self.root.join("setup.log")
    }

    /// What the teardown commands printed.
    #[must_use]
    pub fn teardown_log(&self) -> PathBuf {
        self.root.join("teardown.log")
    }

    /// The setup commands that were run in the agent's worktree to a good end.
    #[must_use]
    pub fn setup_done(&self) -> PathBuf {
        self.root.join("setup.done")
    }

    /// Touched by the agent's supervisor as long as it is there.
    #[must_use]
    pub fn heartbeat(&self) -> PathBuf {
        self.root.join("heartbeat")
    }

    /// Names the folder for temporary files of the attempt that runs, or ran last.
    #[must_use]
    pub fn temporary_note(&self) -> PathBuf {
        self.root.join("temporary")
    }

    /// What went wrong in the agent's supervisor itself.
    #[must_use]
    pub fn supervisor_log(&self) -> PathBuf {
        self.root.join("supervisor.log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub_with(ids: &[&str]) -> (tempfile::TempDir, HubDir) {
        let folder = tempfile::tempdir().unwrap();
        let hub = HubDir::at(folder.path()).unwrap();
        hub.create().unwrap();
        for id in ids {
            fs::create_dir(hub.sessions().join(id)).unwrap();
        }
        (folder, hub)
    }

    #[test]
    fn the_directory_ignores_itself() {
        let (_folder, hub) = hub_with(&[]);
        assert_eq!(fs::read(hub.path().join(".gitignore")).unwrap(), b"*\n");
    }

    #[test]
    fn selectors_find_the_session_that_is_meant() {
        let (_folder, hub) = hub_with(&[
            "20260317-143022",
            "20260317-143022-2",
            "20260401-000000",
            "not a session",
            ".draft-x",
        ]);
        let find = |text: &str| hub.find(&text.parse().unwrap());
        assert_eq!(find("latest").unwrap().as_str(), "20260401-000000");
        assert_eq!(find("202604").unwrap().as_str(), "20260401-000000");
        assert_eq!(find("20260317-143022").unwrap().as_str(), "20260317-143022");
        assert!(matches!(
            find("20260317"),
            Err(Error::AmbiguousSession { .. })
        ));
        assert!(matches!(find("2027"), Err(Error::NoSession { .. })));
    }

    #[test]
    fn a_link_in_its_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", folder.path().join(HubDir::NAME)).unwrap();
        assert!(matches!(
            HubDir::at(folder.path()),
            Err(Error::Symlink { .. })
        ));
    }

    #[test]
    fn only_drafts_that_nobody_works_on_are_swept() {
        let (_folder, hub) = hub_with(&["20260317-143022"]);
        let draft = || hub.draft(&"20260401-000000".parse().unwrap()).unwrap();
        let (left, locked, new) = (draft(), draft(), draft());
        let _lock = Lock::acquire(&locked.lock_file(), Duration::ZERO, "init").unwrap();
        drop(Lock::acquire(&left.lock_file(), Duration::ZERO, "init").unwrap());
        let hour = std::time::SystemTime::now() - Duration::from_secs(3600);
        for old in [
            &left,
            &locked,
            &hub.session(&"20260317-143022".parse().unwrap()),
        ] {
            let folder = fs::File::open(old.path()).unwrap();
            folder.set_modified(hour).unwrap();
        }
        hub.create().unwrap();
        let stays = |dir: &SessionDir| dir.path().exists();
        assert_eq!(
            (stays(&left), stays(&locked), stays(&new)),
            (false, true, true)
        );
        assert_eq!(hub.session_ids().unwrap().len(), 1);
    }

    #[test]
    fn a_session_is_published_once() {
        let (_folder, hub) = hub_with(&[]);
        let id: SessionId = "20260317-143022".parse().unwrap();
        for expected in [true, false] {
            let draft = hub.draft(&id).unwrap();
            atomic::replace(&draft.state_file(), b"{}").unwrap();
            assert_eq!(draft.publish(&hub, &id).unwrap().is_some(), expected);
        }
    }
}
