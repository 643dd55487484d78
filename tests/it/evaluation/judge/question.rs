//! What a judge is given, and where it stands.

use std::fs;

use serde_json::{Value, json};

use super::super::Contest;
use super::{Court, FIRST};
use crate::support::TestRepo;

/// All questions of the first evaluation.
fn questions(court: &Court) -> Vec<Value> {
    let folders = fs::read_dir(court.evaluation(1).join("judge")).unwrap();
    folders
        .map(|folder| {
            let text = fs::read(folder.unwrap().path().join("question.json")).unwrap();
            serde_json::from_slice(&text).unwrap()
        })
        .collect()
}

#[test]
fn a_question_holds_the_task_and_both_results() {
    let outputs = ["p50_ms: 100\nkb: 7\n", "p50_ms: 105\n"];
    let court = Court::measured(FIRST, &outputs);
    let (repo, id) = (&court.contest.repo, &court.contest.id);
    let post = ["board", "post", "--channel", "results", "--session", id];
    let said = |agent: &str, text: &str| {
        let rest = ["--author", agent, "--message", text];
        repo.hub([&post[..], &rest].concat()).ok();
    };
    said("agent-1", "agent-1 is faster than agent-2");
    court.eval(&[]).ok();
    // Measured again, hub has told its own ranking on the board.
    let questions = questions(&court);
    assert_eq!(questions.len(), 2);
    for question in &questions {
        let (first, second) = if question["a"]["metric_value"] == json!(100.0) {
            (&question["a"], &question["b"])
        } else {
            (&question["b"], &question["a"])
        };
        assert_eq!(question["task"], json!("x"));
        assert_eq!(question["eval_cmd"], json!(super::super::PRINT));
        assert_eq!(question["metric"], json!("p50_ms"));
        assert_eq!(question["direction"], json!("lower"));
        assert_eq!(question["baseline"], json!(180.0));
        assert_eq!(first["numbers"], json!({ "kb": 7.0, "p50_ms": 100.0 }));
        assert_eq!(first["diff_stat"]["insertions"], json!(2));
        let diff = first["diff"]["text"].as_str().unwrap();
        assert!(
            diff.contains("-p50_ms: 180\n+p50_ms: 100\n+kb: 7\n"),
            "{diff}"
        );
        assert_eq!(first["diff"]["note"], json!(null));
        let told = "this one is faster than another one";
        assert_eq!(first["posts"], json!([{ "text": told, "note": null }]));
        assert_eq!(second["metric_value"], json!(105.0));
        assert_eq!(second["posts"], json!([]));
        assert!(!question.to_string().contains("agent-"), "{question}");
    }
}

#[test]
fn a_long_diff_is_cut_and_says_so() {
    let long = "a line of many\n".repeat(20_000);
    let court = Court::new(FIRST, &[&long, "short\n"]);
    court.eval(&[]).fails(8);
    let questions = questions(&court);
    let diffs = questions
        .iter()
        .flat_map(|q| [&q["a"]["diff"], &q["b"]["diff"]]);
    let cut: Vec<&Value> = diffs.filter(|diff| !diff["note"].is_null()).collect();
    assert_eq!(cut.len(), 2);
    for diff in cut {
        assert!(diff["text"].as_str().unwrap().len() <= 40 * 1024);
        let note = diff["note"].as_str().unwrap();
        assert!(note.starts_with("only the beginning is shown: "), "{note}");
    }
}

#[test]
fn a_judge_stands_in_a_clean_checkout_of_the_base_commit() {
    // It says what it finds, and leaves a mess.
    let script = "\
        { pwd; git rev-parse HEAD; cat README.md; ls; env | grep '^HUB_' | cut -d= -f1 | sort; } >&2\n\
        git commit --quiet --allow-empty --message Mine; echo mine >README.md; touch left\n\
        echo '{\"winner\":\"tie\"}'";
    let court = Court::new(script, &["1\n", "2\n"]);
    let repo = &court.contest.repo;
    let base = repo.git(["rev-parse", "main"]);
    court.eval(&[]).fails(8);
    for folder in fs::read_dir(court.evaluation(1).join("judge")).unwrap() {
        let said = fs::read_to_string(folder.unwrap().path().join("stderr.log")).unwrap();
        let scratch = repo.worktree(&court.contest.id, "scratch-judge");
        let expected = format!(
            "{}\n{base}\nA repository for tests.\nREADME.md\n\
             HUB_BASELINE\nHUB_DIRECTION\nHUB_EVAL_CMD\nHUB_EVAL_RUN\nHUB_METRIC\n\
             HUB_PROMPT_FILE\nHUB_SESSION\nHUB_TASK\nHUB_WORKTREE\n",
            scratch.display()
        );
        assert_eq!(said, expected);
        assert!(!scratch.exists());
    }
}

/// Answers as `claude --print --output-format json` does, or works.
const AGENT: &str = r#"
prompt=$(cat)
case $prompt in
'# Which of two results is better?'*)
    case $prompt in *'## The task'*'Be good'*'## Result a'*'+agent-2'*'## Result b'*) winner=a ;; *) winner=b ;; esac
    echo "{\"result\":\"{\\\"winner\\\":\\\"$winner\\\",\\\"reason\\\":\\\"I like it\\\"}\",\"cost\":1}"
    ;;
*)
    echo "$HUB_AGENT" >out
    git add out
    git commit --quiet -m Try
    ;;
esac"#;

#[test]
fn the_agents_own_preset_judges_by_a_prompt() {
    let repo = TestRepo::new();
    let agent = repo.script("agent.sh", AGENT);
    let settings = format!("presets:\n  mine:\n    program: {agent}\n");
    repo.write(repo.home().join(".config/agenthub/config.yaml"), settings);
    let run = [
        "run", "--task", "Be good", "--agents", "mine:2", "--yes", "--judge", "--json",
    ];
    let document = repo.hub(run).json();
    assert_eq!(document["eval"]["winner"], json!("agent-2"));
    let judge = &document["eval"]["judge"];
    assert_eq!(judge["preset"], json!("mine"));
    assert_eq!(judge["bouts"][0]["reason"], json!("I like it"));
    assert_eq!(repo.read("out"), "agent-2\n");
}

#[test]
fn another_preset_can_judge() {
    let repo = TestRepo::new();
    let agent = repo.script("agent.sh", AGENT);
    let settings = format!("presets:\n  mine:\n    program: {agent}\n");
    repo.write(repo.home().join(".config/agenthub/config.yaml"), settings);
    let contest = Contest::in_repo(repo, &[], &["x\n", "agent-2\n"]);
    let eval = ["eval", &contest.id, "--judge-agent", "mine", "--json"];
    let document = contest.repo.hub(eval).run().json();
    assert_eq!(document["judge"]["preset"], json!("mine"));
    assert_eq!(document["judge"]["failures"], json!(0));
}
