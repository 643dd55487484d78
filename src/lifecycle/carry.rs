//! What a new worktree gets of the main one's ignored files, such as `.env` or `node_modules`.

use std::path::{Path, PathBuf};

use crate::domain::carry::{self, Found, Plan};
use crate::domain::text::first_few;

use super::error::Result;
use super::hub::Hub;

/// What is there to be brought into new worktrees; looked up once for all of them.
pub(super) struct Carrier {
    found: Found,
    plan: Option<Plan>,
}

impl Carrier {
    pub fn new(hub: &Hub) -> Result<Self> {
        let copy = hub.settings.copy.clone().unwrap_or_default();
        let link = hub.settings.link.clone().unwrap_or_default();
        Ok(Self {
            found: hub.repository.carriable(&copy.0, &link.0)?,
            plan: None,
        })
    }

    /// Brings it into a worktree that was just made; worktrees of one carrier show one commit.
    ///
    /// # Errors
    /// When the system refuses, or a signal came. What is there by then is for whoever
    /// takes the worktree back.
    pub fn fill(&mut self, hub: &Hub, worktree: &Path) -> Result<()> {
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.plan(hub, worktree)?,
        };
        let all = plan.carried.len();
        for (done, (path, how)) in plan.carried.iter().enumerate() {
            if done.is_multiple_of(64) {
                hub.interrupt.check()?;
                hub.count(
                    format!("copying ignored files into {}", worktree.display()),
                    Some((done, all)),
                );
            }
            if !hub.repository.carry(worktree, path, *how)? {
                log::debug!("{} is not brought along", path.display());
            }
        }
        self.plan = Some(plan);
        Ok(())
    }

    fn plan(&self, hub: &Hub, worktree: &Path) -> Result<Plan> {
        let paths = self.found.paths();
        let ignored = hub.repository.ignored_in_both(worktree, paths)?;
        let plan = carry::plan(&self.found, |path: &Path| ignored.contains(path));
        if !plan.left.is_empty() {
            let names = plan.left.iter().map(|path: &PathBuf| path.display());
            hub.warn(format!(
                "not brought into the worktrees, as git does not ignore it there: {}",
                first_few(names)
            ));
        }
        Ok(plan)
    }
}
