//! `hub board`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::board::{Channel, Metadata};
use crate::domain::time;

/// `hub board list`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BoardListReport {
    /// The channels.
    pub channels: Vec<ListedChannel>,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedChannel {
    /// Its name.
    pub channel: Channel,
    /// How many posts it has.
    pub posts: usize,
    /// The file of its last post; null where it has none.
    pub last: Option<String>,
}

/// `hub board read`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BoardReadReport {
    /// The channel.
    pub channel: Channel,
    /// Its posts that were asked for, in their order.
    pub posts: Vec<ReadPost>,
}

/// One post.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReadPost {
    /// The name of its file.
    pub file: String,
    /// What is known of it.
    pub metadata: Metadata,
    /// What it says: markdown.
    pub body: String,
    /// The file of the post that it answers; null for one that begins a thread, and where
    /// what it names is not in the channel.
    pub answers: Option<String>,
    /// How many answers lead to it, among the posts that are shown.
    pub depth: usize,
    /// Its file.
    pub path: PathBuf,
}

/// `hub board post` and `hub board reply`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PostedReport {
    /// The channel.
    pub channel: Channel,
    /// The name of its file.
    pub file: String,
    /// What is known of it.
    pub metadata: Metadata,
    /// Its file.
    pub path: PathBuf,
}

/// A post as one line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ShortPost {
    /// The channel.
    pub channel: Channel,
    /// The name of its file.
    pub file: String,
    /// Who wrote it; null where it does not say.
    pub author: Option<String>,
    /// When it was written.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub timestamp: Option<DateTime<Utc>>,
    /// Its first words; of a prompt, whose it is.
    pub line: String,
}
