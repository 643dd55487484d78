//! `hub cleanup`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::cleanup::{self, AllRequest};
use crate::lifecycle::report::{CleanupAllReport, CleanupPlanReport, StrayOutcome, StrayReport};
use crate::lifecycle::{Code, Hub, MinimumAge, SessionSelector};
use crate::render::text;

use super::Outcome;
use super::error::{status, tell_corrupt};
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub cleanup\n  hub cleanup 20260317-143022 --force\n  hub cleanup --older-than 7d --dry-run"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that is merged or archived]
    session: Option<SessionSelector>,
    /// Remove worktrees with uncommitted work, or in use, too; the work is kept as a snapshot
    #[arg(short, long)]
    force: bool,
    /// Every session that is merged or archived, and what belongs to no session
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// All that came to their end at least so long ago: 12h, 7d, 2weeks
    #[arg(long, value_name = "TIME", conflicts_with = "session")]
    older_than: Option<MinimumAge>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let output = global.output();
    if args.all || args.older_than.is_some() {
        return all(&args, global, &hub);
    }
    let request = cleanup::Request {
        session: args.session,
        force: args.force,
    };
    if args.dry_run {
        let report = cleanup::dry_run(&hub, &request)?;
        output.answer(&report, text::cleanup_plan)?;
        let refused = report.refusals().map(|one| status(one.code)).max();
        return Ok(ExitCode::from(refused.unwrap_or_default()));
    }
    let report = cleanup::run(&hub, &request)?;
    output.answer(&report, text::cleanup)?;
    Ok(ExitCode::SUCCESS)
}

fn all(args: &Args, global: &Global, hub: &Hub) -> Outcome {
    let output = global.output();
    let request = AllRequest {
        force: args.force,
        older_than: args.older_than,
        dry_run: args.dry_run,
    };
    let report = cleanup::all(hub, &request)?;
    output.answer(&report, text::cleanup_all)?;
    let corrupt = tell_corrupt(output, &report.corrupt);
    Ok(match worst(&report) {
        Some(status) if report.corrupt.is_empty() => ExitCode::from(status),
        _ => corrupt,
    })
}

/// The largest exit status of those that the sessions alone would have had.
fn worst(report: &CleanupAllReport) -> Option<u8> {
    let refused = report.sessions.iter().flat_map(|session| {
        let planned = session.plan.iter().flat_map(CleanupPlanReport::refusals);
        session.refused.iter().chain(planned)
    });
    let failed = |stray: &StrayReport| stray.outcome == StrayOutcome::Failed;
    let failed = report.strays.iter().any(failed).then_some(Code::Failed);
    let codes = refused.map(|refusal| refusal.code).chain(failed);
    codes.map(status).max()
}
