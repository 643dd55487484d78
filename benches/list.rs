//! How long listing a hub directory takes, and finding the metric in a long output.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use agenthub::domain::metric::{self, MetricName};
use agenthub::lifecycle::{Hub, Interrupt, SessionId, SettingsLayer, Setup, list};
use chrono::{DateTime, TimeDelta};
use criterion::Criterion;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    for sessions in [10, 1000] {
        listing(&mut criterion, sessions)?;
    }
    extraction(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// `hub list`, from opening the repository to the document.
fn listing(criterion: &mut Criterion, sessions: u32) -> Outcome {
    let folder = tempfile::tempdir()?;
    git2::Repository::init(folder.path())?;
    make_sessions(&folder.path().join(".agenthub/sessions"), sessions)?;
    let listed = || -> agenthub::lifecycle::Result<usize> {
        let hub = open(folder.path())?;
        Ok(list::run(&hub, &list::Request::default())?.sessions.len())
    };
    assert_eq!(listed()?, usize::try_from(sessions)?);
    criterion.bench_function(&format!("list {sessions} sessions"), |bencher| {
        bencher.iter(|| black_box(listed()));
    });
    Ok(())
}

fn open(folder: &Path) -> agenthub::lifecycle::Result<Hub> {
    Hub::open(Setup {
        folder: folder.to_path_buf(),
        flags: SettingsLayer::default(),
        yes: false,
        interrupt: Interrupt::default(),
        progress: Box::new(|_| {}),
        ask: Box::new(|_| None),
    })
}

/// Sessions with three agents each, one a minute.
fn make_sessions(folder: &Path, count: u32) -> Outcome {
    for number in 0..count {
        let time = DateTime::UNIX_EPOCH + TimeDelta::minutes(number.into());
        let id = SessionId::at(time, 1);
        let session = folder.join(id.as_str());
        fs::create_dir_all(&session)?;
        write!(
            File::create(session.join("config.yaml"))?,
            "session_id: {id}\n\
             task: Optimize API response time below 100ms\n\
             agent_count: 3\n\
             base_branch: main\n\
             base_commit: 3f1c0e5a9b7d2c4e6f8091a2b3c4d5e6f7081920\n\
             created: 2026-03-17T14:30:22+00:00\n\
             eval_cmd: ./bench.sh\n\
             metric: p50_ms\n\
             direction: lower\n\
             baseline: 180.0\n"
        )?;
        let agents = (1..=3).map(|agent| {
            let branch = format!("hub/{id}/agent-{agent}/attempt-1");
            let record = serde_json::json!({
                "status": "succeeded", "attempt": 1, "branch": branch, "worktree": "/nowhere",
            });
            (format!("agent-{agent}"), record)
        });
        let state = serde_json::json!({
            "schema_version": 1,
            "session_id": id,
            "state": "running",
            "created": "2026-03-17T14:30:22+00:00",
            "updated": "2026-03-17T14:31:05+00:00",
            "agents": agents.collect::<serde_json::Map<_, _>>(),
        });
        serde_json::to_writer_pretty(File::create(session.join("state.json"))?, &state)?;
    }
    Ok(())
}

/// A metric that stands first in some megabytes of output, which is searched from its end.
fn extraction(criterion: &mut Criterion) -> Outcome {
    let name: MetricName = "p50_ms".parse()?;
    let mut output = "p50_ms: 42.5\n".to_owned();
    for request in 0..100_000 {
        writeln!(output, "request {request}: status=200 bytes=5120 ms=12.75")?;
    }
    metric::extract(&name, &output, "")?;
    criterion.bench_function("find the metric in 5 MB", |bencher| {
        bencher.iter(|| metric::extract(&name, black_box(&output), ""));
    });
    Ok(())
}
