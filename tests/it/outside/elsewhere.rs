//! In worktrees of other agents, and in the hub directory.

use super::Ran;

#[test]
fn a_worktree_whose_agent_waits_is_watched() {
    let script = "cd ../agent-2\necho evil >src/file\necho new >new\ngit checkout --quiet --detach";
    let ran = Ran::prepared(|_| {}, &["--jobs", "1"], script);
    ran.finds(&[
        "file [TEMP]/repo.hub/[SESSION]/agent-2/new",
        "file [TEMP]/repo.hub/[SESSION]/agent-2/src/file",
        "head [TEMP]/repo.hub/[SESSION]/agent-2:HEAD",
    ]);
    let changes = ran.changes();
    let whose = changes.values().map(|one| one["agent"].as_str());
    assert!(
        whose.clone().all(|agent| agent == Some("agent-2")),
        "{changes:?}"
    );
}

#[test]
fn a_worktree_of_another_session_goes_back() {
    let other = |repo: &crate::support::TestRepo| {
        let agent = repo.script(
            "other.sh",
            "echo done >result\ngit add -A\ngit commit -qm Done",
        );
        repo.hub(["spawn", "latest", "--agent-cmd", &agent]).ok();
        repo.hub(["wait", "latest"]).ok();
        repo.hub(["init", "--task", "Next", "--agents", "1"]).ok();
    };
    let ran = Ran::prepared(
        other,
        &["--jobs", "1"],
        "cd ../../*/agent-2\necho evil >result\ngit -C . tag inside\nrm README.md",
    );
    let found = ran.changes();
    assert_eq!(found.len(), 3, "{found:?}");
    let file = found
        .keys()
        .find(|name| name.ends_with("agent-2/result"))
        .unwrap();
    let worktree = found[file]["worktree"].as_str().unwrap().to_owned();
    assert_ne!(found[file]["session_id"], ran.session.as_str());
    ran.restore(&[&worktree]).ok();
    assert_eq!(ran.read(format!("{worktree}/result")), "done\n");
    assert_eq!(ran.repo.git_in(&worktree, ["status", "--porcelain"]), "");
    assert_eq!(ran.states(), ["open", "restored"]);
}

#[test]
fn files_of_hub_that_hub_did_not_write_are_found() {
    let script = "\
echo planted >$HUB/planted
echo '{task} and more' >$HUB/templates/own.md
sed -i 's/^task: .*/task: Evil/' $HUB/sessions/*/config.yaml
for state in $HUB/sessions/*/state.json; do sed -i 's/\"init\"/\"archived\"/' $state; done
for post in $HUB/board/*/*.md; do echo more >>$post; done";
    let other = |repo: &crate::support::TestRepo| {
        repo.hub(["board", "post", "--author", "ada", "--message", "Mine"])
            .ok();
        repo.hub(["init", "--task", "Next", "--agents", "1"]).ok();
    };
    let ran = Ran::prepared(other, &["--jobs", "1"], script);
    let found = ran.changes();
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let has = |part: &str| names.iter().filter(|name| name.contains(part)).count();
    assert_eq!(has("config.yaml"), 2, "{names:?}");
    assert_eq!((has("planted"), has("own.md")), (1, 1), "{names:?}");
    assert!(has("/board/") > 0, "{names:?}");
    let state = found.iter().find(|(name, _)| name.ends_with("state.json"));
    assert_eq!(state.unwrap().1["restorable"], false, "{names:?}");
    // What is not kept stays open; the rest goes back.
    let answer = ran.restore(&[]).ok();
    assert!(answer.stderr.contains("is not kept"), "{answer}");
    assert!(!ran.repo.hub_dir().join("planted").exists());
    assert_eq!(ran.read(".agenthub/templates/own.md"), "{task}\n");
    let task = ran.repo.hub(["status", &ran.session, "--json"]).json()["config"]["task"].clone();
    assert_eq!(task, "Next");
    assert_eq!(ran.states(), ["open", "restored"]);
}
