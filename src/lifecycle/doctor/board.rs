//! The board: its index, its channels, its posts.

use crate::domain::board::Channel;
use crate::domain::report::{Danger, FindingCode};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{self, Board};

use super::found::Found;
use super::settings;
use super::view::View;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let board = match view.hub.dir.board() {
        Ok(board) => board,
        Err(error) => return vec![linked(&error)],
    };
    if !board.path().exists() {
        return Vec::new();
    }
    let channels = match board.channels() {
        Ok(channels) => channels,
        Err(error) => return vec![unread(&error)],
    };
    let mut found = Vec::new();
    let mut behind = Vec::new();
    for channel in channels {
        match board.unreadable(&channel) {
            Ok(unreadable) => found.extend(
                unreadable
                    .iter()
                    .map(|one| unread(&one.error).at(&one.path)),
            ),
            Err(error @ store::Error::Symlink { .. }) => found.push(linked(&error)),
            Err(error) => found.push(unread(&error)),
        }
        if board.is_index_behind(&channel) {
            behind.push(channel);
        }
    }
    found.extend(index(&board, behind));
    found
}

fn linked(error: &store::Error) -> Found {
    let found = settings::linked(error);
    match error {
        store::Error::Symlink { path } | store::Error::Io { path, .. } => found.at(path),
        _ => found,
    }
}

fn unread(error: &store::Error) -> Found {
    let found = Found::a(FindingCode::UnreadPost, error.to_string()).because(
        "its mode was changed, or the disk is broken",
        Danger::Misleading,
        "`hub board read` shows the channel without it",
    );
    found.hint("make it readable for you")
}

/// An index that counts less than there is, or cannot be read.
fn index(board: &Board, behind: Vec<Channel>) -> Option<Found> {
    let damaged = board.index_problem();
    let what = match (&damaged, behind.as_slice()) {
        (Some(error), _) => error.to_string(),
        (None, [channel, ..]) => format!("it counts fewer posts than there are in {channel}"),
        (None, []) => return None,
    };
    let found = Found::a(FindingCode::BoardIndex, what).because(
        "hub was killed after a post, or another tool wrote the index",
        Danger::None,
        "hub numbers by the names of the files; an older tool may give a number twice",
    );
    let found = found.at(board.index_file());
    Some(match damaged {
        None => found.cured("counts the posts that are there", move |hub| {
            count(hub, &behind)
        }),
        Some(_) => found.hint("move it away; the next post makes it anew"),
    })
}

fn count(hub: &Hub, channels: &[Channel]) -> Result<()> {
    let board = hub.dir.board()?;
    let locked = board.lock(hub.settings.lock_timeout())?;
    for channel in channels {
        locked.settle(channel);
    }
    Ok(())
}
