//! An archive for `hub import`, up to where the session would get its name: all of it is taken,
//! or nothing of it stays.
//!
//! An input that begins with `{` is a manifest with the files that it names, in their order; it is
//! packed here, so that lengths and hashes are right and the files themselves are reached. Any
//! other input is what stands within the compression, or, where that is there, the whole archive.
#![no_main]

use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use agenthub::domain::export::{MANIFEST, Origin};
use agenthub::domain::launch::ByteSize;
use agenthub::store::export::Unpack;
use agenthub::store::{ImportDraft, Result};
use agenthub_fuzz::{BETWEEN, Scene, names_below};
use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::{Digest, Sha256};

static SCENE: OnceLock<Scene> = OnceLock::new();

/// More than the inputs can hold, and little enough to be tried often.
const MOST: ByteSize = ByteSize::of(1024 * 1024);

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let archive = match input.first() {
        Some(b'{') => packed(input).map(|tar| compressed(&tar)),
        Some(0x1f | b'a') => Some(input.to_vec()),
        _ => Some(compressed(input)),
    };
    let Some(archive) = archive else { return };

    let before = names_below(scene.hub.path());
    let outcome = import(scene, &archive);
    assert_eq!(
        before,
        names_below(scene.hub.path()),
        "{outcome:?} left something"
    );
});

/// As `hub import` does it, but for the repository's part.
fn import(scene: &Scene, archive: &[u8]) -> Result<()> {
    let mut archive = Unpack::open(Path::new("fuzzed"), archive, None, MOST)?;
    let manifest = archive.manifest.clone();
    let draft = ImportDraft::begin(&scene.hub, &manifest.session_id)?;
    let outside = names_outside(scene, &draft);
    let taken = take(&mut archive, &draft);
    assert_eq!(
        outside,
        names_outside(scene, &draft),
        "a file stands outside"
    );
    if taken.is_ok() {
        let state = draft
            .dir()
            .read_state()
            .expect("what was taken is a session");
        assert_eq!(state.id, manifest.session_id);
        assert!(
            state
                .agents()
                .values()
                .all(|agent| !agent.status().is_active())
        );
        assert!(draft.dir().origin().is_ok_and(|origin| origin.is_some()));
    }
    draft.discard(&scene.hub);
    taken
}

fn take(archive: &mut Unpack<'_>, draft: &ImportDraft) -> Result<()> {
    while let Some(entry) = archive.next_entry()? {
        draft.put(entry)?;
    }
    let manifest = &archive.manifest;
    let origin = |owner| Origin {
        user: manifest.user.clone(),
        host: manifest.host.clone(),
        hub: manifest.hub.clone(),
        owner,
    };
    draft.settle(origin, DateTime::UNIX_EPOCH).map(drop)
}

/// What stands below the hub directory, but for the draft's own.
fn names_outside(scene: &Scene, draft: &ImportDraft) -> Vec<String> {
    let own = draft.dir().path();
    let own = own.strip_prefix(scene.hub.path()).expect("it stands in it");
    let own = own.to_str().expect("hub named it");
    let mut names = names_below(scene.hub.path());
    names.retain(|name| !name.starts_with(own));
    names
}

/// A manifest and the files behind it, as `hub export` would have packed them; `None` where the
/// manifest names none.
fn packed(input: &[u8]) -> Option<Vec<u8>> {
    let mut parts = input.split(|byte| *byte == BETWEEN);
    let mut manifest: Value = serde_json::from_slice(parts.next()?).ok()?;
    let mut bodies = Vec::new();
    for file in manifest.get_mut("files")?.as_array_mut()? {
        let body = parts.next().unwrap_or_default();
        let file = file.as_object_mut()?;
        let name = file.get("name")?.as_str()?.to_owned();
        let hash: String = Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        file.insert("size_bytes".to_owned(), body.len().into());
        file.insert("sha256".to_owned(), hash.into());
        bodies.push((name, body));
    }
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, MANIFEST, manifest.to_string().as_bytes())?;
    for (name, body) in bodies {
        append(&mut tar, &name, body)?;
    }
    tar.into_inner().ok()
}

/// Adds an entry under a name that the library may not like.
fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, body: &[u8]) -> Option<()> {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_ustar_mut()?.name;
    field
        .get_mut(..name.len())?
        .copy_from_slice(name.as_bytes());
    header.set_size(u64::try_from(body.len()).ok()?);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    tar.append(&header, body).ok()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
