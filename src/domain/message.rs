//! Messages to an agent, and the file that holds them: `inbox.md`.
//!
//! ```text
//! ## 2026-03-17T14:35:00+00:00 from ada
//!
//! Use the cache that is there.
//!
//! ---
//! ```
//!
//! The line `---` ends a message: what follows on the last one was cut when its sender was
//! killed. In a text such a line has a backslash before it, as Markdown has it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::id::{AgentId, BadName, SessionId};
use super::owner::UserName;
use super::time;

/// The line that ends a message.
const END: &str = "---";

/// What is said to an agent: some lines of text, without what a terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// In bytes. What is longer belongs into a file that the message names.
    pub const LONGEST: usize = 64 * 1024;

    /// The text, without the line feed that ends it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The message as it stands in an inbox.
    #[must_use]
    pub fn entry(&self, sender: &Sender, time: &DateTime<Utc>) -> String {
        let mut entry = format!("## {} from {sender}\n\n", time::format(time));
        for line in self.0.split('\n') {
            if line.trim_start_matches('\\') == END {
                entry.push('\\');
            }
            entry.push_str(line);
            entry.push('\n');
        }
        entry + "\n" + END + "\n"
    }
}

impl FromStr for Message {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a message", s, why));
        let text = s.replace("\r\n", "\n");
        let text = text.trim_end();
        if text.is_empty() {
            return bad("it is empty");
        }
        if text.len() > Self::LONGEST {
            return bad("it is longer than 64 KiB; put it into a file that the message names");
        }
        // A terminal takes some of them for keys.
        if text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
            return bad("it holds a control character");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A person, or a program of theirs.
    User(UserName),
    /// Another agent of the same session.
    Agent(AgentId),
    /// An agent of another session.
    Stranger(AgentId, SessionId),
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => name.fmt(f),
            Self::Agent(agent) => agent.fmt(f),
            Self::Stranger(agent, session) => write!(f, "{agent} of session {session}"),
        }
    }
}

/// The texts of the messages that are whole, and how many bytes hold them.
#[must_use]
pub fn whole(inbox: &[u8]) -> (Vec<String>, usize) {
    let (mut texts, mut until, mut at) = (Vec::new(), 0, 0);
    let mut lines: Vec<&[u8]> = Vec::new();
    for line in inbox.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        match line.strip_suffix(b"\n") {
            Some(line) if line == END.as_bytes() => {
                texts.push(text(&lines));
                lines.clear();
                until = at;
            }
            Some(line) => lines.push(line),
            // Its end has not come yet.
            None => break,
        }
    }
    (texts, until)
}

/// What a message says, without the lines around it.
fn text(lines: &[&[u8]]) -> String {
    let mut lines = lines;
    if let [head, rest @ ..] = lines
        && head.starts_with(b"## ")
    {
        lines = rest;
    }
    if let [b"", rest @ ..] = lines {
        lines = rest;
    }
    if let [rest @ .., b""] = lines {
        lines = rest;
    }
    let lines = lines.iter().map(|line| {
        let line = String::from_utf8_lossy(line).into_owned();
        match line.strip_prefix('\\') {
            Some(plain) if plain.trim_start_matches('\\') == END => plain.to_owned(),
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ada() -> Sender {
        Sender::User("ada".parse().unwrap())
    }

    #[test]
    fn an_entry_is_markdown_with_time_and_sender() {
        let message: Message = "Stop at 3.\n---\nThen rest.\n\n".parse().unwrap();
        let time = DateTime::from_timestamp(1_773_757_822, 0).unwrap();
        assert_eq!(
            message.entry(&ada(), &time),
            "## 2026-03-17T14:30:22+00:00 from ada\n\nStop at 3.\n\\---\nThen rest.\n\n---\n"
        );
    }

    #[test]
    fn senders_are_named() {
        let agent = AgentId::new(2).unwrap();
        let session: SessionId = "20260317-143022".parse().unwrap();
        assert_eq!(Sender::Agent(agent).to_string(), "agent-2");
        assert_eq!(
            Sender::Stranger(agent, session).to_string(),
            "agent-2 of session 20260317-143022"
        );
    }

    #[test]
    fn what_no_message_can_be_is_refused() {
        let long = "x".repeat(Message::LONGEST + 1);
        for bad in [
            "", " \n\t\n", "a\0b", "\x1b[2J", "bell\x07", "a\rb", "\u{9b}2J", &long,
        ] {
            assert!(bad.parse::<Message>().is_err(), "{bad:?}");
        }
        let good = "x".repeat(Message::LONGEST);
        for good in ["x", "two\nlines\tand a tab", "from Windows\r\n", "é", &good] {
            assert!(good.parse::<Message>().is_ok());
        }
    }

    #[test]
    fn what_was_cut_is_no_message() {
        let message: Message = "one".parse().unwrap();
        let entry = message.entry(&ada(), &DateTime::UNIX_EPOCH);
        for cut in 0..entry.len() {
            assert_eq!(whole(&entry.as_bytes()[..cut]), (Vec::new(), 0), "{cut}");
        }
        assert_eq!(
            whole(entry.as_bytes()),
            (vec!["one".to_owned()], entry.len())
        );
        assert_eq!(whole(b"by hand\n---\n"), (vec!["by hand".to_owned()], 12));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_back(texts in prop::collection::vec("([-#\\\\ x]{0,4}\n?){1,6}", 0..4)) {
            let messages: Vec<Message> = texts.iter().filter_map(|text| text.parse().ok()).collect();
            let entries = messages.iter().map(|message| message.entry(&ada(), &DateTime::UNIX_EPOCH));
            let inbox: String = entries.collect();
            let said: Vec<String> = messages.iter().map(|message| message.as_str().to_owned()).collect();
            prop_assert_eq!(whole(inbox.as_bytes()), (said, inbox.len()));
        }
    }
}
