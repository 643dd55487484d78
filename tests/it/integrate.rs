//! `hub integrate`: what it writes into a repository, and what it leaves alone.

mod executed;
mod templates;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Terminal, TestRepo, Tree};

const CLAUDE: [&str; 6] = [
    ".claude/commands/hub-board.md",
    ".claude/commands/hub-eval.md",
    ".claude/commands/hub-merge.md",
    ".claude/commands/hub-run.md",
    ".claude/commands/hub-status.md",
    ".claude/skills/hub/SKILL.md",
];

/// Every integration with the files that it is made of.
const ALL: [(&str, &[&str]); 4] = [
    ("claude", &CLAUDE),
    ("agents-md", &["AGENTS.md"]),
    ("github-actions", &[".github/workflows/hub.yml"]),
    ("shell", &["scripts/hub-session.sh"]),
];

fn tree(repo: &TestRepo) -> Tree {
    Tree::read(&repo.path()).outside(".git")
}

fn actions(report: &Value) -> Vec<Value> {
    let files = report["files"].as_array().unwrap().iter();
    files.map(|file| file["action"].clone()).collect()
}

#[test]
fn all_is_written_once_known_again_and_taken_away_again() {
    let repo = TestRepo::new();
    repo.write("AGENTS.md", "# Mine\n\nBe kind.\n");
    let before = tree(&repo);
    for (tool, paths) in ALL {
        let report = repo.hub(["integrate", tool, "--yes", "--json"]).json();
        assert_eq!(report["integration"], tool);
        assert_eq!(report["worktree"], repo.path().to_str().unwrap());
        let files = report["files"].as_array().unwrap();
        assert_eq!(files.len(), paths.len());
        for (file, path) in files.iter().zip(paths) {
            assert_eq!(file["path"], repo.path().join(path).to_str().unwrap());
            let action = if tool == "agents-md" {
                "update"
            } else {
                "create"
            };
            assert_eq!(file["action"], action, "{path}");
            assert_eq!(file["backup"], Value::Null);
            assert!(repo.path().join(path).is_file(), "{path}");
        }
        let written = tree(&repo);
        let again = repo.hub(["integrate", tool]).ok();
        assert_eq!(again.stdout, "nothing to do: all is as it shall be\n");
        assert_eq!(tree(&repo), written);
    }
    let script = fs::metadata(repo.path().join("scripts/hub-session.sh")).unwrap();
    assert_eq!(script.permissions().mode() & 0o111, 0o111);
    assert!(
        repo.read("AGENTS.md")
            .starts_with("# Mine\n\nBe kind.\n\n<!-- hub integrate ")
    );
    // Nothing of it is hub's own.
    assert!(!repo.hub_dir().exists());
    for (tool, _) in ALL {
        repo.hub(["integrate", tool, "--remove", "--yes"]).ok();
        let again = repo.hub(["integrate", tool, "--remove"]).ok();
        assert_eq!(again.stdout, "nothing to do: all is as it shall be\n");
    }
    assert_eq!(tree(&repo), before);
}

#[test]
fn what_would_be_written_is_shown_first() {
    let repo = TestRepo::new();
    let before = tree(&repo);
    let shown = repo.hub(["integrate", "shell", "--dry-run"]).ok().stdout;
    assert!(
        shown.starts_with("--- /dev/null\n+++ b/scripts/hub-session.sh\n@@ -0,0 +1,"),
        "{shown}"
    );
    assert!(
        shown.contains("\n+#!/bin/sh\n+# hub integrate shell, sha256 "),
        "{shown}"
    );
    assert!(
        shown.ends_with("\n\nwould create scripts/hub-session.sh\n"),
        "{shown}"
    );
    let refused = repo.hub(["integrate", "shell"]).fails(6);
    assert!(
        refused.stdout.starts_with("--- /dev/null\n+++ b/scripts/"),
        "{refused}"
    );
    assert!(refused.stderr.contains("--yes"), "{refused}");
    let refused = repo.hub(["integrate", "shell", "--json"]).fails(6);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.starts_with("--- /dev/null\n+++ b/scripts/"));
    let last: Value = serde_json::from_str(refused.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "refused");
    assert_eq!(tree(&repo), before);

    let no = |key: &str| {
        let mut terminal = Terminal::start(repo.hub(["integrate", "shell"]), 100);
        terminal.sees("Write 1 file in ");
        terminal.types(key);
        terminal.ends()
    };
    let (status, screen) = no("n");
    assert_eq!(status, 6, "{screen}");
    assert_eq!(tree(&repo), before);
    // Ctrl-C is an answer, too.
    let (status, screen) = no("\x03");
    assert_eq!(status, 130, "{screen}");
    assert_eq!(tree(&repo), before);
    let (status, screen) = no("y");
    assert_eq!(status, 0, "{screen}");
    assert!(
        screen.contains("created scripts/hub-session.sh"),
        "{screen}"
    );
}

#[test]
fn an_edited_file_stays_and_so_do_all_others() {
    let repo = TestRepo::new();
    repo.hub(["integrate", "claude", "--yes"]).ok();
    let edited = repo.read(CLAUDE[1]).replace("ranking", "order");
    repo.write(CLAUDE[1], &edited);
    fs::remove_file(repo.path().join(CLAUDE[3])).unwrap();
    repo.write(CLAUDE[4], "my own\n");
    let before = tree(&repo);
    for remove in [&[][..], &["--remove"]] {
        let words = ["integrate", "claude", "--yes"];
        let refused = repo.hub(words.iter().chain(remove)).fails(6);
        assert!(
            refused.stderr.starts_with(&format!(
                "error: 2 files are not as hub wrote them: {}, {}\nhint: `hub integrate claude",
                CLAUDE[1], CLAUDE[4]
            )),
            "{refused}"
        );
        assert_eq!(tree(&repo), before);
    }
    let plan = repo
        .hub(["integrate", "claude", "--dry-run", "--json"])
        .json();
    let expected = ["keep", "edited", "keep", "create", "edited", "keep"];
    assert_eq!(actions(&plan), expected.map(Value::from));
    let report = repo
        .hub(["integrate", "claude", "--yes", "--force", "--json"])
        .json();
    let expected = ["keep", "replace", "keep", "create", "replace", "keep"];
    assert_eq!(actions(&report), expected.map(Value::from));
    let backup = report["files"][1]["backup"].as_str().unwrap();
    assert_eq!(
        Path::new(backup),
        repo.path().join(format!("{}.orig", CLAUDE[1]))
    );
    assert_eq!(repo.read(backup), edited);
    // A second one does not take the place of the first.
    repo.write(CLAUDE[1], "again\n");
    repo.hub(["integrate", "claude", "--yes", "--remove", "--force"])
        .ok();
    assert_eq!(repo.read(backup), edited);
    assert_eq!(repo.read(format!("{}.orig-2", CLAUDE[1])), "again\n");
    assert!(!repo.path().join(CLAUDE[0]).exists());
}

/// The same file as an earlier hub would have written it.
fn earlier(text: &str) -> String {
    let mark = text
        .lines()
        .find(|line| line.contains(", sha256 "))
        .unwrap();
    let digest = &mark.split(", sha256 ").nth(1).unwrap()[..64];
    let changed = text.replace("task", "job");
    let rest = changed.replace(&format!("{mark}\n"), "");
    let hash = Sha256::digest(rest.as_bytes());
    let hex = hash.iter().map(|byte| format!("{byte:02x}"));
    changed.replace(digest, &hex.collect::<Vec<_>>().concat())
}

#[test]
fn what_an_earlier_hub_wrote_is_brought_up_to_date() {
    let repo = TestRepo::new();
    for (tool, path) in [("claude", CLAUDE[3]), ("github-actions", ALL[2].1[0])] {
        repo.hub(["integrate", tool, "--yes"]).ok();
        let now = repo.read(path);
        let old = earlier(&now);
        assert_ne!(old, now);
        repo.write(path, &old);
        let answer = repo.hub(["integrate", tool, "--yes"]).ok();
        assert!(
            answer.stdout.ends_with(&format!("\nupdated {path}\n")),
            "{answer}"
        );
        assert_eq!(repo.read(path), now);
        // One that is not the newest can be taken away, too.
        repo.write(path, &old);
        repo.hub(["integrate", tool, "--yes", "--remove"]).ok();
        assert!(!repo.path().join(path).exists());
    }
}

#[test]
fn it_goes_to_the_top_of_the_worktree_where_hub_is_called() {
    let repo = TestRepo::new();
    fs::create_dir_all(repo.path().join("deep/er")).unwrap();
    repo.hub(["integrate", "agents-md", "--yes"])
        .in_folder(repo.path().join("deep/er"))
        .ok();
    assert!(repo.path().join("AGENTS.md").is_file());
    let linked = repo.root().join("linked");
    repo.git(["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let report = repo.hub(["integrate", "shell", "--yes", "--json"]);
    let report = report.in_folder(&linked).json();
    assert_eq!(report["worktree"], linked.to_str().unwrap());
    assert!(linked.join("scripts/hub-session.sh").is_file());
    assert!(!repo.path().join("scripts").exists());

    let bare = repo.root().join("bare.git");
    repo.git_in(
        repo.root(),
        ["init", "--quiet", "--bare", bare.to_str().unwrap()],
    );
    repo.hub(["integrate", "shell", "--yes"])
        .in_folder(&bare)
        .fails(3);
    repo.hub(["integrate", "emacs"]).fails(2);
}

#[test]
fn links_are_followed_within_the_worktree_alone() {
    let repo = TestRepo::new();
    let outside = repo.root().join("outside");
    fs::create_dir(&outside).unwrap();
    let aimed: [(PathBuf, &str); 4] = [
        (outside.clone(), ".claude"),
        (repo.path().join(".git/hooks"), ".claude"),
        (outside.join("AGENTS.md"), "AGENTS.md"),
        (repo.path().join("nowhere"), "AGENTS.md"),
    ];
    for (target, name) in aimed {
        let link = repo.path().join(name);
        symlink(&target, &link).unwrap();
        let before = (Tree::read(&outside), tree(&repo));
        let tool = if name == "AGENTS.md" {
            "agents-md"
        } else {
            "claude"
        };
        let refused = repo.hub(["integrate", tool, "--yes", "--force"]).fails(6);
        assert!(refused.stderr.contains("is a symbolic link"), "{refused}");
        assert_eq!((Tree::read(&outside), tree(&repo)), before);
        fs::remove_file(&link).unwrap();
    }
    assert!(!repo.path().join(".git/hooks/commands").exists());
    // Many have one file under two names.
    repo.write("CLAUDE.md", "# Mine\n");
    symlink("CLAUDE.md", repo.path().join("AGENTS.md")).unwrap();
    repo.hub(["integrate", "agents-md", "--yes"]).ok();
    assert!(repo.path().join("AGENTS.md").is_symlink());
    assert!(
        repo.read("CLAUDE.md")
            .starts_with("# Mine\n\n<!-- hub integrate agents-md")
    );
}

#[test]
fn what_is_no_text_of_hubs_is_left_as_it_is() {
    let repo = TestRepo::new();
    repo.write("AGENTS.md", b"na\xefve\n");
    let before = tree(&repo);
    let refused = repo
        .hub(["integrate", "agents-md", "--yes", "--force"])
        .fails(6);
    assert!(
        refused.stderr.contains("AGENTS.md is not UTF-8"),
        "{refused}"
    );
    fs::create_dir_all(repo.path().join("scripts/hub-session.sh")).unwrap();
    repo.hub(["integrate", "shell", "--yes", "--force"])
        .fails(1);
    fs::remove_dir_all(repo.path().join("scripts")).unwrap();
    assert_eq!(tree(&repo), before);

    repo.write("AGENTS.md", "# Mine\n");
    repo.hub(["integrate", "agents-md", "--yes"]).ok();
    let text = repo.read("AGENTS.md");
    repo.write("AGENTS.md", text.replace("<!-- end of", "<!-- no end of"));
    let refused = repo
        .hub(["integrate", "agents-md", "--yes", "--force"])
        .fails(6);
    assert!(refused.stderr.contains("are not whole"), "{refused}");

    let other = repo.path().join(ALL[2].1[0]);
    repo.write(&other, b"\xff\xfe\n");
    repo.hub(["integrate", "github-actions", "--yes"]).fails(6);
    repo.hub(["integrate", "github-actions", "--yes", "--force"])
        .ok();
    let kept = fs::read(other.with_file_name("hub.yml.orig")).unwrap();
    assert_eq!(kept, b"\xff\xfe\n");
    let report = repo.hub(["integrate", "github-actions", "--json"]).json();
    assert_eq!(actions(&report), [json!("keep")]);
}
