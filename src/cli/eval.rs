//! `hub eval`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Code, SessionSelector, TimeLimit, eval};

use super::Outcome;
use super::error::status;
use super::global::Global;
use super::measure::MeasureArgs;
use super::page::Said;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub eval\n  hub eval --repeat 7 --warmup 1 --protect 'bench/**' --require 'tests_failed == 0'\n  hub eval --only agent-2\n  hub eval --judge-cmd ./judge.sh --tolerance 5%\n  hub eval --show --format json | jq '.results[0]'\n  hub eval --show --report report.html\n\nAn evaluation that was broken off is gone on with.\n\nExit status: 8 when there is a metric or a judge and no winner."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that runs or is being evaluated]
    session: Option<SessionSelector>,
    /// Measure this agent again and keep the runs of the others; again for more
    #[arg(long, value_name = "AGENT")]
    only: Vec<AgentId>,
    /// Rank the runs of the last evaluation again; run nothing
    #[arg(long, conflicts_with_all = ["only", "repeat", "warmup", "seed", "protect", "timeout", "jobs", "in_worktree"])]
    reuse: bool,
    /// Show the last evaluation again; change nothing
    #[arg(long, conflicts_with_all = ["only", "reuse", "repeat", "warmup", "seed", "protect", "protect_strict", "require", "tie_break", "allow_no_gain", "judge", "judge_agent", "judge_cmd", "no_judge", "judge_timeout", "tolerance", "timeout", "jobs", "in_worktree"])]
    show: bool,
    /// How long one run may take, as 90, 90s, 15m or 2h
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    timeout: Option<TimeLimit>,
    /// How many run at once; times are not comparable then [default: 1]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroU32>,
    /// Measure worktrees as they are, uncommitted files and all
    #[arg(long)]
    in_worktree: bool,
    /// Write a page with plots, ranking and diffs into this file; - is stdout
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    measure: MeasureArgs,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let (hub, output) = (global.open()?, global.output());
    let said = Said::of(&hub, output, args.report.as_deref())?;
    let report = if args.show {
        eval::show(&hub, args.session.as_ref())?
    } else {
        let options = args.measure.options(args.timeout, args.jobs);
        let request = eval::Request {
            session: args.session,
            options: eval::Options {
                in_worktree: args.in_worktree,
                ..options
            },
            only: args.only,
            reuse: args.reuse,
        };
        eval::run(&hub, &request)?
    };
    said.say(&hub, output, &report)?;
    let ranks = report.metric.is_some() || report.judge.is_some();
    Ok(match report.winner {
        None if ranks => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
