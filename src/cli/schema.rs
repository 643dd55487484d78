//! `hub schema`.

use std::process::ExitCode;

use clap::{Args as Arguments, ValueEnum};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::lifecycle::{demo, report};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub schema status > status.schema.json")]
pub struct Args {
    /// The command
    name: Name,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    Agents,
    Archive,
    BoardList,
    BoardPost,
    BoardRead,
    Cleanup,
    CleanupAll,
    CleanupDryRun,
    Dag,
    Demo,
    Doctor,
    DryRun,
    Eval,
    Events,
    EventsAll,
    EventsFollow,
    Export,
    Graft,
    Import,
    Init,
    Integrate,
    List,
    Logs,
    Merge,
    MergePlan,
    Metrics,
    Outside,
    Path,
    Pause,
    Restore,
    Resume,
    Retry,
    Run,
    Security,
    SecurityRaised,
    Send,
    Snapshots,
    SnapshotsExpire,
    SnapshotsRestore,
    SnapshotsShow,
    Spawn,
    Status,
    Stop,
    Templates,
    Trust,
    Undo,
    Update,
    Wait,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let schema = schema(args.name);
    // A schema is JSON in either format.
    let text = serde_json::to_string_pretty(&schema)? + "\n";
    global.output().exact(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn schema(name: Name) -> Schema {
    match name {
        Name::Agents => schema_of::<report::AgentsReport>(),
        Name::Archive => schema_of::<report::ArchiveReport>(),
        Name::BoardList => schema_of::<report::BoardListReport>(),
        Name::BoardPost => schema_of::<report::PostedReport>(),
        Name::BoardRead => schema_of::<report::BoardReadReport>(),
        Name::Cleanup => schema_of::<report::CleanupReport>(),
        Name::CleanupAll => schema_of::<report::CleanupAllReport>(),
        Name::CleanupDryRun => schema_of::<report::CleanupPlanReport>(),
        Name::Dag => schema_of::<report::DagReport>(),
        Name::Demo => schema_of::<demo::DemoReport>(),
        Name::Doctor => schema_of::<report::DoctorReport>(),
        Name::DryRun => schema_of::<report::DryRunReport>(),
        Name::Eval => schema_of::<report::EvalReport>(),
        Name::Events => schema_of::<report::EventsReport>(),
        Name::EventsAll => schema_of::<report::AllEventsReport>(),
        Name::EventsFollow => schema_of::<report::FollowedEvent>(),
        Name::Export => schema_of::<report::ExportReport>(),
        Name::Graft => schema_of::<report::GraftReport>(),
        Name::Import => schema_of::<report::ImportReport>(),
        Name::Init => schema_of::<report::InitReport>(),
        Name::Integrate => schema_of::<report::IntegrateReport>(),
        Name::List => schema_of::<report::ListReport>(),
        Name::Logs => schema_of::<report::LogsReport>(),
        Name::Merge => schema_of::<report::MergeReport>(),
        Name::MergePlan => schema_of::<report::MergePlanReport>(),
        Name::Metrics => schema_of::<report::MetricsReport>(),
        Name::Outside => schema_of::<report::OutsideReport>(),
        Name::Path => schema_of::<report::PathReport>(),
        Name::Pause | Name::Resume => schema_of::<report::PauseReport>(),
        Name::Restore => schema_of::<report::RestoreReport>(),
        Name::Run => schema_of::<report::RunReport>(),
        Name::Security => schema_of::<report::SecurityReport>(),
        Name::SecurityRaised => schema_of::<report::SecurityRaised>(),
        Name::Send => schema_of::<report::SendReport>(),
        Name::Snapshots => schema_of::<report::SnapshotsReport>(),
        Name::SnapshotsExpire => schema_of::<report::SnapshotExpireReport>(),
        Name::SnapshotsRestore => schema_of::<report::SnapshotRestoreReport>(),
        Name::SnapshotsShow => schema_of::<report::SnapshotShowReport>(),
        Name::Retry | Name::Spawn => schema_of::<report::SpawnReport>(),
        Name::Status => schema_of::<report::StatusReport>(),
        Name::Trust => schema_of::<report::TrustReport>(),
        Name::Templates => schema_of::<report::TemplatesReport>(),
        Name::Undo => schema_of::<report::UndoReport>(),
        Name::Update => schema_of::<report::UpdateReport>(),
        Name::Stop | Name::Wait => schema_of::<report::WaitReport>(),
    }
}

/// The schema of what is written: a key that may be null is there all the same.
fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::default().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}
