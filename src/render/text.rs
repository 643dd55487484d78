//! The documents as text for people.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::diff::DiffStat;
use crate::domain::report::{
    AgentReport, ArchiveReport, ArchivedAttempt, CleanupReport, EvalReport, EventsReport,
    InitReport, ListReport, MergeReport, PathReport, ResultReport, RunReport, SpawnReport,
    StatusReport, UpdateReport, WaitReport,
};
use crate::domain::text::visible;
use crate::domain::time;

use super::style::{self, paint};
use super::table::{self, number, text};

/// `hub init`.
#[must_use]
pub fn init(report: &InitReport) -> String {
    let config = &report.config;
    let mut text = format!(
        "session {} ({} agent{}, from {} {})\n",
        report.session_id,
        config.agent_count,
        if config.agent_count == 1 { "" } else { "s" },
        config.base_branch,
        config
            .base_commit
            .as_ref()
            .map_or("", |commit| commit.short()),
    );
    match (&config.metric, config.baseline, &report.baseline_problem) {
        (Some(metric), Some(baseline), _) => {
            let direction = config.direction();
            let _ = writeln!(
                text,
                "baseline {metric} = {baseline} ({direction} is better)"
            );
        }
        (_, _, Some(problem)) => {
            let _ = writeln!(text, "no baseline: {}", visible(problem));
        }
        _ => {}
    }
    let _ = writeln!(text, "next: hub spawn {}", report.session_id);
    text
}

/// `hub list`.
#[must_use]
pub fn list(report: &ListReport) -> String {
    if report.sessions.is_empty() {
        return "no sessions\n".to_owned();
    }
    let rows = report.sessions.iter().map(|session| {
        let state = session.state.as_str();
        let what = session.task.as_deref().or(session.reason.as_deref());
        vec![
            session.session_id.to_string(),
            paint(style::of_word(state), state),
            session.agents.map_or_else(dash, |count| count.to_string()),
            session.created.as_ref().map_or_else(dash, time::format),
            one_line(what.unwrap_or_default()),
        ]
    });
    table::draw(
        &[
            text("SESSION"),
            text("STATE"),
            number("AGENTS"),
            text("CREATED"),
            text("TASK"),
        ],
        rows.collect(),
    )
}

/// `hub status`; `now` is what ages are counted from.
#[must_use]
pub fn status(report: &StatusReport, now: DateTime<Utc>) -> String {
    let config = &report.config;
    let state = report.state.state.as_str();
    let mut text = format!(
        "session {}  {}\n",
        config.session_id,
        paint(style::of_word(state), state)
    );
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<10}{}", one_line(&value));
    };
    line("task", config.task.to_string());
    let base = config
        .base_commit
        .as_ref()
        .map_or("", |commit| commit.short());
    line("base", format!("{} {base}", config.base_branch));
    if let Some(command) = &config.eval_cmd {
        line("eval", command.clone());
    }
    if let Some(metric) = &config.metric {
        let baseline = config.baseline.map_or_else(
            || "no baseline".to_owned(),
            |value| format!("baseline {value}"),
        );
        line(
            "metric",
            format!("{metric}, {} is better, {baseline}", config.direction()),
        );
    }
    if !report.agents.is_empty() {
        text.push('\n');
        text.push_str(&agents(report, now));
    }
    if let Some(operation) = &report.unfinished {
        let _ = writeln!(
            text,
            "\n{operation} is under way, or was cut off and will be settled"
        );
    }
    if let Some(next) = &report.next {
        let _ = writeln!(text, "\nnext: {next}");
    }
    text
}

fn agents(report: &StatusReport, now: DateTime<Utc>) -> String {
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.map_or("-", |status| status.as_str());
        vec![
            agent.agent.to_string(),
            paint(style::of_word(status), status),
            agent.attempt.number().to_string(),
            agent.branch.to_string(),
            agent
                .commits_ahead
                .map_or_else(dash, |count| count.to_string()),
            agent
                .diff
                .map_or_else(dash, |diff| diff.files_changed.to_string()),
            agent.diff.map_or_else(dash, lines),
            uncommitted(agent),
            agent
                .metric_value
                .map_or_else(dash, |value| value.to_string()),
            agent.last_update.map_or_else(dash, |at| age(now, at)),
            one_line(agent.last_message.as_deref().unwrap_or("-")),
        ]
    });
    table::draw(
        &[
            text("AGENT"),
            text("STATUS"),
            number("ATTEMPT"),
            text("BRANCH"),
            number("AHEAD"),
            number("FILES"),
            text("+/-"),
            number("DIRTY"),
            number("METRIC"),
            number("AGE"),
            text("LAST COMMIT"),
        ],
        rows.collect(),
    )
}

fn uncommitted(agent: &AgentReport) -> String {
    if agent.missing {
        return paint(style::of_word("missing"), "missing");
    }
    agent
        .uncommitted_files
        .map_or_else(dash, |count| count.to_string())
}

/// `hub spawn`.
#[must_use]
pub fn spawn(report: &SpawnReport) -> String {
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.as_str();
        vec![
            agent.agent.to_string(),
            paint(style::of_word(status), status),
            agent.branch.to_string(),
            agent.worktree.display().to_string(),
        ]
    });
    table::draw(
        &[
            text("AGENT"),
            text("STATUS"),
            text("BRANCH"),
            text("WORKTREE"),
        ],
        rows.collect(),
    )
}

/// `hub wait` and `hub stop`.
#[must_use]
pub fn wait(report: &WaitReport) -> String {
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.as_str();
        vec![
            agent.agent.to_string(),
            paint(style::of_word(status), status),
            agent.exit.map_or_else(dash, |exit| exit.to_string()),
            agent.elapsed_s.map_or_else(dash, seconds),
        ]
    });
    let mut drawn = table::draw(
        &[text("AGENT"), text("STATUS"), text("EXIT"), number("TIME")],
        rows.collect(),
    );
    for agent in &report.agents {
        if let Some(lines) = &agent.last_lines {
            let _ = write!(drawn, "\n{} ended with:\n{}", agent.agent, indented(lines));
        }
    }
    drawn
}

/// `hub update`.
#[must_use]
pub fn update(report: &UpdateReport) -> String {
    format!(
        "session {}: {} → {}\n",
        report.session_id, report.from, report.state
    )
}

/// `hub eval`: the ranked table, then why agents have no metric.
#[must_use]
pub fn eval(report: &EvalReport) -> String {
    let mut drawn = String::new();
    if let (Some(metric), Some(direction)) = (&report.metric, report.direction) {
        let baseline = report.baseline.map_or_else(
            || "no baseline".to_owned(),
            |value| format!("baseline {value}"),
        );
        let _ = writeln!(drawn, "{metric}, {direction} is better, {baseline}");
    }
    let rows = report.results.iter().map(|result| {
        vec![
            result.rank.map_or_else(dash, |rank| rank.to_string()),
            result.agent.to_string(),
            result
                .metric_value
                .map_or_else(dash, |value| value.to_string()),
            delta(result),
            result.diff.files_changed.to_string(),
            lines(result.diff),
        ]
    });
    drawn.push_str(&table::draw(
        &[
            number("RANK"),
            text("AGENT"),
            number("METRIC"),
            number("DELTA"),
            number("FILES"),
            text("+/-"),
        ],
        rows.collect(),
    ));
    for result in &report.results {
        drawn.push_str(&remarks(result));
    }
    match (report.winner, report.beats_baseline) {
        (Some(_), Some(false)) => drawn.push_str("nobody beats the baseline\n"),
        (Some(winner), _) => {
            let _ = writeln!(drawn, "winner: {}", paint(style::GOOD, &winner.to_string()));
        }
        (None, _) if report.metric.is_some() => drawn.push_str("no winner\n"),
        (None, _) => {}
    }
    drawn
}

fn remarks(result: &ResultReport) -> String {
    let agent = result.agent;
    let mut text = String::new();
    if let Some(reason) = &result.reason {
        let _ = writeln!(text, "{agent}: {}", one_line(reason));
    }
    if let Some(stderr) = &result.stderr {
        text.push_str(&indented(stderr));
    }
    if !result.put_back.is_empty() {
        let count = result.put_back.len();
        let _ = writeln!(
            text,
            "{agent}: the eval command changed {count} tracked files; they were put back"
        );
    }
    if let Some(name) = &result.put_back_snapshot {
        let _ = writeln!(text, "{agent}: what was put back is kept as {name}");
    }
    text
}

/// `hub merge`.
#[must_use]
pub fn merge(report: &MergeReport) -> String {
    let mut text = match (report.winner, &report.after) {
        (Some(winner), Some(after)) => format!(
            "merged {winner} into {} as {}\n",
            report.base_branch,
            after.short()
        ),
        _ => format!(
            "session {} is {}; nothing was merged\n",
            report.session_id, report.state
        ),
    };
    text.push_str(&archived(&report.archived));
    text
}

/// `hub archive`.
#[must_use]
pub fn archive(report: &ArchiveReport) -> String {
    format!(
        "{}session {} is archived\n",
        archived(&report.archived),
        report.session_id
    )
}

fn archived(attempts: &[ArchivedAttempt]) -> String {
    attempts.iter().fold(String::new(), |mut text, attempt| {
        let _ = writeln!(text, "archived {} as {}", attempt.agent, attempt.tag);
        text
    })
}

/// `hub cleanup`.
#[must_use]
pub fn cleanup(report: &CleanupReport) -> String {
    if report.is_empty() {
        return "nothing to clean up\n".to_owned();
    }
    let mut text = archived(&report.archived);
    for snapshot in &report.snapshots {
        let name = &snapshot.r#ref;
        let _ = writeln!(
            text,
            "kept work of {} as {name}; `git worktree add PATH {name}` brings it back",
            snapshot.agent
        );
    }
    for path in &report.removed_worktrees {
        let _ = writeln!(text, "removed {}", path.display());
    }
    for path in &report.forgotten_worktrees {
        let _ = writeln!(text, "forgot {}, which was gone", path.display());
    }
    for branch in &report.deleted_branches {
        let _ = writeln!(text, "deleted {branch}");
    }
    text
}

/// `hub path`: the path and nothing else, for `cd "$(hub path …)"`.
#[must_use]
pub fn path(report: &PathReport) -> String {
    format!("{}\n", report.path.display())
}

/// `hub run`; its ranking was shown before the question.
#[must_use]
pub fn run(report: &RunReport) -> String {
    let mut text = report.merge.as_ref().map(merge).unwrap_or_default();
    if let Some(cleaned) = &report.cleanup {
        let _ = writeln!(
            text,
            "removed {} worktrees and {} branches",
            cleaned.removed_worktrees.len(),
            cleaned.deleted_branches.len()
        );
    }
    let _ = writeln!(text, "session {} is {}", report.session_id, report.state);
    text
}

/// `hub events`.
#[must_use]
pub fn events(report: &EventsReport) -> String {
    let rows = report.events.iter().map(|event| {
        let detail: Vec<String> = event
            .detail
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            })
            .collect();
        let phase = serde_json::to_value(event.phase).unwrap_or_default();
        vec![
            event.seq.to_string(),
            time::format(&event.time),
            event.pid.to_string(),
            event.operation.as_str().to_owned(),
            phase.as_str().unwrap_or_default().to_owned(),
            one_line(&detail.join(" ")),
        ]
    });
    table::draw(
        &[
            number("SEQ"),
            text("TIME"),
            number("PID"),
            text("OPERATION"),
            text("PHASE"),
            text("DETAIL"),
        ],
        rows.collect(),
    )
}

/// A duration as people say it.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3600.0 {
        format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            (seconds % 60.0).floor()
        )
    } else {
        let minutes = (seconds / 60.0).floor();
        format!(
            "{:.0} h {:02.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        )
    }
}

/// How long ago something was.
fn age(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

fn delta(result: &ResultReport) -> String {
    match (result.delta, result.delta_percent) {
        (Some(delta), Some(percent)) => format!("{} ({percent:+.1}%)", signed(delta)),
        (Some(delta), None) => signed(delta),
        (None, _) => dash(),
    }
}

/// A difference to as many digits as say something.
fn signed(delta: f64) -> String {
    let rounded: f64 = format!("{delta:.6}").parse().unwrap_or(delta);
    format!("{rounded:+}")
}

fn lines(diff: DiffStat) -> String {
    format!("+{}/-{}", diff.insertions, diff.deletions)
}

fn dash() -> String {
    "-".to_owned()
}

fn one_line(text: &str) -> String {
    visible(text.trim()).replace('\n', " ")
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut indented, line| {
        let _ = writeln!(indented, "    {}", visible(line));
        indented
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ages() {
        for (value, shown) in [
            (0.04, "0.0 s"),
            (59.9, "59.9 s"),
            (61.0, "1 min 01 s"),
            (3700.0, "1 h 01 min"),
        ] {
            assert_eq!(seconds(value), shown);
        }
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        for (ago, shown) in [
            (5, "5s"),
            (125, "2m"),
            (7200, "2h"),
            (200_000, "2d"),
            (-5, "0s"),
        ] {
            let then = DateTime::from_timestamp(1_000_000 - ago, 0).unwrap();
            assert_eq!(age(now, then), shown);
        }
    }

    #[test]
    fn differences_have_a_sign_and_no_noise() {
        assert_eq!(signed(0.1 + 0.2), "+0.3");
        assert_eq!(signed(-60.0), "-60");
        assert_eq!(signed(1e-9), "+0");
    }
}
