//! `hub schema`.

use std::process::ExitCode;

use clap::{Args as Arguments, ValueEnum};
use schemars::{Schema, schema_for};

use crate::lifecycle::{demo, report};

use super::Outcome;
use super::global::Global;

/// Print the JSON Schema of a command's document
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub schema status > status.schema.json")]
pub struct Args {
    /// The command
    name: Name,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    Archive,
    Cleanup,
    Demo,
    Eval,
    Events,
    Init,
    List,
    Merge,
    Path,
    Run,
    Spawn,
    Status,
    Stop,
    Update,
    Wait,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let schema = schema(args.name);
    // A schema is JSON in either format.
    let text = serde_json::to_string_pretty(&schema)? + "\n";
    global.output().write(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn schema(name: Name) -> Schema {
    match name {
        Name::Archive => schema_for!(report::ArchiveReport),
        Name::Cleanup => schema_for!(report::CleanupReport),
        Name::Demo => schema_for!(demo::DemoReport),
        Name::Eval => schema_for!(report::EvalReport),
        Name::Events => schema_for!(report::EventsReport),
        Name::Init => schema_for!(report::InitReport),
        Name::List => schema_for!(report::ListReport),
        Name::Merge => schema_for!(report::MergeReport),
        Name::Path => schema_for!(report::PathReport),
        Name::Run => schema_for!(report::RunReport),
        Name::Spawn => schema_for!(report::SpawnReport),
        Name::Status => schema_for!(report::StatusReport),
        Name::Update => schema_for!(report::UpdateReport),
        Name::Stop | Name::Wait => schema_for!(report::WaitReport),
    }
}
