//! Copies of ignored files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use super::{configure, with_ignored, worktree};
use crate::support::TestRepo;

#[test]
fn nothing_is_copied_that_nobody_asked_for() {
    let repo = with_ignored();
    let worktree = worktree(&repo);
    for path in [".env", "node_modules", "target", "keys"] {
        assert!(!worktree.join(path).exists(), "{path}");
    }
}

#[test]
fn what_worktreeinclude_names_is_copied_as_gitignore_is_read() {
    let repo = with_ignored();
    let text = "# as in .gitignore\n.env\nnode_modules/\n*.key\n!two.key\n";
    repo.write(".worktreeinclude", text);
    let id = repo.spawned(2);
    for agent in ["agent-1", "agent-2"] {
        let worktree = repo.worktree(&id, agent);
        assert_eq!(repo.read(worktree.join(".env")), "TOKEN=1\n");
        assert_eq!(repo.read(worktree.join("node_modules/b/index.js")), "b\n");
        assert_eq!(repo.read(worktree.join("keys/one.key")), "1\n");
        assert!(!worktree.join("keys/two.key").exists());
        assert!(!worktree.join("target").exists());
        assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
    }
}

#[test]
fn the_configuration_adds_to_it() {
    let repo = with_ignored();
    repo.write(".worktreeinclude", ".env\n");
    configure(&repo, "copy:\n  - /target/debug\n  - '*.key'\n");
    let worktree = worktree(&repo);
    assert_eq!(repo.read(worktree.join(".env")), "TOKEN=1\n");
    assert_eq!(repo.read(worktree.join("target/debug/app")), "app\n");
    assert_eq!(repo.read(worktree.join("keys/two.key")), "2\n");
    assert!(!worktree.join("node_modules").exists());
}

#[test]
fn a_variable_gives_one_pattern() {
    let repo = with_ignored();
    let id = repo
        .hub(["init", "--task", "x", "-n", "1", "--json"])
        .json();
    let id = id["session_id"].as_str().unwrap().to_owned();
    let spawn = repo.hub(["spawn", &id, "--no-start"]);
    spawn.env("HUB_COPY", ".env").ok();
    let worktree = repo.worktree(&id, "agent-1");
    assert_eq!(repo.read(worktree.join(".env")), "TOKEN=1\n");
}

#[test]
fn only_what_git_ignores_is_copied() {
    let repo = with_ignored();
    repo.write("notes.txt", "untracked\n");
    repo.write("README.md", "changed and tracked\n");
    configure(&repo, "copy: ['*']\n");
    let worktree = worktree(&repo);
    assert_eq!(repo.read(worktree.join(".env")), "TOKEN=1\n");
    assert!(!worktree.join("notes.txt").exists());
    assert!(!worktree.join(".agenthub").exists());
    assert_eq!(
        repo.read(worktree.join("README.md")),
        "A repository for tests.\n"
    );
}

#[test]
fn what_git_does_not_ignore_in_the_new_worktree_stays_away() {
    let repo = with_ignored();
    // Ignored here by a line that the base commit does not have.
    repo.write(".gitignore", ".env\nsecret\n");
    repo.write("secret", "s\n");
    configure(&repo, "copy: [secret, .env]\n");
    repo.hub(["init", "--task", "x", "-n", "1"]).ok();
    let spawn = repo.hub(["spawn", "--no-start"]).ok();
    assert!(
        spawn
            .stderr
            .contains("not brought into the worktrees, as git does not ignore it there: secret"),
        "{spawn}"
    );
    let worktree = repo.worktree(&repo.newest_session(), "agent-1");
    assert!(!worktree.join("secret").exists());
    assert!(worktree.join(".env").exists());
}

#[test]
fn mode_time_and_links_are_kept() {
    let repo = with_ignored();
    let tool = repo.path().join("target/tool");
    repo.write(&tool, "#!/bin/sh\n");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o750)).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 5000);
    fs::File::open(&tool).unwrap().set_modified(old).unwrap();
    symlink("tool", repo.path().join("target/link")).unwrap();
    symlink("nowhere", repo.path().join("target/dangling")).unwrap();
    configure(&repo, "copy: target\n");
    let target = worktree(&repo).join("target");
    let meta = fs::metadata(target.join("tool")).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o750);
    assert_eq!(meta.modified().unwrap(), old);
    let leads_to = |name| fs::read_link(target.join(name)).unwrap();
    assert_eq!(leads_to("link").to_str(), Some("tool"));
    assert_eq!(leads_to("dangling").to_str(), Some("nowhere"));
}

#[test]
fn a_copy_is_the_agents_own() {
    let repo = with_ignored();
    configure(&repo, "copy: .env\n");
    let worktree = worktree(&repo);
    repo.write(worktree.join(".env"), "TOKEN=2\n");
    assert_eq!(repo.read(".env"), "TOKEN=1\n");
}

#[test]
fn nothing_is_written_through_a_link_that_the_commit_holds() {
    let repo = with_ignored();
    let outside = repo.root().join("outside");
    fs::create_dir(&outside).unwrap();
    // The base commit has a link where the main worktree has a folder by now.
    repo.git([
        "rm",
        "--quiet",
        "--cached",
        "--ignore-unmatch",
        "-r",
        "keys",
    ]);
    fs::rename(repo.path().join("keys"), repo.root().join("keys")).unwrap();
    symlink(&outside, repo.path().join("keys")).unwrap();
    repo.commit("Link");
    fs::remove_file(repo.path().join("keys")).unwrap();
    fs::rename(repo.root().join("keys"), repo.path().join("keys")).unwrap();
    configure(&repo, "copy: ['*.key']\n");
    worktree(&repo);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn what_the_commit_holds_is_not_overwritten() {
    let repo = with_ignored();
    repo.git(["add", "--force", "keys/one.key"]);
    repo.commit("Track one");
    // Ignored here, tracked there.
    repo.git(["rm", "--quiet", "--cached", "keys/one.key"]);
    repo.write("keys/one.key", "mine\n");
    configure(&repo, "copy: ['*.key']\n");
    let worktree = worktree(&repo);
    assert_eq!(repo.read(worktree.join("keys/one.key")), "1\n");
    assert_eq!(repo.read(worktree.join("keys/two.key")), "2\n");
}

#[test]
fn repositories_in_ignored_folders_are_left_out() {
    let repo = with_ignored();
    let inner = repo.path().join("target/inner");
    fs::create_dir_all(&inner).unwrap();
    repo.git_in(&inner, ["init", "--quiet"]);
    repo.write(inner.join("file"), "x\n");
    repo.commit_in(&inner, "Inner");
    configure(&repo, "copy: target\n");
    let worktree = worktree(&repo);
    assert!(worktree.join("target/debug/app").exists());
    assert!(!worktree.join("target/inner").exists());
}

#[test]
fn worktrees_inside_of_the_repository_are_not_copied_into_each_other() {
    let repo = with_ignored();
    configure(&repo, "copy: ['*']\nworktree_root: target/worktrees\n");
    for _ in 0..2 {
        repo.spawned(1);
    }
    let id = repo.newest_session();
    let worktree = repo
        .path()
        .join("target/worktrees")
        .join(id)
        .join("agent-1");
    assert!(worktree.join("target/debug/app").exists());
    let copied = worktree.join("target/worktrees");
    assert!(!copied.exists(), "{:?}", fs::read_dir(&copied));
}

#[test]
fn many_files_are_no_obstacle() {
    let repo = with_ignored();
    // More names than a pipe holds.
    for number in 0..3000 {
        let name = format!("target/a-folder-with-a-long-name/{number:040}");
        repo.write(name, "");
    }
    configure(&repo, "copy: target\n");
    let folder = worktree(&repo).join("target/a-folder-with-a-long-name");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3000);
}

#[test]
fn a_bare_repository_has_nothing_to_copy_from() {
    let repo = with_ignored();
    let bare = repo.root().join("bare.git");
    repo.git(["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let hub = |arguments: &[&str]| {
        let call = repo.hub(arguments).in_folder(&bare);
        call.env("HUB_COPY", "*").env("HUB_LINK", "*").ok()
    };
    hub(&["init", "--task", "x", "-n", "1"]);
    hub(&["spawn", "--no-start"]);
}

#[test]
fn a_pattern_that_leads_out_is_refused() {
    let repo = TestRepo::new();
    configure(&repo, "agents: 1\ncopy: [../x]\n");
    let refused = repo.hub(["list"]).fails(2);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r#"
    error: [TEMP]/repo/.agenthub/config.yaml, line 2: copy: "../x" is not a pattern for ignored files: it leads out of the repository
    hint: docs/formats.md says what each key takes
    "#);
}

#[test]
fn a_spawn_that_fails_takes_its_copies_back() {
    let repo = with_ignored();
    configure(&repo, "copy: ['*']\nlink: [node_modules]\n");
    repo.hub(["init", "--task", "x", "-n", "2"]).ok();
    let id = repo.newest_session();
    let before = repo.picture();
    // The second worktree cannot be made.
    let hook = "#!/bin/sh\ncase $PWD in *agent-2) exit 1;; esac\n";
    repo.write(".git/hooks/post-checkout", hook);
    let hook = repo.path().join(".git/hooks/post-checkout");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.hub(["spawn", &id, "--no-start"]).fails(1);
    assert_eq!(repo.picture(), before);
    assert!(!repo.root().join("repo.hub").exists());
}
