//! `hub snapshots`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as Arguments, Subcommand};

use crate::lifecycle::snapshots::{self, ExpireRequest, RestoreRequest, Which};
use crate::lifecycle::{BranchName, MinimumAge, SessionSelector, SnapshotName};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  hub snapshots\n  hub snapshots show uncommitted-1773757822\n  hub snapshots restore uncommitted-1773757822\n  hub snapshots expire --older-than 30d\n\nA snapshot is named by its ref, a part of it that no other has, or the beginning of its commit's id."
)]
pub struct Args {
    /// Only snapshots of this session: its id, the beginning of it, or latest
    #[arg(long)]
    session: Option<SessionSelector>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
    Restore(Restore),
    Expire(Expire),
}

/// Tell what is in a snapshot
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub snapshots show agent-2/uncommitted")]
struct Show {
    /// The snapshot
    snapshot: SnapshotName,
}

/// Bring a snapshot back; it stays
///
/// Uncommitted files go into the agent's worktree, which is brought back first where it is gone. Nothing is overwritten.
#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub snapshots restore agent-2/uncommitted\n  hub snapshots restore 3f1c0e5a --into ../look\n  hub snapshots restore discarded-3f1c0e5a9b --branch rescued"
)]
struct Restore {
    /// The snapshot
    snapshot: SnapshotName,
    /// Make a worktree of its own in this folder, which must be new or empty
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Make this branch: for that worktree, or by itself at the snapshot's commit
    #[arg(long, value_name = "NAME")]
    branch: Option<BranchName>,
}

/// Give snapshots up for good, after a question
///
/// The journal keeps their ids; git has the commits until it prunes them.
#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub snapshots expire agent-2/uncommitted\n  hub snapshots expire --older-than 30d --yes"
)]
struct Expire {
    /// The snapshots
    #[arg(value_name = "SNAPSHOT")]
    snapshots: Vec<SnapshotName>,
    /// Those that are at least so old: 12h, 30d, 8weeks
    #[arg(long, value_name = "TIME")]
    older_than: Option<MinimumAge>,
    /// Those of this session: its id, the beginning of it, or latest
    #[arg(long)]
    session: Option<SessionSelector>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let output = global.output();
    match args.command {
        None => {
            let report = snapshots::list(&hub, args.session.as_ref())?;
            output.answer(&report, text::snapshots)?;
        }
        Some(Command::Show(args)) => {
            let report = snapshots::show(&hub, &args.snapshot)?;
            output.answer(&report, text::snapshot)?;
        }
        Some(Command::Restore(args)) => {
            let request = RestoreRequest {
                snapshot: args.snapshot,
                into: args.into,
                branch: args.branch,
            };
            let report = snapshots::restore(&hub, &request)?;
            output.answer(&report, text::snapshot_restored)?;
        }
        Some(Command::Expire(args)) => {
            let which = Which {
                named: args.snapshots,
                older_than: args.older_than,
                session: args.session,
            };
            let report = snapshots::expire(&hub, &ExpireRequest { which })?;
            output.answer(&report, text::snapshot_expired)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
