//! A disk that can only be read, for every command.

use super::{COMMANDS, scenario};

/// Every effect is refused: the command says so, and nothing is changed.
#[test]
fn every_command_says_so_and_changes_nothing() {
    for name in COMMANDS {
        let scenario = scenario(name);
        let answer = scenario.refused_everywhere("EROFS");
        let told = answer.stderr.clone() + &answer.stdout;
        assert_eq!(answer.code(), 1, "{name}: {answer}");
        assert!(told.contains("Read-only file system"), "{name}: {answer}");
        if name != "doctor --fix" {
            let last = answer.stderr.trim_end().lines().last();
            assert!(
                last.is_some_and(|line| line.starts_with("hint: ")),
                "{name}: {answer}"
            );
        }
        scenario.is_as_before();
    }
}
