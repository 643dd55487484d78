//! The options of `hub spawn`, `hub run` and `hub retry` that say what an agent's stdin is.

use clap::Args as Arguments;

use crate::lifecycle::Stdin;

/// What each agent finds on its stdin
#[derive(Debug, Arguments)]
pub struct StdinArgs {
    /// What an agent finds on its stdin: none, inbox for what `hub send` says, or terminal; its
    /// preset or its earlier attempt says it where this does not
    #[arg(long, value_name = "WHAT")]
    stdin: Option<Stdin>,
    /// Start each agent in a terminal of its own, for `hub attach`; the same as --stdin terminal
    #[arg(long, conflicts_with = "stdin")]
    tty: bool,
}

impl StdinArgs {
    /// What is asked for, if anything is.
    pub fn stdin(&self) -> Option<Stdin> {
        if self.tty {
            Some(Stdin::Terminal)
        } else {
            self.stdin
        }
    }
}
