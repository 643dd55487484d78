//! The random walk: commands of hub, changes by hand with plain git, and kills, in any order.
//!
//! A walk is made by a seed, and the same seed makes it again: which step comes next is chosen
//! among those that the repository allows at that moment. After each command of hub the
//! invariants hold (`support/invariants.rs`); what a hand has deleted is not hub's loss, so
//! what there is to be lost is read anew before each command.
//!
//! The tests walk a few seeds. `HUB_TEST_WALK=500` begins at seed 500 and never ends,
//! `HUB_TEST_WALK=500-620` ends, `HUB_TEST_WALK=500-500` goes one walk again.

mod commands;
mod hands;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use agenthub::domain::evaluation::random::Random;
use serde_json::Value;

use crate::support::invariants::{self, Before, Told};
use crate::support::points::{Blow, When, struck};
use crate::support::{Answer, TestRepo, wait_until};

/// How many steps a walk has.
const STEPS: usize = 30;

/// A repository and what happens to it.
struct Walk {
    repo: TestRepo,
    chance: Random,
    seed: u64,
    /// What was done so far, to be read when it fails.
    steps: Vec<String>,
    /// Commits that came while a command was killed: hub's own, which it may take back.
    unsure: BTreeSet<String>,
    /// The worktrees of agents that a hand has been in.
    by_hand: BTreeSet<PathBuf>,
    /// What hub told last.
    told: Option<Told>,
    /// The whole of what the last command printed.
    last: String,
}

/// One agent of a session, as hub tells of it.
struct Agent {
    session: String,
    name: String,
    branch: String,
    worktree: Option<PathBuf>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let repo = TestRepo::new().with_bench();
        repo.write("old", "old\n");
        repo.commit("Another file");
        Self {
            repo,
            chance: Random::new(seed, 0),
            seed,
            steps: Vec::new(),
            unsure: BTreeSet::new(),
            by_hand: BTreeSet::new(),
            told: None,
            last: String::new(),
        }
    }

    fn go(mut self) {
        for _ in 0..STEPS {
            if self.chance.below(5) < 2 {
                self.by_hand();
            } else {
                self.command();
            }
        }
        self.settle();
    }

    /// In the end doctor leaves nothing unfinished, and nothing that nobody knows.
    fn settle(&mut self) {
        self.hub(&["doctor", "--fix"], None);
        let told = self.told.take().unwrap();
        invariants::check_settled(&self.repo, &told, &self.by_hand);
    }

    /// One of a list.
    fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let at = self.chance.below(list.len());
        list.get(at)
    }

    /// Runs a command of hub, killed at an effect or not; then the invariants hold.
    fn hub(&mut self, line: &[&str], kill: Option<(When, usize)>) -> Answer {
        let shown = line.join(" ");
        self.steps.push(match kill {
            Some((when, number)) => format!("hub {shown} [killed {when:?} effect {number}]"),
            None => format!("hub {shown}"),
        });
        let mut before = Before::of(&self.repo);
        before
            .commits
            .retain(|commit| !self.unsure.contains(commit));
        let hub = self.repo.hub(line);
        let hub = match kill {
            Some((when, number)) => struck(hub, when, number, &Blow::Kill),
            None => hub,
        };
        let answer = hub.run();
        self.last = answer.to_string();
        let said = answer.stderr.lines().last().unwrap_or_default().to_owned();
        self.steps.push(format!("    {}: {said}", answer.code()));
        wait_until(Duration::from_secs(60), "the agents have ended", || {
            self.repo.processes().is_empty()
        });
        let killed = kill.is_some() && answer.code() == 137;
        assert!(killed || (0..10).contains(&answer.code()), "{answer}");
        assert!(!answer.stderr.contains("panicked"), "{answer}");
        self.told = Some(invariants::check(&self.repo, &before));
        if killed {
            let after = Before::of(&self.repo);
            let new = after.commits.difference(&before.commits);
            self.unsure.extend(new.cloned());
        }
        answer
    }

    /// The sessions that there are, with their states.
    fn sessions(&self) -> Vec<(String, String)> {
        let sessions = self.told.iter().flat_map(|told| &told.sessions);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        sessions
            .map(|session| (text(&session["session_id"]), text(&session["state"])))
            .collect()
    }

    /// The agents of all sessions.
    fn agents(&self) -> Vec<Agent> {
        let statuses = self.told.iter().flat_map(|told| &told.statuses);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        statuses
            .flat_map(|status| {
                let agents = status["agents"].as_array().unwrap().iter();
                agents.map(|agent| Agent {
                    session: text(&status["config"]["session_id"]),
                    name: text(&agent["agent"]),
                    branch: text(&agent["branch"]),
                    worktree: agent["worktree"].as_str().map(PathBuf::from),
                })
            })
            .collect()
    }
}

impl Drop for Walk {
    /// A walk that fails tells how it went.
    #[expect(clippy::print_stderr, reason = "shown when the test fails")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (seed, steps, last) = (self.seed, self.steps.join("\n"), &self.last);
            eprintln!("HUB_TEST_WALK={seed}-{seed} goes this walk again:\n{steps}\n{last}");
        }
    }
}

/// The seeds that are walked when nothing else is asked for.
fn walk(usual: std::ops::RangeInclusive<u64>) {
    if std::env::var_os("HUB_TEST_WALK").is_none() {
        usual.for_each(|seed| Walk::new(seed).go());
    }
}

#[test]
fn seeds_from_1() {
    walk(1..=3);
}

#[test]
fn seeds_from_4() {
    walk(4..=6);
}

#[test]
fn seeds_from_7() {
    walk(7..=9);
}

#[test]
fn seeds_from_10() {
    walk(10..=12);
}

/// The seeds that are asked for.
#[test]
#[expect(clippy::print_stderr, reason = "how far it has come")]
fn seeds_of_the_switch() {
    let Ok(asked) = std::env::var("HUB_TEST_WALK") else {
        return;
    };
    let (first, last) = asked.split_once('-').unwrap_or((&asked, ""));
    let last = last.parse().unwrap_or(u64::MAX);
    for seed in first.parse::<u64>().expect("a seed")..=last {
        Walk::new(seed).go();
        eprintln!("seed {seed} is walked");
    }
}

#[test]
fn the_same_seed_makes_the_same_walk() {
    let steps = |seed| {
        let mut walk = Walk::new(seed);
        (0..4).for_each(|_| walk.command());
        let steps = walk.steps.join("\n");
        walk.repo.normalised(&steps)
    };
    assert_eq!(steps(1), steps(1));
}
