//! The repository's hooks, settings, attributes and shape count as they do for `git merge`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{branch, tip};
use crate::support::TestRepo;

fn hook(repo: &TestRepo, name: &str, text: &str) {
    let path = repo.path().join(".git/hooks").join(name);
    repo.write(&path, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hook_that_refuses_is_heard_and_nothing_changes() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    hook(
        &repo,
        "pre-merge-commit",
        "echo 'not on a Friday' >&2; exit 1",
    );
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(1);
    assert!(answer.stderr.contains("not on a Friday"), "{answer}");
    assert_eq!(repo.picture(), before);

    hook(&repo, "pre-merge-commit", "exit 0");
    repo.hub(["merge", &id]).ok();
}

#[test]
fn hooks_that_write_the_message_are_honoured() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    hook(&repo, "commit-msg", "echo 'Reviewed-by: a hook' >>\"$1\"");
    repo.hub(["merge", &id]).ok();
    let trailers = repo.typed("git log -1 --format=%B | git interpret-trailers --parse");
    assert!(trailers.ends_with("\nReviewed-by: a hook"), "{trailers}");
    assert!(trailers.starts_with("Hub-Session: "), "{trailers}");
}

#[test]
fn the_merge_is_signed_where_commits_are() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let gpg = repo.script(
        "gpg",
        "cat >/dev/null\n\
         printf '[GNUPG:] SIG_CREATED \\n' >&2\n\
         printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nfake\\n-----END PGP SIGNATURE-----\\n'",
    );
    repo.git(["config", "gpg.program", &gpg]);
    repo.git(["config", "commit.gpgSign", "true"]);
    repo.hub(["merge", &id]).ok();
    let commit = repo.git(["cat-file", "commit", "main"]);
    assert!(
        commit.contains("\ngpgsig -----BEGIN PGP SIGNATURE-----\n"),
        "{commit}"
    );
}

#[test]
fn a_signature_that_cannot_be_made_ends_the_merge() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let gpg = repo.script("gpg", "echo 'no secret key' >&2; exit 2");
    repo.git(["config", "gpg.program", &gpg]);
    repo.git(["config", "commit.gpgSign", "true"]);
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(1);
    assert!(answer.stderr.contains("no secret key"), "{answer}");
    assert_eq!(repo.picture(), before);
}

#[test]
fn settings_for_ones_own_merges_do_not_change_what_a_merge_is() {
    for (name, value) in [
        ("merge.ff", "only"),
        ("merge.ff", "false"),
        ("branch.main.mergeOptions", "--squash"),
        ("branch.main.mergeOptions", "--no-commit --no-ff"),
        ("merge.autoStash", "true"),
    ] {
        let repo = TestRepo::new().with_bench();
        let id = repo.evaluated(|_| ());
        repo.git(["config", name, value]);
        repo.write("README.md", "changed\n");
        let report = repo.hub(["merge", &id, "--json"]).json();
        assert_eq!(report["after"], tip(&repo, "main"), "{name}={value}");
        assert_eq!(
            tip(&repo, "main^2"),
            tip(&repo, &branch(&id, "agent-1")),
            "{name}={value}"
        );
        assert_eq!(
            repo.git(["status", "--porcelain"]),
            " M README.md",
            "{name}={value}"
        );
    }
}

#[test]
fn a_file_added_to_a_folder_that_was_renamed_follows_it() {
    let repo = TestRepo::new().with_bench();
    for name in ["one", "two", "three"] {
        repo.write(format!("old/{name}.txt"), format!("{name}\n").repeat(9));
    }
    repo.commit("Folder");
    let id = repo.evaluated(|worktree| repo.write(worktree.join("old/four.txt"), "four\n"));
    repo.git(["mv", "old", "new"]);
    repo.commit("Rename");
    // Whether git follows silently or asks is a setting of the user's.
    repo.git(["config", "merge.directoryRenames", "true"]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("new/four.txt"), "four\n");
    assert!(!repo.path().join("old").exists());
}

#[test]
fn a_folder_rename_that_git_asks_about_is_a_conflict() {
    let repo = TestRepo::new().with_bench();
    for name in ["one", "two", "three"] {
        repo.write(format!("old/{name}.txt"), format!("{name}\n").repeat(9));
    }
    repo.commit("Folder");
    let id = repo.evaluated(|worktree| repo.write(worktree.join("old/four.txt"), "four\n"));
    repo.git(["mv", "old", "new"]);
    repo.commit("Rename");
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(7);
    assert!(answer.stderr.contains("new/four.txt"), "{answer}");
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_merge_driver_of_the_repositorys_own_is_asked() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitattributes", "*.list merge=both\n");
    repo.write("all.list", "a\n");
    repo.commit("List");
    let id = repo.evaluated(|worktree| repo.write(worktree.join("all.list"), "a\ntheirs\n"));
    repo.write("all.list", "a\nours\n");
    repo.commit("Ours");
    repo.git(["config", "merge.both.driver", "sort -u %A %B -o %A"]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("all.list"), "a\nours\ntheirs\n");
}

#[test]
fn a_submodule_in_the_base_checkout_stays_as_it_is() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "--global", "protocol.file.allow", "always"]);
    let origin = repo.root().join("origin");
    repo.git(["init", "--quiet", origin.to_str().unwrap()]);
    repo.write(origin.join("sub.txt"), "sub\n");
    repo.commit_in(&origin, "Sub");
    repo.git([
        "submodule",
        "--quiet",
        "add",
        origin.to_str().unwrap(),
        "sub",
    ]);
    repo.commit("Submodule");
    let id = repo.evaluated(|_| ());
    repo.write("sub/mine.txt", "mine\n");
    let status = repo.git(["status", "--porcelain"]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(repo.read("sub/mine.txt"), "mine\n");
    assert_eq!(repo.git(["status", "--porcelain"]), status);
}

#[test]
fn a_sparse_checkout_stays_sparse_and_nothing_outside_of_it_is_lost() {
    let repo = TestRepo::new().with_bench();
    repo.write("in/file.txt", "in\n");
    repo.write("out/file.txt", "out\n");
    repo.commit("Folders");
    let id = repo.evaluated(|worktree| {
        repo.write(worktree.join("in/new.txt"), "new\n");
        repo.write(worktree.join("out/new.txt"), "new\n");
    });
    repo.git(["sparse-checkout", "set", "--cone", "in"]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("in/new.txt"), "new\n");
    assert!(!repo.path().join("out").exists());
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    let files = repo.git(["ls-tree", "-r", "--name-only", "main", "in", "out"]);
    assert_eq!(files, "in/file.txt\nin/new.txt\nout/file.txt\nout/new.txt");
}

#[test]
fn line_ends_and_filters_are_what_a_checkout_would_give() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "core.autocrlf", "true"]);
    repo.git(["config", "filter.loud.clean", "tr A-Z a-z"]);
    repo.git(["config", "filter.loud.smudge", "tr a-z A-Z"]);
    repo.git(["config", "filter.loud.required", "true"]);
    repo.write(
        ".gitattributes",
        "*.loud filter=loud -text\nbench.sh -text\np50_ms -text\n",
    );
    repo.commit("Attributes");
    let id = repo.evaluated(|worktree| {
        repo.write(worktree.join("lines.txt"), "one\r\ntwo\r\n");
        repo.write(worktree.join("word.loud"), "HELLO\n");
    });
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("lines.txt"), "one\r\ntwo\r\n");
    assert_eq!(repo.read("word.loud"), "HELLO\n");
    assert_eq!(repo.git(["show", "main:word.loud"]), "hello");
    assert_eq!(repo.git(["show", "main:lines.txt"]), "one\ntwo");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}
