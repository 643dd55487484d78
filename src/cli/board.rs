//! `hub board`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as Arguments, Subcommand};

use crate::lifecycle::board::{self, PostRequest, ReadRequest, Source};
use crate::lifecycle::{Author, Channel, PostRef, SessionSelector, Since};
use crate::render::{Format, text};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub board list\n  hub board read progress --session latest\n  hub board post --message 'halfway there'\n  hub board reply results/3 --message 'well done'"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the channels
    #[command(visible_alias = "ls", after_help = "Example:\n  hub board list")]
    List,
    Read(Read),
    Post(Post),
    Reply(Reply),
}

/// Show the posts of a channel, answers below what they answer
#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub board read results\n  hub board read progress --session latest --author agent-1 --since 10m\n  hub board read results --thread 3"
)]
struct Read {
    /// The channel: dispatch, progress, results
    channel: Channel,
    /// Only posts of this session: its id, the beginning of it, or latest
    #[arg(long)]
    session: Option<SessionSelector>,
    /// Only posts of this author
    #[arg(long)]
    author: Option<Author>,
    /// Only posts from this time on: 2026-03-17T14:30:22Z, or so long ago: 90s, 10m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only this post and what answers it: its number or its file
    #[arg(long, value_name = "POST")]
    thread: Option<PostRef>,
    /// What posts say as it is; else markdown is drawn on a terminal, and what a terminal would
    /// obey is shown
    #[arg(long)]
    raw: bool,
}

/// Add a post
///
/// An agent that hub runs need not say who it is, nor for which session.
#[derive(Debug, Arguments)]
#[command(
    override_usage = "hub board post [OPTIONS] <--message <TEXT>|--file <FILE>|->",
    after_help = "Examples:\n  hub board post --message 'the tests are green'\n  make report | hub board post --channel results -"
)]
struct Post {
    /// The channel: dispatch, progress, results [default: progress]
    #[arg(long)]
    channel: Option<Channel>,
    #[command(flatten)]
    words: Words,
}

/// Answer a post
#[derive(Debug, Arguments)]
#[command(
    override_usage = "hub board reply [OPTIONS] <--message <TEXT>|--file <FILE>|-> <POST>",
    after_help = "Examples:\n  hub board reply results/3 --message 'which input was that?'\n  hub board reply 003-agent-1-20260317T143510Z --file answer.md"
)]
struct Reply {
    /// The post: its number or its file, where needed with the channel before it
    post: PostRef,
    /// The channel in which it is [default: the one that has such a post]
    #[arg(long)]
    channel: Option<Channel>,
    #[command(flatten)]
    words: Words,
}

/// What is said, and by whom
#[derive(Debug, Arguments)]
struct Words {
    /// Who says it [default: the agent that hub runs, or the user]
    #[arg(long)]
    author: Option<Author>,
    /// The session that it belongs to [default: the agent's; for an answer, that of its post]
    #[arg(long)]
    session: Option<SessionSelector>,
    #[command(flatten)]
    message: Message,
}

#[derive(Debug, Arguments)]
#[group(required = true, multiple = false)]
struct Message {
    /// What to say: markdown
    #[arg(
        short = 'm',
        long = "message",
        value_name = "TEXT",
        allow_hyphen_values = true
    )]
    text: Option<String>,
    /// A file with what to say; - is stdin
    #[arg(short = 'F', long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What to say is read from stdin
    #[arg(value_name = "-", value_parser = ["-"], hide_possible_values = true)]
    stdin: Option<String>,
}

impl Message {
    fn source(self) -> Source {
        match (self.text, self.file) {
            (Some(text), _) => Source::Text(text),
            (None, Some(file)) => Source::File(file),
            // The parser lets nothing else through.
            (None, None) => Source::File(self.stdin.unwrap_or_default().into()),
        }
    }
}

pub fn run(args: Args, global: &Global) -> Outcome {
    // Nothing here is left half done: a Ctrl-C ends it, also while it reads stdin.
    let hub = global.open_uninterrupted()?;
    let output = global.output();
    match args.command {
        Command::List => output.answer(&board::list(&hub)?, text::board_list)?,
        Command::Read(args) => {
            let request = ReadRequest {
                channel: args.channel,
                session: args.session,
                author: args.author,
                since: args.since,
                thread: args.thread,
            };
            let report = board::read(&hub, &request)?;
            if args.raw && output.format() == Format::Text {
                output.exact(&text::board_raw(&report))?;
            } else {
                output.answer(&report, text::board_read)?;
            }
        }
        Command::Post(args) => {
            let request = request(args.channel, None, args.words);
            output.answer(&board::post(&hub, &request)?, text::posted)?;
        }
        Command::Reply(args) => {
            let request = request(args.channel, Some(args.post), args.words);
            output.answer(&board::post(&hub, &request)?, text::posted)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn request(channel: Option<Channel>, parent: Option<PostRef>, words: Words) -> PostRequest {
    PostRequest {
        channel,
        author: words.author,
        session: words.session,
        parent,
        message: words.message.source(),
    }
}
