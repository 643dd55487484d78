//! What must hold at any moment, whatever was killed, failed or was done by hand: one function.
//!
//! [`Before`] is what there was to lose. [`check`] asks afterwards whether all of it is still
//! there, whether the repository is whole, and whether `hub` tells the truth. [`check_settled`]
//! asks beside that, when a command has settled what was unfinished, whether nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::Digest;

use super::{TestRepo, Tree};

/// What there is to be lost.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The commits that refs, worktrees and the reflogs of hub's branches keep.
    pub commits: BTreeSet<String>,
    /// Files of worktrees that no commit has: changed ones and untracked ones, by their content.
    files: BTreeMap<PathBuf, String>,
    /// What is staged in a worktree and neither its commit nor its folder has.
    staged: BTreeSet<String>,
}

/// A worktree that is not one of hub's own.
struct Worktree {
    path: PathBuf,
    /// Its administration.
    admin: PathBuf,
}

impl Before {
    /// Everything that is there now.
    pub fn of(repo: &TestRepo) -> Self {
        Self {
            commits: kept_commits(repo),
            files: uncommitted(repo),
            staged: staged(repo),
        }
    }
}

/// The worktrees of a repository but for the checkouts that hub makes for itself.
fn worktrees(repo: &TestRepo) -> Vec<Worktree> {
    let git = repo.path().join(".git");
    let mut found = vec![Worktree {
        path: repo.path(),
        admin: git.clone(),
    }];
    for entry in fs::read_dir(git.join("worktrees")).into_iter().flatten() {
        let admin = entry.unwrap().path();
        // One that is being made or removed may have no link.
        let Ok(link) = fs::read_to_string(admin.join("gitdir")) else {
            continue;
        };
        let path = Path::new(link.trim()).parent().unwrap().to_path_buf();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("scratch") {
            found.push(Worktree { path, admin });
        }
    }
    found
}

/// All commits that a ref, a worktree, or the reflog of one of hub's branches or worktrees keeps.
fn kept_commits(repo: &TestRepo) -> BTreeSet<String> {
    let git = repo.path().join(".git");
    let mut tips = BTreeSet::new();
    for worktree in worktrees(repo) {
        let head = fs::read_to_string(worktree.admin.join("HEAD")).unwrap_or_default();
        tips.insert(head.trim().to_owned());
        if worktree.admin != git {
            named_by(&worktree.admin.join("logs/HEAD"), &mut tips);
        }
    }
    let logs = git.join("logs/refs/heads/hub");
    for path in Tree::read(&logs).paths() {
        named_by(&logs.join(path), &mut tips);
    }
    let is_id = |text: &String| {
        text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !text.is_empty()
            && text.bytes().any(|byte| byte != b'0')
    };
    let mut command = vec!["rev-list".to_owned()];
    command.extend(["--ignore-missing", "--single-worktree", "--all"].map(str::to_owned));
    command.extend(tips.into_iter().filter(is_id));
    let list = repo.git(command);
    list.lines().map(str::to_owned).collect()
}

/// What a reflog names; one that is not there names nothing.
fn named_by(log: &Path, tips: &mut BTreeSet<String>) {
    let text = fs::read_to_string(log).unwrap_or_default();
    for line in text.lines() {
        tips.extend(line.split(' ').take(2).map(str::to_owned));
    }
}

/// The content of every file that is changed or untracked in a worktree, by git's name for it.
fn uncommitted(repo: &TestRepo) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for worktree in worktrees(repo).iter().filter(|one| one.path.is_dir()) {
        let call = ["--no-optional-locks", "status", "--porcelain", "-z"];
        let call = call
            .into_iter()
            .chain(["--untracked-files=all", "--no-renames"]);
        // One whose removal was cut off has lost its link first.
        let Ok(status) = repo.try_git_in(&worktree.path, call) else {
            continue;
        };
        for entry in status.split('\0').filter(|entry| entry.len() > 3) {
            let path = worktree.path.join(&entry[3..]);
            if let Some(content) = content_of(repo, &path) {
                found.insert(path, content);
            }
        }
    }
    found
}

/// The content that the index of a worktree has, and neither its commit nor its folder.
fn staged(repo: &TestRepo) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for worktree in worktrees(repo).iter().filter(|one| one.path.is_dir()) {
        let call = ["diff-index", "--cached", "--no-renames", "-z", "HEAD"];
        let Ok(entries) = repo.try_git_in(&worktree.path, call) else {
            continue;
        };
        // `:100644 100644 <before> <staged> M`, then the path.
        let mut fields = entries.split('\0');
        while let (Some(entry), Some(path)) = (fields.next(), fields.next()) {
            let staged = entry.split(' ').nth(3).unwrap();
            let there = content_of(repo, &worktree.path.join(path));
            if staged.bytes().any(|byte| byte != b'0') && there.as_deref() != Some(staged) {
                found.insert(staged.to_owned());
            }
        }
    }
    found
}

/// git's name for the content of a file; `None` where there is none.
fn content_of(repo: &TestRepo, path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt;

    let meta = fs::symlink_metadata(path).ok()?;
    let bytes = if meta.is_symlink() {
        fs::read_link(path).ok()?.as_os_str().as_bytes().to_vec()
    } else if meta.is_file() {
        fs::read(path).ok()?
    } else {
        return None;
    };
    let sha256 = repo.path().join(".git/config");
    let sha256 = fs::read_to_string(sha256).is_ok_and(|text| text.contains("sha256"));
    if sha256 {
        return Some(repo.git(["hash-object", "--no-filters", path.to_str()?]));
    }
    let id = git2::Oid::hash_object(git2::ObjectType::Blob, &bytes).ok()?;
    Some(id.to_string())
}

/// Whether a journal tells that a commit was given up.
fn is_given_up(repo: &TestRepo, commit: &str) -> bool {
    let sessions = fs::read_dir(repo.hub_dir().join("sessions"));
    sessions.into_iter().flatten().flatten().any(|session| {
        let journal = fs::read_to_string(session.path().join("events.jsonl"));
        let journal = journal.unwrap_or_default();
        let mut lines = journal.lines();
        // What is accepted is kept no longer.
        let accepted = |line: &str| {
            line.contains("\"operation\":\"outside\"") && line.contains("refs/hub/guard/")
        };
        lines.any(|line| {
            let expired = line.contains("\"operation\":\"expire\"");
            (expired || accepted(line)) && line.contains(commit)
        })
    })
}

/// What `hub` says of its sessions.
#[derive(Clone, Debug)]
pub struct Told {
    /// `hub list`.
    pub sessions: Vec<Value>,
    /// `hub status` of each session.
    pub statuses: Vec<Value>,
}

impl Told {
    /// What it says now.
    pub fn now(repo: &TestRepo) -> Self {
        let list = repo.hub(["list", "--json"]).json();
        let sessions = list["sessions"].as_array().unwrap().clone();
        let status = |session: &Value| repo.hub(["status", id_of(session), "--json"]).json();
        Self {
            statuses: sessions.iter().map(status).collect(),
            sessions,
        }
    }
}

/// What must hold at any moment; returns what `hub` said of it.
///
/// # Panics
/// When it does not; the message names what.
#[track_caller]
pub fn check(repo: &TestRepo, before: &Before) -> Told {
    check_kept(repo, before);
    repo.git(["fsck", "--strict", "--no-dangling"]);
    let told = Told::now(repo);
    check_told(repo, &told);
    // Supervisors that are still at work may hold one.
    if repo.processes().is_empty() {
        check_free(&repo.hub_dir());
    }
    told
}

/// What must hold beside that when nothing is unfinished any more: nothing is left over.
///
/// Where a hand has been in one of the worktrees `by_hand`, or has moved a branch of its agent,
/// hub leaves both alone when it takes back what it was making.
///
/// # Panics
/// When it does not; the message names what.
#[track_caller]
pub fn check_settled(repo: &TestRepo, told: &Told, by_hand: &BTreeSet<PathBuf>) {
    for status in &told.statuses {
        assert!(status["unfinished"].is_null(), "{status}");
    }
    check_branches(repo, by_hand);
    check_worktrees(repo, by_hand);
    let refs = repo.path().join(".git/refs");
    for path in Tree::read(&refs).paths() {
        let is_lock = path.extension().is_some_and(|end| end == "lock");
        assert!(!is_lock, "refs/{} is left", path.display());
    }
}

#[track_caller]
fn check_kept(repo: &TestRepo, before: &Before) {
    let now = kept_commits(repo);
    let mut lost: Vec<String> = before.commits.difference(&now).cloned().collect();
    // The one command by which commits go leaves their ids.
    lost.retain(|commit| !is_given_up(repo, commit));
    let shown = |commit: &String| {
        repo.try_git_in(repo.path(), ["log", "-1", "--oneline", commit])
            .unwrap_or_else(|error| error)
    };
    assert!(
        lost.is_empty(),
        "nothing reaches these commits any more:\n{}\n{:#?}",
        lost.iter().map(shown).collect::<Vec<_>>().join("\n"),
        repo.refs()
    );
    let gone = before
        .files
        .iter()
        .filter(|(path, content)| content_of(repo, path).as_ref() != Some(*content));
    let gone: Vec<_> = gone.collect();
    let staged = staged(repo);
    let unstaged: Vec<&String> = before.staged.difference(&staged).collect();
    if gone.is_empty() && unstaged.is_empty() {
        return;
    }
    let objects = repo.git(["rev-list", "--all", "--objects", "--no-object-names"]);
    let objects: BTreeSet<&str> = objects.lines().collect();
    for (path, content) in gone {
        // What somebody has edited is kept beside it by `hub integrate --force`.
        let beside = fs::read_dir(path.parent().unwrap()).into_iter().flatten();
        let mut beside = beside.flatten().map(|entry| entry.path());
        assert!(
            objects.contains(content.as_str())
                || beside.any(|other| content_of(repo, &other).as_ref() == Some(content)),
            "the content of {} is nowhere any more",
            path.display()
        );
    }
    for content in unstaged {
        assert!(
            objects.contains(content.as_str()),
            "{content}, which was staged alone, is nowhere any more"
        );
    }
}

fn id_of(session: &Value) -> &str {
    session["session_id"].as_str().unwrap()
}

/// What `hub` says is what the repository shows, or it says that something is unfinished.
#[track_caller]
fn check_told(repo: &TestRepo, told: &Told) {
    let sessions = &told.sessions;
    let ignored = repo.git(["--no-optional-locks", "status", "--porcelain", ".agenthub"]);
    // The hub directory ignores itself from the moment in which there is something in it.
    assert!(ignored.is_empty() || sessions.is_empty(), "{ignored}");
    for (session, status) in sessions.iter().zip(&told.statuses) {
        let id = id_of(session);
        assert_ne!(session["state"], "corrupt", "{id}");
        assert_eq!(status["state"]["state"], session["state"], "{id}");
        check_journal(repo, id);
        if status["unfinished"].is_null() {
            check_agents(repo, status);
        }
    }
}

/// Each agent's branch, tag and worktree are what `hub status` says.
#[track_caller]
fn check_agents(repo: &TestRepo, status: &Value) {
    let id = status["config"]["session_id"].as_str().unwrap();
    let state = status["state"]["state"].as_str().unwrap();
    let legal = ["init", "running", "evaluating", "merged", "archived"];
    assert!(legal.contains(&state), "{status}");
    let tip = |name: &str| {
        let name = format!("{name}^{{commit}}");
        repo.try_git_in(repo.path(), ["rev-parse", "--quiet", "--verify", &name])
            .ok()
    };
    if state == "init" {
        let stored = status["state"]["agents"].as_object().unwrap();
        assert!(stored.is_empty(), "{status}");
    }
    for agent in status["agents"].as_array().unwrap() {
        let name = agent["agent"].as_str().unwrap();
        let branch = tip(&format!("refs/heads/{}", agent["branch"].as_str().unwrap()));
        let tag = || tip(&format!("refs/tags/hub/archive/{id}/{name}"));
        // Of a merged attempt whose branch is gone the evaluation tells.
        if let Some(kept) = branch.or_else(tag) {
            assert_eq!(agent["commit"], kept, "{name} of {status}");
        }
        if let Some(worktree) = agent["worktree"].as_str() {
            let there = Path::new(worktree).is_dir();
            assert_eq!(agent["missing"], !there, "{worktree} of {status}");
        }
    }
}

/// The journal's lines are whole, numbered 1, 2, 3 … and chained; a line that is cut is the last.
#[track_caller]
pub fn check_journal(repo: &TestRepo, session: &str) {
    let folder = repo.hub_dir().join("sessions").join(session);
    let text = fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let mut previous = Value::Null;
    for (number, line) in (1_u64..).zip(text[..whole].lines()) {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["seq"], number, "{text}");
        assert_eq!(event["previous"], previous, "{text}");
        let hash = sha2::Sha256::digest(line.as_bytes());
        let mut hex = String::new();
        for byte in hash {
            write!(hex, "{byte:02x}").unwrap();
        }
        previous = hex.into();
    }
}

/// Nobody holds a lock of the hub directory: hub is not running.
#[track_caller]
fn check_free(hub_dir: &Path) {
    for path in Tree::read(hub_dir).paths() {
        if path.ends_with(".lock") || path.ends_with(".init.lock") {
            let file = File::open(hub_dir.join(path)).unwrap();
            assert!(file.try_lock().is_ok(), "{} is held", path.display());
        }
    }
}

/// Every branch of hub's belongs to an attempt of a session that is there.
#[track_caller]
fn check_branches(repo: &TestRepo, by_hand: &BTreeSet<PathBuf>) {
    let list = repo.git(["for-each-ref", "--format=%(refname)", "refs/heads/hub/"]);
    for name in list.lines() {
        let parts: Vec<&str> = name.split('/').skip(3).collect();
        let [session, agent, attempt] = parts[..] else {
            panic!("{name} is no attempt's branch");
        };
        let known = known_attempt(repo, session, agent);
        let attempt: u64 = attempt.strip_prefix("attempt-").unwrap().parse().unwrap();
        let by_hand = by_hand.contains(&repo.worktree(session, agent));
        assert!(
            known.is_some_and(|newest| attempt <= newest) || by_hand,
            "no session knows {name}"
        );
    }
}

/// The newest attempt of an agent by its session's state; `None` where that knows neither.
fn known_attempt(repo: &TestRepo, session: &str, agent: &str) -> Option<u64> {
    let folder = repo.hub_dir().join("sessions").join(session);
    let text = fs::read_to_string(folder.join("state.json")).ok()?;
    let state: Value = serde_json::from_str(&text).unwrap();
    state["agents"][agent]["attempt"].as_u64()
}

/// Every worktree and every folder beside the repository belongs to an agent that is there.
#[track_caller]
fn check_worktrees(repo: &TestRepo, by_hand: &BTreeSet<PathBuf>) {
    let root = repo.root().join("repo.hub");
    let in_git = repo.git(["worktree", "list", "--porcelain"]);
    let in_git = in_git
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    let mut found: BTreeSet<PathBuf> = in_git
        .map(PathBuf::from)
        // git forgets one that a hand has removed when it is asked to prune.
        .filter(|path| path.starts_with(&root) && path.exists())
        .collect();
    for session in fs::read_dir(&root).into_iter().flatten().flatten() {
        let entries = fs::read_dir(session.path()).into_iter().flatten().flatten();
        found.extend(entries.map(|entry| entry.path()));
    }
    for path in found {
        let below = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let (session, agent) = below.split_once('/').unwrap();
        assert!(
            known_attempt(repo, session, agent).is_some() || by_hand.contains(&path),
            "no session knows {}",
            path.display()
        );
    }
}
