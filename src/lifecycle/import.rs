//! `hub import`: a session from an archive, all of it or nothing.
//!
//! Everything of the archive is put together, read and checked in a folder that is no session
//! yet, and its objects beside the repository. Only then are the objects taken, the folder gets
//! its name with the intent in its journal, and refs and posts follow. Whoever finds it killed
//! in between finishes it where its refs stand, and else removes all of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::beneath;
use crate::domain::event::{self, Operation, Phase, Unfinished};
use crate::domain::export::{BadArchive, ChangedAgent, MOST_BYTES, Manifest, ManifestRef, Origin};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::launch::ByteSize;
use crate::domain::owner::UserName;
use crate::domain::report::{ExportedRef, ImportReport};
use crate::domain::state::SessionState;
use crate::git::{BundleHead, RefChange};
use crate::store::export::{Identities, Unpack};
use crate::store::{self, Adopted, ImportDraft, LockedSession, StoredSession};

use super::error::{Error, Result};
use super::hub::Hub;
use super::{init, trust};

/// What is imported.
#[derive(Clone, Debug)]
pub struct Request {
    /// The archive; `-` is stdin.
    pub file: PathBuf,
    /// The file of the identities that open it; `-` is stdin.
    pub identity: Option<PathBuf>,
    /// The most bytes that its files may come to.
    pub most: Option<ByteSize>,
}

/// What is known of a session before it is put in its place.
struct Staged {
    manifest: Manifest,
    encrypted: bool,
    origin: Origin,
    agents: Vec<ChangedAgent>,
    /// The refs that are not here yet.
    to_make: Vec<ManifestRef>,
}

/// Brings a session here.
///
/// # Errors
/// When the archive is not what `hub export` writes, something of it is here and is otherwise, or
/// the system refuses. Nothing of it is here then.
pub fn run(hub: &Hub, request: &Request) -> Result<ImportReport> {
    let identities = identities(hub, request)?;
    let (shown, from) = open(hub, &request.file)?;
    let most = request.most.unwrap_or(MOST_BYTES);
    let mut archive = Unpack::open(&shown, BufReader::new(from), identities.as_ref(), most)?;
    let id = archive.manifest.session_id.clone();
    if finished_now(hub, &id)? {
        return already(hub, &archive);
    }
    check_free(hub, &id)?;
    let to_make = missing_refs(hub, &archive.manifest)?;
    let ours = hub.repository.object_format()?;
    let theirs = archive.manifest.object_format;
    if ours != theirs {
        return Err(BadArchive::OtherObjects { theirs, ours }.into());
    }
    hub.check_unicode()?;
    hub.dir.create()?;
    let draft = ImportDraft::begin(&hub.dir, &id)?;
    let staged = {
        let _doing = hub.doing(format!("checking session {id}"));
        stage(hub, &draft, &mut archive, to_make)
    };
    match staged {
        Ok(staged) => place(hub, draft, staged),
        Err(error) => {
            draft.discard(&hub.dir);
            Err(hub.cause(error))
        }
    }
}

fn identities(hub: &Hub, request: &Request) -> Result<Option<Identities>> {
    let Some(file) = &request.identity else {
        return Ok(None);
    };
    let (shown, from) = open(hub, file)?;
    Ok(Some(Identities::read(&shown, from)?))
}

/// A file of the user's, or stdin.
fn open(hub: &Hub, file: &Path) -> Result<(PathBuf, Box<dyn Read>)> {
    if file == Path::new("-") {
        return Ok((PathBuf::from("stdin"), Box::new(io::stdin())));
    }
    let path = hub.folder().join(file);
    let opened = File::open(&path).map_err(Error::io("read", file.display().to_string()))?;
    Ok((file.to_path_buf(), Box::new(opened)))
}

/// Whether an import of this session was killed and is whole only now.
fn finished_now(hub: &Hub, id: &SessionId) -> Result<bool> {
    let Ok(stored) = StoredSession::read(&hub.dir, id) else {
        return Ok(false);
    };
    let unfinished = event::unfinished(&stored.events()?).map(|open| open.operation);
    if unfinished != Some(Operation::Import) {
        return Ok(false);
    }
    match hub.lock(id, "import") {
        Ok(_) => Ok(true),
        Err(Error::Store(store::Error::NoSession { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What an import came to that was killed and is finished by now.
fn already(hub: &Hub, archive: &Unpack<'_>) -> Result<ImportReport> {
    let id = &archive.manifest.session_id;
    let stored = StoredSession::read(&hub.dir, id)?;
    let staged = Staged {
        origin: origin(&archive.manifest, None),
        encrypted: archive.encrypted,
        agents: Vec::new(),
        to_make: Vec::new(),
        manifest: archive.manifest.clone(),
    };
    let origin = stored.dir.origin()?.unwrap_or(staged.origin.clone());
    let staged = Staged { origin, ..staged };
    report(hub, &stored, staged, Adopted::default())
}

/// No session has this id, nor had one that may come back.
fn check_free(hub: &Hub, id: &SessionId) -> Result<()> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let undone = is_there(hub.dir.undone_session(id).path());
    if undone || is_there(hub.dir.session(id).path()) {
        let session = id.clone();
        return Err(BadArchive::SessionExists { session, undone }.into());
    }
    Ok(())
}

/// The refs that are not here; one that is here must lead where the archive says.
fn missing_refs(hub: &Hub, manifest: &Manifest) -> Result<Vec<ManifestRef>> {
    let mut missing = Vec::new();
    for one in &manifest.refs {
        match hub.repository.ref_value(&one.r#ref)? {
            None => missing.push(one.clone()),
            Some(found) if found == one.object => {}
            Some(found) => {
                return Err(BadArchive::OtherRef {
                    name: one.r#ref.clone(),
                    found,
                    wanted: one.object.clone(),
                }
                .into());
            }
        }
    }
    Ok(missing)
}

fn origin(manifest: &Manifest, owner: Option<UserName>) -> Origin {
    Origin {
        user: manifest.user.clone(),
        host: manifest.host.clone(),
        hub: manifest.hub.clone(),
        owner,
    }
}

/// Puts everything together and checks it; nothing of it counts yet.
fn stage(
    hub: &Hub,
    draft: &ImportDraft,
    archive: &mut Unpack<'_>,
    to_make: Vec<ManifestRef>,
) -> Result<Staged> {
    while let Some(entry) = archive.next_entry()? {
        hub.interrupt.check()?;
        draft.put(entry)?;
    }
    let manifest = archive.manifest.clone();
    let told = origin(&manifest, None);
    let told = |owner| Origin { owner, ..told };
    let agents = draft.settle(told, hub.now())?;
    let origin = draft.dir().origin()?.unwrap_or(origin(&manifest, None));
    if !manifest.refs.is_empty() {
        take_objects(hub, draft, &manifest)?;
    }
    Ok(Staged {
        manifest,
        encrypted: archive.encrypted,
        origin,
        agents,
        to_make,
    })
}

/// Checks the bundle apart from the repository, then takes its objects; no ref leads to them yet.
fn take_objects(hub: &Hub, draft: &ImportDraft, manifest: &Manifest) -> Result<()> {
    let path = draft.bundle();
    let file = beneath::open(&path).map_err(store::Error::io("read", &path))?;
    let damaged = || BadArchive::damaged("its bundle is not what its manifest says");
    let head = BundleHead::read(&file)?.ok_or_else(damaged)?;
    let named = head.heads.iter().map(|(name, object)| (name, object));
    if named.collect::<BTreeSet<_>>() != manifest.heads() || head.needs != manifest.needs {
        return Err(damaged().into());
    }
    for need in &head.needs {
        if !hub.repository.has_object(need)? {
            return Err(BadArchive::Lacks(need.clone()).into());
        }
    }
    let heads = manifest.refs.iter();
    let heads: Vec<_> = heads
        .map(|one| (one.object.clone(), one.commit.clone()))
        .collect();
    let apart = draft.apart()?;
    let checked = hub.repository.check_bundle(&path, &head, &apart, &heads);
    checked.map_err(|error| match error {
        error if error.is_of_system() => Error::from(error),
        error => BadArchive::damaged(format!("its bundle: {error}")).into(),
    })?;
    hub.interrupt.check()?;
    Ok(hub.repository.take_bundle(&path, &head)?)
}

/// Gives the session its name, its refs and its posts.
fn place(hub: &Hub, draft: ImportDraft, staged: Staged) -> Result<ImportReport> {
    let id = staged.manifest.session_id.clone();
    let lock = hub.lock_repository("import");
    let admitted = lock.and_then(|lock| {
        let one_more = hub.lock_new_session()?;
        hub.check_new_session()?;
        check_free(hub, &id)?;
        Ok((lock, one_more))
    });
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(error) => {
            draft.discard(&hub.dir);
            return Err(error);
        }
    };
    let mut session = draft.locked(&hub.dir)?;
    let adopted = match make(hub, &mut session, &staged) {
        Ok(adopted) => adopted,
        Err(error) => {
            take_back(hub, session)?;
            return Err(hub.cause(error));
        }
    };
    drop(admitted);
    let stored = session.snapshot();
    drop(session);
    report(hub, &stored, staged, adopted)
}

fn make(hub: &Hub, session: &mut LockedSession, staged: &Staged) -> Result<Adopted> {
    let running = session.session().state() == SessionState::Running;
    if running {
        hub.check_running(session.config().agent_count)?;
    }
    let intent = json!({ "origin": staged.origin, "makes": staged.to_make.len() });
    hub.record(session, Operation::Import, Phase::Begin, intent)?;
    if !session.publish(&hub.dir)? {
        let session = staged.manifest.session_id.clone();
        let undone = false;
        return Err(BadArchive::SessionExists { session, undone }.into());
    }
    let changes: Vec<RefChange> = staged.to_make.iter().map(made).collect();
    hub.change_refs(session, Operation::Import, &changes, "hub: import")?;
    let adopted = put_posts(hub, session)?;
    hub.record(session, Operation::Import, Phase::End, json!({}))?;
    Ok(adopted)
}

fn made(one: &ManifestRef) -> RefChange {
    RefChange {
        name: one.r#ref.clone(),
        from: None,
        to: Some(one.object.clone()),
    }
}

/// Puts the posts on the board; a board that cannot be written is a warning.
fn put_posts(hub: &Hub, session: &LockedSession) -> Result<Adopted> {
    let posts = session.dir().imported_board();
    let adopted = if posts.is_dir() {
        let limit = hub.settings.lock_timeout();
        let board = hub.dir.board();
        board.and_then(|board| board.lock(limit)?.adopt(&posts))
    } else {
        Ok(Adopted::default())
    };
    let adopted = adopted.unwrap_or_else(|error| {
        hub.warn(format!("not all posts are on the board: {error}"));
        Adopted::default()
    });
    session.dir().clear_import()?;
    Ok(adopted)
}

/// Finishes an import that was killed where all of its refs stand; else nothing of it stays.
///
/// # Errors
/// When nothing of it stays, or the system refuses.
pub(super) fn settle(
    hub: &Hub,
    session: LockedSession,
    unfinished: &Unfinished,
) -> Result<LockedSession> {
    let makes = unfinished.intent.get("makes").and_then(Value::as_u64);
    let stand = event::net(session.moves_under_way()).len();
    if makes == u64::try_from(stand).ok() {
        put_posts(hub, &session)?;
        return Ok(session);
    }
    let id = session.config().session_id.clone();
    take_back(hub, session)?;
    hub.warn(format!(
        "`hub import` was killed before session {id} was whole; it was taken back"
    ));
    let selector = SessionSelector::Prefix(id.to_string());
    Err(store::Error::NoSession { selector }.into())
}

/// Removes a session that was never whole here, with the refs that were made for it.
fn take_back(hub: &Hub, session: LockedSession) -> Result<()> {
    let made = event::net(session.moves_under_way()).into_iter();
    let mut changes = Vec::new();
    for one in made {
        // One that was not made, or that somebody has moved since, is not this import's.
        if one.new.is_some() && hub.repository.ref_value(&one.r#ref)? == one.new {
            changes.push(RefChange {
                name: one.r#ref,
                from: one.new,
                to: None,
            });
        }
    }
    if !changes.is_empty() {
        hub.repository.update_refs(&changes, "hub: import")?;
    }
    init::take_back(hub, session)
}

fn report(
    hub: &Hub,
    stored: &StoredSession,
    staged: Staged,
    adopted: Adopted,
) -> Result<ImportReport> {
    let mut missing = staged.manifest.missing.clone();
    if let Some(base) = &stored.config.base_commit
        && hub.repository.commit(base).is_err()
    {
        missing.push(format!("base commit {} is not here", base.short()));
    }
    let untrusted_commands = trust::untrusted_of(hub, &stored.config.session_id)?;
    let shown = |one: &ManifestRef| ExportedRef {
        r#ref: one.r#ref.clone(),
        commit: one.commit.clone(),
    };
    Ok(ImportReport {
        session_id: stored.config.session_id.clone(),
        state: stored.session.state(),
        origin: staged.origin,
        encrypted: staged.encrypted,
        object_format: staged.manifest.object_format,
        kept_refs: staged.manifest.refs.len() - staged.to_make.len(),
        made_refs: staged.to_make.iter().map(shown).collect(),
        posts: adopted.posts,
        renumbered: adopted.renumbered,
        agents: staged.agents,
        untrusted_commands,
        missing,
    })
}
