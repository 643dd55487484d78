//! The arguments of the command that is called, without the tree of all commands.

use clap::Args as _;

use super::{
    agents, archive, attach, board, cleanup, completions, confine, dag, demo, doctor, eval, events,
    export, graft, import, init, integrate, list, logs, man, merge, metrics, outside, path, pause,
    restore, resume, retry, run, schema, security, send, snapshots, spawn, status, stop, supervise,
    templates, trust, undo, update, wait,
};

/// Adds a command's arguments to it.
type Arguments = fn(clap::Command) -> clap::Command;

/// All commands, by their names.
const COMMANDS: [(&str, Arguments); 43] = [
    ("init", init::Args::augment_args),
    ("spawn", spawn::Args::augment_args),
    ("run", run::Args::augment_args),
    ("list", list::Args::augment_args),
    ("status", status::Args::augment_args),
    ("update", update::Args::augment_args),
    ("wait", wait::Args::augment_args),
    ("stop", stop::Args::augment_args),
    ("pause", pause::Args::augment_args),
    ("resume", resume::Args::augment_args),
    ("retry", retry::Args::augment_args),
    ("send", send::Args::augment_args),
    ("attach", attach::Args::augment_args),
    ("graft", graft::Args::augment_args),
    ("logs", logs::Args::augment_args),
    ("eval", eval::Args::augment_args),
    ("merge", merge::Args::augment_args),
    ("archive", archive::Args::augment_args),
    ("cleanup", cleanup::Args::augment_args),
    ("undo", undo::Args::augment_args),
    ("restore", restore::Args::augment_args),
    ("snapshots", snapshots::Args::augment_args),
    ("agents", agents::Args::augment_args),
    ("path", path::Args::augment_args),
    ("board", board::Args::augment_args),
    ("dag", dag::Args::augment_args),
    ("events", events::Args::augment_args),
    ("outside", outside::Args::augment_args),
    ("export", export::Args::augment_args),
    ("import", import::Args::augment_args),
    ("metrics", metrics::Args::augment_args),
    ("doctor", doctor::Args::augment_args),
    ("security", security::Args::augment_args),
    ("templates", templates::Args::augment_args),
    ("trust", trust::Args::augment_args),
    ("demo", demo::Args::augment_args),
    ("integrate", integrate::Args::augment_args),
    ("schema", schema::Args::augment_args),
    ("completions", completions::Args::augment_args),
    ("man", man::Args::augment_args),
    ("supervise", supervise::Args::augment_args),
    ("confine", confine::Args::augment_args),
    ("sweep", |command| command),
];

/// Other names, and what they stand for.
const ALIASES: [(&str, &str); 1] = [("ls", "list")];

/// The command that a word calls, with its arguments and nothing that is only for help; `None`
/// where it calls none.
///
/// To make all commands, to find one among them, would take as long as to read that one's
/// arguments.
pub fn command(word: &str) -> Option<clap::Command> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == word);
    let word = alias.map_or(word, |(_, name)| name);
    let (name, add) = COMMANDS.iter().find(|(name, _)| *name == word)?;
    let command = clap::Command::new(*name).aliases(alias.map(|(alias, _)| *alias));
    Some(add(command))
}
