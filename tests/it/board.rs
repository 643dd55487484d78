//! `hub board`: posts of people, of agents and of hub itself; boards that others wrote.

mod announced;
mod concurrent;
mod older;
mod reading;
mod refused;
mod writing;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Hub, TestRepo};

fn board(repo: &TestRepo) -> PathBuf {
    repo.hub_dir().join("board")
}

/// The posts of a channel, as a script reads them.
fn posts(repo: &TestRepo, channel: &str) -> Vec<Value> {
    let read = repo.hub(["board", "read", channel, "--json"]).json();
    read["posts"].as_array().unwrap().clone()
}

fn bodies(posts: &[Value]) -> Vec<&str> {
    let body = |post: &Value| post["body"].as_str().map(|_| ());
    assert!(posts.iter().all(|post| body(post).is_some()));
    posts
        .iter()
        .map(|post| post["body"].as_str().unwrap())
        .collect()
}

/// What the posts are about, where hub wrote them.
fn abouts(posts: &[Value]) -> Vec<&str> {
    let abouts = posts.iter().map(|post| &post["metadata"]["about"]);
    abouts.filter_map(Value::as_str).collect()
}

/// A post of somebody's.
fn says(repo: &TestRepo, author: &str, channel: &str, text: &str) -> String {
    let words = ["board", "post", "--author", author, "--channel", channel];
    let posted = repo
        .hub(words.iter().chain(&["--message", text, "--json"]))
        .json();
    posted["file"].as_str().unwrap().to_owned()
}

/// `hub` as an agent of a session runs it.
fn as_agent(repo: &TestRepo, session: &str, agent: &str, words: &[&str]) -> Hub {
    repo.hub(words)
        .in_folder(repo.worktree(session, agent))
        .env("HUB_DIR", repo.hub_dir())
        .env("HUB_SESSION", session)
        .env("HUB_AGENT", agent)
}
