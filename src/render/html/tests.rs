//! The page as a whole: it is well-formed, holds every run, asks nobody for anything, and stays
//! harmless whatever is in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use roxmltree::{Document, Node};
use serde_json::{Value, json};

use crate::domain::diff::{ChangedLines, FileDiff};
use crate::domain::id::AgentId;
use crate::domain::report::{AgentPage, EvalPage, EvalReport, PagePost};
use crate::domain::session::Task;

use super::eval;

const COMMIT: &str = "3f1c0e5a9b7d2c4e6f8091a2b3c4d5e6f7081920";

/// An evaluation with these runs of the base and of each agent; one without runs is out.
fn evaluation(base: &[f64], agents: &[&[f64]]) -> Value {
    let results: Vec<Value> = (1..).zip(agents).map(|(n, runs)| result(n, runs)).collect();
    let repeat = agents.iter().map(|runs| runs.len()).max().unwrap_or(1);
    let method = if repeat > 1 { "intervals" } else { "numbers" };
    json!({
        "session": "20260317-143022",
        "state": "evaluating",
        "eval_cmd": "./bench.sh",
        "metric": "p50_ms",
        "direction": "lower",
        "baseline": base.first(),
        "evaluated": "2026-03-17T14:40:00+00:00",
        "winner": null,
        "winner_decided_by": null,
        "beats_baseline": null,
        "measured": {
            "evaluation": 1, "repeat": repeat, "warmup": 1, "seed": 4_071, "resamples": 10_000,
            "timeout_s": 90.0, "jobs": 1, "protect": ["bench/**"], "method": method, "rounds": repeat,
            "surroundings": {
                "variables": {}, "host": "ada", "system": "Linux 6.1 x86_64",
                "processor": "Some Processor 3000", "processors": 8, "load": [0.5, 0.25, 0.125],
            },
        },
        "criteria": { "require": [], "tie_break": [], "protect_strict": false, "allow_no_gain": false },
        "base": (base.len() > 1).then(|| json!({
            "commit": COMMIT, "metric_value": base[base.len() / 2],
            "interval": interval(base), "reason": null, "runs": runs("base", base),
        })),
        "results": results,
    })
}

fn interval(runs: &[f64]) -> Value {
    let low = runs.iter().copied().fold(f64::INFINITY, f64::min);
    let high = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if runs.len() < 2 {
        return Value::Null;
    }
    json!({ "low": low, "high": high, "level": 0.95 })
}

fn runs(entrant: &str, values: &[f64]) -> Value {
    let runs = (1..).zip(values).map(|(round, value)| {
        json!({
            "entrant": entrant, "round": round, "warmup": false, "metric_value": value,
            "numbers": {}, "exit": { "code": 0 }, "timed_out": false, "elapsed_s": 1.5,
            "reason": null, "disqualified": false, "stderr": null, "put_back": [],
            "put_back_snapshot": null, "left_files": null,
        })
    });
    runs.collect()
}

fn result(number: u32, values: &[f64]) -> Value {
    let agent = format!("agent-{number}");
    let out = values.is_empty();
    json!({
        "agent": agent, "attempt": 1, "branch": format!("hub/20260317-143022/{agent}/attempt-1"),
        "commit": COMMIT, "metric_value": values.get(values.len() / 2),
        "interval": interval(values), "delta": null, "delta_percent": null,
        "against_base": null, "beats_baseline": null,
        "rank": (!out).then_some(number), "tied": false, "decided_by": null,
        "ranked_against": null, "disqualified": out,
        "reason": out.then_some("run 1: tests_failed is 2, and must be == 0"),
        "exit": { "code": 0 }, "elapsed_s": 1.5, "stderr": null, "numbers": {},
        "runs": runs(&agent, values), "protected_changed": [], "uncommitted_files": 0,
        "put_back": [], "put_back_snapshot": null,
        "diff": { "files_changed": 1, "insertions": 2, "deletions": 1, "net_lines": 1 },
    })
}

fn page(evaluation: Value) -> EvalPage {
    let evaluation: EvalReport = serde_json::from_value(evaluation).unwrap();
    EvalPage {
        task: Task::stored("Optimize API response time".to_owned()),
        base_branch: "main".parse().unwrap(),
        base_commit: Some(COMMIT.parse().unwrap()),
        made: "2026-03-17T15:00:00Z".parse::<DateTime<Utc>>().unwrap(),
        agents: BTreeMap::new(),
        evaluation,
    }
}

/// The page as XML, which is stricter than a browser; what HTML leaves open is closed.
fn well_formed(text: &str) -> String {
    let mut closed = text.replacen("<!DOCTYPE html>", "", 1);
    for (place, _) in text.rmatch_indices("<meta") {
        let place = place - "<!DOCTYPE html>".len();
        let end = place + closed[place..].find('>').unwrap();
        closed.insert(end, '/');
    }
    if let Err(error) = Document::parse(&closed) {
        panic!("{error}");
    }
    closed
}

/// Draws a page and holds it against all that is promised of every page.
fn drawn(page: &EvalPage) -> String {
    let text = eval(page);
    let closed = well_formed(&text);
    let document = Document::parse(&closed).unwrap();
    let all: Vec<Node<'_, '_>> = document.descendants().filter(Node::is_element).collect();
    let mut ids: Vec<&str> = all.iter().filter_map(|node| node.attribute("id")).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    for node in &all {
        asks_nobody(node);
        is_accessible(node, &ids);
    }
    for style in all.iter().filter(|node| node.has_tag_name("style")) {
        let style = style.text().unwrap();
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
    text
}

fn asks_nobody(node: &Node<'_, '_>) {
    let name = node.tag_name().name();
    let loads = [
        "script", "img", "link", "iframe", "object", "embed", "image", "use", "form", "base",
    ];
    assert!(!loads.contains(&name), "{name}");
    for attribute in node.attributes() {
        let (key, value) = (attribute.name(), attribute.value());
        assert!(
            !key.starts_with("on") && key != "src" && key != "srcset",
            "{key}={value}"
        );
        if key == "href" {
            let schemes = ["#", "https:", "http:", "mailto:"];
            assert!(
                name == "a" && schemes.iter().any(|lead| value.starts_with(lead)),
                "{value}"
            );
        }
    }
}

fn is_accessible(node: &Node<'_, '_>, ids: &[&str]) {
    let has = |name: &str| node.children().any(|child| child.has_tag_name(name));
    match node.tag_name().name() {
        "svg" if node.attribute("role") == Some("img") => assert!(has("title") && has("desc")),
        "th" => assert!(node.attribute("scope").is_some()),
        "table" => assert!(has("thead") && has("tbody")),
        _ => {}
    }
    for name in node
        .attribute("aria-labelledby")
        .unwrap_or_default()
        .split_whitespace()
    {
        assert!(ids.contains(&name), "nothing has the id {name}");
    }
    let target = node
        .attribute("href")
        .and_then(|href| href.strip_prefix('#'));
    assert!(
        target.is_none_or(|target| ids.contains(&target)),
        "{target:?}"
    );
}

fn count(text: &str, name: &str, class: &str) -> usize {
    let closed = well_formed(text);
    let document = Document::parse(&closed).unwrap();
    let fits = |node: &Node<'_, '_>| {
        let classes = node.attribute("class").unwrap_or_default();
        node.has_tag_name(name) && classes.split(' ').any(|one| one == class)
    };
    document.descendants().filter(fits).count()
}

const SEVEN: [&[f64]; 4] = [
    &[180.1, 181.0, 179.4, 180.2, 182.9, 180.0, 179.9],
    &[151.0, 150.2, 149.9, 152.3, 150.4, 150.8, 163.0],
    &[150.9, 151.2, 150.3, 151.9, 150.1, 149.8, 150.7],
    &[],
];

#[test]
fn what_a_judge_said_is_told_with_its_reasons() {
    let mut report = evaluation(&[], &[&[5.0], &[6.0]]);
    report["judge"] = json!({
        "command": "./judge.sh <x>", "preset": null, "timeout_s": 600.0, "tolerance": "10%",
        "seed": 7, "judged": ["agent-1", "agent-2"], "asked": 2,
        "bouts": [
            { "a": "agent-1", "b": "agent-2", "answer": "a", "winner": "agent-1",
              "reason": "it handles <empty> input", "failure": null, "elapsed_s": 1.0 },
            { "a": "agent-2", "b": "agent-1", "answer": null, "winner": null,
              "reason": null, "failure": "it ended with exit status 3", "elapsed_s": 1.0 },
        ],
        "pairs": [{ "one": "agent-1", "other": "agent-2", "outcome": "unjudged", "winner": null }],
        "contradictions": 0, "failures": 1,
        "standings": [
            { "agent": "agent-1", "rank": 1, "score": 0, "strength": 0.5, "won": 0, "lost": 0, "tied": 0 },
            { "agent": "agent-2", "rank": 1, "score": 0, "strength": 0.5, "won": 0, "lost": 0, "tied": 0 },
        ],
    });
    let shown = eval(&page(report));
    for told in [
        "./judge.sh &lt;x&gt;",
        "it handles &lt;empty&gt; input",
        "no answer, it ended with exit status 3",
        "Judgements that failed: 1.",
        "Where the judge puts them",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!eval(&page(evaluation(&[], &[&[5.0]]))).contains("The judge"));
}

#[test]
fn every_run_is_a_point_and_a_row() {
    let mut evaluation = evaluation(SEVEN[0], &SEVEN[1..]);
    evaluation["results"][0]["runs"][6]["warmup"] = json!(true);
    let text = drawn(&page(evaluation));
    assert_eq!(count(&text, "circle", "run"), 7 + 6 + 7);
    assert_eq!(count(&text, "svg", "median"), 3);
    assert_eq!(count(&text, "line", "interval"), 3);
    assert_eq!(count(&text, "g", "upright"), 1, "the base is a line");
    for value in SEVEN.iter().copied().flatten() {
        assert!(text.contains(&format!("<td>{value}</td>")), "{value}");
    }
    for told in [
        "seed 4071",
        "7 runs of each",
        "docs/statistics.md",
        "Some Processor 3000",
        "0.5, 0.25, 0.125",
    ] {
        assert!(text.contains(told), "{told}");
    }
    assert!(text.contains("run 1: tests_failed is 2, and must be == 0"));
}

#[test]
fn one_run_of_each_has_no_interval() {
    let text = drawn(&page(evaluation(&[180.0], &[&[150.0], &[200.0]])));
    assert_eq!(count(&text, "circle", "run"), 2);
    assert_eq!(count(&text, "line", "interval"), 0);
    assert!(!text.contains("Interval (95\u{a0}%)") && text.contains("compared as numbers"));
}

#[test]
fn a_tie_says_what_decided_it() {
    let mut evaluation = evaluation(SEVEN[0], &SEVEN[1..]);
    let results = evaluation["results"].as_array_mut().unwrap();
    for result in &mut results[..2] {
        result["rank"] = json!(1);
        result["tied"] = json!(true);
    }
    let interval = json!({ "low": -1.5, "high": 2.5, "level": 0.9916 });
    results[1]["decided_by"] = json!("size_kb");
    results[1]["ranked_against"] =
        json!({ "agent": "agent-1", "difference": { "estimate": 0.5, "interval": interval } });
    evaluation["winner"] = json!("agent-1");
    evaluation["winner_decided_by"] = json!("size_kb");
    evaluation["criteria"]["require"] = json!(["tests_failed == 0"]);
    evaluation["criteria"]["tie_break"] = json!(["size_kb:lower"]);
    let text = drawn(&page(evaluation));
    for told in [
        "agent-1 and agent-2 share it: none differs from the first by more than noise.",
        "stands behind the one before it by: <b>size_kb</b>",
        "<td>-1.5 to +2.5</td><td>99.16\u{a0}%</td>",
        "what decided was: size_kb",
        "<code>tests_failed == 0</code>",
        "<code>size_kb:lower</code>",
    ] {
        assert!(text.contains(told), "{told}");
    }
}

#[test]
fn changes_are_good_bad_or_noise() {
    let mut evaluation = evaluation(SEVEN[0], &SEVEN[1..]);
    let change = |low: f64, high: f64| {
        let interval = json!({ "low": low, "high": high, "level": 0.975 });
        json!({ "estimate": f64::midpoint(low, high), "interval": interval })
    };
    evaluation["results"][0]["against_base"] = change(-31.0, -28.0);
    evaluation["results"][1]["against_base"] = change(-1.0, 2.0);
    let text = drawn(&page(evaluation.clone()));
    let changes = &text[text.find("id=\"changes-caption\"").unwrap()..];
    assert!(
        changes.contains("row good")
            && changes.contains("row ranked")
            && !changes.contains("row bad")
    );
    assert!(text.contains("Interval of the change (97.5\u{a0}%)"));
    evaluation["direction"] = json!("higher");
    let text = drawn(&page(evaluation));
    let changes = &text[text.find("id=\"changes-caption\"").unwrap()..];
    assert!(changes.contains("row bad") && !changes.contains("row good"));
}

#[test]
fn numbers_of_every_kind_have_a_place() {
    let odd: [&[f64]; 4] = [
        &[f64::MIN, -1e300],
        &[f64::MAX, 1e300],
        &[5e-324, -0.0],
        &[-3.5, -3.5],
    ];
    let text = drawn(&page(evaluation(&[-2.0, -1.0], &odd)));
    assert!(!text.contains("NaN") && !text.contains("inf%"));
    assert!(text.contains("1.7977e308"));
    drawn(&page(evaluation(&[], &[&[], &[]])));
    let mut unmeasured = evaluation(&[], &[&[]]);
    for key in ["metric", "direction", "eval_cmd", "measured"] {
        unmeasured[key] = Value::Null;
    }
    let text = drawn(&page(unmeasured));
    assert!(
        text.contains("There is no metric, so nobody is ranked.") && !text.contains("role=\"img\"")
    );
}

/// What breaks out of text, of an attribute, of a comment, of a style.
const HOSTILE: &str = "</title></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{1b}[31m\0\u{202e}&amp;-->";

#[test]
fn whatever_is_in_it_it_stays_harmless() {
    let mut evaluation = evaluation(&[1.0, 2.0], &[&[1.0, 2.0], &[]]);
    evaluation["eval_cmd"] = json!(HOSTILE);
    evaluation["metric"] = json!("<script>alert(2)</script>\"");
    evaluation["winner"] = json!("agent-1");
    evaluation["winner_decided_by"] = json!(HOSTILE);
    evaluation["measured"]["protect"] = json!(["<script>/**"]);
    for key in ["host", "system", "processor"] {
        evaluation["measured"]["surroundings"][key] = json!(HOSTILE);
    }
    evaluation["criteria"]["require"] = json!(["a&\"' == 0"]);
    evaluation["criteria"]["tie_break"] = json!(["<script>:lower"]);
    let result = &mut evaluation["results"][0];
    for key in ["reason", "stderr", "decided_by"] {
        result[key] = json!(HOSTILE);
    }
    result["tied"] = json!(true);
    result["numbers"] = json!({ HOSTILE: 1.0 });
    result["protected_changed"] = json!([HOSTILE]);
    result["runs"][0]["reason"] = json!(HOSTILE);
    let mut page = page(evaluation);
    page.task = Task::stored(format!("{HOSTILE}\n{HOSTILE}"));
    page.agents = work(HOSTILE, HOSTILE);
    let text = drawn(&page);
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains('\u{202e}'));
    assert!(text.contains("&lt;script&gt;alert(1)") && text.contains("\u{241b}[31m\u{2400}"));
}

fn work(strategy: &str, body: &str) -> BTreeMap<AgentId, AgentPage> {
    let file = |path: &str, lines| FileDiff {
        path: path.into(),
        renamed_from: Some(format!("old {path}").into()),
        lines,
    };
    let lines = ChangedLines {
        insertions: 2,
        deletions: 1,
    };
    let work = AgentPage {
        preset: Some("claude".parse().unwrap()),
        strategy: Some(strategy.to_owned()),
        files: Some(vec![file(strategy, Some(lines)), file("logo.png", None)]),
        post: Some(PagePost {
            name: format!("results/{strategy}.md"),
            written: None,
            body: body.to_owned(),
        }),
    };
    BTreeMap::from([("agent-1".parse().unwrap(), work)])
}

#[test]
fn the_work_of_an_agent_is_shown() {
    let mut page = page(evaluation(&[180.0], &[&[150.0]]));
    page.agents = work("cache it", "# Done\n\nIt is **fast**.");
    let text = drawn(&page);
    for told in [
        "cache it",
        "<dd>claude</dd>",
        "old cache it → cache it",
        "not text",
        "<td class=\"added\">+2</td><td class=\"removed\">-1</td>",
        "<h4>Done</h4>",
        "<strong>fast</strong>",
        "results/cache it.md",
    ] {
        assert!(text.contains(told), "{told}");
    }
}

#[test]
fn a_long_task_has_a_short_headline() {
    let mut page = page(evaluation(&[180.0], &[&[150.0]]));
    let long = "word ".repeat(5000);
    page.task = Task::stored(long.clone());
    let text = drawn(&page);
    assert!(text.contains(long.trim()) && text.contains("word…</h1>"));
}

#[test]
fn many_files_are_counted() {
    let mut page = page(evaluation(&[180.0], &[&[150.0]]));
    let files = (0..1200).map(|n| FileDiff {
        path: format!("f{n}").into(),
        renamed_from: None,
        lines: None,
    });
    let work = AgentPage {
        files: Some(files.collect()),
        ..AgentPage::default()
    };
    page.agents.insert("agent-1".parse().unwrap(), work);
    let text = drawn(&page);
    assert!(text.contains("1200 files changed") && text.contains("and 700 more files"));
}
