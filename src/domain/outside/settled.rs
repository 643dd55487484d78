//! Which of what was found is settled: put back, or accepted as meant.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::effects;
use crate::domain::event::{Event, Operation, Phase};

/// Under this name a line tells what it settles.
pub const SETTLES: &str = "settles";

/// Under this name a line says that this is by accepting it.
pub const ACCEPTED: &str = "accepted";

/// How something was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is not.
    Open,
    /// It is as it was before.
    Restored,
    /// It stays as it is.
    Accepted,
}

/// What one line settles of what another one told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The number of the line that told of it.
    pub seq: u64,
    /// The names of what is settled; null for all of it.
    pub names: Option<BTreeSet<String>>,
}

/// All that is settled in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    whole: BTreeMap<u64, How>,
    parts: BTreeMap<(u64, String), How>,
}

impl Settled {
    /// What a journal tells; what was put back by an operation that was taken back is open again.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut settled = Self::default();
        let standing = standing(events);
        for event in events
            .iter()
            .filter(|one| one.operation == Operation::Outside)
        {
            if event.phase != Phase::Begin || !standing.contains(&event.seq) {
                continue;
            }
            let how = match event.detail.get(ACCEPTED) {
                Some(Value::Bool(true)) => How::Accepted,
                _ => How::Restored,
            };
            let told = event.detail.get(SETTLES).cloned().unwrap_or_default();
            for part in serde_json::from_value::<Vec<Part>>(told).unwrap_or_default() {
                settled.add(part, how);
            }
        }
        settled
    }

    fn add(&mut self, settles: Part, how: How) {
        let seq = settles.seq;
        match settles.names {
            None => {
                self.whole.insert(seq, how);
            }
            Some(names) => {
                let parts = names.into_iter().map(|name| ((seq, name), how));
                self.parts.extend(parts);
            }
        }
    }

    /// How something is settled that the line `seq` told of.
    #[must_use]
    pub fn how(&self, seq: u64, name: &str) -> How {
        let part = || self.parts.get(&(seq, name.to_owned()));
        let how = part().or_else(|| self.whole.get(&seq));
        how.copied().unwrap_or(How::Open)
    }
}

/// The numbers of the operations that came to their end and were not taken back.
fn standing(events: &[Event]) -> BTreeSet<u64> {
    let mut undone = BTreeSet::new();
    let mut standing = BTreeSet::new();
    for done in effects::operations(events).into_iter().rev() {
        if undone.contains(&done.seq) {
            continue;
        }
        undone.extend(done.undoes());
        standing.insert(done.seq);
    }
    standing
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn event(seq: u64, operation: Operation, phase: Phase, detail: &Value) -> Event {
        serde_json::from_value(json!({
            "seq": seq, "time": DateTime::UNIX_EPOCH.to_rfc3339(), "pid": 1,
            "operation": operation, "phase": phase, "detail": detail,
        }))
        .unwrap()
    }

    #[test]
    fn what_was_put_back_and_taken_back_is_open_again() {
        use Operation::{Outside, Undo};
        let part = json!({ SETTLES: [{ "seq": 1, "names": ["a"] }] });
        let rest = json!({ SETTLES: [{ "seq": 1, "names": null }], ACCEPTED: true });
        let mut events = vec![
            event(2, Outside, Phase::Begin, &part),
            event(3, Outside, Phase::End, &json!({})),
        ];
        let how = |events: &[Event]| ["a", "b"].map(|name| Settled::of(events).how(1, name));
        assert_eq!(how(&events[..1]), [How::Open; 2]);
        assert_eq!(how(&events), [How::Restored, How::Open]);
        events.push(event(4, Undo, Phase::Begin, &json!({ "undoes": 2 })));
        events.push(event(5, Undo, Phase::End, &json!({})));
        assert_eq!(how(&events), [How::Open; 2]);
        events.push(event(6, Outside, Phase::Begin, &rest));
        assert_eq!(how(&events), [How::Open; 2]);
        events.push(event(7, Outside, Phase::End, &json!({})));
        assert_eq!(how(&events), [How::Accepted; 2]);
    }
}
