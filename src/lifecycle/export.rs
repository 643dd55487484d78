//! `hub export`: a session as one file, with all that is needed to have it elsewhere.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::domain::event::{self, Operation};
use crate::domain::export::{BadArchive, EntryName, FORMAT, Manifest, ManifestRef, is_own_ref};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::refs::{ArchiveTag, AttemptBranch, CommitId, SnapshotLabel, SnapshotRef};
use crate::domain::report::{ExportReport, ExportedRef};
use crate::git::FoundRef;
use crate::store::export::{Gathered, Pack, Recipient};
use crate::store::{self, SessionDir, StoredSession, atomic, current_host, current_user};

use super::attempts::AttemptInfo;
use super::error::Result;
use super::hub::Hub;
use super::status;
use super::worktrees::LeftByEval;

/// What is exported, and where to.
pub struct Request {
    /// The session.
    pub session: SessionSelector,
    /// The archive; a file of the session's name in the current folder where none is named.
    pub output: Output,
    /// For whom it is encrypted; for nobody where it is not.
    pub recipients: Vec<Recipient>,
    /// Whether a file that is there is replaced.
    pub force: bool,
    /// Whether what the base commit leads to stays out.
    pub thin: bool,
}

/// Where an archive goes.
pub enum Output {
    /// To a file of the session's name.
    Named,
    /// To this file.
    File(PathBuf),
    /// To whoever reads the stream.
    Stream(Box<dyn Write>),
}

/// What an archive is made of, as it was while nobody wrote the session.
struct Look {
    pack: Pack,
    refs: Vec<ManifestRef>,
    needs: Vec<CommitId>,
    missing: Vec<String>,
}

/// Writes a session into an archive. Nothing else changes.
///
/// # Errors
/// When the session is not there, is written for too long, or the system refuses; no archive is
/// left then.
pub fn run(hub: &Hub, request: Request) -> Result<ExportReport> {
    let id = hub.dir.find(&request.session)?;
    let dir = hub.dir.session(&id);
    let path = place(hub, &id, &request)?;
    let folder = match &path {
        Some(path) => path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        None => std::env::temp_dir(),
    };
    let limit = hub.settings.lock_timeout();
    let look = {
        let _doing = hub.doing("packing the session");
        dir.while_free(limit, || look(hub, &dir, &folder, request.thin))??
    };
    let format = hub.repository.object_format()?;
    let manifest = Manifest {
        format: FORMAT,
        hub: env!("CARGO_PKG_VERSION").to_owned(),
        session_id: id.clone(),
        object_format: format,
        user: current_user(),
        host: current_host(),
        files: Vec::new(),
        refs: look.refs.clone(),
        needs: look.needs.clone(),
        missing: look.missing.clone(),
    };
    for missing in &look.missing {
        hub.warn(format!("not in the archive: {missing}"));
    }
    hub.interrupt.check()?;
    let names = look.pack.files().iter().map(|file| &file.name);
    let posts = names.filter(|name| matches!(name, EntryName::Post(..)));
    let posts = posts.count();
    let bundles = usize::from(!look.refs.is_empty());
    let files = look.pack.files().len() - posts - bundles;
    let (pack, recipients) = (look.pack, &request.recipients);
    let size_bytes = match (request.output, &path) {
        (Output::Stream(mut into), _) => {
            match pack.write(manifest, recipients, &mut into, Path::new("stdout")) {
                Err(error) if is_unread(&error) => 0,
                other => other?,
            }
        }
        (_, Some(path)) => pack
            .write_file(manifest, recipients, path, request.force)?
            .ok_or_else(|| BadArchive::FileExists { path: path.clone() })?,
        (_, None) => 0,
    };
    let shown = |one: &ManifestRef| ExportedRef {
        r#ref: one.r#ref.clone(),
        commit: one.commit.clone(),
    };
    Ok(ExportReport {
        session_id: id,
        file: path,
        size_bytes,
        recipients: recipients.len(),
        files,
        posts,
        refs: look.refs.iter().map(shown).collect(),
        needs: look.needs,
        missing: look.missing,
    })
}

/// Whether somebody read the beginning of a stream and went away.
fn is_unread(error: &store::Error) -> bool {
    match error {
        store::Error::Io { source, .. } => source.kind() == io::ErrorKind::BrokenPipe,
        _ => false,
    }
}

/// The file that is written; `None` for a stream.
fn place(hub: &Hub, id: &SessionId, request: &Request) -> Result<Option<PathBuf>> {
    let path = match &request.output {
        Output::Stream(_) => return Ok(None),
        Output::File(path) => path.clone(),
        Output::Named if request.recipients.is_empty() => format!("{id}.hub.tar.gz").into(),
        Output::Named => format!("{id}.hub.tar.gz.age").into(),
    };
    let path = hub.absolute(&path)?;
    match fs::symlink_metadata(&path) {
        Ok(meta) if !meta.is_file() => Err(BadArchive::NoFile { path }.into()),
        Ok(_) if !request.force => Err(BadArchive::FileExists { path }.into()),
        _ => Ok(Some(path)),
    }
}

/// Reads all of a session; nobody writes it meanwhile, but agents may print.
fn look(hub: &Hub, dir: &SessionDir, folder: &Path, thin: bool) -> Result<Look> {
    let id = dir.id();
    let stored = StoredSession::read(&hub.dir, id);
    let mut missing: Vec<String> = dir.problems().iter().map(ToString::to_string).collect();
    for problem in &mut missing {
        problem.push_str("; `hub import` refuses it so");
    }
    if let Ok(events) = stored
        .as_ref()
        .map_or(Ok(Vec::new()), StoredSession::events)
    {
        let unfinished = event::unfinished(&events).map(|open| open.operation);
        if let Some(Operation::Init | Operation::Import) = unfinished {
            return Err(BadArchive::NotMadeYet(id.clone()).into());
        }
    }
    let gathered = Gathered::of(dir, &hub.dir.board()?)?;
    missing.extend(gathered.missing);
    let mut refs = refs_of(hub, id)?;
    if let Ok(stored) = &stored {
        for (attempt, merged) in gone(hub, stored)? {
            let branch = attempt.branch(id).name();
            match merged.map(|commit| as_snapshot(id, attempt.agent, commit)) {
                Some(kept) if refs.iter().any(|one| one.r#ref == kept.r#ref) => {}
                Some(kept) => refs.push(kept),
                None => missing.push(format!(
                    "{branch}: it is gone, and no archive tag keeps what it held"
                )),
            }
        }
        missing.extend(lacking(hub, stored, &refs)?);
    }
    let base = stored.ok().and_then(|stored| stored.config.base_commit);
    let needs = needed(hub, base, thin);
    let mut pack = Pack::begin(folder)?;
    if !refs.is_empty() {
        let bundle = bundle(hub, folder, &refs, &needs)?;
        pack.add_open(EntryName::Bundle, &bundle)?;
    }
    for source in &gathered.sources {
        hub.interrupt.check()?;
        pack.add(source)?;
    }
    Ok(Look {
        pack,
        needs: if refs.is_empty() { Vec::new() } else { needs },
        refs,
        missing,
    })
}

/// The objects of all refs in a file without a name.
fn bundle(hub: &Hub, folder: &Path, refs: &[ManifestRef], needs: &[CommitId]) -> Result<File> {
    let file = atomic::nameless(folder)?;
    let heads = refs.iter().map(|one| (&one.r#ref, &one.object)).collect();
    let written = hub.repository.write_bundle(&file, &heads, needs);
    written.map_err(|error| hub.cause(error.into()))?;
    Ok(file)
}

/// All refs of a session that there are, as they are now.
fn refs_of(hub: &Hub, id: &SessionId) -> Result<Vec<ManifestRef>> {
    let mut refs = Vec::new();
    for prefix in [
        AttemptBranch::prefix(id),
        ArchiveTag::prefix(id),
        SnapshotRef::prefix(id),
    ] {
        for FoundRef { name, commit } in hub.repository.refs_under(&prefix)? {
            if !is_own_ref(&name, id) {
                continue;
            }
            let tag = name.as_str().starts_with("refs/tags/");
            let value = tag.then(|| hub.repository.ref_value(&name)).transpose()?;
            refs.push(ManifestRef {
                object: value.flatten().unwrap_or_else(|| commit.clone()),
                r#ref: name,
                commit,
            });
        }
    }
    Ok(refs)
}

/// The attempts that have neither branch nor tag any more, each with the commit that was measured
/// of it, where that is there still: then it was merged.
fn gone(hub: &Hub, stored: &StoredSession) -> Result<Vec<(AttemptInfo, Option<CommitId>)>> {
    let evaluation = stored.evaluation().ok().flatten();
    let attempts = hub.attempts(&stored.session)?.into_iter();
    let gone = attempts.filter(|attempt| attempt.tip().is_none());
    let gone = gone.map(|attempt| {
        let result = evaluation.as_ref().and_then(|all| all.of(attempt.agent));
        let commit = status::measured_commit(hub, result, &attempt);
        (attempt, commit)
    });
    Ok(gone.collect())
}

/// Where nothing else reaches it, what was merged is kept as a snapshot.
fn as_snapshot(id: &SessionId, agent: AgentId, commit: CommitId) -> ManifestRef {
    let name = SnapshotRef {
        session: id.clone(),
        agent,
        label: SnapshotLabel::Discarded(commit.clone()),
    };
    ManifestRef {
        r#ref: name.full(),
        object: commit.clone(),
        commit,
    }
}

/// What the bundle builds upon.
fn needed(hub: &Hub, base: Option<CommitId>, thin: bool) -> Vec<CommitId> {
    let shallow = hub.repository.is_shallow();
    if !thin && !shallow {
        return Vec::new();
    }
    if shallow && !thin {
        hub.warn(
            "the repository is a shallow clone: the archive holds what came after the base commit",
        );
    }
    let base = base.filter(|base| hub.repository.commit(base).is_ok());
    base.into_iter().collect()
}

/// What cannot be had of the session any more.
fn lacking(hub: &Hub, stored: &StoredSession, refs: &[ManifestRef]) -> Result<Vec<String>> {
    let mut lacking = Vec::new();
    if let (Some(base), true) = (&stored.config.base_commit, refs.is_empty()) {
        let what = format!(
            "base commit {}: there are no attempts that lead to it",
            base.short()
        );
        lacking.push(what);
    }
    let left = LeftByEval::of(stored.clone()).ok();
    for found in hub.worktrees_of_agents(&stored.session)? {
        let (agent, path) = (found.agent, &found.worktree.path);
        let work = match &left {
            _ if !path.is_dir() => Vec::new(),
            Some(left) => hub.work_in(path, left, agent)?,
            None => hub.repository.changes(path)?,
        };
        if !work.is_empty() {
            lacking.push(format!("uncommitted work of {agent}: only commits go in"));
        }
    }
    Ok(lacking)
}
