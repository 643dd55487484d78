//! `hub spawn`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{
    Error, Launch, Leftovers, PortCount, PresetChoice, PresetCounts, PresetName, Ready, Restart,
    Seconds, SessionSelector, ShellLine, Strategies, Strategy, dry_run, spawn,
};
use crate::render::text;

use super::Outcome;
use super::global::Global;
use super::limits::LimitArgs;
use super::security::SecurityArgs;
use super::stdin::StdinArgs;

/// How agents are made
#[derive(Debug, Arguments)]
pub struct AgentArgs {
    /// The command that is run as each agent; run by `sh -c` in its worktree
    #[arg(long, value_name = "CMD")]
    pub agent_cmd: Option<String>,
    /// The preset that each agent is run by; `hub agents` lists them
    #[arg(long, value_name = "PRESET", conflicts_with = "agent_cmd")]
    agent: Option<PresetName>,
    /// The prompt's template: a name that `hub templates` lists, or a file
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// A line that makes one agent's prompt differ; again for the next agent [default: the
    /// template's own]
    #[arg(long = "strategy", value_name = "LINE", value_parser = Strategy::given)]
    strategy: Vec<Option<Strategy>>,
    /// A file with a strategy a line, or - for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "strategy")]
    strategies: Option<PathBuf>,
    /// Give no agent a strategy
    #[arg(long, conflicts_with_all = ["strategy", "strategies"])]
    no_strategies: bool,
    /// Show each agent's branch, worktree, command and prompt, and make nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How many run at once; the others wait as pending [default: all]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroU32>,
    /// How many more attempts an agent gets when it fails
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// The pause before the first of them; each later one is twice as long [default: 5]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    retry_pause: Option<Seconds>,
    /// What is done with what an agent leaves uncommitted: commit or keep [default: commit]
    #[arg(long, value_name = "WHAT")]
    leftovers: Option<Leftovers>,
    /// A command that is run in each new worktree before its agent; again for the next one
    #[arg(long, value_name = "CMD")]
    setup: Vec<ShellLine>,
    /// A command that is run in each worktree before `cleanup` removes it; again for the next one
    #[arg(long, value_name = "CMD")]
    teardown: Vec<ShellLine>,
    /// How many TCP ports each agent has for itself, told by variables `HUB_PORT…` [default: 0]
    #[arg(long, value_name = "N")]
    ports: Option<PortCount>,
    #[command(flatten)]
    stdin: StdinArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    security: SecurityArgs,
}

impl AgentArgs {
    /// The arguments as a request.
    ///
    /// # Errors
    /// When presets are given in two ways.
    pub fn request(
        self,
        session: Option<SessionSelector>,
        start: bool,
        counts: Option<PresetCounts>,
    ) -> Result<spawn::Request, Error> {
        let presets = match (self.agent, counts) {
            (None, Some(counts)) if self.agent_cmd.is_none() => Some(PresetChoice::Mixed(counts)),
            (_, Some(counts)) => return Err(Error::PresetsTwice(counts)),
            (name, None) => name.map(PresetChoice::One),
        };
        let usual = Restart::default();
        let launch = Launch {
            jobs: self.jobs,
            restart: Restart {
                retries: self.retries,
                pause: self.retry_pause.map_or(usual.pause, Seconds::duration),
            },
            leftovers: self.leftovers.unwrap_or_default(),
            ready: Ready {
                setup: self.setup,
                teardown: self.teardown,
                ports: self.ports,
            },
            limits: self.limits.limits(),
            ..Launch::default()
        };
        let strategies = match self.strategies {
            _ if self.no_strategies => Strategies::None,
            Some(file) => Strategies::File(file),
            None if self.strategy.is_empty() => Strategies::OfTemplate,
            None => Strategies::Given(self.strategy),
        };
        Ok(spawn::Request {
            presets,
            stdin: self.stdin.stdin(),
            launch,
            session,
            agent_cmd: self.agent_cmd,
            template: self.template,
            strategies,
            start,
            security: self.security.layer(),
        })
    }
}

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub spawn --agent claude\n  hub spawn --agents claude:2,codex:1\n  hub spawn --agent-cmd './agent.sh \"$HUB_PROMPT_FILE\"'\n  hub spawn 20260317-143022 --no-start"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest in init]
    session: Option<SessionSelector>,
    #[command(flatten)]
    how: AgentArgs,
    /// The presets of agent-1, agent-2 and so on, as in claude:2,codex:1
    #[arg(long, value_name = "PRESETS", conflicts_with_all = ["agent", "agent_cmd"])]
    agents: Option<PresetCounts>,
    /// Make everything but start no agent
    #[arg(long, conflicts_with_all = ["agent_cmd", "agent", "agents", "setup", "teardown", "ports", "stdin", "tty"])]
    no_start: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let dry_run = args.how.dry_run;
    let request = args
        .how
        .request(args.session, !args.no_start, args.agents)?;
    let output = global.output();
    if dry_run {
        output.answer(&dry_run::of_spawn(&hub, &request)?, text::dry_run)?;
    } else {
        output.answer(&spawn::run(&hub, &request)?, text::spawn)?;
    }
    Ok(ExitCode::SUCCESS)
}
