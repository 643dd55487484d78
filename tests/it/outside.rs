//! `hub outside`: what was changed outside of worktrees while agents ran is found, and put back.

mod elsewhere;
mod nothing;
mod settled;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{Answer, TestRepo};

/// A session whose agent-1 does what a test says, and whose other agents do nothing.
struct Ran {
    repo: TestRepo,
    session: String,
    /// What was said to whoever waited.
    waited: Answer,
}

impl Ran {
    /// Runs the agents in a repository with another branch, a tag and a changed file; `$MAIN` is
    /// the main worktree for agent-1.
    fn new(script: &str) -> Self {
        Self::prepared(|_| {}, &["--jobs", "1"], script)
    }

    fn prepared(prepare: impl FnOnce(&TestRepo), flags: &[&str], script: &str) -> Self {
        let repo = TestRepo::new();
        repo.write("src/file", "first\n");
        repo.commit("A file");
        repo.git(["branch", "other"]);
        repo.git(["tag", "v1"]);
        repo.write("mine", "uncommitted\n");
        repo.write("staged", "staged\n");
        repo.git(["add", "staged"]);
        repo.write(".agenthub/templates/own.md", "{task}\n");
        repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
        prepare(&repo);
        let session = repo.newest_session();
        let (main, hub) = (repo.path(), repo.hub_dir());
        let script = format!(
            "test $HUB_AGENT = agent-1 || exit 0\nMAIN={}\nHUB={}\n{script}",
            main.display(),
            hub.display()
        );
        let agent = repo.script("agent.sh", &script);
        let spawn = ["spawn", &session, "--agent-cmd", &agent];
        repo.hub(spawn.iter().chain(flags)).ok();
        let waited = repo.hub(["wait", &session]).ok();
        Self {
            repo,
            session,
            waited,
        }
    }

    /// What is found, in each change its kind and its name.
    fn changes(&self) -> BTreeMap<String, Value> {
        let all = self.repo.hub(["outside", &self.session, "--json"]).json();
        let findings = all["findings"].as_array().unwrap().iter();
        let changes = findings.flat_map(|one| one["changes"].as_array().unwrap().clone());
        let name = |change: &Value| {
            let name = change["name"].as_str().unwrap();
            let name = self.repo.without_paths(name);
            let kind = change["kind"].as_str().unwrap();
            format!("{kind} {}", name.replace(&self.session, "[SESSION]"))
        };
        changes.map(|change| (name(&change), change)).collect()
    }

    #[track_caller]
    fn finds(&self, expected: &[&str]) {
        let found = self.changes();
        let found: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(found, expected, "{}", self.waited);
        let note = format!("`hub outside {}` shows what", self.session);
        assert_eq!(
            self.waited.stderr.contains(&note),
            !expected.is_empty(),
            "{}",
            self.waited
        );
    }

    fn restore(&self, names: &[&str]) -> Answer {
        let command = ["outside", &self.session, "--yes", "--restore"];
        self.repo.hub(command.iter().chain(names)).run()
    }

    /// The states of all changes, each once.
    fn states(&self) -> Vec<String> {
        let states = self.changes().into_values();
        let states = states.map(|one| one["state"].as_str().unwrap().to_owned());
        let mut states: Vec<String> = states.collect();
        states.sort();
        states.dedup();
        states
    }

    fn status(&self) -> Value {
        self.repo.hub(["status", &self.session, "--json"]).json()["outside"].clone()
    }

    fn read(&self, path: impl AsRef<Path>) -> String {
        self.repo.read(path)
    }
}

/// What git says of the main worktree when the test began.
const STATUS: &str = "A  staged\n?? mine";

#[test]
fn the_main_worktree_is_put_back_with_what_was_uncommitted_there() {
    let ran = Ran::new(
        "cd $MAIN\necho more >>src/file\necho over >mine\necho new >src/new\nrm staged\nln -s / link",
    );
    ran.finds(&[
        "file [TEMP]/repo/link",
        "file [TEMP]/repo/mine",
        "file [TEMP]/repo/src/file",
        "file [TEMP]/repo/src/new",
        "file [TEMP]/repo/staged",
    ]);
    let status = ran.status();
    assert_eq!(status[0]["agent"], "agent-1");
    assert_eq!(status[0]["changes"], 1);
    let shown = ran.repo.hub(["status", &ran.session]).ok().stdout;
    assert!(
        shown.contains("by it or by somebody else: hub outside"),
        "{shown}"
    );
    ran.restore(&[]).ok();
    assert_eq!(ran.repo.git(["status", "--porcelain"]), STATUS);
    assert_eq!(ran.read("mine"), "uncommitted\n");
    assert_eq!(ran.read("staged"), "staged\n");
    assert_eq!(ran.states(), ["restored"]);
    assert_eq!(ran.status(), Value::Array(Vec::new()));
    // What stood there is kept.
    let kept = ran
        .repo
        .git(["for-each-ref", "--format=%(refname)", "refs/hub/snapshots"]);
    let held = kept
        .lines()
        .map(|name| ran.repo.git(["ls-tree", "-r", "--name-only", name]));
    assert!(
        held.clone().any(|held| held.contains("src/new")),
        "{held:?}"
    );
    ran.restore(&[]).ok();
}

#[test]
fn a_moved_base_branch_goes_back_with_its_checkout() {
    let ran = Ran::new("cd $MAIN\necho evil >src/file\ngit commit --quiet -am Evil");
    ran.finds(&[
        "file [TEMP]/repo/src/file",
        "index [TEMP]/repo:index",
        "ref refs/heads/main",
    ]);
    let evil = ran.repo.git(["rev-parse", "main"]);
    ran.restore(&[]).ok();
    assert_eq!(ran.repo.git(["status", "--porcelain"]), STATUS);
    assert_eq!(ran.repo.git(["log", "-1", "--format=%s"]), "A file");
    assert_eq!(ran.read("src/file"), "first\n");
    let keeping = ran.repo.git(["for-each-ref", "--contains", &evil]);
    assert!(keeping.contains("refs/hub/snapshots/"), "{keeping}");
}

#[test]
fn refs_go_back_and_an_undo_takes_that_back() {
    let ran = Ran::new(
        "cd $MAIN\ngit branch --quiet -D other\ngit branch new\ngit tag -f -a -m Other v1 main >&2\ngit stash list\ngit pack-refs --all",
    );
    let names = ["refs/heads/new", "refs/heads/other", "refs/tags/v1"];
    ran.finds(
        &names
            .map(|name| format!("ref {name}"))
            .each_ref()
            .map(String::as_str),
    );
    let refs = || {
        let refs = ran.repo.refs().into_iter();
        let of_hub = |one: &String| one.starts_with("refs/hub/");
        refs.filter(|one| !of_hub(one)).collect::<Vec<_>>()
    };
    let found = refs();
    ran.restore(&["other"]).ok();
    assert_eq!(ran.states(), ["open", "restored"]);
    ran.restore(&[]).ok();
    assert_eq!(ran.states(), ["restored"]);
    let before = refs();
    assert!(
        !before.iter().any(|one| one.contains("refs/heads/new")),
        "{before:?}"
    );
    assert!(
        before.iter().any(|one| one.contains("refs/heads/other")),
        "{before:?}"
    );
    ran.repo.hub(["undo", &ran.session]).ok();
    ran.repo.hub(["undo", &ran.session, "--further"]).ok();
    assert_eq!(refs(), found);
    assert_eq!(ran.states(), ["open"]);
    assert_eq!(ran.status()[0]["changes"], 3);
}

#[test]
fn hooks_and_configuration_of_the_repository_go_back() {
    let ran = Ran::new(
        "cd $MAIN\nprintf '#!/bin/sh\\n' >.git/hooks/post-merge 2>/dev/null || { mkdir .git/hooks; printf '#!/bin/sh\\n' >.git/hooks/post-merge; }\nchmod +x .git/hooks/post-merge\ngit config core.pager evil\nmkdir -p .git/info\necho '* filter=evil' >.git/info/attributes",
    );
    ran.finds(&[
        "git_file [TEMP]/repo/.git/config",
        "git_file [TEMP]/repo/.git/hooks/post-merge",
        "git_file [TEMP]/repo/.git/info/attributes",
    ]);
    ran.restore(&[".git/hooks", ".git/info/attributes"]).ok();
    assert!(!ran.repo.path().join(".git/hooks/post-merge").exists());
    assert_eq!(ran.repo.git(["config", "core.pager"]), "evil");
    ran.restore(&[".git/config"]).ok();
    assert!(
        ran.repo
            .try_git_in(ran.repo.path(), ["config", "core.pager"])
            .is_err()
    );
    assert_eq!(ran.states(), ["restored"]);
}
