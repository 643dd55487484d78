//! The ranked table, and what stands those in their order who cannot be told apart.

use maud::{Markup, html};

use crate::domain::measurement::EvalRun;
use crate::domain::merging::conflicts;
use crate::domain::report::{BaseReport, EvalReport, MergeOutlook, ReportedMethod, ResultReport};
use crate::domain::text::{first_few, visible};

use super::words::{Words, figure, interval, level, lines, listed, percent, signed};
use super::{agent, method};

/// The section of the ranked table.
pub(super) fn section(report: &EvalReport) -> Markup {
    let columns = Columns::of(report);
    html! {
        section #ranking aria-labelledby="ranking-head" {
            h2 #ranking-head { "Ranking" }
            p { (method::sentence(report)) }
            div.scroll tabindex="0" role="region" aria-labelledby="ranking-head" {
                table {
                    caption { "The agents, best first" @if report.base.is_some() { ", and the base" } }
                    thead { (columns.head()) }
                    tbody {
                        @for result in &report.results { (columns.row(result)) }
                        @if let Some(base) = &report.base { (columns.base(base)) }
                        @else if let Some(baseline) = report.baseline { (columns.baseline(baseline)) }
                    }
                }
            }
            @if let Some(reason) = report.base.as_ref().and_then(|base| base.reason.as_ref()) {
                p.note { "The base: " (Words(reason)) }
            }
        }
    }
}

/// Which columns there are: no row has anything in the others.
struct Columns<'r> {
    report: &'r EvalReport,
    intervals: bool,
    changes: bool,
}

impl<'r> Columns<'r> {
    fn of(report: &'r EvalReport) -> Self {
        let base = report.base.as_ref().and_then(|base| base.interval);
        let results = &report.results;
        Self {
            report,
            intervals: base.is_some() || results.iter().any(|result| result.interval.is_some()),
            changes: results.iter().any(|result| result.against_base.is_some()),
        }
    }

    fn head(&self) -> Markup {
        let sure = self
            .report
            .results
            .iter()
            .find_map(|result| result.against_base);
        html! {
            tr {
                th scope="col" { "Rank" }
                th.left scope="col" { "Agent" }
                @if self.report.metric.is_some() {
                    th scope="col" { @if self.intervals { "Median" } @else { "Metric" } }
                    @if self.intervals { th scope="col" { "Interval (95\u{a0}%)" } }
                    th scope="col" { "Change" }
                    th scope="col" { "in per cent" }
                    @if let Some(sure) = sure {
                        th scope="col" { "Interval of the change (" (level(sure.interval)) ")" }
                    }
                }
                th scope="col" { "Runs" }
                th scope="col" { "Files" }
                th scope="col" { "Lines" }
                th.left scope="col" { "Merge" }
            }
        }
    }

    fn count(&self) -> usize {
        let of_metric = 3 + usize::from(self.intervals) + usize::from(self.changes);
        6 + usize::from(self.report.metric.is_some()) * of_metric
    }

    fn row(&self, result: &ResultReport) -> Markup {
        let winner = self.report.winner == Some(result.agent);
        html! {
            tr.winner[winner] {
                td {
                    @match result.rank {
                        Some(rank) => { (rank) @if result.tied { span title="shared" { "=" } } },
                        None => (nothing(if result.reason.is_some() { "out" } else { "–" })),
                    }
                }
                th.left scope="row" {
                    (agent(result.agent))
                    @if winner { " " span.badge { "winner" } }
                }
                @if self.report.metric.is_some() {
                    (cell(result.metric_value.map(figure)))
                    @if self.intervals { (cell(result.interval.map(|of| interval(of, figure)))) }
                    (cell(result.delta.map(signed)))
                    (cell(result.delta_percent.map(percent)))
                    @if self.changes {
                        (cell(result.against_base.map(|change| interval(change.interval, signed))))
                    }
                }
                td { (counted(&result.runs)) }
                td { (result.diff.files_changed) }
                td { (lines(result.diff.insertions, result.diff.deletions)) }
                td.left { (merges(result.merge.as_ref())) }
            }
            @if let Some(reason) = &result.reason {
                tr.why { td.left colspan=(self.count()) { div { "Why it is out: " (Words(reason)) } } }
            }
        }
    }

    fn base(&self, base: &BaseReport) -> Markup {
        self.base_row(
            base.metric_value,
            base.interval.map(|of| interval(of, figure)),
            counted(&base.runs),
        )
    }

    fn baseline(&self, baseline: f64) -> Markup {
        self.base_row(Some(baseline), None, 1)
    }

    fn base_row(&self, value: Option<f64>, between: Option<String>, runs: usize) -> Markup {
        html! {
            tr.base {
                td { (nothing("–")) }
                th.left scope="row" { "base" }
                @if self.report.metric.is_some() {
                    (cell(value.map(figure)))
                    @if self.intervals { (cell(between)) }
                    (cell(None))
                    (cell(None))
                    @if self.changes { (cell(None)) }
                }
                td { (runs) }
                (cell(None))
                (cell(None))
                (cell(None))
            }
        }
    }
}

/// Whether work would merge, and where it would not, the files.
fn merges(outlook: Option<&MergeOutlook>) -> Markup {
    html! {
        @match outlook {
            None => (nothing("–")),
            Some(outlook) if outlook.clean => "clean",
            Some(outlook) => {
                @let paths = first_few(outlook.conflicts.iter().map(|path| path.display()));
                span title=(visible(&paths)) { (conflicts(&outlook.conflicts)) }
            }
        }
    }
}

fn cell(text: Option<String>) -> Markup {
    html! {
        td { @if let Some(text) = text { (text) } @else { (nothing("–")) } }
    }
}

fn nothing(mark: &str) -> Markup {
    html! { span.nothing { (mark) } }
}

fn counted(runs: &[EvalRun]) -> usize {
    runs.iter().filter(|run| !run.warmup).count()
}

/// Who shares a rank and what decided, and whom each was compared with.
pub(super) fn ties(report: &EvalReport) -> Markup {
    let shared: Vec<&ResultReport> = report.results.iter().filter(|result| result.tied).collect();
    let compared = report
        .results
        .iter()
        .any(|r| r.ranked_against.is_some_and(|a| a.difference.is_some()));
    if shared.is_empty() && !compared {
        return html! {};
    }
    html! {
        section aria-labelledby="ties-head" {
            h2 #ties-head { "Ties, and what decided them" }
            @if shared.is_empty() { p { "No two agents share a rank." } }
            @for group in shared.chunk_by(|one, other| one.rank == other.rank) { (tie(report, group)) }
            @if compared { (comparisons(report)) }
        }
    }
}

fn tie(report: &EvalReport, group: &[&ResultReport]) -> Markup {
    let rank = group.first().and_then(|first| first.rank);
    let names = listed(group.iter().map(|result| result.agent.to_string()));
    let method = report.measured.as_ref().map(|measured| measured.method);
    html! {
        p {
            @if let Some(rank) = rank { b { "Rank " (rank) ": " } }
            (names)
            @if method == Some(ReportedMethod::Intervals) {
                " share it: none differs from the first by more than noise."
            } @else { " share it: their figures are the same." }
        }
        ul {
            @for result in group {
                @if let Some(by) = &result.decided_by {
                    li { (agent(result.agent)) " stands behind the one before it by: " b { (Words(by)) } }
                }
            }
        }
    }
}

fn comparisons(report: &EvalReport) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Whom each was ranked against" {
            table {
                caption { "Whom each was ranked against" }
                thead {
                    tr {
                        th.left scope="col" { "Agent" }
                        th.left scope="col" { "against" }
                        th scope="col" { "Difference" }
                        th scope="col" { "Interval" }
                        th scope="col" { "Level" }
                        th.left scope="col" { "Told apart" }
                    }
                }
                tbody {
                    @for result in &report.results {
                        @if let Some(against) = result.ranked_against {
                            @if let Some(difference) = against.difference {
                                @let of = difference.interval;
                                tr {
                                    th.left scope="row" { (agent(result.agent)) }
                                    td.left { (agent(against.agent)) }
                                    td { (signed(difference.estimate)) }
                                    td { (interval(of, signed)) }
                                    td { (level(of)) }
                                    td.left { @if of.low > 0.0 || of.high < 0.0 { "yes" } @else { "no" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
