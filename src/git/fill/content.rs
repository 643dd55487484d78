//! What a commit holds, as a list of files.

use super::plain;

/// Where paths are longer, the system may refuse them to others than hub, which goes down step by
/// step. It also bounds how deep that is.
const LONGEST: usize = 2048;

/// A file of a commit.
#[derive(Clone, Debug)]
pub struct File {
    /// Its folder, as a number in [`Content::folders`].
    pub folder: usize,
    pub name: Vec<u8>,
    pub blob: git2::Oid,
    pub kind: Kind,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Program,
    Link,
}

impl Kind {
    /// The mode by which an index knows it (gitformat-index(5)).
    pub fn mode(self) -> u32 {
        match self {
            Self::Plain => 0o100_644,
            Self::Program => 0o100_755,
            Self::Link => 0o120_000,
        }
    }
}

/// All files of a commit.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// The paths of folders with files; that of the worktree itself is empty.
    pub folders: Vec<Vec<u8>>,
    /// In the order of an index: by the bytes of their paths.
    pub files: Vec<File>,
}

impl Content {
    /// The path of a file.
    pub fn path(&self, file: &File) -> Vec<u8> {
        let folder = self.folders.get(file.folder).map_or(&[][..], Vec::as_slice);
        join(folder, &file.name)
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return name.to_vec();
    }
    [folder, b"/", name].concat()
}

/// Reads the list of a commit's files, or says why git must check them out.
pub fn read(library: &git2::Repository, commit: git2::Oid) -> Result<Content, String> {
    let said = |error: git2::Error| error.message().to_owned();
    let commit = library.find_commit(commit).map_err(said)?;
    let tree = commit.tree().map_err(said)?;
    let mut content = Content::default();
    add(library, &tree, b"", &mut content)?;
    Ok(content)
}

fn add(
    library: &git2::Repository,
    tree: &git2::Tree<'_>,
    path: &[u8],
    content: &mut Content,
) -> Result<(), String> {
    let said = |error: git2::Error| error.message().to_owned();
    let folder = content.folders.len();
    content.folders.push(path.to_vec());
    if path.len() > LONGEST {
        let begin = path.get(..40).unwrap_or_default();
        return Err(format!("{}… is long", String::from_utf8_lossy(begin)));
    }
    // A tree is sorted such that going down where a folder stands gives the order of an index.
    for entry in tree {
        let name = entry.name_bytes();
        let shown = || String::from_utf8_lossy(&join(path, name)).into_owned();
        let kind = match entry.filemode() {
            0o040_000 => {
                check(name, false, shown)?;
                let below = library.find_tree(entry.id()).map_err(said)?;
                add(library, &below, &join(path, name), content)?;
                continue;
            }
            0o100_644 | 0o100_664 => Kind::Plain,
            0o100_755 => Kind::Program,
            0o120_000 => Kind::Link,
            0o160_000 => return Err(format!("{} is a submodule", shown())),
            mode => return Err(format!("{} has the mode {mode:o}", shown())),
        };
        check(name, kind == Kind::Link, shown)?;
        if name == b".gitattributes" {
            let blob = library.find_blob(entry.id()).map_err(said)?;
            if let Some(attribute) = plain::converting_attribute(blob.content()) {
                return Err(format!("{} has {attribute}", shown()));
            }
        }
        content.files.push(File {
            folder,
            name: name.to_vec(),
            blob: entry.id(),
            kind,
        });
    }
    Ok(())
}

fn check(name: &[u8], is_link: bool, shown: impl Fn() -> String) -> Result<(), String> {
    if plain::is_dangerous(name, is_link) {
        return Err(format!("{} is a name that git may refuse", shown()));
    }
    Ok(())
}
