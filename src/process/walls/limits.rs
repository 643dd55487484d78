//! Limits of one process, which all that it starts inherit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::domain::security::plan::Plan;
use crate::process::error::{Error, Result};

/// Sets what a plan says; a limit that is lower already stays.
pub(super) fn set(plan: &Plan) -> Result<()> {
    let limits = [
        (Resource::Nproc, plan.user_processes),
        // Not the address space: runtimes reserve more of that than any machine has.
        (Resource::Data, plan.memory),
        (Resource::Fsize, plan.file_size),
        (Resource::Nofile, plan.open_files),
    ];
    for (resource, most) in limits {
        let Some(most) = most else { continue };
        let before = getrlimit(resource);
        let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let limit = Rlimit {
            current: lower(before.current),
            maximum: lower(before.maximum),
        };
        setrlimit(resource, limit)
            .map_err(|error| Error::io(format!("limit {resource:?} to {most}"))(error.into()))?;
    }
    Ok(())
}
