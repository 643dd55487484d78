//! Many tips in one walk: what they have in common, and all commits above it.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::domain::dag::Node;
use crate::domain::refs::CommitId;

use super::error::{Error, Result};
use super::graph::CommitInfo;
use super::repository::{Repository, commit_id, oid, printed_id};

impl Repository {
    /// The newest commit that all of them reach; `None` when there is none.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn common_commit(&self, commits: &[CommitId]) -> Result<Option<CommitId>> {
        let [first, rest @ ..] = commits else {
            return Ok(None);
        };
        if rest.iter().all(|other| other == first) {
            return Ok(Some(first.clone()));
        }
        let Some(library) = &self.library else {
            let call = self.git().args(["merge-base", "--octopus"]);
            let answer = call.args(commits.iter().map(CommitId::as_str)).output()?;
            let found = answer.status.success();
            return found.then(|| printed_id(&answer.stdout)).transpose();
        };
        let ids: Vec<git2::Oid> = commits.iter().map(oid).collect::<Result<_>>()?;
        match library.merge_base_octopus(&ids) {
            Ok(base) => commit_id(base).map(Some),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::library("find where commits meet")(error)),
        }
    }

    /// All commits that `tips` reach and `floor` does not, children before their parents.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn history(
        &self,
        tips: &[CommitId],
        floor: Option<&CommitId>,
    ) -> Result<Vec<(Node, CommitInfo)>> {
        if tips.is_empty() {
            return Ok(Vec::new());
        }
        let Some(library) = &self.library else {
            return self.history_by_program(tips, floor);
        };
        if let Some(floor) = floor
            && let Some(found) = walked_down_to(library, tips, floor)?
        {
            return Ok(found);
        }
        history_by_library(library, tips, floor)
    }

    fn history_by_program(
        &self,
        tips: &[CommitId],
        floor: Option<&CommitId>,
    ) -> Result<Vec<(Node, CommitInfo)>> {
        let mut input = String::new();
        for tip in tips {
            let _ = writeln!(input, "{tip}");
        }
        if let Some(floor) = floor {
            let _ = writeln!(input, "^{floor}");
        }
        let answer = self
            .git()
            .args(["log", "--stdin", "--topo-order", "-z", "--no-patch"])
            .args(["--no-show-signature", "--encoding=UTF-8"])
            .arg("--format=%H%n%P%n%ct%n%s")
            .input(input)
            .run()?;
        // A subject may be of any bytes, and only it.
        let answer = String::from_utf8_lossy(&answer);
        let records = answer.split('\0').filter(|record| !record.is_empty());
        records.map(walked).collect()
    }
}

/// A commit as `git log` was asked to print it.
fn walked(record: &str) -> Result<(Node, CommitInfo)> {
    let mut lines = record.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let commit = printed_id(line().as_bytes())?;
    let parents = line().split_whitespace();
    let parents: Result<Vec<CommitId>> = parents.map(|id| printed_id(id.as_bytes())).collect();
    let node = Node {
        commit,
        parents: parents?,
    };
    let time = line();
    let info = CommitInfo {
        time: time.parse().map_err(|_| Error::answer("a time", time))?,
        subject: line().to_owned(),
    };
    Ok((node, info))
}

fn history_by_library(
    library: &git2::Repository,
    tips: &[CommitId],
    floor: Option<&CommitId>,
) -> Result<Vec<(Node, CommitInfo)>> {
    let failed = Error::library("walk the history");
    let mut walk = library.revwalk().map_err(&failed)?;
    walk.set_sorting(git2::Sort::TOPOLOGICAL).map_err(&failed)?;
    for tip in tips {
        walk.push(oid(tip)?).map_err(&failed)?;
    }
    if let Some(floor) = floor {
        walk.hide(oid(floor)?).map_err(&failed)?;
    }
    walk.map(|id| {
        let commit = library.find_commit(id.map_err(&failed)?).map_err(&failed)?;
        described(&commit)
    })
    .collect()
}

/// As the walk of libgit2, which unpacks every commit twice; `None` where a way down does not
/// lead to `floor` soon: then all that `floor` reaches has to be known, too.
fn walked_down_to(
    library: &git2::Repository,
    tips: &[CommitId],
    floor: &CommitId,
) -> Result<Option<Vec<(Node, CommitInfo)>>> {
    // So many commits of each tip, and some more where there are few.
    let most = tips.len().saturating_mul(64).saturating_add(4096);
    let floor = oid(floor)?;
    let mut children: HashMap<git2::Oid, usize> = HashMap::new();
    let mut commits: HashMap<git2::Oid, git2::Commit<'_>> = HashMap::new();
    let mut open = tips.iter().map(oid).collect::<Result<Vec<git2::Oid>>>()?;
    let mut roots = open.clone();
    while let Some(id) = open.pop() {
        if id == floor || commits.contains_key(&id) {
            continue;
        }
        // Where one is missing, the other walk says which.
        let Ok(commit) = library.find_commit(id) else {
            return Ok(None);
        };
        if commit.parent_count() == 0 || commits.len() >= most {
            return Ok(None);
        }
        for parent in commit.parent_ids() {
            *children.entry(parent).or_default() += 1;
            open.push(parent);
        }
        commits.insert(id, commit);
    }
    // Children first: a commit comes when the last of its children has come.
    roots.retain(|tip| !children.contains_key(tip));
    let mut found = Vec::with_capacity(commits.len());
    while let Some(id) = roots.pop() {
        let Some(commit) = commits.remove(&id) else {
            continue;
        };
        for parent in commit.parent_ids() {
            if let Some(left) = children.get_mut(&parent) {
                *left -= 1;
                if *left == 0 {
                    roots.push(parent);
                }
            }
        }
        found.push(described(&commit)?);
    }
    Ok(Some(found))
}

fn described(commit: &git2::Commit<'_>) -> Result<(Node, CommitInfo)> {
    let parents: Result<Vec<CommitId>> = commit.parent_ids().map(commit_id).collect();
    let node = Node {
        commit: commit_id(commit.id())?,
        parents: parents?,
    };
    let subject = commit.summary_bytes().unwrap_or_default();
    let info = CommitInfo {
        time: commit.time().seconds(),
        subject: String::from_utf8_lossy(subject).into_owned(),
    };
    Ok((node, info))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A commit with these parents; its number makes it another one than all before.
    fn commit(library: &git2::Repository, number: usize, parents: &[git2::Oid]) -> git2::Oid {
        let empty = library.treebuilder(None).unwrap().write().unwrap();
        let tree = library.find_tree(empty).unwrap();
        let who = git2::Signature::new("a", "a@b", &git2::Time::new(0, 0)).unwrap();
        let parents = parents.iter().map(|id| library.find_commit(*id).unwrap());
        let parents: Vec<git2::Commit<'_>> = parents.collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let message = format!("{number}\nmore of it\n\nbody\n");
        library
            .commit(None, &who, &who, &message, &tree, &parents)
            .unwrap()
    }

    fn by_id(mut found: Vec<(Node, CommitInfo)>) -> Vec<(Node, CommitInfo)> {
        found.sort_by(|one, other| one.0.commit.cmp(&other.0.commit));
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_short_walk_finds_what_the_long_one_finds(
            above in prop::collection::vec(prop::collection::vec(0_usize..1000, 1..3), 1..12),
            tips in prop::collection::vec(0_usize..1000, 1..5),
            floor in 0_usize..3,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let library = git2::Repository::init_bare(folder.path()).unwrap();
            // A line of three, of which one is the floor; on its end stands all the rest.
            let mut ids = vec![commit(&library, 0, &[])];
            for number in 1..3 {
                ids.push(commit(&library, number, &[ids[number - 1]]));
            }
            for (number, parents) in above.iter().enumerate() {
                let mut parents: Vec<git2::Oid> =
                    parents.iter().map(|at| ids[2 + at % (number + 1)]).collect();
                parents.dedup();
                ids.push(commit(&library, number + 3, &parents));
            }
            let id = |at: usize| commit_id(ids[at % ids.len()]).unwrap();
            let tips: Vec<CommitId> = tips.iter().map(|tip| id(*tip)).collect();
            let floor = id(floor);
            let long = history_by_library(&library, &tips, Some(&floor)).unwrap();
            let short = walked_down_to(&library, &tips, &floor).unwrap();
            let below = tips.iter().any(|tip| ids[..3].iter().any(|id| {
                let id = commit_id(*id).unwrap();
                id == *tip && id != floor && !long.iter().any(|(node, _)| node.commit == id)
            }));
            prop_assert_eq!(short.is_none(), below, "only a way past the floor is too long");
            let Some(short) = short else { return Ok(()) };
            for (at, (node, _)) in short.iter().enumerate() {
                let before = &short[..at];
                prop_assert!(before.iter().all(|(other, _)| !node.parents.contains(&other.commit)));
            }
            prop_assert_eq!(by_id(short), by_id(long));
        }
    }
}
