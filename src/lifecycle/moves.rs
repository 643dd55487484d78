//! Refs that hub moves: told to the journal before they move.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::event::{Detail, Entry, Operation, Phase, RefMove};
use crate::domain::refs::{BranchName, CommitId, RefName};
use crate::git::RefChange;
use crate::store::LockedSession;

use super::error::Result;
use super::hub::Hub;

impl Hub {
    /// Changes refs, all or none: a step of the journal says so first, then they move by
    /// compare-and-swap; `message` goes into their reflogs.
    ///
    /// # Errors
    /// As [`crate::git::Repository::update_refs`]; the journal tells then what is.
    pub(super) fn change_refs(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        changes: &[RefChange],
        message: &str,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let moves = moves_of(changes);
        self.record_moves(session, operation, Phase::Step, json!({}), moves.clone())?;
        let Err(error) = self.repository.update_refs(changes, message) else {
            return Ok(());
        };
        // Whoever reads the journal shall not take what was refused for what happened.
        if let Ok(refs) = self.corrections(&moves)
            && !refs.is_empty()
        {
            let refused = json!({ "refused": error.to_string() });
            self.record_moves(session, operation, Phase::Step, refused, refs)?;
        }
        Err(error.into())
    }

    /// Appends a line to a session's journal that tells of refs, too: those that git is about
    /// to move, or that were moved where only that could be told.
    pub(super) fn record_moves(
        &self,
        session: &mut LockedSession,
        operation: Operation,
        phase: Phase,
        detail: Value,
        mut refs: Vec<RefMove>,
    ) -> Result<()> {
        let detail = match detail {
            Value::Object(map) => map,
            _ => Detail::new(),
        };
        if phase == Phase::TakenBack {
            refs.extend(self.corrections(session.moves_under_way())?);
        }
        // A directory of an older tool may not ignore itself yet.
        self.dir.create()?;
        let entry = Entry {
            operation,
            phase,
            detail,
            refs,
        };
        Ok(session.record(entry, self.now())?)
    }

    /// The refs that are not where the last of these moves was to bring them, from there to
    /// where they are.
    fn corrections(&self, moves: &[RefMove]) -> Result<Vec<RefMove>> {
        let mut last: BTreeMap<&RefName, &RefMove> = BTreeMap::new();
        last.extend(moves.iter().map(|one| (&one.r#ref, one)));
        let mut corrections = Vec::new();
        for (name, meant) in last {
            let found = self.repository.ref_value(name)?;
            // Back from where it is, the move was not made; on from where it went, it was.
            let unmoved = found == meant.old;
            let went_on = || self.went_on(name, meant.new.as_ref(), found.as_ref());
            if found != meant.new && (unmoved || !went_on()) {
                corrections.push(RefMove {
                    r#ref: name.clone(),
                    old: meant.new.clone(),
                    new: found,
                });
            }
        }
        Ok(corrections)
    }

    /// Whether somebody has gone on from there since: then it was there.
    fn went_on(&self, name: &RefName, from: Option<&CommitId>, found: Option<&CommitId>) -> bool {
        match (from, found) {
            (Some(from), Some(found)) if name.branch().is_some() => {
                let went_on = self.repository.is_ancestor(from, found);
                went_on.is_ok_and(|went_on| went_on)
            }
            _ => false,
        }
    }

    /// Tells the journal of the refs that the unfinished operation of a session was about to
    /// move when it was killed, before it is settled.
    pub(super) fn correct_moves(
        &self,
        session: &mut LockedSession,
        operation: Operation,
    ) -> Result<()> {
        let refs = self.corrections(session.moves_under_way())?;
        if refs.is_empty() {
            return Ok(());
        }
        let detail = json!({ "settled": true });
        self.record_moves(session, operation, Phase::Step, detail, refs)
    }
}

/// What the journal says of changes.
pub(super) fn moves_of(changes: &[RefChange]) -> Vec<RefMove> {
    let one = |change: &RefChange| RefMove {
        r#ref: change.name.clone(),
        old: change.from.clone(),
        new: change.to.clone(),
    };
    changes.iter().map(one).collect()
}

/// A branch that is made at a commit.
pub(super) fn made(branch: &BranchName, commit: &CommitId) -> RefMove {
    RefMove {
        r#ref: branch.full(),
        old: None,
        new: Some(commit.clone()),
    }
}
