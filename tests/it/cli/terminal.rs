//! On a terminal: colours, tables of its width, progress, and questions.

use serde_json::json;

use crate::support::{Terminal, TestRepo, plain};

/// `hub run` with the usual agents.
fn run(repo: &TestRepo, agent: &str) -> Terminal {
    let arguments = [
        "run",
        "--task",
        "Be fast",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--agent-cmd",
        agent,
    ];
    Terminal::start(repo.hub(arguments), 100)
}

/// An agent that works until `go` is there.
fn patient(repo: &TestRepo) -> String {
    let go = repo.root().join("go");
    let text = format!(
        "echo thinking\nwhile [ ! -e '{}' ]; do sleep 0.05; done\necho 90 >p50_ms\ngit commit --quiet --all --message Faster",
        go.display()
    );
    repo.script("patient.sh", &text)
}

fn state(repo: &TestRepo) -> serde_json::Value {
    repo.hub(["list", "--json"]).json()["sessions"][0]["state"].clone()
}

#[test]
fn a_table_is_cut_to_the_width() {
    let repo = TestRepo::new();
    let task = "make everything ever so much faster ".repeat(10);
    repo.hub(["init", "--task", &task]).ok();
    let id = repo.newest_session();
    for columns in [70, 80, 120] {
        let (code, screen) = Terminal::start(repo.hub(["list"]), columns).ends();
        assert_eq!(code, 0);
        let screen = plain(&screen);
        assert_eq!(screen.lines().count(), 2, "one line a session:\n{screen}");
        for line in screen.lines() {
            assert!(line.chars().count() <= columns.into(), "{line:?}");
        }
        // What names the session is whole; what is long gives way.
        assert!(screen.contains(&id), "{screen}");
        assert!(screen.contains("make"), "{screen}");
        assert!(!screen.contains(task.trim()), "{screen}");
    }
}

#[test]
fn the_status_of_agents_can_be_read_on_a_narrow_terminal() {
    let repo = TestRepo::new();
    let usage = "{json: last, tokens_in: [in], tokens_out: [out], cost_usd: [cost]}";
    let script =
        "cat >/dev/null\necho work >work\necho '{\"in\": 123456, \"out\": 7890, \"cost\": 1.234}'";
    let preset = format!(
        "presets:\n  ours-of-a-long-name:\n    program: {}\n    usage: {usage}\n",
        repo.script("ours.sh", script)
    );
    repo.write(repo.hub_dir().join("config.yaml"), preset);
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    repo.hub(["spawn", "--agent", "ours-of-a-long-name"]).ok();
    repo.hub(["wait"]).ok();
    for columns in [80, 100, 120, 200] {
        let (code, screen) = Terminal::start(repo.hub(["status"]), columns).ends();
        assert_eq!(code, 0);
        let screen = plain(&screen);
        let (headings, row) = {
            let mut table = screen
                .lines()
                .skip_while(|line| !line.starts_with("AGENT "));
            (table.next().unwrap(), table.next().unwrap())
        };
        for line in [headings, row] {
            assert!(line.chars().count() <= columns.into(), "{line:?}");
        }
        assert!(row.starts_with("agent-1  "), "{screen}");
        for whole in ["succeeded", "$1.23", "Keep what"] {
            assert!(row.contains(whole), "{columns}: {screen}");
        }
        for heading in ["STATUS", "DIRTY", "METRIC", "COST", "LAST COMMIT"] {
            assert!(headings.contains(heading), "{columns}: {screen}");
        }
        assert_eq!(headings.contains("BRANCH"), columns == 200, "{screen}");
    }
}

#[test]
fn colours_appear_unless_they_are_not_wanted() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x"]).ok();
    let screen = |hub| Terminal::start(hub, 100).ends().1;
    let colored = screen(repo.hub(["list"]));
    assert!(colored.contains("\x1b["), "{colored:?}");
    for unwanted in [
        repo.hub(["list"]).env("NO_COLOR", "1"),
        repo.hub(["list", "--color", "never"]),
        repo.hub(["list", "--json"]),
    ] {
        let screen = screen(unwanted);
        assert!(!screen.contains('\x1b'), "{screen:?}");
    }
    let error = screen(repo.hub(["status", "2020"]));
    assert!(error.contains("\x1b["), "{error:?}");
    assert!(plain(&error).starts_with("error: session 2020 does not exist\nhint: "));
}

#[test]
fn run_shows_progress_and_asks_and_a_no_leaves_the_session_evaluating() {
    let repo = TestRepo::new().with_bench();
    let main = repo.git(["rev-parse", "main"]);
    let mut terminal = run(&repo, &patient(&repo));
    for part in ["agent-1 running", "agent-3 running", "thinking"] {
        terminal.sees(part);
    }
    repo.write(repo.root().join("go"), "");
    terminal.sees("Merge agent-1 into main?");
    terminal.types("n");
    let (code, screen) = terminal.ends();
    let screen = plain(&screen);
    assert_eq!(code, 6, "{screen}");
    assert!(screen.contains("winner: agent-1"), "{screen}");
    assert!(
        screen.contains("error: the merge of agent-1 into main was declined"),
        "{screen}"
    );
    assert!(screen.contains("hint: `hub merge "), "{screen}");
    assert_eq!(state(&repo), json!("evaluating"));
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    // What was hinted at does it.
    repo.hub(["merge"]).ok();
    assert_eq!(repo.read("p50_ms"), "90\n");
}

#[test]
fn a_yes_merges() {
    let repo = TestRepo::new().with_bench();
    let mut terminal = run(&repo, &repo.agent_script());
    terminal.sees("Merge agent-2 into main?");
    terminal.types("y");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(state(&repo), json!("merged"));
    assert_eq!(repo.read("p50_ms"), "120\n");
}

#[test]
fn without_progress_there_are_no_lines_that_change() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let arguments = [
        "run",
        "--task",
        "x",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--agent-cmd",
        &agent,
        "--yes",
        "--no-progress",
        "--color",
        "never",
    ];
    let (code, screen) = Terminal::start(repo.hub(arguments), 100).ends();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains('\x1b'), "{screen:?}");
    assert!(screen.contains("agent-1 running"), "{screen}");
}
