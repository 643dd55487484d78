//! Whoever reads or writes below the hub directory goes through `beneath`, which follows no link
//! and waits for no pipe. A file that opens something by a road of its own says why.

use super::scanner::{Kind, Token, tokens};
use super::{none, sources};

/// The rooms that have to do with the hub directory or with worktrees.
const ROOMS: [&str; 4] = ["git", "lifecycle", "process", "store"];

/// What follows links, or waits, by `std::fs`; `symlink_metadata` does neither.
const OPENS: [&str; 15] = [
    "canonicalize",
    "copy",
    "create",
    "create_dir",
    "create_dir_all",
    "create_new",
    "hard_link",
    "metadata",
    "open",
    "read",
    "read_dir",
    "read_to_string",
    "remove_dir_all",
    "rename",
    "write",
];

/// Who may, how often, and why.
const ALLOWED: &[(&str, usize, &str)] = &[
    (
        "git/aside.rs",
        5,
        "folders of worktrees, told from others before; they get another name and are not entered",
    ),
    (
        "git/carry.rs",
        4,
        "the main worktree's files: each is looked at first, and no link is followed when it is opened",
    ),
    (
        "git/changes.rs",
        1,
        "an index of hub's own in a folder of its own",
    ),
    ("git/glance.rs", 1, "a folder alone, and no link to one"),
    (
        "git/nested.rs",
        1,
        "folders that were looked at; what is found is only told",
    ),
    (
        "git/private.rs",
        1,
        "git's own configuration files are listed",
    ),
    ("git/reach.rs", 1, "folders of git's own for a branch"),
    (
        "git/records.rs",
        3,
        "git's own folders are listed, and the worktree's when it is no link",
    ),
    ("git/ref_files.rs", 1, "git's own folders are listed"),
    ("git/refs.rs", 3, "git's own folders are listed and flushed"),
    ("git/refs_below.rs", 2, "git's own folders are listed"),
    ("git/waiting.rs", 1, "names and kinds alone"),
    ("git/worktrees.rs", 1, "git's own folders are listed"),
    ("lifecycle/board.rs", 1, "a file that the user names"),
    (
        "lifecycle/comeback.rs",
        1,
        "whether a worktree's place is free",
    ),
    ("lifecycle/demo.rs", 1, "a folder of its own"),
    ("lifecycle/import.rs", 1, "files that the user names"),
    ("lifecycle/messages.rs", 1, "a file that the user names"),
    (
        "lifecycle/metrics.rs",
        1,
        "how much room files take, of which none is opened",
    ),
    ("lifecycle/prompts.rs", 1, "a file that the user names"),
    ("lifecycle/scratch.rs", 1, "names alone"),
    ("lifecycle/strays.rs", 1, "names alone"),
    ("lifecycle/templates.rs", 1, "a file that the user names"),
    (
        "lifecycle/walls.rs",
        4,
        "an agent's temporary folder, and the names in folders of programs",
    ),
    (
        "lifecycle/worktrees.rs",
        2,
        "how large files are, of which none is opened",
    ),
    ("process/census.rs", 3, "/proc"),
    ("process/group.rs", 2, "/proc"),
    (
        "process/idle.rs",
        1,
        "when files changed, of which none is opened",
    ),
    ("process/leftovers.rs", 2, "/proc"),
    ("process/machine.rs", 2, "/proc"),
    ("process/mark.rs", 1, "/proc"),
    ("process/ports.rs", 2, "the user's own folder of locks"),
    ("process/stat.rs", 2, "/proc"),
    ("process/supervisor.rs", 1, "/dev/null"),
    (
        "process/version.rs",
        1,
        "programs that the user has installed",
    ),
    (
        "process/walls/counting.rs",
        9,
        "/proc, and groups of processes that the kernel keeps",
    ),
    ("process/watch.rs", 1, "/proc"),
    (
        "store/accounts.rs",
        1,
        "the system's list of users, and of groups",
    ),
    ("store/access.rs", 1, "which file system it is"),
    ("store/drafts.rs", 2, "files beside git's own"),
    (
        "store/outbox.rs",
        2,
        "a folder that is opened over no link; inside of an agent's walls, what its supervisor wrote",
    ),
    ("store/trust.rs", 1, "the user's own folder"),
];

/// The lines on which a source opens something by itself.
fn openings(source: &str) -> Vec<usize> {
    // Tests make what they look at.
    let code = source
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let tokens = tokens(code);
    let kind = |at: usize| tokens.get(at).map(|token: &Token| &token.kind);
    let is_word = |at: usize, words: &[&str]| match kind(at) {
        Some(Kind::Word(word)) => words.contains(&word.as_str()),
        _ => false,
    };
    let is_mark = |at: usize, mark| kind(at) == Some(&Kind::Mark(mark));
    // Other things than files can be opened, too.
    let has_options = (0..tokens.len()).any(|at| is_word(at, &["OpenOptions", "options"]));
    (2..tokens.len())
        .filter(|at| {
            let by_name = is_word(at - 2, &["fs", "File"])
                && kind(at - 1) == Some(&Kind::Colons)
                && is_word(*at, &OPENS);
            // `OpenOptions::open`
            let by_options = has_options
                && is_mark(at - 1, '.')
                && is_word(*at, &["open"])
                && is_mark(at + 1, '(');
            by_name || by_options
        })
        .map(|at| tokens[at].line)
        .collect()
}

#[test]
fn files_are_opened_where_no_link_leads_astray() {
    let mut findings = Vec::new();
    for source in sources() {
        if !ROOMS.contains(&source.room()) || source.file.ends_with("/tests.rs") {
            continue;
        }
        let found = openings(&source.text);
        let allowed = ALLOWED.iter().find(|(file, ..)| *file == source.file);
        let most = allowed.map_or(0, |(_, most, _)| *most);
        if found.len() != most {
            let lines: Vec<String> = found.iter().map(usize::to_string).collect();
            findings.push(format!(
                "src/{}: {} openings of its own (lines {}), {most} are allowed",
                source.file,
                found.len(),
                lines.join(", ")
            ));
        }
    }
    none(&findings);
    for (file, _, why) in ALLOWED {
        assert!(!why.is_empty(), "{file}");
    }
}

#[test]
fn openings_are_found() {
    for opens in [
        "fn f() { std::fs::read(path); }",
        "fn f() { let file = File::open(path)?; }",
        "fn f() { File::options().read(true)\n.open(path) }",
        "fn f() { fs::rename(a, b) }",
    ] {
        assert_eq!(openings(opens).len(), 1, "{opens}");
    }
    for opens_nothing in [
        "fn f() { beneath::read(path); fs::symlink_metadata(path); file.open_it(); }",
        "// fs::read(path)\nfn f() { \"File::open(path)\"; }",
        "fn f() { let session = draft.open(hub)?; }",
        "fn f() {}\n#[cfg(test)]\nmod tests { fn f() { fs::read(path) } }",
    ] {
        assert_eq!(openings(opens_nothing).len(), 0, "{opens_nothing}");
    }
}
