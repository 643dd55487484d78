//! What was measured: the ranked table, and what there is to say of it.

mod judged;

use std::fmt::Write as _;

use crate::domain::measurement::EvalRun;
use crate::domain::report::{
    BaseReport, EvalReport, IntervalReport, JudgeReport, ReportedMethod, ResultReport,
};

use super::{dash, indented, lines, merging, one_line};
use crate::domain::text::first_few;
use crate::render::style::{self, paint};
use crate::render::table::{self, Column, number, text};

/// `hub eval`: the ranked table, then why agents have no metric.
#[must_use]
pub fn eval(report: &EvalReport) -> String {
    let mut drawn = headline(report);
    let many = report.measured.as_ref().is_some_and(|m| m.repeat > 1);
    let strip = Strip::of(report);
    let cells = |result: &ResultReport| {
        let mut row = vec![
            result.rank.map_or_else(dash, |rank| rank.to_string()),
            result.agent.to_string(),
            value(result.metric_value, many),
        ];
        if many {
            row.push(interval(result.interval));
        }
        row.push(delta(result));
        if many {
            row.push(counted(&result.runs).to_string());
        }
        row.extend([result.diff.files_changed.to_string(), lines(result.diff)]);
        row.push(merging::outlook(result.merge.as_ref()));
        if many {
            row.push(strip.draw(&result.runs));
        }
        row
    };
    let mut rows: Vec<Vec<String>> = report.results.iter().map(cells).collect();
    if let Some(base) = report.base.as_ref().filter(|_| many) {
        rows.push(base_row(base, &strip));
    }
    drawn.push_str(&table::draw(&columns(many), rows));
    if let Some(reason) = report.base.as_ref().and_then(|base| base.reason.as_ref()) {
        let _ = writeln!(drawn, "base: {}", one_line(reason));
    }
    for result in &report.results {
        drawn.push_str(&remarks(result));
    }
    drawn.push_str(&merges(report));
    drawn.push_str(&ties(report));
    if let Some(judge) = &report.judge {
        drawn.push_str(&judged::judge(judge));
    }
    drawn.push_str(&verdict(report));
    drawn
}

fn columns(many: bool) -> Vec<Column> {
    if many {
        vec![
            number("RANK"),
            text("AGENT"),
            number("MEDIAN"),
            text("INTERVAL"),
            number("DELTA"),
            number("RUNS").leaves(2),
            number("FILES").leaves(3),
            text("+/-").leaves(1),
            text("MERGE"),
            text("EACH RUN"),
        ]
    } else {
        vec![
            number("RANK"),
            text("AGENT"),
            number("METRIC"),
            number("DELTA"),
            number("FILES"),
            text("+/-"),
            text("MERGE"),
        ]
    }
}

/// What is measured, and how.
fn headline(report: &EvalReport) -> String {
    let mut line = String::new();
    if let (Some(metric), Some(direction)) = (&report.metric, report.direction) {
        let many = report.base.is_some();
        let baseline = report.baseline.map_or_else(
            || "no baseline".to_owned(),
            |baseline| format!("baseline {}", value(Some(baseline), many)),
        );
        let _ = writeln!(line, "{metric}, {direction} is better, {baseline}");
    }
    if let Some(measured) = report.measured.as_ref().filter(|m| m.repeat > 1) {
        let warmup = match measured.warmup {
            0 => String::new(),
            runs => format!(" after {runs} to warm up"),
        };
        let _ = writeln!(
            line,
            "{} runs of each{warmup}, in an order from seed {}; intervals of 95 % from {} resamples",
            measured.repeat, measured.seed, measured.resamples
        );
        if measured.method == ReportedMethod::Numbers {
            line.push_str("too few rounds in common to know the noise: compared as numbers\n");
        }
    }
    line
}

fn base_row(base: &BaseReport, strip: &Strip) -> Vec<String> {
    vec![
        dash(),
        "base".to_owned(),
        value(base.metric_value, true),
        interval(base.interval),
        dash(),
        counted(&base.runs).to_string(),
        dash(),
        dash(),
        dash(),
        strip.draw(&base.runs),
    ]
}

fn counted(runs: &[EvalRun]) -> usize {
    runs.iter().filter(|run| !run.warmup).count()
}

/// A metric; a median of several runs has no more digits than say something.
fn value(value: Option<f64>, many: bool) -> String {
    match value {
        None => dash(),
        Some(value) if many => digits(value),
        Some(value) => value.to_string(),
    }
}

fn interval(interval: Option<IntervalReport>) -> String {
    let shown = |i: IntervalReport| format!("{} to {}", digits(i.low), digits(i.high));
    interval.map_or_else(dash, shown)
}

/// Five significant digits, and all of those before the point.
fn digits(value: f64) -> String {
    if value.abs() >= 10_000.0 || value.fract() == 0.0 {
        return value.round().to_string();
    }
    let scientific: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    scientific.to_string()
}

fn remarks(result: &ResultReport) -> String {
    let agent = result.agent;
    let mut text = String::new();
    if let Some(reason) = &result.reason {
        let _ = writeln!(text, "{agent}: {}", one_line(reason));
    }
    if let Some(stderr) = &result.stderr {
        text.push_str(&indented(stderr));
    }
    if let Some(first) = result
        .protected_changed
        .first()
        .filter(|_| !result.disqualified)
    {
        let more = match result.protected_changed.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let path = one_line(&first.display().to_string());
        let _ = writeln!(
            text,
            "{agent}: it changed {path}{more}, protected; measured with what the base commit has"
        );
    }
    if !result.put_back.is_empty() {
        let count = result.put_back.len();
        let _ = writeln!(
            text,
            "{agent}: the eval command changed {count} tracked files; they were put back"
        );
    }
    if let Some(name) = &result.put_back_snapshot {
        let _ = writeln!(text, "{agent}: what was put back is kept as {name}");
    }
    text
}

/// How far the base branch has moved, and what does not merge into it.
fn merges(report: &EvalReport) -> String {
    let Some(base) = &report.base_now else {
        return String::new();
    };
    let mut text = String::new();
    if let Some(moved @ 1..) = base.moved {
        let (branch, moved) = (&base.branch, merging::commits(moved));
        let _ = writeln!(
            text,
            "{branch} has moved by {moved} since the session began"
        );
    }
    for result in &report.results {
        if let Some(outlook) = result.merge.as_ref().filter(|outlook| !outlook.clean) {
            let paths = outlook.conflicts.iter();
            let paths = first_few(paths.map(|path| one_line(&path.display().to_string())));
            let _ = writeln!(
                text,
                "{}: it conflicts with {} now, in {paths}",
                result.agent, base.branch
            );
        }
    }
    text
}

/// Who cannot be told apart, and what stands them in their order.
fn ties(report: &EvalReport) -> String {
    let mut text = String::new();
    let known = |m: &crate::domain::report::MeasuredReport| m.method == ReportedMethod::Intervals;
    if !report.measured.as_ref().is_some_and(known) {
        return text;
    }
    for result in report.results.iter().filter(|result| result.tied) {
        if let Some(decided_by) = &result.decided_by {
            let _ = writeln!(
                text,
                "{}: tied with those of rank {}; its place among them is by {decided_by}",
                result.agent,
                result.rank.map_or_else(dash, |rank| rank.to_string()),
            );
        }
    }
    text
}

fn verdict(report: &EvalReport) -> String {
    match (report.winner, &report.metric, report.beats_baseline) {
        (Some(winner), ..) => {
            let judged = |judge: &JudgeReport| judge.pairs.iter().any(|pair| pair.winner.is_some());
            let by = match &report.winner_decided_by {
                Some(decided_by) => format!(" (tied; by {decided_by})"),
                None if report.judge.as_ref().is_some_and(judged) => " (by the judge)".to_owned(),
                None => String::new(),
            };
            format!("winner: {}{by}\n", paint(style::GOOD, &winner.to_string()))
        }
        (None, Some(_), Some(false)) => "nobody beats the baseline\n".to_owned(),
        (None, Some(_), _) => "no winner\n".to_owned(),
        (None, None, _) if report.judge.is_some() => {
            "no winner: the judge tells nobody apart\n".to_owned()
        }
        (None, None, _) => String::new(),
    }
}

fn delta(result: &ResultReport) -> String {
    match (result.delta, result.delta_percent) {
        (Some(delta), Some(percent)) => format!("{} ({percent:+.1}%)", signed(delta)),
        (Some(delta), None) => signed(delta),
        (None, _) => dash(),
    }
}

/// A difference to as many digits as say something.
fn signed(delta: f64) -> String {
    let rounded: f64 = format!("{delta:.6}").parse().unwrap_or(delta);
    format!("{rounded:+}")
}

/// Runs as points on a line that is the same for all rows.
struct Strip {
    low: f64,
    high: f64,
}

impl Strip {
    const WIDTH: usize = 24;

    fn of(report: &EvalReport) -> Self {
        let base = report.base.iter().flat_map(|base| &base.runs);
        let agents = report.results.iter().flat_map(|result| &result.runs);
        let runs = base.chain(agents).filter(|run| !run.warmup);
        let values = runs.filter_map(|run| run.metric_value);
        values.fold(
            Self {
                low: f64::INFINITY,
                high: f64::NEG_INFINITY,
            },
            |strip, value| Self {
                low: strip.low.min(value),
                high: strip.high.max(value),
            },
        )
    }

    /// The place of a value, from 0 to the width less one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a small whole number, made so the line before"
    )]
    fn place(&self, value: f64) -> usize {
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let place = (part * (Self::WIDTH - 1) as f64).round();
        if place.is_finite() {
            (place.max(0.0) as usize).min(Self::WIDTH - 1)
        } else {
            0
        }
    }

    fn draw(&self, runs: &[EvalRun]) -> String {
        let mut counts = [0_usize; Self::WIDTH];
        let counted = runs.iter().filter(|run| !run.warmup);
        for value in counted.filter_map(|run| run.metric_value) {
            if let Some(count) = counts.get_mut(self.place(value)) {
                *count += 1;
            }
        }
        let drawn: String = counts
            .iter()
            .map(|count| match count {
                0 => ' ',
                1 => '·',
                2 => '•',
                _ => '●',
            })
            .collect();
        drawn.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_and_no_noise() {
        assert_eq!(signed(0.1 + 0.2), "+0.3");
        assert_eq!(signed(-60.0), "-60");
        assert_eq!(signed(1e-9), "+0");
    }

    #[test]
    fn medians_have_as_many_digits_as_say_something() {
        for (value, shown) in [
            (12.345_678, "12.346"),
            (0.000_123_456, "0.00012346"),
            (180.0, "180"),
            (1_234_567.8, "1234568"),
            (-0.1 - 0.2, "-0.3"),
        ] {
            assert_eq!(digits(value), shown);
        }
    }

    #[test]
    fn the_ends_of_a_strip_are_its_least_and_its_most() {
        let strip = Strip {
            low: 10.0,
            high: 20.0,
        };
        assert_eq!(
            (strip.place(10.0), strip.place(20.0)),
            (0, Strip::WIDTH - 1)
        );
        let flat = Strip {
            low: 5.0,
            high: 5.0,
        };
        assert_eq!(flat.place(5.0), 0);
        let wide = Strip {
            low: f64::MIN,
            high: f64::MAX,
        };
        assert_eq!(wide.place(0.0), Strip::WIDTH / 2);
    }
}
