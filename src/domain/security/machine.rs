//! What a machine can enforce, and by what.

use schemars::JsonSchema;
use serde::Serialize;

use super::SecurityLevel;
use super::grants::Network;
use super::walls::{NetworkRule, Wall, Writes};

/// How the processes of an agent are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// The system counts those of the agent, in a control group of its own.
    ControlGroup,
    /// The system counts those of the user, the agent's among them.
    UserLimit,
    /// The agent's supervisor counts them each second.
    Supervisor,
}

/// What a machine has to put up walls with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The version of Landlock's interface; 0 where there is no Landlock.
    pub landlock: u32,
    /// Whether calls of the system can be filtered.
    pub seccomp: bool,
    /// How processes are counted.
    pub counting: Counting,
    /// Whether the repository keeps each ref in a file of its own, or there is no repository.
    pub ref_files: bool,
}

/// The first version of Landlock's interface that holds all writing, `truncate` among it.
const HOLDS_FILES: u32 = 3;
/// The first one that holds TCP ports.
const HOLDS_TCP: u32 = 4;
/// The first one that holds signals and abstract sockets.
const HOLDS_SIGNALS: u32 = 6;

/// How one wall of a level stands on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What holds it up.
    pub by: String,
    /// What the machine lacks; `None` where the wall stands.
    pub lacks: Option<String>,
}

impl Holding {
    fn by(by: impl Into<String>) -> Self {
        Self {
            by: by.into(),
            lacks: None,
        }
    }
}

/// A wall that a machine cannot put up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The wall.
    pub wall: Wall,
    /// What the machine lacks.
    pub lacks: String,
}

impl Machine {
    /// How a wall of a level stands here; `None` where the level does not ask for it.
    #[must_use]
    pub fn holding(&self, wall: Wall, level: SecurityLevel, network: &Network) -> Option<Holding> {
        if !wall.stands(level) {
            return None;
        }
        Some(match wall {
            Wall::Environment => Holding::by("hub, before the agent starts"),
            Wall::Writes | Wall::Refs if level.walls().writes == Writes::Watched => {
                Holding::by("hub, when the agent ends")
            }
            Wall::Refs if !self.ref_files => Holding {
                by: "Landlock".to_owned(),
                lacks: Some("refs in files of their own (this repository has reftable)".to_owned()),
            },
            Wall::Writes | Wall::Reads | Wall::Refs | Wall::Executables => {
                self.landlock(HOLDS_FILES)
            }
            Wall::Network => self.network(level, network),
            Wall::ProcessCount => Holding::by(match self.counting {
                Counting::ControlGroup => "a control group of the agent's own",
                Counting::UserLimit => "a resource limit of all processes of the user",
                Counting::Supervisor => "its supervisor, which counts each second",
            }),
            Wall::Limits => Holding::by("resource limits of each process"),
            Wall::Signals => self.landlock(HOLDS_SIGNALS),
            Wall::Privileges => Holding::by("no_new_privs, capabilities"),
            Wall::GitHooks => Holding::by("hub, by git's configuration"),
        })
    }

    fn landlock(&self, needed: u32) -> Holding {
        let lacks = match self.landlock {
            0 => Some("Landlock".to_owned()),
            found if found < needed => Some(format!("Landlock {needed} (this kernel has {found})")),
            _ => None,
        };
        Holding {
            by: match self.landlock {
                0 => "Landlock".to_owned(),
                found => format!("Landlock {found}"),
            },
            lacks,
        }
    }

    fn network(&self, level: SecurityLevel, network: &Network) -> Holding {
        let allowed = level.walls().network == NetworkRule::Allowed;
        if allowed && network.all {
            return Holding::by("nothing: --allow-net all");
        }
        if allowed && !network.ports.is_empty() {
            let ports = self.landlock(HOLDS_TCP);
            if ports.lacks.is_some() {
                return ports;
            }
        }
        let by = if self.landlock >= HOLDS_TCP {
            format!("seccomp; TCP ports by Landlock {}", self.landlock)
        } else {
            "seccomp".to_owned()
        };
        let lacks = (!self.seccomp).then(|| "seccomp".to_owned());
        Holding { by, lacks }
    }

    /// The walls of a level that cannot be put up here.
    #[must_use]
    pub fn gaps(&self, level: SecurityLevel, network: &Network) -> Vec<Gap> {
        let gap = |wall: Wall| {
            let lacks = self.holding(wall, level, network)?.lacks?;
            Some(Gap { wall, lacks })
        };
        Wall::ALL.into_iter().filter_map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SecurityLevel::{High, Low, Maximum, Medium};

    fn machine(landlock: u32) -> Machine {
        Machine {
            landlock,
            seccomp: true,
            counting: Counting::Supervisor,
            ref_files: true,
        }
    }

    fn gaps(machine: &Machine, level: SecurityLevel, net: &[&str]) -> Vec<Wall> {
        let grants: Vec<_> = net.iter().map(|word| word.parse().unwrap()).collect();
        let gaps = machine.gaps(level, &Network::of(&grants));
        gaps.into_iter().map(|gap| gap.wall).collect()
    }

    #[test]
    fn what_a_kernel_lacks_is_named_by_wall() {
        use Wall::{Executables, Network, Reads, Refs, Signals, Writes};
        let files = [Writes, Reads, Refs];
        assert_eq!(gaps(&machine(7), Maximum, &[]), []);
        assert_eq!(gaps(&machine(7), High, &["443", "unix"]), []);
        assert_eq!(gaps(&machine(5), High, &[]), [Signals]);
        assert_eq!(gaps(&machine(3), High, &[]), [Signals]);
        assert_eq!(gaps(&machine(3), High, &["443"]), [Network, Signals]);
        assert_eq!(gaps(&machine(3), High, &["all"]), [Signals]);
        // At maximum nothing is reached, whatever was allowed.
        assert_eq!(gaps(&machine(3), Maximum, &["443"]), [Signals]);
        let all = [&files[..], &[Signals, Executables]].concat();
        assert_eq!(gaps(&machine(0), Maximum, &[]), all);
        for level in [Low, Medium] {
            assert_eq!(gaps(&machine(0), level, &[]), []);
        }
    }

    #[test]
    fn without_a_filter_of_calls_there_is_no_wall_before_the_network() {
        let bare = Machine {
            seccomp: false,
            ..machine(7)
        };
        assert_eq!(gaps(&bare, High, &[]), [Wall::Network]);
        assert_eq!(gaps(&bare, High, &["all"]), []);
        assert_eq!(gaps(&bare, Maximum, &["all"]), [Wall::Network]);
    }

    #[test]
    fn refs_in_one_file_cannot_be_told_apart() {
        let reftable = Machine {
            ref_files: false,
            ..machine(7)
        };
        assert_eq!(gaps(&reftable, High, &[]), [Wall::Refs]);
        assert_eq!(gaps(&reftable, Medium, &[]), []);
    }
}
