//! From what went wrong to what is said and which status the process ends with.
//!
//! The one place where exit statuses are decided; `docs/exit-status.md` lists them.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::lifecycle::report::CorruptSession;
use crate::lifecycle::{BadName, Code, Diagnostic, Error};
use crate::render::{ColorChoice, Format, Output};

/// The exit status of a code.
pub fn status(code: Code) -> u8 {
    match code {
        Code::Failed | Code::VerificationFailed => 1,
        Code::Usage => 2,
        Code::NotFound => 3,
        Code::InvalidTransition | Code::WrongState => 4,
        Code::Busy => 5,
        Code::Refused => 6,
        Code::Conflict => 7,
        Code::NoWinner => 8,
        Code::Corrupt => 9,
        Code::Interrupted => 130,
    }
}

/// Says what went wrong and returns the exit status.
pub fn report(output: Output, problem: &anyhow::Error) -> ExitCode {
    let Some(error) = problem.downcast_ref::<Error>() else {
        output.error(Code::Failed, &format!("{problem:#}"), None);
        return ExitCode::from(status(Code::Failed));
    };
    output.error(error.code(), &error.to_string(), error.hint().as_deref());
    ExitCode::from(match error.signal() {
        Some(signal) => signal_status(signal),
        None => status(error.code()),
    })
}

/// Warns of each damaged session; the answer was whole without them, and the status tells.
pub fn tell_corrupt(output: Output, corrupt: &[CorruptSession]) -> ExitCode {
    for session in corrupt {
        let (id, reason) = (&session.session_id, &session.reason);
        output.warning(&format!("session {id} is corrupt: {reason}"));
    }
    match corrupt {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::from(status(Code::Corrupt)),
    }
}

/// 128 and the signal, as shells count.
fn signal_status(signal: i32) -> u8 {
    u8::try_from(signal.saturating_add(128)).unwrap_or(u8::MAX)
}

/// Says what is wrong with the command line, in the same two lines as any error.
pub fn usage(problem: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if matches!(
        problem.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // As clap does: to stdout, in colour where there is some.
        let _ = problem.print();
        return ExitCode::SUCCESS;
    }
    if problem.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = problem.print();
        return ExitCode::from(status(Code::Usage));
    }
    let format = if asks_for_json(arguments) {
        Format::Json
    } else {
        Format::Text
    };
    let output = Output::new(format, ColorChoice::Auto, false);
    // The grammar of a value says it better than the parser, and shortens the value.
    let grammar = std::error::Error::source(problem).and_then(|e| e.downcast_ref::<BadName>());
    let text = grammar.map_or_else(|| message(&problem.to_string()), BadName::to_string);
    let hint = grammar
        .and_then(BadName::hint)
        .unwrap_or_else(|| hint(problem, arguments));
    output.error(Code::Usage, &text, Some(&hint));
    ExitCode::from(status(Code::Usage))
}

/// The first paragraph of clap's text, on one line.
fn message(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let line = words.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

fn hint(problem: &clap::Error, arguments: &[OsString]) -> String {
    let suggestion = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .iter()
    .find_map(|kind| match problem.get(*kind)? {
        ContextValue::String(one) => Some(one.clone()),
        // clap puts the likeliest last.
        ContextValue::Strings(many) => many.last().cloned(),
        _ => None,
    });
    if let Some(suggestion) = suggestion {
        return format!("did you mean {suggestion}?");
    }
    let known = |argument: &&OsString| {
        use clap::CommandFactory;
        let name = argument.to_str().unwrap_or_default();
        super::Cli::command().find_subcommand(name).is_some()
    };
    match arguments
        .iter()
        .skip(1)
        .find(known)
        .and_then(|name| name.to_str())
    {
        Some(command) => format!("`hub {command} --help` shows what it takes"),
        None => "`hub --help` lists the commands".to_owned(),
    }
}

/// Whether the caller wants JSON, as far as a command line that does not parse can tell.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let format = OsString::from("--format");
    arguments
        .iter()
        .any(|a| a == "--json" || a == "--format=json")
        || arguments
            .windows(2)
            .any(|pair| matches!(pair, [flag, value] if *flag == format && value == "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsers_text_becomes_one_line() {
        let text = "error: the following required arguments were not provided:\n  --task <TASK>\n\nUsage: hub init";
        assert_eq!(
            message(text),
            "the following required arguments were not provided: --task <TASK>"
        );
    }

    #[test]
    fn signals_are_counted_as_shells_do() {
        assert_eq!((signal_status(2), signal_status(15)), (130, 143));
    }
}
