//! What git keeps of worktrees, held against what stands in their places.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::domain::report::{Danger, FindingCode};
use crate::domain::text::quoted;
use crate::git::{Link, WorktreeRecord};

use super::found::Found;
use super::view::View;

/// Nobody needs an index locked for as long as this.
const LONG_S: u64 = 60;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let records = view.records.iter();
    records.flat_map(|record| of_record(view, record)).collect()
}

fn of_record(view: &View<'_>, record: &WorktreeRecord) -> Vec<Found> {
    let Some(path) = &record.path else {
        let found = view.only.is_none().then(|| broken_record(&record.admin));
        return found.into_iter().collect();
    };
    // Worktrees that people have made elsewhere are their own business.
    let owner = view.owner(path);
    let below = path.starts_with(view.hub.worktree_root());
    let meant = owner.is_some_and(|(id, _)| view.only.as_ref().is_none_or(|only| only == id));
    let beside = below && view.only.is_none();
    if !meant && !beside {
        return Vec::new();
    }
    let looked = owner.and_then(|(id, agent)| Some((view.session(id)?, *agent)));
    let at_work = looked.is_some_and(|(looked, agent)| !looked.free || looked.is_at_work(agent));
    let mut found = Vec::new();
    match &record.link {
        Link::Whole | Link::Missing => {}
        Link::Broken => found.push(broken_link(path)),
        Link::Replaced(by) => found.push(replaced(path, by)),
    }
    let made = record
        .index_locked
        .filter(|made| view.age_s(*made) >= LONG_S);
    if let Some(made) = made.filter(|_| !at_work) {
        found.push(index_lock(path, record.admin.join("index.lock"), made));
    }
    if let Some((id, agent)) = owner {
        found = found
            .into_iter()
            .map(|one| one.of(id).agent(*agent))
            .collect();
    }
    found
}

fn broken_record(admin: &Path) -> Found {
    let what = "what git keeps of a worktree is not whole";
    let found = Found::a(FindingCode::BrokenRecord, what).because(
        "git was killed while it made or removed a worktree, or a file of it was lost",
        Danger::None,
        "git does not see the worktree; the files in its folder stay",
    );
    let hint = "`git worktree prune --verbose` removes it, and what only its reflog names with it";
    found.at(admin).hint(hint)
}

fn broken_link(path: &Path) -> Found {
    let what = "the worktree does not lead to the repository";
    let found = Found::a(FindingCode::BrokenLink, what).because(
        "the repository was moved, or the file .git in the worktree was lost",
        Danger::Blocked,
        "no git works in it; the files stay as they are",
    );
    let path = path.to_path_buf();
    let fix = "lets them find each other again (git worktree repair)";
    found.at(&path).cured(fix, move |hub| {
        let _lock = hub.lock_repository("doctor")?;
        Ok(hub.repository.relink_worktree(&path)?)
    })
}

fn replaced(path: &Path, by: &str) -> Found {
    let what = format!("{by} stands in the place of a worktree");
    let found = Found::a(FindingCode::ReplacedWorktree, what).because(
        "somebody has put it there",
        Danger::Loss,
        "hub neither works in it nor removes it; what the worktree held may be elsewhere",
    );
    let hint = format!(
        "move what stands at {} elsewhere; `git worktree repair NEW-PATH` finds a worktree that was moved",
        quoted(path)
    );
    found.at(path).hint(hint)
}

fn index_lock(path: &Path, lock: PathBuf, made: SystemTime) -> Found {
    let found = Found::a(FindingCode::IndexLock, "its index is locked").because(
        "a git was killed in the worktree, or one is still at work there",
        Danger::Blocked,
        "nothing can be staged or committed there, and cleanup ends with an error",
    );
    let question = format!("Remove the lock of the index of {}?", path.display());
    let fix = format!("removes {}", lock.display());
    found.at(path).asks(question, fix, move |hub| {
        Ok(hub.repository.remove_lock(&lock, made)?)
    })
}
