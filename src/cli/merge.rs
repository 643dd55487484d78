//! `hub merge`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{
    AgentId, Code, MergeStrategy, SessionSelector, SessionState, TimeLimit, merge,
};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub merge\n  hub merge 20260317-143022 --agent agent-2\n  hub merge --agent agent-1 --agent agent-3\n  hub merge --squash --verify\n  hub merge --dry-run"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that is being evaluated]
    session: Option<SessionSelector>,
    /// Merge this agent's work, whatever the ranking says; again for more, one after the other
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// The words of the commit that hub makes, in place of the task; trailers follow them
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// How the work comes into the base branch: merge, squash (one commit), rebase or cherry-pick
    /// (commit by commit) [default: merge]
    #[arg(long, value_name = "STRATEGY", conflicts_with = "squash")]
    strategy: Option<MergeStrategy>,
    /// The same as --strategy squash
    #[arg(long)]
    squash: bool,
    /// Run a command on a checkout of the merged tree first, and merge only where it succeeds
    /// [default: the eval command]
    #[arg(long, value_name = "CMD", num_args = 0..=1)]
    #[expect(
        clippy::option_option,
        reason = "not given, given bare, given with a command"
    )]
    verify: Option<Option<String>>,
    /// How long that may take [default: as a run of the last evaluation]
    #[arg(long, value_name = "TIME", requires = "verify")]
    verify_timeout: Option<TimeLimit>,
    /// Tell what would happen and change nothing; the exit status is that of the merge
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    fn request(self) -> merge::Request {
        merge::Request {
            session: self.session,
            agents: self.agents,
            message: self.message,
            strategy: self
                .squash
                .then_some(MergeStrategy::Squash)
                .or(self.strategy),
            verify: self.verify.map(|command| match command {
                Some(command) => merge::VerifyBy::Command(command),
                None => merge::VerifyBy::EvalCommand,
            }),
            verify_timeout: self.verify_timeout,
        }
    }
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let dry_run = args.dry_run;
    let request = args.request();
    if dry_run {
        let plan = merge::plan::run(&hub, &request)?;
        global.output().answer(&plan, text::merge_plan)?;
        let verdict = merge::plan::verdict(&plan);
        return Ok(verdict.map_or(ExitCode::SUCCESS, |code| ExitCode::from(status(code))));
    }
    let report = merge::run(&hub, &request)?;
    global.output().answer(&report, text::merge)?;
    Ok(match report.state {
        SessionState::Archived => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
