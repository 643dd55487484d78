//! The page of an evaluation: one file that a browser shows by itself, now and in ten years.
//!
//! It asks nobody for anything: styles and plots are in it, there is no script, and it tells the
//! browser to load and to run nothing (`Content-Security-Policy`). Whatever comes from outside is
//! escaped, and what a reader could not see is shown. Plots are drawn in per cent of the page's
//! width with letters of their own size, so that a phone shows them as well as paper does.
//!
//! - `words`: text and numbers as they stand on the page
//! - `scale`: where a number lies on an axis
//! - `plots`, `ranking`, `judging`, `agents`, `method`: the sections
//! - `markdown`: posts, made harmless

mod agents;
mod judging;
mod markdown;
mod method;
mod plots;
mod ranking;
mod scale;
#[cfg(test)]
mod tests;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::domain::id::AgentId;
use crate::domain::report::{EvalPage, EvalReport};
use crate::domain::text::visible_with_tabs;
use words::{Words, cut, figure, percent, signed, time};

/// What the browser may do with the page beside showing it: nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How long a headline may be.
const HEADLINE: usize = 140;

/// The page of `hub eval --report`.
#[must_use]
pub fn eval(page: &EvalPage) -> String {
    let report = &page.evaluation;
    let title = cut(page.task.title(), HEADLINE);
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("hub ", env!("CARGO_PKG_VERSION")));
                title { (Words(&title)) " – hub" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                (header(page, &title))
                main {
                    (verdict(report))
                    (ranking::section(report))
                    (plots::section(report))
                    (ranking::ties(report))
                    (judging::section(report))
                    (method::requirements(report))
                    (agents::section(page))
                    (method::section(page))
                }
                footer {
                    p {
                        "Made by hub " (env!("CARGO_PKG_VERSION")) " on " (time(page.made))
                        ". Times are in UTC."
                    }
                }
            }
        }
    };
    // Nothing of the page's own is changed by this: it is for words that came in without `Words`,
    // or that markdown spelled by their numbers.
    visible_with_tabs(&document.into_string()) + "\n"
}

fn header(page: &EvalPage, title: &str) -> Markup {
    let report = &page.evaluation;
    let whole = page.task.as_str().trim();
    html! {
        header {
            p.above { "Evaluation of session " (report.session.as_str()) ", " (time(report.evaluated)) }
            h1 { (Words(title)) }
            @if whole != title {
                details {
                    summary { "The whole task" }
                    div.task { (Words(whole)) }
                }
            }
            nav aria-label="Sections" {
                a href="#ranking" { "Ranking" }
                @if report.metric.is_some() { a href="#plots" { "Plots" } }
                @if report.judge.is_some() { a href="#judge" { "The judge" } }
                a href="#agents" { "Agents" }
                a href="#method" { "How it was measured" }
            }
        }
    }
}

/// What came of it, in a sentence.
fn verdict(report: &EvalReport) -> Markup {
    let first = report.results.first();
    let (class, said) = match (report.winner, &report.metric, report.beats_baseline) {
        (Some(_), _, Some(false)) => (
            "verdict",
            "wins without beating the base, which was allowed",
        ),
        (Some(_), ..) => ("verdict good", "wins"),
        (None, Some(_), Some(false)) => ("verdict", "Nobody beats the baseline."),
        (None, Some(_), _) => ("verdict", "There is no winner."),
        (None, None, _) if report.judge.is_some() => ("verdict", "The judge tells nobody apart."),
        (None, None, _) => ("verdict", "There is no metric, so nobody is ranked."),
    };
    let won = first.filter(|first| report.winner == Some(first.agent));
    html! {
        p class=(class) {
            @match report.winner {
                Some(winner) => { strong { (agent(winner)) } " " (said) "." },
                None => { strong { (said) } },
            }
            @if let (Some(metric), Some(value)) = (&report.metric, won.and_then(|won| won.metric_value)) {
                " " (Words(metric.as_str())) " is " b { (figure(value)) }
                @if let Some(baseline) = report.baseline { ", from " (figure(baseline)) }
                @if let Some(delta) = won.and_then(|won| won.delta_percent) { " (" (percent(delta)) ")" }
                @else if let Some(delta) = won.and_then(|won| won.delta) { " (" (signed(delta)) ")" }
                "."
            }
            @if let Some(by) = &report.winner_decided_by {
                " Its rank is shared; what decided was: " (Words(by)) "."
            }
        }
    }
}

/// A link to what the page says of an agent.
fn agent(agent: AgentId) -> Markup {
    html! { a href={ "#" (agent.to_string()) } { (agent.to_string()) } }
}
