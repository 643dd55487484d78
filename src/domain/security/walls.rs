//! The table of levels: what each holds an agent to, as data.

use serde::Serialize;

use super::SecurityLevel;

/// Which variables of the user's an agent gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// All.
    AsTheUsers,
    /// All but those that hold secrets.
    WithoutSecrets,
    /// A short list.
    Listed,
}

/// Where an agent can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Wherever the user can.
    Anywhere,
    /// The same, and what it changed of others' is found when it ends.
    Watched,
    /// In its worktree, what git keeps of that, and what is allowed by name.
    Own,
}

/// Which refs of the repository an agent can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refs {
    /// Any.
    Any,
    /// Any, and those that are not its own are found when it ends.
    Watched,
    /// Its own.
    Own,
}

/// What an agent reaches over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkRule {
    /// All that the user does.
    Free,
    /// What is allowed by name.
    Allowed,
    /// Nothing.
    None,
}

/// What a level holds an agent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wall of its own that stands or does not"
)]
pub struct Walls {
    /// The variables that it gets.
    pub environment: Environment,
    /// Where it can write.
    pub writes: Writes,
    /// Whether it reads only what it needs.
    pub reads: bool,
    /// The refs that it can move.
    pub refs: Refs,
    /// What it reaches.
    pub network: NetworkRule,
    /// Whether it can have only so many processes, so much memory, such large files.
    pub limits: bool,
    /// Whether it can signal only its own processes.
    pub signals: bool,
    /// Whether it can gain no privileges, as by sudo.
    pub no_new_privileges: bool,
    /// Whether it runs only programs of a list.
    pub executables: bool,
    /// Whether git runs no hook and reads no configuration that it could have written.
    pub git_hooks: bool,
}

impl SecurityLevel {
    /// What this level holds an agent to.
    #[must_use]
    pub fn walls(self) -> Walls {
        let low = Walls {
            environment: Environment::AsTheUsers,
            writes: Writes::Anywhere,
            reads: false,
            refs: Refs::Any,
            network: NetworkRule::Free,
            limits: false,
            signals: false,
            no_new_privileges: false,
            executables: false,
            git_hooks: false,
        };
        let medium = Walls {
            environment: Environment::WithoutSecrets,
            writes: Writes::Watched,
            refs: Refs::Watched,
            limits: true,
            git_hooks: true,
            ..low
        };
        let high = Walls {
            environment: Environment::Listed,
            writes: Writes::Own,
            reads: true,
            refs: Refs::Own,
            network: NetworkRule::Allowed,
            signals: true,
            no_new_privileges: true,
            ..medium
        };
        match self {
            Self::Low => low,
            Self::Medium => medium,
            Self::High => high,
            Self::Maximum => Walls {
                network: NetworkRule::None,
                executables: true,
                ..high
            },
        }
    }

    /// Whether something is put up around an agent's process before it starts.
    #[must_use]
    pub fn confines(self) -> bool {
        self > Self::Low
    }

    /// Whether an agent can write only what is its own.
    #[must_use]
    pub fn encloses(self) -> bool {
        self.walls().writes == Writes::Own
    }
}

/// One wall, as `hub security` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// The variables that an agent gets.
    Environment,
    /// Where it can write.
    Writes,
    /// Where it can read.
    Reads,
    /// The refs that it can move.
    Refs,
    /// What it reaches.
    Network,
    /// How many processes it can have.
    ProcessCount,
    /// How much memory, how large files, how many open ones.
    Limits,
    /// Whom it can signal.
    Signals,
    /// Whether it can gain privileges.
    Privileges,
    /// What it can run.
    Executables,
    /// Hooks and configuration of git.
    GitHooks,
}

impl Wall {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Environment,
        Self::Writes,
        Self::Reads,
        Self::Refs,
        Self::Network,
        Self::ProcessCount,
        Self::Limits,
        Self::Signals,
        Self::Privileges,
        Self::Executables,
        Self::GitHooks,
    ];

    /// The words that are shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Writes => "writes",
            Self::Reads => "reads",
            Self::Refs => "refs",
            Self::Network => "network",
            Self::ProcessCount => "process count",
            Self::Limits => "limits",
            Self::Signals => "signals",
            Self::Privileges => "privileges",
            Self::Executables => "executables",
            Self::GitHooks => "git hooks",
        }
    }

    /// What a level says about it, for people.
    #[must_use]
    pub fn rule(self, level: SecurityLevel) -> &'static str {
        let walls = level.walls();
        let either = |stands: bool, rule: &'static str, open: &'static str| {
            if stands { rule } else { open }
        };
        match self {
            Self::Environment => match walls.environment {
                Environment::AsTheUsers => "as the user's",
                Environment::WithoutSecrets => "without secrets",
                Environment::Listed => "a short list",
            },
            Self::Writes => match walls.writes {
                Writes::Anywhere => "anywhere",
                Writes::Watched => "anywhere, found when it ends",
                Writes::Own => "its worktree and what is allowed",
            },
            Self::Reads => either(walls.reads, "system, worktree, allowed paths", "anywhere"),
            Self::Refs => match walls.refs {
                Refs::Any => "any",
                Refs::Watched => "any, found when it ends",
                Refs::Own => "its own attempt's branch",
            },
            Self::Network => match walls.network {
                NetworkRule::Free => "free",
                NetworkRule::Allowed => "what is allowed",
                NetworkRule::None => "none",
            },
            Self::ProcessCount | Self::Limits => either(walls.limits, "limited", "not limited"),
            Self::Signals => either(walls.signals, "its own processes", "whom the user can"),
            Self::Privileges => either(walls.no_new_privileges, "no new ones", "as the user's"),
            Self::Executables => either(walls.executables, "by a list", "any"),
            Self::GitHooks => either(walls.git_hooks, "none that it can write", "run"),
        }
    }

    /// Whether a level puts it up.
    #[must_use]
    pub fn stands(self, level: SecurityLevel) -> bool {
        let walls = level.walls();
        match self {
            Self::Environment => walls.environment != Environment::AsTheUsers,
            Self::Writes => walls.writes != Writes::Anywhere,
            Self::Reads => walls.reads,
            Self::Refs => walls.refs != Refs::Any,
            Self::Network => walls.network != NetworkRule::Free,
            Self::ProcessCount | Self::Limits => walls.limits,
            Self::Signals => walls.signals,
            Self::Privileges => walls.no_new_privileges,
            Self::Executables => walls.executables,
            Self::GitHooks => walls.git_hooks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let rows: Vec<[&str; 5]> = Wall::ALL
            .iter()
            .map(|wall| {
                let [low, medium, high, maximum] = SecurityLevel::ALL.map(|level| wall.rule(level));
                [wall.as_str(), low, medium, high, maximum]
            })
            .collect();
        let own = "its worktree and what is allowed";
        let read = "system, worktree, allowed paths";
        let found = "anywhere, found when it ends";
        let refs = "any, found when it ends";
        let branch = "its own attempt's branch";
        let list = "a short list";
        let git = "none that it can write";
        assert_eq!(
            rows,
            [
                [
                    "environment",
                    "as the user's",
                    "without secrets",
                    list,
                    list
                ],
                ["writes", "anywhere", found, own, own],
                ["reads", "anywhere", "anywhere", read, read],
                ["refs", "any", refs, branch, branch],
                ["network", "free", "free", "what is allowed", "none"],
                [
                    "process count",
                    "not limited",
                    "limited",
                    "limited",
                    "limited"
                ],
                ["limits", "not limited", "limited", "limited", "limited"],
                [
                    "signals",
                    "whom the user can",
                    "whom the user can",
                    "its own processes",
                    "its own processes"
                ],
                [
                    "privileges",
                    "as the user's",
                    "as the user's",
                    "no new ones",
                    "no new ones"
                ],
                ["executables", "any", "any", "any", "by a list"],
                ["git hooks", "run", git, git, git],
            ]
        );
    }

    #[test]
    fn no_wall_falls_when_the_level_rises() {
        for wall in Wall::ALL {
            let stands = SecurityLevel::ALL.map(|level| wall.stands(level));
            assert!(stands.is_sorted(), "{wall:?}: {stands:?}");
        }
        assert!(
            Wall::ALL
                .iter()
                .all(|wall| !wall.stands(SecurityLevel::Low))
        );
        assert!(
            Wall::ALL
                .iter()
                .all(|wall| wall.stands(SecurityLevel::Maximum))
        );
    }
}
