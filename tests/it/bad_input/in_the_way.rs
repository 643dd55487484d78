//! Repositories and commands that a session cannot stand on, and what stands in its way.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Refusal, everything, not_found, refused, session, usage};
use crate::support::TestRepo;

#[test]
fn a_folder_that_is_no_repository() {
    let repo = TestRepo::new();
    let folder = repo.root().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    let hint = "go into a repository, give -C PATH, or make one with `git init`";
    for command in [&["list"][..], &["init", "--task", "x"], &["status"]] {
        let arguments = [&["-C", folder][..], command].concat();
        not_found("[TEMP]/elsewhere is not in a git repository", hint).ends(&repo, &arguments);
    }
    let arguments = ["-C", "/no/such/folder", "list"];
    not_found("/no/such/folder is not in a git repository", hint).ends(&repo, &arguments);
}

#[test]
fn a_repository_without_a_commit() {
    let repo = TestRepo::new();
    repo.git(["init", "--quiet", "--template=", "../new"]);
    not_found(
        "branch main has no commit yet",
        "make a first one: `git commit --allow-empty -m 'start'`",
    )
    .ends(&repo, &["-C", "../new", "init", "--task", "x"]);
}

#[test]
fn a_detached_head_names_no_base_branch() {
    let repo = TestRepo::new();
    repo.git(["switch", "--quiet", "--detach"]);
    usage(
        "HEAD is detached, so there is no branch to start from",
        "name one with --base-branch BRANCH",
    )
    .ends(&repo, &["init", "--task", "x"]);
}

#[test]
fn a_command_that_cannot_be_run() {
    let repo = TestRepo::new();
    let id = session(&repo);
    let install = "install no-such-program, or give the path to it";
    let relative = "a relative path is looked up in the base commit, then in the current folder";
    let shell = "it is run by `sh -c`; quote it as for the shell";
    for (command, reason, hint) in [
        (
            "no-such-program -x",
            "no-such-program is not found",
            install,
        ),
        (
            "A=1 no-such-program",
            "no-such-program is not found",
            install,
        ),
        ("./nothing.sh", "./nothing.sh is not found", relative),
        ("/no/such/file", "/no/such/file is not found", relative),
        ("sh -c 'oops", "a quote is not closed", shell),
        ("", "it is empty", shell),
    ] {
        let of_eval = format!("eval command {command:?} cannot be run: {reason}");
        let of_agent = format!("agent command {command:?} cannot be run: {reason}");
        usage(&of_eval, hint).ends(&repo, &["init", "--task", "x", "--eval", command]);
        usage(&of_agent, hint).ends(&repo, &["spawn", &id, "--agent-cmd", command]);
        usage(&of_agent, hint).ends(&repo, &["run", "--task", "x", "--agent-cmd", command]);
        let both = [
            "run",
            "--task",
            "x",
            "--agent-cmd",
            "true",
            "--eval",
            command,
        ];
        usage(&of_eval, hint).ends(&repo, &both);
    }
    let nothing = usage(
        "no agent command is given",
        "give --agent PRESET or --agent-cmd CMD, or --no-start to start the agents yourself",
    );
    nothing.ends(&repo, &["spawn", &id]);
    nothing.ends(&repo, &["run", "--task", "x"]);
}

#[test]
fn a_template_that_cannot_be_filled_in() {
    let repo = TestRepo::new();
    let unknown = usage(
        r#"template "nowhere" is neither built in nor a file that can be read"#,
        "built in are plain, optimizer, refactorer, test-writer, bug-fixer; `hub templates` lists all",
    );
    repo.write("prompt.md", "Do {task}\nas {role}\n");
    let placeholder = usage(
        "line 2 of the template uses {role}, which is not a placeholder",
        "known are task, strategy, session, agent, attempt, branch, worktree, board, inbox, base_branch, base_commit, eval_cmd, metric, direction, baseline; write {{ for a brace",
    );
    for (template, refusal) in [("nowhere", &unknown), ("prompt.md", &placeholder)] {
        let agents = ["--agent-cmd", "true", "--template", template];
        // In a repository without a hub directory, where a trace would be seen best.
        let run = [&["run", "--task", "x"][..], &agents].concat();
        refusal.ends(&repo, &run);
    }
    let id = session(&repo);
    for (template, refusal) in [("nowhere", &unknown), ("prompt.md", &placeholder)] {
        let agents = ["--agent-cmd", "true", "--template", template];
        refusal.ends(&repo, &[&["spawn", &id][..], &agents].concat());
        refusal.ends(&repo, &["spawn", &id, "--no-start", "--template", template]);
    }
}

#[test]
fn a_branch_of_that_name() {
    for below in ["", "/[SESSION]", "/[SESSION]/agent-2/attempt-1"] {
        let repo = TestRepo::new();
        let id = session(&repo);
        let name = format!("hub{}", below.replace("[SESSION]", &id));
        repo.git(["branch", &name]);
        let error = format!("branch {name} is there already");
        let hint = format!(
            "look at it with `git log {name}`, then rename it: `git branch -m {name} OTHER`"
        );
        refused(&error, &hint).ends(&repo, &["spawn", &id, "--agent-cmd", "true"]);
    }
}

#[test]
fn a_worktrees_folder_that_is_not_empty() {
    let repo = TestRepo::new();
    let id = session(&repo);
    let folder = repo.root().join("repo.hub").join(&id).join("agent-2");
    repo.write(folder.join("notes"), "mine");
    let shown = format!("[TEMP]/repo.hub/{id}/agent-2");
    let error = format!("{shown} is there already and not empty");
    let hint = format!("look at it, then move it away: `ls -la {shown}`");
    refused(&error, &hint).ends(&repo, &["spawn", &id, "--agent-cmd", "true"]);

    // A file in its place is no better.
    fs::remove_dir_all(&folder).unwrap();
    repo.write(&folder, "mine");
    refused(&error, &hint).ends(&repo, &["spawn", &id, "--agent-cmd", "true"]);
}

#[test]
fn a_worktrees_folder_that_is_empty_is_taken() {
    let repo = TestRepo::new();
    let id = session(&repo);
    let folder = repo.root().join("repo.hub").join(&id).join("agent-2");
    fs::create_dir_all(&folder).unwrap();
    repo.hub(["spawn", &id, "--no-start"]).ok();
    assert_eq!(repo.git_in(&folder, ["status", "--porcelain"]), "");
    assert_eq!(
        repo.git_in(&folder, ["branch", "--show-current"]),
        format!("hub/{id}/agent-2/attempt-1")
    );
}

#[test]
fn a_file_in_the_hub_directorys_place() {
    let repo = TestRepo::new();
    repo.write(".agenthub", "mine");
    Refusal {
        code: "failed",
        status: 1,
        error: "cannot use [TEMP]/repo/.agenthub: not a directory",
        hint: "look at what stands at [TEMP]/repo/.agenthub",
    }
    .ends(&repo, &["init", "--task", "x"]);
}

#[test]
fn a_hub_directory_that_cannot_be_written() {
    let repo = TestRepo::new();
    fs::create_dir(repo.hub_dir()).unwrap();
    fs::set_permissions(repo.hub_dir(), fs::Permissions::from_mode(0o555)).unwrap();
    // Looking needs no writing.
    let list = repo.hub_unprivileged(["list"]).ok();
    assert_eq!(list.stdout, "no sessions\n");
    let before = everything(&repo);
    let answer = repo.hub_unprivileged(["init", "--task", "x"]).fails(1);
    let expected = "error: cannot write [TEMP]/repo/.agenthub/.gitignore: Permission denied (os error 13)\nhint: make [TEMP]/repo/.agenthub/.gitignore writable for you, or work on a copy\n";
    assert_eq!(repo.without_paths(&answer.stderr), expected);
    assert_eq!(answer.stdout, "");
    assert_eq!(everything(&repo), before);
}

#[test]
fn a_path_that_is_almost_as_long_as_paths_can_be() {
    const LONGEST: usize = 4096;
    // The first leaves room for everything below a worktree, the second for the worktree itself,
    // the third not even for that.
    for (room, fits) in [(200, true), (44, true), (20, false)] {
        let repo = TestRepo::new();
        let mut root = repo.root().join("w");
        while root.as_os_str().len() + 202 < LONGEST - room {
            root.push("x".repeat(200));
        }
        root.push("y".repeat(LONGEST - room - root.as_os_str().len() - 1));
        let settings = format!("worktree_root: {}\n", root.display());
        repo.write(repo.home().join(".config/agenthub/config.yaml"), settings);
        repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
        let spawn = repo.hub(["spawn", "latest", "--no-start"]).run();
        assert_eq!(spawn.code(), i32::from(!fits), "{spawn}");
        if !fits {
            // "too long" or "too big", by which call of git or the system comes first.
            assert!(spawn.stderr.contains(" too "), "{spawn}");
            assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
        }
        repo.hub(["archive", "latest"]).ok();
        repo.hub(["cleanup", "latest"]).ok();
        assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
        repo.hub(["doctor"]).ok();
    }
}
