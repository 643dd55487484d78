//! Names of environment variables that more than one room must know.

/// The ports of an agent, as many as it may have at most.
pub const PORTS: [&str; 16] = [
    "HUB_PORT",
    "HUB_PORT_1",
    "HUB_PORT_2",
    "HUB_PORT_3",
    "HUB_PORT_4",
    "HUB_PORT_5",
    "HUB_PORT_6",
    "HUB_PORT_7",
    "HUB_PORT_8",
    "HUB_PORT_9",
    "HUB_PORT_10",
    "HUB_PORT_11",
    "HUB_PORT_12",
    "HUB_PORT_13",
    "HUB_PORT_14",
    "HUB_PORT_15",
];

/// Variables of git that would lead a program away from the repository it stands in:
/// hub may have been started by a hook, which has them set.
///
/// What `git rev-parse --local-env-vars` names, in git 2.31 to 2.47.
pub const GIT_LOCAL: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];
