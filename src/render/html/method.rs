//! What results had to keep to, and how they were measured.

use maud::{Markup, html};

use crate::domain::evaluation::requirement::Requirement;
use crate::domain::evaluation::tie_break::TieBreak;
use crate::domain::measurement::Surroundings;
use crate::domain::report::{EvalPage, EvalReport, MeasuredReport, ReportedMethod, ResultReport};

use super::agent;
use super::words::{Words, exact, figure, time};

/// The explanation of the method, in hub's own documents.
const EXPLAINED: &str = "docs/statistics.md";

/// What the table above ranks by, in a sentence or two.
pub(super) fn sentence(report: &EvalReport) -> Markup {
    html! {
        @match (&report.metric, report.direction) {
            (Some(metric), Some(direction)) => {
                b { (Words(metric.as_str())) } ", " (direction) " is better; "
                @match report.baseline {
                    Some(baseline) => { "the baseline is " b { (figure(baseline)) } "." },
                    None => "there is no baseline.",
                }
                @if let Some(measured) = &report.measured { " " (compared(measured)) }
            },
            _ => "Without a metric the agents stand in the order of their numbers.",
        }
    }
}

fn compared(measured: &MeasuredReport) -> Markup {
    html! {
        @match (measured.repeat, measured.method) {
            (1, _) => "One run of each says nothing of the noise: they were compared as numbers.",
            (_, ReportedMethod::Numbers) => {
                "There were too few rounds in common to know the noise: they were compared as numbers."
            },
            (_, ReportedMethod::Intervals) => {
                "Agents that differ by no more than noise share a rank."
            },
        }
    }
}

/// The section of the requirements and tie-breaks; nothing where there are none.
pub(super) fn requirements(report: &EvalReport) -> Markup {
    let criteria = &report.criteria;
    if criteria.require.is_empty() && criteria.tie_break.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="requirements-head" {
            h2 #requirements-head { "Requirements" }
            @if criteria.require.is_empty() { p { "There were none, but ties were decided by numbers." } }
            @else { p { "Whoever misses one of them is out, whatever its metric." } }
            div.scroll tabindex="0" role="region" aria-labelledby="requirements-head" {
                table {
                    caption { "The median of each number that was looked at" }
                    thead {
                        tr {
                            th.left scope="col" { "Agent" }
                            @for required in &criteria.require {
                                th scope="col" { "must be: " code { (Words(&required.to_string())) } }
                            }
                            @for tie in &criteria.tie_break {
                                th scope="col" { "tie-break: " code { (Words(&tie.to_string())) } }
                            }
                        }
                    }
                    tbody {
                        @for result in &report.results {
                            tr {
                                th.left scope="row" { (agent(result.agent)) }
                                @for required in &criteria.require { (of_requirement(report, result, required)) }
                                @for tie in &criteria.tie_break { (of_tie_break(report, result, tie)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_requirement(report: &EvalReport, result: &ResultReport, required: &Requirement) -> Markup {
    number(median(report, result, required.metric().as_str()))
}

fn of_tie_break(report: &EvalReport, result: &ResultReport, tie: &TieBreak) -> Markup {
    number(median(report, result, tie.metric.as_str()))
}

fn median(report: &EvalReport, result: &ResultReport, name: &str) -> Option<f64> {
    let printed = result.numbers.get(name).copied();
    let is_metric = report
        .metric
        .as_ref()
        .is_some_and(|metric| metric.as_str() == name);
    result.metric_value.filter(|_| is_metric).or(printed)
}

fn number(value: Option<f64>) -> Markup {
    html! { td { @if let Some(value) = value { (figure(value)) } @else { span.nothing { "–" } } } }
}

/// The section of how it was measured.
pub(super) fn section(page: &EvalPage) -> Markup {
    let report = &page.evaluation;
    html! {
        section #method aria-labelledby="method-head" {
            h2 #method-head { "How it was measured" }
            dl {
                (row("Eval command", &html! {
                    @match &report.eval_cmd {
                        Some(command) => code { (Words(command)) },
                        None => "there is none: nothing was run",
                    }
                }))
                @if let Some(metric) = &report.metric {
                    (row("Metric", &html! {
                        code { (Words(metric.as_str())) }
                        @if let Some(direction) = report.direction { ", " (direction) " is better" }
                    }))
                }
                @if let Some(baseline) = report.baseline {
                    (row("Baseline", &html! {
                        (exact(baseline))
                        @if report.base.is_some() { ", the median of the base commit's runs in this evaluation" }
                        @else { ", measured when the session was made" }
                    }))
                }
                (row("Base", &html! {
                    (Words(page.base_branch.as_str()))
                    @if let Some(commit) = &page.base_commit { " at " code { (commit.short()) } }
                }))
                (row("Evaluated", &time(report.evaluated)))
                @if let Some(measured) = &report.measured { (of_measuring(measured)) }
                (of_criteria(report))
            }
            p {
                "The rules, what they promise and their sources are in " code { (EXPLAINED) }
                " of hub's source; " code { "hub eval " (report.session.as_str()) " --show --format json" }
                " prints all numbers of this evaluation."
            }
        }
    }
}

fn row(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn of_measuring(measured: &MeasuredReport) -> Markup {
    let runs = |count: u32| {
        if count == 1 {
            "1 run".to_owned()
        } else {
            format!("{count} runs")
        }
    };
    html! {
        (row("Runs", &html! {
            (runs(measured.repeat)) " of each"
            @if measured.warmup > 0 { ", after " (runs(measured.warmup)) " to warm up" }
            @if measured.jobs > 1 { "; " (measured.jobs) " ran at once" }
        }))
        (row("Order", &html! { "drawn anew for each round, from seed " (measured.seed) }))
        (row("Method", &html! {
            @match measured.method {
                ReportedMethod::Numbers => "compared as numbers",
                ReportedMethod::Intervals => {
                    "compared by the intervals of their differences"
                    @if let Some(rounds) = measured.rounds { " in " (rounds) " rounds" }
                    "; intervals of medians from " (measured.resamples) " resamples"
                },
            }
        }))
        @if let Some(limit) = measured.timeout_s {
            (row("Time limit of a run", &html! { (figure(limit)) " s" }))
        }
        @if !measured.protect.is_empty() {
            (row("Protected", &html! {
                "as in the base commit: "
                @for glob in &measured.protect { code { (Words(glob)) } " " }
            }))
        }
        (of_machine(&measured.surroundings))
    }
}

fn of_machine(around: &Surroundings) -> Markup {
    html! {
        (row("Machine", &html! {
            (Words(&around.host)) ", " (Words(&around.system))
        }))
        (row("Processors", &html! {
            (around.processors)
            @if let Some(processor) = &around.processor { " × " (Words(processor)) }
        }))
        @if let Some([one, five, fifteen]) = around.load {
            (row("Load when it began", &html! {
                (figure(one)) ", " (figure(five)) ", " (figure(fifteen))
                " (over 1, 5 and 15 minutes)"
            }))
        }
    }
}

fn of_criteria(report: &EvalReport) -> Markup {
    let criteria = &report.criteria;
    html! {
        @if criteria.protect_strict {
            (row("Who changed a protected path", &html! { "is out" }))
        }
        @if criteria.allow_no_gain {
            (row("A winner without a gain", &html! { "is allowed" }))
        }
    }
}
