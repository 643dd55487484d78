//! An archive taken apart, changed, and put together again as hub would have.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::Digest;
use tar::{Builder, EntryType, Header};

/// What an archive holds.
#[derive(Clone)]
pub struct Archive {
    pub manifest: Value,
    pub files: Vec<(String, Vec<u8>)>,
}

impl Archive {
    pub fn read(path: &Path) -> Self {
        let mut tar = tar::Archive::new(MultiGzDecoder::new(File::open(path).unwrap()));
        let mut files = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.push((name, bytes));
        }
        let (name, manifest) = files.remove(0);
        assert_eq!(name, "manifest.json");
        Self {
            manifest: serde_json::from_slice(&manifest).unwrap(),
            files,
        }
    }

    pub fn text(&self, name: &str) -> String {
        let found = self.files.iter().find(|(known, _)| known == name);
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    }

    /// Puts something in the place of a file, or beside all others.
    pub fn set(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        match self.files.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = bytes,
            None => self.files.push((name.to_owned(), bytes)),
        }
    }

    pub fn edit(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.set(name, text.replace(from, to));
    }

    pub fn without(&mut self, name: &str) {
        self.files.retain(|(known, _)| known != name);
    }

    /// Lets the manifest say what the files are, in order.
    pub fn described(mut self) -> Self {
        self.files.sort();
        let files = self.files.iter().map(|(name, bytes)| {
            let hash = sha2::Sha256::digest(bytes);
            let hash = hash.iter().fold(String::new(), |mut hash, byte| {
                let _ = write!(hash, "{byte:02x}");
                hash
            });
            serde_json::json!({ "name": name, "size_bytes": bytes.len(), "sha256": hash })
        });
        self.manifest["files"] = files.collect();
        self
    }

    pub fn write(&self, path: &Path) {
        let manifest = serde_json::to_vec(&self.manifest).unwrap();
        let first = ("manifest.json".to_owned(), manifest);
        let entries = [first].into_iter().chain(self.files.clone());
        let entries = entries.map(|(name, bytes)| (header(&name, EntryType::Regular), bytes));
        write(path, entries.collect());
    }
}

/// A header of any name, also of those that a well-meaning program refuses to write.
pub fn header(name: &str, kind: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header
}

/// Writes entries as they are.
pub fn write(path: &Path, entries: Vec<(Header, Vec<u8>)>) {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (mut header, bytes) in entries {
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    let bytes = tar.into_inner().unwrap().finish().unwrap();
    let _ = fs::remove_file(path);
    crate::support::write(path, bytes);
}
