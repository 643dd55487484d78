//! `hub man`.

use std::process::ExitCode;

use clap::{Args as Arguments, CommandFactory};

use crate::lifecycle::{BadName, Error};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub man > ~/.local/share/man/man1/hub.1")]
pub struct Args {
    /// The command [default: hub itself]
    command: Option<String>,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let mut hub = super::Cli::command();
    hub.build();
    let command = match &args.command {
        None => hub,
        Some(name) => hub
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| BadName::new("a command", name, "hub has none of this name"))
            .map_err(Error::from)?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .source(concat!("hub ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)?;
    global.output().write(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
