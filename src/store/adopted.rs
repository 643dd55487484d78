//! Posts that come from another board: with an imported session.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::board::{Author, Channel, FileName, Post, front_matter};

use super::atomic;
use super::board::{Board, LockedBoard};
use super::error::{Error, Result};

/// How posts were taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// How many were put on the board.
    pub posts: usize,
    /// How many of them have another number than where they come from.
    pub renumbered: usize,
}

/// A post that is to be put on the board.
struct Coming {
    channel: Channel,
    from: FileName,
    to: FileName,
    text: String,
    /// Whether it is on the board already.
    there: bool,
}

impl LockedBoard<'_> {
    /// Puts the posts of another board, a folder for each channel, on this one. One keeps its
    /// name where its number is free, and gets the next number else; one that is here already,
    /// under whatever number, is not written again.
    ///
    /// # Errors
    /// When the system refuses. Once more goes on with it.
    pub fn adopt(&self, other: &Path) -> Result<Adopted> {
        let other = Board::at(other.to_path_buf())?;
        let mut coming = Vec::new();
        for channel in other.channels()? {
            self.foresee(&other, &channel, &mut coming)?;
        }
        let stem = |file: &FileName| file.stem().to_owned();
        let names = coming.iter().map(|one| (stem(&one.from), stem(&one.to)));
        let names: BTreeMap<String, String> = names.filter(|(from, to)| from != to).collect();
        let mut adopted = Adopted::default();
        for one in coming.iter().filter(|one| !one.there) {
            let path = self.board.post_file(&one.channel, &one.to);
            let number = (one.from != one.to).then(|| one.to.number()).flatten();
            let text = readdressed(&one.text, number, &names);
            if let Some(folder) = path.parent() {
                atomic::make_folder(folder)?;
            }
            if atomic::create_new(&path, text.as_bytes())? {
                adopted.posts += 1;
                adopted.renumbered += usize::from(one.from != one.to);
            }
        }
        let channels: BTreeSet<&Channel> = coming.iter().map(|one| &one.channel).collect();
        for channel in channels {
            let files = self.board.files(channel)?;
            if let Some(last) = files.iter().filter_map(FileName::number).max() {
                self.note(self.board.index(), channel, last);
            }
        }
        Ok(adopted)
    }

    /// The names that the posts of one channel get.
    fn foresee(&self, other: &Board, channel: &Channel, coming: &mut Vec<Coming>) -> Result<()> {
        self.sweep(channel);
        let mut here = self.board.files(channel)?;
        for from in other.files(channel)? {
            let post = other.read(channel, &from)?;
            let path = other.post_file(channel, &from);
            let bytes = beneath::read(&path).map_err(Error::io("read", &path))?;
            let same = self.same(channel, &here, &post);
            let there = same.is_some();
            let to = same.unwrap_or_else(|| free_name(&here, &post));
            here.push(to.clone());
            coming.push(Coming {
                channel: channel.clone(),
                from,
                to,
                text: String::from_utf8_lossy(&bytes).into_owned(),
                there,
            });
        }
        Ok(())
    }

    /// The file that says the same as a post.
    fn same(&self, channel: &Channel, here: &[FileName], post: &Post) -> Option<FileName> {
        let told = |post: &Post| {
            let meta = &post.metadata;
            let (author, session) = (meta.author.clone(), meta.session.clone());
            (
                author,
                meta.timestamp,
                session,
                meta.about.clone(),
                post.body.clone(),
            )
        };
        let may_be = |file: &&FileName| {
            (file.author(), file.time()) == (post.file.author(), post.file.time())
        };
        let mut files = here.iter().filter(may_be);
        let same = files.find(|file| {
            let found = self.board.read(channel, file);
            found.is_ok_and(|found| told(&found) == told(post))
        });
        same.cloned()
    }
}

/// Its own name where nobody has its number, else one with the next number.
fn free_name(here: &[FileName], post: &Post) -> FileName {
    let number = post.file.number();
    let taken = |file: &FileName| {
        file.as_str() == post.file.as_str() || number.is_some() && file.number() == number
    };
    if !here.iter().any(taken) {
        return post.file.clone();
    }
    let last = here.iter().filter_map(FileName::number).max();
    let author = post.metadata.author.as_deref();
    let author: Option<Author> = author.and_then(|author| author.parse().ok());
    let time = post
        .metadata
        .timestamp
        .unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    let next = last.unwrap_or_default().saturating_add(1);
    FileName::new(next, &author.unwrap_or_else(Author::hub), time)
}

/// A post's text with the number and the parent that it has here.
fn readdressed(text: &str, number: Option<u32>, names: &BTreeMap<String, String>) -> String {
    let (fields, _) = front_matter::read(text);
    let parent = fields.iter().find(|(name, _)| name == "parent");
    let parent = parent.and_then(|(_, value)| names.get(FileName::parse(value).stem()));
    if fields.is_empty() || number.is_none() && parent.is_none() {
        return text.to_owned();
    }
    // Between the two fences; the first line is one.
    let mut fences = 0;
    let mut lines = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        fences += usize::from(line.trim_start_matches('\u{feff}').trim_end() == "---");
        let new = match (line.split_once(':'), number, parent) {
            (Some(("sequence", _)), Some(number), _) => Some(format!("sequence: {number}\n")),
            (Some(("parent", _)), _, Some(parent)) => Some(format!("parent: {parent}\n")),
            _ => None,
        };
        match new.filter(|_| fences == 1) {
            Some(new) => lines.push_str(&new),
            None => lines.push_str(line),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    fn post(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        atomic::replace(&path, text.as_bytes()).unwrap();
    }

    fn text(author: &str, sequence: u32, parent: &str, body: &str) -> String {
        format!(
            "---\nauthor: {author}\ntimestamp: 2026-03-17T14:35:10+00:00\nchannel: results\n\
             sequence: {sequence}\nparent: {parent}\nsession: 20260317-143022\n---\n\n{body}\n"
        )
    }

    const ADA: &str = "results/001-ada-20260317T143510Z.md";
    const BOB: &str = "results/002-bob-20260317T143510Z.md";

    fn other(folder: &Path) {
        post(folder, ADA, &text("ada", 1, "null", "sequence: 1"));
        let answer = text("bob", 2, "001-ada-20260317T143510Z", "yes");
        post(folder, BOB, &answer);
    }

    #[test]
    fn posts_keep_their_bytes_where_their_numbers_are_free() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        other(there.path());
        let board = Board::at(here.path().join("board")).unwrap();
        for posts in [2, 0] {
            let locked = board.lock(Duration::ZERO).unwrap();
            let adopted = locked.adopt(there.path()).unwrap();
            assert_eq!(
                adopted,
                Adopted {
                    posts,
                    renumbered: 0
                }
            );
        }
        for name in [ADA, BOB] {
            let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
            assert_eq!(read(board.path()), read(there.path()));
        }
        assert!(!board.is_index_behind(&Channel::results()));
    }

    #[test]
    fn where_numbers_are_taken_posts_get_the_next_and_answers_follow() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        other(there.path());
        let root = here.path().join("board");
        post(&root, "results/001-eve-20260101T000000Z.md", "another");
        let board = Board::at(root.clone()).unwrap();
        for posts in [2, 0] {
            let locked = board.lock(Duration::ZERO).unwrap();
            let adopted = locked.adopt(there.path()).unwrap();
            assert_eq!((adopted.posts, adopted.renumbered), (posts, posts));
        }
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        let first = read("results/002-ada-20260317T143510Z.md");
        assert_eq!(first, text("ada", 2, "null", "sequence: 1"));
        let answer = read("results/003-bob-20260317T143510Z.md");
        assert_eq!(answer, text("bob", 3, "002-ada-20260317T143510Z", "yes"));
        assert_eq!(board.files(&Channel::results()).unwrap().len(), 3);
    }
}
