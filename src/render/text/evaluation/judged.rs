//! What a judge said: where it puts whom, and where it cannot be relied on.

use std::fmt::Write as _;

use crate::domain::report::{JudgeReport, ReportedOutcome, StandingReport};
use crate::render::table::{self, number, text};

use super::super::one_line;

/// The standings, then contradictions and failures.
pub(super) fn judge(report: &JudgeReport) -> String {
    let mut drawn = String::new();
    let _ = writeln!(drawn, "{}", headline(report));
    if report.judged.len() > 1 {
        let columns = [
            text("JUDGED"),
            number("SCORE"),
            number("WON"),
            number("LOST"),
            number("TIED"),
            number("STRENGTH"),
        ];
        let rows = report.standings.iter().map(row).collect();
        drawn.push_str(&table::draw(&columns, rows));
    }
    for pair in &report.pairs {
        let (one, other) = (pair.one, pair.other);
        if pair.outcome == ReportedOutcome::Contradictory {
            let _ = writeln!(
                drawn,
                "{one} and {other}: the judge contradicts itself when they are swapped; a tie"
            );
        }
    }
    drawn.push_str(&failures(report));
    drawn
}

fn headline(report: &JudgeReport) -> String {
    let who = match &report.preset {
        Some(preset) => format!("preset {preset}"),
        None => one_line(&report.command),
    };
    let within = |tolerance| format!(", of those within {tolerance} of the best");
    let within = report.tolerance.map(within).unwrap_or_default();
    match report.judged.as_slice() {
        [] => format!("judge: {who}{within}: nobody to compare"),
        [alone] => format!("judge: {who}{within}: {alone} alone, nothing to compare"),
        _ => format!("judge: {who}{within}"),
    }
}

fn row(standing: &StandingReport) -> Vec<String> {
    vec![
        standing.agent.to_string(),
        match standing.score {
            0 => "0".to_owned(),
            score => format!("{score:+}"),
        },
        standing.won.to_string(),
        standing.lost.to_string(),
        standing.tied.to_string(),
        format!("{:.2}", standing.strength),
    ]
}

fn failures(report: &JudgeReport) -> String {
    let mut failed = report.bouts.iter().filter_map(|bout| {
        let failure = bout.failure.as_ref()?;
        Some((bout.a, bout.b, failure))
    });
    let Some((a, b, failure)) = failed.next() else {
        return String::new();
    };
    let (failures, all) = (report.failures, report.bouts.len());
    let first = if failures > 1 { "; the first," } else { "," };
    format!(
        "{failures} of {all} judgements failed{first} {a} against {b}: {}\n",
        one_line(failure)
    )
}
