//! What every use case works on: a repository, its hub directory, and the person in front of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::domain::effects::Place;
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::progress::Progress;
use crate::domain::refs::CommitId;
use crate::domain::report::MergeOutlook;
use crate::domain::session::SessionConfig;
use crate::domain::settings::SettingsLayer;
use crate::fault::{Point, deed};
use crate::git::Repository;
use crate::process::Interrupt;
use crate::store::{self, HubDir, Lock, LockedSession, StoredSession};

use super::error::{Error, Result};
use super::{recover, trust};

/// Asks a yes-or-no question; `None` where there is nobody to ask.
pub type Ask = Box<dyn Fn(&str) -> Option<bool>>;

/// What hub is told by whoever starts it.
pub struct Setup {
    /// Where it starts: the current folder, or that of `-C`.
    pub folder: PathBuf,
    /// What the flags set.
    pub flags: SettingsLayer,
    /// Whether questions are answered with yes.
    pub yes: bool,
    /// The signals.
    pub interrupt: Interrupt,
    /// Is told what goes on.
    pub progress: Box<dyn Fn(Progress)>,
    /// Asks the user.
    pub ask: Ask,
}

/// A repository with its hub directory, as every use case needs it.
pub struct Hub {
    pub(super) repository: Repository,
    pub(super) dir: HubDir,
    pub(super) settings: SettingsLayer,
    pub(super) interrupt: Interrupt,
    folder: PathBuf,
    yes: bool,
    progress: Box<dyn Fn(Progress)>,
    ask: Ask,
    /// Sessions of other users for which the person in front said yes.
    pub(super) agreed: RefCell<BTreeSet<SessionId>>,
    /// How commits merge, by the commit that they merge with and by themselves.
    pub(super) outlooks: RefCell<BTreeMap<(CommitId, CommitId), Option<MergeOutlook>>>,
}

/// Variables by which settings can be given.
const VARIABLES: [(&str, &str); 23] = [
    ("agents", "HUB_AGENTS"),
    ("agent_cmd", "HUB_AGENT_CMD"),
    ("base_branch", "HUB_BASE_BRANCH"),
    ("eval_cmd", "HUB_EVAL_CMD"),
    ("judge_cmd", "HUB_JUDGE_CMD"),
    ("metric", "HUB_METRIC"),
    ("direction", "HUB_DIRECTION"),
    ("template", "HUB_TEMPLATE"),
    ("worktree_root", "HUB_WORKTREE_ROOT"),
    ("lock_timeout_s", "HUB_LOCK_TIMEOUT_S"),
    ("copy", "HUB_COPY"),
    ("link", "HUB_LINK"),
    ("setup", "HUB_SETUP"),
    ("teardown", "HUB_TEARDOWN"),
    ("ports", "HUB_PORTS"),
    ("limits.max_agents", "HUB_MAX_AGENTS"),
    ("limits.max_running_sessions", "HUB_MAX_RUNNING_SESSIONS"),
    ("limits.max_sessions_per_user", "HUB_MAX_SESSIONS_PER_USER"),
    ("repeat", "HUB_REPEAT"),
    ("protect", "HUB_PROTECT"),
    ("require", "HUB_REQUIRE"),
    ("merge_strategy", "HUB_MERGE_STRATEGY"),
    ("security.level", "HUB_SECURITY"),
];

impl Hub {
    /// Finds the repository around a folder and reads the settings.
    ///
    /// # Errors
    /// When there is no repository, or a configuration file is not what it should be.
    pub fn open(setup: Setup) -> Result<Self> {
        Self::open_past(setup, &mut Err)
    }

    /// As [`Hub::open`], past what `past` accepts of what is wrong in the hub directory and in
    /// configuration files: that counts as not there then.
    pub(super) fn open_past(
        setup: Setup,
        past: &mut dyn FnMut(store::Error) -> store::Result<()>,
    ) -> Result<Self> {
        let repository = Repository::discover(&setup.folder)?;
        let dir = HubDir::unchecked(repository.home());
        let followed = dir.check();
        let project = followed.is_ok().then(|| dir.settings_file());
        followed.or_else(&mut *past)?;
        let mut settings = setup.flags;
        for (key, text, variable) in variables() {
            settings = settings.over(store::setting_from(key, text, variable)?);
        }
        let files = project.map(|file| (file, true)).into_iter();
        for (file, of_project) in files.chain(user_settings().map(|file| (file, false))) {
            match store::read_settings(&file) {
                Ok(mut layer) => {
                    let asked = of_project && layer.security.is_some();
                    let foreign = asked.then(|| trust::why_foreign(&repository, &dir, &file));
                    layer.security = layer.security.map(|security| {
                        super::security::of_file(security, repository.home(), foreign.as_ref())
                    });
                    settings = settings.over(layer);
                }
                Err(error) => past(error)?,
            }
        }
        Ok(Self {
            repository,
            dir,
            settings,
            interrupt: setup.interrupt,
            folder: setup.folder,
            yes: setup.yes,
            progress: setup.progress,
            ask: setup.ask,
            agreed: RefCell::default(),
            outlooks: RefCell::default(),
        })
    }

    /// The folder that relative paths of the user start from.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path of the user's, absolute and without links; it need not be there yet.
    ///
    /// # Errors
    /// When hub's documents cannot hold it as text.
    pub(super) fn absolute(&self, path: &Path) -> Result<PathBuf> {
        let path = resolved(&self.folder.join(path));
        match path.to_str() {
            Some(_) => Ok(path),
            None => Err(store::Error::NotUnicode { path }.into()),
        }
    }

    /// Waits for `time`.
    ///
    /// # Errors
    /// When a signal came.
    pub fn pause(&self, time: std::time::Duration) -> Result<()> {
        self.interrupt.sleep(time);
        Ok(self.interrupt.check()?)
    }

    /// Why something ended that a signal may have ended: git dies of a Ctrl-C, too.
    pub(super) fn cause(&self, error: Error) -> Error {
        match self.interrupt.check() {
            Err(interrupted) => interrupted.into(),
            Ok(()) => error,
        }
    }

    /// The time now.
    #[expect(
        clippy::unused_self,
        reason = "the one clock of the use cases belongs to the hub"
    )]
    pub(super) fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    pub(super) fn tell(&self, progress: Progress) {
        (self.progress)(progress);
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        self.tell(Progress::Note(text.into()));
    }

    pub(super) fn warn(&self, text: impl Into<String>) {
        self.tell(Progress::Warning(text.into()));
    }

    /// Tells what is being done until the guard is dropped.
    pub(super) fn doing(&self, what: impl Into<String>) -> Doing<'_> {
        self.count(what, None);
        Doing(self)
    }

    /// Tells how far a piece of work is; within a [`Doing`].
    pub(super) fn count(&self, what: impl Into<String>, count: Option<(usize, usize)>) {
        self.tell(Progress::Doing {
            what: what.into(),
            count,
        });
    }

    /// Asks; `None` where there is nobody to ask, or a signal comes instead of an answer.
    pub(super) fn ask(&self, question: &str) -> Option<bool> {
        if self.yes {
            return Some(true);
        }
        self.ask_in_person(question)
    }

    /// Asks what only the person in front can answer, whatever `--yes` says; `None` where there is
    /// nobody to ask.
    pub(super) fn ask_in_person(&self, question: &str) -> Option<bool> {
        let answer = || (self.ask)(question).filter(|_| self.interrupt.signal().is_none());
        self.interrupt.signal().is_none().then(answer).flatten()
    }

    /// Asks for a choice that nobody has made by `--yes`; `None` where there is nobody to ask.
    pub(super) fn choose(&self, question: &str) -> Option<bool> {
        if self.yes { None } else { self.ask(question) }
    }

    /// Asks before something that cannot be meant by everybody.
    ///
    /// # Errors
    /// When the answer is no or a signal, or nobody can be asked and `--yes` was not given.
    pub(super) fn confirm(&self, question: &str, what: &str, hint: String) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let answer = self.ask(question);
        self.interrupt.check()?;
        let what = what.to_owned();
        match answer {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Declined { what, hint }),
            None => Err(Error::Unconfirmed { what, hint }),
        }
    }

    /// Reads the session that is meant, and tells which that is where none was named.
    ///
    /// # Errors
    /// As [`Hub::find`].
    pub(super) fn read(
        &self,
        selector: Option<&SessionSelector>,
        wanted: &'static str,
        fits: impl Fn(&StoredSession) -> bool,
    ) -> Result<StoredSession> {
        let stored = self.find(selector, wanted, fits)?;
        if selector.is_none() {
            self.tell(Progress::Session(stored.config.session_id.clone()));
        }
        Ok(stored)
    }

    /// Reads the session that is meant: without a selector the newest one that fits.
    ///
    /// # Errors
    /// When there is none, or its files are damaged.
    pub(super) fn find(
        &self,
        selector: Option<&SessionSelector>,
        wanted: &'static str,
        fits: impl Fn(&StoredSession) -> bool,
    ) -> Result<StoredSession> {
        if let Some(selector) = selector {
            let id = self.dir.find(selector)?;
            return Ok(StoredSession::read(&self.dir, &id)?);
        }
        for id in self.dir.newest_first()? {
            match StoredSession::read(&self.dir, &id) {
                Ok(stored) if fits(&stored) => return Ok(stored),
                Ok(_) | Err(store::Error::NoSession { .. }) => {}
                Err(error) => self.warn(format!("session {id} is passed over: {error}")),
            }
        }
        Err(Error::NothingFits { wanted })
    }

    /// Locks a session; what a killed hub left half done in it is settled first.
    ///
    /// For whatever a person does to a session: one of another user is not touched without a yes.
    ///
    /// # Errors
    /// When another hub holds it for too long, or it cannot be read, or it is another user's.
    pub(super) fn lock(&self, id: &SessionId, purpose: &str) -> Result<LockedSession> {
        self.check_owner(id, purpose)?;
        let limit = self.settings.lock_timeout();
        let locked = LockedSession::open(&self.dir, id, limit, purpose)?;
        let settled = recover::settle(self, locked)?;
        // An undo that was finished now may have put it out of sight.
        if settled.dir().place() == Place::Undone {
            let selector = SessionSelector::Prefix(id.to_string());
            return Err(store::Error::NoSession { selector }.into());
        }
        self.go_on_sweeping();
        Ok(settled)
    }

    /// As [`Hub::lock`], also for a session whose making was taken back.
    pub(super) fn lock_anywhere(&self, id: &SessionId, purpose: &str) -> Result<LockedSession> {
        self.check_owner(id, purpose)?;
        let limit = self.settings.lock_timeout();
        let locked = LockedSession::open_anywhere(&self.dir, id, limit, purpose)?;
        recover::settle(self, locked)
    }

    /// Takes the lock for branches and worktrees of the whole repository.
    pub(super) fn lock_repository(&self, purpose: &str) -> Result<Lock> {
        Ok(self.dir.lock(self.settings.lock_timeout(), purpose)?)
    }

    /// Appends a line to a session's journal.
    pub(super) fn record(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        phase: Phase,
        detail: serde_json::Value,
    ) -> Result<()> {
        self.record_moves(session, operation, phase, detail, Vec::new())
    }

    /// The folder of a session's worktrees.
    pub(super) fn worktrees_of(&self, session: &SessionId) -> PathBuf {
        self.worktree_root().join(session.as_str())
    }

    /// The folder of all sessions' worktrees.
    ///
    /// Outside the repository, so that no build tool walks up from a worktree into it.
    pub(super) fn worktree_root(&self) -> PathBuf {
        let home = self.repository.home();
        let root = if let Some(root) = &self.settings.worktree_root {
            home.join(root)
        } else {
            let mut name = home.file_name().unwrap_or_default().to_owned();
            name.push(".hub");
            home.parent().unwrap_or(home).join(name)
        };
        resolved(&root)
    }

    /// Refuses paths that hub's files and documents cannot hold as text, before anything is made.
    pub(super) fn check_unicode(&self) -> Result<()> {
        let paths = [self.repository.home().to_path_buf(), self.worktree_root()];
        match paths.into_iter().find(|path| path.to_str().is_none()) {
            Some(path) => Err(store::Error::NotUnicode { path }.into()),
            None => Ok(()),
        }
    }

    /// Removes the folders of a session's worktrees that are empty now.
    pub(super) fn drop_empty_folders(&self, session: &SessionId) {
        let folder = self.worktrees_of(session);
        // An error means that something is still in there: then it stays.
        let remove = |folder: &Path| deed(Point::RemoveFolder, || std::fs::remove_dir(folder));
        if remove(&folder).is_ok() {
            let _ = folder.parent().map(remove);
        }
    }

    /// The commit that a session's attempts started from.
    ///
    /// Older tools did not record it; then it is where `tip` left the base branch, and
    /// `None` when that is gone.
    pub(super) fn base_of(
        &self,
        config: &SessionConfig,
        tip: &CommitId,
    ) -> Result<Option<CommitId>> {
        if config.base_commit.is_some() {
            return Ok(config.base_commit.clone());
        }
        let Some(base_tip) = self.repository.branch_tip(&config.base_branch)? else {
            return Ok(None);
        };
        let left_at = self.repository.merge_base(&base_tip, tip)?;
        Ok(Some(left_at.unwrap_or(base_tip)))
    }

    /// How many commits the base branch has got since a session began; `None` where that is not
    /// known.
    pub(super) fn base_moved(
        &self,
        config: &SessionConfig,
        base_tip: &CommitId,
    ) -> Result<Option<usize>> {
        let Some(base) = &config.base_commit else {
            return Ok(None);
        };
        if self.repository.commit(base).is_err() {
            return Ok(None);
        }
        let (moved, _) = self.repository.ahead_behind(base, base_tip)?;
        Ok(Some(moved))
    }

    /// The tip of a session's base branch at this moment.
    pub(super) fn base_tip(&self, config: &SessionConfig) -> Result<CommitId> {
        self.repository
            .branch_tip(&config.base_branch)?
            .ok_or_else(|| Error::NoBaseBranch(config.base_branch.clone()))
    }
}

/// Ends the telling of what is being done.
pub(super) struct Doing<'h>(&'h Hub);

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        self.0.tell(Progress::Idle);
    }
}

/// A path without links and dots, as git names it, of a folder that need not be there yet.
pub(super) fn resolved(path: &Path) -> PathBuf {
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    match (path.parent(), path.components().next_back()) {
        (Some(above), Some(Component::Normal(name))) => resolved(above).join(name),
        (Some(above), Some(Component::ParentDir)) => {
            let above = resolved(above);
            above.parent().unwrap_or(&above).to_path_buf()
        }
        _ => path.to_path_buf(),
    }
}

/// The settings in the environment: the key, its text, and the variable.
fn variables() -> Vec<(&'static str, String, &'static str)> {
    // An agent's own environment describes the session it works for, not settings.
    const AGENTS: [&str; 3] = ["HUB_EVAL_CMD", "HUB_METRIC", "HUB_DIRECTION"];
    let in_agent = std::env::var_os("HUB_SESSION").is_some();
    VARIABLES
        .into_iter()
        .filter(|(_, name)| !(in_agent && AGENTS.contains(name)))
        .filter_map(|(key, name)| Some((key, std::env::var(name).ok()?, name)))
        .filter(|(_, text, _)| !text.is_empty())
        .collect()
}

/// The user's own settings.
pub(super) fn user_settings() -> Option<PathBuf> {
    Some(user_folder()?.join("config.yaml"))
}

/// `~/.config/agenthub`, by the XDG base directory specification.
pub(super) fn user_folder() -> Option<PathBuf> {
    of_user("XDG_CONFIG_HOME", ".config")
}

/// `~/.local/state/agenthub`, by the same.
pub(super) fn user_state_folder() -> Option<PathBuf> {
    of_user("XDG_STATE_HOME", ".local/state")
}

fn of_user(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder = absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(folder.join("agenthub"))
}
