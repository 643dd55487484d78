//! `hub run`: init, spawn, wait, eval, ask, merge and cleanup in one.

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::mode::Mode;
use crate::domain::progress::Progress;
use crate::domain::report::{CleanupReport, EvalReport, RoundsEnd, RunReport, WaitReport};
use crate::domain::state::SessionState;
use crate::process::Interrupt;
use crate::store::{LockedSession, StoredSession};

use super::error::{Error, Result};
use super::eval::page::PageFile;
use super::hub::Hub;
use super::prompts::Recipe;
use super::spawn::Commands;
use super::{agents, cleanup, eval, init, merge, ready, rounds, security, spawn, stop, wait};

/// A whole tournament.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session to make; that of the first round where there are several.
    pub init: init::Request,
    /// How its agents are made and started.
    pub spawn: spawn::Request,
    /// How the results are measured and ranked.
    pub eval: eval::Options,
    /// How many rounds are held, where it is more than one.
    pub rounds: Option<rounds::Rounds>,
    /// The file for the page of the evaluation, which is there before the merge is asked about.
    pub page: Option<PageFile>,
}

/// Makes a session, lets its agents work, measures them, merges the winner and cleans up.
///
/// # Errors
/// Those of the single commands. Whatever was done until then stays and can be gone on
/// with by them; a session that could not be spawned is taken back.
pub fn run(hub: &Hub, request: &Request) -> Result<RunReport> {
    if let Some(several) = &request.rounds {
        return rounds::run(hub, request, several);
    }
    let prepared = prepare(hub, request)?;
    let (mut session, report) = tournament(hub, request, &prepared)?;
    let mut report = conclude(hub, &mut session, report)?;
    rounds::finish(&mut report);
    Ok(report)
}

/// From a plan to a ranking; the session stays locked.
pub(super) fn tournament(
    hub: &Hub,
    request: &Request,
    prepared: &Prepared,
) -> Result<(LockedSession, RunReport)> {
    let id = start(hub, &request.spawn, prepared)?;
    let waited = wait_or_stop(hub, &id)?;
    let mut session = hub.lock(&id, "run")?;
    let measuring = eval::Request {
        options: request.eval.clone(),
        ..eval::Request::default()
    };
    let evaluated = eval::evaluate(hub, &mut session, &measuring)?;
    hub.tell(Progress::Ranking(Box::new(evaluated.clone())));
    if let Some(page) = &request.page {
        page.try_write(hub, &evaluated);
    }
    let round = rounds::report(1, session.config(), &evaluated, None);
    let report = RunReport {
        session_id: id,
        state: session.session().state(),
        agents: waited.agents,
        eval: evaluated,
        merge: None,
        cleanup: None,
        rounds: vec![round],
        rounds_end: RoundsEnd::AllHeld,
    };
    Ok((session, report))
}

/// Asks, merges the winner and cleans up.
pub(super) fn conclude(
    hub: &Hub,
    session: &mut LockedSession,
    mut report: RunReport,
) -> Result<RunReport> {
    if session.config().mode == Mode::Compete {
        check_winner(&report.session_id, &report)?;
    }
    ask(hub, session, &report.eval)?;
    let merged = merge::merge(hub, session, &merge::Request::default())?;
    report.state = merged.state;
    report.merge = Some(merged);
    report.cleanup = clean(hub, session)?;
    Ok(report)
}

/// Cleans up; what is left to keep work safe can be looked at and cleaned up later.
pub(super) fn clean(hub: &Hub, session: &mut LockedSession) -> Result<Option<CleanupReport>> {
    match cleanup::cleanup(hub, session, false) {
        Ok(cleaned) => Ok(Some(cleaned)),
        Err(error) if error.code() == Code::Refused => {
            hub.warn(format!("not cleaned up: {error}"));
            if let Some(hint) = error.hint() {
                hub.note(hint);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What was checked before there is a session.
pub(super) struct Prepared {
    pub plan: init::Plan,
    pub commands: Commands,
    pub recipe: Recipe,
}

/// All that can be checked before there is a session: the plan, the agents' command, the prompts.
pub(super) fn prepare(hub: &Hub, request: &Request) -> Result<Prepared> {
    let plan = init::plan(hub, request.init.clone())?;
    hub.check_running(plan.agents)?;
    ready::check(hub, &request.spawn.launch.ready)?;
    security::wanted(hub, &request.spawn.security)?;
    let agents: Vec<AgentId> = AgentId::first(plan.agents).collect();
    let commands = spawn::commands_of(hub, &request.spawn, &agents, &plan.base_commit)?;
    let usual = || eval::only_preset(commands.values().map(|command| command.preset.as_ref()));
    eval::check_judge(hub, &request.eval.judge, &plan.base_commit, usual)?;
    let recipe = Recipe::read(hub, &request.spawn)?;
    Ok(Prepared {
        plan,
        commands,
        recipe,
    })
}

/// From nothing to agents that run; when that fails, to nothing again.
fn start(hub: &Hub, how: &spawn::Request, prepared: &Prepared) -> Result<SessionId> {
    let Prepared {
        plan,
        commands,
        recipe,
    } = prepared;
    let (mut session, problem) = init::execute(hub, plan)?;
    let config = session.config();
    let id = config.session_id.clone();
    hub.note(format!("session {id}: {}", config.task.title()));
    match (&config.metric, config.baseline, problem) {
        (Some(metric), Some(baseline), _) => hub.note(format!("baseline: {metric} = {baseline}")),
        (_, _, Some(problem)) => hub.warn(format!("no baseline: {problem}")),
        _ => {}
    }
    if let Err(error) = spawn::make(hub, &mut session, recipe) {
        if session.session().state() == SessionState::Init {
            init::take_back(hub, session)?;
            hub.note(format!(
                "session {id} was taken back; nothing of it is left"
            ));
        }
        return Err(error);
    }
    let started = spawn::start(hub, &mut session, how, recipe, commands);
    drop(session);
    if let Err(error) = started {
        stop::stop_agents(hub, &id, &[])?;
        return Err(error);
    }
    Ok(id)
}

/// Waits for the agents; Ctrl-C asks once what to do with them. Without an answer, as after a
/// second Ctrl-C, they are ended, and so they are by the signals that nobody types.
fn wait_or_stop(hub: &Hub, id: &SessionId) -> Result<WaitReport> {
    let stored = StoredSession::read(&hub.dir, id)?;
    let interrupted = match wait::wait_for(hub, stored, &wait::Request::default()) {
        Err(error) if error.code() == Code::Interrupted => error,
        other => return other,
    };
    hub.interrupt.clear();
    let question =
        format!("Agents of session {id} go on in the background unless they are ended. End them?");
    let typed = interrupted.signal().is_some_and(Interrupt::is_typed);
    if typed && hub.ask(&question) == Some(false) {
        let stored = StoredSession::read(&hub.dir, id)?;
        let launch = stored.launch()?;
        hub.note(match agents::first_paused(&stored.session, launch.as_ref()) {
            Some(agent) => format!(
                "they go on, but {agent} stays paused until `hub resume {id}`; `hub wait {id}` waits for them"
            ),
            None => format!("they go on; `hub wait {id}` waits for them"),
        });
    } else {
        stop::stop_agents(hub, id, &[])?;
        hub.note(format!(
            "the agents were ended; `hub eval {id}` measures what they did, `hub archive {id}` keeps it"
        ));
    }
    Err(interrupted)
}

/// Without a single result there is nothing to ask about.
fn check_winner(id: &SessionId, report: &RunReport) -> Result<()> {
    // Where nobody beats the baseline, merging asks whether to archive.
    if report.eval.winner.is_some() || report.eval.beats_baseline == Some(false) {
        return Ok(());
    }
    let reason = if report.agents.iter().any(|agent| agent.status.succeeded()) {
        match report.eval.metric {
            Some(_) => "no agent has a metric".to_owned(),
            None if report.eval.judge.is_some() => "the judge tells nobody apart".to_owned(),
            None => "there is no metric to rank by".to_owned(),
        }
    } else {
        "no agent succeeded".to_owned()
    };
    Err(Error::NoWinner {
        session: id.clone(),
        reason,
    })
}

fn ask(hub: &Hub, session: &LockedSession, report: &EvalReport) -> Result<()> {
    let what = match (session.config().mode, report.winner) {
        (Mode::Ensemble, _) => "the work of all who succeeded".to_owned(),
        (Mode::Pipeline, _) => "the work of the last agent".to_owned(),
        (Mode::Compete, Some(winner)) => winner.to_string(),
        (Mode::Compete, None) => return Ok(()),
    };
    debug_assert_eq!(session.session().state(), SessionState::Evaluating);
    let id = &report.session;
    let branch = &session.config().base_branch;
    let hint = format!(
        "`hub merge {id}` merges it, `hub archive {id}` keeps all as tags; `--yes` asks nothing"
    );
    hub.confirm(
        &format!("Merge {what} into {branch}?"),
        &format!("the merge of {what} into {branch}"),
        hint,
    )
}
