//! Repositories of every shape go the whole road, and show what git would have checked out.

mod cloned;
mod formats;
mod named;
mod surroundings;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{TestRepo, Tree, passed_over};

/// A way from `init` to `cleanup` in one repository.
struct Road<'r> {
    repo: &'r TestRepo,
    /// The main worktree, or the bare repository.
    home: PathBuf,
    base: &'static str,
    /// What the shell does before each command of hub.
    before: String,
    /// Paths that differ from checkout to checkout.
    own: &'static [&'static str],
}

impl<'r> Road<'r> {
    fn of(repo: &'r TestRepo, home: impl AsRef<Path>) -> Self {
        Self {
            repo,
            home: home.as_ref().to_owned(),
            base: "main",
            before: String::new(),
            own: &[".git", ".agenthub"],
        }
    }

    fn hub(&self, arguments: &str) -> Value {
        let home = self.home.display();
        let answer = self.repo.typed(&format!(
            "{} hub -C '{home}' {arguments} --json",
            self.before
        ));
        serde_json::from_str(&answer).unwrap()
    }

    fn git<const N: usize>(&self, arguments: [&str; N]) -> String {
        self.repo.git_in(&self.home, arguments)
    }

    /// What is in a checkout.
    fn content(&self, checkout: &Path) -> (Tree, String) {
        let tree = self
            .own
            .iter()
            .fold(Tree::read(checkout), |tree, name| tree.outside(name));
        let status = self.repo.git_in(checkout, ["status", "--porcelain"]);
        (tree, status)
    }

    /// What `git worktree add` gives for a commit.
    fn by_git(&self, commit: &str) -> (Tree, String) {
        let folder = self.repo.root().join("by-git");
        let path = folder.to_str().unwrap();
        self.git(["worktree", "add", "--quiet", "--detach", path, commit]);
        let content = self.content(&folder);
        self.git(["worktree", "remove", "--force", path]);
        content
    }

    fn spawned(&self) -> (String, PathBuf) {
        let init = self.hub(&format!(
            "init --task 'Be fast' -n 2 -b {} --eval 'sh bench.sh' --metric p50_ms",
            self.base
        ));
        assert_eq!(init["config"]["baseline"], 180.0, "{init}");
        let id = init["session_id"].as_str().unwrap().to_owned();
        let spawn = self.hub(&format!("spawn {id} --no-start"));
        let worktree = spawn["agents"][0]["worktree"].as_str().unwrap();
        (id, PathBuf::from(worktree))
    }

    /// Archived, cleaned up by force with work that nobody committed, and all of it back again.
    fn walk_back(&self) {
        let (id, worktree) = self.spawned();
        self.repo.write(worktree.join("p50_ms"), "120\n");
        let tip = self.repo.commit_in(&worktree, "Work");
        self.hub(&format!("archive {id}"));
        self.repo.write(worktree.join("mine.txt"), "mine\n");
        let cleanup = self.hub(&format!("cleanup {id} --force"));
        assert!(!worktree.exists(), "{cleanup}");
        let kept = cleanup["snapshots"][0]["commit"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(self.git(["show", &format!("{kept}:mine.txt")]), "mine");

        self.hub(&format!("undo {id}"));
        assert_eq!(self.repo.read(worktree.join("mine.txt")), "mine\n");
        self.hub(&format!("undo {id}"));
        assert!(!worktree.exists());
        self.hub(&format!("restore {id}"));
        assert_eq!(self.repo.git_in(&worktree, ["rev-parse", "HEAD"]), tip);
        assert!(!worktree.join("mine.txt").exists());
        self.hub(&format!("snapshots restore {kept}"));
        assert_eq!(self.repo.read(worktree.join("mine.txt")), "mine\n");
        self.hub(&format!("cleanup {id} --force"));
        let doctor = self.repo.hub(["doctor", "--json"]).json();
        assert_eq!(doctor["findings"].as_array().unwrap().len(), 0, "{doctor}");
        self.hub("snapshots expire --older-than 0s --yes");
        assert_eq!(self.git(["for-each-ref", "refs/hub/snapshots"]), "");
    }

    /// From `init` to `cleanup`; returns the merge's report.
    fn walk(&self) -> Value {
        let refs = |prefix: &str| self.git(["for-each-ref", "--format=%(refname)", prefix]);
        let base = format!("refs/heads/{}", self.base);
        let before = self.git(["rev-parse", &base]);
        let worktrees = self.git(["worktree", "list"]).lines().count();
        let (id, worktree) = self.spawned();
        assert_eq!(self.content(&worktree), self.by_git(&before));

        self.repo.write(worktree.join("p50_ms"), "120\n");
        self.repo.write(worktree.join("new.txt"), "new\n");
        let winner = self.repo.commit_in(&worktree, "Work");
        let eval = self.hub(&format!("eval {id}"));
        assert_eq!(eval["winner"], "agent-1", "{eval}");
        assert_eq!(eval["results"][0]["diff"]["files_changed"], 2, "{eval}");
        let merge = self.hub(&format!("merge {id}"));
        let after = self.git(["rev-parse", &base]);
        assert_eq!(merge["after"], after.as_str());
        let parents = self.git(["show", "--no-patch", "--format=%P", &after]);
        assert_eq!(parents, format!("{before} {winner}"));
        if let Some(checkout) = merge["checkout"].as_str() {
            assert_eq!(self.content(Path::new(checkout)), self.by_git(&after));
        }

        self.hub(&format!("cleanup {id}"));
        assert_eq!(refs("refs/heads/hub/"), "");
        let tag = format!("refs/tags/hub/archive/{id}/agent-2");
        assert_eq!(refs("refs/tags/hub/"), tag);
        let tagged = self.git(["rev-parse", &format!("{tag}^{{commit}}")]);
        assert_eq!(tagged, before);
        assert_eq!(self.git(["worktree", "list"]).lines().count(), worktrees);
        assert!(!worktree.exists());
        merge
    }
}

/// What an agent improves, committed to a repository that stands.
fn bench(repo: &TestRepo, home: &Path) {
    repo.write(home.join("bench.sh"), "echo \"p50_ms: $(cat p50_ms)\"\n");
    repo.write(home.join("p50_ms"), "180\n");
    repo.write(home.join("folder/file.txt"), "file\n");
    repo.commit_in(home, "Measure");
}

/// A repository beside the usual one, made with these arguments; `None` where git cannot.
fn made(repo: &TestRepo, arguments: &[&str]) -> Option<PathBuf> {
    let home = repo.root().join("odd");
    let path = home.to_str().unwrap();
    let command = [&["init", "--quiet"], arguments, &[path]].concat();
    if let Err(error) = repo.try_git_in(repo.root(), command) {
        passed_over(&error);
        return None;
    }
    bench(repo, &home);
    Some(home)
}

/// A clone of the usual repository beside it.
fn cloned(repo: &TestRepo, arguments: &[&str]) -> PathBuf {
    let home = repo.root().join("odd");
    let origin = format!("file://{}", repo.path().display());
    let path = home.to_str().unwrap();
    repo.git([&["clone", "--quiet"], arguments, &[&origin, path]].concat());
    home
}
