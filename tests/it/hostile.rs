//! What agents print and name is shown, not obeyed.

use std::fs;

use crate::support::{Terminal, TestRepo};

/// Sequences, controls and marks by which a terminal or a reader is led astray, as printf(1)
/// writes them.
const HOSTILE: &str = r"a\033[2Jb\033]0;title\007c\033]8;;http://x\033\\d\033P1m\033\\e\rf\bg\177h\302\233i\342\200\256j\342\201\246k\342\200\213l\330\234m\377n\363\240\201\201o";

/// Fails where something is left that is not meant to be seen.
#[track_caller]
fn harmless(text: &str) {
    let bad = |c: char| {
        c.is_control() && !"\n\t".contains(c)
            || matches!(
                c,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                    | '\u{e0000}'..='\u{e0fff}'
            )
    };
    assert!(!text.contains(bad), "{text:?}");
}

/// An agent that says, commits, names and posts such things.
fn session() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let bench = [
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--direction",
        "lower",
    ];
    let init = [&["init", "--task", "Go", "--agents", "1"][..], &bench].concat();
    repo.hub(init).ok();
    let session = repo.newest_session();
    let hub = env!("CARGO_BIN_EXE_hub");
    let script = format!(
        "words=$(printf '{HOSTILE}')\n\
         printf '%s\\n' \"$words\"\nprintf '%s\\n' \"$words\" >&2\n\
         echo 100 >p50_ms\n\
         printf x >\"$(printf 'file\\033[31m\\342\\200\\256\\nremoved')\"\n\
         git add --all\n\
         git commit --quiet --message \"$words\"\n\
         '{hub}' board post --channel results --message \"$(printf '{HOSTILE}' | tr -d '\\377')\" >/dev/null\n\
         printf x >\"$(printf 'left\\033[31m\\nremoved')\"\n"
    );
    let script = repo.script("agent.sh", &script);
    repo.hub([
        "spawn",
        &session,
        "--agent-cmd",
        &script,
        "--leftovers",
        "keep",
    ])
    .ok();
    repo.hub(["wait", &session]).ok();
    (repo, session)
}

#[test]
fn whatever_an_agent_says_is_shown() {
    let (repo, session) = session();
    let page = repo.root().join("page.html");
    let page = page.to_str().unwrap();
    for words in [
        &["status"][..],
        &["logs"],
        &["logs", "--stderr"],
        &["logs", "--follow"],
        &["dag"],
        &["dag", "--graph"],
        &["eval", "--report", page],
        &["status"],
        &["events", "--verbose"],
        &["metrics"],
        &["merge", "--dry-run"],
        &["archive", "--dry-run"],
        &["cleanup", "--dry-run"],
    ] {
        let words = words[..1]
            .iter()
            .copied()
            .chain([session.as_str()])
            .chain(words[1..].iter().copied());
        let answer = repo.hub(words).run();
        harmless(&answer.stdout);
        harmless(&answer.stderr);
    }
    harmless(&repo.hub(["board", "read", "results"]).ok().stdout);
    harmless(&repo.hub(["board", "list"]).ok().stdout);
    harmless(&repo.hub(["list"]).ok().stdout);
    harmless(&repo.read(page));
    let logs = repo
        .hub(["logs", &session, "--agent", "agent-1"])
        .ok()
        .stdout;
    assert_eq!(
        logs,
        "a␛[2Jb␛]0;title␇c␛]8;;http://x␛\\d␛P1m␛\\e␍f␈g␡h\u{fffd}i\u{fffd}j\u{fffd}k\u{fffd}l\u{fffd}m\u{fffd}n\u{fffd}o\n"
    );
    assert!(
        repo.hub(["board", "read", "results"])
            .ok()
            .stdout
            .contains("a␛[2Jb␛]0;title␇c")
    );
}

#[test]
fn raw_is_to_the_byte() {
    let (repo, session) = session();
    let log = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1/stdout.log");
    let kept = repo.root().join("kept");
    let file = fs::File::create(&kept).unwrap();
    repo.hub(["logs", &session, "--agent", "agent-1", "--raw"])
        .stdout(file)
        .ok();
    assert_eq!(fs::read(&kept).unwrap(), fs::read(&log).unwrap());
    let raw = repo.hub(["board", "read", "results", "--raw"]).ok().stdout;
    assert!(raw.contains("a\u{1b}[2Jb\u{1b}]0;title\u{7}c"), "{raw:?}");
}

#[test]
fn documents_are_exact() {
    let (repo, session) = session();
    let logs = repo.hub(["logs", &session, "--json"]).json();
    let line = logs["lines"][0]["line"].as_str().unwrap();
    assert!(line.starts_with("a\u{1b}[2Jb"), "{line:?}");
    assert!(
        line.contains('\u{202e}') && line.contains('\u{9b}'),
        "{line:?}"
    );
    let board = repo.hub(["board", "read", "results", "--json"]).json();
    let body = board["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["body"].as_str().unwrap());
    assert!(body.into_iter().any(|body| body.contains('\u{202e}')));
}

/// A sequence is no less one when its bytes come one by one.
#[test]
fn what_comes_in_pieces_is_shown_whole() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let pieces = r"printf '\033'; sleep 0.3; printf '[2J\342'; sleep 0.3; printf '\200'; sleep 0.3; printf '\256 \302'; sleep 0.3; printf '\233 end'";
    let script = repo.script("agent.sh", pieces);
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    let followed = repo
        .hub(["logs", &session, "--agent", "agent-1", "--follow"])
        .ok();
    assert_eq!(followed.stdout, "␛[2J\u{fffd} \u{fffd} end");
}

#[test]
fn on_a_terminal_there_are_hubs_own_styles_alone() {
    let (repo, session) = session();
    for words in [
        &["status", &session][..],
        &["board", "read", "results"],
        &["logs", &session],
    ] {
        let (_, screen) = Terminal::start(repo.hub(words), 100).ends();
        let plain = crate::support::plain(&screen).replace('\r', "");
        harmless(&plain);
        assert!(
            !screen.contains("\u{1b}]0;") && !screen.contains("\u{1b}[2J"),
            "{screen:?}"
        );
    }
}

#[test]
fn a_name_with_a_line_feed_is_one_name() {
    let (repo, session) = session();
    repo.hub(["archive", &session]).ok();
    let refused = repo.hub(["cleanup", &session]).run();
    harmless(&refused.stderr);
    let lines = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        !lines
            .lines()
            .any(|line| line.starts_with("removed\"") || line == "removed"),
        "{lines}"
    );
}
