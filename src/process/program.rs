//! Finding the program of a command before anything is made for it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{Error, Result};

/// Checks that the first word of `command` can be run, and returns the command to run.
///
/// A relative path (`./bench.sh`) means the file in the worktree, when `in_tree` says
/// that the base commit has it; else the one in `folder`, and then the command that
/// comes back holds its absolute path. What only the shell can tell (a variable, a
/// subshell) is left to the shell.
///
/// # Errors
/// When the program is not found, or the command is empty or has an open quote.
pub fn resolve(
    what: &'static str,
    command: &str,
    folder: &Path,
    in_tree: impl FnOnce(&Path) -> bool,
) -> Result<String> {
    let bad = |reason| Error::BadCommand {
        what,
        command: command.to_owned(),
        reason,
    };
    if command.trim().is_empty() {
        return Err(bad("it is empty"));
    }
    if command.contains('\0') {
        return Err(bad("it holds a NUL byte"));
    }
    let words = shell_words::split(command).map_err(|_| bad("a quote is not closed"))?;
    let Some(program) = words.iter().find(|word| !is_assignment(word)) else {
        return Ok(command.to_owned());
    };
    if program.starts_with('~') || program.contains(|c: char| "$`(){}<>|&;*?[]!#\n".contains(c)) {
        return Ok(command.to_owned());
    }
    let not_found = || Error::ProgramNotFound {
        what,
        command: command.to_owned(),
        program: program.clone(),
    };
    if !program.contains('/') {
        return if shell_knows(program) {
            Ok(command.to_owned())
        } else {
            Err(not_found())
        };
    }
    let path = Path::new(program);
    if path.is_absolute() {
        return if path.is_file() {
            Ok(command.to_owned())
        } else {
            Err(not_found())
        };
    }
    if in_tree(path) {
        return Ok(command.to_owned());
    }
    let here = folder.join(path);
    let absolute = here.canonicalize().map_err(|_| not_found())?;
    let absolute = absolute
        .to_str()
        .filter(|_| absolute.is_file())
        .ok_or_else(not_found)?;
    match command.split_once(program.as_str()) {
        Some((before, after)) if before.chars().all(|c| c != '"' && c != '\'') => {
            Ok(format!("{before}{}{after}", shell_words::quote(absolute)))
        }
        // Quoted in a way that cannot be replaced letter by letter.
        _ => Err(not_found()),
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Whether the shell finds a program, builtin or keyword of this name.
fn shell_knows(program: &str) -> bool {
    Command::new("/bin/sh")
        .args(["-c", "command -v -- \"$1\"", "sh", program])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_in(folder: &Path, command: &str, in_tree: bool) -> Result<String> {
        resolve("eval command", command, folder, |_| in_tree)
    }

    #[test]
    fn what_the_shell_finds_stays_as_it_is() {
        let folder = Path::new("/");
        for command in [
            "true",
            "sh -c 'echo 1'",
            "A=1 B=2 sh x",
            "cd x && make",
            "if true; then echo; fi",
            "$EDITOR x",
            "(cd x; make)",
            "~/bin/x",
            "/bin/sh x",
        ] {
            assert_eq!(resolve_in(folder, command, false).unwrap(), command);
        }
    }

    #[test]
    fn what_is_nowhere_is_refused() {
        let folder = Path::new("/");
        for command in [
            "no-such-program-here x",
            "./nothing.sh",
            "/no/such/file",
            "A=1 nope-nope",
        ] {
            let found = resolve_in(folder, command, false);
            assert!(
                matches!(found, Err(Error::ProgramNotFound { .. })),
                "{command}"
            );
        }
        for command in ["", "  ", "echo 'x", "a\0b"] {
            let found = resolve_in(folder, command, false);
            assert!(
                matches!(found, Err(Error::BadCommand { .. })),
                "{command:?}"
            );
        }
    }

    #[test]
    fn a_script_beside_the_user_is_given_its_whole_path() {
        let folder = tempfile::Builder::new().prefix("a b").tempdir().unwrap();
        let script = folder.path().join("agent.sh");
        std::fs::File::create(&script).unwrap();
        let script = script.canonicalize().unwrap();
        assert_eq!(
            resolve_in(folder.path(), "X=1 ./agent.sh --fast", false).unwrap(),
            format!("X=1 '{}' --fast", script.display())
        );
        assert_eq!(
            resolve_in(folder.path(), "./agent.sh --fast", true).unwrap(),
            "./agent.sh --fast"
        );
    }
}
