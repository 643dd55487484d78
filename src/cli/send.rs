//! `hub send`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Error, SessionId, SessionSelector, messages, send};
use crate::render::text;

use super::Outcome;
use super::global::Global;

/// Say something to agents that run or wait
#[derive(Debug, Arguments)]
#[command(
    override_usage = "hub send [OPTIONS] [SESSION] <--agent <AGENT>|--all> <TEXT>\n       hub send [OPTIONS] [SESSION] <--agent <AGENT>|--all> --file <FILE>",
    after_help = "Examples:\n  hub send --agent agent-2 'the tests are in tests/api'\n  hub send 20260317-143022 --all 'ten minutes are left'\n  git diff main | hub send --agent agent-1 -"
)]
pub struct Args {
    /// The session [default: the newest that runs], then what is said, or - for stdin
    #[arg(value_names = ["SESSION", "TEXT"], num_args = 0..=2)]
    words: Vec<String>,
    /// To this agent; again for more
    #[arg(
        long = "agent",
        value_name = "AGENT",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    agents: Vec<AgentId>,
    /// To all agents that have not ended
    #[arg(long)]
    all: bool,
    /// Say what a file holds
    #[arg(short = 'F', long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let (session, text) = split(args.words, args.file.is_some())?;
    let session = session.map(|name| name.parse::<SessionSelector>());
    let session = session.transpose().map_err(Error::from)?;
    let hub = global.open()?;
    let message = match (text, args.file) {
        (Some(text), None) if text != "-" => text.parse().map_err(Error::from)?,
        (_, file) => messages::read(&hub, file.as_deref())?,
    };
    let request = send::Request {
        session,
        agents: args.agents,
        message,
    };
    let report = send::run(&hub, &request)?;
    global.output().answer(&report, text::send)?;
    Ok(ExitCode::SUCCESS)
}

/// Which word is the session, and which the text.
fn split(words: Vec<String>, file: bool) -> Result<(Option<String>, Option<String>), Error> {
    let mut words = words.into_iter();
    match (words.next(), words.next(), file) {
        (_, Some(text), true) => Err(Error::TwoTexts(text)),
        (session, None, true) => Ok((session, None)),
        // Somebody has forgotten the text.
        (Some(id), None, false) if id.parse::<SessionId>().is_ok() => Err(Error::NoText),
        (None, _, false) => Err(Error::NoText),
        (text, None, false) => Ok((None, text)),
        (session, text, false) => Ok((session, text)),
    }
}
