//! A session in the hub directory: read by anyone, written by whoever holds its lock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::chain::Broken;
use crate::domain::effects::Place;
use crate::domain::evaluation::Evaluation;
use crate::domain::event::{self, Detail, Entry, Event, Operation, Phase, RefMove, Unfinished};
use crate::domain::id::SessionId;
use crate::domain::launch::Launch;
use crate::domain::measurement::{EvalPlan, EvalRecord, EvalRun};
use crate::domain::report::EvalReport;
use crate::domain::session::{Session, SessionConfig};
use crate::domain::state::SessionState;

use super::atomic;
use super::config_file::ConfigFile;
use super::error::{Error, Result};
use super::evaluation;
use super::evaluation_dir::{self, EvaluationDir, OpenEvaluation};
use super::hub_dir::{HubDir, SessionDir};
use super::journal::Journal;
use super::launch_file;
use super::lock::Lock;
use super::state_file::StateFile;

/// A session as it was when it was read; nothing is locked.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// Its folder.
    pub dir: SessionDir,
    /// What it is about.
    pub config: SessionConfig,
    /// Where it stands.
    pub session: Session,
}

impl StoredSession {
    /// Reads one session.
    ///
    /// # Errors
    /// When it is not there, or one of its files is damaged.
    pub fn read(hub: &HubDir, id: &SessionId) -> Result<Self> {
        Self::read_from(hub.session(id))
    }

    /// The same wherever it is, also where its making was taken back.
    ///
    /// # Errors
    /// As [`StoredSession::read`].
    pub fn read_anywhere(hub: &HubDir, id: &SessionId) -> Result<Self> {
        Self::read_from(hub.session_anywhere(id))
    }

    /// The same in a folder that is none of the sessions yet.
    pub(super) fn read_in(dir: SessionDir) -> Result<Self> {
        Self::read_from(dir)
    }

    fn read_from(dir: SessionDir) -> Result<Self> {
        let files = Files::read(dir)?;
        Ok(Self {
            session: files.state.session,
            config: files.config.config,
            dir: files.dir,
        })
    }

    /// Its journal, oldest first.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn events(&self) -> Result<Vec<Event>> {
        Journal::read(&self.dir.journal_file())
    }

    /// Its agents, as the file of its state holds them.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn agents_document(&self) -> Result<serde_json::Value> {
        Ok(StateFile::read(&self.dir.state_file(), self.dir.id())?.agents())
    }

    /// What does not fit together in its journal: it was changed by somebody else than hub.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn journal_findings(&self) -> Result<Vec<Broken>> {
        Journal::check(&self.dir.journal_file())
    }

    /// The names of its configuration whose lines change when it is written as valid YAML;
    /// `None` when it is that already.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config_to_mend(&self) -> Result<Option<Vec<String>>> {
        ConfigFile::read(&self.dir.config_file(), self.dir.id())?.to_mend(&self.dir.config_file())
    }

    /// Its last evaluation, if there was one.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn evaluation(&self) -> Result<Option<Evaluation>> {
        evaluation::read(&self.dir.evaluation_file())
    }

    /// Its newest evaluation with all runs, whether it came to its end or not.
    ///
    /// # Errors
    /// When a file of it is damaged.
    pub fn newest_runs(&self) -> Result<Option<EvalRecord>> {
        evaluation_dir::newest(&self.dir.evaluations())
    }

    /// What its last evaluation found, as it was told; `None` when none came to its end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn eval_report(&self) -> Result<Option<EvalReport>> {
        evaluation_dir::report(&self.dir.evaluations())
    }

    /// How its agents are run; `None` when hub was never asked to start them.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn launch(&self) -> Result<Option<Launch>> {
        launch_file::read(&self.dir.launch_file())
    }
}

/// The two files that make a session.
#[derive(Debug)]
pub(super) struct Files {
    dir: SessionDir,
    pub state: StateFile,
    pub config: ConfigFile,
}

impl Files {
    /// As [`StoredSession::read`].
    pub fn read(dir: SessionDir) -> Result<Self> {
        check_exists(&dir)?;
        let state = StateFile::read(&dir.state_file(), dir.id());
        let config = ConfigFile::read(&dir.config_file(), dir.id());
        if state.is_err() || config.is_err() {
            // It may have been taken back between the looks.
            check_exists(&dir)?;
        }
        Ok(Self {
            state: state?,
            config: config?,
            dir,
        })
    }
}

fn check_exists(dir: &SessionDir) -> Result<()> {
    match std::fs::symlink_metadata(dir.path()) {
        Ok(meta) if meta.is_symlink() => Err(Error::Symlink {
            path: dir.path().to_path_buf(),
        }),
        Ok(_) => Ok(()),
        Err(_) => Err(Error::NoSession {
            selector: crate::domain::id::SessionSelector::Prefix(dir.id().to_string()),
        }),
    }
}

/// A session that this process alone may write.
#[derive(Debug)]
#[must_use = "the session is unlocked when this is dropped"]
pub struct LockedSession {
    dir: SessionDir,
    config: ConfigFile,
    state: StateFile,
    journal: Journal,
    unfinished: Option<Unfinished>,
    moves: Vec<RefMove>,
    _lock: Lock,
}

impl LockedSession {
    /// Locks one session and reads it.
    ///
    /// # Errors
    /// When the lock cannot be had within `limit`, when the session is not there, when
    /// one of its files is damaged or of a later hub.
    pub fn open(hub: &HubDir, id: &SessionId, limit: Duration, purpose: &str) -> Result<Self> {
        Self::open_in(hub.session(id), limit, purpose)
    }

    /// The same wherever it is, also where its making was taken back.
    ///
    /// # Errors
    /// As [`LockedSession::open`].
    pub fn open_anywhere(
        hub: &HubDir,
        id: &SessionId,
        limit: Duration,
        purpose: &str,
    ) -> Result<Self> {
        Self::open_in(hub.session_anywhere(id), limit, purpose)
    }

    fn open_in(dir: SessionDir, limit: Duration, purpose: &str) -> Result<Self> {
        check_exists(&dir)?;
        let id = &dir.id().clone();
        // Read before the lock too: a damaged session is left without so much as a lock file.
        StateFile::read(&dir.state_file(), id)?.check_writable(&dir.state_file())?;
        ConfigFile::read(&dir.config_file(), id)?;
        let lock = Lock::acquire(&dir.lock_file(), limit, purpose);
        // It may have been taken back by whoever held the lock until now.
        check_exists(&dir)?;
        let lock = lock?;
        let state = StateFile::read(&dir.state_file(), id)?;
        state.check_writable(&dir.state_file())?;
        let config = ConfigFile::read(&dir.config_file(), id)?;
        let (journal, events) = Journal::open(&dir.journal_file())?;
        let unfinished = event::unfinished(&events);
        atomic::sweep(dir.path());
        if unfinished.is_some() {
            for agent in config.config.agents() {
                atomic::sweep(dir.agent(agent).path());
            }
        }
        let moves = unfinished.as_ref().map(|open| open.refs.clone());
        Ok(Self {
            unfinished,
            moves: moves.unwrap_or_default(),
            dir,
            config,
            state,
            journal,
            _lock: lock,
        })
    }

    /// Makes a new session with the first free id of its second, and keeps it locked.
    ///
    /// Its journal begins with the intent `init`: until [`LockedSession::record`] ends
    /// that, whoever finds the session unlocked takes it back.
    ///
    /// # Errors
    /// When the system refuses; nothing is left then.
    pub fn create(
        hub: &HubDir,
        now: DateTime<Utc>,
        config: impl Fn(SessionId) -> SessionConfig,
    ) -> Result<Self> {
        const MOST_IN_A_SECOND: u32 = 100_000;
        let draft = hub.draft(&SessionId::at(now, 1))?;
        let made = Self::create_in(hub, &draft, now, config, MOST_IN_A_SECOND);
        if made.is_err() {
            // Its name says that it is no session, even if this fails.
            let _ = draft.remove(hub);
        }
        made
    }

    fn create_in(
        hub: &HubDir,
        draft: &SessionDir,
        now: DateTime<Utc>,
        config: impl Fn(SessionId) -> SessionConfig,
        most: u32,
    ) -> Result<Self> {
        let lock = Lock::acquire(&draft.lock_file(), Duration::ZERO, "init")?;
        let (mut journal, _) = Journal::open(&draft.journal_file())?;
        let begin = Entry {
            operation: Operation::Init,
            phase: Phase::Begin,
            detail: Detail::new(),
            refs: Vec::new(),
        };
        journal.append(begin, now)?;
        drop(journal);
        for nth in 1..=most {
            let id = SessionId::at(now, nth);
            // One whose making was taken back keeps its name: it may come back.
            if hub.session(&id).path().exists() || hub.undone_session(&id).path().exists() {
                continue;
            }
            let config = ConfigFile::new(config(id.clone()));
            let state = StateFile::new(Session::new(id.clone(), now));
            config.write(&draft.config_file())?;
            state.write(&draft.state_file())?;
            if let Some(dir) = draft.publish(hub, &id)? {
                let opened = Journal::open(&dir.journal_file());
                if opened.is_err() {
                    // It has a name by now, and nobody to finish it.
                    let _ = dir.remove(hub);
                }
                let (journal, _) = opened?;
                return Ok(Self {
                    dir,
                    config,
                    state,
                    journal,
                    unfinished: None,
                    moves: Vec::new(),
                    _lock: lock,
                });
            }
        }
        Err(Error::io("name a session in", hub.path())(
            std::io::ErrorKind::AlreadyExists.into(),
        ))
    }

    /// Takes a session that was put together in a folder of no name yet, whose lock is held.
    pub(super) fn adopt(dir: SessionDir, lock: Lock) -> Result<Self> {
        let files = Files::read(dir)?;
        let (journal, events) = Journal::open(&files.dir.journal_file())?;
        let unfinished = event::unfinished(&events);
        let moves = unfinished.as_ref().map(|open| open.refs.clone());
        Ok(Self {
            dir: files.dir,
            config: files.config,
            state: files.state,
            journal,
            moves: moves.unwrap_or_default(),
            unfinished,
            _lock: lock,
        })
    }

    /// Gives such a session its name; returns whether that was free.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn publish(&mut self, hub: &HubDir) -> Result<bool> {
        let id = self.dir.id().clone();
        let Some(dir) = self.dir.publish(hub, &id)? else {
            return Ok(false);
        };
        self.dir = dir;
        self.journal.follow(&self.dir.journal_file());
        Ok(true)
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &SessionDir {
        &self.dir
    }

    /// What it is about.
    #[must_use]
    pub fn config(&self) -> &SessionConfig {
        &self.config.config
    }

    /// Where it stands.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.state.session
    }

    /// Its last evaluation, if there was one.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn evaluation(&self) -> Result<Option<Evaluation>> {
        evaluation::read(&self.dir.evaluation_file())
    }

    /// Its newest evaluation with all runs, whether it came to its end or not.
    ///
    /// # Errors
    /// When a file of it is damaged.
    pub fn newest_runs(&self) -> Result<Option<EvalRecord>> {
        evaluation_dir::newest(&self.dir.evaluations())
    }

    /// Begins a new evaluation; runs that are known already can come with it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin_evaluation(&self, plan: EvalPlan, known: Vec<EvalRun>) -> Result<OpenEvaluation> {
        evaluation_dir::begin(&self.dir.evaluations(), plan, known)
    }

    /// Where the runs of an evaluation are.
    #[must_use]
    pub fn evaluation_dir(&self, number: u32) -> EvaluationDir {
        evaluation_dir::dir_of(&self.dir.evaluations(), number)
    }

    /// Keeps what an evaluation found, as it is told.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_eval_report(&self, number: u32, report: &EvalReport) -> Result<()> {
        evaluation_dir::set_report(&self.dir.evaluations(), number, report)
    }

    /// Goes on with the newest evaluation.
    ///
    /// # Errors
    /// When the system refuses, or a later hub began it.
    pub fn continue_evaluation(&self, record: EvalRecord) -> Result<OpenEvaluation> {
        evaluation_dir::go_on(&self.dir.evaluations(), record)
    }

    /// The operation that a process before this one began and did not end.
    #[must_use]
    pub fn unfinished(&self) -> Option<&Unfinished> {
        self.unfinished.as_ref()
    }

    /// The moves of refs that the lines of the operation under way tell of, in order.
    #[must_use]
    pub fn moves_under_way(&self) -> &[RefMove] {
        &self.moves
    }

    /// Appends to the journal.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn record(&mut self, entry: Entry, now: DateTime<Utc>) -> Result<()> {
        let (phase, moves) = (entry.phase, entry.refs.clone());
        let before = self.journal.last();
        let appended = self.journal.append(entry, now);
        // A line that could not be flushed may stand all the same, and tells then what it tells.
        if appended.is_ok() || self.journal.last() != before {
            self.follow(phase, moves);
        }
        appended
    }

    /// What a line of the journal says of the operation under way.
    fn follow(&mut self, phase: Phase, moves: Vec<RefMove>) {
        match phase {
            Phase::Begin => self.moves = moves,
            Phase::Step => self.moves.extend(moves),
            Phase::End | Phase::TakenBack => {
                self.moves.clear();
                self.unfinished = None;
            }
            Phase::Done | Phase::Unknown => {}
        }
    }

    /// Changes the state and replaces its file; a refused change changes nothing.
    ///
    /// # Errors
    /// What `change` says, or when the system refuses.
    pub fn change<T, E: From<Error>>(
        &mut self,
        change: impl FnOnce(&mut Session) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut state = self.state.clone();
        let outcome = change(&mut state.session)?;
        let path = self.dir.state_file();
        if let Err(error) = state.write(&path) {
            // The new file may stand in its place although its folder could not be flushed.
            if let Ok(found) = StateFile::read(&path, self.dir.id()) {
                self.state = found;
            }
            return Err(error.into());
        }
        self.state = state;
        Ok(outcome)
    }

    /// Puts the state and the agents where they were, by no edge of the machine: what took them
    /// there is taken back.
    ///
    /// # Errors
    /// When the agents are no document of agents, or the system refuses.
    pub fn put_back(
        &mut self,
        state: Option<SessionState>,
        agents: Option<serde_json::Value>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let path = self.dir.state_file();
        let put_back = self.state.put_back(state, agents, now);
        let put_back = put_back.map_err(|reason| Error::corrupt(&path, None, reason))?;
        put_back.write(&path)?;
        self.state = put_back;
        Ok(())
    }

    /// Puts the session's folder among the sessions, or out of sight.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn relocate(&mut self, hub: &HubDir, place: Place) -> Result<()> {
        if self.dir.place() == place {
            return Ok(());
        }
        self.dir = self.dir.move_to(hub, place)?;
        self.journal.follow(&self.dir.journal_file());
        Ok(())
    }

    /// Writes the measured baseline into the configuration.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_baseline(&mut self, baseline: f64) -> Result<()> {
        let mut config = self.config.clone();
        config.config.baseline = Some(baseline);
        config.write(&self.dir.config_file())?;
        self.config = config;
        Ok(())
    }

    /// Writes the configuration as valid YAML with the same values.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mend_config(&self) -> Result<()> {
        let path = self.dir.config_file();
        match self.config.to_mend(&path)? {
            Some(_) => self.config.write(&path),
            None => Ok(()),
        }
    }

    /// Removes what killed processes have left of files that were to be replaced.
    pub fn sweep(&self) {
        self.dir.sweep();
    }

    /// How its agents are run; `None` when hub was never asked to start them.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn launch(&self) -> Result<Option<Launch>> {
        launch_file::read(&self.dir.launch_file())
    }

    /// Replaces the plan of how its agents are run.
    ///
    /// # Errors
    /// When the system refuses, or a later hub wrote the plan.
    pub fn set_launch(&self, launch: &Launch) -> Result<()> {
        launch_file::write(&self.dir.launch_file(), launch)
    }

    /// Replaces the last evaluation.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_evaluation(&self, evaluation: &Evaluation) -> Result<()> {
        evaluation::write(&self.dir.evaluation_file(), evaluation)
    }

    /// The session as it is now, for whoever only reads.
    #[must_use]
    pub fn snapshot(&self) -> StoredSession {
        StoredSession {
            dir: self.dir.clone(),
            config: self.config().clone(),
            session: self.session().clone(),
        }
    }
}
