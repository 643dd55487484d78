//! What a judge said of the results, pair by pair.

use maud::{Markup, html};

use crate::domain::evaluation::judge::Side;
use crate::domain::report::{BoutReport, EvalReport, JudgeReport, StandingReport};

use super::agent;
use super::words::{Words, figure};

/// The section of the judge; empty where none was asked.
pub(super) fn section(report: &EvalReport) -> Markup {
    let Some(judge) = &report.judge else {
        return html! {};
    };
    html! {
        section #judge aria-labelledby="judge-head" {
            h2 #judge-head { "The judge" }
            p {
                "Judged by " code { (Words(&judge.command)) } ", which was shown each pair twice, \
                 the second time the other way round, and was not told whose work it saw."
            }
            @if judge.judged.len() < 2 {
                p.note { "Fewer than two were to be judged, so nothing was asked." }
            } @else {
                (standings(judge))
                (what_went_wrong(judge))
                (bouts(judge))
            }
        }
    }
}

fn standings(judge: &JudgeReport) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="judge-head" {
            table {
                caption { "Where the judge puts them" }
                thead {
                    tr {
                        th scope="col" { "Rank" }
                        th.left scope="col" { "Agent" }
                        th scope="col" { "Score" }
                        th scope="col" { "Won" }
                        th scope="col" { "Lost" }
                        th scope="col" { "Tied" }
                        th scope="col" { "Strength" }
                    }
                }
                tbody { @for one in &judge.standings { (standing(one)) } }
            }
        }
    }
}

fn standing(one: &StandingReport) -> Markup {
    html! {
        tr {
            td { (one.rank) }
            th.left scope="row" { (agent(one.agent)) }
            td { (one.score) }
            td { (one.won) }
            td { (one.lost) }
            td { (one.tied) }
            td { (figure(one.strength)) }
        }
    }
}

fn what_went_wrong(judge: &JudgeReport) -> Markup {
    html! {
        @if judge.contradictions > 0 {
            p.note {
                "Pairs that were decided by the order in which they were shown, and count as ties: "
                (judge.contradictions) "."
            }
        }
        @if judge.failures > 0 {
            p.note { "Judgements that failed: " (judge.failures) "." }
        }
    }
}

fn bouts(judge: &JudgeReport) -> Markup {
    html! {
        details {
            summary { "What it said" }
            ul { @for bout in &judge.bouts { li { (said(bout)) } } }
        }
    }
}

fn said(bout: &BoutReport) -> Markup {
    html! {
        (agent(bout.a)) " and " (agent(bout.b)) ": "
        @match (bout.answer, bout.winner, &bout.failure) {
            (_, _, Some(failure)) => { "no answer, " (Words(failure)) },
            (Some(Side::Tie), ..) => { "a tie" },
            (_, Some(winner), _) => { b { (winner.to_string()) } },
            _ => { "no answer" },
        }
        @if let Some(reason) = bout.reason.as_ref().filter(|reason| !reason.is_empty()) {
            " – " (Words(reason))
        }
    }
}
