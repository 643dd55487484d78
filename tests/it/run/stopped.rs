//! Ctrl-C, and signals that nobody types, during `hub run` on a terminal.

use rustix::process::Signal;
use serde_json::json;

use super::{no_process_is_left, status};
use crate::support::{Terminal, TestRepo, plain};

const QUESTION: &str = "go on in the background unless they are ended. End them?";

/// What the keyboard sends for Ctrl-C where the terminal leaves that to the program.
const CTRL_C: &str = "\u{3}";

/// `hub run` on a terminal, with agents that work until `go` is there.
struct Watched {
    repo: TestRepo,
    terminal: Terminal,
}

impl Watched {
    fn new(more: &[&str]) -> Self {
        let repo = TestRepo::new().with_bench();
        let go = repo.root().join("go");
        let text = format!(
            "echo thinking\nwhile [ ! -e '{}' ]; do sleep 0.05; done\necho 90 >p50_ms\ngit commit --quiet --all --message Faster",
            go.display()
        );
        let agent = repo.script("patient.sh", &text);
        let terminal = Self::run(&repo, &agent, more);
        terminal.sees("thinking");
        Self { repo, terminal }
    }

    fn run(repo: &TestRepo, agent: &str, more: &[&str]) -> Terminal {
        let usual = ["run", "--task", "Be fast", "--agent-cmd", agent];
        let measure = ["--eval", "sh bench.sh", "--metric", "p50_ms"];
        let words = usual.iter().chain(&measure).chain(more);
        Terminal::start(repo.hub(words), 100)
    }

    /// How each agent is shown when `hub run` has ended with this exit status; and the screen.
    fn ends(self, code: i32) -> (TestRepo, String) {
        let (found, screen) = self.terminal.ends();
        assert_eq!(found, code, "{screen}");
        assert_shows_cursor(&screen);
        (self.repo, plain(&screen))
    }
}

fn statuses(repo: &TestRepo) -> Vec<String> {
    let agents = status(repo)["agents"].clone();
    let agents = agents.as_array().unwrap().iter();
    agents
        .map(|agent| agent["status"].as_str().unwrap().to_owned())
        .collect()
}

/// A question hides the cursor; it is there again whatever came instead of an answer.
fn assert_shows_cursor(screen: &str) {
    let (hidden, shown) = (screen.rfind("\x1b[?25l"), screen.rfind("\x1b[?25h"));
    assert!(shown >= hidden, "{screen:?}");
}

/// Nothing runs, and the session is there to be gone on with.
fn assert_ended(repo: &TestRepo) {
    assert_eq!(statuses(repo), ["cancelled"; 3]);
    assert_eq!(status(repo)["state"]["state"], json!("running"));
    no_process_is_left(repo);
}

#[test]
fn ctrl_c_asks_once_and_a_no_lets_the_agents_go_on() {
    let mut watched = Watched::new(&[]);
    watched.terminal.interrupt();
    watched.terminal.sees(QUESTION);
    watched.terminal.types("n");
    let (repo, screen) = watched.ends(130);
    assert_eq!(screen.matches("End them? [y/N]").count(), 1, "{screen}");
    assert!(screen.contains("they go on; `hub wait "), "{screen}");
    assert_eq!(statuses(&repo), ["running"; 3]);
    repo.write(repo.root().join("go"), "");
    repo.hub(["wait"]).ok();
    assert_eq!(statuses(&repo), ["succeeded"; 3]);
    // What `hub run` would have done can be done by hand.
    repo.hub(["eval"]).ok();
    repo.hub(["merge"]).ok();
    assert_eq!(repo.read("p50_ms"), "90\n");
}

#[test]
fn a_yes_ends_the_agents() {
    let mut watched = Watched::new(&[]);
    watched.terminal.interrupt();
    watched.terminal.sees(QUESTION);
    watched.terminal.types("y");
    let (repo, screen) = watched.ends(130);
    assert!(screen.contains("the agents were ended"), "{screen}");
    assert_ended(&repo);
}

#[test]
fn a_second_ctrl_c_ends_the_agents() {
    let mut watched = Watched::new(&[]);
    watched.terminal.interrupt();
    watched.terminal.sees(QUESTION);
    watched.terminal.types(CTRL_C);
    let (repo, screen) = watched.ends(130);
    assert!(screen.contains("the agents were ended"), "{screen}");
    assert!(
        screen.contains("[y/N] \n"),
        "the question's line is ended: {screen}"
    );
    assert_ended(&repo);
}

#[test]
fn a_signal_instead_of_an_answer_ends_the_agents() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let watched = Watched::new(&[]);
        watched.terminal.interrupt();
        watched.terminal.sees(QUESTION);
        watched.terminal.signal(signal);
        let (repo, _) = watched.ends(130);
        assert_ended(&repo);
    }
}

#[test]
fn a_signal_that_nobody_types_asks_nothing() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let watched = Watched::new(&[]);
        watched.terminal.signal(signal);
        let (repo, screen) = watched.ends(code);
        assert!(!screen.contains(QUESTION), "{screen}");
        assert_ended(&repo);
    }
}

#[test]
fn where_every_question_is_answered_with_yes_none_is_asked() {
    let watched = Watched::new(&["--yes"]);
    watched.terminal.interrupt();
    let (repo, screen) = watched.ends(130);
    assert!(!screen.contains(QUESTION), "{screen}");
    assert_ended(&repo);
}

#[test]
fn ctrl_c_at_the_question_before_the_merge_is_no_answer_to_it() {
    for (keys, signal, code) in [
        (CTRL_C, None, 130),
        ("", Some(Signal::INT), 130),
        ("", Some(Signal::TERM), 143),
    ] {
        let repo = TestRepo::new().with_bench();
        let main = repo.git(["rev-parse", "main"]);
        let mut terminal = Watched::run(&repo, &repo.agent_script(), &[]);
        terminal.sees("Merge agent-2 into main?");
        terminal.types(keys);
        if let Some(signal) = signal {
            terminal.signal(signal);
        }
        let (repo, screen) = Watched { repo, terminal }.ends(code);
        assert!(!screen.contains("no terminal to ask on"), "{screen}");
        assert_eq!(repo.git(["rev-parse", "main"]), main);
        assert_eq!(status(&repo)["state"]["state"], json!("evaluating"));
        repo.hub(["merge"]).ok();
        assert_eq!(repo.read("p50_ms"), "120\n");
    }
}
