//! Figures of sessions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{CorruptSession, ListedState};
use crate::domain::id::SessionId;
use crate::domain::resources::Usage;
use crate::domain::usage::TokenUse;

/// `hub metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MetricsReport {
    /// How many sessions are in each state.
    pub sessions_by_state: BTreeMap<String, u64>,
    /// The figures of all of them.
    pub total: Figures,
    /// Each session with its own, oldest first.
    pub sessions: Vec<SessionFigures>,
    /// Those that cannot be read; they are in no other figure than their number.
    pub corrupt: Vec<CorruptSession>,
}

/// The figures of one session.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SessionFigures {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: ListedState,
    /// Its figures.
    pub figures: Figures,
}

/// Figures that can be added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// How many agents have each status, those that are lost among them.
    pub agents_by_status: BTreeMap<String, u64>,
    /// How many agents each preset runs. What a command of the user's runs is in none of them.
    pub agents_by_preset: BTreeMap<String, u64>,
    /// How long agents ran, in all attempts that hub started; not the time that one is lost.
    pub running_s: f64,
    /// The attempts beyond the first of each agent.
    pub restarts: u64,
    /// The attempts that did not end well by themselves: failed, or over their time.
    pub failures: u64,
    /// Processor time of the attempts that have ended, of those that it is known of; null where
    /// it is known of none.
    pub cpu_s: Option<f64>,
    /// The largest process of an attempt that has ended; null where none is known.
    pub peak_memory_bytes: Option<u64>,
    /// Tokens that models read for attempts that have ended; null where none of them tells.
    pub tokens_in: Option<u64>,
    /// Tokens that models wrote for them; null where none of them tells.
    pub tokens_out: Option<u64>,
    /// What these cost, in US dollars; null where none of them tells.
    pub cost_usd: Option<f64>,
    /// What the worktrees take on the disk; a file with several names counts once.
    pub worktrees_bytes: u64,
    /// What prompts and logs take on the disk.
    pub logs_bytes: u64,
}

impl Figures {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in &other.agents_by_status {
            *self.agents_by_status.entry(status.clone()).or_default() += count;
        }
        for (preset, count) in &other.agents_by_preset {
            *self.agents_by_preset.entry(preset.clone()).or_default() += count;
        }
        self.running_s += other.running_s;
        self.restarts += other.restarts;
        self.failures += other.failures;
        self.cpu_s = known(self.cpu_s, other.cpu_s, |one, two| one + two);
        let peaks = (self.peak_memory_bytes, other.peak_memory_bytes);
        self.peak_memory_bytes = known(peaks.0, peaks.1, u64::max);
        self.tokens_in = known(self.tokens_in, other.tokens_in, u64::saturating_add);
        self.tokens_out = known(self.tokens_out, other.tokens_out, u64::saturating_add);
        self.cost_usd = known(self.cost_usd, other.cost_usd, |one, two| one + two);
        self.worktrees_bytes += other.worktrees_bytes;
        self.logs_bytes += other.logs_bytes;
    }

    /// Adds what one attempt used.
    pub fn spend(&mut self, usage: Option<Usage>, tokens: TokenUse) {
        self.add(&Self {
            cpu_s: usage.and_then(|usage| usage.cpu_s),
            peak_memory_bytes: usage.and_then(|usage| usage.peak_memory_bytes),
            tokens_in: tokens.tokens_in,
            tokens_out: tokens.tokens_out,
            cost_usd: tokens.cost_usd,
            ..Self::default()
        });
    }
}

/// Both of what is known; the one that is, where the other is not.
fn known<T>(one: Option<T>, other: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_one_attempt_hides_nothing_of_another() {
        let usage = |cpu_s, peak_memory_bytes| {
            Some(Usage {
                wall_s: 1.0,
                cpu_s,
                peak_memory_bytes,
            })
        };
        let tokens = |tokens_in, cost_usd| TokenUse {
            tokens_in,
            tokens_out: None,
            cost_usd,
        };
        let mut figures = Figures::default();
        figures.spend(None, TokenUse::default());
        assert_eq!(figures, Figures::default(), "nothing is known, not 0");
        figures.spend(usage(Some(1.5), Some(700)), tokens(Some(10), None));
        figures.spend(usage(None, Some(900)), tokens(None, Some(0.25)));
        figures.spend(usage(Some(0.5), None), tokens(Some(u64::MAX), Some(0.5)));
        assert_eq!(figures.cpu_s, Some(2.0));
        assert_eq!(figures.peak_memory_bytes, Some(900), "the largest, no sum");
        assert_eq!(figures.tokens_in, Some(u64::MAX));
        assert_eq!(figures.tokens_out, None);
        assert_eq!(figures.cost_usd, Some(0.75));
    }
}
