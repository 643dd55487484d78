//! Ignored files that a new worktree gets from the main one: which of them, and how.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use super::id::{BadName, serde_as_text};

/// One line in the syntax of gitignore(5), or a plain relative path, which is such a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pattern {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a pattern for ignored files", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        if s.contains(['\0', '\n']) {
            return bad("it is not one line");
        }
        if s.split('/').any(|part| part == "..") {
            return bad("it leads out of the repository");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Pattern);

/// What git found for the patterns in the main worktree; paths are relative to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Files to copy.
    pub copy: Vec<PathBuf>,
    /// Files and folders to link to.
    pub link: Vec<Linkable>,
}

/// Something that a link can lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linkable {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, where it is a folder.
    pub entries: Vec<PathBuf>,
}

impl Found {
    /// Every path that may come into the new worktree.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let links = self.link.iter().flat_map(|link| {
            let entries = link.entries.iter();
            std::iter::once(&link.path).chain(entries)
        });
        self.copy.iter().chain(links).map(PathBuf::as_path)
    }
}

/// How something comes into a worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As a copy of its own.
    Copy,
    /// As a symbolic link to the one in the main worktree.
    Link,
}

/// What comes into a new worktree, and what was asked for and does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By path; none of them lies below another.
    pub carried: BTreeMap<PathBuf, How>,
    /// What git does not ignore in the new worktree: there it would be taken for work.
    pub left: Vec<PathBuf>,
}

/// Makes the plan; `ignored` says whether git ignores a path, in the new worktree too, before
/// there is anything at it.
///
/// A folder whose pattern ends with a slash is ignored as a folder and not as a link; then it
/// becomes a folder of links. A link wins over copies of what is below it.
pub fn plan(found: &Found, ignored: impl Fn(&Path) -> bool) -> Plan {
    let mut plan = Plan::default();
    for link in found.link.iter().filter(|link| is_inside(&link.path)) {
        let entries: Vec<&PathBuf> = link.entries.iter().filter(|path| ignored(path)).collect();
        if ignored(&link.path) {
            plan.carried.insert(link.path.clone(), How::Link);
        } else if entries.is_empty() {
            plan.left.push(link.path.clone());
        } else {
            let entries = entries.into_iter().filter(|path| is_inside(path));
            plan.carried
                .extend(entries.map(|path| (path.clone(), How::Link)));
        }
    }
    let linked: Vec<PathBuf> = plan.carried.keys().cloned().collect();
    for path in linked {
        if has_above(&plan.carried, &path) {
            plan.carried.remove(&path);
        }
    }
    for path in found.copy.iter().filter(|path| is_inside(path)) {
        let known = plan.carried.contains_key(path);
        if known || has_above(&plan.carried, path) || has_below(&plan.carried, path) {
            continue;
        }
        if ignored(path) {
            plan.carried.insert(path.clone(), How::Copy);
        } else {
            plan.left.push(path.clone());
        }
    }
    plan
}

/// Whether one of the folders above `path` is carried.
fn has_above(carried: &BTreeMap<PathBuf, How>, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .any(|above| carried.contains_key(above))
}

/// Whether something below `path` is carried; paths sort with what is below them right behind.
fn has_below(carried: &BTreeMap<PathBuf, How>, path: &Path) -> bool {
    let behind = (Bound::Excluded(path), Bound::Unbounded);
    let next = carried.range::<Path, _>(behind).next();
    next.is_some_and(|(next, _)| next.starts_with(path))
}

/// Whether a path stays in the worktree, and out of what is git's and hub's.
fn is_inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    let first = parts.peek().map(|part| part.as_os_str().to_owned());
    let own = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
    first.is_some_and(|first| first != ".agenthub")
        && parts.all(|part| matches!(part, Component::Normal(_)) && !own(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    fn linkable(path: &str, entries: &[&str]) -> Linkable {
        let path = PathBuf::from(path);
        let entries = entries.iter().map(|name| path.join(name)).collect();
        Linkable { path, entries }
    }

    fn shown(plan: &Plan) -> Vec<String> {
        let carried = plan.carried.iter();
        let left = plan.left.iter();
        carried
            .map(|(path, how)| format!("{how:?} {}", path.display()).to_lowercase())
            .chain(left.map(|path| format!("left {}", path.display())))
            .collect()
    }

    #[test]
    fn patterns_stay_in_the_repository() {
        for good in [
            ".env",
            "/target",
            "node_modules/",
            "!keep",
            "a..b",
            "**/*.key",
        ] {
            assert_eq!(good.parse::<Pattern>().unwrap().as_str(), good);
        }
        for bad in ["", "  ", "../x", "a/../../x", "..", "a\nb", "a\0b"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_carried_and_how() {
        let everything: fn(&Path) -> bool = |_| true;
        let below: fn(&Path) -> bool = |path| path.starts_with("deps") && path != Path::new("deps");
        for (copy, link, ignored, expected) in [
            (
                paths(&[".env", "a/b.key"]),
                vec![],
                everything,
                vec!["copy .env", "copy a/b.key"],
            ),
            (
                paths(&[".env"]),
                vec![],
                |_: &Path| false,
                vec!["left .env"],
            ),
            (
                paths(&["deps/x", "deps/y/z"]),
                vec![linkable("deps", &["x", "y"])],
                everything,
                vec!["link deps"],
            ),
            (
                paths(&["deps/y/z", "b"]),
                vec![linkable("deps", &["x", "y"])],
                below,
                vec!["link deps/x", "link deps/y", "left b"],
            ),
            (
                paths(&["deps"]),
                vec![linkable("deps/x", &[])],
                everything,
                vec!["link deps/x"],
            ),
            (
                vec![],
                vec![linkable("deps", &[])],
                |_: &Path| false,
                vec!["left deps"],
            ),
            (
                vec![],
                vec![linkable("a/b", &[]), linkable("a", &["b"])],
                everything,
                vec!["link a"],
            ),
            (
                paths(&["../x", "/etc/passwd", ".git/config", "a/.GIT/x", ""]),
                vec![linkable(".agenthub", &["sessions"])],
                everything,
                vec![],
            ),
            (
                paths(&[".agenthub/config.yaml", "sub/.agenthub/x"]),
                vec![],
                everything,
                vec!["copy sub/.agenthub/x"],
            ),
        ] {
            let plan = plan(&Found { copy, link }, ignored);
            assert_eq!(shown(&plan), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_carried_out_of_the_worktree_into_another_or_unignored(
            copy in proptest::collection::vec("(\\.\\./|/)?[ab]{1,2}(/[ab]|/\\.git|/\\.\\.){0,3}", 0..12),
            link in proptest::collection::vec("[ab]{1,2}(/[ab]){0,2}", 0..6),
            refused in "[ab]",
        ) {
            let link = link.iter().map(|path| linkable(path, &["a", "b"])).collect();
            let copy = copy.iter().map(PathBuf::from).collect();
            let found = Found { copy, link };
            let plan = plan(&found, |path| !path.ends_with(&refused));
            for path in plan.carried.keys() {
                prop_assert!(found.paths().any(|known| known == path));
                prop_assert!(!path.ends_with(&refused));
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(name) if name != ".git")));
                prop_assert!(!has_above(&plan.carried, path), "{}", path.display());
            }
        }
    }
}
