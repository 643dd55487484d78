//! The agents' prompts: a template, filled in for each of them.

use std::path::Path;

use crate::domain::refs::{AttemptBranch, CommitId};
use crate::domain::session::SessionConfig;
use crate::domain::template::{self, Values};

use super::error::{Error, Result};
use super::hub::Hub;
use super::spawn::{Request, worktree_path};

/// The prompt and the strategy of every agent, in the order of `branches`.
pub(super) fn prompts(
    hub: &Hub,
    config: &SessionConfig,
    commit: &CommitId,
    branches: &[AttemptBranch],
    request: &Request,
) -> Result<Vec<(String, Option<String>)>> {
    let text = template_text(hub, request)?;
    branches
        .iter()
        .zip(strategies(&request.strategies))
        .map(|(branch, strategy)| {
            let worktree = worktree_path(hub, config, branch.agent);
            let filled = fill(
                &text,
                config,
                commit,
                branch,
                &worktree,
                strategy.as_deref(),
            )?;
            Ok((filled, strategy))
        })
        .collect()
}

/// The prompt of one attempt.
pub(super) fn fill(
    template: &str,
    config: &SessionConfig,
    commit: &CommitId,
    branch: &AttemptBranch,
    worktree: &Path,
    strategy: Option<&str>,
) -> Result<String> {
    let values = values(config, commit, branch, worktree, strategy);
    Ok(template::fill(template, &values)?)
}

/// The strategies round and round; nothing for ever when there are none.
fn strategies(given: &[String]) -> Box<dyn Iterator<Item = Option<String>> + '_> {
    if given.is_empty() {
        Box::new(std::iter::repeat(None))
    } else {
        Box::new(given.iter().cloned().map(Some).cycle())
    }
}

/// Checks that the template can be filled in, before there is anything to fill it in with.
pub(super) fn check_template(hub: &Hub, request: &Request) -> Result<()> {
    template::fill(&template_text(hub, request)?, &Values::default())?;
    Ok(())
}

/// The text of the template that is asked for.
pub(super) fn template_text(hub: &Hub, request: &Request) -> Result<String> {
    let given = request.template.as_deref();
    let name = given
        .or(hub.settings.template.as_deref())
        .unwrap_or("plain");
    if let Some(text) = template::built_in(name) {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(hub.folder().join(name)).map_err(|_| Error::NoTemplate {
        name: name.to_owned(),
    })
}

fn values(
    config: &SessionConfig,
    commit: &CommitId,
    branch: &AttemptBranch,
    worktree: &Path,
    strategy: Option<&str>,
) -> Values {
    let metric = config.metric.as_ref();
    Values::default()
        .with("task", config.task.as_str())
        .with("strategy", strategy.unwrap_or_default())
        .with("session", config.session_id.as_str())
        .with("agent", branch.agent.to_string())
        .with("attempt", branch.attempt.number().to_string())
        .with("branch", branch.to_string())
        .with("worktree", worktree.display().to_string())
        .with("base_branch", config.base_branch.as_str())
        .with("base_commit", commit.as_str())
        .with("eval_cmd", config.eval_cmd.clone().unwrap_or_default())
        .with(
            "metric",
            metric.map(ToString::to_string).unwrap_or_default(),
        )
        .with(
            "direction",
            metric
                .map(|_| config.direction().to_string())
                .unwrap_or_default(),
        )
        .with(
            "baseline",
            config
                .baseline
                .map(|value| value.to_string())
                .unwrap_or_default(),
        )
}
