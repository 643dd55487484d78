//! Judges that contradict themselves, fail, or say nothing that can be used.

use serde_json::json;

use super::super::ranks;
use super::{Court, FIRST, GOOD};
use crate::support::TestRepo;

const TWO: [&str; 2] = ["worth 1\n", "worth 3\n"];

#[test]
fn who_always_prefers_the_first_makes_a_tie_and_no_winner() {
    let court = Court::new(FIRST, &TWO);
    let text = court.eval(&[]).fails(8);
    insta::assert_snapshot!(court.contest.repo.without_paths(&text.stdout), @"
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       1  agent-1       -      -      1  +1/-0  clean
       1  agent-2       -      -      1  +1/-0  clean
    judge: [TEMP]/scripts/judge.sh
    JUDGED   SCORE  WON  LOST  TIED  STRENGTH
    agent-1      0    0     0     1      0.50
    agent-2      0    0     0     1      0.50
    agent-1 and agent-2: the judge contradicts itself when they are swapped; a tie
    no winner: the judge tells nobody apart
    ");
    let id = &court.contest.id;
    let refused = court.contest.repo.hub(["merge", id]).fails(8);
    assert_eq!(
        refused.stderr,
        format!(
            "error: session {id} has no winner: the judge tells nobody apart\n\
             hint: merge one by name with `hub merge {id} --agent agent-N`, or keep all as tags with `hub archive {id}`\n"
        )
    );
    let document = court.json(&["--reuse"]);
    assert_eq!(
        ranks(&document),
        [("agent-1", Some(1)), ("agent-2", Some(1))]
    );
    assert_eq!(document["judge"]["contradictions"], json!(1));
    assert_eq!(
        document["judge"]["pairs"][0]["outcome"],
        json!("contradictory")
    );
    court
        .contest
        .repo
        .hub(["merge", id, "--agent", "agent-2"])
        .ok();
}

#[test]
fn a_judge_that_gives_no_answer_is_told_and_decides_nothing() {
    for (script, failure) in [
        (
            "echo out of tea >&2\nexit 3",
            "the judge ended with exit status 3: out of tea",
        ),
        // An answer does not count when the command says that it failed.
        (
            "echo '{\"winner\":\"a\"}'\nexit 1",
            "the judge ended with exit status 1",
        ),
        (
            "echo they are both nice",
            r#"the judge printed no {"winner":"a|b|tie","reason":"…"}"#,
        ),
        ("true", "the judge printed nothing"),
    ] {
        let court = Court::new(script, &TWO);
        let text = court.eval(&[]).fails(8);
        let told = "2 of 2 judgements failed; the first, agent-";
        assert!(text.stdout.contains(told), "{text}");
        assert!(text.stdout.contains(&format!(": {failure}\n")), "{text}");
        let document = court.json(&["--reuse"]);
        let judge = &document["judge"];
        assert_eq!(judge["failures"], json!(2));
        assert_eq!(judge["bouts"][0]["failure"], json!(failure));
        assert_eq!(judge["pairs"][0]["outcome"], json!("unjudged"));
        assert_eq!(ranks(&document), [("agent-1", None), ("agent-2", None)]);
        assert_eq!(court.asked(), 4, "what failed is asked again: {script}");
    }
}

#[test]
fn a_judge_that_is_killed_gives_no_answer() {
    let mut court = Court::new(GOOD, &TWO);
    court.judge = "kill -9 $$".to_owned();
    let judge = &court.json(&[])["judge"];
    let failure = "the judge ended with signal 9";
    assert_eq!(judge["bouts"][0]["failure"], json!(failure));
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failure() {
    let court = Court::new(r#"echo '{"winner":"agent-1"}'"#, &TWO);
    let judge = &court.json(&[])["judge"];
    let failure = judge["bouts"][0]["failure"].as_str().unwrap();
    assert!(
        failure.starts_with("the judge's answer cannot be read: "),
        "{failure}"
    );
}

#[test]
fn a_judge_that_takes_too_long_is_ended() {
    let court = Court::new("sleep 1000 & sleep 1000", &TWO);
    let document = court.json(&["--judge-timeout", "0.2"]);
    let judge = &document["judge"];
    assert_eq!(judge["timeout_s"], json!(0.2));
    let failure = "the judge took longer than 0.2 s";
    assert_eq!(judge["bouts"][1]["failure"], json!(failure));
}

#[test]
fn where_one_judgement_fails_the_others_count() {
    // Whoever compares 1 and 2 fails.
    let script = format!(
        "question=$(cat)\ncase $question in *'+worth 3'*) ;; *) exit 9 ;; esac\n\
         printf '%s' \"$question\" | {{ {GOOD} }}"
    );
    let court = Court::new(&script, &["worth 1\n", "worth 2\n", "worth 3\n"]);
    let text = court.eval(&[]).ok();
    assert!(
        text.stdout
            .contains("2 of 6 judgements failed; the first, "),
        "{text}"
    );
    assert!(
        text.stdout.ends_with("winner: agent-3 (by the judge)\n"),
        "{text}"
    );
}

#[test]
fn where_the_judge_fails_the_metric_stands() {
    let court = Court::measured("exit 1", &["p50_ms: 105\n", "p50_ms: 100\n"]);
    let text = court.eval(&[]).ok();
    assert!(text.stdout.contains("2 of 2 judgements failed"), "{text}");
    assert!(text.stdout.ends_with("winner: agent-2\n"), "{text}");
    let document = court.json(&["--reuse"]);
    assert_eq!(
        ranks(&document),
        [("agent-2", Some(1)), ("agent-1", Some(2))]
    );
}

#[test]
fn where_the_judge_leaves_a_tie_the_better_metric_wins() {
    let court = Court::measured(FIRST, &["p50_ms: 105\n", "p50_ms: 100\n"]);
    let text = court.eval(&[]).ok();
    assert!(
        text.stdout
            .ends_with("winner: agent-2 (tied; by better figure)\n"),
        "{text}"
    );
}

#[test]
fn who_cannot_judge_is_refused_before_anything_is_done() {
    let repo = TestRepo::new();
    let court = Court::of(repo, &[], GOOD, &TWO);
    let (repo, id) = (&court.contest.repo, &court.contest.id);
    let base = ["eval", id.as_str()];
    for (flags, code, message) in [
        (&["--judge-cmd", ""][..], 2, "it is empty"),
        (&["--judge-cmd", "./nothing.sh"], 2, "./nothing.sh"),
        (
            &["--judge", "--judge-cmd", "true"],
            2,
            "cannot be used with",
        ),
        (&["--no-judge", "--judge"], 2, "cannot be used with"),
        (&["--judge-timeout", "0"], 2, "more than 0"),
        (&["--judge-timeout", "-1"], 2, "0 or more"),
        (&["--tolerance", "101%"], 2, "from 0 to 100"),
        (&["--tolerance", "-1"], 2, "from 0 to 100"),
        (&["--judge-agent", "claud"], 2, "no preset claud"),
        (&["--judge-agent", "A"], 2, "lower-case"),
        (&["--judge"], 2, "same preset"),
        (&["--show", "--judge"], 2, "cannot be used with"),
    ] {
        let answer = repo.hub([&base[..], flags].concat()).fails(code);
        assert!(answer.stderr.contains(message), "{answer}");
    }
    assert_eq!(repo.state(id), "running");
    assert!(!court.evaluation(1).exists());
}
