//! The agents' prompts: a template and strategies, filled in for each of them.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::domain::refs::{AttemptBranch, CommitId};
use crate::domain::session::SessionConfig;
use crate::domain::strategy::{self, Strategy};
use crate::domain::template::{self, Values};

use super::error::{Error, Result};
use super::hub::Hub;
use super::spawn::{Request, worktree_path};
use super::templates;

/// Which strategies are handed out, in their order and round again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strategies {
    /// The template's own, where it has some.
    #[default]
    OfTemplate,
    /// None.
    None,
    /// These; `None` is an agent without one.
    Given(Vec<Option<Strategy>>),
    /// Those of a file, one a line; `-` is stdin.
    File(PathBuf),
}

/// What prompts are made of, read once and before anything is made.
pub(super) struct Recipe {
    /// The template's text.
    pub template: String,
    strategies: Vec<Option<Strategy>>,
}

impl Recipe {
    /// Reads the template and the strategies that are asked for, and checks them.
    pub fn read(hub: &Hub, request: &Request) -> Result<Self> {
        let found = templates::find(hub, request.template.as_deref())?;
        template::fill(&found.text, &Values::default())?;
        let all = |strategies: Vec<Strategy>| strategies.into_iter().map(Some).collect();
        let strategies = match &request.strategies {
            Strategies::OfTemplate => all(found.strategies),
            Strategies::None => Vec::new(),
            Strategies::Given(given) => given.clone(),
            Strategies::File(file) => all(read_list(hub, file)?),
        };
        Ok(Self {
            template: found.text,
            strategies,
        })
    }

    /// The strategies that are handed out.
    pub fn strategies(&self) -> &[Option<Strategy>] {
        &self.strategies
    }

    /// The same template with other strategies.
    pub fn with_strategies(&self, strategies: Vec<Option<Strategy>>) -> Self {
        Self {
            template: self.template.clone(),
            strategies,
        }
    }

    /// The prompt and the strategy of every agent, in the order of `branches`.
    pub fn prompts(
        &self,
        hub: &Hub,
        config: &SessionConfig,
        commit: &CommitId,
        branches: &[AttemptBranch],
    ) -> Result<Vec<(String, Option<String>)>> {
        let nothing = std::slice::from_ref(&None);
        let strategies = match self.strategies.as_slice() {
            [] => nothing,
            some => some,
        };
        branches
            .iter()
            .zip(strategies.iter().cycle())
            .map(|(branch, strategy)| {
                let worktree = worktree_path(hub, config, branch.agent);
                let strategy = strategy.as_ref().map(Strategy::as_str);
                let inbox = hub
                    .dir
                    .session(&config.session_id)
                    .agent(branch.agent)
                    .inbox();
                let places = Places {
                    worktree: &worktree,
                    inbox: &inbox,
                    board: &hub.dir.path().join("board"),
                };
                let filled = fill(&self.template, config, commit, branch, places, strategy)?;
                Ok((filled, strategy.map(str::to_owned)))
            })
            .collect()
    }
}

/// The strategies of a file, or of stdin.
fn read_list(hub: &Hub, file: &Path) -> Result<Vec<Strategy>> {
    let (name, text) = read_text(hub, file)?;
    strategy::list(&text).map_err(|source| Error::BadStrategies { name, source })
}

/// The text of a file of the user's, or of stdin for `-`, with its name for messages.
pub(super) fn read_text(hub: &Hub, file: &Path) -> Result<(String, String)> {
    const LONGEST: u64 = 1024 * 1024;
    let stdin = file == Path::new("-");
    let name = if stdin {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    };
    let mut text = String::new();
    let read = if stdin {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(hub.folder().join(file))
            .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(Error::io("read", &name))?;
    Ok((name, text))
}

/// Where an agent works, and where it is spoken to.
#[derive(Clone, Copy)]
pub(super) struct Places<'p> {
    pub worktree: &'p Path,
    pub inbox: &'p Path,
    pub board: &'p Path,
}

/// The prompt of one attempt.
pub(super) fn fill(
    template: &str,
    config: &SessionConfig,
    commit: &CommitId,
    branch: &AttemptBranch,
    places: Places<'_>,
    strategy: Option<&str>,
) -> Result<String> {
    let values = values(config, commit, branch, places, strategy);
    Ok(template::fill(template, &values)?)
}

fn values(
    config: &SessionConfig,
    commit: &CommitId,
    branch: &AttemptBranch,
    places: Places<'_>,
    strategy: Option<&str>,
) -> Values {
    let metric = config.metric.as_ref();
    Values::default()
        .with("task", config.task_of(branch.agent))
        .with("strategy", strategy.unwrap_or_default())
        .with("session", config.session_id.as_str())
        .with("agent", branch.agent.to_string())
        .with("attempt", branch.attempt.number().to_string())
        .with("branch", branch.to_string())
        .with("worktree", places.worktree.display().to_string())
        .with("inbox", places.inbox.display().to_string())
        .with("board", places.board.display().to_string())
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
