//! `launch.json`: how a session's agents are run.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::AgentId;
use crate::domain::launch::{
    AgentLaunch, ByteSize, Launch, Leftovers, Limits, Nice, Restart, Stdin,
};
use crate::domain::preset::PresetName;
use crate::domain::ready::Ready;

use super::atomic;
use super::error::{Error, Result};

pub(super) const VERSION: u64 = 1;
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object")]
struct Document {
    schema_version: u64,
    agents: BTreeMap<AgentId, AgentDocument>,
    jobs: Option<NonZeroU32>,
    #[serde(default)]
    retries: u32,
    retry_pause_s: Option<f64>,
    #[serde(default)]
    leftovers: Leftovers,
    #[serde(default)]
    limits: LimitsDocument,
    #[serde(default)]
    template: Option<String>,
    #[serde(flatten)]
    ready: Ready,
    #[serde(default)]
    held: BTreeSet<AgentId>,
    #[serde(default)]
    paused: BTreeSet<AgentId>,
    #[serde(default)]
    grace_s: BTreeMap<AgentId, f64>,
}

#[derive(Serialize, Deserialize)]
struct AgentDocument {
    command: String,
    #[serde(default)]
    preset: Option<PresetName>,
    #[serde(default)]
    stdin: Stdin,
}

#[derive(Default, Serialize, Deserialize)]
struct LimitsDocument {
    timeout_s: Option<f64>,
    idle_timeout_s: Option<f64>,
    log: Option<ByteSize>,
    nice: Option<Nice>,
    memory: Option<ByteSize>,
    cpu_s: Option<f64>,
}

/// Reads the plan; `None` when hub was never asked to start the session's agents.
pub(super) fn read(path: &Path) -> Result<Option<Launch>> {
    let Some(bytes) = atomic::read_capped(path, LONGEST)? else {
        return Ok(None);
    };
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|error| Error::json(path, &error))?;
    launch(document, path).map(Some)
}

fn launch(document: Document, path: &Path) -> Result<Launch> {
    let time = |name: &str, seconds: Option<f64>| {
        seconds
            .map(|seconds| {
                Duration::try_from_secs_f64(seconds)
                    .map_err(|error| Error::corrupt(path, None, format!("{name}: {error}")))
            })
            .transpose()
    };
    let limits = document.limits;
    let restart = Restart::default();
    Ok(Launch {
        agents: document
            .agents
            .into_iter()
            .map(|(agent, document)| {
                let launch = AgentLaunch {
                    command: document.command,
                    preset: document.preset,
                    stdin: document.stdin,
                };
                (agent, launch)
            })
            .collect(),
        jobs: document.jobs,
        restart: Restart {
            retries: document.retries,
            pause: time("retry_pause_s", document.retry_pause_s)?.unwrap_or(restart.pause),
        },
        leftovers: document.leftovers,
        limits: Limits {
            timeout: time("timeout_s", limits.timeout_s)?,
            idle_timeout: time("idle_timeout_s", limits.idle_timeout_s)?,
            log: limits.log.unwrap_or_default(),
            nice: limits.nice,
            memory: limits.memory,
            cpu: time("cpu_s", limits.cpu_s)?,
        },
        template: document.template,
        ready: document.ready,
        held: document.held,
        paused: document.paused,
        graces: document
            .grace_s
            .into_iter()
            .filter_map(|(agent, seconds)| {
                let grace = time("grace_s", Some(seconds)).transpose()?;
                Some(grace.map(|grace| (agent, grace)))
            })
            .collect::<Result<_>>()?,
    })
}

/// Replaces the plan, unless a later hub wrote it.
pub(super) fn write(path: &Path, launch: &Launch) -> Result<()> {
    if let Some(bytes) = atomic::read_capped(path, LONGEST)? {
        let found: Document =
            serde_json::from_slice(&bytes).map_err(|error| Error::json(path, &error))?;
        if found.schema_version > VERSION {
            return Err(Error::NewerVersion {
                path: path.to_path_buf(),
                found: found.schema_version,
                known: VERSION,
            });
        }
    }
    let mut text = serde_json::to_vec_pretty(&document(launch))
        .map_err(|error| Error::corrupt(path, None, error.to_string()))?;
    text.push(b'\n');
    atomic::replace(path, &text)
}

fn document(launch: &Launch) -> Document {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let agents = launch.agents.iter();
    Document {
        schema_version: VERSION,
        agents: agents
            .map(|(agent, launch)| {
                let document = AgentDocument {
                    command: launch.command.clone(),
                    preset: launch.preset.clone(),
                    stdin: launch.stdin,
                };
                (*agent, document)
            })
            .collect(),
        jobs: launch.jobs,
        retries: launch.restart.retries,
        retry_pause_s: Some(launch.restart.pause.as_secs_f64()),
        leftovers: launch.leftovers,
        limits: LimitsDocument {
            timeout_s: seconds(launch.limits.timeout),
            idle_timeout_s: seconds(launch.limits.idle_timeout),
            log: Some(launch.limits.log),
            nice: launch.limits.nice,
            memory: launch.limits.memory,
            cpu_s: seconds(launch.limits.cpu),
        },
        template: launch.template.clone(),
        ready: launch.ready.clone(),
        held: launch.held.clone(),
        paused: launch.paused.clone(),
        grace_s: launch
            .graces
            .iter()
            .map(|(agent, grace)| (*agent, grace.as_secs_f64()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("launch.json");
        assert_eq!(read(&path).unwrap(), None);
        let agent = AgentId::new(2).unwrap();
        let command = "./agent.sh \"x\"".to_owned();
        let preset = Some("mine".parse().unwrap());
        let launch = Launch {
            agents: BTreeMap::from([(
                agent,
                AgentLaunch {
                    command,
                    preset,
                    stdin: Stdin::Inbox,
                },
            )]),
            jobs: NonZeroU32::new(4),
            restart: Restart {
                retries: 2,
                pause: Duration::from_millis(500),
            },
            leftovers: Leftovers::Keep,
            limits: Limits {
                timeout: Some(Duration::from_secs(60)),
                nice: Some("10".parse().unwrap()),
                memory: Some("2G".parse().unwrap()),
                ..Limits::default()
            },
            template: Some("{task}".to_owned()),
            ready: Ready {
                setup: vec!["npm ci".parse().unwrap()],
                teardown: vec!["./down".parse().unwrap()],
                ports: Some("2".parse().unwrap()),
            },
            held: BTreeSet::from([agent]),
            paused: BTreeSet::from([agent]),
            graces: BTreeMap::from([(agent, Duration::from_millis(1500))]),
        };
        write(&path, &launch).unwrap();
        assert_eq!(read(&path).unwrap(), Some(launch));
    }

    #[test]
    fn a_later_version_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("launch.json");
        atomic::replace(&path, br#"{"schema_version": 9, "agents": {}}"#).unwrap();
        let refused = write(&path, &Launch::default());
        assert!(matches!(refused, Err(Error::NewerVersion { .. })));
    }
}
