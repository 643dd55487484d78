//! What was found stays as it is: somebody meant it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::event::{Operation, Phase};
use crate::domain::outside::OutsideRefused;
use crate::domain::outside::settled::{ACCEPTED, Part, SETTLES};
use crate::domain::report::OutsideReport;
use crate::lifecycle::agents;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::StoredSession;

use super::restore::Request;
use super::show::{self, Change, open_of};

/// Settles what was found as meant. Nothing to settle is no error.
///
/// # Errors
/// When a name fits nothing that is open.
pub fn accept(hub: &Hub, request: &Request) -> Result<OutsideReport> {
    let stored = hub.read(request.session.as_ref(), "", |_| true)?;
    agents::check_known(&stored.session, &request.agents)?;
    let id = stored.config.session_id.clone();
    let mut session = hub.lock(&id, "outside")?;
    let stored = session.snapshot();
    let all = open_of(hub, &stored, &[])?;
    let mut open = all.clone();
    let is_meant = |agent| agents::is_meant(agent, &request.agents);
    open.retain(|one| one.by.is_some_and(is_meant));
    let accepted = meant(hub, &stored, open, &request.names)?;
    if !accepted.is_empty() && !request.dry_run {
        let lock = hub.lock_repository("outside")?;
        let intent = json!({
            SETTLES: parts(&all, &accepted),
            ACCEPTED: true,
            // There is nothing to take back.
            EFFECTS: Effects::default().told(),
        });
        hub.record(&mut session, Operation::Outside, Phase::Begin, intent)?;
        if accepted.len() == all.len() {
            super::forget(hub, &mut session, Operation::Outside)?;
        }
        hub.record(&mut session, Operation::Outside, Phase::End, json!({}))?;
        drop(lock);
    }
    let mut report = show::report(hub, &stored, &request.agents)?;
    report.dry_run = request.dry_run;
    report.accepted = names(&accepted);
    Ok(report)
}

pub(super) fn names(changes: &[Change]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for change in changes {
        // Each of several agents that ran at that time may have told of it.
        if !names.contains(&change.report.name) {
            names.push(change.report.name.clone());
        }
    }
    names
}

/// Those of what is open that are named: by a ref, by its short name, by a path or by a folder
/// above it; all where nothing is named.
pub(super) fn meant(
    hub: &Hub,
    stored: &StoredSession,
    open: Vec<Change>,
    named: &[String],
) -> Result<Vec<Change>> {
    if named.is_empty() {
        return Ok(open);
    }
    let paths = named.iter().map(|name| hub.absolute(Path::new(name)));
    let paths = paths.collect::<Result<Vec<PathBuf>>>()?;
    let fits = |change: &Change, name: &str, path: &PathBuf| {
        let own = change.report.name.as_str();
        let short = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"];
        let mut short = short.iter().filter_map(|prefix| own.strip_prefix(prefix));
        let below = Path::new(own).starts_with(path);
        let worktree = change.report.worktree.as_ref();
        own == name || short.any(|short| short == name) || below || worktree == Some(path)
    };
    for (name, path) in named.iter().zip(&paths) {
        if !open.iter().any(|change| fits(change, name, path)) {
            return Err(OutsideRefused::NotFound {
                session: stored.config.session_id.clone(),
                name: name.clone(),
            }
            .into());
        }
    }
    let all = named.iter().zip(&paths);
    let is_meant = |change: &Change| all.clone().any(|(name, path)| fits(change, name, path));
    Ok(open.into_iter().filter(is_meant).collect())
}

/// What a line settles when these of what is open are settled: whole findings where nothing else
/// of them is open.
pub(super) fn parts(open: &[Change], settled: &[Change]) -> Vec<Part> {
    let by_line = |changes: &[Change]| {
        let mut names: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for change in changes {
            let names = names.entry(change.seq).or_default();
            names.insert(change.report.name.clone());
            // The worktree itself, where nothing of it is left open.
            let whole = open.iter().filter(|one| one.seq == change.seq);
            let mut whole = whole.filter(|one| one.report.worktree == change.report.worktree);
            if whole.all(|one| settled.iter().any(|two| is_same(one, two))) {
                let worktree = change.report.worktree.as_ref();
                names.extend(worktree.map(|path| path.to_string_lossy().into_owned()));
            }
        }
        names
    };
    let all = by_line(open);
    let parts = by_line(settled).into_iter().map(|(seq, names)| Part {
        seq,
        names: (all.get(&seq) != Some(&names)).then_some(names),
    });
    parts.collect()
}

fn is_same(one: &Change, other: &Change) -> bool {
    (one.seq, &one.report.name) == (other.seq, &other.report.name)
}
