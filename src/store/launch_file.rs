//! `launch.json`: how a session's agents are run.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::AgentId;
use crate::domain::launch::{
    AgentLaunch, ByteSize, Launch, Leftovers, Limits, Needs, Nice, Restart, Stdin,
};
use crate::domain::preset::PresetName;
use crate::domain::ready::Ready;
use crate::domain::security::{Security, SecurityLevel};

use super::atomic;
use super::error::{Error, Result};

pub(super) const VERSION: u64 = 2;
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
    security: Security,
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
    #[serde(default)]
    needs: Needs,
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
                    needs: document.needs,
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
        security: document.security,
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

/// A hub that knows no levels would start agents without their walls: it must not write this file,
/// which each command does that starts one.
fn version_for(launch: &Launch) -> u64 {
    if launch.security.level > SecurityLevel::Medium {
        VERSION
    } else {
        1
    }
}

fn document(launch: &Launch) -> Document {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let agents = launch.agents.iter();
    Document {
        schema_version: version_for(launch),
        agents: agents
            .map(|(agent, launch)| {
                let document = AgentDocument {
                    command: launch.command.clone(),
                    preset: launch.preset.clone(),
                    stdin: launch.stdin,
                    needs: launch.needs.clone(),
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
        security: launch.security.clone(),
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
                    needs: Needs {
                        env: vec!["MY_KEY".parse().unwrap()],
                        reads: vec!["~/.mine".parse().unwrap()],
                        writes: vec!["~/.mine/log".parse().unwrap()],
                    },
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
            security: Security {
                level: SecurityLevel::High,
                best_effort: true,
                allow_write: vec!["/data".parse().unwrap()],
                ..Security::default()
            },
            held: BTreeSet::from([agent]),
            paused: BTreeSet::from([agent]),
            graces: BTreeMap::from([(agent, Duration::from_millis(1500))]),
        };
        write(&path, &launch).unwrap();
        assert_eq!(read(&path).unwrap(), Some(launch));
    }

    #[test]
    fn only_what_an_older_hub_would_break_has_the_later_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("launch.json");
        for (level, version) in [
            (SecurityLevel::Low, 1),
            (SecurityLevel::Medium, 1),
            (SecurityLevel::High, 2),
            (SecurityLevel::Maximum, 2),
        ] {
            let mut launch = Launch::default();
            launch.security.level = level;
            write(&path, &launch).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.contains(&format!("\"schema_version\": {version}")),
                "{text}"
            );
            assert_eq!(read(&path).unwrap(), Some(launch));
        }
        atomic::replace(&path, br#"{"schema_version": 1, "agents": {}}"#).unwrap();
        let older = read(&path).unwrap().unwrap();
        assert_eq!(older.security.level, SecurityLevel::Medium);
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
