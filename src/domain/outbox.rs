//! What an agent that cannot write the hub directory asks its supervisor to do for it.

use serde::{Deserialize, Serialize};

use super::board::{Author, Channel};
use super::diagnostic::{Code, Diagnostic};

/// A post that an agent wants on the board.
///
/// Who the agent is, and of which session, its supervisor knows by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Where it goes.
    pub channel: Option<Channel>,
    /// The post that it answers, as it was named.
    pub parent: Option<String>,
    /// In whose name it is asked for, where one was given.
    pub author: Option<Author>,
    /// What it says.
    pub message: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The post stands.
    Posted {
        /// Where.
        channel: Channel,
        /// Its file's name without `.md`.
        post: String,
    },
    /// It was not done.
    Refused(Refusal),
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What was wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Refusal {
    /// The same as an error says.
    #[must_use]
    pub fn of(error: &dyn Diagnostic) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl Diagnostic for Refusal {
    fn code(&self) -> Code {
        self.code
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_nothing_more_than_a_post() {
        let text = r#"{"channel":"progress","parent":null,"author":null,"message":"Hi"}"#;
        let request: Request = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        for bad in [
            r#"{"message":"Hi","session":"20260317-143022"}"#,
            r#"{"channel":"../x","message":"Hi"}"#,
            r#"{"channel":"progress"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }
}
