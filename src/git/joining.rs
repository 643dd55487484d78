//! Bringing the work of a commit into a scratch worktree: by a merge, as one commit, or commit
//! by commit.
//!
//! The git program does it, so that the repository's hooks, merge drivers and signing count.

use std::path::{Path, PathBuf};

use crate::domain::merging::MergeStrategy;
use crate::domain::refs::CommitId;

use super::error::Result;
use super::program::{Git, failed, text};
use super::repository::{Repository, printed_id};
use super::worktrees::paths;

/// What it gave to bring work into a scratch worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeResult {
    /// The commit that holds it.
    Merged(CommitId),
    /// There was nothing to bring.
    AlreadyThere,
    /// The files that conflict; the scratch worktree is left in the middle of it.
    Conflict(Vec<PathBuf>),
    /// Merge commits of it changed more than what they join, and replaying leaves that out.
    MergesLeftOut,
}

impl Repository {
    /// Brings what `commit` has into whatever a scratch worktree has checked out; where hub makes
    /// a commit of its own for that, with this message.
    ///
    /// # Errors
    /// When git refuses for another reason than a conflict (a hook, say).
    pub fn join_in(
        &self,
        scratch: &Path,
        commit: &CommitId,
        strategy: MergeStrategy,
        message: &str,
    ) -> Result<MergeResult> {
        let joining = Joining {
            repository: self,
            scratch,
            identity: self.stand_in_identity()?,
            before: head(scratch)?,
            commit,
        };
        match strategy {
            MergeStrategy::Merge => joining.merge(message),
            MergeStrategy::Squash => joining.squash(message),
            MergeStrategy::Rebase => joining.rebase(),
            MergeStrategy::CherryPick => joining.cherry_pick(),
        }
    }
}

fn head(scratch: &Path) -> Result<CommitId> {
    printed_id(&Git::new(scratch).args(["rev-parse", "HEAD"]).run()?)
}

struct Joining<'j> {
    repository: &'j Repository,
    scratch: &'j Path,
    /// Who commits, where the user has told git no name.
    identity: Vec<(&'static str, &'static str)>,
    before: CommitId,
    commit: &'j CommitId,
}

impl Joining<'_> {
    fn git(&self) -> Git {
        let git = Git::new(self.scratch).durable();
        let identity = self.identity.iter();
        identity.fold(git, |git, (name, value)| git.variable(name, value))
    }

    fn merge(&self, message: &str) -> Result<MergeResult> {
        let merge = self
            .git()
            .args(["merge", "--no-ff", "--commit", "--no-squash"])
            .args(["--no-edit", "--no-stat"])
            // A message may be longer than an argument; `merge -F` knows no `-` for stdin.
            .args(["--cleanup=whitespace", "-F", "/dev/stdin"])
            .arg(self.commit.as_str())
            .input(message);
        let output = merge.output()?;
        if output.status.success() {
            return self.now();
        }
        self.stopped(|| failed(format!("merge {}", self.commit), &output))
    }

    fn squash(&self, message: &str) -> Result<MergeResult> {
        let merge = ["merge", "--squash", "--ff", "--no-stat"];
        let output = self.git().args(merge).arg(self.commit.as_str()).output()?;
        if !output.status.success() {
            return self.stopped(|| failed(format!("merge --squash {}", self.commit), &output));
        }
        if self.nothing_staged()? {
            return Ok(MergeResult::AlreadyThere);
        }
        let commit = ["commit", "--quiet", "--cleanup=whitespace", "-F", "-"];
        self.git().args(commit).input(message).run()?;
        self.now()
    }

    /// Replays the commits in line, as `git rebase` does: what it merged itself is left out.
    fn rebase(&self) -> Result<MergeResult> {
        if self.repository.is_ancestor(&self.before, self.commit)? {
            // All of it stands on top already, merges among it.
            let call = Git::new(self.scratch).args(["reset", "--quiet", "--hard"]);
            call.arg(self.commit.as_str()).run()?;
            return self.now();
        }
        let rebase = self
            .git()
            // One of these would move the attempt's branch, the others are for rebases by hand.
            .setting("rebase.updateRefs=false")
            .setting("rebase.rebaseMerges=false")
            .setting("rebase.autoSquash=false")
            .setting("rebase.autoStash=false")
            .args(["rebase", "--merge", "--no-stat", "--no-autostash"])
            .args(["--no-fork-point", "--empty=drop"])
            .args([self.before.as_str(), self.commit.as_str()]);
        let output = rebase.output()?;
        if output.status.success() {
            return self.replayed();
        }
        self.stopped(|| failed(format!("rebase {}", self.commit), &output))
    }

    fn cherry_pick(&self) -> Result<MergeResult> {
        let picked = self.commits("--no-merges")?;
        if picked.is_empty() {
            return self.replayed();
        }
        let pick = ["cherry-pick", "-x", "--allow-empty"];
        let picked = picked.iter().map(CommitId::as_str);
        let mut output = self.git().args(pick).args(picked).output()?;
        while !output.status.success() {
            // The base branch has what this commit changes; git asks what to do then.
            let is_redundant = self.picking()? && self.nothing_staged()?;
            if !is_redundant {
                return self.stopped(|| failed(format!("cherry-pick {}", self.commit), &output));
            }
            output = self.git().args(["cherry-pick", "--skip"]).output()?;
        }
        self.replayed()
    }

    /// The commits that are not in the scratch worktree yet, oldest first.
    fn commits(&self, kind: &str) -> Result<Vec<CommitId>> {
        let range = format!("{}..{}", self.before, self.commit);
        let list = ["rev-list", "--reverse", "--topo-order", kind, &range];
        let answer = self.repository.git().args(list).run()?;
        let lines = text(&answer)?.lines();
        lines.map(|line| printed_id(line.as_bytes())).collect()
    }

    fn picking(&self) -> Result<bool> {
        let call = Git::new(self.scratch).args(["rev-parse", "--quiet", "--verify"]);
        Ok(call.arg("CHERRY_PICK_HEAD").output()?.status.success())
    }

    fn nothing_staged(&self) -> Result<bool> {
        let call = Git::new(self.scratch).args(["diff-index", "--cached", "--quiet", "HEAD"]);
        call.arg("--").succeeds()
    }

    /// What a replay came to. Where merges were left out of it, it must be what a merge gives.
    fn replayed(&self) -> Result<MergeResult> {
        if !self.commits("--merges")?.is_empty() {
            let trial = self.repository.trial()?;
            let whole = match &trial {
                Some(trial) => trial.merged_tree(&self.before, self.commit)?,
                None => None,
            };
            let call = Git::new(self.scratch).args(["rev-parse", "HEAD^{tree}"]);
            if whole != Some(printed_id(&call.run()?)?) {
                return Ok(MergeResult::MergesLeftOut);
            }
        }
        self.now()
    }

    /// Where the scratch worktree is now.
    fn now(&self) -> Result<MergeResult> {
        let after = head(self.scratch)?;
        Ok(if after == self.before {
            MergeResult::AlreadyThere
        } else {
            MergeResult::Merged(after)
        })
    }

    /// Why git stopped: at files that conflict, or at something else.
    fn stopped(&self, otherwise: impl FnOnce() -> super::Error) -> Result<MergeResult> {
        let call = Git::new(self.scratch).args(["diff", "--name-only", "--diff-filter=U", "-z"]);
        let conflicts: Vec<PathBuf> = paths(&call.run()?).collect();
        if conflicts.is_empty() {
            return Err(otherwise());
        }
        Ok(MergeResult::Conflict(conflicts))
    }
}
