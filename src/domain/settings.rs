//! What a person can set once instead of typing it: layers of which later ones win.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::metric::{Direction, MetricName};
use super::refs::BranchName;

/// One layer: a configuration file, the environment, or the flags. What it leaves open is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsLayer {
    /// How many agents a new session has.
    pub agents: Option<u32>,
    /// The command that is run as each agent.
    pub agent_cmd: Option<String>,
    /// Where new sessions start.
    pub base_branch: Option<BranchName>,
    /// The command that measures a result.
    pub eval_cmd: Option<String>,
    /// The number that it prints.
    pub metric: Option<MetricName>,
    /// Which way the number is better.
    pub direction: Option<Direction>,
    /// The prompt template.
    pub template: Option<String>,
    /// Where worktrees are made; a relative path starts at the main worktree.
    pub worktree_root: Option<PathBuf>,
    /// How long to wait for another hub, in seconds.
    pub lock_timeout_s: Option<f64>,
}

impl SettingsLayer {
    /// The names of all keys, as they stand in a file.
    pub const KEYS: [&'static str; 9] = [
        "agents",
        "agent_cmd",
        "base_branch",
        "eval_cmd",
        "metric",
        "direction",
        "template",
        "worktree_root",
        "lock_timeout_s",
    ];

    /// This layer with the one below it showing through where this one is open.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            agents: self.agents.or(below.agents),
            agent_cmd: self.agent_cmd.or(below.agent_cmd),
            base_branch: self.base_branch.or(below.base_branch),
            eval_cmd: self.eval_cmd.or(below.eval_cmd),
            metric: self.metric.or(below.metric),
            direction: self.direction.or(below.direction),
            template: self.template.or(below.template),
            worktree_root: self.worktree_root.or(below.worktree_root),
            lock_timeout_s: self.lock_timeout_s.or(below.lock_timeout_s),
        }
    }

    /// How many agents a new session has; 3 where nothing is set.
    #[must_use]
    pub fn agent_count(&self) -> u32 {
        self.agents.unwrap_or(3)
    }

    /// How long to wait for another hub; 10 s where nothing is set.
    #[must_use]
    pub fn lock_timeout(&self) -> Duration {
        const DEFAULT: Duration = Duration::from_secs(10);
        self.lock_timeout_s
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_open_ones_show_through() {
        let below = SettingsLayer {
            agents: Some(5),
            metric: Some("ms".parse().unwrap()),
            ..SettingsLayer::default()
        };
        let above = SettingsLayer {
            agents: Some(2),
            ..SettingsLayer::default()
        };
        let both = above.over(below);
        assert_eq!(both.agent_count(), 2);
        assert_eq!(both.metric.unwrap().as_str(), "ms");
    }

    #[test]
    fn defaults() {
        let none = SettingsLayer::default();
        assert_eq!(none.agent_count(), 3);
        assert_eq!(none.lock_timeout(), Duration::from_secs(10));
        let odd = SettingsLayer {
            lock_timeout_s: Some(-1.0),
            ..SettingsLayer::default()
        };
        assert_eq!(odd.lock_timeout(), Duration::from_secs(10));
    }

    #[test]
    fn the_list_of_keys_is_complete() {
        let value = serde_json::to_value(SettingsLayer::default()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, SettingsLayer::KEYS);
    }
}
