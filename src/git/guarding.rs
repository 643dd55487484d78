//! What git is told, and what is looked at, so that it runs nothing that somebody who works in a
//! worktree has written there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::BranchName;

use super::error::{Error, Result};
use super::program::Git;
use super::repository::Repository;

/// Keys of a worktree's own configuration that name no program and lead to no other place.
const HARMLESS: [&str; 16] = [
    "advice.",
    "branch.",
    "core.autocrlf",
    "core.bare",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.logallrefupdates",
    "core.precomposeunicode",
    "core.safecrlf",
    "core.sparsecheckout",
    "core.symlinks",
    "extensions.",
    "index.",
    "status.",
    "user.",
];

impl Repository {
    /// Settings for git in a worktree: hooks of the worktree itself are those of the repository,
    /// and no program tells git which files have changed.
    #[must_use]
    pub fn guarding_settings(&self, worktree: &Path) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        if let Some(hooks) = self.setting("core.hooksPath") {
            let hooks = worktree.join(hooks);
            if hooks.starts_with(worktree) {
                let own = self.git_dir().join("hooks");
                settings.push(("core.hooksPath", own.display().to_string()));
            }
        }
        let is_word = |value: &str| matches!(value, "true" | "false" | "yes" | "no" | "1" | "0");
        let monitor = self.setting("core.fsmonitor");
        if monitor.is_some_and(|value| !value.to_str().is_some_and(is_word)) {
            settings.push(("core.fsmonitor", "false".to_owned()));
        }
        settings
    }

    /// A call in a worktree that runs the repository's hooks and none of the worktree's.
    pub(super) fn guarded(&self, worktree: &Path) -> Git {
        let settings = self.guarding_settings(worktree).into_iter();
        settings.fold(Git::at_top(worktree), |call, (name, value)| {
            call.setting(&format!("{name}={value}"))
        })
    }

    /// Whether a commit in a worktree would be made on `branch` itself, or on none: HEAD and the
    /// branch are files, and whoever works there may have let them lead to another ref.
    #[must_use]
    pub fn commits_on(&self, worktree: &Path, branch: &BranchName) -> bool {
        let Some(admin) = self.admin_of(worktree) else {
            return false;
        };
        let plain = |file: &Path| fs::symlink_metadata(file).is_ok_and(|found| found.is_file());
        let head = super::worktrees::head_of(&admin);
        if !plain(&admin.join("HEAD")) {
            return false;
        }
        let Some(target) = head.trim().strip_prefix("ref: ") else {
            return true;
        };
        let name = branch.full();
        let file = self.git_dir().join(name.as_str());
        let leads_on = beneath::read_at_once(&file).is_ok_and(|bytes| bytes.starts_with(b"ref:"));
        let is_file = plain(&file) || fs::symlink_metadata(&file).is_err();
        target == name.as_str() && is_file && !leads_on
    }

    fn setting(&self, name: &str) -> Option<PathBuf> {
        if let Some(library) = &self.library {
            return library.config().ok()?.get_path(name).ok();
        }
        let call = Git::new(self.git_dir()).args(["config", "--path", "--get", name]);
        let answer = call.run().ok()?;
        Some(super::repository::path_of(&answer))
    }

    /// Refuses a worktree whose administration leads elsewhere, or has settings that git would
    /// run something by and that the repository does not have. Whoever works in a worktree can
    /// write both.
    pub(super) fn check_administration(&self, worktree: &Path, admin: &Path) -> Result<()> {
        let common = beneath::read_at_once(&admin.join("commondir")).unwrap_or_default();
        let common = admin.join(super::repository::path_of(&common));
        if super::repository::resolved(&common) != self.git_dir() {
            return Err(Error::NotTheWorktree(worktree.to_path_buf()));
        }
        let file = admin.join("config.worktree");
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(Error::NotTheWorktree(worktree.to_path_buf())),
            Err(_) => return Ok(()),
        }
        // As git copies it to each new worktree.
        let known = entries(&self.git_dir().join("config.worktree")).unwrap_or_default();
        let harmless = |entry: &str| {
            let name = entry.lines().next().unwrap_or_default();
            HARMLESS.iter().any(|known| name.starts_with(known))
        };
        let found = entries(&file)?;
        let foreign = found
            .iter()
            .find(|entry| !harmless(entry) && !known.contains(entry));
        foreign.map_or(Ok(()), |entry| {
            Err(Error::WorktreeSetting {
                worktree: worktree.to_path_buf(),
                file,
                key: entry.lines().next().unwrap_or_default().to_owned(),
            })
        })
    }
}

/// The settings of a file: each its name, a line feed and its value. What it includes is not
/// followed.
fn entries(file: &Path) -> Result<Vec<String>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let call = Git::new(Path::new("/")).args(["config", "--no-includes", "-z", "--list", "--file"]);
    let answer = call.arg(file).run()?;
    let entries = answer.split(|byte| *byte == 0);
    let entries = entries.filter(|entry| !entry.is_empty());
    Ok(entries
        .map(|entry| String::from_utf8_lossy(entry).into_owned())
        .collect())
}
