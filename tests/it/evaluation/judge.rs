//! A judge decides where no metric does.

mod failing;
mod interrupted;
mod question;
mod settings;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Contest, ranks};
use crate::support::{Answer, TestRepo};

/// Names the one whose change has the larger `worth`; the diffs stand in the order of a and b.
const GOOD: &str = r#"
worths=$(grep -o '+worth [0-9]*' | grep -o '[0-9]*')
set -- $worths
if [ "$1" -gt "$2" ]; then winner=a; elif [ "$1" -lt "$2" ]; then winner=b; else winner=tie; fi
echo "{\"winner\":\"$winner\",\"reason\":\"$1 against $2\"}"
"#;

/// Names whichever it is shown first.
const FIRST: &str = r#"echo '{"winner":"a","reason":"it comes first"}'"#;

/// A session with a judge that notes each question beside the repository.
struct Court {
    contest: Contest,
    judge: String,
}

impl Court {
    /// No eval command; each agent commits one of `outputs`.
    fn new(script: &str, outputs: &[&str]) -> Self {
        Self::of(TestRepo::new(), &[], script, outputs)
    }

    fn of(repo: TestRepo, flags: &[&str], script: &str, outputs: &[&str]) -> Self {
        let contest = Contest::in_repo(repo, flags, outputs);
        let asked = contest.repo.root().join("asked");
        let text = format!("echo >>'{}'\n{script}", asked.display());
        let judge = contest.repo.script("judge.sh", &text);
        Self { contest, judge }
    }

    /// The base commit has 180 ms.
    fn measured(script: &str, outputs: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.write("out", "p50_ms: 180\n");
        repo.commit("Print");
        let flags = ["--eval", super::PRINT, "--metric", "p50_ms"];
        Self::of(repo, &flags, script, outputs)
    }

    fn eval(&self, flags: &[&str]) -> Answer {
        let judged = ["eval", &self.contest.id, "--judge-cmd", &self.judge];
        self.contest.repo.hub([&judged[..], flags].concat()).run()
    }

    fn json(&self, flags: &[&str]) -> Value {
        self.eval(&[flags, &["--json"]].concat()).json()
    }

    /// How often the judge was asked.
    fn asked(&self) -> usize {
        let asked = std::fs::read_to_string(self.contest.repo.root().join("asked"));
        asked.map_or(0, |asked| asked.lines().count())
    }

    /// The folder of an evaluation.
    fn evaluation(&self, number: u32) -> PathBuf {
        let session = self.contest.repo.hub_dir().join("sessions");
        let session = session.join(&self.contest.id);
        session.join("evaluations").join(number.to_string())
    }

    /// What was kept of an evaluation's judgements.
    fn kept(&self, number: u32) -> Vec<Value> {
        let path = self.evaluation(number).join("judgements.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn a_good_judge_decides_where_there_is_no_metric() {
    let court = Court::new(GOOD, &["worth 1\n", "worth 3\n", "worth 2\n"]);
    let text = court.eval(&[]).ok();
    insta::assert_snapshot!(court.contest.repo.without_paths(&text.stdout), @"
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       1  agent-2       -      -      1  +1/-0  clean
       2  agent-3       -      -      1  +1/-0  clean
       3  agent-1       -      -      1  +1/-0  clean
    judge: [TEMP]/scripts/judge.sh
    JUDGED   SCORE  WON  LOST  TIED  STRENGTH
    agent-2     +2    2     0     0      0.92
    agent-3      0    1     1     0      0.08
    agent-1     -2    0     2     0      0.01
    winner: agent-2 (by the judge)
    ");
    assert_eq!(court.asked(), 6, "each pair both ways round");
    let merged = court.contest.repo.hub(["merge", &court.contest.id]).ok();
    assert!(merged.stdout.contains("agent-2"), "{merged}");
}

#[test]
fn the_document_tells_all_that_the_judge_said() {
    let court = Court::new(GOOD, &["worth 1\n", "worth 3\n"]);
    let document = court.json(&["--seed", "7"]);
    assert_eq!(document["winner"], json!("agent-2"));
    assert_eq!(document["winner_decided_by"], json!(null));
    assert_eq!(document["measured"], json!(null));
    let judge = &document["judge"];
    assert_eq!(judge["command"], json!(court.judge));
    assert_eq!(judge["preset"], json!(null));
    assert_eq!(judge["tolerance"], json!(null));
    assert_eq!((&judge["asked"], &judge["seed"]), (&json!(2), &json!(7)));
    assert_eq!(judge["judged"], json!(["agent-1", "agent-2"]));
    let pair = json!([{
        "one": "agent-1", "other": "agent-2", "outcome": "won", "winner": "agent-2"
    }]);
    assert_eq!(judge["pairs"], pair);
    for bout in judge["bouts"].as_array().unwrap() {
        assert_eq!(bout["winner"], json!("agent-2"));
        let reasons = [json!("1 against 3"), json!("3 against 1")];
        assert!(reasons.contains(&bout["reason"]), "{bout}");
    }
    let first = &judge["standings"][0];
    assert_eq!(first["agent"], json!("agent-2"));
    assert_eq!((&first["score"], &first["won"]), (&json!(1), &json!(1)));
    let shown = court.contest.repo.hub(["eval", "--show", "--json"]).json();
    assert_eq!(shown, document);
}

#[test]
fn those_who_are_out_are_not_judged() {
    let repo = TestRepo::new();
    let flags = ["--eval", "! grep -q broken out"];
    let outputs = ["worth 1\n", "worth 9 broken\n", "worth 2\n"];
    let court = Court::of(repo, &flags, GOOD, &outputs);
    let document = court.json(&[]);
    let expected = [
        ("agent-3", Some(1)),
        ("agent-1", Some(2)),
        ("agent-2", None),
    ];
    assert_eq!(ranks(&document), expected);
    assert_eq!(document["judge"]["judged"], json!(["agent-1", "agent-3"]));
    assert_eq!(court.asked(), 2);
}

#[test]
fn a_single_result_needs_no_judge() {
    let court = Court::new(GOOD, &["worth 1\n"]);
    let text = court.eval(&[]).ok();
    assert!(
        text.stdout.contains("agent-1 alone, nothing to compare\n"),
        "{text}"
    );
    assert!(text.stdout.ends_with("winner: agent-1\n"), "{text}");
    assert_eq!(court.asked(), 0);
}

#[test]
fn among_those_close_to_the_best_metric_the_judge_decides() {
    let outputs = [
        "p50_ms: 100\nworth 1\n",
        "p50_ms: 105\nworth 9\n",
        "p50_ms: 150\nworth 20\n",
    ];
    let court = Court::measured(GOOD, &outputs);
    let text = court.eval(&[]).ok();
    insta::assert_snapshot!(court.contest.repo.without_paths(&text.stdout), @"
    p50_ms, lower is better, baseline 180
    RANK  AGENT    METRIC         DELTA  FILES  +/-    MERGE
       1  agent-2     105  -75 (-41.7%)      1  +2/-1  clean
       2  agent-1     100  -80 (-44.4%)      1  +2/-1  clean
       3  agent-3     150  -30 (-16.7%)      1  +2/-1  clean
    judge: [TEMP]/scripts/judge.sh, of those within 10% of the best
    JUDGED   SCORE  WON  LOST  TIED  STRENGTH
    agent-2     +1    1     0     0      0.94
    agent-1     -1    0     1     0      0.06
    winner: agent-2 (by the judge)
    ");
    assert_eq!(court.asked(), 2);
    let close = court.json(&["--reuse", "--tolerance", "1%"]);
    assert_eq!(close["winner"], json!("agent-1"));
    assert_eq!(close["judge"]["judged"], json!(["agent-1"]));
    assert_eq!(close["judge"]["tolerance"], json!("1%"));
    let wide = court.json(&["--reuse", "--tolerance", "50"]);
    assert_eq!(wide["winner"], json!("agent-3"));
    assert_eq!(wide["judge"]["asked"], json!(4), "a pair was known");
    let without = court
        .contest
        .repo
        .hub(["eval", "--reuse", "--no-judge", "--json"])
        .json();
    assert_eq!(without["winner"], json!("agent-1"));
    assert_eq!(without["judge"], json!(null));
}

#[test]
fn nobody_who_does_not_beat_the_baseline_is_judged() {
    let outputs = ["p50_ms: 175\nworth 1\n", "p50_ms: 181\nworth 9\n"];
    let court = Court::measured(GOOD, &outputs);
    assert_eq!(court.json(&[])["winner"], json!("agent-1"));
    court.contest.commits(1, "p50_ms: 182\nworth 1\n");
    let text = court.eval(&[]).fails(8);
    assert!(text.stdout.contains("nobody to compare\n"), "{text}");
    assert!(
        text.stdout.ends_with("nobody beats the baseline\n"),
        "{text}"
    );
    assert_eq!(court.asked(), 0);
    let allowing = court.json(&["--reuse", "--allow-no-gain"]);
    assert_eq!(allowing["winner"], json!("agent-2"));
}

#[test]
fn judgements_are_kept_and_used_again_for_the_same_command_and_commits() {
    let court = Court::new(GOOD, &["worth 1\n", "worth 3\n"]);
    let first = court.json(&[]);
    let again = court.json(&["--reuse"]);
    assert_eq!((court.asked(), &again["judge"]["asked"]), (2, &json!(0)));
    assert_eq!(again["judge"]["bouts"], first["judge"]["bouts"]);
    let reuse = ["eval", "--reuse", "--json"];
    let unsaid = court.contest.repo.hub(reuse).json();
    assert_eq!(
        unsaid["judge"], again["judge"],
        "the judge is that of the evaluation"
    );
    let other = [&reuse[..], &["--judge-cmd", FIRST]].concat();
    let other = court.contest.repo.hub(other).run().json();
    assert_eq!(other["judge"]["asked"], json!(2));
    assert_eq!(other["judge"]["contradictions"], json!(1));
    court.json(&["--reuse"]);
    assert_eq!(court.asked(), 2, "what the first said is still there");
    // Measured again, all is asked again.
    court.json(&[]);
    assert_eq!(court.asked(), 4);
}

#[test]
fn run_takes_a_judge_too() {
    let repo = TestRepo::new();
    let agent = repo.script(
        "agent.sh",
        "echo \"worth ${HUB_AGENT#agent-}\" >out\ngit add out\ngit commit --quiet -m \"$HUB_AGENT\"",
    );
    let judge = repo.script("judge.sh", GOOD);
    let run = [
        "run",
        "--task",
        "x",
        "--agents",
        "2",
        "--yes",
        "--agent-cmd",
        &agent,
    ];
    let run = repo.hub([&run[..], &["--judge-cmd", &judge]].concat()).ok();
    assert!(run.stdout.contains("merged agent-2 into main"), "{run}");
    assert_eq!(repo.read("out"), "worth 2\n");
}
