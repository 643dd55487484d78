//! What people do by hand, with plain git and without asking hub.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Agent, Walk};

impl Walk {
    /// One change by hand; where git refuses it, nothing is changed.
    pub(super) fn by_hand(&mut self) {
        let agents = self.agents();
        if self.chance.below(3) == 0 || agents.is_empty() {
            return self.in_the_repository();
        }
        let agent = self.pick(&agents).unwrap();
        let worktree = self.repo.worktree(&agent.session, &agent.name);
        self.by_hand.insert(worktree);
        match agent
            .worktree
            .clone()
            .filter(|path| path.join(".git").exists())
        {
            Some(worktree) if self.chance.below(4) > 0 => self.in_a_worktree(agent, &worktree),
            _ => self.at_refs(agent),
        }
    }

    fn in_a_worktree(&mut self, agent: &Agent, worktree: &Path) {
        let number = self.number();
        let (value, own) = (format!("{number}\n"), format!("own-{number}"));
        match self.chance.below(13) {
            0..=2 => {
                self.wrote(&worktree.join("p50_ms"), &value);
                self.git(
                    worktree,
                    &["commit", "--quiet", "--all", "--message", "by hand"],
                );
            }
            3 => self.wrote(&worktree.join("p50_ms"), &value),
            4 => self.wrote(&worktree.join("untracked"), &value),
            5 => {
                self.wrote(&worktree.join(format!("staged-{number}")), &value);
                self.git(worktree, &["add", "--all"]);
            }
            6 => self.git(worktree, &["checkout", "--quiet", "-b", &own]),
            7 => {
                self.git(worktree, &["checkout", "--quiet", "--detach"]);
                let message = ["commit", "--quiet", "--allow-empty", "--message", "apart"];
                self.git(worktree, &message);
            }
            8 => {
                let amend = ["commit", "--quiet", "--amend", "--allow-empty", "--message"];
                self.git(worktree, &[&amend[..], &[&own]].concat());
            }
            9 => {
                let path = worktree.to_str().unwrap();
                self.git(&self.repo.path(), &["worktree", "remove", path]);
            }
            10 => {
                self.steps.push(format!("rm -rf {}", worktree.display()));
                fs::remove_dir_all(worktree).unwrap();
            }
            11 => {
                let verb = if self.chance.below(2) == 0 {
                    "lock"
                } else {
                    "unlock"
                };
                let path = worktree.to_str().unwrap();
                self.git(&self.repo.path(), &["worktree", verb, path]);
            }
            _ => self.git(worktree, &["checkout", "--quiet", &agent.branch]),
        }
    }

    fn at_refs(&mut self, agent: &Agent) {
        let main = self.repo.path();
        let tag = format!("hub/archive/{}/{}", agent.session, agent.name);
        let mine = format!("mine-{}", self.number());
        match self.chance.below(4) {
            0 => self.git(&main, &["branch", "--quiet", "-D", &agent.branch]),
            1 => self.git(&main, &["branch", "-m", &agent.branch, &mine]),
            2 => self.git(&main, &["tag", "--delete", &tag]),
            _ => self.git(&main, &["branch", "--force", &agent.branch, "main"]),
        }
    }

    fn in_the_repository(&mut self) {
        let main = self.repo.path();
        let number = self.number();
        match self.chance.below(11) {
            0..=2 => {
                self.wrote(&main.join(format!("base-{number}")), "moved on\n");
                self.git(&main, &["add", "--all"]);
                self.git(&main, &["commit", "--quiet", "--message", "moved on"]);
            }
            3 => {
                self.wrote(&main.join("p50_ms"), &format!("{number}\n"));
                self.git(
                    &main,
                    &["commit", "--quiet", "--all", "--message", "conflicts"],
                );
            }
            4 => self.git(&main, &["reset", "--quiet", "--hard", "HEAD~1"]),
            5 => self.wrote(&main.join("old"), &format!("{number}\n")),
            6 => self.wrote(&main.join("untracked"), &format!("{number}\n")),
            7 => self.git(&main, &["checkout", "--quiet", "--detach"]),
            8 => self.git(&main, &["checkout", "--quiet", "main"]),
            9 => self.git(&main, &["gc", "--quiet"]),
            _ => self.git(&main, &["worktree", "prune"]),
        }
    }

    fn number(&mut self) -> usize {
        100 + self.chance.below(100)
    }

    fn wrote(&mut self, path: &PathBuf, text: &str) {
        self.steps
            .push(format!("echo {} >{}", text.trim(), path.display()));
        self.repo.write(path, text);
    }

    fn git(&mut self, folder: &Path, arguments: &[&str]) {
        let line = format!("git -C {} {}", folder.display(), arguments.join(" "));
        let done = self.repo.try_git_in(folder, arguments);
        self.steps.push(match done {
            Ok(_) => line,
            Err(_) => format!("{line} [refused]"),
        });
    }
}
