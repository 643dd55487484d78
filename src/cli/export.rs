//! `hub export`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::export::{self, Output, Request};
use crate::lifecycle::{BadArchive, BadName, Error, Recipient, SessionSelector};
use crate::render::{self, Format, text};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub export latest\n  hub export 20260317-143022 --output ~/sessions/parser.hub.tar.gz\n  hub export latest --encrypt age1w40… --encrypt age1yzc…\n  hub export latest --output - | ssh wing 'cd parser && hub import -'\n\nThe archive holds the session's files, its posts and the commits of all attempts. Prompts, logs and commands are in it as they are: encrypt what is not for everybody."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest
    session: SessionSelector,
    /// The archive, - for stdout [default: SESSION.hub.tar.gz, with .age where it is encrypted]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Encrypt it for this recipient of age (age1…); once more for each other one
    #[arg(long, value_name = "AGE-RECIPIENT")]
    encrypt: Vec<Recipient>,
    /// Leave out what the base commit leads to; whoever imports it must have that commit
    #[arg(long)]
    thin: bool,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let stdout = args.output.as_deref() == Some(Path::new("-"));
    let output = match args.output {
        None => Output::Named,
        Some(_) if stdout => Output::Stream(stream(global)?),
        Some(file) => Output::File(file),
    };
    let hub = global.open()?;
    let request = Request {
        session: args.session,
        output,
        recipients: args.encrypt,
        force: args.force,
        thin: args.thin,
    };
    let report = export::run(&hub, request)?;
    if !stdout {
        global.output().answer(&report, text::export)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Stdout, where nobody reads it by eye and nothing else goes there.
fn stream(global: &Global) -> Result<Box<dyn std::io::Write>, Error> {
    if global.output().format() == Format::Json {
        let bad = BadName {
            what: "a file for --output",
            value: "-".to_owned(),
            why: "stdout is for the JSON document",
        };
        return Err(bad.into());
    }
    render::raw_stream().ok_or_else(|| BadArchive::Terminal.into())
}
