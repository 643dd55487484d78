//! Commands that somebody else wrote.

use std::fmt::Write as _;

use crate::domain::report::{CommandUse, ForeignCommand, TrustReport};
use crate::domain::text::visible;
use crate::render::style::{self, paint};

/// `hub trust`.
#[must_use]
pub fn trust(report: &TrustReport) -> String {
    if report.commands.is_empty() {
        return "every command here is your own\n".to_owned();
    }
    let parts: Vec<String> = report.commands.iter().map(foreign_command).collect();
    parts.join("\n")
}

/// One command, whole, with where it stands.
#[must_use]
pub fn foreign_command(command: &ForeignCommand) -> String {
    let (style, standing) = match (command.trusted, command.changed) {
        (true, false) => (style::GOOD, "trusted"),
        (true, true) => (style::GOOD, "trusted from now on"),
        (false, false) => (style::BAD, "not trusted"),
        (false, true) => (style::BAD, "not trusted any more"),
    };
    let mut drawn = format!("{}  {}\n", command.id.short(), paint(style, standing));
    for one in &command.uses {
        let _ = writeln!(drawn, "  {}", place(one));
    }
    if command.uses.is_empty() {
        drawn.push_str("  it stands nowhere any more\n");
    }
    for line in visible(&command.command).lines() {
        let _ = writeln!(drawn, "    {line}");
    }
    drawn
}

fn place(one: &CommandUse) -> String {
    let whose = match &one.session {
        Some(id) => format!(" of session {id}"),
        None => String::new(),
    };
    let file = visible(&one.file.display().to_string());
    format!(
        "{}{whose}, from {file}, which {}",
        one.kind.as_str(),
        one.why
    )
}
