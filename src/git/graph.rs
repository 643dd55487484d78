//! Commits and what reaches what.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId, RefName};

use super::error::{Error, Result};
use super::program;
use super::repository::{Repository, commit_id, oid, printed_id};

/// What a list shows of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The first line of its message.
    pub subject: String,
}

impl Repository {
    /// The commit's time and subject.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn commit(&self, commit: &CommitId) -> Result<CommitInfo> {
        let Some(library) = &self.library else {
            let answer = self
                .git()
                .args([
                    "show",
                    "--no-patch",
                    "--no-show-signature",
                    "--format=%ct %s",
                ])
                .arg(commit.as_str())
                .run()?;
            let (time, subject) = program::text(&answer)?
                .split_once(' ')
                .ok_or_else(|| Error::answer("a commit", &answer))?;
            return Ok(CommitInfo {
                time: time.parse().map_err(|_| Error::answer("a time", time))?,
                subject: subject.to_owned(),
            });
        };
        let found = library
            .find_commit(oid(commit)?)
            .map_err(Error::library("read a commit"))?;
        let subject = found.summary_bytes().unwrap_or_default();
        Ok(CommitInfo {
            time: found.time().seconds(),
            subject: String::from_utf8_lossy(subject).into_owned(),
        })
    }

    /// The commits that a commit stands on, in their order.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn parents(&self, commit: &CommitId) -> Result<Vec<CommitId>> {
        let Some(library) = &self.library else {
            let parents = format!("{commit}^@");
            let answer = self.git().args(["rev-parse", &parents]).run()?;
            let lines = program::text(&answer)?.lines();
            return lines.map(|line| printed_id(line.as_bytes())).collect();
        };
        let found = library
            .find_commit(oid(commit)?)
            .map_err(Error::library("read a commit"))?;
        found.parent_ids().map(commit_id).collect()
    }

    /// The newest commit that both reach; `None` when their histories are apart.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn merge_base(&self, a: &CommitId, b: &CommitId) -> Result<Option<CommitId>> {
        let Some(library) = &self.library else {
            let call = self.git().args(["merge-base", a.as_str(), b.as_str()]);
            let output = call.output()?;
            let found = output.status.success();
            return found.then(|| printed_id(&output.stdout)).transpose();
        };
        match library.merge_base(oid(a)?, oid(b)?) {
            Ok(base) => commit_id(base).map(Some),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::library("find where commits meet")(error)),
        }
    }

    /// Whether `descendant` is `commit` or reaches it.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn is_ancestor(&self, commit: &CommitId, descendant: &CommitId) -> Result<bool> {
        if commit == descendant {
            return Ok(true);
        }
        match &self.library {
            Some(library) if steps(library, descendant, commit).is_some() => Ok(true),
            Some(library) => library
                .graph_descendant_of(oid(descendant)?, oid(commit)?)
                .map_err(Error::library("compare histories")),
            None => self
                .git()
                .args([
                    "merge-base",
                    "--is-ancestor",
                    commit.as_str(),
                    descendant.as_str(),
                ])
                .succeeds(),
        }
    }

    /// How many commits `tip` has that `base` has not, and the other way round.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn ahead_behind(&self, base: &CommitId, tip: &CommitId) -> Result<(usize, usize)> {
        let Some(library) = &self.library else {
            let range = format!("{tip}...{base}");
            let answer = self
                .git()
                .args(["rev-list", "--left-right", "--count", &range])
                .run()?;
            let counts: Vec<usize> = program::text(&answer)?
                .split_whitespace()
                .filter_map(|count| count.parse().ok())
                .collect();
            return match counts.as_slice() {
                [ahead, behind] => Ok((*ahead, *behind)),
                _ => Err(Error::answer("two counts", &answer)),
            };
        };
        if let Some(ahead) = steps(library, tip, base) {
            return Ok((ahead, 0));
        }
        library
            .graph_ahead_behind(oid(tip)?, oid(base)?)
            .map_err(Error::library("compare histories"))
    }

    /// Of `commits`, those that no ref reaches, less those that another one of them reaches.
    ///
    /// HEADs and reflogs do not count: they go with their worktree. Commits that are no
    /// longer in the repository are passed over.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn unreachable(&self, commits: &[CommitId]) -> Result<Vec<CommitId>> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let walk = match &self.library {
            Some(library) => unreached_by_library(library, commits)?,
            None => self.unreached_by_program(commits)?,
        };
        // Children come before their parents: whatever is reached by then is no tip.
        let mut reached = HashSet::new();
        let mut tips = Vec::new();
        for (commit, parents) in walk {
            if !reached.contains(&commit) {
                tips.push(commit);
            }
            reached.extend(parents);
        }
        Ok(tips)
    }

    /// Whether some ref other than `but` reaches a commit; HEADs do not count.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn is_held_without(&self, commit: &CommitId, but: &RefName) -> Result<bool> {
        let answer = self
            .git()
            .args(["rev-list", "--max-count=1", commit.as_str(), "--not"])
            .arg(format!("--exclude={but}"))
            .arg("--glob=refs/")
            .run()?;
        Ok(answer.is_empty())
    }

    fn unreached_by_program(&self, commits: &[CommitId]) -> Result<Walk> {
        let present: Vec<&str> = commits
            .iter()
            .map(CommitId::as_str)
            .filter(|commit| {
                let call = self.git().args(["cat-file", "-e", commit]);
                call.output().is_ok_and(|output| output.status.success())
            })
            .collect();
        if present.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .git()
            .args(["rev-list", "--topo-order", "--parents"])
            .args(present)
            .args(["--not", "--glob=refs/"])
            .run()?;
        program::text(&answer)?
            .lines()
            .map(|line| {
                let mut ids = line.split(' ').map(|id| printed_id(id.as_bytes()));
                let commit = ids
                    .next()
                    .unwrap_or_else(|| Err(Error::answer("a commit", "")))?;
                Ok((commit, ids.collect::<Result<_>>()?))
            })
            .collect()
    }

    /// Every commit that the HEAD of a worktree has been at; its folder may be gone.
    ///
    /// # Errors
    /// When a reflog cannot be read; one that is not there is empty.
    pub fn head_reflog(&self, worktree: &Path) -> Result<Vec<CommitId>> {
        let Some(admin) = self.admin_of(worktree) else {
            return Ok(Vec::new());
        };
        if self.library.is_none() {
            let name = admin.file_name().unwrap_or_default().to_string_lossy();
            return self.reflog_by_program(&format!("worktrees/{name}/HEAD"));
        }
        // Read as a file: libgit2 opens no worktree whose folder is gone.
        match beneath::read_text_at_once(&admin.join("logs").join("HEAD")) {
            Ok(text) => Ok(text.lines().flat_map(reflog_ids).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::Io(error)),
        }
    }

    /// Every commit that a branch has been at.
    ///
    /// # Errors
    /// As [`Repository::head_reflog`].
    pub fn branch_reflog(&self, branch: &BranchName) -> Result<Vec<CommitId>> {
        let name = branch.full();
        let Some(library) = &self.library else {
            return self.reflog_by_program(name.as_str());
        };
        let failed = Error::library("read a reflog");
        let reflog = library.reflog(name.as_str()).map_err(&failed)?;
        reflog
            .iter()
            .flat_map(|entry| [entry.id_old(), entry.id_new()])
            .filter(|id| !id.is_zero())
            .map(commit_id)
            .collect()
    }

    fn reflog_by_program(&self, name: &str) -> Result<Vec<CommitId>> {
        let output = self
            .git()
            .args(["log", "--walk-reflogs", "--format=%H", name, "--"])
            .output()?;
        // A ref without a reflog, or one that is gone.
        if !output.status.success() {
            return Ok(Vec::new());
        }
        program::text(&output.stdout)?
            .lines()
            .map(|line| printed_id(line.as_bytes()))
            .collect()
    }
}

/// The ids of a reflog's line, old and new (gitrepository-layout(5), logs).
fn reflog_ids(line: &str) -> impl Iterator<Item = CommitId> + '_ {
    line.split(' ')
        .take(2)
        .filter(|id| id.bytes().any(|digit| digit != b'0'))
        .filter_map(|id| id.parse().ok())
}

/// Commits with their parents, children first.
type Walk = Vec<(CommitId, Vec<CommitId>)>;

fn unreached_by_library(library: &git2::Repository, commits: &[CommitId]) -> Result<Walk> {
    let failed = Error::library("walk the history");
    let mut walk = library.revwalk().map_err(&failed)?;
    walk.set_sorting(git2::Sort::TOPOLOGICAL).map_err(&failed)?;
    let mut present = false;
    for commit in commits {
        let id = oid(commit)?;
        if library.find_commit(id).is_ok() {
            walk.push(id).map_err(&failed)?;
            present = true;
        }
    }
    if !present {
        return Ok(Vec::new());
    }
    walk.hide_glob("refs/*").map_err(&failed)?;
    let mut found = Vec::new();
    for id in walk {
        let commit = library.find_commit(id.map_err(&failed)?).map_err(&failed)?;
        let parents: Result<Vec<CommitId>> = commit.parent_ids().map(commit_id).collect();
        found.push((commit_id(commit.id())?, parents?));
    }
    Ok(found)
}

/// How many commits `tip` has that `base` has not, where they stand in a short line on `base`;
/// most attempts do.
///
/// libgit2 walks from both ends, and reads the base anew for each of many tips.
fn steps(library: &git2::Repository, tip: &CommitId, base: &CommitId) -> Option<usize> {
    const SHORT: usize = 16;
    let base = oid(base).ok()?;
    let mut at = oid(tip).ok()?;
    for steps in 0..SHORT {
        if at == base {
            return Some(steps);
        }
        let commit = library.find_commit(at).ok()?;
        at = commit
            .parent_id(0)
            .ok()
            .filter(|_| commit.parent_count() == 1)?;
    }
    None
}
