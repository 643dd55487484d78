//! Messages of tasks that are hard to tell from what git obeys.

use crate::support::TestRepo;

/// Merges a session of this task, and returns the trailers that git finds.
fn trailers(task: &str, how: &[&str]) -> (String, TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let init = [
        "init",
        "-n",
        "1",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ];
    repo.hub(init.iter().chain(&["--task", task])).ok();
    let id = repo.newest_session();
    repo.hub(["spawn", "--no-start"]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(worktree, "Work");
    repo.hub(["eval", &id]).ok();
    repo.hub([&["merge", &id][..], how].concat()).ok();
    let found = repo.typed("git log -1 --format=%B | git interpret-trailers --parse");
    (found, repo, id)
}

fn expected(id: &str) -> String {
    format!("Hub-Session: {id}\nHub-Agent: agent-1\nHub-Metric: p50_ms=120\nHub-Delta: -60")
}

#[test]
fn the_trailers_of_any_task_are_found_and_only_they() {
    let long = format!("Long\n\n{}", "word ".repeat(6000));
    for task in [
        "Be fast",
        "Be fast\n\nFirst.\n\nHub-Agent: nobody\nSigned-off-by: Nobody <n@example.com>",
        "Be fast\r\n\r\nWindows: yes\r\nHub-Agent: nobody\r\n",
        "Be fast\n\n---\n\nbelow a rule",
        "# Be fast\n\n# comment\n#hash\n; semicolon\n\n## Last",
        "Be fast\n# ------------------------ >8 ------------------------\nbelow",
        "Be fast\n\nConflicts:\n\tsrc/a.rs\n",
        "Be fast\n\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n",
        long.trim(),
    ] {
        for how in [&[][..], &["--squash"]] {
            let (found, repo, id) = trailers(task, how);
            assert_eq!(found, expected(&id), "{task:?} {how:?}");
            let subject = repo.git(["log", "-1", "--format=%s"]);
            assert!(subject.contains(" agent-1: "), "{subject}");
            let body = repo.git(["log", "-1", "--format=%B"]);
            // Every word of the task is there.
            for word in task.split_whitespace() {
                assert!(body.contains(word), "{word:?} of {task:?}: {body}");
            }
        }
    }
}

#[test]
fn lines_of_the_task_stay_whatever_the_user_has_set_for_comments() {
    let task = "Be fast\n\n# a heading\n; a line\nlast";
    let (_, repo, _) = trailers(task, &[]);
    let (_, squashed, _) = trailers(task, &["--squash"]);
    for repo in [repo, squashed] {
        let body = repo.git(["log", "-1", "--format=%b"]);
        assert!(body.contains("\n # a heading\n; a line\nlast\n"), "{body}");
    }
}
