//! `hub list`.

use clap::{Args as Arguments, ValueEnum};

use crate::lifecycle::{WhoseSessions, list, report::ListedState};
use crate::render::sessions::{self, SessionsAsJson};
use crate::render::{Format, text};

use super::Outcome;
use super::error::tell_corrupt;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub list --state running --state evaluating\n  hub list --format json | jq -r '.sessions[].session_id'"
)]
pub struct Args {
    /// Only sessions in this state; again for more
    #[arg(short, long = "state", value_enum, value_name = "STATE")]
    states: Vec<StateArg>,
    /// Only sessions of this user; me is whoever asks
    #[arg(short, long, value_name = "NAME")]
    user: Option<WhoseSessions>,
    /// Which come first
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Sort {
    /// Newest first
    #[default]
    Newest,
    /// Oldest first
    Oldest,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateArg {
    Init,
    Running,
    Evaluating,
    Merged,
    Archived,
    Corrupt,
}

impl From<StateArg> for ListedState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Init => Self::Init,
            StateArg::Running => Self::Running,
            StateArg::Evaluating => Self::Evaluating,
            StateArg::Merged => Self::Merged,
            StateArg::Archived => Self::Archived,
            StateArg::Corrupt => Self::Corrupt,
        }
    }
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = list::Request {
        states: args.states.into_iter().map(ListedState::from).collect(),
        user: args.user,
        oldest_first: matches!(args.sort, Sort::Oldest),
        limit: args.limit,
    };
    let output = global.output();
    if output.format() == Format::Json {
        let (parts, corrupt) = list::in_parts::<SessionsAsJson>(&hub, &request)?;
        sessions::write(parts, &corrupt)?;
        return Ok(tell_corrupt(output, &corrupt));
    }
    let report = list::run(&hub, &request)?;
    output.answer(&report, text::list)?;
    Ok(tell_corrupt(output, &report.corrupt))
}
