//! The command line as people and scripts meet it.

mod help;
mod streams;
mod terminal;

use crate::support::TestRepo;

/// The commands that `hub --help` lists.
pub(crate) fn commands(repo: &TestRepo) -> Vec<String> {
    let help = repo.hub(["--help"]).ok().stdout;
    let list = help.split("Commands:\n").nth(1).unwrap();
    let list = list.split("\n\n").next().unwrap();
    list.lines()
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}
