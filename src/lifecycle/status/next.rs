//! What the state of a session suggests to do next, and why.

use crate::domain::evaluation::Evaluation;
use crate::domain::launch::Launch;
use crate::domain::mode::Mode;
use crate::domain::report::{AgentReport, ShownStatus};
use crate::domain::session::SessionConfig;
use crate::domain::state::{AgentStatus, SessionState};
use crate::domain::text::first_few;
use crate::store::StoredSession;

/// The command and its reason; `None` where there is nothing to do any more.
pub(super) fn command(
    stored: &StoredSession,
    launch: &Launch,
    agents: &[AgentReport],
    evaluation: Option<&Evaluation>,
) -> Option<(String, String)> {
    let id = &stored.config.session_id;
    let (command, reason) = match stored.session.state() {
        SessionState::Init => (format!("hub spawn {id}"), "there is no attempt yet".into()),
        SessionState::Running => while_running(stored, launch, agents),
        SessionState::Evaluating => match evaluation {
            None => (
                format!("hub eval {id}"),
                "the session has no evaluation".into(),
            ),
            Some(evaluation) => after_evaluation(&stored.config, evaluation),
        },
        SessionState::Merged | SessionState::Archived => {
            let left = agents.iter().any(|agent| agent.worktree.is_some());
            let reason = "its worktrees are still there".to_owned();
            return left.then(|| (format!("hub cleanup {id}"), reason));
        }
    };
    Some((command, reason))
}

fn while_running(
    stored: &StoredSession,
    launch: &Launch,
    agents: &[AgentReport],
) -> (String, String) {
    let id = &stored.config.session_id;
    let those = |wanted: &dyn Fn(&AgentReport) -> bool, is: &str, are: &str| {
        let names = agents.iter().filter(|agent| wanted(agent));
        let names: Vec<_> = names.map(|agent| agent.agent).collect();
        let verb = if names.len() == 1 { is } else { are };
        (!names.is_empty()).then(|| format!("{} {verb}", first_few(names.iter())))
    };
    let with = |status: ShownStatus| move |agent: &AgentReport| agent.status == Some(status);
    let stored_as = |status| with(ShownStatus::Stored(status));
    // It settles these alone: `hub stop` would end those that still go on, too.
    if let Some(reason) = those(&with(ShownStatus::LOST), "is lost", "are lost") {
        ("hub doctor --fix".to_owned(), reason)
    } else if let Some(reason) = those(&stored_as(AgentStatus::Running), "runs", "run") {
        (format!("hub wait {id}"), reason)
    } else if let Some(reason) = those(&stored_as(AgentStatus::Paused), "is paused", "are paused") {
        (format!("hub resume {id}"), reason)
    } else if let Some(reason) = those(&|agent| agent.held, "is held", "are held") {
        (format!("hub resume {id}"), reason)
    } else if is_in_vain(agents, launch) {
        let reason = "no agent has left anything to measure".to_owned();
        (format!("hub retry {id}"), reason)
    } else {
        // Those that hub did not start may be at work all the same.
        let unknown = agents.is_empty() || agents.iter().any(stored_as(AgentStatus::Pending));
        let reason = if unknown {
            "no agent runs"
        } else {
            "every agent has ended"
        };
        (format!("hub eval {id}"), reason.to_owned())
    }
}

/// Whether an evaluation would find nothing of any agent, and another attempt could change that.
fn is_in_vain(agents: &[AgentReport], launch: &Launch) -> bool {
    let pending = Some(ShownStatus::Stored(AgentStatus::Pending));
    let tried = agents.iter().any(|agent| agent.status != pending);
    tried && agents.iter().all(|agent| has_nothing(agent, launch))
}

/// Whether an evaluation could not find anything of an agent: hub ran it, it has not succeeded,
/// and there is no commit of it; or it was stopped, before its start or later.
fn has_nothing(agent: &AgentReport, launch: &Launch) -> bool {
    let no_work = agent.commits_ahead == Some(0);
    match agent.status {
        Some(ShownStatus::Stored(AgentStatus::Cancelled)) => true,
        Some(ShownStatus::Stored(AgentStatus::Failed | AgentStatus::TimedOut)) => no_work,
        Some(ShownStatus::Stored(AgentStatus::Pending)) => {
            no_work && launch.held.contains(&agent.agent)
        }
        _ => false,
    }
}

fn after_evaluation(config: &SessionConfig, evaluation: &Evaluation) -> (String, String) {
    let id = &config.session_id;
    if config.mode != Mode::Compete {
        let reason = format!("in mode {} all parts are merged", config.mode);
        return (format!("hub merge {id}"), reason);
    }
    let winner = evaluation.winner(config.direction(), config.baseline);
    if let Some(winner) = winner {
        let reason = format!("{} is the winner", winner.agent);
        return (format!("hub merge {id}"), reason);
    }
    if config.metric.is_none() {
        let reason = "no metric names a winner".to_owned();
        return (format!("hub merge {id} --agent agent-N"), reason);
    }
    let measured = evaluation.results.iter().any(|one| one.value.is_some());
    let reason = match (measured, config.baseline) {
        (false, _) => "no agent has a metric",
        (true, Some(_)) => "nobody beats the baseline",
        (true, None) => "no result can be called the winner",
    };
    (format!("hub archive {id}"), reason.to_owned())
}
