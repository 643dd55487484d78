//! Where a system keeps its programs and what they need.

/// Folders that are read at every level. What one of them has of a person's is not among them:
/// homes are elsewhere.
pub const READ: [&str; 15] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/proc",
    "/sys",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/snap",
];

/// Folders whose programs are run where programs are listed.
pub const RUN: [&str; 10] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/snap",
];

/// Devices that are read and written at every level.
pub const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// What programs of the user's settings are read at every level, below the home folder.
pub const SETTINGS: [&str; 3] = [".gitconfig", ".config/git", ".config/agenthub/config.yaml"];

/// What is never read by way of another folder, below the home folder.
pub const SECRETS: [&str; 3] = [".ssh", ".gnupg", ".aws"];
