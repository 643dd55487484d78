//! How work comes into the base branch, and why it does not.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, BadName, SessionId, serde_as_text};
use super::refs::BranchName;
use super::text::{first_few, quoted};

/// How the work of an attempt comes into the base branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeStrategy {
    /// A merge commit joins the two.
    #[default]
    Merge,
    /// One commit on top of the base branch has all that the attempt changes.
    Squash,
    /// The attempt's commits are replayed on top of the base branch.
    Rebase,
    /// The same, and each names the commit that it was.
    CherryPick,
}

impl MergeStrategy {
    /// All of them, in the order in which they are named.
    pub const ALL: [Self; 4] = [Self::Merge, Self::Squash, Self::Rebase, Self::CherryPick];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
        }
    }

    /// Whether hub makes a commit of its own, with a message of its own.
    #[must_use]
    pub fn has_message(self) -> bool {
        matches!(self, Self::Merge | Self::Squash)
    }
}

impl fmt::Display for MergeStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MergeStrategy {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == s);
        known.ok_or_else(|| {
            let why = "it must be merge, squash, rebase or cherry-pick";
            BadName::new("a merge strategy", s, why)
        })
    }
}

serde_as_text!(MergeStrategy);

/// What cannot be meant of a merge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMerge {
    /// A message for commits that keep their own.
    #[error("--message is given with the strategy {0}, which keeps the messages of the commits")]
    MessageWith(MergeStrategy),
    /// A merged tree is to be verified, and nothing says by what.
    #[error("--verify is given without a command, and session {0} has no eval command")]
    NothingToVerifyBy(SessionId),
    /// Replaying leaves out what merge commits of the attempt hold.
    #[error(
        "{agent} has merged in its branch, and a {strategy} leaves out what those merges changed"
    )]
    MergesLeftOut {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// How it was to be merged.
        strategy: MergeStrategy,
    },
}

impl Diagnostic for BadMerge {
    fn code(&self) -> Code {
        match self {
            Self::MessageWith(_) | Self::NothingToVerifyBy(_) => Code::Usage,
            Self::MergesLeftOut { .. } => Code::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::MessageWith(_) => {
                "leave --message out, or give --strategy merge or squash".to_owned()
            }
            Self::NothingToVerifyBy(_) => "give one, as in --verify 'make test'".to_owned(),
            Self::MergesLeftOut { session, agent, .. } => format!(
                "nothing was changed; `hub merge {session} --agent {agent} --squash` takes all that it changed"
            ),
        })
    }
}

/// Work that does not go into the base branch as it is; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{agent} does not {verb} {base_branch}{}: {} in {}", behind(.after), conflicts(.paths), list(.paths), verb = verb(*.strategy))]
pub struct MergeConflict {
    /// The session.
    pub session: SessionId,
    /// The agent.
    pub agent: AgentId,
    /// All that were named; nobody, where the winner or all parts are meant.
    pub named: Vec<AgentId>,
    /// How its work was to come there.
    pub strategy: MergeStrategy,
    /// Where it was to go.
    pub base_branch: BranchName,
    /// The attempt's branch, where there is one still.
    pub branch: Option<BranchName>,
    /// The agents whose work was to be merged before it, with their branches.
    pub after: Vec<(AgentId, Option<BranchName>)>,
    /// The files that conflict.
    pub paths: Vec<PathBuf>,
    /// Its worktree.
    pub worktree: Option<ConflictPlace>,
}

/// Where a conflict can be solved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictPlace {
    /// The worktree of the agent.
    pub path: PathBuf,
    /// Whether its folder is there.
    pub there: bool,
}

fn verb(strategy: MergeStrategy) -> &'static str {
    match strategy {
        MergeStrategy::Merge | MergeStrategy::Squash => "merge into",
        MergeStrategy::Rebase => "rebase onto",
        MergeStrategy::CherryPick => "cherry-pick onto",
    }
}

fn behind(agents: &[(AgentId, Option<BranchName>)]) -> String {
    match agents {
        [] => String::new(),
        some => format!(" after {}", first_few(some.iter().map(|(agent, _)| agent))),
    }
}

/// How many conflicts there are, in words.
#[must_use]
pub fn conflicts(paths: &[PathBuf]) -> String {
    match paths.len() {
        1 => "1 conflict".to_owned(),
        n => format!("{n} conflicts"),
    }
}

fn list(paths: &[PathBuf]) -> String {
    first_few(paths.iter().map(|path| path.display()))
}

impl Diagnostic for MergeConflict {
    fn code(&self) -> Code {
        Code::Conflict
    }

    fn hint(&self) -> Option<String> {
        let Self { session, agent, .. } = self;
        let Some(steps) = self.steps() else {
            return Some(format!(
                "nothing was changed; its branch is gone: `git branch NAME hub/archive/{session}/{agent}` brings its work back, to merge it by hand"
            ));
        };
        let again = self.again();
        let done = if self.replays() {
            "`git rebase --continue`"
        } else {
            "commit"
        };
        Some(match self.after.as_slice() {
            [] => format!(
                "nothing was changed; solve it with {steps}, {done}, then `hub eval {session}` and `{again}`"
            ),
            _ => format!(
                "nothing was changed; leave {agent} out, or solve it with {steps}, {done}, then `{again}`"
            ),
        })
    }
}

impl MergeConflict {
    /// What is typed to come to the conflict where it can be solved.
    fn steps(&self) -> Option<String> {
        let Self { session, agent, .. } = self;
        let place = self.worktree.as_ref();
        let go = if place.is_some_and(|place| place.there) {
            format!("cd \"$(hub path {session} {agent})\"")
        } else {
            // Without the branch there is nothing to be solved in.
            let branch = as_word(self.branch.as_ref()?);
            let path = place.map_or(Path::new("PATH"), |place| place.path.as_path());
            let path = quoted(path);
            // One that git knows and that is gone is made anew by force alone.
            format!("git worktree add --force {path} {branch} && cd {path}")
        };
        let others: Vec<&BranchName> = self.after.iter().filter_map(|(_, b)| b.as_ref()).collect();
        let verb = if self.replays() { "rebase" } else { "merge" };
        let mut steps = format!("`{go} && git {verb} {}`", as_word(&self.base_branch));
        for other in others {
            let _ = write!(steps, ", `git {verb} {}`", as_word(other));
        }
        Some(steps)
    }

    /// Whether the commits stay apart, so that each is solved by itself.
    fn replays(&self) -> bool {
        !self.strategy.has_message()
    }

    /// The command that is given again when it is solved.
    fn again(&self) -> String {
        let mut again = format!("hub merge {}", self.session);
        for agent in &self.named {
            let _ = write!(again, " --agent {agent}");
        }
        if self.strategy != MergeStrategy::default() {
            let _ = write!(again, " --strategy {}", self.strategy);
        }
        again
    }
}

fn as_word(branch: &BranchName) -> String {
    quoted(Path::new(branch.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_typed() {
        for strategy in MergeStrategy::ALL {
            assert_eq!(strategy.as_str().parse(), Ok(strategy));
            let json = serde_json::to_string(&strategy).unwrap();
            assert_eq!(json, format!("\"{strategy}\""));
        }
        assert!("fast-forward".parse::<MergeStrategy>().is_err());
    }

    fn conflict() -> MergeConflict {
        MergeConflict {
            session: "20260317-143022".parse().unwrap(),
            agent: "agent-2".parse().unwrap(),
            named: Vec::new(),
            strategy: MergeStrategy::Merge,
            base_branch: "main".parse().unwrap(),
            branch: "hub/20260317-143022/agent-2/attempt-1".parse().ok(),
            after: Vec::new(),
            paths: vec!["a".into(), "b c".into()],
            worktree: Some(ConflictPlace {
                path: "/w/agent-2".into(),
                there: true,
            }),
        }
    }

    #[test]
    fn a_conflict_is_solved_in_the_agents_worktree() {
        let conflict = conflict();
        assert_eq!(
            conflict.to_string(),
            "agent-2 does not merge into main: 2 conflicts in a, b c"
        );
        assert_eq!(
            conflict.hint().unwrap(),
            "nothing was changed; solve it with `cd \"$(hub path 20260317-143022 agent-2)\" && git merge main`, commit, then `hub eval 20260317-143022` and `hub merge 20260317-143022`"
        );
    }

    #[test]
    fn without_its_worktree_that_is_made_first() {
        let mut conflict = conflict();
        conflict.base_branch = "it's".parse().unwrap();
        conflict.named = vec!["agent-2".parse().unwrap(), "agent-3".parse().unwrap()];
        conflict.strategy = MergeStrategy::Rebase;
        if let Some(place) = &mut conflict.worktree {
            place.there = false;
        }
        let hint = conflict.hint().unwrap();
        assert!(
            hint.contains("`git worktree add --force /w/agent-2 hub/20260317-143022/agent-2/attempt-1 && cd /w/agent-2 && git rebase 'it'\\''s'`"),
            "{hint}"
        );
        assert!(
            hint.ends_with(
                "`hub merge 20260317-143022 --agent agent-2 --agent agent-3 --strategy rebase`"
            ),
            "{hint}"
        );
        conflict.branch = None;
        let hint = conflict.hint().unwrap();
        assert!(
            hint.contains("hub/archive/20260317-143022/agent-2"),
            "{hint}"
        );
    }

    #[test]
    fn behind_others_their_work_is_merged_there_too() {
        let mut conflict = conflict();
        let first: AgentId = "agent-1".parse().unwrap();
        conflict.named = vec![first, conflict.agent];
        let branch = "hub/20260317-143022/agent-1/attempt-1".parse().ok();
        conflict.after = vec![(first, branch)];
        let hint = conflict.hint().unwrap();
        assert!(hint.contains("leave agent-2 out"), "{hint}");
        assert!(
            hint.contains("git merge main`, `git merge hub/20260317-143022/agent-1/attempt-1`"),
            "{hint}"
        );
        assert!(
            hint.ends_with("then `hub merge 20260317-143022 --agent agent-1 --agent agent-2`"),
            "{hint}"
        );
    }
}
