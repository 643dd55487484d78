//! Giving snapshots up: the one thing by which kept work goes for good.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::event::{self, Operation, Phase};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::report::{ListedSnapshot, SnapshotExpireReport};
use crate::domain::snapshot::{MinimumAge, SnapshotName, SnapshotRefused, short};
use crate::git::RefChange;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::{self, LockedSession, StoredSession};

/// Which snapshots are given up.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// These.
    pub named: Vec<SnapshotName>,
    /// Those that are at least so old.
    pub older_than: Option<MinimumAge>,
    /// Those of this session.
    pub session: Option<SessionSelector>,
}

/// What is given up.
#[derive(Clone, Debug, Default)]
pub struct ExpireRequest {
    /// Which snapshots; all that is said must fit.
    pub which: Which,
}

/// Gives snapshots up, after a yes. The journals of their sessions keep the commits' ids, by
/// which they can be had back until git prunes them. Nothing to give up is no error.
///
/// # Errors
/// When nothing says which are meant, a name fits none, or the answer is no.
pub fn run(hub: &Hub, request: &ExpireRequest) -> Result<SnapshotExpireReport> {
    let expired = meant(hub, &request.which)?;
    if expired.is_empty() {
        settle(hub)?;
        return Ok(SnapshotExpireReport { expired });
    }
    confirm(hub, &expired)?;
    let mut by_session: BTreeMap<SessionId, Vec<&ListedSnapshot>> = BTreeMap::new();
    for snapshot in &expired {
        let of_session = by_session.entry(snapshot.session_id.clone());
        of_session.or_default().push(snapshot);
    }
    for (session, snapshots) in by_session {
        hub.interrupt.check()?;
        give_up(hub, &session, &snapshots)?;
    }
    Ok(SnapshotExpireReport { expired })
}

/// Where nothing is left, a kill may have cut off no more than the telling of it.
fn settle(hub: &Hub) -> Result<()> {
    for id in hub.dir.session_ids()? {
        // One that is damaged is none of this command's.
        let Ok(stored) = StoredSession::read(&hub.dir, &id) else {
            continue;
        };
        let events = stored.events().unwrap_or_default();
        let cut_off = event::unfinished(&events).map(|one| one.operation);
        if cut_off == Some(Operation::Expire) && stored.dir.is_free() {
            drop(hub.lock(&id, "expire")?);
        }
    }
    Ok(())
}

fn meant(hub: &Hub, which: &Which) -> Result<Vec<ListedSnapshot>> {
    let Which {
        named,
        older_than,
        session,
    } = which;
    if named.is_empty() && older_than.is_none() && session.is_none() {
        return Err(SnapshotRefused::NothingNamed.into());
    }
    let mut meant = super::list(hub, session.as_ref())?.snapshots;
    if !named.is_empty() {
        let among = || meant.iter().map(|one| (&one.r#ref, &one.commit));
        let names = named.iter().map(|name| name.find(among()).cloned());
        let names = names.collect::<std::result::Result<Vec<_>, SnapshotRefused>>()?;
        meant.retain(|one| names.contains(&one.r#ref));
    }
    let now = hub.now();
    meant.retain(|one| {
        let age = (now - one.time).to_std().unwrap_or_default();
        older_than.is_none_or(|least| age >= least.0)
    });
    Ok(meant)
}

fn confirm(hub: &Hub, expired: &[ListedSnapshot]) -> Result<()> {
    for snapshot in expired {
        let files = match snapshot.files_changed {
            None => String::new(),
            Some(1) => " (1 file)".to_owned(),
            Some(count) => format!(" ({count} files)"),
        };
        hub.note(format!(
            "{}{files}: {}",
            short(&snapshot.r#ref),
            snapshot.subject
        ));
    }
    let what = match expired.len() {
        1 => "this snapshot".to_owned(),
        count => format!("these {count} snapshots"),
    };
    hub.confirm(
        &format!("Give up {what} for good?"),
        &format!("giving up {what}"),
        "look at them with `hub snapshots show`; `--yes` gives them up".to_owned(),
    )
}

/// Removes the refs of one session's snapshots, all or none.
fn give_up(hub: &Hub, session: &SessionId, snapshots: &[&ListedSnapshot]) -> Result<()> {
    let changes: Vec<RefChange> = snapshots
        .iter()
        .map(|snapshot| RefChange {
            name: snapshot.r#ref.full(),
            from: Some(snapshot.commit.clone()),
            to: None,
        })
        .collect();
    let mut session: LockedSession = match hub.lock(session, "expire") {
        Ok(session) => session,
        Err(Error::Store(store::Error::NoSession { .. })) => {
            hub.note(format!(
                "session {session} is gone, so no journal keeps the ids of its snapshots"
            ));
            let _lock = hub.lock_repository("expire")?;
            return Ok(hub.repository.update_refs(&changes, "hub: expire")?);
        }
        Err(error) => return Err(error),
    };
    let _lock = hub.lock_repository("expire")?;
    let intent = json!({ "snapshots": snapshots.len() });
    hub.record(&mut session, Operation::Expire, Phase::Begin, intent)?;
    let done = hub.change_refs(&mut session, Operation::Expire, &changes, "hub: expire");
    let (phase, detail) = match &done {
        Ok(()) => (Phase::End, json!({})),
        Err(error) => (Phase::TakenBack, json!({ "stopped_by": error.to_string() })),
    };
    hub.record(&mut session, Operation::Expire, phase, detail)?;
    done
}
