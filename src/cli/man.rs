//! `hub man`.

use std::process::ExitCode;

use clap::{Args as Arguments, Command, CommandFactory};
use clap_mangen::Man;

use crate::lifecycle::{BadName, Error};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub man > ~/.local/share/man/man1/hub.1\n  hub man board | man -l -"
)]
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
    let page = page(command)?;
    global.output().exact(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}

/// One page; of a command that has commands of its own, with a section for each of these, since
/// there is no page that could be asked for by their names.
fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let is_hub = command.get_display_name().is_none_or(|name| name == "hub");
    let below = command.get_subcommands().cloned();
    let below: Vec<Command> = below.filter(|_| !is_hub).collect();
    let mut page = Vec::new();
    if below.is_empty() {
        manual(command).render(&mut page)?;
        return Ok(page);
    }
    let whole = manual(command);
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    for command in below {
        page.extend(section(command)?);
    }
    whole.render_options_section(&mut page)?;
    whole.render_extra_section(&mut page)?;
    whole.render_version_section(&mut page)?;
    Ok(page)
}

/// A command of a command: what else would be sections is below its heading.
fn section(command: Command) -> std::io::Result<Vec<u8>> {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut text = format!(".SH \"{}\"\n", name.to_uppercase()).into_bytes();
    let mut parts = Vec::new();
    // Those of every command stand once, behind all of these.
    let own = command.mut_args(|argument| {
        let everywhere = ["help", "version"].contains(&argument.get_id().as_str());
        let hidden = everywhere || argument.get_help_heading().is_some();
        argument.hide(hidden)
    });
    let manual = manual(own);
    manual.render_description_section(&mut parts)?;
    manual.render_synopsis_section(&mut parts)?;
    manual.render_options_section(&mut parts)?;
    manual.render_extra_section(&mut parts)?;
    let parts = String::from_utf8_lossy(&parts);
    for line in parts.lines() {
        let line = match line.strip_prefix(".SH ") {
            Some(heading) => format!(".SS {heading}\n"),
            None => format!("{line}\n"),
        };
        text.extend(line.into_bytes());
    }
    Ok(text)
}

fn manual(command: Command) -> Man {
    Man::new(command).source(concat!("hub ", env!("CARGO_PKG_VERSION")))
}
