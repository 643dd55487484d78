//! The worktrees of a session's agents, made all at once.

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::AgentId;
use crate::domain::refs::{AttemptBranch, CommitId};
use crate::domain::text::grouped;
use crate::git::{Making, NewWorktree};
use crate::lifecycle::carry::Carrier;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::LockedSession;

use super::{MAKING, worktree_path};

/// Makes the worktrees of all agents; those that are `finished` by a step of the journal are whole.
pub(super) fn worktrees(
    hub: &Hub,
    session: &mut LockedSession,
    commit: &CommitId,
    branches: &[AttemptBranch],
    finished: &mut Vec<AgentId>,
) -> Result<()> {
    let config = session.config().clone();
    let mut carrier = Carrier::new(hub)?;
    let _doing = hub.doing("making worktrees");
    let places: Vec<_> = branches
        .iter()
        .map(|branch| (branch.name(), worktree_path(hub, &config, branch.agent)))
        .collect();
    let new: Vec<_> = places
        .iter()
        .map(|(name, path)| NewWorktree {
            path,
            commit,
            branch: Some(name),
            reason: MAKING,
        })
        .collect();
    hub.repository.add_worktrees(&new, &mut |making| {
        tell_making(hub, making);
        hub.interrupt.check().is_ok()
    })?;
    for (branch, (_, path)) in branches.iter().zip(&places) {
        hub.interrupt.check()?;
        carrier.fill(hub, path)?;
        finished.push(branch.agent);
        let step = json!({ "agent": branch.agent, "branch": branch, "worktree": path });
        hub.record(session, Operation::Spawn, Phase::Step, step)?;
    }
    Ok(())
}

fn tell_making(hub: &Hub, making: Making) {
    match making {
        Making::Worktrees(done, all) => hub.count("making worktrees", Some((done, all))),
        Making::Files(done, all) => {
            let (done, all) = (grouped(done), grouped(all));
            hub.count(format!("making worktrees: {done} of {all} files"), None);
        }
    }
}
