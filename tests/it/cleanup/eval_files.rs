//! Files that the eval command left are no work; whatever else looks like them is.

use crate::support::{Answer, TestRepo};

/// A measured session whose eval command leaves `out.txt` and `out/` wherever it runs.
fn measured(prepare: impl FnOnce(&TestRepo, &str)) -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    repo.write(
        "bench.sh",
        "echo left >out.txt\nmkdir -p out\necho left >out/deep.txt\necho \"p50_ms: $(cat p50_ms)\"\n",
    );
    repo.commit("Leave files");
    let id = repo.spawned(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "Work");
    prepare(&repo, &id);
    repo.hub(["eval", &id]).ok();
    (repo, id)
}

fn merged_and_cleaned(repo: &TestRepo, id: &str) -> Answer {
    repo.hub(["merge", id]).ok();
    repo.hub(["cleanup", id]).run()
}

/// Cleanup is refused for this path, and its text is still there.
#[track_caller]
fn stays(repo: &TestRepo, id: &str, path: &str, text: &str) {
    let answer = merged_and_cleaned(repo, id).fails(6);
    assert!(answer.stderr.contains("uncommitted work: out"), "{answer}");
    assert_eq!(repo.read(repo.worktree(id, "agent-1").join(path)), text);
}

#[test]
fn files_that_were_left_are_no_obstacle() {
    let (repo, id) = measured(|_, _| ());
    assert!(repo.worktree(&id, "agent-1").join("out.txt").exists());
    merged_and_cleaned(&repo, &id).ok();
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn files_that_were_left_twice_are_no_obstacle() {
    let (repo, id) = measured(|_, _| ());
    let again = repo.hub(["eval", &id, "--json"]).json();
    assert_eq!(again["results"][0]["uncommitted_files"], 0);
    merged_and_cleaned(&repo, &id).ok();
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn a_file_that_was_changed_after_it_is_work() {
    let (repo, id) = measured(|_, _| ());
    repo.write(repo.worktree(&id, "agent-1").join("out.txt"), "mine\n");
    stays(&repo, &id, "out.txt", "mine\n");
}

#[test]
fn a_file_that_was_added_to_a_folder_after_it_is_work() {
    let (repo, id) = measured(|_, _| ());
    repo.write(repo.worktree(&id, "agent-1").join("out/mine.txt"), "mine\n");
    stays(&repo, &id, "out/mine.txt", "mine\n");
}

#[test]
fn an_older_file_that_was_moved_there_is_work() {
    let older = |repo: &TestRepo| repo.root().join("older.txt");
    let (repo, id) = measured(|repo, _| repo.write(older(repo), "mine\n"));
    let there = repo.worktree(&id, "agent-1").join("out.txt");
    std::fs::rename(older(&repo), there).unwrap();
    stays(&repo, &id, "out.txt", "mine\n");
}

#[test]
fn a_file_that_was_changed_between_two_evaluations_is_work() {
    let (repo, id) = measured(|_, _| ());
    repo.write(repo.worktree(&id, "agent-1").join("out.txt"), "mine\n");
    repo.hub(["eval", &id]).ok();
    stays(&repo, &id, "out.txt", "mine\n");
}

#[test]
fn a_file_that_is_known_by_its_name_alone_is_work() {
    let (repo, id) = measured(|_, _| ());
    let file = repo
        .hub_dir()
        .join("sessions")
        .join(&id)
        .join("evaluation.json");
    let mut evaluation: serde_json::Value = serde_json::from_str(&repo.read(&file)).unwrap();
    let left = &mut evaluation["results"][0]["left_files"];
    assert_eq!(left[1]["path"], "out/", "{left}");
    *left = serde_json::json!(["out.txt", "out/"]);
    repo.write(&file, evaluation.to_string());
    stays(&repo, &id, "out.txt", "left\n");
}

#[test]
fn a_file_of_the_same_name_that_was_there_before_is_work() {
    let (repo, id) = measured(|repo, id| {
        repo.write(repo.worktree(id, "agent-1").join("out.txt"), "mine\n");
    });
    stays(&repo, &id, "out.txt", "mine\n");
}

#[test]
fn a_repository_that_the_eval_command_left_is_not_thrown_away() {
    let (repo, id) = measured(|repo, id| {
        repo.write(
            repo.worktree(id, "agent-1").join("bench.sh"),
            "git init --quiet out/nested\necho \"p50_ms: 1\"\n",
        );
        repo.commit_in(repo.worktree(id, "agent-1"), "Clone");
    });
    repo.hub(["merge", &id]).ok();
    let before = repo.picture();
    let answer = repo.hub(["cleanup", &id, "--force"]).fails(6);
    assert!(answer.stderr.contains("out/nested"), "{answer}");
    assert_eq!(repo.picture(), before);
}
