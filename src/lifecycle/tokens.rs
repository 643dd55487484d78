//! What an agent says that it used.

use std::path::Path;

use crate::beneath;
use crate::domain::id::AgentId;
use crate::domain::launch::Launch;
use crate::domain::usage::TokenUse;
use crate::process::logs;

use super::hub::Hub;
use super::presets;

/// How much of the end of an agent's output is read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Reads an attempt's tokens and cost from its output, by the rule of its preset.
///
/// Nothing is known of a command without a preset, and of a preset without a rule. It is no
/// error when it cannot be read: the attempt ended all the same.
pub(super) fn spent(hub: &Hub, launch: &Launch, agent: AgentId, stdout: &Path) -> TokenUse {
    let name = launch.preset_of(agent);
    let preset = name.and_then(|name| match presets::rules_of(hub, name) {
        Ok(preset) => preset,
        Err(error) => {
            log::warn!("cannot tell what {agent} used: {error}");
            None
        }
    });
    let Some(rule) = preset.and_then(|preset| preset.usage) else {
        return TokenUse::default();
    };
    let length = beneath::metadata(stdout).map_or(0, |meta| meta.len());
    rule.read(&logs::tail(stdout, LONGEST), length <= LONGEST)
}
