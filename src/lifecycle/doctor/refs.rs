//! Refs in the places of hub's own that are not what stands there, and locks of refs.

use std::path::Path;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{ArchiveTag, AttemptBranch, SnapshotRef};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::text::quoted;

use crate::lifecycle::outside;

use super::found::Found;
use super::view::View;

/// Nobody needs a ref locked for as long as this.
const LONG_S: u64 = 60;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let files = view.hub.repository.ref_files();
    let mut found = Vec::new();
    for (lock, made) in files.own_locks {
        // Whoever changes refs holds the lock of the session, or of the repository.
        if view.age_s(made) >= LONG_S && view.sessions.iter().all(|looked| looked.free) {
            let left = left_lock(&lock).at(&lock);
            found.push(left.cured("removes it", move |hub| {
                let _lock = hub.lock_repository("doctor")?;
                Ok(hub.repository.remove_lock(&lock, made)?)
            }));
        }
    }
    for (lock, made) in files.other_locks {
        if view.age_s(made) >= LONG_S {
            let hint = format!("when no git is at work: `rm {}`", quoted(&lock));
            found.push(left_lock(&lock).at(&lock).hint(hint));
        }
    }
    found.extend(files.broken.into_iter().map(broken));
    let strange = view.refs.iter().map(|one| one.name.as_str());
    found.extend(strange.filter(|name| !is_of_hub(name)).map(strange_ref));
    found
}

fn left_lock(lock: &Path) -> Found {
    let name = lock.file_name().unwrap_or_default().to_string_lossy();
    Found::a(FindingCode::RefLock, format!("git's lock {name} was left")).because(
        "a git or a hub was killed while it changed what the lock is for",
        Danger::Blocked,
        "what it is for cannot be changed as long as the lock is there",
    )
}

fn broken(name: String) -> Found {
    let found = Found::a(FindingCode::BrokenRef, format!("{name} holds no commit")).because(
        "the machine went down before the ref reached the disk",
        Danger::Blocked,
        "git takes the ref for broken, and none can be made in its place",
    );
    let found = found.r#ref(&name);
    let fix = "removes its file, which holds nothing, so that the ref can be made again";
    found.cured(fix, move |hub| {
        let _lock = hub.lock_repository("doctor")?;
        Ok(hub.repository.remove_broken_ref(&name)?)
    })
}

/// Whether hub gives such names.
fn is_of_hub(name: &str) -> bool {
    let branch = name.strip_prefix("refs/heads/");
    let tag = name.strip_prefix("refs/tags/");
    branch.is_some_and(|name| name.parse::<AttemptBranch>().is_ok())
        || tag.is_some_and(|name| name.parse::<ArchiveTag>().is_ok())
        || name.parse::<SnapshotRef>().is_ok()
        || name.starts_with(outside::PREFIX)
}

/// Whether refs of hub's shall stand below a name: one ref cannot stand below another.
fn is_in_the_way(name: &str) -> bool {
    let places = [
        "refs/heads/hub",
        "refs/tags/hub/archive",
        "refs/hub/snapshots",
    ];
    places.iter().any(|place| {
        if place.starts_with(name) {
            return true;
        }
        let mut rest = name
            .strip_prefix(place)
            .unwrap_or_default()
            .split('/')
            .skip(1);
        let session = rest
            .next()
            .is_some_and(|id| id.parse::<SessionId>().is_ok());
        let agent = rest
            .next()
            .is_none_or(|agent| agent.parse::<AgentId>().is_ok());
        session && agent && rest.next().is_none()
    })
}

fn strange_ref(name: &str) -> Found {
    let place = "another tool or a person has made it in a place that is hub's own";
    if !is_in_the_way(name) {
        let what = format!("{name} is not of hub");
        let found = Found::a(FindingCode::ForeignRef, what).because(
            place,
            Danger::None,
            "hub neither reads nor removes it",
        );
        return found.r#ref(name).hint("give it a name elsewhere");
    }
    let what = format!("{name} stands where hub makes refs below");
    let found = Found::a(FindingCode::RefInTheWay, what).because(
        place,
        Danger::Blocked,
        "hub can make no branch or tag there",
    );
    let hint = match name.strip_prefix("refs/heads/") {
        Some(branch) => format!("`git branch -m {branch} {}-old`", branch.replace('/', "-")),
        None => format!("`git update-ref refs/heads/kept {name}`, then `git update-ref -d {name}`"),
    };
    found.r#ref(name).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_above_those_of_hub_are_in_the_way() {
        for (name, of_hub, in_the_way) in [
            ("refs/heads/hub", false, true),
            ("refs/heads/hub/20260317-143022", false, true),
            ("refs/heads/hub/20260317-143022/agent-1", false, true),
            (
                "refs/heads/hub/20260317-143022/agent-1/attempt-1",
                true,
                false,
            ),
            ("refs/heads/hub/mine", false, false),
            (
                "refs/heads/hub/20260317-143022/agent-1/attempt-1/x",
                false,
                false,
            ),
            ("refs/tags/hub", false, true),
            ("refs/tags/hub/archive", false, true),
            ("refs/tags/hub/v1", false, false),
            ("refs/tags/hub/archive/20260317-143022", false, true),
            ("refs/tags/hub/archive/20260317-143022/agent-1", true, false),
            ("refs/hub/notes", false, false),
            ("refs/hub/snapshots", false, true),
        ] {
            assert_eq!(is_of_hub(name), of_hub, "{name}");
            if !of_hub {
                assert_eq!(is_in_the_way(name), in_the_way, "{name}");
            }
        }
    }
}
