//! `hub completions`.

use std::process::ExitCode;

use clap::{Args as Arguments, CommandFactory};
use clap_complete::Shell;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub completions bash > ~/.local/share/bash-completion/completions/hub\n  hub completions zsh > \"${fpath[1]}/_hub\"\n  hub completions fish > ~/.config/fish/completions/hub.fish"
)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "hub", &mut script);
    global.output().exact(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
