//! `hub security`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{
    AllowedPath, Count, EnvPattern, List, NetGrant, SecurityLayer, SecurityLevel, SessionSelector,
    security,
};
use crate::render::text;

use super::Outcome;
use super::global::Global;

/// How far agents are held
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Security")]
pub struct SecurityArgs {
    /// How far agents are held: low, medium, high or maximum; `hub security` explains [default: medium]
    #[arg(long, value_name = "LEVEL")]
    security: Option<SecurityLevel>,
    /// Go on without what this machine cannot enforce of the level
    #[arg(long)]
    best_effort: bool,
    /// What they reach over the network at high: none, all, unix or a TCP port; again for more
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    allow_net: Vec<NetGrant>,
    /// A path that they may read from high on; again for more
    #[arg(long, value_name = "PATH")]
    allow_read: Vec<AllowedPath>,
    /// A path that they may change from high on; again for more
    #[arg(long, value_name = "PATH")]
    allow_write: Vec<AllowedPath>,
    /// A program, or a folder of programs, that they may run at maximum; again for more
    #[arg(long, value_name = "PATH")]
    allow_exec: Vec<AllowedPath>,
    /// A variable that they get from medium on, with * for any letters; again for more
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    allow_env: Vec<EnvPattern>,
    /// How many processes and threads each of them may have from medium on [default: 4096]
    #[arg(long, value_name = "N")]
    processes: Option<Count>,
}

impl SecurityArgs {
    /// The same as a layer of settings.
    pub fn layer(self) -> SecurityLayer {
        fn given<T>(all: Vec<T>) -> Option<List<T>> {
            (!all.is_empty()).then_some(List(all))
        }
        SecurityLayer {
            level: self.security,
            best_effort: self.best_effort.then_some(true),
            allow_net: given(self.allow_net),
            allow_read: given(self.allow_read),
            allow_write: given(self.allow_write),
            allow_exec: given(self.allow_exec),
            allow_env: given(self.allow_env),
            processes: self.processes,
            ..SecurityLayer::default()
        }
    }
}

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub security\n  hub security 20260317-143022 --level high\n\nA level is only ever raised. Agents that run go on as they were started."
)]
pub struct Args {
    /// The session whose level is raised: its id, the beginning of it, or latest
    #[arg(requires = "level")]
    session: Option<SessionSelector>,
    /// The level that its agents have who are started from now on
    #[arg(long, requires = "session")]
    level: Option<SecurityLevel>,
    /// Go on without what this machine cannot enforce of it
    #[arg(long, requires = "level")]
    best_effort: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let output = global.output();
    if let Some((session, level)) = args.session.zip(args.level) {
        let hub = global.open()?;
        let request = security::Request {
            session,
            level,
            best_effort: args.best_effort,
        };
        output.answer(&security::raise(&hub, &request)?, text::security_raised)?;
    } else {
        // What a machine enforces does not need a repository.
        let hub = global.open().ok();
        output.answer(&security::describe(hub.as_ref()), text::security)?;
    }
    Ok(ExitCode::SUCCESS)
}
