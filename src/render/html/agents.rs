//! What each agent did: its work, its runs, and what it says itself.

use maud::{Markup, html};

use crate::domain::diff::FileDiff;
use crate::domain::measurement::EvalRun;
use crate::domain::metric::MetricName;
use crate::domain::report::{AgentPage, EvalPage, PagePost, ResultReport};

use super::markdown;
use super::words::{Words, exact, lines, time};

/// Longer lists of files are closed at first.
const OPEN: usize = 20;

/// So many files are listed.
const MOST_FILES: usize = 500;

/// The section of the agents, in the order of the ranking.
pub(super) fn section(page: &EvalPage) -> Markup {
    let report = &page.evaluation;
    let nothing = AgentPage::default();
    html! {
        section #agents aria-labelledby="agents-head" {
            h2 #agents-head { "Agents" }
            @for result in &report.results {
                (one(page, result, page.agents.get(&result.agent).unwrap_or(&nothing)))
            }
            @if let Some(base) = &report.base {
                article #base aria-labelledby="base-head" {
                    h3 #base-head { "base" }
                    p.note { "The base commit " code { (base.commit.short()) } ", measured beside the agents." }
                    (runs(&base.runs))
                }
            }
        }
    }
}

fn one(page: &EvalPage, result: &ResultReport, work: &AgentPage) -> Markup {
    let id = result.agent.to_string();
    html! {
        article id=(id) aria-labelledby={ (id) "-head" } {
            h3 id={ (id) "-head" } {
                (id)
                @if page.evaluation.winner == Some(result.agent) { " " span.badge { "winner" } }
                @else if let Some(rank) = result.rank { " " span.rank { "rank " (rank) } }
                @else if result.reason.is_some() { " " span.rank { "out" } }
            }
            (facts(result, work))
            (troubles(result))
            (files(result, work))
            @if let Some(said) = &work.post { (post(said)) }
            (numbers(page, result))
            (runs(&result.runs))
        }
    }
}

fn facts(result: &ResultReport, work: &AgentPage) -> Markup {
    html! {
        dl {
            @if let Some(preset) = &work.preset { div { dt { "Preset" } dd { (Words(preset.as_str())) } } }
            @if let Some(strategy) = &work.strategy { div { dt { "Strategy" } dd { (Words(strategy)) } } }
            div {
                dt { "Branch" }
                dd {
                    code { (Words(result.branch.as_str())) }
                    @if let Some(commit) = &result.commit { " at " code { (commit.short()) } }
                }
            }
            @if let Some(seconds) = result.elapsed_s {
                div { dt { "A run took" } dd { (format!("{seconds:.3}")) " s" } }
            }
        }
    }
}

/// Why it is out, and what is to be known of how it was measured.
fn troubles(result: &ResultReport) -> Markup {
    html! {
        @if let Some(reason) = &result.reason { p.trouble { (Words(reason)) } }
        @if let Some(stderr) = &result.stderr { pre { (Words(stderr)) } }
        @if !result.protected_changed.is_empty() && !result.disqualified {
            p.trouble {
                "It changed "
                @for path in &result.protected_changed { code { (Words(&path.display().to_string())) } " " }
                "– protected, and measured with what the base commit has."
            }
        }
        @if !result.put_back.is_empty() {
            p.note {
                "The eval command changed " (result.put_back.len()) " tracked files; they were put back"
                @if let Some(name) = &result.put_back_snapshot { " and are kept as " code { (name) } }
                "."
            }
        }
        @if result.uncommitted_files > 0 {
            p.note { "Its worktree had " (result.uncommitted_files) " uncommitted files." }
        }
    }
}

fn files(result: &ResultReport, work: &AgentPage) -> Markup {
    let Some(files) = &work.files else {
        return html! {
            @if result.commit.is_some() { p.note { "Which files it changed cannot be told any more." } }
        };
    };
    let most = files.iter().map(churn).max().unwrap_or(0).max(1);
    let more = files.len().saturating_sub(MOST_FILES);
    if files.is_empty() {
        return html! { p.note { "It changed no file." } };
    }
    html! {
        details open=[(files.len() <= OPEN).then_some("")] {
            summary {
                @if files.len() == 1 { "1 file" } @else { (files.len()) " files" }
                " changed, " (lines(result.diff.insertions, result.diff.deletions))
            }
            div.scroll tabindex="0" role="region" aria-label={ "Files of " (result.agent) } {
                table.files {
                    thead {
                        tr {
                            th.left scope="col" { "File" }
                            th scope="col" { "Added" }
                            th scope="col" { "Removed" }
                            th.left.bar scope="col" { span.hidden { "In proportion" } }
                        }
                    }
                    tbody { @for file in files.iter().take(MOST_FILES) { (file_row(file, most)) } }
                }
            }
            @if more > 0 { p.note { "and " (more) " more files" } }
        }
    }
}

fn churn(file: &FileDiff) -> usize {
    file.lines
        .map_or(0, |lines| lines.insertions.saturating_add(lines.deletions))
}

fn file_row(file: &FileDiff, most: usize) -> Markup {
    html! {
        tr {
            th.left.path scope="row" {
                @if let Some(old) = &file.renamed_from { (Words(&old.display().to_string())) " → " }
                (Words(&file.path.display().to_string()))
            }
            @match file.lines {
                Some(lines) => {
                    td.added { "+" (lines.insertions) }
                    td.removed { "-" (lines.deletions) }
                    td.bar { (bar(lines.insertions, lines.deletions, most)) }
                },
                None => {
                    td colspan="2" { "not text" }
                    td {}
                },
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn bar(insertions: usize, deletions: usize, most: usize) -> Markup {
    const WIDTH: f64 = 80.0;
    let length = |lines: usize| match lines {
        0 => 0.0,
        lines => (lines as f64 / most as f64 * WIDTH).max(1.5),
    };
    let (added, removed) = (length(insertions), length(deletions));
    html! {
        svg aria-hidden="true" width="84" height="10" {
            rect.added x="0" y="1" width=(format!("{added:.1}")) height="8" {}
            rect.removed x=(format!("{added:.1}")) y="1" width=(format!("{removed:.1}")) height="8" {}
        }
    }
}

fn post(post: &PagePost) -> Markup {
    html! {
        div.post {
            p.note {
                "What it says of its results"
                @if let Some(written) = post.written { ", " (time(written)) }
                " (" code { (Words(&post.name)) } ")"
            }
            (markdown::draw(&post.body))
        }
    }
}

/// What the runs printed beside the metric.
fn numbers(page: &EvalPage, result: &ResultReport) -> Markup {
    let metric = page.evaluation.metric.as_ref().map(MetricName::as_str);
    let others: Vec<_> = result
        .numbers
        .iter()
        .filter(|(name, _)| Some(name.as_str()) != metric)
        .collect();
    if others.is_empty() {
        return html! {};
    }
    html! {
        details {
            summary { "What else its runs printed (medians)" }
            dl { @for (name, value) in others { div { dt { (Words(name)) } dd { (exact(*value)) } } } }
        }
    }
}

/// Every run with its number, for those who cannot see the plot.
fn runs(runs: &[EvalRun]) -> Markup {
    if runs.is_empty() {
        return html! {};
    }
    let reasons = runs.iter().any(|run| run.reason.is_some());
    html! {
        details {
            summary { @if runs.len() == 1 { "Its run" } @else { "Its " (runs.len()) " runs" } }
            div.scroll {
                table.runs {
                    thead {
                        tr {
                            th scope="col" { "Run" }
                            th scope="col" { "Metric" }
                            th scope="col" { "Seconds" }
                            @if reasons { th.left scope="col" { "What was wrong" } }
                        }
                    }
                    tbody { @for run in runs { (run_row(run, reasons)) } }
                }
            }
        }
    }
}

fn run_row(run: &EvalRun, reasons: bool) -> Markup {
    html! {
        tr {
            th scope="row" { @if run.warmup { "warm-up " } (run.round) }
            td { @if let Some(value) = run.metric_value { (exact(value)) } @else { span.nothing { "–" } } }
            td { (format!("{:.3}", run.elapsed_s)) }
            @if reasons { td.reason { @if let Some(reason) = &run.reason { (Words(reason)) } } }
        }
    }
}
