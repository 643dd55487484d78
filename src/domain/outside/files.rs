//! Files at one moment, and which changes of hub's own files hub itself explains.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::board::Channel;
use crate::domain::digest::sha256;
use crate::domain::event::Operation;
use crate::domain::id::{AgentId, SessionId};

/// Files by their paths below the folder that was looked through, with slashes.
pub type Files = BTreeMap<String, FileMark>;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A file.
    File,
    /// A symbolic link; what it says is its content.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// What the system says of a file that was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its number.
    pub inode: u64,
    /// When it was written, in nanoseconds.
    pub written: i128,
    /// When anything of it was changed; nobody can set this.
    pub touched: i128,
}

/// A file as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMark {
    /// What it is.
    pub kind: FileKind,
    /// Its permissions.
    pub mode: u32,
    /// Its size in bytes.
    pub size: u64,
    /// What the system says of it.
    pub stamp: Stamp,
    /// The SHA-256 of what counts of it, where that was read.
    pub digest: Option<String>,
    /// What it holds, where that is kept.
    pub content: Option<Vec<u8>>,
}

impl FileMark {
    /// Whether it holds the same in the same way.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        let same_content = match (&self.digest, &other.digest) {
            (Some(one), Some(other)) => one == other,
            _ => self.stamp == other.stamp && self.size == other.size,
        };
        self.kind == other.kind && self.mode == other.mode && same_content
    }
}

/// What counts of the bytes of a file.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    sha256(&[bytes])
}

/// What counts of a session's `state.json`: where it and its agents stand. What hub writes down of
/// their processes changes without a line in the journal; and that an agent is started stands
/// there before the journal has it, for good where the disk is full just then.
#[must_use]
pub fn digest_of_state(bytes: &[u8]) -> String {
    #[derive(Serialize, Deserialize)]
    struct Agent {
        status: Option<Value>,
        attempt: Option<Value>,
        branch: Option<Value>,
        worktree: Option<Value>,
    }
    #[derive(Serialize, Deserialize)]
    struct State {
        session_id: Option<Value>,
        #[serde(rename = "state")]
        stands: Value,
        agents: BTreeMap<String, Agent>,
    }
    let counts = serde_json::from_slice::<State>(bytes).map(|mut state| {
        for agent in state.agents.values_mut() {
            agent
                .status
                .take_if(|status| *status == "pending" || *status == "running");
        }
        state
    });
    match counts.and_then(|state| serde_json::to_vec(&state)) {
        Ok(counts) => digest(&counts),
        Err(_) => digest(bytes),
    }
}

/// What counts of a session's `launch.json`: not who is held or paused and how long agents may go
/// on, which hub writes down before it asks supervisors for what a journal tells.
#[must_use]
pub fn digest_of_launch(bytes: &[u8]) -> String {
    let Ok(mut launch) = serde_json::from_slice::<serde_json::Map<String, Value>>(bytes) else {
        return digest(bytes);
    };
    for asked in ["held", "paused", "grace_s"] {
        launch.remove(asked);
    }
    digest(Value::Object(launch).to_string().as_bytes())
}

/// The paths that are not as they were, with what stood and stands there.
pub fn changes<'f>(
    before: &'f Files,
    after: &'f Files,
) -> impl Iterator<Item = (&'f str, Option<&'f FileMark>, Option<&'f FileMark>)> {
    let paths: BTreeSet<&str> = before
        .keys()
        .chain(after.keys())
        .map(String::as_str)
        .collect();
    paths.into_iter().filter_map(|path| {
        let (old, new) = (before.get(path), after.get(path));
        let same = matches!((old, new), (Some(old), Some(new)) if old.is_as(new));
        (!same).then_some((path, old, new))
    })
}

/// What hub did to a session in a time, and who was at work in it.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// What its journal tells of, with the agent that a line is about.
    pub lines: Vec<(Operation, Option<AgentId>)>,
    /// Agents that ran at any moment of it.
    pub at_work: BTreeSet<AgentId>,
    /// Whether hub is at it just now: what it writes may not be told yet.
    pub busy: bool,
}

impl Activity {
    fn any(&self, wanted: impl Fn(Operation) -> bool) -> bool {
        self.busy || self.lines.iter().any(|(operation, _)| wanted(*operation))
    }

    /// Whether hub did anything by which a worktree of an agent can change.
    #[must_use]
    pub fn touched(&self, agent: AgentId) -> bool {
        use Operation::{Finish, Pause, Resume, Security, Send, Start, Stop, Trust, Update};
        let elsewhere = [
            Finish, Pause, Resume, Security, Send, Start, Stop, Trust, Update,
        ];
        let lines = self.lines.iter();
        let mut touching = lines.filter(|(operation, _)| *operation != Operation::Outside);
        self.at_work.contains(&agent)
            || touching
                .any(|(operation, of)| of.map_or(!elsewhere.contains(operation), |of| of == agent))
    }
}

/// Whether hub itself explains that a file of the hub directory was added, changed or removed.
///
/// `old` and `new` say whether it was and is there; `of` knows what was done to sessions.
#[must_use]
pub fn is_explained<'a>(
    path: &str,
    old: bool,
    new: bool,
    of: impl Fn(&SessionId) -> Option<&'a Activity>,
) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        // A post is a new file that stays as it is.
        ["board", channel, _] => !old && new && channel.parse::<Channel>().is_ok(),
        // It is made before the state or the journal has the start that it is for, and stays
        // where hub is killed in between.
        ["sessions", _, "agents", agent, "supervisor.log"] if !old && new => {
            agent.parse::<AgentId>().is_ok()
        }
        ["sessions", id, rest @ ..] => {
            let Ok(id) = id.parse::<SessionId>() else {
                return false;
            };
            of(&id).is_some_and(|activity| of_session(rest, activity))
        }
        _ => false,
    }
}

fn of_session(path: &[&str], activity: &Activity) -> bool {
    use Operation::{Doctor, Eval, Finish, Init, Outside, Pause, Resume, Send, Start, Trust, Undo};
    let made = activity.any(|operation| matches!(operation, Init | Undo));
    match path {
        ["config.yaml"] => made || activity.any(|operation| operation == Doctor),
        ["state.json"] => activity.any(|one| one != Outside),
        ["launch.json"] => activity.any(|one| !matches!(one, Eval | Outside | Send | Trust)),
        ["agents", agent, ..] => {
            let agent = agent.parse::<AgentId>().ok();
            agent.is_some_and(|agent| {
                activity.busy || activity.at_work.contains(&agent) || of_agent(activity, agent)
            })
        }
        // What was there before only grows; that is looked at by itself.
        ["events.jsonl"] => made,
        [
            "evaluation.json" | "evaluations" | "baseline" | "verify" | "undone",
            ..,
        ] => {
            let others = [Finish, Outside, Pause, Resume, Send, Start, Trust];
            activity.any(|operation| !others.contains(&operation))
        }
        [_] => activity.any(|operation| matches!(operation, Doctor | Undo)),
        _ => false,
    }
}

fn of_agent(activity: &Activity, agent: AgentId) -> bool {
    let mut lines = activity.lines.iter();
    lines.any(|(operation, of)| *operation != Operation::Outside && of.is_none_or(|of| of == agent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "20260317-143022";

    fn agent(number: u32) -> AgentId {
        AgentId::new(number).unwrap()
    }

    fn explained(path: &str, old: bool, new: bool, activity: &Activity) -> bool {
        is_explained(path, old, new, |id| (id.as_str() == ID).then_some(activity))
    }

    #[test]
    fn what_hub_did_explains_the_files_that_it_writes_then() {
        use Operation::{Doctor, Eval, Finish, Merge, Outside, Send, Stop};
        let idle = Activity::default();
        let line = |operation, of| Activity {
            lines: vec![(operation, of)],
            ..Activity::default()
        };
        let works = Activity {
            at_work: BTreeSet::from([agent(2)]),
            ..Activity::default()
        };
        for (file, activity, expected) in [
            ("config.yaml", &idle, false),
            ("config.yaml", &line(Merge, None), false),
            ("config.yaml", &line(Doctor, None), true),
            ("state.json", &idle, false),
            ("state.json", &line(Merge, None), true),
            ("state.json", &line(Outside, None), false),
            ("state.json", &works, false),
            ("launch.json", &line(Stop, None), true),
            ("launch.json", &line(Eval, None), false),
            ("events.jsonl", &line(Merge, None), false),
            ("evaluation.json", &line(Eval, None), true),
            ("evaluation.json", &line(Finish, Some(agent(1))), false),
            ("evaluations/1/report.json", &idle, false),
            ("agents/agent-2/stdout.log", &works, true),
            ("agents/agent-1/stdout.log", &works, false),
            ("agents/agent-1/inbox.md", &line(Send, Some(agent(1))), true),
            (
                "agents/agent-1/inbox.md",
                &line(Send, Some(agent(2))),
                false,
            ),
            ("agents/x/planted", &line(Merge, None), false),
            ("planted", &line(Merge, None), false),
            ("planted/deep", &line(Doctor, None), false),
        ] {
            let path = format!("sessions/{ID}/{file}");
            assert_eq!(
                explained(&path, true, true, activity),
                expected,
                "{path} {activity:?}"
            );
        }
    }

    #[test]
    fn of_a_state_counts_where_agents_stand() {
        let state = |status: &str, process: &str| {
            format!(
                r#"{{"session_id":"x","state":"running","updated":"{process}","agents":{{"agent-1":{{"status":"{status}","attempt":1,"branch":"b","worktree":null,"process":"{process}"}}}}}}"#
            )
        };
        let digest = |text: String| digest_of_state(text.as_bytes());
        assert_eq!(digest(state("running", "1")), digest(state("running", "2")));
        assert_ne!(digest(state("running", "1")), digest(state("failed", "1")));
        assert_eq!(digest(state("running", "1")), digest(state("pending", "1")));
        assert_ne!(digest("nonsense".to_owned()), digest("other".to_owned()));
    }

    #[test]
    fn of_a_launch_counts_how_agents_are_run() {
        let digest = |text: &str| digest_of_launch(text.as_bytes());
        let one = digest(r#"{"jobs":1,"held":[]}"#);
        assert_eq!(one, digest(r#"{"jobs":1,"held":["agent-1"],"grace_s":{}}"#));
        assert_ne!(one, digest(r#"{"jobs":2,"held":[]}"#));
        assert_ne!(digest("nonsense"), digest("other"));
    }

    #[test]
    fn posts_and_logs_of_supervisors_are_added_and_nothing_else_is_of_hub() {
        let idle = Activity::default();
        let log = &format!("sessions/{ID}/agents/agent-2/supervisor.log");
        for (path, old, new, expected) in [
            ("board/results/0001-agent-1.md", false, true, true),
            ("board/results/0001-agent-1.md", true, true, false),
            ("board/results/0001-agent-1.md", true, false, false),
            ("board/a b/0001-agent-1.md", false, true, false),
            ("config.yaml", true, true, false),
            ("templates/plain.md", false, true, false),
            ("sessions/20200101-000000/state.json", true, true, false),
            ("sessions/planted", false, true, false),
            (log, false, true, true),
            (log, true, true, false),
            (log, true, false, false),
            (&log.replace("agent-2", "x"), false, true, false),
        ] {
            assert_eq!(explained(path, old, new, &idle), expected, "{path}");
        }
    }

    #[test]
    fn a_worktree_is_touched_by_what_is_about_its_agent_or_all() {
        use Operation::{Archive, Finish, Graft, Outside, Start};
        for (lines, touched) in [
            (vec![], false),
            (
                vec![(Start, None), (Finish, None), (Outside, Some(agent(1)))],
                false,
            ),
            (vec![(Graft, Some(agent(2)))], false),
            (vec![(Graft, Some(agent(1)))], true),
            (vec![(Archive, None)], true),
        ] {
            let activity = Activity {
                lines,
                ..Activity::default()
            };
            assert_eq!(activity.touched(agent(1)), touched, "{activity:?}");
        }
    }
}
