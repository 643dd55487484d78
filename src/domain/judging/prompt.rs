//! The question to a judge in words, for agents that are given a prompt.

use std::fmt::Write as _;

use crate::domain::metric::MetricName;

use super::{Candidate, Excerpt, Question};

/// What a judge is to do; the two results follow on it.
const INTRODUCTION: &str = include_str!("../templates/judge.md");

/// The prompt of a question.
#[must_use]
pub fn prompt(question: &Question) -> String {
    let mut text = INTRODUCTION.to_owned();
    let _ = write!(text, "\n## The task\n\n{}\n", question.task.trim());
    if let (Some(metric), Some(direction)) = (&question.metric, question.direction) {
        let _ = write!(
            text,
            "\n## How they were measured\n\n{metric}, {direction} is better"
        );
        if let Some(baseline) = question.baseline {
            let _ = write!(text, "; {baseline} before any change");
        }
        text.push('\n');
    }
    text.push_str("\n---\n\n# The two results\n");
    candidate(&mut text, "a", question, &question.a);
    candidate(&mut text, "b", question, &question.b);
    text
}

fn candidate(text: &mut String, name: &str, question: &Question, candidate: &Candidate) {
    let _ = write!(text, "\n## Result {name}\n\n");
    if let (Some(metric), Some(value)) = (&question.metric, candidate.metric_value) {
        let _ = writeln!(text, "- {metric}: {value}");
    }
    let metric = question.metric.as_ref().map(MetricName::as_str);
    let others = candidate.numbers.iter();
    for (number, value) in others.filter(|(number, _)| Some(number.as_str()) != metric) {
        let _ = writeln!(text, "- {number}: {value}");
    }
    let diff = candidate.diff_stat;
    let _ = writeln!(
        text,
        "- files changed: {}; lines: +{}/-{}",
        diff.files_changed, diff.insertions, diff.deletions
    );
    for post in &candidate.posts {
        excerpt(text, &format!("What {name} says of itself"), "", post);
    }
    excerpt(
        text,
        &format!("What {name} changes"),
        "diff",
        &candidate.diff,
    );
}

fn excerpt(text: &mut String, heading: &str, kind: &str, excerpt: &Excerpt) {
    let fence = fence(&excerpt.text);
    let end = if excerpt.text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let _ = write!(
        text,
        "\n### {heading}\n\n{fence}{kind}\n{}{end}{fence}\n",
        excerpt.text
    );
    if let Some(note) = &excerpt.note {
        let _ = write!(text, "\n({note})\n");
    }
}

/// More backticks in a row than there are in the text, which so cannot end its block.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::DiffStat;

    fn result(value: Option<f64>, diff: &str) -> Candidate {
        Candidate {
            metric_value: value,
            numbers: [("ms".to_owned(), 5.0), ("kb".to_owned(), 7.0)].into(),
            diff_stat: DiffStat::new(1, 2, 0),
            diff: Excerpt {
                text: diff.to_owned(),
                note: None,
            },
            posts: Vec::new(),
        }
    }

    #[test]
    fn a_prompt_tells_all_that_the_document_does() {
        let mut question = Question {
            task: "Be fast\n".to_owned(),
            eval_cmd: Some("./bench.sh".to_owned()),
            metric: Some("ms".parse().unwrap()),
            direction: Some(crate::domain::metric::Direction::Lower),
            baseline: Some(9.0),
            a: result(Some(5.0), "+one\n"),
            b: result(Some(6.0), "+```\n+two"),
        };
        question.a.posts = vec![Excerpt {
            text: "Done.".to_owned(),
            note: Some("more".to_owned()),
        }];
        let text = prompt(&question);
        let text = text.strip_prefix(INTRODUCTION).unwrap();
        let expected = [
            "",
            "## The task",
            "",
            "Be fast",
            "",
            "## How they were measured",
            "",
            "ms, lower is better; 9 before any change",
            "",
            "---",
            "",
            "# The two results",
            "",
            "## Result a",
            "",
            "- ms: 5",
            "- kb: 7",
            "- files changed: 1; lines: +2/-0",
            "",
            "### What a says of itself",
            "",
            "```",
            "Done.",
            "```",
            "",
            "(more)",
            "",
            "### What a changes",
            "",
            "```diff",
            "+one",
            "```",
            "",
            "## Result b",
            "",
            "- ms: 6",
            "- kb: 7",
            "- files changed: 1; lines: +2/-0",
            "",
            "### What b changes",
            "",
            "````diff",
            "+```",
            "+two",
            "````",
            "",
        ];
        assert_eq!(text.split('\n').collect::<Vec<_>>(), expected);
    }
}
