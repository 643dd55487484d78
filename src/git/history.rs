//! Many tips in one walk: what they have in common, and all commits above it.

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
        match &self.library {
            Some(library) => history_by_library(library, tips, floor),
            None => self.history_by_program(tips, floor),
        }
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
    })
    .collect()
}
