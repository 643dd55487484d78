//! Many refs and commits looked at in one pass, for whoever checks them all.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::domain::refs::CommitId;

use super::error::{Error, Result};
use super::program;
use super::repository::{Repository, commit_id, oid};

/// A ref at or below a place of hub's own, as it is; its name need not be one that hub gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRef {
    /// Its full name.
    pub name: String,
    /// The object that it names; `None` for one that leads to another ref.
    pub object: Option<CommitId>,
    /// The commit that it leads to; `None` when it leads to none that is there.
    pub commit: Option<CommitId>,
    /// Whether it names an annotated tag.
    pub annotated: bool,
}

/// The places of hub's own; a ref can stand at one or below it.
pub(super) const PLACES: [&str; 3] = ["refs/heads/hub", "refs/tags/hub", "refs/hub"];

fn is_at_or_below(name: &str, place: &str) -> bool {
    name.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Repository {
    /// The refs at and below the places that are hub's own, by name.
    ///
    /// One whose file is not whole is passed over by git; see [`Repository::ref_files`].
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn hub_refs(&self) -> Result<Vec<HubRef>> {
        let mut found = match &self.library {
            Some(library) => surveyed_by_library(library)?,
            None => self.surveyed_by_program()?,
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn surveyed_by_program(&self) -> Result<Vec<HubRef>> {
        const FORMAT: &str =
            "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)";
        let answer = self
            .git()
            .args(["for-each-ref", FORMAT])
            .args(PLACES)
            .run()?;
        let lines = program::text(&answer)?.lines();
        Ok(lines.filter_map(printed_ref).collect())
    }

    /// Of `commits`, those that are not in the repository.
    ///
    /// # Errors
    /// When the objects cannot be asked for.
    pub fn absent(&self, commits: &BTreeSet<CommitId>) -> Result<BTreeSet<CommitId>> {
        if commits.is_empty() {
            return Ok(BTreeSet::new());
        }
        if let Some(library) = &self.library {
            let is_there =
                |commit: &CommitId| oid(commit).map(|id| library.find_commit(id).is_ok());
            let mut absent = BTreeSet::new();
            for commit in commits {
                if !is_there(commit)? {
                    absent.insert(commit.clone());
                }
            }
            return Ok(absent);
        }
        let mut input = String::new();
        for commit in commits {
            let _ = writeln!(input, "{commit}");
        }
        let answer = self
            .git()
            .args(["cat-file", "--batch-check=%(objectname) %(objecttype)"])
            .input(input)
            .run()?;
        let lines = program::text(&answer)?.lines();
        Ok(lines
            .filter_map(|line| line.strip_suffix(" missing")?.parse().ok())
            .collect())
    }

    /// Of `commits`, which are all there, those that `tip` does not reach.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn not_reached_from(
        &self,
        tip: &CommitId,
        commits: &BTreeSet<CommitId>,
    ) -> Result<BTreeSet<CommitId>> {
        if commits.is_empty() {
            return Ok(BTreeSet::new());
        }
        let walked: BTreeSet<CommitId> = if let Some(library) = &self.library {
            let failed = Error::library("walk the history");
            let mut walk = library.revwalk().map_err(&failed)?;
            for commit in commits {
                walk.push(oid(commit)?).map_err(&failed)?;
            }
            walk.hide(oid(tip)?).map_err(&failed)?;
            walk.map(|id| commit_id(id.map_err(&failed)?))
                .collect::<Result<_>>()?
        } else {
            let mut input = String::new();
            for commit in commits {
                let _ = writeln!(input, "{commit}");
            }
            let _ = writeln!(input, "^{tip}");
            let call = self.git().args(["rev-list", "--stdin"]).input(input);
            let answer = call.run()?;
            let lines = program::text(&answer)?.lines();
            lines.filter_map(|line| line.parse().ok()).collect()
        };
        Ok(commits.intersection(&walked).cloned().collect())
    }

    /// Whether the history was cut when the repository was cloned.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.common.join("shallow").exists()
    }

    /// Whether git knows who commits.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn knows_identity(&self) -> Result<bool> {
        Ok(self.stand_in_identity()?.is_empty())
    }
}

fn surveyed_by_library(library: &git2::Repository) -> Result<Vec<HubRef>> {
    let failed = Error::library("list refs");
    let mut found = Vec::new();
    for place in PLACES {
        let references = library
            .references_glob(&format!("{place}*"))
            .map_err(&failed)?;
        for reference in references {
            let reference = reference.map_err(&failed)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if !is_at_or_below(&name, place) {
                continue;
            }
            let object = reference.target();
            let annotated = object.is_some_and(|id| library.find_tag(id).is_ok());
            let commit = reference.peel_to_commit().ok();
            found.push(HubRef {
                name,
                object: object.map(commit_id).transpose()?,
                commit: commit.map(|commit| commit_id(commit.id())).transpose()?,
                annotated,
            });
        }
    }
    Ok(found)
}

/// A line of `git for-each-ref`: name, kind and id; behind a tag also those of what it tags.
fn printed_ref(line: &str) -> Option<HubRef> {
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let name = words.next()?.to_owned();
    let (kind, object) = (words.next()?, words.next()?.parse().ok());
    let tagged = words.next().zip(words.next());
    let commit = match (kind, tagged) {
        ("commit", _) => object.clone(),
        (_, Some(("commit", id))) => id.parse().ok(),
        _ => None,
    };
    Some(HubRef {
        name,
        object,
        commit,
        annotated: kind == "tag",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_git_are_read() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let read = |line: String| printed_ref(&line).unwrap();
        let branch = read(format!("refs/heads/hub/x commit {one}  "));
        assert_eq!(branch.commit.unwrap().as_str(), one);
        assert!(!branch.annotated);
        let tag = read(format!("refs/tags/hub/x tag {two} commit {one}"));
        assert_eq!(tag.object.unwrap().as_str(), two);
        assert_eq!(tag.commit.unwrap().as_str(), one);
        assert!(tag.annotated);
        assert_eq!(read(format!("refs/hub/x blob {one}  ")).commit, None);
    }

    #[test]
    fn a_place_ends_at_a_slash() {
        assert!(is_at_or_below("refs/heads/hub", "refs/heads/hub"));
        assert!(is_at_or_below("refs/heads/hub/a", "refs/heads/hub"));
        assert!(!is_at_or_below("refs/heads/hubble", "refs/heads/hub"));
    }
}
