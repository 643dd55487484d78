//! Links to ignored files and folders of the main worktree.

use std::fs;

use super::{configure, with_ignored, worktree};

#[test]
fn a_file_or_folder_is_linked_to_the_main_worktrees() {
    let repo = with_ignored();
    configure(&repo, "link: [.env, target]\n");
    let worktree = worktree(&repo);
    for name in [".env", "target"] {
        let target = fs::read_link(worktree.join(name)).unwrap();
        assert_eq!(target, repo.path().join(name));
    }
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
}

#[test]
fn a_folder_that_is_ignored_as_a_folder_only_becomes_a_folder_of_links() {
    let repo = with_ignored();
    configure(&repo, "link: node_modules\n");
    let worktree = worktree(&repo);
    let folder = worktree.join("node_modules");
    assert!(fs::symlink_metadata(&folder).unwrap().is_dir());
    for name in ["a", "b"] {
        let target = fs::read_link(folder.join(name)).unwrap();
        assert_eq!(target, repo.path().join("node_modules").join(name));
    }
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
}

#[test]
fn a_link_wins_over_a_copy() {
    let repo = with_ignored();
    repo.write(".worktreeinclude", "*\n");
    configure(&repo, "link: target\n");
    let worktree = worktree(&repo);
    assert!(
        fs::symlink_metadata(worktree.join("target"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::symlink_metadata(worktree.join(".env"))
            .unwrap()
            .is_file()
    );
}

#[test]
fn an_agent_commits_no_link() {
    let repo = with_ignored();
    configure(&repo, "link: [target, node_modules]\n");
    repo.hub(["init", "--task", "x", "-n", "1"]).ok();
    repo.hub(["spawn", "--agent-cmd", "echo new >new.txt"]).ok();
    repo.hub(["wait"]).ok();
    let branch = format!("hub/{}/agent-1/attempt-1", repo.newest_session());
    let changed = repo.git(["diff", "--name-only", "main", &branch]);
    assert_eq!(changed, "new.txt");
}

#[test]
fn cleanup_takes_the_link_and_leaves_what_it_leads_to() {
    let repo = with_ignored();
    repo.write("target/large", vec![0; 3 * 1024 * 1024]);
    configure(&repo, "link: [.env, target, node_modules]\ncopy: '*.key'\n");
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    assert!(worktree.join("target/debug/app").exists());
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(!cleanup.stderr.contains("go ignored files"), "{cleanup}");
    assert!(!worktree.exists());
    assert_eq!(repo.read(".env"), "TOKEN=1\n");
    assert_eq!(repo.read("target/debug/app"), "app\n");
    assert_eq!(repo.read("node_modules/a/index.js"), "a\n");
    assert_eq!(repo.read("keys/one.key"), "1\n");
}

#[test]
fn forced_removal_does_not_follow_links_either() {
    let repo = with_ignored();
    configure(&repo, "link: [target, node_modules]\n");
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("unsaved.txt"), "work\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    assert!(!worktree.exists());
    assert_eq!(repo.read("target/debug/app"), "app\n");
    assert_eq!(repo.read("node_modules/a/index.js"), "a\n");
}
