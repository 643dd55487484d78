//! `hub graft`: a new attempt of one agent that has some paths as another agent has them.

use std::path::{Component, Path, PathBuf};

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::graft::GraftRefused;
use crate::domain::id::{AgentId, Attempt, SessionId, SessionSelector};
use crate::domain::refs::CommitId;
use crate::domain::report::GraftReport;
use crate::domain::state::{SessionState, TransitionError};
use crate::store::LockedSession;

use super::agents::{self, Seen};
use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;
use super::{moves, retry};

/// What is put onto whose work.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session.
    pub session: SessionSelector,
    /// The agent that gets a new attempt.
    pub onto: AgentId,
    /// The agent whose paths are taken.
    pub from: AgentId,
    /// Files and folders, from the current folder; taken literally.
    pub paths: Vec<PathBuf>,
}

/// Makes the next attempt of an agent, whose one new commit has the named paths as they are in
/// the other agent's newest attempt: added, changed or deleted.
///
/// # Errors
/// When one of the two is at work, the worktree holds work that no commit holds, a path is in
/// neither, or nothing differs: then nothing was changed.
pub fn run(hub: &Hub, request: &Request) -> Result<GraftReport> {
    if request.onto == request.from {
        return Err(GraftRefused::SameAgent(request.onto).into());
    }
    let paths = from_the_top(hub, &request.paths)?;
    let stored = hub.find(Some(&request.session), "", |_| true)?;
    let id = stored.config.session_id.clone();
    let mut session = hub.lock(&id, "graft")?;
    check(hub, &session, request)?;
    graft(hub, &mut session, request, paths)
}

fn check(hub: &Hub, session: &LockedSession, request: &Request) -> Result<()> {
    let state = session.session().state();
    let id = session.config().session_id.clone();
    if !matches!(state, SessionState::Running | SessionState::Evaluating) {
        return Err(Error::WrongState {
            hint: match state {
                SessionState::Init => format!("`hub spawn {id}`"),
                _ => format!("`hub init --from {id}` makes a next round"),
            },
            session: id,
            state,
            wanted: "a graft needs one that is running or evaluating",
        });
    }
    let both = [request.onto, request.from];
    agents::check_known(session.session(), &both)?;
    let seen = Seen::look(&hub.dir, session.snapshot())?;
    for agent in both {
        if seen.is_lost(agent) {
            return Err(Error::AgentLost { session: id, agent });
        }
        let record = session.session().agents().get(&agent);
        let active = record.is_some_and(|record| record.status().is_active());
        if active || seen.is_at_work(agent) {
            return Err(TransitionError::AgentsActive { session: id, agent }.into());
        }
    }
    Ok(())
}

fn graft(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
    paths: Vec<PathBuf>,
) -> Result<GraftReport> {
    let id = session.config().session_id.clone();
    let (onto, from) = (request.onto, request.from);
    let mut plan = retry::plan(hub, session, onto, retry::From::LastTip)?;
    let before = plan.commit.clone();
    let from_commit = tip_of(hub, session, from)?;
    for path in &paths {
        let holds = |commit| hub.repository.holds(commit, path);
        if !holds(&before)? && !holds(&from_commit)? {
            return Err(GraftRefused::PathInNeither {
                session: id,
                onto,
                from,
                path: path.clone(),
            }
            .into());
        }
    }
    let message = message(&id, onto, from, &from_commit, &paths);
    let commit = hub
        .repository
        .graft(&before, &from_commit, &paths, &message)?;
    plan.commit = commit.ok_or(GraftRefused::NothingDiffers { onto, from })?;
    let now = hub.now();
    // Asks the machine before the journal is told.
    session.session().clone().graft(&plan.branch, now)?;
    let earlier = session.session().agents().get(&onto);
    let earlier = earlier.map_or(Attempt::FIRST, |record| record.attempt);
    let intent = json!({
        "agent": onto,
        "from": from,
        "from_commit": from_commit,
        "paths": paths.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "branch": plan.branch,
        "commit": plan.commit,
        "earlier": earlier,
    });
    let moves = vec![moves::made(&plan.branch.name(), &plan.commit)];
    hub.record_moves(session, Operation::Graft, Phase::Begin, intent, moves)?;
    let made = retry::check_out(hub, session, &plan)
        .and_then(|()| session.change(|state| state.graft(&plan.branch, now).map_err(Error::from)));
    if let Err(error) = made {
        if retry::stands(session, &plan.branch) {
            // Whoever locks the session next finishes it.
            return Err(hub.cause(error));
        }
        retry::take_back(hub, session, Operation::Graft, &plan)?;
        hub.record(session, Operation::Graft, Phase::TakenBack, json!({}))?;
        return Err(hub.cause(error));
    }
    session.dir().agent(onto).put_aside(earlier)?;
    hub.record(session, Operation::Graft, Phase::End, json!({}))?;
    Ok(GraftReport {
        session_id: id,
        state: session.session().state(),
        agent: onto,
        attempt: plan.branch.attempt,
        branch: plan.branch.name(),
        diff: hub.repository.diff_stat(&before, &plan.commit)?,
        commit: plan.commit,
        from,
        from_commit,
        paths,
        worktree: plan.worktree,
    })
}

fn tip_of(hub: &Hub, session: &LockedSession, agent: AgentId) -> Result<CommitId> {
    let attempts = hub.attempts(session.session())?;
    let newest = attempts
        .iter()
        .find(|attempt| attempt.agent == agent && attempt.newest);
    let tip = newest.and_then(AttemptInfo::tip).cloned();
    tip.ok_or_else(|| Error::NoAgent {
        session: session.config().session_id.clone(),
        agent,
    })
}

/// Paths from the top of the repository, as commits name them.
fn from_the_top(hub: &Hub, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let prefix = hub.repository.prefix_of(hub.folder())?;
    let mut found = Vec::new();
    for path in paths {
        let whole = inside(&prefix, path);
        let whole = whole.ok_or_else(|| GraftRefused::NoPathInside(path.clone()))?;
        if !found.contains(&whole) {
            found.push(whole);
        }
    }
    Ok(found)
}

/// A path below a folder without dots; `None` where it leaves the repository or is all of it.
fn inside(prefix: &Path, path: &Path) -> Option<PathBuf> {
    let mut whole = PathBuf::new();
    for part in prefix.join(path).components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::CurDir => {}
            Component::ParentDir if whole.pop() => {}
            _ => return None,
        }
    }
    (!whole.as_os_str().is_empty()).then_some(whole)
}

/// Subject, paths and trailers that `git interpret-trailers` reads.
fn message(
    id: &SessionId,
    onto: AgentId,
    from: AgentId,
    commit: &CommitId,
    paths: &[PathBuf],
) -> String {
    // In quotes: a name with a line feed shall not look like a trailer.
    let quoted = |path: &PathBuf| format!("{:?}\n", path.to_string_lossy());
    let names: Vec<String> = paths.iter().map(quoted).collect();
    format!(
        "Graft work of {from} onto {onto}\n\n{}\nHub-Session: {id}\nHub-Agent: {onto}\nHub-Graft-Agent: {from}\nHub-Graft-Commit: {commit}\n",
        names.concat()
    )
}

/// Settles a graft that was cut off; returns whether it was finished.
pub(super) fn settle(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<bool> {
    let finished = retry::settle_attempt(hub, session, unfinished)?.is_some();
    let text = |key: &str| unfinished.intent.get(key);
    let agent = text("agent").and_then(|agent| agent.as_str()?.parse::<AgentId>().ok());
    let earlier = text("earlier").and_then(|number| u32::try_from(number.as_u64()?).ok());
    if let (true, Some(agent), Some(earlier)) = (finished, agent, earlier.and_then(Attempt::new)) {
        session.dir().agent(agent).put_aside(earlier)?;
    }
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_current_folder_and_stay_inside() {
        for (prefix, path, expected) in [
            ("", "a", Some("a")),
            ("src/", "a", Some("src/a")),
            ("src/", "./../a//b/", Some("a/b")),
            ("src/", "../../a", None),
            ("", "/a", None),
            ("src/", "..", None),
            ("", ".", None),
        ] {
            let found = inside(Path::new(prefix), Path::new(path));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{prefix} {path}");
        }
    }
}
