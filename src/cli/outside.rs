//! `hub outside`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, outside};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub outside latest\n  hub outside latest --restore --dry-run\n  hub outside latest --restore refs/heads/main .git/hooks\n  hub outside latest --accept\n\nWho changed it is not known: it is what hub's own journals do not explain. What stands there is kept as snapshots before anything is put back."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest]
    session: Option<SessionSelector>,
    /// Only what was found when this agent ended; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// Put back what was there: these refs and paths [default: all]
    #[arg(long, value_name = "PATH|REF", num_args = 0.., conflicts_with = "accept")]
    restore: Option<Vec<String>>,
    /// Settle it as meant: these refs and paths [default: all]
    #[arg(long, value_name = "PATH|REF", num_args = 0..)]
    accept: Option<Vec<String>>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = |names| outside::Request {
        session: args.session.clone(),
        agents: args.agents.clone(),
        names,
        dry_run: args.dry_run,
    };
    let report = match (args.restore, args.accept) {
        (Some(names), _) => outside::run(&hub, &request(names))?,
        (None, Some(names)) => outside::accept(&hub, &request(names))?,
        (None, None) => outside::show(&hub, args.session.as_ref(), &args.agents)?,
    };
    global.output().answer(&report, text::outside)?;
    Ok(ExitCode::SUCCESS)
}
