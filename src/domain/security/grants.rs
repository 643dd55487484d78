//! What an agent is allowed by name: paths, and what it reaches over the network.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::id::{BadName, serde_as_text};

/// A path as a person names it: absolute, from the home folder (`~/…`), or from where it is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AllowedPath(String);

impl AllowedPath {
    /// The path, with `home` for `~` and from `folder` on where it is relative.
    #[must_use]
    pub fn within(&self, folder: &Path, home: Option<&Path>) -> PathBuf {
        let rest = self.0.strip_prefix('~');
        match (rest, home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                home.join(rest.trim_start_matches('/'))
            }
            _ => folder.join(&self.0),
        }
    }

    /// A path that is absolute.
    #[must_use]
    pub fn absolute(path: &Path) -> Option<Self> {
        path.to_str().filter(|_| path.is_absolute())?.parse().ok()
    }

    /// The path as it is written.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl FromStr for AllowedPath {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if s.is_empty() || s.contains('\0') {
            let why = "it must hold a name, and no NUL byte";
            return Err(BadName::new("a path", s, why));
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for AllowedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One word of what is allowed over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetGrant {
    /// Nothing; it takes back what a layer below allows.
    None,
    /// All.
    All,
    /// Sockets of this machine that have a path.
    Unix,
    /// A TCP port, to connect to and to listen on.
    Port(u16),
}

impl FromStr for NetGrant {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let port = |s: &str| s.parse().ok().filter(|port| *port > 0).map(Self::Port);
        match s {
            "none" => Ok(Self::None),
            "all" => Ok(Self::All),
            "unix" => Ok(Self::Unix),
            _ => port(s).ok_or_else(|| {
                let why = "it must be none, all, unix or a TCP port from 1 to 65535";
                BadName::new("what may be reached over the network", s, why)
            }),
        }
    }
}

impl fmt::Display for NetGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Unix => f.write_str("unix"),
            Self::Port(port) => write!(f, "{port}"),
        }
    }
}

impl Serialize for NetGrant {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NetGrant {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = crate::domain::settings::NumberOrText(std::marker::PhantomData);
        d.deserialize_any(text)
    }
}

serde_as_text!(AllowedPath);

/// What may be reached over the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Network {
    /// All of it.
    #[serde(default)]
    pub all: bool,
    /// Sockets of this machine that have a path.
    #[serde(default)]
    pub unix: bool,
    /// TCP ports, to connect to and to listen on.
    #[serde(default)]
    pub ports: BTreeSet<u16>,
}

impl Network {
    /// What some words come to.
    #[must_use]
    pub fn of(grants: &[NetGrant]) -> Self {
        let ports = grants.iter().filter_map(|grant| match grant {
            NetGrant::Port(port) => Some(*port),
            _ => None,
        });
        Self {
            all: grants.contains(&NetGrant::All),
            unix: grants.contains(&NetGrant::Unix),
            ports: ports.collect(),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all {
            return f.write_str("all");
        }
        let unix = self.unix.then(|| "unix".to_owned());
        let ports = self.ports.iter().map(ToString::to_string);
        let words: Vec<String> = unix.into_iter().chain(ports).collect();
        f.write_str(if words.is_empty() { "none" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_network() {
        for (words, shown) in [
            (vec![], "none"),
            (vec!["none"], "none"),
            (vec!["443", "unix", "80"], "unix, 80, 443"),
            (vec!["all", "443"], "all"),
        ] {
            let grants: Vec<NetGrant> = words.iter().map(|word| word.parse().unwrap()).collect();
            assert_eq!(Network::of(&grants).to_string(), shown);
        }
        for bad in ["", "0", "65536", "tcp", "-1", "80-90", "localhost"] {
            assert!(bad.parse::<NetGrant>().is_err(), "{bad:?}");
        }
        let from_file: Vec<NetGrant> = serde_json::from_str(r#"[443, "80", "unix"]"#).unwrap();
        assert_eq!(from_file.len(), 3);
    }

    #[test]
    fn paths_start_at_home_or_where_they_are_said() {
        let folder = Path::new("/work/here");
        let home = Some(Path::new("/home/ada"));
        for (path, expected) in [
            ("~/.cargo", "/home/ada/.cargo"),
            ("~", "/home/ada/"),
            ("~ada/x", "/work/here/~ada/x"),
            ("cache", "/work/here/cache"),
            ("/opt/x", "/opt/x"),
        ] {
            let path: AllowedPath = path.parse().unwrap();
            assert_eq!(path.within(folder, home), Path::new(expected));
        }
        assert!("".parse::<AllowedPath>().is_err());
        assert!("a\0b".parse::<AllowedPath>().is_err());
    }
}
