//! `hub run`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, Requirement, SessionState, TimeLimit, dry_run, rounds, run};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;
use super::init::TaskArgs;
use super::measure::MeasureArgs;
use super::page;
use super::spawn::AgentArgs;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub run --task 'make sum faster' --agents 3 --agent-cmd ./agent.sh \\\n      --eval ./bench.sh --metric p50_ms --direction lower --yes\n  hub run --task 'make sum faster' --agents claude:2,codex:1 --eval ./bench.sh --metric p50_ms\n  hub run --task 'make sum faster' --agent claude --eval ./bench.sh --metric p50_ms \\\n      --rounds 5 --stop-when 'p50_ms < 100'"
)]
pub struct Args {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    how: AgentArgs,
    #[command(flatten)]
    rounds: RoundArgs,
    #[command(flatten)]
    measure: MeasureArgs,
    /// How long one run of the eval command may take, as 90, 90s, 15m or 2h
    #[arg(
        long,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        help_heading = "Measuring"
    )]
    eval_timeout: Option<TimeLimit>,
    /// How many runs of the eval command are made at once [default: 1]
    #[arg(long, value_name = "N", help_heading = "Measuring")]
    eval_jobs: Option<NonZeroU32>,
    /// Write a page with plots, ranking and diffs into this file, before the merge is asked about
    #[arg(long, value_name = "FILE", help_heading = "Measuring")]
    report: Option<PathBuf>,
}

/// How many rounds are held
#[derive(Debug, Arguments)]
struct RoundArgs {
    /// Hold up to so many rounds, each a session that starts from the winner of the one before,
    /// until nobody improves; then merge the last that improved
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroU32>,
    /// The strategies of so many agents, the best, go on to the next round; the others make place
    /// for those of the list that were not tried yet
    #[arg(long, value_name = "N", default_value_t = 1, requires = "rounds")]
    keep_best: u32,
    /// Hold no other round when the best result is so good, as in `p50_ms < 100`
    #[arg(long, value_name = "REQUIREMENT", requires = "rounds")]
    stop_when: Option<Requirement>,
}

impl RoundArgs {
    fn rounds(self) -> Option<rounds::Rounds> {
        Some(rounds::Rounds {
            most: self.rounds?,
            keep_best: self.keep_best,
            stop_when: self.stop_when,
        })
    }
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let dry_run = args.how.dry_run;
    let (init, presets) = args.task.request();
    let spawn = args.how.request(None, true, presets)?;
    let eval = args.measure.options(args.eval_timeout, args.eval_jobs);
    let page = args.report.map(|file| page::file_of_run(&hub, &file));
    let request = run::Request {
        init,
        spawn,
        eval,
        rounds: args.rounds.rounds(),
        page: page.transpose()?,
    };
    if dry_run {
        let report = dry_run::of_run(&hub, &request)?;
        global.output().answer(&report, text::dry_run)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = run::run(&hub, &request)?;
    global.output().answer(&report, text::run)?;
    Ok(match report.state {
        SessionState::Archived => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
