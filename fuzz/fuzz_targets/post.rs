//! A post on the board: the name of its file, its front matter, its markdown, and the index.
#![no_main]

use std::sync::OnceLock;

use agenthub::domain::board::{Channel, FileName, Post, PostRef, thread};
use agenthub::domain::report::{BoardReadReport, ReadPost};
use agenthub::render::text::board_read;
use agenthub_fuzz::{Scene, check_harmless};
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let channel = Channel::progress();
    let board = scene.hub.path().join("board");
    let place = board.join(channel.as_str());
    let files = [
        place.join("0001-2026-11-21T10-15-00-agent-1.md"),
        place.join("0002-2026-11-21T10-15-01-agent-2.md"),
        board.join("_index.json"),
    ];
    scene.put(&files, input);
    let board = scene.hub.board().expect("it is a folder");
    let (posts, unread) = board.posts(&channel).expect("it can be read");
    assert!(unread.is_empty(), "any text is a post");
    let _ = (board.channels(), board.is_index_behind(&channel));

    let parents = thread::parents(&posts);
    let threads = thread::threads(&parents);
    assert_eq!(threads.len(), posts.len(), "each post is in a thread");
    let report = BoardReadReport {
        channel: channel.clone(),
        posts: posts.iter().map(read).collect(),
    };
    check_harmless(&board_read(&report));

    let text = String::from_utf8_lossy(input);
    let name = FileName::parse(&text);
    let post = Post::read(&channel, name.clone(), &text, None);
    let _ = post.first_line();
    if let Ok(one) = text.parse::<PostRef>() {
        let _ = one.find([name].iter());
    }
});

fn read(post: &Post) -> ReadPost {
    ReadPost {
        file: post.file.as_str().to_owned(),
        metadata: post.metadata.clone(),
        body: post.body.clone(),
        answers: None,
        depth: 0,
        path: "post.md".into(),
    }
}
