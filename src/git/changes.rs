//! What a worktree holds beyond its commit; always by the git program.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId};

use super::error::{Error, Result};
use super::glance::{Glance, Left, Why};
use super::parallel;
use super::program::{Git, failed};
use super::repository::{Repository, path_from, printed_id};
use super::worktrees::paths;

/// One path that differs from the worktree's commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Relative to the worktree; an untracked folder stands for all that is in it.
    pub path: PathBuf,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How a path differs from the worktree's commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// git does not know it, and does not ignore it.
    Untracked,
    /// It is in the commit, not in the folder, and not staged as removed.
    Gone,
    /// A submodule whose commit or content differs.
    Submodule,
    /// Anything else: changed, staged, renamed, in conflict.
    Changed,
}

/// A commit that was made in a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The branch that was checked out; `None` for a detached HEAD.
    pub branch: Option<BranchName>,
    /// Where that was before.
    pub before: CommitId,
    /// The commit.
    pub commit: CommitId,
}

impl Repository {
    /// What is changed or new in a worktree, in git's order; ignored files are not.
    ///
    /// # Errors
    /// When the folder is not a worktree of this repository, or git cannot look at it.
    pub fn changes(&self, worktree: &Path) -> Result<Vec<Change>> {
        self.check_ours(worktree)?;
        changes_in(worktree)
    }

    /// As [`Repository::changes`], where git looks only at the paths that it needs to look at.
    ///
    /// # Errors
    /// As [`Repository::changes`].
    pub fn glanced_changes(&self, worktree: &Path) -> Result<Vec<Change>> {
        self.look(worktree)?.changes()
    }

    /// As [`Repository::changes`] of several worktrees, which are looked at side by side while
    /// `meanwhile` is done; in the order of the worktrees.
    ///
    /// `watch` is told how many are done and says whether to go on; where it does not,
    /// [`Error::Stopped`] is the answer.
    pub fn changes_of_all<T>(
        &self,
        worktrees: &[PathBuf],
        meanwhile: impl FnOnce() -> T,
        watch: &mut dyn FnMut(usize) -> bool,
    ) -> (Result<Vec<Result<Vec<Change>>>>, T) {
        let looks = worktrees.iter().map(|path| self.look(path)).collect();
        let (found, other) = parallel::each_prepared(looks, Look::changes, meanwhile, watch);
        (found.ok_or(Error::Stopped), other)
    }

    fn look(&self, worktree: &Path) -> Result<Look> {
        let admin = self.own_admin(worktree)?;
        Ok(Look {
            worktree: worktree.to_path_buf(),
            glance: self.glance(worktree, &admin),
        })
    }

    /// Whether git ignores a path of the main worktree; a bare repository has nothing to ignore.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn ignores(&self, path: &Path) -> Result<bool> {
        let Some(main) = &self.main else {
            return Ok(true);
        };
        let call = Git::new(main).args(["check-ignore", "--quiet", "--"]);
        let output = call.arg(path).output()?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed("check-ignore".to_owned(), &output)),
        }
    }

    /// Puts every tracked file back to its commit; untracked ones stay.
    ///
    /// # Errors
    /// As [`Repository::changes`].
    pub fn restore_tracked(&self, worktree: &Path) -> Result<()> {
        self.check_ours(worktree)?;
        let call = Git::at_top(worktree).uninterrupted();
        call.args(["reset", "--quiet", "--hard"]).run().map(drop)
    }

    /// A commit of what is changed in tracked files, as `git stash create` makes it; nothing else
    /// changes. `None` when there is nothing. Reaches the disk.
    ///
    /// # Errors
    /// As [`Repository::changes`].
    pub fn stash(&self, worktree: &Path) -> Result<Option<CommitId>> {
        self.check_ours(worktree)?;
        let mut call = Git::at_top(worktree).uninterrupted().durable();
        for (name, value) in self.stand_in_identity()? {
            call = call.variable(name, value);
        }
        let answer = call.args(["stash", "create"]).run()?;
        let made = !answer.is_empty();
        made.then(|| printed_id(&answer)).transpose()
    }

    /// Commits everything that is changed or new; `None` when nothing is.
    ///
    /// Hooks do not run: the user is not there to answer them, and a refusal would lose
    /// the work from what is judged.
    ///
    /// # Errors
    /// When the worktree is in the middle of something, or git refuses.
    pub fn commit_all(&self, worktree: &Path, message: &str) -> Result<Option<Committed>> {
        if self.changes(worktree)?.is_empty() {
            return Ok(None);
        }
        let known = self.worktrees()?;
        let busy = known.iter().find(|known| known.path == worktree);
        if let Some(what) = busy.and_then(|known| known.in_progress) {
            return Err(Error::InProgress {
                checkout: worktree.to_path_buf(),
                what,
            });
        }
        let git = || Git::at_top(worktree).uninterrupted().without_hooks();
        git().args(self.add_all()?).run()?;
        let staged = || git().args(["diff-index", "--cached", "--raw", "-z", "HEAD"]);
        for path in new_links(&staged().run()?) {
            // git would record a repository as a link to a commit that nobody else has.
            git().args(["reset", "--quiet", "--"]).arg(path).run()?;
        }
        if staged().run()?.is_empty() {
            return Ok(None);
        }
        let mut commit = git().durable().args([
            "commit",
            "--quiet",
            "--no-verify",
            "--no-edit",
            "-m",
            message,
        ]);
        for (name, value) in self.stand_in_identity()? {
            commit = commit.variable(name, value);
        }
        let head = || git().args(["rev-parse", "HEAD"]).run();
        let before = printed_id(&head()?)?;
        commit.run()?;
        Ok(Some(Committed {
            branch: busy.and_then(|known| known.branch.clone()),
            before,
            commit: printed_id(&head()?)?,
        }))
    }

    /// What is changed in files that git was told not to look at; [`Repository::changes`] does
    /// not show it.
    ///
    /// # Errors
    /// As [`Repository::changes`].
    pub fn hidden_changes(&self, worktree: &Path) -> Result<Vec<Change>> {
        hidden_beside(worktree, &self.changes(worktree)?)
    }

    /// How git stages everything, what is outside of a sparse checkout, too.
    pub(super) fn add_all(&self) -> Result<Vec<&'static str>> {
        const WITH_SPARSE: (u32, u32) = (2, 34);
        let mut call = vec!["add", "--all"];
        if self.program_version()? >= WITH_SPARSE {
            call.push("--sparse");
        }
        Ok(call)
    }

    /// A commit of everything that is changed or new, on top of HEAD, which stays where it is;
    /// so does the index. Reaches the disk.
    ///
    /// # Errors
    /// [`Error::NestedRepository`] when a part of it cannot be held by a commit.
    pub fn snapshot(&self, worktree: &Path, message: &str) -> Result<CommitId> {
        let nested = |path| Error::NestedRepository {
            worktree: worktree.to_path_buf(),
            path,
        };
        let mut changes = self.changes(worktree)?.into_iter();
        if let Some(change) = changes.find(|change| change.kind == ChangeKind::Submodule) {
            return Err(nested(change.path));
        }
        let git = || {
            Git::at_top(worktree)
                .uninterrupted()
                .without_hooks()
                .durable()
        };
        let index = Index::of(worktree)?;
        let with_index = || index.git(worktree).durable();
        // A merge that is not solved has none.
        let index_tree = with_index().arg("write-tree").run().ok();
        with_index().args(self.add_all()?).run()?;
        let staged = with_index().args(["diff-index", "--cached", "--raw", "-z", "HEAD"]);
        if let Some(path) = new_links(&staged.run()?).into_iter().next() {
            return Err(nested(path));
        }
        let tree = printed_id(&with_index().arg("write-tree").run()?)?;
        let identity = self.stand_in_identity()?;
        let commit = |tree: &CommitId, parents: &[&str]| -> Result<CommitId> {
            let mut call = git().args(["commit-tree", tree.as_str()]).args(parents);
            for (name, value) in &identity {
                call = call.variable(name, value);
            }
            printed_id(&call.args(["-F", "-"]).input(message).run()?)
        };
        let head = printed_id(&git().args(["rev-parse", "HEAD^{tree}"]).run()?)?;
        let staged = index_tree.as_deref().map(printed_id).transpose()?;
        // What is staged and stands neither in the commit nor in the folder is a parent of its
        // own, as in a stash.
        let staged = staged.filter(|staged| *staged != tree && *staged != head);
        let Some(staged) = staged else {
            return commit(&tree, &["-p", "HEAD"]);
        };
        let staged = commit(&staged, &["-p", "HEAD"])?;
        commit(&tree, &["-p", "HEAD", "-p", staged.as_str()])
    }

    /// Whether two snapshots hold the same files, and the same staged ones, on top of the same
    /// commit.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn same_content(&self, one: &CommitId, other: &CommitId) -> Result<bool> {
        let content = |commit: &CommitId| {
            // Only the first parent is a commit that was there before.
            let names = ["^{tree}", "^1", "^2^{tree}"].map(|what| format!("{commit}{what}"));
            let has_staged = format!("{commit}^2");
            let staged = self.verified(&has_staged)?.is_some();
            let names = names.iter().take(if staged { 3 } else { 2 });
            self.git().arg("rev-parse").args(names).run()
        };
        Ok(content(one)? == content(other)?)
    }
}

/// A copy of a worktree's index, in which git looks at every file that is there.
pub(super) struct Index {
    file: PathBuf,
    /// Holds the file, and goes with the value.
    _folder: tempfile::TempDir,
}

impl Index {
    pub fn of(worktree: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("hub-snapshot-")
            .tempdir()
            .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
        let index = Self {
            file: folder.path().join("index"),
            _folder: folder,
        };
        // Beginning with the real one keeps sparse checkouts and saves reading every file.
        let call = Git::at_top(worktree).args(["rev-parse", "--path-format=absolute"]);
        let real = super::repository::path_of(&call.args(["--git-path", "index"]).run()?);
        if real.exists() {
            let copied = beneath::open_at_once(&real).and_then(|mut from| {
                let mut to = std::fs::File::create_new(&index.file)?;
                std::io::copy(&mut from, &mut to)?;
                // By its time git knows which files may have changed unseen since it was written.
                to.set_modified(from.metadata()?.modified()?)
            });
            copied.map_err(Error::files("write", &index.file))?;
        }
        let names = names(&unwatched(worktree)?);
        if !names.is_empty() {
            for flag in ["--no-assume-unchanged", "--no-skip-worktree"] {
                let call = index.git(worktree).args(["update-index", flag]);
                let call = call.args(["-z", "--stdin"]).input(names.as_slice());
                call.run()?;
            }
        }
        Ok(index)
    }

    /// A call in the worktree with this index instead of its own.
    pub fn git(&self, worktree: &Path) -> Git {
        Git::at_top(worktree)
            .uninterrupted()
            .without_hooks()
            .variable("GIT_INDEX_FILE", &self.file)
    }
}

/// A worktree that is about to be looked at.
struct Look {
    worktree: PathBuf,
    glance: Option<Glance>,
}

impl Look {
    fn changes(&self) -> Result<Vec<Change>> {
        let git = Git::at_top(&self.worktree);
        let Some(left) = self.glance.as_ref().and_then(Glance::left_over) else {
            return parse_status(&status(git).run()?);
        };
        if let Some(changes) = judged(&self.worktree, &left) {
            return Ok(changes);
        }
        let status = status(git.arg("--literal-pathspecs")).arg("--");
        let paths = left.iter().map(|left| OsStr::from_bytes(&left.path));
        parse_status(&status.args(paths).run()?)
    }
}

/// What `git status` would say of what is left over, in its order; `None` where only it can tell.
fn judged(worktree: &Path, left: &[Left]) -> Option<Vec<Change>> {
    let mut paths = BTreeMap::<Why, BTreeSet<&[u8]>>::new();
    for left in left {
        paths.entry(left.why).or_default().insert(&left.path);
    }
    if paths.contains_key(&Why::Unclear) {
        return None;
    }
    let change = |path: &[u8], kind| Change {
        path: path_from(path),
        kind,
    };
    let resized = paths.remove(&Why::Resized).unwrap_or_default();
    let mut changes: Vec<Change> = resized
        .into_iter()
        .map(|path| change(path, ChangeKind::Changed))
        .collect();
    if let Some(mut new) = paths.remove(&Why::New) {
        for ignored in ignored_of(worktree, &new)? {
            new.remove(ignored.as_slice());
        }
        let new = new.into_iter();
        changes.extend(new.map(|path| change(path, ChangeKind::Untracked)));
    }
    Some(changes)
}

/// Which of these paths git ignores, be they in its index or not; `None` where it cannot tell.
fn ignored_of(worktree: &Path, new: &BTreeSet<&[u8]>) -> Option<Vec<Vec<u8>>> {
    // What begins so is never taken for anything but a path.
    const HERE: &[u8] = b"./";
    let names = new.iter().flat_map(|path| [HERE, path, b"\0"]);
    let asked = Git::at_top(worktree)
        .args(["check-ignore", "--no-index", "-z", "--stdin"])
        .input(names.collect::<Vec<_>>().concat());
    let output = asked.output().ok()?;
    // 1 says that it ignores none of them.
    let said = matches!(output.status.code(), Some(0 | 1));
    let paths = output.stdout.split(|byte| *byte == b'\0');
    let paths = paths.filter_map(|path| Some(path.strip_prefix(HERE)?.to_vec()));
    said.then(|| paths.collect())
}

/// What is changed or new in a folder that was found to be the worktree that is meant.
pub(super) fn changes_in(worktree: &Path) -> Result<Vec<Change>> {
    parse_status(&status(Git::at_top(worktree)).run()?)
}

/// As [`changes_in`], and no program that watches files is asked or begins to watch them.
pub(super) fn changes_unwatched(worktree: &Path) -> Result<Vec<Change>> {
    parse_status(&status(Git::at_top(worktree).setting("core.fsmonitor=false")).run()?)
}

/// Paths that git ignores there, folders as a whole: what goes with it without a word.
pub(super) fn ignored_in(worktree: &Path) -> Result<Vec<PathBuf>> {
    let answer = Git::at_top(worktree)
        .args(["ls-files", "-z", "--others", "--ignored"])
        .args(["--exclude-standard", "--directory"])
        .run()?;
    Ok(paths(&answer).collect())
}

/// What is changed beside `known` in files that git was told not to look at.
pub(super) fn hidden_beside(worktree: &Path, known: &[Change]) -> Result<Vec<Change>> {
    if unwatched(worktree)?.is_empty() {
        return Ok(Vec::new());
    }
    let index = Index::of(worktree)?;
    let mut changes = parse_status(&status(index.git(worktree)).run()?)?;
    changes.retain(|change| !known.contains(change));
    Ok(changes)
}

pub(super) fn status(git: Git) -> Git {
    git.args(["status", "--porcelain=v2", "-z"])
        .args(["--untracked-files=normal", "--ignore-submodules=none"])
}

/// Tracked files that are there and that git was told not to look at (git-update-index(1)).
fn unwatched(worktree: &Path) -> Result<Vec<PathBuf>> {
    let answer = Git::at_top(worktree).args(["ls-files", "-v", "-z"]).run()?;
    let entries = answer.split(|byte| *byte == b'\0');
    Ok(entries
        .filter_map(|entry| entry.split_at_checked(2))
        .filter(|(tag, _)| tag.starts_with(b"S") || tag.first().is_some_and(u8::is_ascii_lowercase))
        .map(|(_, path)| path_from(path))
        .filter(|path| std::fs::symlink_metadata(worktree.join(path)).is_ok_and(|m| !m.is_dir()))
        .collect())
}

/// Paths as git reads them with `-z`.
pub(super) fn names(paths: &[PathBuf]) -> Vec<u8> {
    let mut names = Vec::new();
    for path in paths {
        names.extend_from_slice(path.as_os_str().as_bytes());
        names.push(b'\0');
    }
    names
}

/// What `git status --porcelain=v2 -z` prints (git-status(1)).
pub(super) fn parse_status(answer: &[u8]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let mut entries = answer
        .split(|byte| *byte == b'\0')
        .filter(|e| !e.is_empty());
    while let Some(entry) = entries.next() {
        let bad = || Error::answer("a line of status", entry);
        let (kind, rest) = entry.split_at_checked(2).ok_or_else(bad)?;
        // How many fields stand between the kind and the path.
        let fields = match kind {
            b"? " => 0,
            b"1 " => 7,
            b"2 " => 8,
            b"u " => 9,
            // Headers, and ignored files, which were not asked for.
            b"# " | b"! " => continue,
            _ => return Err(bad()),
        };
        let mut parts = rest.splitn(fields + 1, |byte| *byte == b' ');
        let fields: Vec<&[u8]> = parts.by_ref().take(fields).collect();
        let path = parts.next().ok_or_else(bad)?;
        if kind == b"2 " {
            // A rename's old path follows as an entry of its own.
            entries.next();
        }
        changes.push(Change {
            path: path_from(path),
            kind: match (kind, fields.as_slice()) {
                (b"? ", _) => ChangeKind::Untracked,
                (_, [_, sub, ..]) if sub.starts_with(b"S") => ChangeKind::Submodule,
                (_, [b".D", ..]) => ChangeKind::Gone,
                _ => ChangeKind::Changed,
            },
        });
    }
    Ok(changes)
}

/// Paths that a raw diff makes links to other repositories' commits (git-diff-index(1), raw format).
fn new_links(raw: &[u8]) -> Vec<PathBuf> {
    const LINK: &[u8] = b"160000";
    let mut parts = raw.split(|byte| *byte == b'\0');
    let mut links = Vec::new();
    while let (Some(modes), Some(path)) = (parts.next(), parts.next()) {
        let mut fields = modes.split(|byte| *byte == b' ');
        let (old, new) = (fields.next(), fields.next());
        if new == Some(LINK) && old != Some(b":160000") {
            links.push(path_from(path));
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_status_line() {
        let zero = "0".repeat(40);
        let answer = format!(
            "# branch.head main\01 .M N... 100644 100644 100644 {zero} {zero} a b\0\
             1 .D N... 100644 100644 000000 {zero} {zero} gone\0\
             1 .M SC.. 160000 160000 160000 {zero} {zero} sub\0\
             2 R. N... 100644 100644 100644 {zero} {zero} R100 new\0old\0\
             u UU N... 100644 100644 100644 100644 {zero} {zero} {zero} both\0\
             ? x\ny/\0"
        );
        let found: Vec<_> = parse_status(answer.as_bytes())
            .unwrap()
            .into_iter()
            .map(|change| (change.path.display().to_string(), change.kind))
            .collect();
        let expected = [
            ("a b", ChangeKind::Changed),
            ("gone", ChangeKind::Gone),
            ("sub", ChangeKind::Submodule),
            ("new", ChangeKind::Changed),
            ("both", ChangeKind::Changed),
            ("x\ny/", ChangeKind::Untracked),
        ];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert!(parse_status(b"nonsense").is_err());
    }

    #[test]
    fn a_repository_that_was_added_is_a_new_link() {
        let raw = b":000000 160000 00 11 A\0nested\0:160000 160000 00 11 M\0sub\0:100644 100644 00 11 M\0x\0";
        assert_eq!(new_links(raw), [PathBuf::from("nested")]);
    }
}
