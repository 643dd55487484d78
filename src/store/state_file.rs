//! `state.json`: where a session and its agents stand.
//!
//! A file without `schema_version` is the older format, in which agents may be missing.
//! Keys that hub does not know are kept, at the top and in each agent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::AttemptBranch;
use crate::domain::resources::{TimedOut, Usage};
use crate::domain::session::{AgentRecord, Exit, ProcessMark, Run, Session};
use crate::domain::state::{AgentStatus, SessionState};
use crate::domain::time;
use crate::domain::usage::TokenUse;

use super::atomic;
use super::error::{Error, Result};

/// The version that this hub writes.
pub(super) const VERSION: u64 = 1;

/// More than any real session needs.
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object")]
struct Document {
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    session_id: Option<SessionId>,
    state: SessionState,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    updated: Option<String>,
    #[serde(default)]
    agents: Value,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Default, Serialize, Deserialize)]
struct AgentDocument {
    status: Option<AgentStatus>,
    attempt: Option<Attempt>,
    branch: Option<crate::domain::refs::BranchName>,
    worktree: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strategy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supervisor: Option<ProcessMark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<ProcessMark>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::precise"
    )]
    started: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::precise"
    )]
    ended: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<Exit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens_out: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ports: Vec<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timed_out: Option<TimedOut>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::precise"
    )]
    paused_since: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused_s: Option<f64>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// A session's state as it stands in its file.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    pub session: Session,
    version: u64,
    extra: Map<String, Value>,
    agent_extra: BTreeMap<AgentId, Map<String, Value>>,
}

impl StateFile {
    pub fn new(session: Session) -> Self {
        Self {
            session,
            version: VERSION,
            extra: Map::new(),
            agent_extra: BTreeMap::new(),
        }
    }

    /// Reads the file of session `id`.
    pub fn read(path: &Path, id: &SessionId) -> Result<Self> {
        let bytes = atomic::read_capped(path, LONGEST)?
            .ok_or_else(|| Error::corrupt(path, None, "it is missing"))?;
        if bytes.is_empty() {
            return Err(Error::corrupt(path, Some(1), "it is empty"));
        }
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|error| Error::json(path, &error))?;
        Self::from_document(document, path, id)
    }

    fn from_document(document: Document, path: &Path, id: &SessionId) -> Result<Self> {
        let corrupt = |reason: String| Error::corrupt(path, None, reason);
        if let Some(found) = document.session_id.filter(|found| found != id) {
            let path = path.to_path_buf();
            return Err(Error::OtherSession {
                path,
                line: None,
                found,
            });
        }
        let stamp = |name: &str, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => time::parse(&text)
                .map(Some)
                .ok_or_else(|| corrupt(format!("{name} {text:?} is not a time"))),
        };
        let created = stamp("created", document.created)?;
        let updated = stamp("updated", document.updated)?;
        let created = created.or(updated).unwrap_or(chrono::DateTime::UNIX_EPOCH);
        let (agents, agent_extra) = agents_of(document.agents, id).map_err(corrupt)?;
        Ok(Self {
            session: Session::stored(
                id.clone(),
                document.state,
                created,
                updated.unwrap_or(created),
                agents,
            ),
            version: document.schema_version.unwrap_or(0),
            extra: document.extra,
            agent_extra,
        })
    }

    /// The agents, as the file holds them.
    pub fn agents(&self) -> Value {
        self.to_document().agents
    }

    /// The same session in another state, or with other agents.
    pub fn put_back(
        &self,
        state: Option<SessionState>,
        agents: Option<Value>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> std::result::Result<Self, String> {
        let mut file = self.clone();
        let session = &self.session;
        let mut records = session.agents().clone();
        if let Some(agents) = agents {
            (records, file.agent_extra) = agents_of(agents, &session.id)?;
        }
        let state = state.unwrap_or(session.state());
        file.session = Session::stored(session.id.clone(), state, session.created, now, records);
        Ok(file)
    }

    /// Replaces the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.check_writable(path)?;
        let mut text = serde_json::to_vec_pretty(&self.to_document())
            .map_err(|error| Error::corrupt(path, None, error.to_string()))?;
        text.push(b'\n');
        atomic::replace(path, &text)
    }

    /// Refuses what a later hub has written.
    pub fn check_writable(&self, path: &Path) -> Result<()> {
        if self.version > VERSION {
            return Err(Error::NewerVersion {
                path: path.to_path_buf(),
                found: self.version,
                known: VERSION,
            });
        }
        Ok(())
    }

    fn to_document(&self) -> Document {
        let agents: Map<String, Value> = self
            .session
            .agents()
            .iter()
            .map(|(agent, record)| {
                let extra = self.agent_extra.get(agent).cloned().unwrap_or_default();
                let document = agent_document(record, extra);
                let value = serde_json::to_value(document).unwrap_or_default();
                (agent.to_string(), value)
            })
            .collect();
        Document {
            schema_version: Some(VERSION),
            session_id: Some(self.session.id.clone()),
            state: self.session.state(),
            created: Some(time::format(&self.session.created)),
            updated: Some(time::format(&self.session.updated)),
            agents: Value::Object(agents),
            extra: self.extra.clone(),
        }
    }
}

type Agents = (
    BTreeMap<AgentId, AgentRecord>,
    BTreeMap<AgentId, Map<String, Value>>,
);

/// The agents; older tools wrote none as `{}`, `[]` or null.
fn agents_of(value: Value, session: &SessionId) -> std::result::Result<Agents, String> {
    let map = match value {
        Value::Null => Map::new(),
        Value::Array(list) if list.is_empty() => Map::new(),
        Value::Object(map) => map,
        _ => return Err("agents is not an object".to_owned()),
    };
    let (mut agents, mut extras) = Agents::default();
    for (name, value) in map {
        let agent: AgentId = name.parse().map_err(|error| format!("agents: {error}"))?;
        let document: AgentDocument =
            serde_json::from_value(value).map_err(|error| format!("{agent}: {error}"))?;
        extras.insert(agent, document.extra.clone());
        agents.insert(agent, agent_record(document, session, agent));
    }
    Ok((agents, extras))
}

fn agent_record(document: AgentDocument, session: &SessionId, agent: AgentId) -> AgentRecord {
    let attempt = document.attempt.unwrap_or(Attempt::FIRST);
    let branch = document.branch.unwrap_or_else(|| {
        AttemptBranch {
            session: session.clone(),
            agent,
            attempt,
        }
        .name()
    });
    let status = document.status.unwrap_or(AgentStatus::Pending);
    let mut record = AgentRecord::stored(status, attempt, branch);
    record.worktree = document.worktree;
    record.strategy = document.strategy;
    record.run = match (document.supervisor, document.started) {
        (Some(supervisor), Some(started)) => Some(Run {
            supervisor,
            process: document.process,
            started,
            ended: document.ended,
            exit: document.exit,
            reason: document.reason,
            tokens: TokenUse {
                tokens_in: document.tokens_in,
                tokens_out: document.tokens_out,
                cost_usd: document.cost_usd,
            },
            ports: document.ports,
            timed_out: document.timed_out,
            usage: document.usage,
            paused: document.paused_since,
            // What is no length of time did not come from hub.
            paused_for: document
                .paused_s
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .unwrap_or_default(),
        }),
        _ => None,
    };
    record
}

fn agent_document(record: &AgentRecord, extra: Map<String, Value>) -> AgentDocument {
    let run = record.run.as_ref();
    AgentDocument {
        status: Some(record.status()),
        attempt: Some(record.attempt),
        branch: Some(record.branch.clone()),
        worktree: record.worktree.clone(),
        strategy: record.strategy.clone(),
        supervisor: run.map(|run| run.supervisor.clone()),
        process: run.and_then(|run| run.process.clone()),
        started: run.map(|run| run.started),
        ended: run.and_then(|run| run.ended),
        exit: run.and_then(|run| run.exit),
        reason: run.and_then(|run| run.reason.clone()),
        tokens_in: run.and_then(|run| run.tokens.tokens_in),
        tokens_out: run.and_then(|run| run.tokens.tokens_out),
        cost_usd: run.and_then(|run| run.tokens.cost_usd),
        ports: run.map(|run| run.ports.clone()).unwrap_or_default(),
        timed_out: run.and_then(|run| run.timed_out),
        usage: run.and_then(|run| run.usage),
        paused_since: run.and_then(|run| run.paused),
        paused_s: run
            .map(|run| run.paused_for.as_secs_f64())
            .filter(|seconds| *seconds > 0.0),
        extra,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        "20260317-143022".parse().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<StateFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        atomic::replace(&path, bytes).unwrap();
        StateFile::read(&path, &id())
    }

    #[test]
    fn the_older_format_is_read() {
        for agents in [
            "",
            r#", "agents": {}"#,
            r#", "agents": []"#,
            r#", "agents": null"#,
        ] {
            let text = format!(
                r#"{{"session_id": "20260317-143022", "state": "running",
                    "created": "2026-03-17T14:30:22+00:00", "updated": "2026-03-17T14:31:05"{agents}}}"#
            );
            let file = read(text.as_bytes()).unwrap();
            assert_eq!(file.session.state(), SessionState::Running);
            assert!(file.session.agents().is_empty());
        }
    }

    #[test]
    fn unknown_keys_and_numbers_survive_a_rewrite() {
        let text = r#"{"session_id": "20260317-143022", "state": "running", "cost": 0.1234567890123457,
            "agents": {"agent-1": {"status": "succeeded", "attempt": 2, "mood": "good"}}}"#;
        let file = read(text.as_bytes()).unwrap();
        let written = serde_json::to_string(&file.to_document()).unwrap();
        assert!(
            written.contains(r#""cost":0.1234567890123457"#),
            "{written}"
        );
        assert!(written.contains(r#""mood":"good""#), "{written}");
        let again = read(written.as_bytes()).unwrap();
        assert_eq!(again.session, file.session);
        assert_eq!(
            file.session
                .agents()
                .values()
                .next()
                .unwrap()
                .branch
                .as_str(),
            "hub/20260317-143022/agent-1/attempt-2"
        );
    }

    #[test]
    fn a_later_version_is_read_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let text = r#"{"schema_version": 9, "state": "init", "agents": {}}"#;
        atomic::replace(&path, text.as_bytes()).unwrap();
        let file = StateFile::read(&path, &id()).unwrap();
        assert!(matches!(file.write(&path), Err(Error::NewerVersion { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn damaged_files_are_corrupt() {
        for bytes in [
            &b""[..],
            b"{\"state\": \"init\"",
            b"\0\0\0\0",
            b"[]",
            b"{}",
            b"{\"state\": \"done\"}",
            b"{\"state\": \"init\", \"agents\": {\"../x\": {}}}",
            b"{\"state\": \"init\", \"agents\": 3}",
            b"{\"state\": \"init\", \"created\": \"noon\"}",
            b"\xff\xfe",
        ] {
            let found = read(bytes);
            assert!(matches!(found, Err(Error::Corrupt { .. })), "{bytes:?}");
        }
        let other = b"{\"state\": \"init\", \"session_id\": \"20260317-143023\"}";
        let found = read(other).unwrap_err();
        assert!(matches!(found, Error::OtherSession { .. }), "{found}");
    }
}
