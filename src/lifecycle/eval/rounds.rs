//! Running the eval command on all entrants, round by round.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use crate::domain::evaluation::LeftFile;
use crate::domain::evaluation::plan::{Entrant, PlannedRun, Round};
use crate::domain::event::Operation;
use crate::domain::id::AgentId;
use crate::domain::measurement::{EvalRun, PlannedEntrant};
use crate::domain::ranking::Outcome;
use crate::domain::ready::Ready;
use crate::domain::refs::{CommitId, SnapshotRef};
use crate::domain::resources::TimeLimit;
use crate::domain::session::SessionConfig;
use crate::git::ChangeKind;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::measure::{Measurement, Run, Variables, session_variables};
use crate::lifecycle::{ready, walls, worktrees};
use crate::process::ports::PortBlock;
use crate::store::{LockedSession, OpenEvaluation};

use super::entries::Entry;

/// Where an entrant is measured.
struct Place {
    folder: PathBuf,
    /// Whether it is the agent's own worktree.
    kind: PlaceKind,
    /// Its own until all is measured: the agent has given its ports back.
    ports: Option<PortBlock>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PlaceKind {
    /// A checkout of hub's own.
    Checkout,
    /// The agent's worktree, in which nothing is uncommitted.
    Worktree,
    /// The agent's worktree with what is uncommitted in it.
    WorktreeAsItIs,
}

/// Makes the runs that are still to be made, and keeps what each gives.
///
/// # Errors
/// When a signal came, or a checkout cannot be made. What was measured until then is kept.
pub(super) fn measure(
    hub: &Hub,
    session: &mut LockedSession,
    evaluation: &mut OpenEvaluation,
    entries: &[Entry],
) -> Result<()> {
    let rest = evaluation.record().rest();
    if rest.is_empty() {
        return Ok(());
    }
    let ready = session.launch()?.unwrap_or_default().ready;
    let id = session.config().session_id.clone();
    let mut rounds = Rounds {
        hub,
        session,
        ready,
        entries,
        places: BTreeMap::new(),
        total: rest.len(),
        done: 0,
    };
    let _doing = hub.doing("measuring");
    let made = rounds.make(evaluation, &rest);
    // Where a checkout cannot go, whoever comes next removes it.
    hub.remove_scratches(&id)?;
    made
}

struct Rounds<'r> {
    hub: &'r Hub,
    session: &'r mut LockedSession,
    ready: Ready,
    entries: &'r [Entry],
    places: BTreeMap<Entrant, Place>,
    total: usize,
    done: usize,
}

impl Rounds<'_> {
    fn config(&self) -> &SessionConfig {
        self.session.config()
    }

    fn make(&mut self, evaluation: &mut OpenEvaluation, rest: &[PlannedRun]) -> Result<()> {
        let at_once = usize::try_from(evaluation.record().plan.conditions.jobs).unwrap_or(1);
        // Runs of one round have no order among themselves that would matter beside each other.
        for round in rest.chunk_by(|one, other| one.round == other.round) {
            for together in round.chunks(at_once.max(1)) {
                self.hub.interrupt.check()?;
                let wanted = |run: &&PlannedRun| !evaluation.record().is_out(run.entrant);
                let together: Vec<PlannedRun> = together.iter().filter(wanted).copied().collect();
                self.make_together(evaluation, &together)?;
            }
        }
        Ok(())
    }

    /// Makes some runs of one round, all at the same time.
    fn make_together(
        &mut self,
        evaluation: &mut OpenEvaluation,
        together: &[PlannedRun],
    ) -> Result<()> {
        for run in together {
            self.hub
                .count(describe(*run), Some((self.done, self.total)));
            self.find_place(evaluation, run.entrant)?;
            evaluation.prepare(*run)?;
        }
        let plan = &evaluation.record().plan;
        let command = plan.command.as_deref().unwrap_or_default();
        let limit = plan.conditions.timeout;
        let stored = self.session.snapshot();
        let mut runs: Vec<(PlannedRun, Run<'_>)> = Vec::new();
        for planned in together {
            let Some(place) = self.places.get(&planned.entrant) else {
                continue;
            };
            let dir = evaluation.dir();
            let (stdout, stderr) = (dir.stdout(*planned), dir.stderr(*planned));
            let logs = [stdout.clone(), stderr.clone()];
            let walls = walls::around_command(self.hub, &stored, command, &place.folder, logs)?;
            let run = Run {
                command,
                folder: place.folder.clone(),
                variables: self.variables(planned.entrant, place),
                stdout,
                stderr,
                limit: limit.map(TimeLimit::duration),
                metric: self.config().metric.as_ref(),
                walls,
            };
            runs.push((*planned, run));
        }
        let interrupt = &self.hub.interrupt;
        let measured: Vec<Result<Measurement>> = std::thread::scope(|scope| {
            let threads: Vec<_> = runs
                .iter()
                .map(|(_, run)| scope.spawn(|| run.measure(interrupt)))
                .collect();
            let results = threads.into_iter().map(ScopedJoinHandle::join);
            results
                .map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        let planned: Vec<PlannedRun> = runs.iter().map(|(planned, _)| *planned).collect();
        drop(runs);
        let mut failed = None;
        for (planned, measured) in planned.into_iter().zip(measured) {
            let (put_back, kept, left) = self.settle(planned.entrant)?;
            match measured {
                Ok(measured) => {
                    self.done += 1;
                    evaluation.add(eval_run(planned, measured, put_back, kept, left))?;
                }
                // The others that ran beside it are kept first.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Finds or makes the folder in which an entrant is measured.
    fn find_place(&mut self, evaluation: &OpenEvaluation, entrant: Entrant) -> Result<()> {
        if self.places.contains_key(&entrant) {
            return Ok(());
        }
        let plan = &evaluation.record().plan;
        let planned = plan.entrants.iter().find(|known| known.entrant == entrant);
        let Some(planned) = planned else {
            return Ok(());
        };
        let entry = entrant.agent().and_then(|agent| self.entry(agent));
        let own = entry.and_then(|entry| Some((entry, entry.worktree.clone()?)));
        let (folder, kind) = match own {
            Some((entry, folder)) if entry.uncommitted > 0 => (folder, PlaceKind::WorktreeAsItIs),
            Some((_, folder)) => (folder, PlaceKind::Worktree),
            None => {
                let scratch = self.hub.scratch_for(&self.config().session_id, entrant);
                self.hub.add_scratch(&scratch, &self.commit(planned)?)?;
                (scratch, PlaceKind::Checkout)
            }
        };
        let mut ports = None;
        ready::ports(&self.ready, &mut ports)?;
        self.places.insert(
            entrant,
            Place {
                folder,
                kind,
                ports,
            },
        );
        Ok(())
    }

    /// What is checked out for an entrant: its tip, with the protected paths of the base commit.
    fn commit(&self, planned: &PlannedEntrant) -> Result<CommitId> {
        if planned.protected.is_empty() {
            return Ok(planned.commit.clone());
        }
        let config = self.config();
        let base = self
            .hub
            .base_of(config, &planned.commit)?
            .ok_or_else(|| Error::NoBaseBranch(config.base_branch.clone()))?;
        let message = format!(
            "{} of session {} with the protected paths of the base commit\n",
            planned.entrant, config.session_id
        );
        let repository = &self.hub.repository;
        Ok(
            repository.commit_with_paths_of(
                &base,
                &planned.commit,
                &planned.protected,
                &message,
            )?,
        )
    }

    fn entry(&self, agent: AgentId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.agent() == agent)
    }

    fn variables(&self, entrant: Entrant, place: &Place) -> Variables {
        let mut variables = session_variables(self.hub, self.config());
        if let Some(entry) = entrant.agent().and_then(|agent| self.entry(agent)) {
            let attempt = entry.attempt.attempt.number();
            variables.push(("HUB_AGENT", entry.agent().to_string().into()));
            variables.push(("HUB_ATTEMPT", attempt.to_string().into()));
        }
        let ports = place.ports.as_ref().map(PortBlock::ports);
        variables.extend(ready::port_variables(ports.unwrap_or_default()));
        variables
    }

    /// Puts back what a run has changed in tracked files, so that the next one starts alike.
    ///
    /// In an agent's worktree it is kept as a snapshot first: it may be somebody else's who
    /// worked there meanwhile. Untracked files stay.
    #[expect(
        clippy::type_complexity,
        reason = "three answers of one look, used at once"
    )]
    fn settle(
        &mut self,
        entrant: Entrant,
    ) -> Result<(Vec<PathBuf>, Option<SnapshotRef>, Option<Vec<LeftFile>>)> {
        let Some(place) = self.places.get(&entrant) else {
            return Ok((Vec::new(), None, None));
        };
        let (kind, folder) = (place.kind, place.folder.clone());
        if kind == PlaceKind::WorktreeAsItIs {
            return Ok((Vec::new(), None, None));
        }
        let changes = self.hub.repository.glanced_changes(&folder)?;
        let (left, put_back): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.kind == ChangeKind::Untracked);
        let own = entrant.agent().filter(|_| kind == PlaceKind::Worktree);
        let mut kept = None;
        if !put_back.is_empty() {
            if let Some(agent) = own {
                kept = self.keep(agent, &folder)?;
            }
            self.hub.repository.restore_tracked(&folder)?;
        }
        let left = own.map(|_| worktrees::stamped(&folder, left));
        let put_back = put_back.into_iter().map(|change| change.path).collect();
        Ok((put_back, kept, left))
    }

    fn keep(&mut self, agent: AgentId, worktree: &Path) -> Result<Option<SnapshotRef>> {
        let kept = self
            .hub
            .keep_changed(self.session, Operation::Eval, agent, worktree)?;
        Ok(kept.map(|kept| kept.r#ref))
    }
}

fn describe(run: PlannedRun) -> String {
    match run.round {
        Round::WarmUp(number) => format!("warming up {} (round {number})", run.entrant),
        Round::Counted(number) => format!("measuring {} (round {number})", run.entrant),
    }
}

fn eval_run(
    planned: PlannedRun,
    measured: Measurement,
    put_back: Vec<PathBuf>,
    put_back_snapshot: Option<SnapshotRef>,
    left_files: Option<Vec<LeftFile>>,
) -> EvalRun {
    let (Round::WarmUp(round) | Round::Counted(round)) = planned.round;
    EvalRun {
        entrant: planned.entrant,
        round,
        warmup: planned.round.is_warm_up(),
        metric_value: measured.outcome.value(),
        disqualified: matches!(measured.outcome, Outcome::Disqualified(_)),
        reason: measured.outcome.reason().map(str::to_owned),
        numbers: measured.numbers,
        exit: measured.exit,
        timed_out: measured.timed_out,
        elapsed_s: measured.elapsed_s,
        stderr: measured.stderr,
        put_back,
        put_back_snapshot,
        left_files,
    }
}
