//! Templates: those that come with hub, and files of the user's own.

use super::{prompt, spawned_with};
use crate::support::TestRepo;

fn user_template(repo: &TestRepo, name: &str, text: &str) {
    let folder = repo.home().join(".config/agenthub/templates");
    repo.write(folder.join(format!("{name}.md")), text);
}

fn project_template(repo: &TestRepo, name: &str, text: &str) {
    let folder = repo.hub_dir().join("templates");
    repo.write(folder.join(format!("{name}.md")), text);
}

#[test]
fn a_prompt_tells_the_task_the_place_the_measure_and_the_end() {
    let repo = TestRepo::new().with_bench();
    repo.hub([
        "init",
        "--task",
        "Be fast",
        "--agents",
        "1",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ])
    .ok();
    repo.hub(["spawn", "--no-start", "--strategy", "try a cache"])
        .ok();
    insta::assert_snapshot!(repo.normalised(&prompt(&repo, 1)), @r"
    # Task

    Be fast

    Strategy: try a cache

    ## Where you work

    You are agent-1, attempt 1, of session [SESSION]. Others try the same task at the same time, each in a worktree of their own; leave their worktrees and branches alone.

    - Worktree: [TEMP]/repo.hub/[SESSION]/agent-1
    - Branch: hub/[SESSION]/agent-1/attempt-1
    - It starts at [COMMIT], on main.
    - What is said to you while you work: [TEMP]/repo/.agenthub/sessions/[SESSION]/agents/agent-1/inbox.md, once there is something. Look there now and then, and before you stop; it may add to the task.

    Commit on your branch as you go: uncommitted work may be committed for you, but with a message that says nothing.

    ## How it is measured

    - Command, run in your worktree: `sh bench.sh`
    - Metric: p50_ms (lower is better)
    - Baseline, measured where you start: 180

    Run the command before you change anything and again before you stop. What it prints for your last commit is your result; a command that fails is no result.

    ## The board

    The board of this repository is a folder of markdown files, [TEMP]/repo/.agenthub/board: posts are added to it, and none is ever changed or removed. `hub board` knows from your environment who you are. What you are asked stands there, too: `hub board read dispatch --session [SESSION]`

    - When something is worth knowing, say so: `hub board post --message 'what you did, and what came of it'`
    - Before you stop, tell the result: `hub board post --channel results --message 'what you changed, how it was measured, what is left'`

    ## What to leave alone

    - All that is outside your worktree, and every other branch. Do not push, merge, rebase or tag.
    - Whatever the result is measured with: the eval command, its data, what it expects. A result that comes from changing them does not count.
    - What the task does not ask for.

    ## When to stop

    Stop when the task is done and you have checked that it is. Stop, too, when you cannot get further, and say why in the last commit message. Leave nothing running. Your last commit stands for you: make sure that it is whole, and that its message says what you did and what came of it.
    ");
}

#[test]
fn without_an_eval_command_nothing_is_said_of_measuring() {
    let repo = TestRepo::new();
    for role in ["plain", "optimizer", "bug-fixer"] {
        spawned_with(&repo, 1, &["--template", role]);
        let told = prompt(&repo, 1);
        assert!(!told.contains("Baseline"), "{told}");
        assert!(!told.contains("## How it is measured"), "{told}");
        assert!(told.contains("## What to leave alone"), "{told}");
    }
}

#[test]
fn the_users_template_replaces_the_built_in_one_and_the_projects_replaces_both() {
    let repo = TestRepo::new();
    user_template(&repo, "optimizer", "user: {task}\n");
    spawned_with(&repo, 1, &["--template", "optimizer"]);
    assert_eq!(prompt(&repo, 1), "user: Be fast\n");
    project_template(&repo, "optimizer", "project: {task}\n");
    spawned_with(&repo, 1, &["--template", "optimizer"]);
    assert_eq!(prompt(&repo, 1), "project: Be fast\n");
}

#[test]
fn the_name_of_an_own_template_can_be_a_setting() {
    let repo = TestRepo::new();
    project_template(&repo, "ours", "ours: {task}\n");
    repo.write(".agenthub/config.yaml", "template: ours\n");
    spawned_with(&repo, 1, &[]);
    assert_eq!(prompt(&repo, 1), "ours: Be fast\n");
}

#[test]
fn a_path_is_a_template_as_well() {
    let repo = TestRepo::new();
    repo.write("docs/prompt.md", "path: {task}\n");
    spawned_with(&repo, 1, &["--template", "docs/prompt.md"]);
    assert_eq!(prompt(&repo, 1), "path: Be fast\n");
}

#[test]
fn a_name_does_not_lead_out_of_the_folder_of_templates() {
    let repo = TestRepo::new();
    repo.write(".agenthub/secret.md", "no\n");
    repo.write(".agenthub/templates/ours.md", "ours\n");
    for name in ["../secret", ".", "", "/"] {
        repo.hub(["templates", name]).fails(2);
    }
}

#[test]
fn verbose_says_which_file_was_taken() {
    let repo = TestRepo::new();
    project_template(&repo, "ours", "ours: {task}\n");
    repo.hub(["init", "--task", "x"]).ok();
    let spawn = repo.hub(["spawn", "--no-start", "--template", "ours", "-v"]);
    let said = repo.without_paths(&spawn.ok().stderr);
    let line = "template ours is [TEMP]/repo/.agenthub/templates/ours.md";
    assert!(said.contains(line), "{said}");
}

#[test]
fn templates_are_listed_with_where_they_come_from() {
    let repo = TestRepo::new();
    user_template(&repo, "plain", "{task}\n");
    project_template(&repo, "ours", "{task}\n");
    repo.write(".agenthub/templates/notes.txt", "no template\n");
    let list = repo.hub(["templates"]).ok();
    insta::assert_snapshot!(repo.without_paths(&list.stdout), @r"
    TEMPLATE     FROM      STRATEGIES  FILE
    plain        user               0  [TEMP]/home/.config/agenthub/templates/plain.md
    optimizer    built in           8  -
    refactorer   built in           8  -
    test-writer  built in           8  -
    bug-fixer    built in           8  -
    ours         project            0  [TEMP]/repo/.agenthub/templates/ours.md
    ");
}

#[test]
fn one_template_is_printed_as_it_is_so_that_it_can_become_another() {
    let repo = TestRepo::new();
    let text = repo.hub(["templates", "refactorer"]).ok().stdout;
    assert!(text.contains("\nStrategy: {strategy}\n"), "{text}");
    project_template(&repo, "copy", &text);
    let copy = repo.hub(["templates", "copy", "--json"]).json();
    assert_eq!(copy["templates"][0]["text"], text);
    assert_eq!(copy["templates"][0]["source"], "project");
    let path = repo.hub_dir().join("templates/copy.md");
    assert_eq!(copy["templates"][0]["path"], path.to_str().unwrap());
}

#[test]
fn a_template_that_is_not_there_is_named() {
    let repo = TestRepo::new();
    let answer = repo.hub(["templates", "nil"]).fails(2);
    assert_eq!(
        answer.stderr,
        "error: template \"nil\" is neither built in nor a file that can be read\n\
         hint: built in are plain, optimizer, refactorer, test-writer, bug-fixer; `hub templates` lists all\n"
    );
}
