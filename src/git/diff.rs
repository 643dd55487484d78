//! What differs between commits, and what a commit holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::domain::diff::{ChangedLines, DiffStat, FileDiff};
use crate::domain::refs::CommitId;

use super::error::{Error, Result};
use super::program;
use super::repository::{Repository, oid, path_from};

/// From how many tips on it is worth opening the repository again for each thread.
const MANY: usize = 16;

impl Repository {
    /// How much `tip` differs from `base`, renames found.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn diff_stat(&self, base: &CommitId, tip: &CommitId) -> Result<DiffStat> {
        let Some(library) = &self.library else {
            return self.diff_stat_by_program(base, tip);
        };
        diff_stat_by_library(library, base, tip).or_else(|error| {
            // It reads the index for attributes, and not every kind of index.
            log::debug!("{error}; git does it");
            self.diff_stat_by_program(base, tip)
        })
    }

    /// How much each of many tips differs from `base`, renames found; equal tips are compared once.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn diff_stats(
        &self,
        base: &CommitId,
        tips: &[CommitId],
    ) -> Result<BTreeMap<CommitId, DiffStat>> {
        let distinct: BTreeSet<&CommitId> = tips.iter().collect();
        let distinct: Vec<&CommitId> = distinct.into_iter().collect();
        if distinct.len() < MANY {
            let one = |tip: &&CommitId| Ok(((*tip).clone(), self.diff_stat(base, tip)?));
            return distinct.iter().map(one).collect();
        }
        let Some(library) = &self.library else {
            return self.diff_stats_by_program(base, &distinct);
        };
        side_by_side(library.path(), base, &distinct).or_else(|error| {
            log::debug!("{error}; git does it");
            self.diff_stats_by_program(base, &distinct)
        })
    }

    /// One call of git for all of them.
    fn diff_stats_by_program(
        &self,
        base: &CommitId,
        tips: &[&CommitId],
    ) -> Result<BTreeMap<CommitId, DiffStat>> {
        // A commit with what is to be taken for its parent; `--always` names equal ones, too.
        let pairs: Vec<String> = tips.iter().map(|tip| format!("{tip} {base}\n")).collect();
        let answer = self
            .git()
            .args(["diff-tree", "--stdin", "-r", "--always", "--shortstat"])
            .args(["--find-renames", "--no-ext-diff"])
            .input(pairs.concat())
            .run()?;
        let mut found = BTreeMap::new();
        let mut current = None;
        for line in program::text(&answer)?.lines() {
            if let Ok(commit) = line.parse::<CommitId>() {
                found.insert(commit.clone(), DiffStat::new(0, 0, 0));
                current = Some(commit);
            } else if let Some(commit) = current.take() {
                found.insert(commit, parse_shortstat(line));
            }
        }
        Ok(found)
    }

    /// The first `most` bytes of what differs between `base` and `tip`, as a patch, and how many
    /// there are of it.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn diff_text(
        &self,
        base: &CommitId,
        tip: &CommitId,
        most: usize,
    ) -> Result<(Vec<u8>, u64)> {
        self.git()
            .args(["diff", "--find-renames", "--no-ext-diff", "--no-textconv"])
            .args([base.as_str(), tip.as_str(), "--"])
            .run_at_most(most)
    }

    fn diff_stat_by_program(&self, base: &CommitId, tip: &CommitId) -> Result<DiffStat> {
        let answer = self
            .git()
            .args(["diff", "--shortstat", "--find-renames", "--no-ext-diff"])
            .args([base.as_str(), tip.as_str(), "--"])
            .run()?;
        Ok(parse_shortstat(program::text(&answer)?))
    }

    /// How much each file of `tip` differs from `base`, renames found, in git's order.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn file_diffs(&self, base: &CommitId, tip: &CommitId) -> Result<Vec<FileDiff>> {
        let answer = self
            .git()
            .args(["diff-tree", "-r", "--numstat", "-z", "--find-renames"])
            .args([base.as_str(), tip.as_str(), "--"])
            .run()?;
        Ok(parse_numstat(&answer))
    }

    /// Whether a commit's tree holds `path`.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn tree_has(&self, commit: &CommitId, path: &Path) -> Result<bool> {
        // `./bench.sh` is `bench.sh`.
        let path: std::path::PathBuf = path
            .components()
            .filter(|part| !matches!(part, std::path::Component::CurDir))
            .collect();
        let Some(library) = &self.library else {
            let Some(path) = path.to_str() else {
                return Ok(false);
            };
            let object = format!("{commit}:{path}");
            return Ok(self
                .git()
                .args(["cat-file", "-e", &object])
                .output()?
                .status
                .success());
        };
        let failed = Error::library("read a commit");
        let commit = library.find_commit(oid(commit)?).map_err(&failed)?;
        let tree = commit.tree().map_err(&failed)?;
        Ok(tree.get_path(&path).is_ok())
    }

    /// Whether HEAD of the main worktree holds something at or below `path`.
    ///
    /// # Errors
    /// When HEAD cannot be read; one without a commit holds nothing.
    pub fn tracks(&self, path: &Path) -> Result<bool> {
        match self.main_head()? {
            Some(head) => self.tree_has(&head, path),
            None => Ok(false),
        }
    }
}

/// As [`Repository::diff_stat`].
fn diff_stat_by_library(
    library: &git2::Repository,
    base: &CommitId,
    tip: &CommitId,
) -> Result<DiffStat> {
    let failed = Error::library("compare commits");
    let tree = |commit: &CommitId| -> Result<git2::Tree<'_>> {
        let commit = library.find_commit(oid(commit)?).map_err(&failed)?;
        commit.tree().map_err(&failed)
    };
    let (base, tip) = (tree(base)?, tree(tip)?);
    if base.id() == tip.id() {
        // A diff reads git's settings again, also where there is nothing to compare.
        return Ok(DiffStat::new(0, 0, 0));
    }
    let mut diff = library
        .diff_tree_to_tree(Some(&base), Some(&tip), None)
        .map_err(&failed)?;
    let mut renames = git2::DiffFindOptions::new();
    diff.find_similar(Some(renames.renames(true)))
        .map_err(&failed)?;
    let stats = diff.stats().map_err(&failed)?;
    Ok(DiffStat::new(
        stats.files_changed(),
        stats.insertions(),
        stats.deletions(),
    ))
}

/// In as many threads as there are processors: each has the repository open for itself.
fn side_by_side(
    repository: &Path,
    base: &CommitId,
    tips: &[&CommitId],
) -> Result<BTreeMap<CommitId, DiffStat>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = tips.len().div_ceil(threads).max(1);
    let compare = |tips: &[&CommitId]| -> Result<Vec<(CommitId, DiffStat)>> {
        let opened = git2::Repository::open(repository);
        let library = opened.map_err(Error::library("open the repository"))?;
        let one = |tip: &&CommitId| {
            let stat = diff_stat_by_library(&library, base, tip)?;
            Ok(((*tip).clone(), stat))
        };
        tips.iter().map(one).collect()
    };
    let compare = &compare;
    std::thread::scope(|scope| {
        let parts = tips.chunks(part);
        let threads: Vec<_> = parts
            .map(|tips| scope.spawn(move || compare(tips)))
            .collect();
        let mut found = BTreeMap::new();
        for thread in threads {
            let panicked = |_| Error::answer("differences", "a thread that ended early");
            found.extend(thread.join().map_err(panicked)??);
        }
        Ok(found)
    })
}

/// ` 3 files changed, 10 insertions(+), 2 deletions(-)`; git leaves out what is zero.
fn parse_shortstat(line: &str) -> DiffStat {
    let count = |word: &str| -> usize {
        let part = line.split(',').find(|part| part.contains(word));
        let number = part.and_then(|part| part.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    DiffStat::new(count("changed"), count("insertion"), count("deletion"))
}

/// As git-diff(1) says under `--numstat -z`: `2\t1\tpath\0`, for a rename
/// `2\t1\t\0old\0new\0`, and dashes for numbers where a file is not text.
pub(super) fn parse_numstat(answer: &[u8]) -> Vec<FileDiff> {
    let mut fields = answer.split(|byte| *byte == b'\0');
    let mut files = Vec::new();
    while let Some(field) = fields.next() {
        let mut columns = field.splitn(3, |byte| *byte == b'\t');
        let mut count = || std::str::from_utf8(columns.next()?).ok()?.parse().ok();
        let (insertions, deletions) = (count(), count());
        let Some(path) = columns.next() else {
            continue;
        };
        let lines = insertions.zip(deletions);
        let (path, renamed_from) = match path {
            [] => {
                let (old, new) = (fields.next(), fields.next());
                (new.unwrap_or_default(), old.map(path_from))
            }
            path => (path, None),
        };
        files.push(FileDiff {
            path: path_from(path),
            renamed_from,
            lines: lines.map(|(insertions, deletions)| ChangedLines {
                insertions,
                deletions,
            }),
        });
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_renames_and_what_is_no_text() {
        let answer = b"2\t1\ta\tb\n.rs\0-\t-\tlogo.png\x000\t3\t\0old name\0new\xff\0";
        let lines = |insertions, deletions| {
            Some(ChangedLines {
                insertions,
                deletions,
            })
        };
        let file = |path: &[u8], renamed_from: Option<&str>, lines| FileDiff {
            path: path_from(path),
            renamed_from: renamed_from.map(Into::into),
            lines,
        };
        assert_eq!(
            parse_numstat(answer),
            [
                file(b"a\tb\n.rs", None, lines(2, 1)),
                file(b"logo.png", None, None),
                file(b"new\xff", Some("old name"), lines(0, 3)),
            ]
        );
        assert_eq!(parse_numstat(b""), []);
    }

    #[test]
    fn shortstats_with_and_without_each_part() {
        for (line, stat) in [
            ("", DiffStat::new(0, 0, 0)),
            (" 1 file changed, 1 insertion(+)", DiffStat::new(1, 1, 0)),
            (" 3 files changed, 2 deletions(-)", DiffStat::new(3, 0, 2)),
            (
                " 3 files changed, 10 insertions(+), 2 deletions(-)",
                DiffStat::new(3, 10, 2),
            ),
        ] {
            assert_eq!(parse_shortstat(line), stat, "{line:?}");
        }
    }
}
