//! Branches, tags and every other ref: read, and changed by compare-and-swap.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId, RefName};
use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::program;
use super::refs_below;
use super::repository::{Repository, commit_id, oid, printed_id};

/// A ref that was found, with the commit that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRef {
    /// Its full name.
    pub name: RefName,
    /// The commit; an annotated tag's is the one that it tags.
    pub commit: CommitId,
}

/// One ref from a value to another; `None` is "not there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    /// Its full name.
    pub name: RefName,
    /// What it must be now.
    pub from: Option<CommitId>,
    /// What it becomes.
    pub to: Option<CommitId>,
}

/// How long another program's lock on a ref is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Of so few refs, commits are read as a whole, which whoever asked for the refs will want next:
/// libgit2 keeps them. Of more, it is only looked whether they are commits.
const FEW: usize = 64;

/// How long a lock must stay as it is before it can be nobody's.
const ABANDONED: Duration = Duration::from_secs(1);

impl Repository {
    /// The commit at the tip of a branch; `None` when there is no such branch.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn branch_tip(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        let name = branch.full();
        let Some(library) = &self.library else {
            return self.ref_value(&name);
        };
        match library.find_reference(name.as_str()) {
            Ok(reference) => {
                let commit = reference
                    .peel_to_commit()
                    .map_err(Error::library("read a branch"))?;
                commit_id(commit.id()).map(Some)
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::library("read a branch")(error)),
        }
    }

    /// The refs whose full names begin with `prefix`, which ends with a slash; by name.
    ///
    /// A ref that leads to no commit is passed over.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn refs_under(&self, prefix: &str) -> Result<Vec<FoundRef>> {
        let mut found = match &self.library {
            Some(library) => match refs_below::below(&self.common, prefix) {
                Some(targets) => peeled(library, targets)?,
                None => listed_by_library(library, prefix)?,
            },
            None => self.listed_by_program(prefix)?,
        };
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn listed_by_program(&self, prefix: &str) -> Result<Vec<FoundRef>> {
        const FORMAT: &str = "--format=%(refname) %(objectname) %(*objectname)";
        let answer = self.git().args(["for-each-ref", FORMAT, prefix]).run()?;
        let lines = program::text(&answer)?.lines();
        Ok(lines
            .filter_map(|line| {
                let mut words = line.split(' ');
                let name = words.next()?.parse().ok()?;
                // The commit behind an annotated tag comes last, and is empty for all else.
                let commit = words.rfind(|word| !word.is_empty())?.parse().ok()?;
                Some(FoundRef { name, commit })
            })
            .collect())
    }

    /// The object that a ref names, of an annotated tag its own; `None` when it is not there.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn ref_value(&self, name: &RefName) -> Result<Option<CommitId>> {
        let Some(library) = &self.library else {
            return self.verified(name.as_str());
        };
        match library.find_reference(name.as_str()) {
            Ok(reference) => reference.target().map(commit_id).transpose(),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::library("read a ref")(error)),
        }
    }

    /// What git says that a ref names; `None` when it is not there.
    pub(super) fn verified(&self, name: &str) -> Result<Option<CommitId>> {
        let call = self.git().args(["rev-parse", "--quiet", "--verify", name]);
        let output = call.output()?;
        let found = output.status.success();
        found.then(|| printed_id(&output.stdout)).transpose()
    }

    /// Changes refs, all or none; `message` goes into their reflogs. They reach the disk.
    ///
    /// # Errors
    /// [`Error::RefMoved`] when one of them is not what it must be, [`Error::RefLocked`]
    /// when another program holds one for too long. Nothing is changed then.
    pub fn update_refs(&self, changes: &[RefChange], message: &str) -> Result<()> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(5);
        // A lock of libgit2's stays where hub is killed, and nobody could know whose it is on a
        // branch that is not hub's. git is another process, and ends what it has begun.
        let ours = changes.iter().all(|change| is_hubs(&change.name));
        loop {
            let updated = match &self.library {
                Some(library) if ours => self.update_by_library(library, changes, message),
                _ => self.update_by_program(changes, message),
            };
            match updated {
                Err(Error::RefLocked { .. }) if begun.elapsed() < PATIENCE => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(200));
                }
                other => return other,
            }
        }
    }

    fn update_by_library(
        &self,
        library: &git2::Repository,
        changes: &[RefChange],
        message: &str,
    ) -> Result<()> {
        let mut transaction = library
            .transaction()
            .map_err(Error::library("begin to change refs"))?;
        effect(Point::LockRefs, Error::Io, || {
            changes
                .iter()
                .try_for_each(|change| lock(&mut transaction, change))
        })?;
        // Every one is locked by now, so what is read stays true.
        for change in changes {
            self.check_unmoved(change)?;
            let name = change.name.as_str();
            match &change.to {
                Some(to) => transaction.set_target(name, oid(to)?, None, message),
                None => transaction.remove(name),
            }
            .map_err(Error::library("change a ref"))?;
        }
        effect(Point::ChangeRefs, Error::Io, || {
            transaction
                .commit()
                .map_err(Error::library("change refs"))?;
            for change in changes.iter().filter(|change| change.to.is_some()) {
                flush(&self.common.join(change.name.as_str()));
            }
            Ok(())
        })
    }

    fn check_unmoved(&self, change: &RefChange) -> Result<()> {
        let found = self.ref_value(&change.name)?;
        if found == change.from {
            return Ok(());
        }
        Err(Error::RefMoved {
            name: change.name.clone(),
            expected: change.from.clone(),
            found,
        })
    }

    /// Whether all changes stand.
    ///
    /// # Errors
    /// When a ref is neither where it was to be nor where it was to go.
    fn all_moved(&self, changes: &[RefChange]) -> Result<bool> {
        let mut all = true;
        for change in changes {
            if self.ref_value(&change.name)? != change.to {
                all = false;
                // Where some stand and some do not, git was cut off.
                self.check_unmoved(change)?;
            }
        }
        Ok(all)
    }

    fn update_by_program(&self, changes: &[RefChange], message: &str) -> Result<()> {
        // git-update-ref(1), --stdin -z; an empty old value would mean "whatever it is".
        let mut input = "start\0".to_owned();
        for change in changes {
            let name = &change.name;
            let nothing = "0".repeat(change.to.as_ref().map_or(40, |id| id.as_str().len()));
            let _ = match (&change.from, &change.to) {
                (None, Some(to)) => write!(input, "update {name}\0{to}\0{nothing}\0"),
                (Some(from), Some(to)) => write!(input, "update {name}\0{to}\0{from}\0"),
                (Some(from), None) => write!(input, "delete {name}\0{from}\0"),
                (None, None) => Ok(()),
            };
        }
        input.push_str("prepare\0commit\0");
        let updated = self
            .git()
            .durable()
            .uninterrupted()
            .args([
                "update-ref",
                "--stdin",
                "-z",
                "--create-reflog",
                "-m",
                message,
            ])
            .input(input)
            .run();
        if let Err(error) = &updated {
            if self.all_moved(changes)? {
                // git has done it, and only its end was not heard of.
                log::debug!("{error}");
                return Ok(());
            }
            if let (true, Some(change)) = (is_locked(error), changes.first()) {
                return Err(Error::RefLocked {
                    name: change.name.clone(),
                });
            }
        }
        updated.map(drop)
    }

    /// Frees the refs below a prefix that a killed hub has left locked.
    ///
    /// The lock of a ref is a file, which stays when the process that made it is killed. Only
    /// for refs that hub alone changes, while nobody else may be changing them: whoever calls
    /// this knows that an operation on them was cut off. A lock that comes, goes or changes in
    /// the meantime belongs to somebody who is at work, and stays.
    ///
    /// # Errors
    /// When a lock file cannot be removed.
    pub fn free_refs_under(&self, prefixes: &[String]) -> Result<()> {
        let found = || -> Vec<(PathBuf, Option<SystemTime>)> {
            prefixes
                .iter()
                .flat_map(|prefix| lock_files(&self.common.join(prefix)))
                .map(|path| {
                    let written = fs::metadata(&path).and_then(|meta| meta.modified());
                    (path, written.ok())
                })
                .collect()
        };
        let before = found();
        if before.is_empty() {
            return Ok(());
        }
        thread::sleep(ABANDONED);
        let after = found();
        for (path, written) in after {
            if !before.contains(&(path.clone(), written)) {
                continue;
            }
            log::debug!("{} was left by a process that is gone", path.display());
            effect(
                Point::RemoveFile,
                Error::files("remove", &path),
                || match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        Err(Error::files("remove", &path)(error))
                    }
                    _ => Ok(()),
                },
            )?;
        }
        Ok(())
    }

    /// Makes the object of an annotated tag, without a ref that leads to it yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create_tag_object(
        &self,
        name: &str,
        commit: &CommitId,
        message: &str,
    ) -> Result<CommitId> {
        // git-mktag(1); git itself knows the user's name from all the places it can stand in.
        let tagger = self.committer()?;
        let text =
            format!("object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}");
        let answer = self
            .git()
            .durable()
            .args(["hash-object", "-t", "tag", "-w", "--stdin"])
            .input(text)
            .run()?;
        printed_id(&answer)
    }

    /// Who commits, with the time: `Name <e-mail> seconds zone`.
    fn committer(&self) -> Result<String> {
        let mut call = self.git().args(["var", "GIT_COMMITTER_IDENT"]);
        for (name, value) in self.stand_in_identity()? {
            call = call.variable(name, value);
        }
        let answer = call.run()?;
        Ok(program::text(&answer)?.to_owned())
    }

    /// What names hub itself as the author where the user has told git no name; else nothing.
    pub(super) fn stand_in_identity(&self) -> Result<Vec<(&'static str, &'static str)>> {
        let known =
            |who| -> Result<bool> { Ok(self.git().args(["var", who]).output()?.status.success()) };
        let mut variables = Vec::new();
        if !known("GIT_AUTHOR_IDENT")? {
            variables.extend([
                ("GIT_AUTHOR_NAME", "hub"),
                ("GIT_AUTHOR_EMAIL", "hub@localhost"),
            ]);
        }
        if !known("GIT_COMMITTER_IDENT")? {
            variables.extend([
                ("GIT_COMMITTER_NAME", "hub"),
                ("GIT_COMMITTER_EMAIL", "hub@localhost"),
            ]);
        }
        Ok(variables)
    }
}

fn listed_by_library(library: &git2::Repository, prefix: &str) -> Result<Vec<FoundRef>> {
    let references = library
        .references_glob(&format!("{prefix}*"))
        .map_err(Error::library("list refs"))?;
    let mut found = Vec::new();
    for reference in references {
        let reference = reference.map_err(Error::library("list refs"))?;
        let Some(name) = reference.name().ok().and_then(|name| name.parse().ok()) else {
            continue;
        };
        found.extend(led_to(name, reference.peel_to_commit())?);
    }
    Ok(found)
}

/// Refs as their files have them, with the commits that they lead to.
fn peeled(library: &git2::Repository, targets: refs_below::Targets) -> Result<Vec<FoundRef>> {
    let objects = library.odb().map_err(Error::library("list refs"))?;
    let are_few = targets.len() <= FEW;
    let is_commit = |id| {
        // One that is damaged is one, too.
        are_few && library.find_commit(id).is_ok()
            || matches!(objects.read_header(id), Ok((_, git2::ObjectType::Commit)))
    };
    let mut found = Vec::new();
    for (name, target) in targets {
        let Ok(name) = name.parse() else {
            continue;
        };
        let id = git2::Oid::from_str(&target).map_err(Error::library("list refs"))?;
        // Most name a commit.
        if is_commit(id) {
            let commit = commit_id(id)?;
            found.push(FoundRef { name, commit });
        } else {
            let object = library.find_object(id, None);
            found.extend(led_to(
                name,
                object.and_then(|object| object.peel_to_commit()),
            )?);
        }
    }
    Ok(found)
}

/// Whether hub alone changes a ref of this name.
fn is_hubs(name: &RefName) -> bool {
    const OURS: [&str; 3] = ["refs/heads/hub/", "refs/tags/hub/", "refs/hub/"];
    OURS.iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// Whether git refused a change because another program holds a ref's lock.
fn is_locked(error: &Error) -> bool {
    let said = error.to_string();
    said.contains("Unable to create") && said.contains(".lock': File exists")
}

fn lock(transaction: &mut git2::Transaction<'_>, change: &RefChange) -> Result<()> {
    log::debug!("libgit2: {}", described(change));
    transaction
        .lock_ref(change.name.as_str())
        .map_err(|error| match error.code() {
            git2::ErrorCode::Locked => Error::RefLocked {
                name: change.name.clone(),
            },
            _ => Error::library("lock a ref")(error),
        })
}

fn led_to(
    name: RefName,
    commit: std::result::Result<git2::Commit<'_>, git2::Error>,
) -> Result<Option<FoundRef>> {
    match commit {
        Ok(commit) => Ok(Some(FoundRef {
            name,
            commit: commit_id(commit.id())?,
        })),
        Err(error) => {
            log::debug!("{name} leads to no commit: {}", error.message());
            Ok(None)
        }
    }
}

/// The lock files at or below a folder of refs.
fn lock_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .flat_map(|path| match path.extension() {
            // No ref can have such a name (git-check-ref-format(1)).
            Some(extension) if extension == "lock" => vec![path],
            _ => lock_files(&path),
        })
        .collect()
}

fn described(change: &RefChange) -> String {
    match &change.to {
        Some(to) => format!("{} becomes {}", change.name, to.short()),
        None => format!("{} goes", change.name),
    }
}

/// Brings a file that libgit2 wrote, and its name, to the disk; libgit2 flushes neither.
fn flush(path: &Path) {
    let flushed = beneath::open_at_once(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| {
            path.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        });
    if let Err(error) = flushed {
        // The ref is there; it may have been packed in between.
        log::debug!("cannot flush {}: {error}", path.display());
    }
}
