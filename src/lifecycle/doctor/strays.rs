//! What no session owns: worktrees, folders, branches, tags and snapshots.
//!
//! What `hub cleanup --all` finds and takes away, told as findings.

use crate::domain::report::{Danger, FindingCode, StrayKind, StrayOutcome, StrayReport};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::strays::{self, Stray};

use super::found::Found;
use super::view::View;

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let found = strays::find_ownerless(view.hub)?.into_iter();
    let told = found.filter(|stray| !is_scratch(view.hub, &stray.report));
    Ok(told.filter_map(found_of).collect())
}

/// hub's own checkouts are told of as such.
fn is_scratch(hub: &Hub, report: &StrayReport) -> bool {
    let path = report.path.as_ref();
    let session = report.session_id.as_ref();
    session
        .zip(path)
        .is_some_and(|(session, path)| hub.is_scratch_of(session, path))
}

fn found_of(stray: Stray) -> Option<Found> {
    let report = &stray.report;
    let (code, cause) = match report.kind {
        StrayKind::MissingWorktree => (
            FindingCode::MissingWorktree,
            "folder and session were removed by hand",
        ),
        StrayKind::UnknownWorktree => (
            FindingCode::UnknownWorktree,
            "it was made by hand, or its session's folder was removed by hand",
        ),
        StrayKind::UnknownFolder => (
            FindingCode::UnknownFolder,
            "somebody has put it there, or a git was killed early",
        ),
        StrayKind::LeftFiles => (
            FindingCode::LeftFiles,
            "whoever deleted them was killed, or the system did not allow it",
        ),
        StrayKind::OrphanBranch => (
            FindingCode::OrphanBranch,
            "its session's folder was removed by hand, or the branch came with a clone",
        ),
        StrayKind::OrphanTags => (
            FindingCode::OrphanTags,
            "its session's folder was removed by hand, or the tags came with a clone",
        ),
        StrayKind::OrphanSnapshots => (
            FindingCode::OrphanSnapshots,
            "its session's folder was removed by hand",
        ),
        // Held against the records, by the session.
        StrayKind::LostWorktree => return None,
    };
    let risk = match &report.danger {
        Some(danger) => format!("with it would go {danger}"),
        None => "nothing would be lost with it".to_owned(),
    };
    let found = Found::a(code, report.what.clone()).because(cause, Danger::None, risk);
    let mut found = found.hint(report.cure.clone());
    found.finding.session_id.clone_from(&report.session_id);
    found.finding.agent = report.agent;
    found.finding.path.clone_from(&report.path);
    let first = report.refs.first();
    found.finding.r#ref = first.map(|name| name.as_str().to_owned());
    if report.outcome != StrayOutcome::Removable {
        return Some(found);
    }
    Some(found.cured("takes it away", move |hub| {
        let report = strays::remove(hub, stray)?;
        match report.problem {
            None => Ok(()),
            Some(problem) => Err(Error::io("remove", report.what)(std::io::Error::other(
                problem,
            ))),
        }
    }))
}
