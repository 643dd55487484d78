//! The board on disk: a folder for each channel, a file for each post, and the index.
//!
//! ```text
//! board/
//! ├── .lock                    who may number
//! ├── _index.json              the counters, for older tools   (domain::board::index)
//! └── dispatch/, progress/, results/
//! ```
//!
//! What holds:
//! - a post is a new file, whole from its first moment; no file here is written twice or removed,
//!   but for the index and what a killed process left of a post that had no name yet;
//! - numbers are given under the lock, and are larger than any in a file's name, whatever the
//!   index says; the index follows the post;
//! - links are not followed: neither a folder that is one, nor a post.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::beneath;
use crate::domain::board::{Channel, Draft, FileName, Post, index};

use super::atomic;
use super::error::{Error, Result};
use super::hub_dir::check_folder;
use super::lock::Lock;

/// What is read of a post at most; a message that hub writes is no longer.
const LONGEST: u64 = 64 * 1024 * 1024;

/// What is read of a post where its head is enough.
const HEAD: u64 = 16 * 1024;

/// What is read of the index at most.
const LONGEST_INDEX: u64 = 1024 * 1024;

/// The message board. It need not be there: then its channels are empty.
#[derive(Clone, Debug)]
pub struct Board {
    root: PathBuf,
}

/// A post that could not be read, and why.
#[derive(Debug)]
pub struct Unread {
    /// Its file.
    pub path: PathBuf,
    /// What the system said.
    pub error: Error,
}

impl Board {
    pub(super) fn at(root: PathBuf) -> Result<Self> {
        check_folder(&root)?;
        Ok(Self { root })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where a post is, or would be.
    #[must_use]
    pub fn post_file(&self, channel: &Channel, file: &FileName) -> PathBuf {
        self.folder(channel).join(file.as_str())
    }

    fn folder(&self, channel: &Channel) -> PathBuf {
        self.root.join(channel.as_str())
    }

    /// Where the index is, or would be.
    #[must_use]
    pub fn index_file(&self) -> PathBuf {
        self.root.join("_index.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join(".lock")
    }

    /// Why the index cannot be read, if it cannot.
    #[must_use]
    pub fn index_problem(&self) -> Option<Error> {
        self.index().err()
    }

    /// Whether the index counts fewer posts of a channel than there are, and nobody is about to
    /// count them: a post gets its place before the index tells of it.
    #[must_use]
    pub fn is_index_behind(&self, channel: &Channel) -> bool {
        let behind = Lock::while_free(&self.lock_file(), || self.counts_too_few(channel));
        behind.unwrap_or_default()
    }

    fn counts_too_few(&self, channel: &Channel) -> bool {
        let files = self.files(channel).unwrap_or_default();
        let highest = files.iter().filter_map(FileName::number).max();
        let index = self.index();
        let known = index.as_ref().ok().and_then(Option::as_ref);
        highest.is_some_and(|highest| {
            known.is_none_or(|index| index::counter(index, channel) < highest)
        })
    }

    /// The posts of a channel of which not even the beginning can be read.
    ///
    /// # Errors
    /// As [`Board::files`].
    pub fn unreadable(&self, channel: &Channel) -> Result<Vec<Unread>> {
        let files = self.files(channel)?.into_iter();
        Ok(files
            .filter_map(|file| {
                let error = self.head(channel, &file).err()?;
                let path = self.post_file(channel, &file);
                Some(Unread { path, error })
            })
            .collect())
    }

    /// The channels: those that every board has, those that have a folder, those of the index.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub fn channels(&self) -> Result<Vec<Channel>> {
        let established = Channel::ESTABLISHED.iter();
        let mut channels: Vec<Channel> = established.filter_map(|name| name.parse().ok()).collect();
        for entry in entries(&self.root)? {
            // A link is listed, and refused when somebody reads it.
            let is_folder = entry.file_type().is_ok_and(|kind| !kind.is_file());
            let name = entry.file_name();
            let channel = name.to_str().and_then(|name| name.parse().ok());
            channels.extend(channel.filter(|_| is_folder));
        }
        if let Ok(Some(index)) = self.index() {
            channels.extend(index::channels(&index));
        }
        channels.sort_by(|one, other| one.rank().cmp(&other.rank()));
        channels.dedup();
        Ok(channels)
    }

    /// The files of a channel's posts, in their order.
    ///
    /// # Errors
    /// When the folder cannot be read, or is a symbolic link.
    pub fn files(&self, channel: &Channel) -> Result<Vec<FileName>> {
        let folder = self.folder(channel);
        check_folder(&folder)?;
        let mut files = Vec::new();
        for entry in entries(&folder)? {
            let name = entry.file_name();
            let post = name
                .to_str()
                .filter(|name| name.ends_with(FileName::SUFFIX) && !name.starts_with('.'));
            // Links and pipes could lead anywhere, or nowhere for ever.
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            files.extend(post.filter(|_| is_file).map(FileName::parse));
        }
        files.sort_by(|one, other| one.order().cmp(&other.order()));
        Ok(files)
    }

    /// One post.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn read(&self, channel: &Channel, file: &FileName) -> Result<Post> {
        self.read_at_most(channel, file, LONGEST)
    }

    /// One post, of which only the beginning is read.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn head(&self, channel: &Channel, file: &FileName) -> Result<Post> {
        self.read_at_most(channel, file, HEAD)
    }

    fn read_at_most(&self, channel: &Channel, file: &FileName, most: u64) -> Result<Post> {
        let path = self.post_file(channel, file);
        let mut bytes = Vec::new();
        // Another could have put a link or a pipe there since the folder was looked at.
        let changed = beneath::open(&path)
            .and_then(|file| {
                let changed = file.metadata()?.modified();
                file.take(most).read_to_end(&mut bytes)?;
                Ok(changed.ok())
            })
            .map_err(Error::io("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let changed = changed.map(DateTime::<Utc>::from);
        Ok(Post::read(channel, file.clone(), &text, changed))
    }

    /// All posts of a channel in their order, and those that cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be read, or is a symbolic link.
    pub fn posts(&self, channel: &Channel) -> Result<(Vec<Post>, Vec<Unread>)> {
        let (mut posts, mut unread) = (Vec::new(), Vec::new());
        for file in self.files(channel)? {
            match self.read(channel, &file) {
                Ok(post) => posts.push(post),
                Err(error) => unread.push(Unread {
                    path: self.post_file(channel, &file),
                    error,
                }),
            }
        }
        Ok((posts, unread))
    }

    /// Takes the lock under which posts are numbered.
    ///
    /// # Errors
    /// When it cannot be had in time, or the board cannot be written.
    pub fn lock(&self, limit: Duration) -> Result<LockedBoard<'_>> {
        atomic::make_folder(&self.root)?;
        // Another could have put a link there since it was looked at.
        check_folder(&self.root)?;
        let lock = Lock::acquire(&self.lock_file(), limit, "board post")?;
        Ok(LockedBoard {
            board: self,
            _lock: lock,
        })
    }

    /// The index; `None` where there is none.
    pub(super) fn index(&self) -> Result<Option<Value>> {
        let path = self.index_file();
        if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_file()) {
            return Err(Error::corrupt(path, None, "it is no file"));
        }
        let Some(bytes) = atomic::read_capped(&path, LONGEST_INDEX)? else {
            return Ok(None);
        };
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        match serde_json::from_slice(text) {
            Ok(index @ Value::Object(_)) => Ok(Some(index)),
            Ok(_) => Err(Error::corrupt(path, None, "it is no JSON object")),
            Err(error) => Err(Error::json(path, &error)),
        }
    }
}

/// What is in a folder; nothing where it is not there.
fn entries(folder: &Path) -> Result<Vec<beneath::Entry>> {
    match beneath::read_dir(folder) {
        Ok(entries) => entries
            .collect::<io::Result<_>>()
            .map_err(Error::io("read", folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("read", folder)(error)),
    }
}

/// A board on which this process alone numbers posts.
#[derive(Debug)]
#[must_use = "the board is unlocked when this is dropped"]
pub struct LockedBoard<'b> {
    pub(super) board: &'b Board,
    _lock: Lock,
}

impl LockedBoard<'_> {
    /// Adds a post with the next number of its channel; returns its file.
    ///
    /// # Errors
    /// When the system refuses: then there is no such post.
    pub fn add(&self, draft: &Draft) -> Result<FileName> {
        let board = self.board;
        for name in Channel::ESTABLISHED {
            atomic::make_folder(&board.root.join(name))?;
        }
        let folder = board.folder(&draft.channel);
        atomic::make_folder(&folder)?;
        let files = board.files(&draft.channel)?;
        self.sweep(&draft.channel);
        let highest = files.iter().filter_map(FileName::number).max();
        let index = board.index();
        let counter = index
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map_or(0, |index| index::counter(index, &draft.channel));
        let mut number = highest.unwrap_or(0).max(counter);
        loop {
            number += 1;
            if number > FileName::LAST {
                return Err(Error::io("number another post in", folder)(
                    io::ErrorKind::StorageFull.into(),
                ));
            }
            let now = SystemTime::now().into();
            let file = draft.file(number, now);
            let text = draft.text(number, now);
            if atomic::create_new(&folder.join(file.as_str()), text.as_bytes())? {
                self.note(index, &draft.channel, number);
                return Ok(file);
            }
        }
    }

    /// The newest post that tells the same as a draft, if somebody has written one.
    ///
    /// Posts that were written before `since` are not looked at.
    ///
    /// # Errors
    /// When the channel cannot be read.
    pub fn find(&self, draft: &Draft, since: DateTime<Utc>) -> Result<Option<Post>> {
        let board = self.board;
        let files = board.files(&draft.channel)?;
        let may_be = |file: &&FileName| {
            file.time().is_none_or(|time| time >= since)
                && file.author() == Some(draft.author.as_str())
        };
        for file in files.iter().rev().filter(may_be) {
            let head = board.head(&draft.channel, file);
            if head.is_ok_and(|head| draft.is_about_the_same(&head)) {
                return board.read(&draft.channel, file).map(Some);
            }
        }
        Ok(None)
    }

    /// Removes what killed processes have left of posts, and lets the index tell what is there.
    pub fn settle(&self, channel: &Channel) {
        self.sweep(channel);
        let files = self.board.files(channel).unwrap_or_default();
        let highest = files.iter().filter_map(FileName::number).max();
        if let Some(highest) = highest {
            let index = self.board.index();
            let known = index.as_ref().ok().and_then(Option::as_ref);
            if known.is_none_or(|index| index::counter(index, channel) < highest) {
                self.note(index, channel, highest);
            }
        }
    }

    pub(super) fn sweep(&self, channel: &Channel) {
        atomic::sweep(&self.board.root);
        atomic::sweep(&self.board.folder(channel));
    }

    /// Writes the last number of a channel into the index.
    ///
    /// The post stands, and its name tells the number: an index that cannot be written is
    /// mended by the next post, and one that is damaged is left to whoever damaged it.
    pub(super) fn note(&self, index: Result<Option<Value>>, channel: &Channel, last: u32) {
        let path = self.board.index_file();
        let written = index.and_then(|index| {
            let mut index = index.unwrap_or_else(index::empty);
            if !index::set_counter(&mut index, channel, last) {
                return Ok(());
            }
            let mut text =
                serde_json::to_string_pretty(&index).map_err(|error| Error::json(&path, &error))?;
            text.push('\n');
            atomic::replace(&path, text.as_bytes())
        });
        if let Err(error) = written {
            log::debug!("the board's index stays as it is: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::board::{Message, front_matter};
    use proptest::prelude::*;

    fn draft(text: &str) -> Draft {
        Draft {
            channel: Channel::results(),
            author: "ada".parse().unwrap(),
            session: None,
            parent: None,
            about: Some("merge".to_owned()),
            message: Message::new(text).unwrap(),
        }
    }

    fn board() -> (tempfile::TempDir, Board) {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::at(folder.path().join("board")).unwrap();
        (folder, board)
    }

    fn post(board: &Board, text: &str) -> u32 {
        let locked = board.lock(Duration::from_secs(10)).unwrap();
        locked.add(&draft(text)).unwrap().number().unwrap()
    }

    fn put(board: &Board, name: &str, text: &str) {
        let path = board.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        atomic::replace(&path, text.as_bytes()).unwrap();
    }

    fn index_of(board: &Board) -> String {
        fs::read_to_string(board.index_file()).unwrap()
    }

    #[test]
    fn a_board_that_is_not_there_is_empty() {
        let (_folder, board) = board();
        let names = board.channels().unwrap();
        let names: Vec<&str> = names.iter().map(Channel::as_str).collect();
        assert_eq!(names, Channel::ESTABLISHED);
        assert_eq!(board.files(&Channel::results()).unwrap(), []);
        assert!(!board.root.exists());
    }

    #[test]
    fn numbers_go_on_from_the_larger_of_index_and_files() {
        let (_folder, board) = board();
        assert_eq!((post(&board, "one"), post(&board, "two")), (1, 2));
        assert_eq!(
            index_of(&board),
            "{\n  \"channels\": [\n    \"dispatch\",\n    \"progress\",\n    \"results\"\n  ],\n  \
            \"counters\": {\n    \"dispatch\": 0,\n    \"progress\": 0,\n    \"results\": 2\n  }\n}\n"
        );
        put(&board, "results/010-agent-1-20260317T143510Z.md", "ten");
        assert_eq!(post(&board, "after ten"), 11);
        put(
            &board,
            "_index.json",
            r#"{"channels":{"results":{"last_sequence":40}},"x":[1]}"#,
        );
        assert_eq!(post(&board, "after forty"), 41);
        assert!(index_of(&board).contains("\"x\": ["));
        put(&board, "_index.json", r#"{"counters":{"results":3}}"#);
        assert_eq!(post(&board, "not four"), 42);
    }

    #[test]
    fn a_damaged_index_is_left_alone_and_posts_are_numbered_all_the_same() {
        let (_folder, board) = board();
        for damaged in ["", "{\"counters\": {", "[]", "\0\0\0"] {
            put(&board, "_index.json", damaged);
            let before = board.files(&Channel::results()).unwrap().len();
            assert_eq!(post(&board, "x") as usize, before + 1);
            assert_eq!(index_of(&board), damaged);
        }
    }

    #[test]
    fn an_index_is_behind_when_nobody_is_about_to_count() {
        let (_folder, board) = board();
        put(&board, "results/001-ada-2026-01-01T00-00-00.md", "by hand");
        assert!(board.is_index_behind(&Channel::results()), "never locked");
        let locked = board.lock(Duration::ZERO).unwrap();
        assert!(!board.is_index_behind(&Channel::results()), "at work");
        drop(locked);
        assert!(board.is_index_behind(&Channel::results()), "at rest");
        post(&board, "two");
        assert!(!board.is_index_behind(&Channel::results()), "counted");
    }

    #[test]
    fn what_is_no_file_is_no_post() {
        let (folder, board) = board();
        post(&board, "one");
        let results = board.folder(&Channel::results());
        let secret = folder.path().join("secret");
        atomic::replace(&secret, b"secret").unwrap();
        std::os::unix::fs::symlink(&secret, results.join("002-x.md")).unwrap();
        fs::create_dir(results.join("003-x.md")).unwrap();
        put(&board, "results/.new-x.md", "half");
        put(&board, "results/notes.txt", "no post");
        assert_eq!(board.files(&Channel::results()).unwrap().len(), 1);
    }

    #[test]
    fn a_folder_that_is_a_link_is_refused() {
        let (folder, board) = board();
        fs::create_dir_all(&board.root).unwrap();
        std::os::unix::fs::symlink(folder.path(), board.root.join("results")).unwrap();
        let is_link = |result: Result<FileName>| matches!(result, Err(Error::Symlink { .. }));
        let locked = board.lock(Duration::ZERO).unwrap();
        assert!(is_link(locked.add(&draft("x"))));
        drop(locked);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&board.root, &link).unwrap();
        assert!(matches!(Board::at(link), Err(Error::Symlink { .. })));
    }

    #[test]
    fn what_a_killed_process_left_is_settled() {
        let (_folder, board) = board();
        post(&board, "one");
        put(&board, "_index.json", "{}");
        for left in ["results/.new-abc", ".new-def"] {
            put(&board, left, "half");
        }
        let locked = board.lock(Duration::ZERO).unwrap();
        locked.settle(&Channel::results());
        assert_eq!(atomic::unfinished(&board.root), [] as [PathBuf; 0]);
        assert!(index_of(&board).contains("\"results\": 1"));
        let since = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let found = |time: &str| locked.find(&draft("x"), since(time)).unwrap();
        assert_eq!(found("2026-01-01T00:00:00Z").unwrap().body, "one");
        assert!(found("2999-01-01T00:00:00Z").is_none());
    }

    proptest! {
        #[test]
        fn front_matter_is_yaml(value in "[ -~äß]{1,30}|[0-9]{1,8}|0x1f|1e3|yes|~") {
            let fields = [("author", value.clone()), ("parent", "null".to_owned())];
            let text = front_matter::write(&fields, "body");
            let head = text.split("---\n").nth(1).unwrap();
            let yaml: serde_yaml::Value = serde_yaml::from_str(head).unwrap();
            prop_assert_eq!(yaml["author"].as_str(), Some(value.as_str()));
            prop_assert!(yaml["parent"].is_null());
        }
    }
}
