//! `hub board`: lists the channels, shows their posts, adds posts and answers.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::board::{Author, Channel, Draft, FileName, Message, Post, PostRef, thread};
use crate::domain::id::{BadName, SessionId, SessionSelector};
use crate::domain::outbox::Request;
use crate::domain::report::{
    BoardListReport, BoardReadReport, ListedChannel, PostedReport, ReadPost, ShortPost,
};
use crate::domain::since::Since;
use crate::domain::text::first_few;
use crate::store::{self, Board, StoredSession, current_user};

use super::error::{Error, Result};
use super::hub::Hub;
use super::outbox;

/// The channels with the number of their posts.
///
/// # Errors
/// When the board cannot be read.
pub fn list(hub: &Hub) -> Result<BoardListReport> {
    let board = hub.dir.board()?;
    let mut channels = Vec::new();
    for channel in board.channels()? {
        let files = board.files(&channel)?;
        channels.push(ListedChannel {
            posts: files.len(),
            last: files.last().map(|file| file.as_str().to_owned()),
            channel,
        });
    }
    Ok(BoardListReport { channels })
}

/// Which posts of a channel to show; all where nothing is asked for.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The channel.
    pub channel: Channel,
    /// Only those of a session.
    pub session: Option<SessionSelector>,
    /// Only those of an author.
    pub author: Option<Author>,
    /// Only those that are not older.
    pub since: Option<Since>,
    /// Only this post and what answers it.
    pub thread: Option<PostRef>,
}

/// Reads a channel. A post that cannot be read is told of and passed over.
///
/// # Errors
/// When there is no such channel, session or post, or the channel cannot be read.
pub fn read(hub: &Hub, request: &ReadRequest) -> Result<BoardReadReport> {
    let board = hub.dir.board()?;
    let channel = &request.channel;
    check_channel(&board, channel)?;
    let (mut posts, unread) = board.posts(channel)?;
    for unread in unread {
        hub.warn(format!(
            "{} is passed over: {}",
            unread.path.display(),
            unread.error
        ));
    }
    if let Some(wanted) = &request.thread {
        let root = find_in(channel, wanted, posts.iter().map(|post| &post.file))?;
        let place = posts
            .iter()
            .position(|post| post.file == root)
            .unwrap_or_default();
        let within = thread::below(&posts, place);
        posts = within
            .into_iter()
            .filter_map(|place| posts.get(place).cloned())
            .collect();
    }
    let session = session_of(hub, request.session.as_ref(), &posts)?;
    let since = request.since.map(|since| since.from(hub.now()));
    posts.retain(|post| {
        let metadata = &post.metadata;
        let author = request.author.as_ref().map(Author::as_str);
        session
            .as_deref()
            .is_none_or(|id| metadata.session.as_deref() == Some(id))
            && author.is_none_or(|author| metadata.author.as_deref() == Some(author))
            && since.is_none_or(|since| metadata.timestamp.is_some_and(|time| time >= since))
    });
    Ok(BoardReadReport {
        channel: channel.clone(),
        posts: shown(&board, channel, posts),
    })
}

/// The session that is meant. One whose folder is gone is known by its posts.
fn session_of(
    hub: &Hub,
    selector: Option<&SessionSelector>,
    posts: &[Post],
) -> Result<Option<String>> {
    let Some(selector) = selector else {
        return Ok(None);
    };
    let by_posts = |id: &String| {
        let mut sessions = posts.iter().map(|post| post.metadata.session.as_ref());
        sessions.any(|session| session == Some(id))
    };
    match hub.dir.find(selector) {
        Ok(id) => Ok(Some(id.to_string())),
        Err(error @ store::Error::NoSession { .. }) => {
            let id = Some(selector.to_string()).filter(by_posts);
            id.map(Some).ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn shown(board: &Board, channel: &Channel, posts: Vec<Post>) -> Vec<ReadPost> {
    let parents = thread::parents(&posts);
    let mut depths = vec![0; posts.len()];
    for (place, depth) in thread::threads(&parents) {
        if let Some(slot) = depths.get_mut(place) {
            *slot = depth;
        }
    }
    let files: Vec<FileName> = posts.iter().map(|post| post.file.clone()).collect();
    let rows = posts.into_iter().zip(parents).zip(depths);
    rows.map(|((post, parent), depth)| ReadPost {
        path: board.post_file(channel, &post.file),
        file: post.file.as_str().to_owned(),
        metadata: post.metadata,
        body: post.body,
        answers: parent
            .and_then(|place| files.get(place))
            .map(|file| file.as_str().to_owned()),
        depth,
    })
    .collect()
}

/// What somebody has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// These words.
    Text(String),
    /// What is in a file; `-` is stdin.
    File(PathBuf),
}

/// A post that somebody wants on the board.
#[derive(Clone, Debug)]
pub struct PostRequest {
    /// Where it goes; `progress` where that is not said, for an answer where its post is.
    pub channel: Option<Channel>,
    /// Who says it; the agent that runs hub, or else the user.
    pub author: Option<Author>,
    /// Which session it belongs to; that of the agent that runs hub.
    pub session: Option<SessionSelector>,
    /// The post that it answers.
    pub parent: Option<PostRef>,
    /// What it says.
    pub message: Source,
}

/// Adds a post to the board.
///
/// # Errors
/// When it says nothing, or there is no such channel, session or post, or the board cannot be
/// written: then there is no new post.
pub fn post(hub: &Hub, request: &PostRequest) -> Result<PostedReport> {
    let around = Surroundings::look(hub);
    let message = message(hub, &request.message)?;
    if let Some(folder) = outbox::folder().filter(|_| around.here) {
        // An agent behind walls cannot write the board; whoever watches it can.
        let asked = Request {
            channel: request.channel.clone(),
            parent: request.parent.as_ref().map(ToString::to_string),
            author: request.author.clone(),
            message: message.as_str().to_owned(),
        };
        return outbox::ask(hub, &folder, &asked);
    }
    let author = match request.author.clone().or(around.author) {
        Some(author) => author,
        None => current_user().as_str().parse()?,
    };
    let session = match (&request.session, &request.parent) {
        (Some(selector), _) => Some(hub.dir.find(selector)?),
        // An answer belongs to where what it answers belongs.
        (None, Some(parent)) => {
            let board = hub.dir.board()?;
            let (channel, parent) = find(&board, request.channel.as_ref(), parent)?;
            let of_parent = board.head(&channel, &parent)?.metadata.session;
            let of_parent = of_parent.and_then(|session| session.parse().ok());
            of_parent.or(around.session)
        }
        (None, None) => around.session,
    };
    let place = Place {
        channel: request.channel.clone(),
        parent: request.parent.clone(),
        author,
        session,
    };
    add(hub, &place, message, hub.settings.lock_timeout())
}

/// Whose post goes where.
pub(super) struct Place {
    /// The channel; `progress` where that is not said, for an answer where its post is.
    pub channel: Option<Channel>,
    /// The post that it answers.
    pub parent: Option<PostRef>,
    /// Who says it.
    pub author: Author,
    /// Which session it belongs to.
    pub session: Option<SessionId>,
}

/// Adds a post; others who post are waited for as long as `limit`.
pub(super) fn add(
    hub: &Hub,
    place: &Place,
    message: Message,
    limit: Duration,
) -> Result<PostedReport> {
    let board = hub.dir.board()?;
    let (channel, parent) = match &place.parent {
        Some(parent) => {
            let (channel, parent) = find(&board, place.channel.as_ref(), parent)?;
            (channel, Some(parent))
        }
        None => (place.channel.clone().unwrap_or(Channel::progress()), None),
    };
    check_channel(&board, &channel)?;
    let draft = Draft {
        channel,
        author: place.author.clone(),
        session: place.session.clone(),
        parent: parent.map(|file| file.stem().to_owned()),
        about: None,
        message,
    };
    hub.dir.create()?;
    let file = board.lock(limit)?.add(&draft)?;
    report(&board, draft.channel, &file)
}

fn report(board: &Board, channel: Channel, file: &FileName) -> Result<PostedReport> {
    let post = board.head(&channel, file)?;
    Ok(PostedReport {
        path: board.post_file(&channel, file),
        channel,
        file: file.as_str().to_owned(),
        metadata: post.metadata,
    })
}

/// A post that somebody else has added.
pub(super) fn posted(hub: &Hub, channel: &Channel, file: &str) -> Result<PostedReport> {
    let board = hub.dir.board()?;
    let files = board.files(channel)?;
    let found = files.iter().find(|known| known.as_str() == file);
    let found = found.ok_or_else(|| Error::NoPost {
        wanted: format!("{channel}/{file}"),
    })?;
    report(&board, channel.clone(), found)
}

/// What the environment says of whoever runs hub: for an agent its name and its session.
struct Surroundings {
    /// Whether that is of this repository.
    here: bool,
    author: Option<Author>,
    session: Option<SessionId>,
}

impl Surroundings {
    fn look(hub: &Hub) -> Self {
        let dir = std::env::var_os("HUB_DIR").map(PathBuf::from);
        // An agent may look into another repository; there it is a guest.
        let here = dir.is_none_or(|dir| same(&dir, hub.dir.path()));
        let text = |name| std::env::var(name).ok().filter(|_| here);
        let session = text("HUB_SESSION").and_then(|session| session.parse().ok());
        let author = text("HUB_AGENT").and_then(|agent| agent.parse().ok());
        Self {
            here,
            author,
            session,
        }
    }
}

fn same(one: &Path, other: &Path) -> bool {
    one == other
        || one
            .canonicalize()
            .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn message(hub: &Hub, source: &Source) -> Result<Message> {
    const LONGEST: u64 = 2 * Message::LONGEST as u64;
    let (name, text) = match source {
        Source::Text(text) => return Ok(Message::new(text)?),
        Source::File(file) if file == Path::new("-") => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().take(LONGEST).read_to_end(&mut bytes);
            read.map_err(Error::io("read", "stdin"))?;
            ("stdin".to_owned(), bytes)
        }
        Source::File(file) => {
            let path = hub.folder().join(file);
            let mut bytes = Vec::new();
            std::fs::File::open(&path)
                .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
                .map_err(Error::io("read", &path))?;
            (path.display().to_string(), bytes)
        }
    };
    let text = String::from_utf8(text)
        .map_err(|_| BadName::new("a message", &name, "what is in it is not UTF-8"))?;
    Ok(Message::new(&text)?)
}

/// Refuses a channel that the board does not have: most likely its name was mistyped.
fn check_channel(board: &Board, channel: &Channel) -> Result<()> {
    let known = board.channels()?;
    if known.contains(channel) {
        return Ok(());
    }
    Err(Error::NoChannel {
        channel: channel.clone(),
        known: first_few(known.iter()),
        path: board.path().join(channel.as_str()),
    })
}

/// The one post that is meant, in the channel that is named or in any.
fn find(board: &Board, channel: Option<&Channel>, wanted: &PostRef) -> Result<(Channel, FileName)> {
    if let Some(channel) = channel.or(wanted.channel.as_ref()) {
        check_channel(board, channel)?;
        let files = board.files(channel)?;
        let file = find_in(channel, wanted, files.iter())?;
        return Ok((channel.clone(), file));
    }
    let mut found = Vec::new();
    for channel in board.channels()? {
        let files = board.files(&channel)?;
        let fits = wanted.find(files.iter());
        found.extend(fits.into_iter().map(|file| (channel.clone(), file.clone())));
    }
    only(found, wanted)
}

/// The one post that is meant among those of a channel.
fn find_in<'f>(
    channel: &Channel,
    wanted: &PostRef,
    files: impl Iterator<Item = &'f FileName> + Clone,
) -> Result<FileName> {
    if wanted
        .channel
        .as_ref()
        .is_some_and(|named| named != channel)
    {
        let why = "it names another channel than the one that is asked for";
        return Err(BadName::new("a post", &wanted.to_string(), why).into());
    }
    let found = wanted.find(files);
    let found = found
        .into_iter()
        .map(|file| (channel.clone(), file.clone()));
    only(found.collect(), wanted).map(|(_, file)| file)
}

fn only(mut found: Vec<(Channel, FileName)>, wanted: &PostRef) -> Result<(Channel, FileName)> {
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Error::NoPost {
            wanted: wanted.to_string(),
        }),
        (Some(last), false) => {
            found.push(last);
            let names = found
                .iter()
                .map(|(channel, file)| format!("{channel}/{}", file.stem()));
            Err(Error::AmbiguousPost {
                wanted: wanted.to_string(),
                matches: first_few(names),
            })
        }
    }
}

/// The last posts that belong to a session, oldest first.
///
/// They are looked for among the newest of each channel that are not older than the session.
pub(super) fn latest(hub: &Hub, stored: &StoredSession, count: usize) -> Result<Vec<ShortPost>> {
    const NEWEST: usize = 1000;
    let board = hub.dir.board()?;
    let mut found = Vec::new();
    for channel in board.channels()? {
        let files = board.files(&channel)?;
        let later = |file: &&FileName| {
            file.time()
                .is_none_or(|time| time >= stored.session.created)
        };
        let id = Some(stored.config.session_id.as_str());
        let posts = files
            .iter()
            .rev()
            .take(NEWEST)
            .filter(later)
            .filter_map(|file| board.head(&channel, file).ok())
            .filter(|post| post.metadata.session.as_deref() == id);
        let posts: Vec<Post> = posts.take(count).collect();
        found.extend(posts.into_iter().rev());
    }
    found.sort_by_key(|post| post.metadata.timestamp);
    let older = found.len().saturating_sub(count);
    let shown = found.into_iter().skip(older);
    Ok(shown.map(short).collect())
}

fn short(post: Post) -> ShortPost {
    // All prompts begin alike; what tells them apart is whose they are.
    let about = post.metadata.about.clone();
    let about = about.filter(|_| post.metadata.channel == Channel::dispatch());
    ShortPost {
        line: about.unwrap_or_else(|| post.first_line().to_owned()),
        channel: post.metadata.channel,
        file: post.file.as_str().to_owned(),
        author: post.metadata.author,
        timestamp: post.metadata.timestamp,
    }
}
