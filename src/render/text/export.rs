//! Sessions that go elsewhere and come from there.

use std::fmt::Write as _;

use crate::domain::report::{ExportReport, ImportReport};
use crate::domain::text::visible;

use super::size;

/// `hub export`.
#[must_use]
pub fn export(report: &ExportReport) -> String {
    let file = report.file.as_ref();
    let file = file.map_or_else(|| "stdout".to_owned(), |file| file.display().to_string());
    let mut drawn = format!(
        "exported session {} to {}: {}",
        report.session_id,
        visible(&file),
        size(report.size_bytes)
    );
    if report.recipients > 0 {
        let _ = write!(
            drawn,
            ", encrypted for {}",
            counted(report.recipients, "recipient")
        );
    }
    let _ = writeln!(
        drawn,
        "\nit holds {}, {} and {}",
        counted(report.files, "file"),
        counted(report.posts, "post"),
        counted(report.refs.len(), "ref")
    );
    for need in &report.needs {
        let _ = writeln!(drawn, "whoever imports it needs commit {}", need.short());
    }
    drawn
}

/// `hub import`.
#[must_use]
pub fn import(report: &ImportReport) -> String {
    let (id, origin) = (&report.session_id, &report.origin);
    let mut drawn = format!(
        "imported session {id}, which is {}, from {} on {}\n",
        report.state,
        visible(origin.user.as_str()),
        visible(&origin.host)
    );
    let _ = writeln!(
        drawn,
        "made {}; put {} on the board",
        counted(report.made_refs.len(), "ref"),
        counted(report.posts, "post")
    );
    if report.kept_refs > 0 {
        let _ = writeln!(drawn, "{} stood already", counted(report.kept_refs, "ref"));
    }
    if report.renumbered > 0 {
        let number = counted(report.renumbered, "post");
        let _ = writeln!(drawn, "{number} got other numbers: theirs were taken");
    }
    for agent in &report.agents {
        let _ = writeln!(
            drawn,
            "{} was {} there and is {} here",
            agent.agent, agent.from, agent.to
        );
    }
    for missing in &report.missing {
        let _ = writeln!(drawn, "missing: {}", visible(missing));
    }
    if report.untrusted_commands > 0 {
        let _ = writeln!(
            drawn,
            "{} of it will not run before you have read them: hub trust",
            counted(report.untrusted_commands, "command")
        );
    }
    drawn
}

fn counted(number: usize, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}
