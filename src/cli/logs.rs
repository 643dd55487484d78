//! `hub logs`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::report::{LogLine, LogStream, LogsReport};
use crate::lifecycle::{AgentId, Attempt, SessionSelector, Since, logs};
use crate::render::{Format, LogPrinter};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub logs --agent agent-2 --follow\n  hub logs 20260317-143022 --stderr --tail 20\n  hub logs --since 10m --follow"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with agents]
    session: Option<SessionSelector>,
    /// Only this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// What they printed on stderr, not on stdout
    #[arg(long)]
    stderr: bool,
    /// Only the last lines of each
    #[arg(short = 'n', long, value_name = "N")]
    tail: Option<usize>,
    /// Only what was printed since: a time as 2026-03-17T14:30:22+00:00, or how long ago, as 10m or
    /// 2h30m; true to about two seconds, in which nothing is left out
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Since>,
    /// An earlier attempt, counted from 1 [default: the newest]
    #[arg(long, value_name = "M", value_parser = attempt)]
    attempt: Option<Attempt>,
    /// Go on until the agents have ended
    #[arg(short, long)]
    follow: bool,
    /// To the byte, so that a terminal obeys what they printed (colours, say); else what a
    /// terminal would obey is shown, also through a pipe
    #[arg(long)]
    raw: bool,
}

/// The number of an attempt.
fn attempt(text: &str) -> Result<Attempt, String> {
    let number = text.parse().ok().and_then(Attempt::new);
    number.ok_or_else(|| "attempts are counted from 1".to_owned())
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let output = global.output();
    let stream = if args.stderr {
        LogStream::Stderr
    } else {
        LogStream::Stdout
    };
    let document = output.format() == Format::Json && !args.follow;
    let mut printer = LogPrinter::new(output, stream, args.agents.len() != 1, args.raw);
    let request = logs::Request {
        session: args.session,
        agents: args.agents,
        stream,
        tail: args.tail,
        since: args.since,
        attempt: args.attempt,
        follow: args.follow,
    };
    let mut lines: Vec<LogLine> = Vec::new();
    let session_id = logs::run(&hub, &request, &mut |agent, line| {
        if document {
            lines.push(LogPrinter::document(agent, stream, line));
            return Ok(());
        }
        printer.print(agent, line)
    })?;
    if document {
        output.answer(&LogsReport { session_id, lines }, |_| String::new())?;
    }
    Ok(ExitCode::SUCCESS)
}
