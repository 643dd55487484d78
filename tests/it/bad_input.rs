//! What cannot be meant is refused: the exit status and code of the contract, what was
//! wrong and what to do in two lines, and nothing left that was not there before.

mod in_the_way;
mod settings;
mod values;

use std::ffi::OsStr;

use serde_json::json;

use crate::support::{TestRepo, Tree};

/// A session id of the right shape that no test makes.
const NOWHERE: &str = "20200101-000000";

/// How a command line is refused.
struct Refusal<'a> {
    code: &'a str,
    status: i32,
    /// What was wrong, after `error: `; the temporary folder is `[TEMP]`.
    error: &'a str,
    /// What to do, after `hint: `.
    hint: &'a str,
}

const fn usage<'a>(error: &'a str, hint: &'a str) -> Refusal<'a> {
    Refusal {
        code: "usage",
        status: 2,
        error,
        hint,
    }
}

const fn not_found<'a>(error: &'a str, hint: &'a str) -> Refusal<'a> {
    Refusal {
        code: "not_found",
        status: 3,
        error,
        hint,
    }
}

const fn refused<'a>(error: &'a str, hint: &'a str) -> Refusal<'a> {
    Refusal {
        code: "refused",
        status: 6,
        error,
        hint,
    }
}

impl Refusal<'_> {
    /// Expects that the command line ends so, as text and as JSON, and leaves no trace.
    #[track_caller]
    fn ends<S: AsRef<OsStr> + Copy>(&self, repo: &TestRepo, arguments: &[S]) {
        self.ends_with_env(repo, arguments, &[]);
    }

    /// The same with variables set.
    #[track_caller]
    fn ends_with_env<S: AsRef<OsStr> + Copy>(
        &self,
        repo: &TestRepo,
        arguments: &[S],
        variables: &[(&str, &str)],
    ) {
        let before = everything(repo);
        let run = |format: &[&str]| {
            let words = arguments.iter().map(AsRef::as_ref);
            let words = format.iter().map(OsStr::new).chain(words);
            variables
                .iter()
                .fold(repo.hub(words), |hub, (name, value)| hub.env(name, value))
                .fails(self.status)
        };
        let text = run(&[]);
        assert_eq!(text.stdout, "", "stdout beside an error: {text}");
        let expected = format!("error: {}\nhint: {}\n", self.error, self.hint);
        assert_eq!(repo.without_paths(&text.stderr), expected, "{text}");

        let json = run(&["--json"]).json_error().to_string();
        let expected = json!({ "code": self.code, "message": self.error, "hint": self.hint });
        assert_eq!(repo.without_paths(&json), expected.to_string());

        assert_eq!(everything(repo), before, "after {text}");
    }
}

/// All files below the temporary folder: the repository with its refs and worktrees, the hub
/// directory, whatever stands beside them, and the home.
fn everything(repo: &TestRepo) -> Tree {
    // Who holds a lock last stays written in it; reading a state refreshes git's index.
    Tree::read(repo.root()).without(".lock").without("index")
}

/// Makes a session of two agents, and returns its id.
fn session(repo: &TestRepo) -> String {
    repo.hub(["init", "--task", "x", "--agents", "2"]).ok();
    repo.newest_session()
}
