//! Whether work would merge into the base branch as that is at this moment.

use crate::domain::refs::CommitId;
use crate::domain::report::{BaseNow, EvalReport, MergeOutlook};
use crate::domain::session::SessionConfig;
use crate::git::Tried;

use super::error::Result;
use super::hub::Hub;

impl Hub {
    /// The base branch at this moment; `None` when it is gone.
    pub(super) fn base_now(&self, config: &SessionConfig) -> Result<Option<BaseNow>> {
        let Some(commit) = self.repository.branch_tip(&config.base_branch)? else {
            return Ok(None);
        };
        Ok(Some(BaseNow {
            branch: config.base_branch.clone(),
            moved: self.base_moved(config, &commit)?,
            commit,
        }))
    }

    /// Whether each of some commits would merge into the base branch; `None` for one that the
    /// base branch has already, and where nobody can tell.
    ///
    /// This is for people who look: where it cannot be found out, nothing fails.
    pub(super) fn outlooks(
        &self,
        base: Option<&BaseNow>,
        tips: &[Option<CommitId>],
    ) -> Vec<Option<MergeOutlook>> {
        let Some(base) = base else {
            return vec![None; tips.len()];
        };
        let onto = &base.commit;
        let mut asked: Vec<CommitId> = Vec::new();
        for tip in tips.iter().flatten() {
            if !self.is_foreseen(onto, tip) && !asked.contains(tip) {
                asked.push(tip.clone());
            }
        }
        if !asked.is_empty() {
            self.try_merges(onto, asked);
        }
        let known = self.outlooks.borrow();
        let of = |tip: &CommitId| known.get(&(onto.clone(), tip.clone())).cloned().flatten();
        tips.iter().map(|tip| of(tip.as_ref()?)).collect()
    }

    /// Whether it is known by now how a commit merges: from an earlier look, or because one of
    /// the two has the other.
    fn is_foreseen(&self, onto: &CommitId, tip: &CommitId) -> bool {
        let pair = (onto.clone(), tip.clone());
        if self.outlooks.borrow().contains_key(&pair) {
            return true;
        }
        let has = |one: &CommitId, other: &CommitId| self.repository.is_ancestor(one, other);
        let outlook = if tip == onto {
            None
        } else if let Ok(true) = has(onto, tip) {
            Some(MergeOutlook {
                clean: true,
                conflicts: Vec::new(),
            })
        } else if let Ok(true) = has(tip, onto) {
            None
        } else {
            return false;
        };
        self.outlooks.borrow_mut().insert(pair, outlook);
        true
    }

    fn try_merges(&self, onto: &CommitId, asked: Vec<CommitId>) {
        let tried = match self.repository.trial() {
            Ok(Some(trial)) => trial.merges(onto, &asked),
            Ok(None) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let tried = tried.unwrap_or_else(|error| {
            log::debug!("whether it merges is not known: {error}");
            Vec::new()
        });
        let tried = tried.into_iter().chain(std::iter::repeat(None));
        let mut known = self.outlooks.borrow_mut();
        for (tip, tried) in asked.into_iter().zip(tried) {
            let outlook = tried.map(|tried| match tried {
                Tried::Clean(_) => MergeOutlook {
                    clean: true,
                    conflicts: Vec::new(),
                },
                Tried::Conflict(conflicts) => MergeOutlook {
                    clean: false,
                    conflicts,
                },
            });
            known.insert((onto.clone(), tip), outlook);
        }
    }

    /// Puts into the document of an evaluation how its results would merge now.
    pub(super) fn foresee(&self, config: &SessionConfig, report: &mut EvalReport) -> Result<()> {
        let base = self.base_now(config)?;
        let tips: Vec<Option<CommitId>> = report
            .results
            .iter()
            .map(|result| result.commit.clone())
            .collect();
        let outlooks = self.outlooks(base.as_ref(), &tips);
        for (result, outlook) in report.results.iter_mut().zip(outlooks) {
            result.merge = outlook;
        }
        report.base_now = base;
        Ok(())
    }
}
