//! The plots: every run of everyone, and how far each is from the base.
//!
//! Places across are in per cent, heights and letters in pixels: a plot is as wide as its page,
//! and its letters can be read on each.

use maud::{Markup, html};

use crate::domain::measurement::EvalRun;
use crate::domain::metric::{Direction, MetricName};
use crate::domain::report::{
    BaseReport, DifferenceReport, EvalReport, IntervalReport, ResultReport,
};

use super::scale::Scale;
use super::words::{Words, exact, figure, interval, listed, shown, signed};

/// How high a row is, and what is above the first and below the last.
const ROW: usize = 54;
const HEAD: usize = 22;
const FOOT: usize = 46;

/// Where in its row the line of an entrant is.
const LINE: usize = 36;

/// How far above and below it there is nothing written.
const REACH: usize = 12;

/// The section of the plots; nothing where there is no metric.
pub(super) fn section(report: &EvalReport) -> Markup {
    let (Some(metric), Some(direction)) = (&report.metric, report.direction) else {
        return html! {};
    };
    let axis = Axis { metric, direction };
    html! {
        section #plots aria-labelledby="plots-head" {
            h2 #plots-head { "Plots" }
            (runs(report, &axis))
            (changes(report, &axis))
        }
    }
}

struct Axis<'r> {
    metric: &'r MetricName,
    direction: Direction,
}

/// What one row of a plot shows.
struct Row {
    name: String,
    /// What is said of it at the right.
    said: String,
    class: &'static str,
    middle: Option<f64>,
    interval: Option<IntervalReport>,
    /// Numbers that are drawn as points, each with its name.
    points: Vec<(f64, String)>,
}

/// Every run as a point, with medians and their intervals.
fn runs(report: &EvalReport, axis: &Axis<'_>) -> Markup {
    let base = report.base.iter().map(base_row);
    let agents = report
        .results
        .iter()
        .map(|result| result_row(report, result));
    let rows: Vec<Row> = base.chain(agents).collect();
    let line = report.baseline.map(|value| (value, "base"));
    let many = rows.iter().any(|row| row.points.len() > 1);
    let said = rows.iter().map(|row| match row.points.len() {
        0 => format!("{}: no runs", row.name),
        1 => format!("{}: {}", row.name, row.said),
        count => format!("{}: {} from {count} runs", row.name, row.said),
    });
    let description = match report.baseline {
        Some(baseline) => format!("{}. The base is at {}.", listed(said), figure(baseline)),
        None => format!("{}.", listed(said)),
    };
    html! {
        figure {
            figcaption #runs-caption {
                b { "Each run: " (Words(axis.metric.as_str())) }
                @if many { " Points are runs, diamonds medians, bars their intervals (95 %)." }
                @if line.is_some() { " The dashed line is the base." }
                " " (axis.better())
            }
            (plot("runs", &format!("Each run: {}", axis.metric), &description, &rows, line, axis))
        }
    }
}

/// The differences to the base by round, with their intervals.
fn changes(report: &EvalReport, axis: &Axis<'_>) -> Markup {
    let rows: Vec<Row> = report
        .results
        .iter()
        .filter_map(|result| Some(change_row(result, result.against_base?, axis.direction)))
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let said = rows.iter().map(|row| format!("{}: {}", row.name, row.said));
    let description = format!("{}. The base is at 0.", listed(said));
    html! {
        figure {
            figcaption #changes-caption {
                b { "Change against the base: " (Words(axis.metric.as_str())) }
                " Diamonds are the means of the differences by round. An interval that does not touch the"
                " dashed line is more than noise."
                " " (axis.better())
            }
            (plot("changes", &format!("Change against the base: {}", axis.metric), &description,
                &rows, Some((0.0, "base")), axis))
        }
    }
}

impl Axis<'_> {
    fn better(&self) -> &'static str {
        match self.direction {
            Direction::Lower => "Left is better.",
            Direction::Higher => "Right is better.",
        }
    }
}

fn base_row(base: &BaseReport) -> Row {
    Row {
        name: "base".to_owned(),
        said: said(base.metric_value, base.interval),
        class: "base",
        middle: base.metric_value,
        interval: base.interval,
        points: points(&base.runs),
    }
}

fn result_row(report: &EvalReport, result: &ResultReport) -> Row {
    Row {
        name: result.agent.to_string(),
        said: match result.rank {
            Some(_) => said(result.metric_value, result.interval),
            None => "out".to_owned(),
        },
        class: match result.rank {
            Some(_) if report.winner == Some(result.agent) => "good",
            Some(_) => "ranked",
            None => "out",
        },
        middle: result.metric_value,
        interval: result.interval,
        points: points(&result.runs),
    }
}

fn change_row(result: &ResultReport, change: DifferenceReport, direction: Direction) -> Row {
    let (low, high) = match direction {
        Direction::Lower => (change.interval.low, change.interval.high),
        Direction::Higher => (-change.interval.high, -change.interval.low),
    };
    let said = format!(
        "{} ({})",
        signed(change.estimate),
        interval(change.interval, signed)
    );
    Row {
        name: result.agent.to_string(),
        said,
        class: if high < 0.0 {
            "good"
        } else if low > 0.0 {
            "bad"
        } else {
            "ranked"
        },
        middle: Some(change.estimate),
        interval: Some(change.interval),
        points: Vec::new(),
    }
}

fn said(middle: Option<f64>, of: Option<IntervalReport>) -> String {
    match (middle, of) {
        (Some(middle), Some(of)) => format!("{} ({})", figure(middle), interval(of, figure)),
        (Some(middle), None) => figure(middle),
        (None, _) => "no metric".to_owned(),
    }
}

fn points(runs: &[EvalRun]) -> Vec<(f64, String)> {
    let counted = runs.iter().filter(|run| !run.warmup);
    counted
        .filter_map(|run| {
            let value = run.metric_value?;
            Some((
                value,
                format!("{}, run {}: {}", run.entrant, run.round, exact(value)),
            ))
        })
        .collect()
}

fn plot(
    id: &str,
    title: &str,
    description: &str,
    rows: &[Row],
    line: Option<(f64, &str)>,
    axis: &Axis<'_>,
) -> Markup {
    let drawn = rows.iter().flat_map(|row| {
        let ends = row.interval.iter().flat_map(|ends| [ends.low, ends.high]);
        ends.chain(row.middle)
            .chain(row.points.iter().map(|(value, _)| *value))
            .collect::<Vec<_>>()
    });
    let Some(scale) = Scale::over(drawn.chain(line.map(|(value, _)| value))) else {
        return html! { p.note { "There is no number to draw." } };
    };
    let bottom = HEAD + rows.len() * ROW;
    let middle = bottom + FOOT - 8;
    html! {
        div.plot {
            svg role="img" width="100%" height=(bottom + FOOT)
                aria-labelledby={ (id) "-title " (id) "-text" } {
                title id={ (id) "-title" } { (Words(title)) }
                desc id={ (id) "-text" } { (Words(description)) }
                (ticks(scale, bottom))
                @if let Some((value, name)) = line { (upright(scale.place(value), name, rows.len())) }
                @for (nth, row) in rows.iter().enumerate() { (draw_row(row, scale, HEAD + nth * ROW)) }
                text.axis x="50%" y=(middle) text-anchor="middle" {
                    (Words(&super::words::cut(axis.metric.as_str(), 36)))
                    @if scale.is_logarithmic() { " (logarithmic)" }
                }
            }
        }
    }
}

fn at(place: f64) -> String {
    format!("{place}%")
}

fn ticks(scale: Scale, bottom: usize) -> Markup {
    html! {
        @for (nth, (place, label)) in scale.ticks().into_iter().enumerate() {
            @let class = if nth % 2 == 0 { "tick" } else { "tick between" };
            g class=(class) {
                line x1=(at(place)) x2=(at(place)) y1=(HEAD) y2=(bottom) {}
                text x=(at(place)) y=(bottom + 16) text-anchor="middle" { (label) }
            }
        }
    }
}

/// A line through all rows, which leaves out what is written in them.
fn upright(place: f64, name: &str, rows: usize) -> Markup {
    let anchor = match place {
        place if place < 8.0 => "start",
        place if place > 92.0 => "end",
        _ => "middle",
    };
    html! {
        g.upright {
            text x=(at(place)) y="12" text-anchor=(anchor) { (name) }
            @for line in (0..rows).map(|nth| HEAD + nth * ROW + LINE) {
                line x1=(at(place)) x2=(at(place)) y1=(line - REACH) y2=(line + REACH) {}
            }
        }
    }
}

/// An entrant: its name above a line, and on that its runs, its interval and its median.
fn draw_row(row: &Row, scale: Scale, top: usize) -> Markup {
    let line = top + LINE;
    html! {
        g class={ "row " (row.class) } {
            text.name x="0" y=(top + 18) { (Words(&row.name)) }
            text.said x="100%" y=(top + 18) text-anchor="end" { (row.said) }
            line.track x1="0" x2="100%" y1=(line) y2=(line) {}
            @if let Some(ends) = row.interval {
                line.interval x1=(at(scale.place(ends.low))) x2=(at(scale.place(ends.high)))
                    y1=(line) y2=(line) {}
            }
            @for (nth, (value, name)) in row.points.iter().enumerate() {
                circle.run cx=(at(scale.place(*value))) cy=(line + spread(nth) - 4) r="4" {
                    title { (shown(name)) }
                }
            }
            @if let Some(middle) = row.middle.filter(|_| row.points.len() != 1) {
                svg.median x=(at(scale.place(middle))) y=(line) overflow="visible" {
                    path d="M0 -8 L5.5 0 L0 8 L-5.5 0 Z" {}
                }
            }
        }
    }
}

/// Runs with the same number lie beside each other: some pixels of 0 to 8, 4 the first time.
fn spread(nth: usize) -> usize {
    (4 + nth * 3) % 9
}
