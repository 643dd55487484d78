//! The command line: one file a command, with its arguments and a `run` that turns them
//! into a request, calls one use case and hands the outcome to the renderer.

mod agents;
mod archive;
mod attach;
mod board;
mod called;
mod cleanup;
mod completions;
mod confine;
mod dag;
mod demo;
mod doctor;
mod error;
mod eval;
mod events;
mod export;
mod global;
mod graft;
mod import;
mod init;
mod integrate;
mod judge;
mod limits;
mod list;
mod log;
mod logs;
mod man;
mod measure;
mod merge;
mod metrics;
mod outside;
mod page;
mod path;
mod pause;
mod restore;
mod resume;
mod retry;
mod run;
mod schema;
mod security;
mod send;
mod snapshots;
mod spawn;
mod status;
mod stdin;
mod stop;
mod supervise;
mod sweep;
mod templates;
mod trust;
mod undo;
mod update;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

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

// What each command says of itself stands here, so that its arguments need to be built only when
// it is the one that is called: all of them took longer than `hub list` itself.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Make a new session and measure its baseline
    Init(init::Args),
    /// Make branches, worktrees and prompts, then start the agents
    Spawn(Box<spawn::Args>),
    /// Do it all: init, spawn, wait, eval, ask, merge, cleanup
    Run(Box<run::Args>),
    /// List the sessions
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show a session with its agents and their work
    Status(status::Args),
    /// Walk one edge of a session's states by hand
    Update(update::Args),
    /// Wait until no agent runs; the exit status says whether all succeeded
    Wait(wait::Args),
    /// End agents that run: SIGTERM to their group, SIGKILL after a grace
    Stop(stop::Args),
    /// Let agents stand still, with all that they started; their time stands still, too
    Pause(pause::Args),
    /// Let paused agents go on, and those that were held be started
    Resume(resume::Args),
    /// Give agents that have ended another attempt; the earlier one stays
    Retry(retry::Args),
    /// Say something to agents that run or wait
    Send(send::Args),
    /// Connect this terminal with that of an agent
    Attach(attach::Args),
    /// Put files of one agent onto the work of another, as its next attempt
    Graft(graft::Args),
    /// Show what agents have printed
    Logs(logs::Args),
    /// Measure every attempt and rank them
    Eval(eval::Args),
    /// Merge the winner into the base branch and keep the others as tags
    Merge(merge::Args),
    /// Keep every attempt as a tag and end the session without a merge
    Archive(archive::Args),
    /// Remove the worktrees and branches of a session that is at its end
    Cleanup(cleanup::Args),
    /// Take back the last operation of a session; once more does it again
    Undo(undo::Args),
    /// Bring branches and worktrees of a session back from its archive tags
    Restore(restore::Args),
    /// List the work that cleanups have kept; show it, bring it back, give it up
    Snapshots(snapshots::Args),
    /// List the presets for agents, and which of them are installed here
    Agents(agents::Args),
    /// Print where an agent's worktree is
    Path(path::Args),
    /// Read the message board, and add to it
    Board(board::Args),
    /// Show how the attempts of a session stand to each other, as a list or as a graph
    Dag(dag::Args),
    /// Show what was done to a session, from its journal
    Events(events::Args),
    /// Show what was changed outside of worktrees while agents ran; put it back or accept it
    Outside(outside::Args),
    /// Show figures of sessions: agents, time, tokens, cost, failures, disk use
    Metrics(metrics::Args),
    /// Check files, refs, worktrees and processes, and mend them with --fix
    Doctor(doctor::Args),
    /// Show what each security level enforces here, or raise that of a session
    Security(security::Args),
    /// Write a session into one file, to have it elsewhere or to keep it
    Export(export::Args),
    /// Bring a session here from a file that `hub export` wrote, all of it or nothing
    Import(import::Args),
    /// List the prompt templates, or print one
    Templates(templates::Args),
    /// Show the commands here that somebody else wrote, and say which hub may run
    Trust(trust::Args),
    /// Show a whole tournament of three scripted agents in a small repository of its own
    Demo(demo::Args),
    /// Write into this repository how other tools call hub: commands, a section, a workflow
    Integrate(integrate::Args),
    /// Print the JSON Schema of a command's document
    Schema(schema::Args),
    /// Print a shell's completions for hub
    Completions(completions::Args),
    /// Print the manual page of hub, or of one command
    Man(man::Args),
    /// Watch one agent to its end
    #[command(hide = true)]
    Supervise(supervise::Args),
    /// Become an agent behind the walls of its security level
    #[command(hide = true)]
    Confine(confine::Args),
    /// Delete the files of worktrees that were removed
    #[command(hide = true)]
    Sweep,
}

/// Parses the command line, does what it says, and reports how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match parse_called(&arguments).map_or_else(|| Cli::try_parse_from(&arguments), Ok) {
        Ok(cli) => cli,
        Err(problem) => return error::usage(&problem, &arguments),
    };
    let global = cli.global;
    let special = match cli.command {
        Command::Metrics(_) if global.wants_prometheus() => None,
        Command::Dag(_) if global.wants_dot() || global.wants_mermaid() => None,
        _ => global.special_format(),
    };
    if let Some((value, command)) = special {
        let text =
            format!("invalid value '{value}' for '--format <FORMAT>': only {command} takes it");
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

/// Parses a command line by a tree that knows the command that is called and no other.
///
/// clap gives every command that it knows a copy of every global option: in the whole tree that
/// takes longer than `hub list`. What this tree accepts means the same in the whole one, where
/// more words are commands and none is anything else; what it refuses, and all help, is `None`:
/// the whole tree says it better.
fn parse_called(arguments: &[OsString]) -> Option<Cli> {
    let words = arguments.iter().skip(1);
    let called = words
        .filter_map(|word| word.to_str())
        .find_map(called::command)?;
    let tree = Global::augment_args(clap::Command::new("hub"))
        .subcommand_required(true)
        .subcommand(called);
    let mut matches = tree.try_get_matches_from(arguments).ok()?;
    Cli::from_arg_matches_mut(&mut matches).ok()
}

fn run(command: Command, global: &Global) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, global),
        Command::Spawn(args) => spawn::run(*args, global),
        Command::Run(args) => run::run(*args, global),
        Command::List(args) => list::run(args, global),
        Command::Status(args) => status::run(&args, global),
        Command::Update(args) => update::run(args, global),
        Command::Wait(args) => wait::run(args, global),
        Command::Stop(args) => stop::run(args, global),
        Command::Pause(args) => pause::run(args, global),
        Command::Resume(args) => resume::run(args, global),
        Command::Retry(args) => retry::run(args, global),
        Command::Send(args) => send::run(args, global),
        Command::Attach(args) => attach::run(&args, global),
        Command::Graft(args) => graft::run(args, global),
        Command::Logs(args) => logs::run(args, global),
        Command::Eval(args) => eval::run(args, global),
        Command::Merge(args) => merge::run(args, global),
        Command::Archive(args) => archive::run(args, global),
        Command::Cleanup(args) => cleanup::run(args, global),
        Command::Undo(args) => undo::run(args, global),
        Command::Restore(args) => restore::run(args, global),
        Command::Snapshots(args) => snapshots::run(args, global),
        Command::Agents(args) => agents::run(&args, global),
        Command::Board(args) => board::run(args, global),
        Command::Outside(args) => outside::run(args, global),
        Command::Path(args) => path::run(&args, global),
        Command::Dag(args) => dag::run(args, global),
        Command::Events(args) => events::run(&args, global),
        Command::Metrics(args) => metrics::run(&args, global),
        Command::Doctor(args) => doctor::run(args, global),
        Command::Security(args) => security::run(args, global),
        Command::Export(args) => export::run(args, global),
        Command::Import(args) => import::run(args, global),
        Command::Templates(args) => templates::run(args, global),
        Command::Trust(args) => trust::run(args, global),
        Command::Demo(args) => demo::run(&args, global),
        Command::Integrate(args) => integrate::run(&args, global),
        Command::Schema(args) => schema::run(&args, global),
        Command::Completions(args) => completions::run(&args, global),
        Command::Man(args) => man::run(&args, global),
        Command::Supervise(args) => supervise::run(&args, global),
        Command::Confine(args) => Ok(confine::run(&args, global)),
        Command::Sweep => sweep::run(global),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsString;

    use clap::Parser;

    use super::{Args, Cli, CommandFactory, Global, called, parse_called};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_tree_of_the_called_command_means_the_same() {
        for (line, accepted) in [
            ("hub list", true),
            ("hub ls --state running -n 3", true),
            ("hub --json -C here status latest", true),
            ("hub -C here list --user me", true),
            ("hub status --json -q 20260317-143022", true),
            ("hub board --no-progress read results -vv", true),
            ("hub path list", true),
            ("hub exec list", false),
            ("hub lst", false),
            ("hub list list", false),
            ("hub list --format xml", false),
            ("hub list --json --format text", false),
            ("hub list --help", false),
            ("hub list --version", false),
            ("hub --version", false),
            ("hub --json", false),
            ("hub", false),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let whole = Cli::try_parse_from(&arguments).ok();
            assert_eq!(whole.is_some(), accepted, "{line}");
            assert_eq!(
                format!("{:?}", parse_called(&arguments)),
                format!("{whole:?}"),
                "{line}"
            );
        }
    }

    #[test]
    fn every_command_can_be_called_without_the_others() {
        fn arguments(command: &clap::Command) -> BTreeSet<String> {
            let all = command.get_arguments();
            let names = all.map(|argument| argument.get_id().to_string());
            // The whole tree says which version it is.
            names.filter(|name| name != "version").collect()
        }
        let mut hub = Cli::command();
        hub.build();
        for command in hub.get_subcommands() {
            let names = command.get_all_aliases().chain([command.get_name()]);
            for name in names {
                let mut alone = Global::augment_args(clap::Command::new("hub"))
                    .subcommand(called::command(name).unwrap());
                alone.build();
                let called = alone.find_subcommand(command.get_name()).unwrap();
                assert_eq!(arguments(called), arguments(command), "{name}");
            }
        }
        assert!(called::command("exec").is_none());
    }

    #[test]
    fn a_folder_that_is_named_as_a_command_is_left_to_the_whole_tree() {
        let line = ["hub", "-C", "list", "status"].map(OsString::from);
        assert!(parse_called(&line).is_none());
        assert!(Cli::try_parse_from(&line).is_ok());
    }

    #[test]
    fn every_command_shows_an_example() {
        let mut hub = Cli::command();
        hub.build();
        for command in hub.get_subcommands() {
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

    #[test]
    fn every_command_says_what_it_does() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing");
        }
    }
}
