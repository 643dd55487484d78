//! What each command says to a person.

use crate::support::TestRepo;

use super::{Gate, TASK, evaluated, init, merged, worked};

#[test]
fn init_names_the_session_the_baseline_and_the_next_step() {
    let repo = TestRepo::new().with_bench();
    let answer = repo.hub(["init"].iter().chain(&TASK)).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION] (3 agents, from main [COMMIT])
    baseline p50_ms = 180 (lower is better)
    next: hub spawn [SESSION]
    ");
    let session = repo.newest_session();
    let folder = repo.hub_dir().join("sessions").join(&session);
    insta::assert_snapshot!(repo.normalised(&repo.read(folder.join("config.yaml"))), @r"
    session_id: [SESSION]
    task: make sum faster
    agent_count: 3
    base_branch: main
    base_commit: [COMMIT]
    created: [TIME]
    eval_cmd: sh bench.sh
    metric: p50_ms
    direction: lower
    baseline: 180.0
    owner: [OWNER]
    parent: null
    mode: compete
    subtasks: null
    ");
    assert_eq!(repo.read(repo.hub_dir().join(".gitignore")), "*\n");
    assert_eq!(repo.git(["status", "--porcelain", "--ignored=no"]), "");
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn init_without_a_measure_needs_the_task_alone() {
    let repo = TestRepo::new();
    let answer = repo.hub(["init", "-t", "as you like", "-n", "1"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION] (1 agent, from main [COMMIT])
    next: hub spawn [SESSION]
    ");
}

#[test]
fn init_goes_on_without_a_baseline_where_the_base_cannot_be_measured() {
    let repo = TestRepo::new().with_bench();
    let arguments = [
        "init",
        "--task",
        "mend it",
        "--eval",
        "echo no >&2; exit 1",
        "--metric",
        "failures",
    ];
    let answer = repo.hub(arguments).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION] (3 agents, from main [COMMIT])
    no baseline: the eval command ended with exit status 1: no
    next: hub spawn [SESSION]
    ");
    let unmeasured = repo.hub(arguments.iter().chain(&["--no-baseline", "--json"]));
    let document = unmeasured.json();
    assert!(document["baseline_problem"].is_null());
    assert!(document["config"]["baseline"].is_null());
}

#[test]
fn spawn_shows_the_agents_with_their_branches_and_worktrees() {
    let repo = TestRepo::new().with_bench();
    init(&repo);
    let agent = repo.agent_script();
    let answer = repo.hub(["spawn", "--agent-cmd", &agent]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    AGENT  STATUS  BRANCH  WORKTREE
    agent-1  running  hub/[SESSION]/agent-1/attempt-1  [TEMP]/repo.hub/[SESSION]/agent-1
    agent-2  running  hub/[SESSION]/agent-2/attempt-1  [TEMP]/repo.hub/[SESSION]/agent-2
    agent-3  running  hub/[SESSION]/agent-3/attempt-1  [TEMP]/repo.hub/[SESSION]/agent-3
    ");
    repo.hub(["wait"]).ok();
}

#[test]
fn wait_shows_how_the_agents_ended() {
    let (repo, session) = worked();
    let answer = repo.hub(["wait"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    AGENT  STATUS  EXIT  TIME  CPU  MEMORY
    agent-1  succeeded  exit status 0  [DURATION]  [DURATION]  [SIZE]
    agent-2  succeeded  exit status 0  [DURATION]  [DURATION]  [SIZE]
    agent-3  succeeded  exit status 0  [DURATION]  [DURATION]  [SIZE]
    ");
    let named = repo.hub(["wait", &session]).ok();
    assert!(named.stdout.starts_with("AGENT"), "{named}");
}

#[test]
fn status_shows_the_session_its_agents_and_the_next_step() {
    let (repo, _) = evaluated();
    let answer = repo.hub(["status"]).ok();
    // Which agents were the last to end is theirs to say.
    let ended = regex_lite::Regex::new(r"(progress/00\d .*)agent-\d").unwrap();
    let shown = repo.normalised(&answer.stdout);
    insta::assert_snapshot!(ended.replace_all(&shown, "${1}[AGENT]"), @r"
    session [SESSION]  evaluating
    task  make sum faster
    base  main [COMMIT]
    eval  sh bench.sh
    metric  p50_ms, lower is better, baseline 180

    AGENT  STATUS  ATTEMPT  BRANCH  AHEAD  FILES  +/-  DIRTY  METRIC  MERGE  AGE  LAST COMMIT
    agent-1  succeeded  1  hub/[SESSION]/agent-1/attempt-1  1  2  +2/-1  0  150  clean  [AGE]  agent-1: 150 ms
    agent-2  succeeded  1  hub/[SESSION]/agent-2/attempt-1  1  2  +2/-1  0  120  clean  [AGE]  agent-2: 120 ms
    agent-3  succeeded  1  hub/[SESSION]/agent-3/attempt-1  1  2  +2/-1  0  200  clean  [AGE]  agent-3: 200 ms

    POST  AUTHOR  AGE  SAYS
    progress/005  hub  [AGE]  [AGENT] succeeded after [DURATION]
    progress/006  hub  [AGE]  [AGENT] succeeded after [DURATION]
    results/001  hub  [AGE]  Ranking: agent-2 is first by p50_ms

    next: hub merge [SESSION] (agent-2 is the winner)
    ");
}

#[test]
fn eval_shows_the_ranking() {
    let (repo, _) = worked();
    let answer = repo.hub(["eval"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-2  120  -60 (-33.3%)  2  +2/-1  clean
       2  agent-1  150  -30 (-16.7%)  2  +2/-1  clean
       3  agent-3  200  +20 (+11.1%)  2  +2/-1  clean
    winner: agent-2
    ");
    // Measuring again is no harm, and says the same.
    assert_eq!(repo.hub(["eval"]).ok().stdout, answer.stdout);
}

#[test]
fn merge_shows_what_became_of_every_attempt() {
    let (repo, session) = evaluated();
    let answer = repo.hub(["merge"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    merged agent-2 into main as [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-3 as hub/archive/[SESSION]/agent-3
    ");
    assert_eq!(repo.read("p50_ms"), "120\n");
    for agent in ["agent-1", "agent-2", "agent-3"] {
        assert!(repo.worktree(&session, agent).is_dir());
    }
}

#[test]
fn merge_takes_an_agent_and_a_message_of_the_users_choice() {
    let (repo, session) = evaluated();
    let message = "Take the third\n\nIt reads best.";
    repo.hub(["merge", "--agent", "agent-3", "--message", message])
        .ok();
    assert_eq!(repo.read("p50_ms"), "200\n");
    let trailers = format!(
        "Hub-Session: {session}\nHub-Agent: agent-3\nHub-Metric: p50_ms=200\nHub-Delta: +20"
    );
    assert_eq!(
        repo.git(["show", "--no-patch", "--format=%B", "main"])
            .trim_end(),
        format!("{message}\n\n{trailers}")
    );
}

#[test]
fn cleanup_shows_what_it_removed() {
    let (repo, _) = merged();
    let answer = repo.hub(["cleanup"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    removed [TEMP]/repo.hub/[SESSION]/agent-1
    removed [TEMP]/repo.hub/[SESSION]/agent-2
    removed [TEMP]/repo.hub/[SESSION]/agent-3
    deleted hub/[SESSION]/agent-1/attempt-1
    deleted hub/[SESSION]/agent-2/attempt-1
    deleted hub/[SESSION]/agent-3/attempt-1
    ");
    let again = repo.hub(["cleanup"]).ok();
    insta::assert_snapshot!(repo.normalised(&again.stdout), @r"
    session [SESSION]
    nothing to clean up
    ");
}

#[test]
fn path_prints_a_worktree_and_nothing_else() {
    let (repo, session) = worked();
    let expected = repo.worktree(&session, "agent-2");
    for arguments in [vec!["path", "agent-2"], vec!["path", &session, "agent-2"]] {
        let answer = repo.hub(arguments).ok();
        assert_eq!(answer.stdout, format!("{}\n", expected.display()));
        assert_eq!(answer.stderr, "");
    }
    let answer = repo.hub(["path", &session, "agent-4"]).fails(3);
    insta::assert_snapshot!(repo.normalised(&answer.stderr), @r"
    error: session [SESSION] has no agent-4
    hint: `hub status [SESSION]` shows its agents
    ");
}

#[test]
fn path_finds_no_worktree_that_was_removed() {
    let (repo, session) = merged();
    repo.hub(["cleanup"]).ok();
    let answer = repo.hub(["path", &session, "agent-1"]).fails(3);
    insta::assert_snapshot!(repo.normalised(&answer.stderr), @r"
    error: agent-1 of session [SESSION] has no worktree
    hint: `hub status [SESSION]` shows what is there
    ");
    let answer = repo.hub(["path", "agent-1"]).fails(3);
    insta::assert_snapshot!(repo.normalised(&answer.stderr), @r"
    error: there is no session with a worktree of that agent
    hint: `hub list` shows the sessions there are
    ");
}

#[test]
fn events_shows_the_journal() {
    let repo = TestRepo::new().with_bench();
    init(&repo);
    repo.hub(["update", "latest", "--state", "running"]).ok();
    let answer = repo.hub(["events"]).ok();
    // The process ids stand in a column of their own.
    let pids = regex_lite::Regex::new(r"(\[TIME\] +)\d+").unwrap();
    let text = repo.normalised(&answer.stdout);
    insta::assert_snapshot!(pids.replace_all(&text, "${1}[PID]"), @r"
    session [SESSION]
    SEQ  TIME  PID  OPERATION  PHASE  DETAIL
      1  [TIME]  [PID]  init  begin
      2  [TIME]  [PID]  init  end  baseline=180.0 problem=null
      3  [TIME]  [PID]  update *  begin  from=init to=running
      4  [TIME]  [PID]  update  end
    * is what `hub undo` takes back
    ");
}

#[test]
fn update_shows_the_edge() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let answer = repo.hub(["update", &session, "--state", "running"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"session [SESSION]: init → running");
}

#[test]
fn stop_shows_the_agents_that_it_ended() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    let answer = repo.hub(["stop", "--agent", "agent-2"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    AGENT  STATUS  EXIT  TIME  CPU  MEMORY
    agent-1  running  -  [DURATION]  -  -
    agent-2  cancelled  signal 15  [DURATION]  [DURATION]  [SIZE]
    agent-3  running  -  [DURATION]  -  -
    ");
    gate.open(&repo);
    repo.hub(["wait", &session]).fails(1);
}

#[test]
fn stop_says_when_there_is_nothing_to_do() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let nothing = "no agent runs or waits for its start; there is nothing to do\n";
    assert_eq!(repo.hub(["stop", &session]).ok().stderr, nothing);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    repo.hub(["pause", &session]).ok();
    let ended = repo.hub(["stop", &session]).ok();
    assert!(!ended.stderr.contains(nothing), "{ended}");
    let again = repo.hub(["stop", &session]).ok();
    assert!(again.stderr.contains(nothing), "{again}");
    // What was asked for is answered all the same.
    assert_eq!(again.stdout, ended.stdout);
}

#[test]
fn list_shows_the_sessions_newest_first() {
    let repo = TestRepo::new().with_bench();
    let empty = repo.hub(["list"]).ok();
    assert_eq!(empty.stdout, "no sessions\n");
    repo.hub(["init", "--task", "first\nwith a second line"])
        .ok();
    repo.hub(["init", "--task", "second", "-n", "1"]).ok();
    repo.hub(["update", "latest", "--state", "running"]).ok();
    let answer = repo.hub(["list"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    SESSION  STATE  AGENTS  CREATED  TASK
    [SESSION]  running  1  [TIME]  second
    [SESSION]  init  3  [TIME]  first with a second line
    ");
    assert_eq!(repo.hub(["ls"]).ok().stdout, answer.stdout);
}

#[test]
fn list_takes_states_an_order_and_a_limit() {
    let repo = TestRepo::new();
    for task in ["one", "two", "three", "four"] {
        repo.hub(["init", "--task", task]).ok();
    }
    let ids: Vec<String> = listed(&repo, &["--sort", "oldest"], "session_id");
    repo.hub(["update", &ids[1], "--state", "running"]).ok();
    repo.hub(["archive", &ids[3]]).ok();
    for (arguments, expected) in [
        (&[][..], &["four", "three", "two", "one"][..]),
        (&["--sort", "newest"], &["four", "three", "two", "one"]),
        (&["--sort", "oldest"], &["one", "two", "three", "four"]),
        (&["--limit", "2"], &["four", "three"]),
        (&["-n", "1", "--sort", "oldest"], &["one"]),
        (&["--limit", "9"], &["four", "three", "two", "one"]),
        (&["--limit", "0"], &[]),
        (&["--state", "init"], &["three", "one"]),
        (&["--state", "init", "--limit", "1"], &["three"]),
        (&["-s", "running", "-s", "archived"], &["four", "two"]),
        (&["--state", "merged"], &[]),
    ] {
        assert_eq!(listed(&repo, arguments, "task"), expected, "{arguments:?}");
    }
    repo.hub(["list", "--state", "paused"]).fails(2);
}

/// One key of every session that `hub list` shows.
fn listed(repo: &TestRepo, arguments: &[&str], key: &str) -> Vec<String> {
    let document = repo.hub(["list", "--json"].iter().chain(arguments)).json();
    let sessions = document["sessions"].as_array().unwrap().iter();
    sessions
        .map(|session| session[key].as_str().unwrap().to_owned())
        .collect()
}
