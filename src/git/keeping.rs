//! Keeping what stood somewhere as objects, and all refs at one moment.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::outside::RefTable;
use crate::domain::refs::{CommitId, RefName};

use super::error::{Error, Result};
use super::program;
use super::refs::RefChange;
use super::refs_below;
use super::repository::{Repository, printed_id};

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its mode, as git writes it.
    pub mode: String,
    /// Its blob.
    pub id: CommitId,
}

/// A path that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeChange {
    /// The path, with slashes.
    pub path: String,
    /// What the first tree has there.
    pub old: Option<Entry>,
    /// What the other has.
    pub new: Option<Entry>,
}

impl Repository {
    /// All refs as they are at this moment.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn ref_table(&self) -> Result<RefTable> {
        const FORMAT: &str =
            "--format=%(if)%(symref)%(then)ref:%(symref)%(else)%(objectname)%(end) %(refname)";
        if let Some((packed, loose)) = refs_below::all(&self.common) {
            return Ok(RefTable::new(packed, loose));
        }
        let listed = self.git().args(["for-each-ref", FORMAT]).run()?;
        let listed = String::from_utf8_lossy(&listed).replace("ref:refs/", "ref:\u{0}refs/");
        let (symbolic, packed): (Vec<&str>, Vec<&str>) =
            listed.lines().partition(|line| line.starts_with("ref:"));
        let loose = symbolic.into_iter().filter_map(|line| {
            let (value, name) = line.split_once(' ')?;
            Some((name.to_owned(), value.replace('\u{0}', " ")))
        });
        Ok(RefTable::new(packed.join("\n"), loose.collect()))
    }

    /// Lets a symbolic ref lead to `target`; `None` takes it away. Its own value is checked.
    ///
    /// # Errors
    /// When it does not hold `from` any more.
    pub fn set_symbolic(&self, name: &str, from: Option<&str>, to: Option<&str>) -> Result<()> {
        let found = self.ref_table()?;
        if found.get(name) != from {
            return Err(Error::answer("the ref that was found", name));
        }
        let git = || self.git().durable().uninterrupted();
        let call = if let Some(target) = to.and_then(|to| to.strip_prefix("ref: ")) {
            git().args(["symbolic-ref", "-m", "hub: outside", name, target])
        } else {
            if from.is_some_and(|from| from.starts_with("ref: ")) {
                git().args(["symbolic-ref", "--delete", name]).run()?;
            }
            let Some(to) = to else {
                return Ok(());
            };
            git().args(["update-ref", "--no-deref", "-m", "hub: outside", name, to])
        };
        call.run().map(drop)
    }

    /// The paths by which two trees differ.
    ///
    /// # Errors
    /// When one of them is not there any more.
    pub fn tree_changes(&self, old: &CommitId, new: &CommitId) -> Result<Vec<TreeChange>> {
        if old == new {
            return Ok(Vec::new());
        }
        let call = self
            .git()
            .args(["diff-tree", "-r", "-z", "--raw", "--no-renames"]);
        let answer = call
            .args(["--full-index", old.as_str(), new.as_str()])
            .run()?;
        let mut parts = answer.split(|byte| *byte == b'\0');
        let mut found = Vec::new();
        while let (Some(line), Some(path)) = (parts.next(), parts.next()) {
            let line = String::from_utf8_lossy(line);
            let mut words = line.trim_start_matches(':').split(' ');
            let (old_mode, new_mode) = (words.next(), words.next());
            let (old, new) = (words.next(), words.next());
            found.push(TreeChange {
                path: String::from_utf8_lossy(path).into_owned(),
                old: entry(old_mode, old),
                new: entry(new_mode, new),
            });
        }
        Ok(found)
    }

    /// The files of a tree, by their paths.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn entries_of(&self, tree: &CommitId) -> Result<BTreeMap<String, Entry>> {
        let call = self
            .git()
            .args(["ls-tree", "-r", "-z", "--full-tree", tree.as_str()]);
        let answer = call.run()?;
        let lines = answer.split(|byte| *byte == b'\0');
        let entries = lines.filter_map(|line| {
            let line = String::from_utf8_lossy(line);
            let (what, path) = line.split_once('\t')?;
            let mut words = what.split(' ');
            let found = entry(words.next(), words.nth(1))?;
            Some((path.to_owned(), found))
        });
        Ok(entries.collect())
    }

    /// A tree with some paths as given: a file, or nothing.
    ///
    /// # Errors
    /// When git refuses.
    pub fn tree_with(
        &self,
        base: &CommitId,
        paths: &[(String, Option<Entry>)],
    ) -> Result<CommitId> {
        if paths.is_empty() {
            return Ok(base.clone());
        }
        let folder = tempfile::Builder::new()
            .prefix("hub-tree-")
            .tempdir()
            .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
        let index = folder.path().join("index");
        let git = || self.git().durable().variable("GIT_INDEX_FILE", &index);
        git().args(["read-tree", base.as_str()]).run()?;
        let mut input = String::new();
        // What goes first, so that a file can stand where a folder was.
        for (path, _) in paths.iter().filter(|(_, entry)| entry.is_none()) {
            let nothing = "0".repeat(base.as_str().len());
            let _ = write!(input, "0 {nothing}\t{path}\0");
        }
        for (path, entry) in paths {
            if let Some(Entry { mode, id }) = entry {
                let _ = write!(input, "{mode} {id}\t{path}\0");
            }
        }
        let call = git().args(["update-index", "--replace", "-z", "--index-info"]);
        call.input(input).run()?;
        printed_id(&git().arg("write-tree").run()?)
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// When it is not there.
    pub fn tree_of(&self, commit: &CommitId) -> Result<CommitId> {
        let call = self
            .git()
            .args(["rev-parse", &format!("{commit}^{{tree}}")]);
        printed_id(&call.run()?)
    }

    /// Writes what a file holds.
    ///
    /// # Errors
    /// When git refuses.
    pub fn write_blob(&self, content: &[u8]) -> Result<CommitId> {
        let call = self.git().durable().args(["hash-object", "-w", "--stdin"]);
        printed_id(&call.input(content).run()?)
    }

    /// Reads what a file held.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn read_blob(&self, id: &CommitId) -> Result<Vec<u8>> {
        self.git().args(["cat-file", "blob", id.as_str()]).run()
    }

    /// A commit that keeps objects: each with its mode (a folder's is `040000`) and a name.
    ///
    /// # Errors
    /// When git refuses.
    pub fn keep_objects(
        &self,
        entries: &[(String, Entry)],
        parents: &[CommitId],
        message: &str,
    ) -> Result<CommitId> {
        let mut input = String::new();
        for (name, Entry { mode, id }) in entries {
            let kind = if mode == "040000" { "tree" } else { "blob" };
            let _ = write!(input, "{mode} {kind} {id}\t{name}\0");
        }
        let git = || self.git().durable();
        let tree = printed_id(&git().args(["mktree", "-z"]).input(input).run()?)?;
        self.keep_tree(&tree, parents, message)
    }

    /// A commit of a tree.
    ///
    /// # Errors
    /// When git refuses.
    pub fn keep_tree(
        &self,
        tree: &CommitId,
        parents: &[CommitId],
        message: &str,
    ) -> Result<CommitId> {
        let mut call = self.git().durable().args(["commit-tree", tree.as_str()]);
        for parent in parents {
            call = call.args(["-p", parent.as_str()]);
        }
        for (name, value) in self.stand_in_identity()? {
            call = call.variable(name, value);
        }
        printed_id(&call.args(["-F", "-"]).input(message).run()?)
    }

    /// The commit that an object leads to, if it leads to one.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn commit_behind(&self, object: &str) -> Result<Option<CommitId>> {
        self.verified(&format!("{object}^{{commit}}"))
    }

    /// Lets refs of hub's own keep objects, whatever they kept before.
    ///
    /// # Errors
    /// When git refuses.
    pub fn guard(&self, refs: &[(RefName, CommitId)]) -> Result<()> {
        let changes = refs.iter().map(|(name, to)| {
            let from = self.ref_value(name)?;
            Ok((from.as_ref() != Some(to)).then(|| RefChange {
                name: name.clone(),
                from,
                to: Some(to.clone()),
            }))
        });
        let changes: Vec<Option<RefChange>> = changes.collect::<Result<_>>()?;
        let changes: Vec<RefChange> = changes.into_iter().flatten().collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.update_refs(&changes, "hub: outside")
    }

    /// What takes away all refs below a prefix of hub's own, which ends with a slash.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn guards(&self, prefix: &str) -> Result<Vec<RefChange>> {
        let call = self
            .git()
            .args(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let answer = call.arg(prefix).run()?;
        let changes = program::text(&answer)?.lines().filter_map(|line| {
            let (name, id) = line.split_once(' ')?;
            Some(RefChange {
                name: name.parse().ok()?,
                from: Some(id.parse().ok()?),
                to: None,
            })
        });
        Ok(changes.collect())
    }

    /// Takes them away.
    ///
    /// # Errors
    /// When git refuses.
    pub fn unguard(&self, prefix: &str) -> Result<()> {
        let changes = self.guards(prefix)?;
        if changes.is_empty() {
            return Ok(());
        }
        self.update_refs(&changes, "hub: outside")
    }
}

/// A file as git prints it; `None` for nothing.
fn entry(mode: Option<&str>, id: Option<&str>) -> Option<Entry> {
    let mode = mode.filter(|mode| *mode != "000000")?;
    Some(Entry {
        mode: mode.to_owned(),
        id: id?.parse().ok()?,
    })
}
