//! The messages of merge commits: a subject, the task, and trailers that
//! `git interpret-trailers` reads.

use std::fmt::Write as _;

use super::id::{AgentId, SessionId};
use super::merging::MergeStrategy;
use super::metric::MetricName;
use super::session::Task;

/// What a merge commit tells of.
#[derive(Clone, Debug)]
pub struct MergeMessage<'m> {
    /// How the work came there.
    pub strategy: MergeStrategy,
    /// The session.
    pub session: &'m SessionId,
    /// What it is about.
    pub task: &'m Task,
    /// Whose work it is.
    pub agent: AgentId,
    /// What was measured.
    pub metric: Option<(&'m MetricName, f64)>,
    /// That less the baseline.
    pub delta: Option<f64>,
    /// The user's own words, which take the place of subject and task.
    pub own: Option<&'m str>,
}

impl MergeMessage<'_> {
    /// The whole message.
    #[must_use]
    pub fn text(&self) -> String {
        let mut message = match self.own {
            Some(own) => with_room_for_trailers(own),
            None => self.subject_and_task(),
        };
        let mut trailer = |name: &str, value: String| {
            let _ = writeln!(message, "{name}: {value}");
        };
        trailer("Hub-Session", self.session.to_string());
        trailer("Hub-Agent", self.agent.to_string());
        if let Some((metric, value)) = self.metric {
            trailer("Hub-Metric", format!("{metric}={value}"));
        }
        if let Some(delta) = self.delta {
            trailer("Hub-Delta", format!("{delta:+}"));
        }
        message
    }

    fn subject_and_task(&self) -> String {
        let verb = match self.strategy {
            MergeStrategy::Squash => "Squash",
            _ => "Merge",
        };
        let title: String = self.task.title().chars().take(60).collect();
        let mut message = format!("{verb} {}: {title}\n\n", self.agent);
        let task = self.task.as_str().trim();
        if task != title {
            for line in task.lines() {
                message.push_str(if is_obeyed(line) { " " } else { "" });
                message.push_str(line.trim_end());
                message.push('\n');
            }
            message.push('\n');
        }
        message
    }
}

/// Whether git takes a line of a message for more than text: for a comment, for the line below
/// which a message ends, or for the one below which a patch begins. A space before it makes it
/// text; without that the trailers behind it would not be found.
#[must_use]
pub fn is_obeyed(line: &str) -> bool {
    let divides = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    line.starts_with('#')
        || line.contains(" >8 ")
        || line.starts_with("Conflicts:")
        || line.strip_prefix("---").is_some_and(divides)
}

/// A message of the user's so that trailers can follow: behind its own trailers directly, else as
/// a paragraph of their own.
fn with_room_for_trailers(own: &str) -> String {
    let own = own.replace("\r\n", "\n");
    let own = own.trim_end();
    let paragraph = own.rsplit("\n\n").next().unwrap_or_default();
    let has_subject = paragraph.len() < own.len();
    let ends_with_trailers = has_subject && is_trailers(paragraph);
    format!("{own}{}", if ends_with_trailers { "\n" } else { "\n\n" })
}

/// Whether each line of a paragraph is a trailer, or goes on with the one before it.
fn is_trailers(paragraph: &str) -> bool {
    let is_trailer = |line: &str| {
        line.split_once(':').is_some_and(|(name, _)| {
            let name = name.trim_end();
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    };
    let goes_on = |line: &str| line.starts_with([' ', '\t']);
    let mut lines = paragraph.lines();
    lines.next().is_some_and(is_trailer) && lines.all(|line| goes_on(line) || is_trailer(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(task: &str, own: Option<&str>) -> String {
        let session = "20260317-143022".parse().unwrap();
        let metric = "p50_ms".parse().unwrap();
        let task = task.parse().unwrap();
        let message = MergeMessage {
            strategy: MergeStrategy::Squash,
            session: &session,
            task: &task,
            agent: "agent-2".parse().unwrap(),
            metric: Some((&metric, 92.5)),
            delta: Some(-87.5),
            own,
        };
        message.text()
    }

    const TRAILERS: &str = "Hub-Session: 20260317-143022\nHub-Agent: agent-2\nHub-Metric: p50_ms=92.5\nHub-Delta: -87.5\n";

    #[test]
    fn subject_task_and_trailers() {
        assert_eq!(
            message("Be fast", None),
            format!("Squash agent-2: Be fast\n\n{TRAILERS}")
        );
        assert_eq!(
            message("Be fast\r\n\r\nReally: do\r\n", None),
            format!("Squash agent-2: Be fast\n\nBe fast\n\nReally: do\n\n{TRAILERS}")
        );
    }

    #[test]
    fn lines_that_git_obeys_become_text() {
        for line in ["---", "--- a", "# a", "#", "; --- >8 ---", "Conflicts:"] {
            let text = message(&format!("Be fast\n{line}\nlast"), None);
            assert!(text.contains(&format!("\n {line}\nlast\n")), "{text}");
        }
        for line in ["----", "- a", "a # b", ">8", "a --- b"] {
            let text = message(&format!("Be fast\n{line}\nlast"), None);
            assert!(text.contains(&format!("\n{line}\nlast\n")), "{text}");
        }
    }

    #[test]
    fn words_of_the_users_own_stay_and_trailers_follow() {
        for (own, before) in [
            ("Faster", "Faster\n\n"),
            ("Faster\n\nMuch.\n\n\n", "Faster\n\nMuch.\n\n"),
            ("fix: it", "fix: it\n\n"),
            (
                "Faster\n\nReviewed-by: Ada\n goes on\nRefs: 7\n",
                "Faster\n\nReviewed-by: Ada\n goes on\nRefs: 7\n",
            ),
            ("Faster\r\n\r\nRefs: 7\r\n", "Faster\n\nRefs: 7\n"),
            (
                "Faster\n\nAs: said\nno more",
                "Faster\n\nAs: said\nno more\n\n",
            ),
        ] {
            assert_eq!(message("x", Some(own)), format!("{before}{TRAILERS}"));
        }
    }
}
