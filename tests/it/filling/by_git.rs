//! What only git can write is git's; the worktrees are the same.

use std::fs;

use crate::support::TestRepo;

use super::{AFTER_ALL, AT_ONCE, BY_GIT, Seen, as_by_git, spawned};

/// Expects that git makes the worktrees, for a reason.
fn left_to_git(repo: &TestRepo, reason: &str) {
    let said = as_by_git(repo);
    assert!(said.contains(&format!("{BY_GIT}{reason}")), "{said}");
}

fn with_files() -> TestRepo {
    let repo = TestRepo::new();
    repo.write("lines.txt", "one\ntwo\n");
    repo.write("deep/er/$Id$.txt", "$Id$\n");
    repo.commit("Files");
    repo
}

#[test]
fn a_plain_repository_is_written_by_hub() {
    let repo = with_files();
    let said = as_by_git(&repo);
    assert!(said.contains(AT_ONCE), "{said}");
}

#[test]
fn a_large_file_is_written_by_git() {
    let repo = with_files();
    repo.write("large", vec![b'x'; 33 * 1024 * 1024]);
    repo.commit("Large");
    let said = as_by_git(&repo);
    assert!(said.contains(AT_ONCE), "{said}");
}

#[test]
fn settings_that_change_files() {
    for (setting, value) in [
        ("core.autocrlf", "true"),
        ("core.eol", "crlf"),
        ("core.symlinks", "false"),
        ("core.fileMode", "false"),
        ("core.ignoreCase", "true"),
        ("core.protectHFS", "true"),
        ("core.sparseCheckout", "true"),
        ("core.splitIndex", "true"),
        ("extensions.worktreeConfig", "true"),
        ("remote.origin.promisor", "true"),
        ("includeIf.onbranch:hub/**.path", "/nowhere"),
    ] {
        let repo = with_files();
        repo.git(["config", setting, value]);
        let key = match setting {
            // The middle part keeps its case.
            "includeIf.onbranch:hub/**.path" => "includeif.onbranch:hub/**.path".to_owned(),
            setting => setting.to_lowercase(),
        };
        left_to_git(&repo, &format!("{key} is set"));
    }
}

#[test]
fn settings_that_change_nothing() {
    let repo = with_files();
    for (setting, value) in [
        ("core.autocrlf", "input"),
        ("core.eol", "lf"),
        ("core.symlinks", "true"),
        ("core.fileMode", "true"),
        ("core.ignoreCase", "false"),
        ("core.fsmonitor", "false"),
        ("core.checkStat", "minimal"),
        ("core.trustCTime", "false"),
        ("core.untrackedCache", "true"),
        ("index.version", "4"),
        ("index.skipHash", "true"),
        ("checkout.workers", "2"),
    ] {
        repo.git(["config", setting, value]);
    }
    repo.write(".gitattributes", "* text=auto eol=lf -filter !ident\n");
    repo.commit("Attributes");
    let said = as_by_git(&repo);
    assert!(said.contains(AT_ONCE), "{said}");
}

#[test]
fn attributes_of_the_commit() {
    for line in [
        "*.txt eol=crlf",
        "* ident",
        "[attr]x working-tree-encoding=UTF-16\n*.txt x",
    ] {
        let repo = with_files();
        repo.write("deep/.gitattributes", line);
        repo.commit("Attributes");
        left_to_git(&repo, "deep/.gitattributes has ");
    }
}

#[test]
fn attributes_beside_the_commit() {
    let repo = with_files();
    let own = repo.path().join(".git/info/attributes");
    repo.write(&own, "* ident\n");
    left_to_git(&repo, &format!("{} has ident", own.display()));

    let repo = with_files();
    let own = repo.home().join(".config/git/attributes");
    repo.write(&own, "* ident\n");
    left_to_git(&repo, &format!("{} has ident", own.display()));

    let repo = with_files();
    let own = repo.root().join("attributes");
    repo.write(&own, "* ident\n");
    repo.git(["config", "core.attributesFile", own.to_str().unwrap()]);
    left_to_git(&repo, &format!("{} has ident", own.display()));
}

#[test]
fn a_filter() {
    let repo = with_files();
    repo.git(["config", "filter.loud.smudge", "tr a-z A-Z"]);
    repo.git(["config", "filter.loud.clean", "tr A-Z a-z"]);
    repo.write(".gitattributes", "*.txt filter=loud\n");
    repo.commit("Attributes");
    left_to_git(&repo, ".gitattributes has filter=loud");
    let id = repo.newest_session();
    let lines = repo.worktree(&id, "agent-1").join("lines.txt");
    assert_eq!(repo.read(lines), "ONE\nTWO\n");
}

#[test]
fn a_hook_after_the_checkout_runs_for_each() {
    let repo = with_files();
    let hook = repo.script("post-checkout", "echo \"$PWD\" >>\"$HOME/ran\"");
    let hooks = std::path::Path::new(&hook).parent().unwrap().to_owned();
    repo.git(["config", "core.hooksPath", hooks.to_str().unwrap()]);
    let (said, worktrees) = spawned(&repo);
    assert!(
        said.contains(&format!("{BY_GIT}there is a hook at {hook}")),
        "{said}"
    );
    let ran = repo.read(repo.home().join("ran"));
    let expected = worktrees.map(|path| path.display().to_string());
    assert_eq!(ran.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_hook_folder_that_holds_another_hook_is_none() {
    let repo = with_files();
    let hook = repo.script("pre-push", "exit 1");
    let hooks = std::path::Path::new(&hook).parent().unwrap().to_owned();
    repo.git(["config", "core.hooksPath", hooks.to_str().unwrap()]);
    let said = as_by_git(&repo);
    assert!(said.contains(AT_ONCE), "{said}");
}

#[test]
fn an_object_that_stands_for_another() {
    let repo = with_files();
    let blob = |text: &str| {
        repo.write(repo.root().join("text"), text);
        repo.git(["hash-object", "-w", "../text"])
    };
    let (old, new) = (blob("one\ntwo\n"), blob("other\n"));
    repo.git(["replace", &old, &new]);
    repo.git(["update-index", "--refresh", "-q"]);
    left_to_git(&repo, "objects are replaced");
}

#[test]
fn a_submodule() {
    let repo = with_files();
    let head = repo.git(["rev-parse", "HEAD"]);
    let entry = format!("160000,{head},sub");
    repo.git(["update-index", "--add", "--cacheinfo", &entry]);
    repo.git(["commit", "--quiet", "--message", "Link"]);
    left_to_git(&repo, "sub is a submodule");
}

#[test]
fn names_that_git_refuses_are_not_written() {
    for name in ["..", ".git", ".GIT", "git~1", ".git ", "a\\.git"] {
        let repo = with_files();
        let blob = repo.git(["rev-parse", "HEAD:lines.txt"]);
        let tree = "printf '100644 blob %s\\t%s\\n' \"$1\" \"$2\" | git mktree";
        let output = repo.shell(tree).args(["sh", &blob, name]).output().unwrap();
        let below = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let tree = "printf '040000 tree %s\\tfolder\\n' \"$1\" | git mktree";
        let output = repo.shell(tree).args(["sh", &below]).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let commit = repo.git(["commit-tree", "-m", "Evil", &tree]);
        repo.git(["update-ref", "refs/heads/evil", &commit]);
        let init = ["init", "--task", "t", "--base-branch", "evil"];
        repo.hub(init).ok();
        let answer = repo.hub(["spawn", "--no-start", "-v"]).run();
        let said = format!("{BY_GIT}folder/{name} is a name that git may refuse");
        assert!(answer.stderr.contains(&said), "{answer}");
        assert!(!repo.root().join("repo.hub/lines.txt").exists());
    }
}

#[test]
fn a_long_road_of_folders() {
    let repo = TestRepo::new();
    let path = "folder/".repeat(400) + "file";
    let stream = format!(
        "commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 0\n\
         from refs/heads/main^0\nM 100644 inline {path}\ndata 2\nx\n\n"
    );
    repo.write(repo.root().join("stream"), stream);
    let status = repo.shell("git fast-import --quiet <../stream").status();
    assert!(status.unwrap().success());
    repo.git(["reset", "--quiet", "--hard"]);
    left_to_git(&repo, "folder/folder/");
}

#[test]
fn a_worktree_that_cannot_be_written_is_left_to_git() {
    let repo = with_files();
    repo.hub(["init", "--task", "t", "--agents", "2"]).ok();
    let id = repo.newest_session();
    let spawn = repo.hub(["spawn", &id, "--no-start", "-v"]);
    let said = spawn
        .env("HUB_FAIL", "after fill=1*return(EIO)")
        .ok()
        .stderr;
    assert!(said.contains(AFTER_ALL), "{said}");
    let path = repo.root().join("by-git");
    let add = [
        "worktree",
        "add",
        "--quiet",
        "-b",
        "by-git",
        path.to_str().unwrap(),
    ];
    repo.git(add);
    let expected = Seen::of(&repo, &path);
    for agent in ["agent-1", "agent-2"] {
        assert_eq!(Seen::of(&repo, &repo.worktree(&id, agent)), expected);
    }
}

#[test]
fn a_blob_that_is_gone_is_an_error_of_git() {
    let repo = with_files();
    let blob = repo.git(["rev-parse", "HEAD:lines.txt"]);
    repo.hub(["init", "--task", "t"]).ok();
    let file = repo
        .path()
        .join(".git/objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    fs::remove_file(file).unwrap();
    let answer = repo.hub(["spawn", "--no-start"]).fails(1);
    assert!(answer.stderr.contains("git reset --hard"), "{answer}");
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}
