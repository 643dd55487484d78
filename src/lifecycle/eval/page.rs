//! The page of an evaluation: what it shows, and the file that it is put into.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::board::{Channel, Post};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::diff::FileDiff;
use crate::domain::id::AgentId;
use crate::domain::report::{AgentPage, EvalPage, EvalReport, PagePost, ResultReport};
use crate::domain::text::quoted;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::{StoredSession, atomic};

/// A file that a page is put into, and how the page is drawn.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// As it was given.
    given: PathBuf,
    /// Absolute, and of a symbolic link where it leads.
    path: PathBuf,
    draw: fn(&EvalPage) -> String,
}

impl PageFile {
    /// Looks whether a page can be put there, before anything is measured for it.
    ///
    /// # Errors
    /// When a folder or anything else that is no file has that path, or the folder around it
    /// is not there or cannot be written.
    pub fn new(hub: &Hub, given: &Path, draw: fn(&EvalPage) -> String) -> Result<Self> {
        let path = resolved(&hub.folder().join(given));
        let folder = path.parent().filter(|_| path.file_name().is_some());
        let (Some(folder), false) = (folder, path.metadata().is_ok_and(|found| !found.is_file()))
        else {
            return Err(Error::NoFile(path));
        };
        atomic::check_folder(folder)?;
        Ok(Self {
            given: given.to_owned(),
            path,
            draw,
        })
    }

    /// Draws the page of an evaluation and puts it into the file, whose place it takes.
    ///
    /// # Errors
    /// When the repository cannot be read or the file not be written.
    pub fn write(&self, hub: &Hub, report: &EvalReport) -> Result<()> {
        let page = gather(hub, report)?;
        let page = (self.draw)(&page);
        if let Err(error) = atomic::replace(&self.path, page.as_bytes()) {
            self.tell_of_later(hub, report);
            return Err(error.into());
        }
        hub.note(format!("wrote {}", self.path.display()));
        Ok(())
    }

    /// The same for a command that goes on when it fails.
    pub(in crate::lifecycle) fn try_write(&self, hub: &Hub, report: &EvalReport) {
        let Err(error) = self.write(hub, report) else {
            return;
        };
        hub.warn(format!("there is no report: {error}"));
        if let Some(hint) = error.hint() {
            hub.note(hint);
        }
    }

    fn tell_of_later(&self, hub: &Hub, report: &EvalReport) {
        if report.measured.is_some() {
            let (session, file) = (&report.session, quoted(&self.given));
            hub.note(format!(
                "the evaluation is kept; `hub eval {session} --show --report {file}` writes its report"
            ));
        }
    }
}

/// Where a path leads; of a file that is not there yet, where its folder does.
fn resolved(path: &Path) -> PathBuf {
    let beside = || {
        let folder = path.parent()?.canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    let leads = path.canonicalize().ok().or_else(beside);
    leads.unwrap_or_else(|| path.to_owned())
}

/// All that the page of an evaluation shows.
///
/// # Errors
/// When the session cannot be read.
pub fn gather(hub: &Hub, report: &EvalReport) -> Result<EvalPage> {
    let stored = StoredSession::read(&hub.dir, &report.session)?;
    let launch = stored.launch()?;
    let mut posts = posts(hub, &stored, report);
    let agents = report.results.iter().map(|result| {
        let agent = result.agent;
        let record = stored.session.agents().get(&agent);
        let preset = launch.as_ref().and_then(|launch| launch.preset_of(agent));
        let work = AgentPage {
            preset: preset.cloned(),
            strategy: record.and_then(|record| record.strategy.clone()),
            files: files(hub, &stored, result),
            post: posts.remove(&agent).map(page_post),
        };
        (agent, work)
    });
    Ok(EvalPage {
        evaluation: report.clone(),
        agents: agents.collect(),
        task: stored.config.task.clone(),
        base_branch: stored.config.base_branch.clone(),
        base_commit: stored.config.base_commit.clone(),
        made: hub.now(),
    })
}

/// What the commit that was measured changes; without it there is a page all the same.
fn files(hub: &Hub, stored: &StoredSession, result: &ResultReport) -> Option<Vec<FileDiff>> {
    let commit = result.commit.as_ref()?;
    let read = || {
        let base = hub.base_of(&stored.config, commit)?;
        let base = base.ok_or_else(|| Error::NoBaseBranch(stored.config.base_branch.clone()))?;
        Ok::<_, Error>(hub.repository.file_diffs(&base, commit)?)
    };
    match read() {
        Ok(files) => Some(files),
        Err(error) => {
            let agent = result.agent;
            hub.warn(format!("the report has no files of {agent}: {error}"));
            None
        }
    }
}

/// What each agent said last of its results; without it there is a page all the same.
fn posts(hub: &Hub, stored: &StoredSession, report: &EvalReport) -> BTreeMap<AgentId, Post> {
    let agents: BTreeSet<AgentId> = report.results.iter().map(|result| result.agent).collect();
    newest(hub, stored, &agents).unwrap_or_else(|error| {
        hub.warn(format!("the report has no posts of the board: {error}"));
        BTreeMap::new()
    })
}

/// The newest post of each agent in `results` that belongs to a session.
fn newest(
    hub: &Hub,
    stored: &StoredSession,
    agents: &BTreeSet<AgentId>,
) -> Result<BTreeMap<AgentId, Post>> {
    const NEWEST: usize = 10_000;
    let (board, channel) = (hub.dir.board()?, Channel::results());
    let mut found = BTreeMap::new();
    if !board.channels()?.contains(&channel) {
        return Ok(found);
    }
    let id = Some(stored.config.session_id.as_str());
    for file in board.files(&channel)?.iter().rev().take(NEWEST) {
        if found.len() == agents.len() {
            break;
        }
        // One that cannot be read is nobody's.
        let Ok(post) = board.head(&channel, file) else {
            continue;
        };
        let author = post.metadata.author.and_then(|author| author.parse().ok());
        let wanted = |agent: &AgentId| agents.contains(agent) && !found.contains_key(agent);
        if post.metadata.session.as_deref() == id
            && let Some(agent) = author.filter(wanted)
        {
            found.insert(agent, board.read(&channel, file)?);
        }
    }
    Ok(found)
}

fn page_post(post: Post) -> PagePost {
    let Post {
        file,
        metadata,
        body,
    } = post;
    PagePost {
        name: format!("{}/{}", metadata.channel, file.as_str()),
        written: metadata.timestamp,
        body,
    }
}
