//! The board: channels of posts, to which posts are only ever added.
//!
//! A post is a markdown file with front matter, in the folder of its channel, named
//! `{number}-{author}-{time}.md`. Agents and older tools write such files by hand, too: any
//! file is some post, whatever it lacks, and none is ever changed.
//!
//! - [`name`]: channels, authors, the names of files, and how a person names a post
//! - [`front_matter`]: the lines at the head of a post
//! - [`index`]: the counters of the channels
//! - [`thread`]: which post answers which

pub mod front_matter;
pub mod index;
pub mod name;
pub mod thread;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::id::{BadName, SessionId};
use super::time;

pub use name::{Author, Channel, FileName, PostRef};

/// What a post says: markdown, not empty, without empty lines before or white space after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// What a post may hold at most.
    pub const LONGEST: usize = 16 * 1024 * 1024;

    /// Takes a text as a message.
    ///
    /// # Errors
    /// When it says nothing, or is too long.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let text = trimmed(text.strip_prefix('\u{feff}').unwrap_or(text));
        let bad = |why| Err(BadName::new("a message", text, why));
        match text.len() {
            0 => bad("it is empty"),
            length if length > Self::LONGEST => bad("it is longer than 16 MiB"),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without empty lines before and white space behind; the first line keeps its indentation.
fn trimmed(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some((first, rest)) = text.split_once('\n') {
        if !first.trim().is_empty() {
            break;
        }
        text = rest;
    }
    text
}

/// A post that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where it goes.
    pub channel: Channel,
    /// Who says it.
    pub author: Author,
    /// The session that it is about, where it is known.
    pub session: Option<SessionId>,
    /// The post that it answers: the name of its file without `.md`.
    pub parent: Option<String>,
    /// What it tells, in a word or two, where hub itself says it: not to say it twice.
    pub about: Option<String>,
    /// What it says.
    pub message: Message,
}

impl Draft {
    /// The text of its file.
    #[must_use]
    pub fn text(&self, number: u32, now: DateTime<Utc>) -> String {
        let parent = self.parent.as_deref().unwrap_or("null");
        let mut fields = vec![
            ("author", self.author.as_str().to_owned()),
            ("timestamp", time::format(&now)),
            ("channel", self.channel.as_str().to_owned()),
            ("sequence", number.to_string()),
            ("parent", parent.to_owned()),
        ];
        let session = self.session.as_ref();
        fields.extend(session.map(|session| ("session", session.to_string())));
        fields.extend(self.about.clone().map(|about| ("about", about)));
        front_matter::write(&fields, self.message.as_str())
    }

    /// The name of its file.
    #[must_use]
    pub fn file(&self, number: u32, now: DateTime<Utc>) -> FileName {
        FileName::new(number, &self.author, now)
    }

    /// Whether a post tells the same, as far as its front matter shows.
    #[must_use]
    pub fn is_about_the_same(&self, post: &Post) -> bool {
        let session = self.session.as_ref().map(SessionId::as_str);
        self.about.is_some()
            && self.about == post.metadata.about
            && session == post.metadata.session.as_deref()
            && post.metadata.author.as_deref() == Some(self.author.as_str())
    }
}

/// What is known of a post beside what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Metadata {
    /// Who wrote it, by its front matter or by the name of its file; null where neither says so.
    pub author: Option<String>,
    /// When it was written, by its front matter, by the name of its file, or else when the
    /// file was last changed.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub timestamp: Option<DateTime<Utc>>,
    /// The channel in whose folder it stands.
    pub channel: Channel,
    /// Its number in the channel; null where neither its file's name nor its front matter has one.
    pub sequence: Option<u32>,
    /// The post that it answers, as it is named there; null for one that begins a thread.
    pub parent: Option<String>,
    /// The session that it belongs to; null where it does not say.
    pub session: Option<String>,
    /// What hub tells by it; null where somebody else wrote it.
    pub about: Option<String>,
    /// What else stands in its front matter.
    #[serde(flatten)]
    pub more: BTreeMap<String, String>,
}

/// A post as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its file.
    pub file: FileName,
    /// What is known of it.
    pub metadata: Metadata,
    /// What it says.
    pub body: String,
}

impl Post {
    /// Reads a post; there is no text that is none.
    ///
    /// `changed` is when its file was last changed.
    #[must_use]
    pub fn read(
        channel: &Channel,
        file: FileName,
        text: &str,
        changed: Option<DateTime<Utc>>,
    ) -> Self {
        let (fields, body) = front_matter::read(text);
        let mut metadata = Metadata {
            author: None,
            timestamp: None,
            channel: channel.clone(),
            sequence: None,
            parent: None,
            session: None,
            about: None,
            more: BTreeMap::new(),
        };
        for (name, value) in fields {
            let value = Some(value).filter(|value| !front_matter::is_absent(value));
            match name.as_str() {
                "author" => metadata.author = value,
                "timestamp" => metadata.timestamp = value.as_deref().and_then(time::parse),
                "sequence" => metadata.sequence = value.and_then(|value| value.parse().ok()),
                "parent" => metadata.parent = value,
                "session" => metadata.session = value,
                "about" => metadata.about = value,
                // Where it stands is where it was said.
                "channel" => {}
                _ => {
                    metadata.more.insert(name, value.unwrap_or_default());
                }
            }
        }
        let by_name = || file.author().map(str::to_owned);
        metadata.author = metadata.author.or_else(by_name);
        metadata.timestamp = metadata.timestamp.or(file.time()).or(changed);
        metadata.sequence = file.number().or(metadata.sequence);
        Self {
            body: trimmed(&body).to_owned(),
            metadata,
            file,
        }
    }

    /// Its first words, without the marks of a heading or a list.
    #[must_use]
    pub fn first_line(&self) -> &str {
        let mut lines = self.body.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
        line.trim_start_matches(['#', '>', '*', '-']).trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(text: &str) -> Draft {
        Draft {
            channel: Channel::progress(),
            author: "agent-1".parse().unwrap(),
            session: Some("20260317-143022".parse().unwrap()),
            parent: Some("001-agent-2-20260317T143510Z".to_owned()),
            about: None,
            message: Message::new(text).unwrap(),
        }
    }

    fn now() -> DateTime<Utc> {
        "2026-03-17T14:35:10Z".parse().unwrap()
    }

    fn read(name: &str, text: &str) -> Post {
        let file = FileName::parse(name);
        Post::read(&Channel::results(), file, text, None)
    }

    #[test]
    fn a_post_is_written_as_it_is_established() {
        assert_eq!(
            draft("Halfway.").text(7, now()),
            "---\nauthor: agent-1\ntimestamp: 2026-03-17T14:35:10+00:00\nchannel: progress\n\
            sequence: 7\nparent: 001-agent-2-20260317T143510Z\nsession: 20260317-143022\n---\n\n\
            Halfway.\n"
        );
        assert_eq!(
            draft("x").file(7, now()).as_str(),
            "007-agent-1-20260317T143510Z.md"
        );
    }

    #[test]
    fn what_a_post_lacks_is_taken_from_its_name() {
        let post = read("012-agent-3-20260317T143422Z.md", "Just words.\n");
        assert_eq!(post.metadata.author.as_deref(), Some("agent-3"));
        assert_eq!(post.metadata.sequence, Some(12));
        let time = post.metadata.timestamp.unwrap();
        assert_eq!(time::format(&time), "2026-03-17T14:34:22+00:00");
        assert_eq!(post.body, "Just words.");
        let post = read("agent-2-result.md", "---\nauthor: null\n---\nDone");
        assert_eq!(post.metadata.author.as_deref(), Some("agent-2"));
        let post = read("merge-summary.md", "");
        assert_eq!((post.metadata.author, post.metadata.sequence), (None, None));
        assert_eq!(post.body, "");
    }

    #[test]
    fn a_message_says_something() {
        for empty in ["", "  \n\t\n", "\u{feff}\n"] {
            assert!(Message::new(empty).is_err(), "{empty:?}");
        }
        let message = Message::new("\n \n  indented\n\nend \n\n").unwrap();
        assert_eq!(message.as_str(), "  indented\n\nend");
    }

    #[test]
    fn the_first_line_is_words() {
        let post = read("x.md", "\n\n## Result Summary\n\n- fast\n");
        assert_eq!(post.first_line(), "Result Summary");
    }

    proptest! {
        #[test]
        fn every_message_is_read_back(text in "(?s)(---\r?\n|a: b\n|\u{feff}|.){0,200}") {
            if let Ok(message) = Message::new(&text) {
                let draft = Draft { message, ..draft("x") };
                let post = Post::read(
                    &draft.channel,
                    draft.file(3, now()),
                    &draft.text(3, now()),
                    None,
                );
                prop_assert_eq!(post.body.as_str(), draft.message.as_str());
                prop_assert_eq!(post.metadata.parent, draft.parent);
                prop_assert_eq!(post.metadata.session.as_deref(), Some("20260317-143022"));
                prop_assert_eq!(post.metadata.sequence, Some(3));
                prop_assert_eq!(post.metadata.timestamp, Some(now()));
                prop_assert!(post.metadata.more.is_empty());
            }
        }

        #[test]
        fn every_text_is_some_post(name in "(?s).{0,80}", text in "(?s).{0,200}") {
            let post = read(&name, &text);
            prop_assert!(text.contains(post.body.as_str()) || text.contains("\r\n"));
        }
    }
}
