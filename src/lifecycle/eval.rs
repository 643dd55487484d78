//! `hub eval`: measures every attempt and ranks them.
//!
//! Who takes part and where is found by `entries`, the runs are made by `rounds`, and
//! `results` makes the ranking of them. Every run is kept as soon as it is made: an evaluation
//! that is broken off is gone on with by the next one. [`page`] has what a page shows of it.

mod entries;
mod judging;
pub mod page;
mod results;
mod rounds;

use std::num::NonZeroU32;

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::evaluation::plan::Entrant;
use crate::domain::evaluation::requirement::Requirement;
use crate::domain::evaluation::tie_break::TieBreak;
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::judging::Judge;
use crate::domain::measurement::{
    Conditions, Criteria, EvalPlan, EvalRecord, EvalRun, PlannedEntrant, Repeat, Surroundings,
};
use crate::domain::protect::PathGlob;
use crate::domain::report::EvalReport;
use crate::domain::resources::TimeLimit;
use crate::domain::state::{SessionState, TransitionError};
use crate::process::machine;
use crate::store::{LockedSession, OpenEvaluation};

use super::agents;
use super::announce;
use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::session_variables;
use entries::Entry;
pub use judging::{JudgeBy, JudgeOptions};
pub(super) use judging::{check as check_judge, only_preset};

/// What to measure, how, and by what to rank it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that runs or is being evaluated where none is named.
    pub session: Option<SessionSelector>,
    /// How to measure and to rank.
    pub options: Options,
    /// Agents that are measured again, while the runs of the others stay; all where none is named.
    pub only: Vec<AgentId>,
    /// Whether the runs of the last evaluation are ranked again, and nothing is run.
    pub reuse: bool,
}

/// How to measure and to rank; what is `None` or empty comes from the settings, and for an
/// evaluation that was broken off from its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// How often each contestant is measured.
    pub repeat: Option<Repeat>,
    /// How many runs before those do not count.
    pub warmup: Option<u32>,
    /// What the order of the runs is drawn from.
    pub seed: Option<u32>,
    /// How long one run may take.
    pub timeout: Option<TimeLimit>,
    /// How many run at once.
    pub jobs: Option<NonZeroU32>,
    /// Paths that are measured as they are in the base commit.
    pub protect: Vec<PathGlob>,
    /// Whether who has changed one of them is out.
    pub protect_strict: bool,
    /// Whether worktrees are measured as they are, uncommitted files and all.
    pub in_worktree: bool,
    /// What each run must keep to.
    pub require: Vec<Requirement>,
    /// What decides between those that are tied.
    pub tie_break: Vec<TieBreak>,
    /// Whether there is a winner also when nobody beats the base.
    pub allow_no_gain: bool,
    /// Who decides where no metric does.
    pub judge: JudgeOptions,
}

impl Options {
    /// Whether nothing is said of how to measure.
    fn leaves_conditions(&self) -> bool {
        let of_criteria = Self {
            protect_strict: self.protect_strict,
            require: self.require.clone(),
            tie_break: self.tie_break.clone(),
            allow_no_gain: self.allow_no_gain,
            judge: self.judge.clone(),
            ..Self::default()
        };
        *self == of_criteria
    }

    fn conditions(&self, hub: &Hub) -> Conditions {
        let settings = &hub.settings;
        let protect = settings.protect.clone().unwrap_or_default().0;
        Conditions {
            repeat: self.repeat.or(settings.repeat).unwrap_or_default(),
            warmup: self.warmup.unwrap_or(0),
            timeout: self.timeout,
            jobs: self.jobs.map_or(1, NonZeroU32::get),
            protect: given_or(&self.protect, protect),
            in_worktree: self.in_worktree,
        }
    }

    fn criteria(&self, hub: &Hub, before: Option<&Criteria>) -> Criteria {
        let settings = &hub.settings;
        let before = before.cloned().unwrap_or_else(|| Criteria {
            require: settings.require.clone().unwrap_or_default().0,
            ..Criteria::default()
        });
        Criteria {
            require: given_or(&self.require, before.require),
            tie_break: given_or(&self.tie_break, before.tie_break),
            protect_strict: self.protect_strict || before.protect_strict,
            allow_no_gain: self.allow_no_gain || before.allow_no_gain,
        }
    }
}

fn given_or<T: Clone>(given: &[T], otherwise: Vec<T>) -> Vec<T> {
    if given.is_empty() {
        otherwise
    } else {
        given.to_vec()
    }
}

/// Measures the newest attempt of every agent and ranks them.
///
/// # Errors
/// When an agent still runs, the session is at its end, or a signal came. An eval
/// command that fails is a result, not an error.
pub fn run(hub: &Hub, request: &Request) -> Result<EvalReport> {
    let stored = hub.read(
        request.session.as_ref(),
        "running or evaluating",
        |stored| {
            matches!(
                stored.session.state(),
                SessionState::Running | SessionState::Evaluating
            )
        },
    )?;
    let mut session = hub.lock(&stored.config.session_id, "eval")?;
    agents::check_known(session.session(), &request.only)?;
    evaluate(hub, &mut session, request)
}

/// The document of the last evaluation again; nothing is run or changed.
///
/// # Errors
/// When the session was not evaluated yet.
pub fn show(hub: &Hub, session: Option<&SessionSelector>) -> Result<EvalReport> {
    let stored = hub.read(session, "that was evaluated", |stored| {
        matches!(stored.eval_report(), Ok(Some(_)))
    })?;
    let shown = stored.eval_report()?;
    let mut report = shown.ok_or_else(|| Error::NotEvaluated {
        session: stored.config.session_id.clone(),
    })?;
    if !stored.session.state().is_terminal() {
        // The base branch may have moved since.
        hub.foresee(&stored.config, &mut report)?;
    }
    Ok(report)
}

pub(super) fn evaluate(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
) -> Result<EvalReport> {
    let command = session.config().eval_cmd.clone();
    if let Some(command) = &command {
        hub.check_trust(command, &session.dir().config_file())?;
    }
    let before = session.newest_runs()?;
    let partly = request.reuse || !request.only.is_empty();
    if partly && before.is_none() {
        return Err(Error::NotEvaluated {
            session: session.config().session_id.clone(),
        });
    }
    let judge = judging::choose(hub, session, request, before.as_ref())?;
    begin(hub, session)?;
    match measure(hub, session, request, before, judge.as_ref()) {
        Ok((report, number)) => {
            announce::ranking(hub, session.config(), &report);
            let end = json!({ "winner": report.winner });
            hub.record(session, Operation::Eval, Phase::End, end)?;
            if let Some(number) = number {
                // With it the evaluation is concluded: nobody goes on with it any more.
                session.set_eval_report(number, &report)?;
            }
            Ok(report)
        }
        Err(error) => {
            hub.record(session, Operation::Eval, Phase::TakenBack, json!({}))?;
            Err(hub.cause(error))
        }
    }
}

/// Enters `evaluating`; a session that is there already is measured again.
fn begin(hub: &Hub, session: &mut LockedSession) -> Result<()> {
    let state = session.session().state();
    let enters = state != SessionState::Evaluating;
    if let Some(lost) = agents::first_lost(session.session()) {
        return Err(Error::AgentLost {
            session: session.config().session_id.clone(),
            agent: lost,
        });
    }
    let launch = session.launch()?;
    if let Some(agent) = agents::first_paused(session.session(), launch.as_ref()).filter(|_| enters)
    {
        return Err(Error::from(TransitionError::AgentPaused {
            session: session.config().session_id.clone(),
            agent,
        }));
    }
    if let Some(agent) = agents::awaited(session.session(), launch.as_ref()).first() {
        return Err(Error::from(TransitionError::AgentsActive {
            session: session.config().session_id.clone(),
            agent: *agent,
        }));
    }
    if enters {
        // Asks the machine before the journal is told.
        session
            .session()
            .clone()
            .advance(SessionState::Evaluating, hub.now())?;
    }
    let effects = Effects::of_state(state, SessionState::Evaluating).told();
    let intent = json!({ "from": state, EFFECTS: effects });
    hub.record(session, Operation::Eval, Phase::Begin, intent)?;
    if enters {
        let now = hub.now();
        session.change(|state| {
            state
                .advance(SessionState::Evaluating, now)
                .map_err(Error::from)
        })?;
    }
    Ok(())
}

/// The evaluation that holds where nothing else is said: one that was broken off is gone on
/// with as it was begun, and so is one that is ranked or partly measured again.
fn same<'b>(request: &Request, before: Option<&'b EvalRecord>) -> Option<&'b EvalRecord> {
    let leaves = request.options.leaves_conditions();
    let goes_on = before.filter(|before| leaves && !before.concluded);
    goes_on.or(before.filter(|_| request.reuse || !request.only.is_empty()))
}

/// Measures and ranks; the number of the evaluation that this was, where something was kept.
fn measure(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
    before: Option<EvalRecord>,
    judge: Option<&Judge>,
) -> Result<(EvalReport, Option<u32>)> {
    let options = &request.options;
    let same = same(request, before.as_ref());
    let conditions = match same {
        Some(before) => before.plan.conditions.clone(),
        None => options.conditions(hub),
    };
    let criteria = options.criteria(hub, same.map(|before| &before.plan.criteria));
    let mut entries = entries::look(hub, session, &conditions)?;
    if criteria.protect_strict {
        entries::keep_to_protected(&mut entries);
    }
    let conclude = |session: &LockedSession, record: Option<&EvalRecord>| {
        let report = results::conclude(hub, session, &entries, record, &criteria, judge)?;
        Ok((report, record.map(|record| record.number)))
    };
    let command = session.config().eval_cmd.clone();
    if command.is_none() && judge.is_none() {
        return conclude(session, None);
    }
    if request.reuse {
        return conclude(session, before.as_ref());
    }
    let plan = EvalPlan {
        begun: hub.now(),
        entrants: entrants(session, &entries, &conditions),
        seed: seed(hub, options, same),
        surroundings: surroundings(hub, session),
        command,
        conditions,
        criteria: criteria.clone(),
        judge: judge.cloned(),
    };
    let mut evaluation = open(hub, session, request, plan, before)?;
    rounds::measure(hub, session, &mut evaluation, &entries)?;
    conclude(session, Some(evaluation.record()))
}

/// What the orders are drawn from: what was given, what was drawn before, or the clock.
fn seed(hub: &Hub, options: &Options, same: Option<&EvalRecord>) -> u32 {
    let before = same.map(|before| before.plan.seed);
    let drawn = || u32::try_from(hub.now().timestamp_micros() & i64::from(u32::MAX));
    options
        .seed
        .or(before)
        .unwrap_or_else(|| drawn().unwrap_or_default())
}

/// What is measured: the base commit where there are rounds to compare it in, and who is not out.
fn entrants(
    session: &LockedSession,
    entries: &[Entry],
    conditions: &Conditions,
) -> Vec<PlannedEntrant> {
    let config = session.config();
    let takes_part = conditions.repeat.get() > 1 && config.metric.is_some();
    let base = config.base_commit.clone().filter(|_| takes_part);
    let base = base.map(|commit| PlannedEntrant {
        entrant: Entrant::Base,
        attempt: None,
        commit,
        protected: Vec::new(),
    });
    let agents = entries.iter().filter_map(Entry::planned);
    base.into_iter().chain(agents).collect()
}

fn surroundings(hub: &Hub, session: &LockedSession) -> Surroundings {
    let variables = session_variables(hub, session.config()).into_iter();
    Surroundings {
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned()))
            .collect(),
        host: machine::host(),
        system: machine::system(),
        processor: machine::processor(),
        processors: machine::processors(),
        load: machine::load(),
    }
}

/// Begins the evaluation, or goes on with the one before where that was broken off.
fn open(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
    plan: EvalPlan,
    before: Option<EvalRecord>,
) -> Result<OpenEvaluation> {
    let mut known = Vec::new();
    if let Some(before) = before {
        if !before.concluded && request.only.is_empty() && before.plan.measures_as(&plan) {
            let (made, left) = (before.runs.len(), before.rest().len());
            let number = before.number;
            hub.note(match left {
                0 if made == 0 => format!("going on with evaluation {number}"),
                0 => format!("going on with evaluation {number}: all is measured"),
                _ => format!(
                    "going on with evaluation {number}: {made} runs are made, {left} are left"
                ),
            });
            return Ok(session.continue_evaluation(before)?);
        }
        if !request.only.is_empty() {
            known = kept(&before, &plan, &request.only);
        }
    }
    if plan.conditions.jobs > 1 {
        hub.warn("several runs at once disturb each other: times are not comparable");
    }
    let evaluation = session.begin_evaluation(plan, known)?;
    let record = evaluation.record();
    let step = json!({ "evaluation": record.number, "seed": record.plan.seed });
    hub.record(session, Operation::Eval, Phase::Step, step)?;
    Ok(evaluation)
}

/// The runs of those that are not measured again, and that are where they were.
fn kept(before: &EvalRecord, plan: &EvalPlan, only: &[AgentId]) -> Vec<EvalRun> {
    let stays = |entrant: Entrant| {
        let of = |plan: &EvalPlan| {
            let mut entrants = plan.entrants.iter();
            entrants.find(|planned| planned.entrant == entrant).cloned()
        };
        let named = entrant.agent().is_some_and(|agent| only.contains(&agent));
        !named && of(plan).is_some() && of(plan) == of(&before.plan)
    };
    let runs = before.runs.iter().filter(|run| stays(run.entrant));
    runs.cloned().collect()
}
