//! The files of a folder as a value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Everything below a folder: what it is, its mode and its bytes. Two that are equal hold the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Clone, PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    File { mode: u32, bytes: Vec<u8> },
}

impl std::fmt::Debug for Entry {
    /// A failed comparison shows text as text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder => f.write_str("folder"),
            Self::Link(target) => write!(f, "link to {}", target.display()),
            Self::File { mode, bytes } => {
                write!(f, "file {mode:o} {:?}", String::from_utf8_lossy(bytes))
            }
        }
    }
}

impl Tree {
    /// Reads a folder; one that is not there is empty.
    pub fn read(folder: &Path) -> Self {
        let mut tree = Self::default();
        if folder.exists() {
            tree.add(folder, folder);
        }
        tree
    }

    fn add(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let entry = if meta.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else if meta.is_dir() {
                self.add(root, &path);
                Entry::Folder
            } else {
                Entry::File {
                    mode: meta.permissions().mode() & 0o7777,
                    bytes: fs::read(&path).unwrap(),
                }
            };
            self.0
                .insert(path.strip_prefix(root).unwrap().to_owned(), entry);
        }
    }

    /// Writes all of it into a folder, which is made where it is not there.
    pub fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        // A folder comes before what is in it: paths are sorted.
        for (path, entry) in &self.0 {
            let path = folder.join(path);
            match entry {
                Entry::Folder => fs::create_dir_all(&path).unwrap(),
                Entry::Link(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
                Entry::File { mode, bytes } => {
                    super::repo::write(&path, bytes);
                    fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
                }
            }
        }
    }

    /// Expects that a folder holds this and nothing else; names what differs.
    #[track_caller]
    pub fn assert_is(&self, folder: &Path) {
        self.assert_is_but_for(&[], folder);
    }

    /// Expects that a folder holds this and nothing else, but for files of these names.
    #[track_caller]
    pub fn assert_is_but_for(&self, names: &[&str], folder: &Path) {
        let now = Self::read(folder);
        let all: BTreeSet<&PathBuf> = self.0.keys().chain(now.0.keys()).collect();
        let differing: Vec<String> = all
            .into_iter()
            .filter(|path| !names.iter().any(|name| path.ends_with(name)))
            .filter(|path| self.0.get(*path) != now.0.get(*path))
            .map(|path| {
                let shown = |tree: &Self| format!("{:?}", tree.0.get(path));
                format!("{}: {} → {}", path.display(), shown(self), shown(&now))
            })
            .collect();
        assert!(
            differing.is_empty(),
            "{}:\n{}",
            folder.display(),
            differing.join("\n")
        );
    }

    /// The same without what has this name, wherever it is.
    pub fn without(mut self, name: &str) -> Self {
        self.0
            .retain(|path, _| path.file_name().is_none_or(|found| found != name));
        self
    }

    /// The same without everything at or below what has this name, wherever it is.
    pub fn outside(mut self, name: &str) -> Self {
        self.0
            .retain(|path, _| path.iter().all(|component| component != name));
        self
    }

    /// The paths of all files, links and folders, sorted.
    pub fn paths(&self) -> Vec<&Path> {
        self.0.keys().map(PathBuf::as_path).collect()
    }
}
