//! `hub import`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::ByteSize;
use crate::lifecycle::import::{self, Request};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub import 20260317-143022.hub.tar.gz\n  hub import parser.hub.tar.gz.age --identity ~/.config/age/keys.txt\n\nNo command of an imported session is run before `hub trust` has asked you, and nothing that is here is changed: a session or a ref that is here and is another one is refused."
)]
pub struct Args {
    /// The archive, - for stdin
    file: PathBuf,
    /// The file of the age identities that open it, - for stdin
    #[arg(short, long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Refuse an archive whose files come to more than this [default: 16G]
    #[arg(long, value_name = "SIZE")]
    max_size: Option<ByteSize>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = Request {
        file: args.file,
        identity: args.identity,
        most: args.max_size,
    };
    let report = import::run(&hub, &request)?;
    global.output().answer(&report, text::import)?;
    Ok(ExitCode::SUCCESS)
}
