//! In the process that is to be behind walls: puts them up around itself, then becomes its command.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::domain::security::plan::Plan;
use crate::process::error::{Error, Result};

use super::{calls, capabilities, counting, files, limits};

/// Puts up what a plan says and becomes `program` with its arguments; returns only when that
/// failed.
#[must_use]
pub fn become_behind(plan: &str, program: &str, arguments: &[String]) -> Error {
    let put_up = || -> Result<()> {
        let plan: Plan = serde_json::from_str(plan)
            .map_err(|error| Error::io("read the plan of the walls")(error.into()))?;
        put_up(&plan)
    };
    match put_up() {
        Ok(()) => {
            let failed = Command::new(program).args(arguments).exec();
            Error::io(format!("become {program}"))(failed)
        }
        Err(error) => error,
    }
}

/// In this order: what is put up last would keep the others from being put up.
fn put_up(plan: &Plan) -> Result<()> {
    if let Some(group) = &plan.group {
        counting::enter(group)?;
    }
    limits::set(plan)?;
    if plan.alone {
        capabilities::drop_all()?;
    }
    let wall = |reason: String| Error::Wall { reason };
    files::restrict(plan).map_err(|error| wall(error.to_string()))?;
    match calls::filter(&plan.network) {
        Err(error) if !plan.best_effort => Err(wall(error.to_string())),
        _ => Ok(()),
    }
}
