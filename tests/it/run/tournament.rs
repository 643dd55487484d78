//! Three agents, a measure, a winner: what `hub run` does when all goes well.

use std::collections::BTreeMap;
use std::fs;

use crate::support::TestRepo;

use super::{archived, assert_tidy, run};

/// A repository as people have them: merges, a tag, a release branch, folders.
fn with_history() -> TestRepo {
    let repo = TestRepo::new().with_bench();
    repo.write("src/sum.py", "def sum(xs): ...\n");
    repo.commit("Sum");
    repo.git(["tag", "--annotate", "--message", "First", "v0.1.0"]);
    repo.git(["switch", "--quiet", "--create", "release/0.1"]);
    repo.write("CHANGES.md", "0.1\n");
    repo.commit("Release");
    repo.git(["switch", "--quiet", "main"]);
    repo.write(".gitignore", "/target\n");
    repo.commit("Ignore what is built");
    repo.git(["merge", "--quiet", "--no-edit", "release/0.1"]);
    repo
}

/// Commits `agent.sh` and `bench.sh` as programs, which the agents then find in their worktrees.
fn with_agent(text: &str) -> TestRepo {
    let repo = with_history();
    repo.write("agent.sh", format!("#!/bin/sh\nset -e\n{text}\n"));
    repo.git(["add", "agent.sh", "bench.sh"]);
    repo.git(["update-index", "--chmod=+x", "agent.sh", "bench.sh"]);
    repo.git(["commit", "--quiet", "--message", "Be run"]);
    repo.git(["restore", "agent.sh", "bench.sh"]);
    repo
}

/// Lines by which three agents wait until all of them are there, or fail.
fn barrier(repo: &TestRepo) -> String {
    let folder = repo.root().join("barrier");
    fs::create_dir_all(&folder).unwrap();
    let folder = folder.display();
    format!(
        "\
: >{folder}/$HUB_AGENT
looked=0
until [ -e {folder}/agent-1 ] && [ -e {folder}/agent-2 ] && [ -e {folder}/agent-3 ]; do
    looked=$((looked + 1))
    [ $looked -lt 3000 ] || {{ echo 'alone' >&2; exit 1; }}
    sleep 0.01
done"
    )
}

/// The command as it is typed, with its answer.
fn whole_command(repo: &TestRepo) -> crate::support::Answer {
    repo.hub([
        "run",
        "--task",
        "make sum faster",
        "--agents",
        "3",
        "--agent-cmd",
        "./agent.sh",
        "--eval",
        "./bench.sh",
        "--metric",
        "p50_ms",
        "--direction",
        "lower",
        "--yes",
    ])
    .ok()
}

const COMMITS_A_VALUE: &str = "\
case $HUB_AGENT in
agent-1) value=150 ;;
agent-2) value=120 ;;
*) value=200 ;;
esac
echo $value >p50_ms
git commit --quiet --all --message \"$HUB_AGENT: $value ms\"";

#[test]
fn one_command_takes_a_task_from_nothing_to_a_merge() {
    let repo = with_agent(COMMITS_A_VALUE);
    let base = repo.git(["rev-parse", "main"]);
    let answer = whole_command(&repo);
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-2  120  -60 (-33.3%)  1  +1/-1  clean
       2  agent-1  150  -30 (-16.7%)  1  +1/-1  clean
       3  agent-3  200  +20 (+11.1%)  1  +1/-1  clean
    winner: agent-2
    merged agent-2 into main as [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-3 as hub/archive/[SESSION]/agent-3
    removed 3 worktrees and 3 branches
    session [SESSION] is merged
    ");
    let session = repo.newest_session();

    let parents = repo.git(["show", "--no-patch", "--format=%P", "main"]);
    let (first, winner) = parents.split_once(' ').unwrap();
    assert_eq!(first, base);
    assert_eq!(
        repo.git(["show", "--no-patch", "--format=%s", winner]),
        "agent-2: 120 ms"
    );
    assert_eq!(repo.read("p50_ms"), "120\n");
    insta::assert_snapshot!(
        repo.normalised(&repo.git(["show", "--no-patch", "--format=%an%n%B", "main"])),
        @r"
        Test Author
        Merge agent-2: make sum faster

        Hub-Session: [SESSION]
        Hub-Agent: agent-2
        Hub-Metric: p50_ms=120
        Hub-Delta: -60
        "
    );
    assert_eq!(archived(&repo, &session), ["agent-1", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn what_it_is_doing_is_told_on_stderr() {
    let repo = with_agent(COMMITS_A_VALUE);
    let told = whole_command(&repo).stderr;
    let first: Vec<&str> = told.lines().take(2).collect();
    insta::assert_snapshot!(repo.normalised(&first.join("\n")), @r"
    session [SESSION]: make sum faster
    baseline: p50_ms = 180
    ");
    for agent in ["agent-1", "agent-2", "agent-3"] {
        for status in ["running", "succeeded"] {
            let begin = format!("{agent} {status} (");
            let said = told.lines().filter(|line| line.starts_with(&begin));
            assert_eq!(said.count(), 1, "{begin} in {told}");
        }
    }
}

#[test]
fn the_agents_work_at_the_same_time_each_in_a_worktree_of_its_own() {
    let repo = TestRepo::new();
    let seen = repo.root().join("seen");
    fs::create_dir(&seen).unwrap();
    let look = format!(
        "{}\n{{ pwd -P; git rev-parse --abbrev-ref HEAD; git rev-parse HEAD; }} >{}/$HUB_AGENT",
        barrier(&repo),
        seen.display()
    );
    let script = repo.script("agent.sh", &format!("{look}\n{COMMITS_A_VALUE}"));
    repo.write("bench.sh", "echo \"p50_ms: $(cat p50_ms)\"\n");
    repo.write("p50_ms", "180\n");
    let base = repo.commit("Measure");
    run(&repo, &script, &["--yes"]).ok();
    let session = repo.newest_session();
    for agent in ["agent-1", "agent-2", "agent-3"] {
        let worktree = repo.worktree(&session, agent);
        assert_eq!(
            repo.read(seen.join(agent)),
            format!(
                "{}\nhub/{session}/{agent}/attempt-1\n{base}\n",
                worktree.display()
            )
        );
    }
}

#[test]
fn every_agent_is_told_by_its_environment_what_it_works_on() {
    let repo = TestRepo::new().with_bench();
    let seen = repo.root().join("seen");
    fs::create_dir(&seen).unwrap();
    let look = format!("env -0 >{}/$HUB_AGENT", seen.display());
    let script = repo.script("agent.sh", &format!("{look}\n{COMMITS_A_VALUE}"));
    let task = "make \"sum\" faster\n\nand größer, $HOME'ly";
    repo.hub([
        "run",
        "--task",
        task,
        "--agents",
        "2",
        "--agent-cmd",
        &script,
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--strategy",
        "try a cache",
        "--strategy",
        "",
        "--yes",
    ])
    // A hook's variables are not the agents'.
    .env("GIT_INDEX_FILE", repo.root().join("somebody's index"))
    .ok();
    let session = repo.newest_session();
    let hub_dir = repo.hub_dir();
    for (agent, strategy) in [("agent-1", "try a cache"), ("agent-2", "")] {
        let text = repo.read(seen.join(agent));
        let all: BTreeMap<&str, &str> = text
            .split_terminator('\0')
            .filter_map(|one| one.split_once('='))
            .collect();
        let worktree = repo.worktree(&session, agent);
        let prompt = hub_dir.join(format!("sessions/{session}/agents/{agent}/prompt.md"));
        let inbox = prompt.with_file_name("inbox.md");
        let expected = [
            ("HUB_SESSION", session.as_str()),
            ("HUB_AGENT", agent),
            ("HUB_ATTEMPT", "1"),
            ("HUB_TASK", task),
            ("HUB_STRATEGY", strategy),
            ("HUB_SUBTASK", ""),
            ("HUB_WORKTREE", worktree.to_str().unwrap()),
            ("HUB_PROMPT_FILE", prompt.to_str().unwrap()),
            ("HUB_INBOX", inbox.to_str().unwrap()),
            ("HUB_EVAL_CMD", "sh bench.sh"),
            ("HUB_METRIC", "p50_ms"),
            ("HUB_DIRECTION", "lower"),
            ("HUB_BASELINE", "180"),
            ("HUB_DIR", hub_dir.to_str().unwrap()),
        ];
        let of_hub: BTreeMap<&str, &str> = all
            .iter()
            .filter(|(name, _)| name.starts_with("HUB_"))
            .map(|(name, value)| (*name, *value))
            .collect();
        assert_eq!(of_hub, BTreeMap::from(expected));
        assert!(!all.contains_key("GIT_INDEX_FILE"));
        let prompt = repo.read(prompt);
        assert!(prompt.contains(task), "{prompt}");
        assert_eq!(prompt.contains("try a cache"), agent == "agent-1");
    }
}

#[test]
fn what_agents_print_is_kept_beside_the_session() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script(
        "agent.sh",
        &format!("echo \"$HUB_AGENT works\"\necho \"$HUB_AGENT worries\" >&2\n{COMMITS_A_VALUE}"),
    );
    let answer = run(&repo, &script, &["--yes"]).ok();
    assert!(!answer.stdout.contains("works"), "{answer}");
    let session = repo.newest_session();
    for agent in ["agent-1", "agent-2", "agent-3"] {
        let folder = repo
            .hub_dir()
            .join(format!("sessions/{session}/agents/{agent}"));
        assert_eq!(
            repo.read(folder.join("stdout.log")),
            format!("{agent} works\n")
        );
        assert_eq!(
            repo.read(folder.join("stderr.log")),
            format!("{agent} worries\n")
        );
    }
}

#[test]
fn no_commit_of_any_agent_is_lost() {
    let repo = TestRepo::new().with_bench();
    let made = repo.root().join("made");
    fs::create_dir(&made).unwrap();
    // Two commits, one on a branch of the agent's own, and one that is amended away.
    let script = repo.script(
        "agent.sh",
        &format!(
            "\
note() {{ git rev-parse HEAD >>{made}/$HUB_AGENT; }}
echo first >first; git add first; git commit --quiet --message First; note
git branch \"mine-$HUB_AGENT\"
{COMMITS_A_VALUE}
note
git commit --quiet --amend --message 'Say it better'; note",
            made = made.display()
        ),
    );
    run(&repo, &script, &["--yes"]).ok();
    for agent in ["agent-1", "agent-2", "agent-3"] {
        let commits = repo.read(made.join(agent));
        assert_eq!(commits.lines().count(), 3);
        for commit in commits.lines() {
            let holders = repo.git(["for-each-ref", "--contains", commit]);
            assert_ne!(holders, "", "nothing holds {commit} of {agent}");
        }
        let tip = commits.lines().last().unwrap();
        let holders = repo.git(["for-each-ref", "--contains", tip, "refs/heads", "refs/tags"]);
        assert_ne!(holders, "", "no branch or tag holds the tip of {agent}");
    }
    assert_tidy(&repo);
}

#[test]
fn the_journal_tells_the_whole_road() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    run(&repo, &script, &["--yes"]).ok();
    let events = repo.hub(["events", "--json"]).json();
    let road: Vec<String> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["phase"] != "step")
        .map(|event| {
            let word = |key: &str| event[key].as_str().unwrap().to_owned();
            format!("{} {}", word("operation"), word("phase"))
        })
        .collect();
    assert_eq!(
        road,
        [
            "init begin",
            "init end",
            "spawn begin",
            "spawn end",
            "start done",
            "start done",
            "start done",
            "finish done",
            "finish done",
            "finish done",
            "eval begin",
            "eval end",
            "merge begin",
            "merge end",
            "cleanup begin",
            "cleanup end",
        ]
    );
}

#[test]
fn work_of_the_users_own_in_the_main_worktree_stays_as_it_is() {
    let repo = TestRepo::new().with_bench();
    repo.write("README.md", "Half a thought\n");
    repo.write("notes.txt", "untracked\n");
    repo.write("staged.txt", "staged\n");
    repo.git(["add", "staged.txt"]);
    let before = repo.git(["status", "--porcelain"]);
    let script = repo.agent_script();
    run(&repo, &script, &["--yes"]).ok();
    assert_eq!(repo.git(["status", "--porcelain"]), before);
    assert_eq!(repo.read("README.md"), "Half a thought\n");
    assert_eq!(repo.read("p50_ms"), "120\n");
}
