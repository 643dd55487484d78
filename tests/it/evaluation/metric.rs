//! Which number is found in what the eval command prints.

use serde_json::json;

use super::{Contest, ranks, result_of};
use crate::support::TestRepo;

#[test]
fn a_number_behind_the_metrics_name_is_found() {
    let long = format!("{}{}", "p50_ms: 1\nnoise\n".repeat(5000), "p50_ms: 42.5\n");
    let cases = [
        ("p50_ms: 42.5\n", 42.5),
        ("p50_ms=42.5", 42.5),
        ("{\"p50_ms\": 42.5}\n", 42.5),
        ("warming up\n{\"p50_ms\": 42.5}\n", 42.5),
        ("  \"p50_ms\": 42.5,\n", 42.5),
        ("p50_ms: 1\np50_ms: 2\nother: 3\n", 2.0),
        ("p50_ms: -3.25\n", -3.25),
        ("p50_ms: 1.5e3\n", 1500.0),
        ("p50_ms = 2E-3\n", 0.002),
        ("p50_ms: 42ms\n", 42.0),
        ("p50_ms: 5\r\n", 5.0),
        (long.as_str(), 42.5),
    ];
    let outputs = cases.map(|(output, _)| output);
    let contest = Contest::new("p50_ms: 180\n", &outputs, &["--metric", "p50_ms"]);
    let document = contest.json();
    for (number, (output, expected)) in (1..).zip(cases) {
        let result = result_of(&document, number);
        assert_eq!(result["metric_value"], json!(expected), "{output:.60?}");
        assert_eq!(result["reason"], json!(null), "{output:.60?}");
    }
}

#[test]
fn what_cannot_be_ranked_stands_behind_all_others_with_the_reason() {
    let cases = [
        ("m: NaN\n", "m is NaN, not a finite number"),
        ("m: -inf\n", "m is -inf, not a finite number"),
        ("m: 1e400\n", "m is 1e400, not a finite number"),
        ("m: 3\nm: nan\n", "m is nan, not a finite number"),
        ("{\"m\": null}\n", "m is null, not a finite number"),
        ("fast!\n", "no m in the output"),
        ("mm: 3\n", "no m in the output"),
        ("", "no m in the output"),
        (
            "m: 1,5\n",
            "m is 1,5, which can be read in more than one way; print it as 1234.5",
        ),
    ];
    let mut outputs = vec!["m: 1e300\n"];
    outputs.extend(cases.map(|(output, _)| output));
    let contest = Contest::new("m: 180\n", &outputs, &["--metric", "m"]);
    let document = contest.json();
    for (number, (output, reason)) in (2..).zip(cases) {
        let result = result_of(&document, number);
        assert_eq!(result["reason"], json!(reason), "{output:?}");
        for unknown in ["metric_value", "delta", "delta_percent"] {
            assert_eq!(result[unknown], json!(null), "{unknown} of {output:?}");
        }
        assert_eq!(result["rank"], json!(2), "{output:?}");
        assert_eq!(result["disqualified"], json!(false), "{output:?}");
    }
    assert_eq!(ranks(&document)[0], ("agent-1", Some(1)));
    assert_eq!(document["winner"], json!(null), "it is above the baseline");
}

#[test]
fn a_name_with_the_characters_of_a_pattern_is_a_name() {
    for name in ["p(50)[ms]*", "a.c", "^x$", "größe", "p50 ms"] {
        let found = format!("abc: 1\n{name}: 7\nabc: 2\n");
        let contest = Contest::new("", &[&found, "abc: 1\nx: 2\n"], &["--metric", name]);
        let document = contest.json();
        assert_eq!(
            result_of(&document, 1)["metric_value"],
            json!(7.0),
            "{name}"
        );
        assert_eq!(
            result_of(&document, 2)["metric_value"],
            json!(null),
            "{name}"
        );
    }
}

#[test]
fn a_path_leads_into_a_json_document() {
    let document = r#"{"p50": 1, "stats": {"p50": 12.5, "runs": [{"ms": 7}, {"ms": 8}]}}"#;
    for (path, expected) in [("stats.p50", 12.5), ("stats.runs.1.ms", 8.0), ("p50", 1.0)] {
        let contest = Contest::new(document, &[document], &["--metric", path]);
        let eval = contest.json();
        assert_eq!(eval["baseline"], json!(expected), "{path}");
        let result = result_of(&eval, 1);
        assert_eq!(result["metric_value"], json!(expected), "{path}");
        assert_eq!(result["delta"], json!(0.0), "{path}");
    }
}

#[test]
fn stderr_is_read_when_stdout_has_no_number() {
    let repo = TestRepo::new();
    let contest = Contest::in_repo(
        repo,
        &["--eval", "cat out >&2; echo done", "--metric", "m"],
        &["m: 4\n"],
    );
    assert_eq!(result_of(&contest.json(), 1)["metric_value"], json!(4.0));
}

#[test]
fn more_output_than_a_pipe_holds_is_no_matter() {
    let contest = Contest::in_repo(
        TestRepo::new(),
        &[
            "--eval",
            "yes 'm: 1' | head -n 300000; cat out",
            "--metric",
            "m",
        ],
        &["m: 4\n"],
    );
    assert_eq!(result_of(&contest.json(), 1)["metric_value"], json!(4.0));
}
