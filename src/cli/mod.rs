//! The command line: one file a command, with its arguments and a `run` that turns them
//! into a request, calls one use case and hands the outcome to the renderer.

mod agents;
mod archive;
mod cleanup;
mod completions;
mod demo;
mod doctor;
mod error;
mod eval;
mod events;
mod global;
mod init;
mod limits;
mod list;
mod log;
mod logs;
mod man;
mod merge;
mod metrics;
mod path;
mod retry;
mod run;
mod schema;
mod spawn;
mod status;
mod stop;
mod supervise;
mod templates;
mod update;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use global::Global;

/// How a command ended: its exit status, or what to say.
type Outcome = anyhow::Result<ExitCode>;

/// Let several coding agents try one task at once, each in its own git worktree; measure, rank, merge the best, keep the rest.
#[derive(Debug, Parser)]
#[command(
    name = "hub",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  hub run --task 'make sum faster' --agent-cmd ./agent.sh \\\n      --eval ./bench.sh --metric p50_ms --direction lower\n\nTry it on nothing of yours: hub demo"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Spawn(spawn::Args),
    Run(run::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Status(status::Args),
    Update(update::Args),
    Wait(wait::Args),
    Stop(stop::Args),
    Retry(retry::Args),
    Logs(logs::Args),
    Eval(eval::Args),
    Merge(merge::Args),
    Archive(archive::Args),
    Cleanup(cleanup::Args),
    Agents(agents::Args),
    Path(path::Args),
    Events(events::Args),
    Metrics(metrics::Args),
    Doctor(doctor::Args),
    Templates(templates::Args),
    Demo(demo::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
}

/// Parses the command line, does what it says, and reports how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(problem) => return error::usage(&problem, &arguments),
    };
    let global = cli.global;
    if global.wants_prometheus() && !matches!(cli.command, Command::Metrics(_)) {
        let text = "invalid value 'prometheus' for '--format <FORMAT>': only hub metrics takes it";
        let problem = Cli::command().error(ErrorKind::InvalidValue, text);
        return error::usage(&problem, &arguments);
    }
    log::install(global.verbose);
    let output = global.output();
    match run(cli.command, &global) {
        Ok(code) => code,
        Err(problem) => error::report(output, &problem),
    }
}

fn run(command: Command, global: &Global) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, global),
        Command::Spawn(args) => spawn::run(args, global),
        Command::Run(args) => run::run(args, global),
        Command::List(args) => list::run(args, global),
        Command::Status(args) => status::run(&args, global),
        Command::Update(args) => update::run(args, global),
        Command::Wait(args) => wait::run(args, global),
        Command::Stop(args) => stop::run(args, global),
        Command::Retry(args) => retry::run(args, global),
        Command::Logs(args) => logs::run(args, global),
        Command::Eval(args) => eval::run(args, global),
        Command::Merge(args) => merge::run(args, global),
        Command::Archive(args) => archive::run(args, global),
        Command::Cleanup(args) => cleanup::run(args, global),
        Command::Agents(args) => agents::run(&args, global),
        Command::Path(args) => path::run(&args, global),
        Command::Events(args) => events::run(&args, global),
        Command::Metrics(args) => metrics::run(&args, global),
        Command::Doctor(args) => doctor::run(&args, global),
        Command::Templates(args) => templates::run(args, global),
        Command::Demo(args) => demo::run(&args, global),
        Command::Schema(args) => schema::run(&args, global),
        Command::Completions(args) => completions::run(&args, global),
        Command::Man(args) => man::run(&args, global),
        Command::Supervise(args) => supervise::run(&args, global),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, CommandFactory};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            if command.is_hide_set() {
                continue;
            }
            let example = command.get_after_help().map(ToString::to_string);
            assert!(
                example.is_some_and(|text| text.contains("hub ")),
                "{} has no example",
                command.get_name()
            );
        }
    }
}
