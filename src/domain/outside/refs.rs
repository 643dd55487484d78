//! All refs of a repository at one moment, and which of them stand otherwise later.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::event::RefMove;

/// All refs: the packed ones as git's file has them, and the others by name.
///
/// The file is kept as it is: a hundred thousand refs are looked at only where it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefTable {
    packed: String,
    loose: BTreeMap<String, String>,
}

/// A ref that stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefChanged {
    /// Its full name.
    pub r#ref: String,
    /// What its file held: an id, or `ref: ` and the name of another; null where it was not there.
    pub old: Option<String>,
    /// What it holds; null where it is gone.
    pub new: Option<String>,
}

impl RefTable {
    /// Refs as git keeps them: `packed` holds lines of an id and a name.
    #[must_use]
    pub fn new(packed: String, loose: BTreeMap<String, String>) -> Self {
        Self { packed, loose }
    }

    /// What a ref holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let packed = || lines(&self.packed).find(|(found, _)| *found == name);
        let loose = self.loose.get(name).map(String::as_str);
        loose.or_else(|| packed().map(|(_, value)| value))
    }

    /// The refs that stand otherwise in `later`, by name.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<RefChanged> {
        let same_files = self.packed == later.packed;
        if same_files && self.loose == later.loose {
            return Vec::new();
        }
        let names: BTreeSet<&str> = if same_files {
            let loose = self.loose.keys().chain(later.loose.keys());
            loose.map(String::as_str).collect()
        } else {
            self.names().chain(later.names()).collect()
        };
        let (before, after) = (self.values(&names), later.values(&names));
        let changed = names.into_iter().filter_map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            (old != new).then(|| RefChanged {
                r#ref: name.to_owned(),
                old: old.map(|&value| value.to_owned()),
                new: new.map(|&value| value.to_owned()),
            })
        });
        changed.collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let packed = lines(&self.packed).map(|(name, _)| name);
        packed.chain(self.loose.keys().map(String::as_str))
    }

    /// The values of these refs; a file of its own counts before a packed line.
    fn values<'t>(&'t self, names: &BTreeSet<&str>) -> BTreeMap<&'t str, &'t str> {
        let packed = lines(&self.packed).filter(|(name, _)| names.contains(name));
        let mut values: BTreeMap<&str, &str> = packed.collect();
        let loose = self.loose.iter();
        values.extend(loose.map(|(name, value)| (name.as_str(), value.as_str())));
        values
    }
}

/// Names and ids of the lines of `packed-refs`.
fn lines(packed: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = packed.lines().filter(|line| !line.starts_with(['#', '^']));
    lines.filter_map(|line| line.split_once(' ').map(|(id, name)| (name, id)))
}

/// What of changed refs hub's own moves do not explain: from where hub left each to where it is.
#[must_use]
pub fn unexplained(changes: Vec<RefChanged>, moves: &[RefMove]) -> Vec<RefChanged> {
    let mut of: BTreeMap<&str, Vec<&RefMove>> = BTreeMap::new();
    for one in moves {
        of.entry(one.r#ref.as_str()).or_default().push(one);
    }
    let left = changes.into_iter().filter_map(|change| {
        let mut told = of.get(change.r#ref.as_str()).cloned().unwrap_or_default();
        let mut old = change.old;
        // Journals tell the time in seconds, so that two of them may be read out of order.
        while let Some(next) = told.iter().position(|one| value(one.old.as_ref()) == old) {
            old = value(told.remove(next).new.as_ref());
        }
        (old != change.new).then_some(RefChanged { old, ..change })
    });
    left.collect()
}

fn value(id: Option<&crate::domain::refs::CommitId>) -> Option<String> {
    id.map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const C: &str = "cccccccccccccccccccccccccccccccccccccccc";

    fn table(packed: &[(&str, &str)], loose: &[(&str, &str)]) -> RefTable {
        let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
        for (name, id) in packed {
            text.extend([id, " ", name, "\n^", C, "\n"]);
        }
        let own = |(name, id): &(&str, &str)| ((*name).to_owned(), (*id).to_owned());
        RefTable::new(text, loose.iter().map(own).collect())
    }

    fn changed(name: &str, old: Option<&str>, new: Option<&str>) -> RefChanged {
        RefChanged {
            r#ref: name.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }
    }

    #[test]
    fn what_stands_otherwise_is_found_wherever_git_keeps_it() {
        let before = table(
            &[("refs/a", A), ("refs/b", A), ("refs/c", A)],
            &[("refs/d", A)],
        );
        for (after, expected) in [
            (before.clone(), vec![]),
            // Packing changes nothing.
            (
                table(
                    &[("refs/a", A), ("refs/b", A), ("refs/c", A), ("refs/d", A)],
                    &[],
                ),
                vec![],
            ),
            (
                table(
                    &[("refs/a", A), ("refs/b", A)],
                    &[("refs/b", B), ("refs/d", A)],
                ),
                vec![
                    changed("refs/b", Some(A), Some(B)),
                    changed("refs/c", Some(A), None),
                ],
            ),
            (
                table(
                    &[("refs/a", A), ("refs/b", A), ("refs/c", A)],
                    &[("refs/a", B), ("refs/e", "ref: refs/a")],
                ),
                vec![
                    changed("refs/a", Some(A), Some(B)),
                    changed("refs/d", Some(A), None),
                    changed("refs/e", None, Some("ref: refs/a")),
                ],
            ),
        ] {
            assert_eq!(before.changes(&after), expected);
        }
        assert_eq!(before.get("refs/b"), Some(A));
        assert_eq!(before.get("refs/x"), None);
    }

    #[test]
    fn moves_of_hub_explain_as_far_as_they_go() {
        let id = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let moved = |old, new| RefMove {
            r#ref: "refs/heads/main".parse().unwrap(),
            old: id(old),
            new: id(new),
        };
        let main = |old, new| changed("refs/heads/main", old, new);
        for (change, moves, left) in [
            (main(Some(A), Some(B)), vec![], Some(main(Some(A), Some(B)))),
            (main(Some(A), Some(B)), vec![moved(Some(A), Some(B))], None),
            // In either order.
            (
                main(Some(A), Some(C)),
                vec![moved(Some(B), Some(C)), moved(Some(A), Some(B))],
                None,
            ),
            (
                main(Some(A), Some(C)),
                vec![moved(Some(A), Some(B))],
                Some(main(Some(B), Some(C))),
            ),
            (
                main(Some(A), None),
                vec![moved(Some(B), None)],
                Some(main(Some(A), None)),
            ),
            (main(None, Some(A)), vec![moved(None, Some(A))], None),
        ] {
            assert_eq!(unexplained(vec![change], &moves), Vec::from_iter(left));
        }
    }
}
