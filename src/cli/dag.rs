//! `hub dag`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, dag};
use crate::render::{Format, graph, text};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub dag --frontier\n  hub dag 20260317-143022 --graph\n  hub dag --format dot | dot -Tsvg >session.svg\n\n--format takes two more values here: dot for Graphviz, mermaid for a README."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest]
    session: Option<SessionSelector>,
    /// Only attempts that no other one contains
    #[arg(long, conflicts_with = "graph")]
    frontier: bool,
    /// Draw the commits, the base commit at the bottom
    #[arg(long)]
    graph: bool,
    /// Draw with ASCII characters
    #[arg(long, requires = "graph")]
    ascii: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let output = global.output();
    let drawn = global.wants_dot() || global.wants_mermaid() || args.graph;
    let request = dag::Request {
        session: args.session,
        only_frontier: args.frontier,
        // No drawing shows them; a document has the same keys on every run.
        diffs: !drawn || output.format() == Format::Json,
    };
    let report = dag::run(&hub, &request)?;
    if global.wants_dot() {
        output.exact(&graph::dot(&report))?;
    } else if global.wants_mermaid() {
        output.exact(&graph::mermaid(&report))?;
    } else if args.graph {
        output.answer(&report, |report| text::dag_graph(report, args.ascii))?;
    } else {
        output.answer(&report, |report| {
            text::dag(report, std::time::SystemTime::now().into())
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
