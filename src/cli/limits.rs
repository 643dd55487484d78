//! The options of `hub spawn` and `hub run` that say what an agent may use.

use clap::Args as Arguments;

use crate::lifecycle::{ByteSize, Limits, Nice, TimeLimit};

/// What each agent may use
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// How long an attempt may take, as 90, 90s, 15m or 2h; the time it is paused does not count
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    timeout: Option<TimeLimit>,
    /// How long it may neither print anything nor change a file of its worktree
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    idle_timeout: Option<TimeLimit>,
    /// How large each of its logs may grow; beyond that the middle is cut out [default: 256M]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    log_limit: Option<ByteSize>,
    /// How much it gives way to other processes: -20 to 19
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    nice: Option<Nice>,
    /// The address space of each of its processes, as 512M or 4G
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    memory: Option<ByteSize>,
    /// The processor time of each of its processes
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    cpu_time: Option<TimeLimit>,
}

impl LimitArgs {
    /// The same as limits.
    pub fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout.map(TimeLimit::duration),
            idle_timeout: self.idle_timeout.map(TimeLimit::duration),
            log: self.log_limit.unwrap_or_default(),
            nice: self.nice,
            memory: self.memory,
            cpu: self.cpu_time.map(TimeLimit::duration),
        }
    }
}
