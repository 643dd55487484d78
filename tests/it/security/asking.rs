//! An agent behind walls posts through its supervisor, as itself.

use serde_json::Value;

use crate::support::TestRepo;

use super::{Held, enforced};

const HUB: &str = env!("CARGO_BIN_EXE_hub");

fn posts(repo: &TestRepo, channel: &str) -> Vec<Value> {
    let read = repo.hub(["board", "read", channel, "--json"]).json();
    let posts = read["posts"].as_array().unwrap().iter();
    let posts = posts.filter(|post| post["metadata"]["author"] != "hub");
    posts.cloned().collect()
}

#[test]
fn posts_and_answers_come_to_the_board_in_its_own_name() {
    for level in ["low", "high", "maximum"] {
        if !enforced(level) {
            continue;
        }
        let script = format!(
            "{HUB} board post --message 'half way' --json\n\
             echo 'from stdin' | {HUB} board post --channel results --file - >/dev/null\n\
             {HUB} board reply results/1 --message 'well done' >/dev/null || echo no reply\n\
             {HUB} board read dispatch --session $HUB_SESSION | head -1 >/dev/null && echo read\n"
        );
        let held = Held::run(&script, &["--security", level]);
        let printed = held.printed();
        let mut documents = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
        let document = documents.next().map(Result::unwrap);
        let document = document.unwrap_or_else(|| panic!("{level}: {}", held.complaints()));
        let rest = &printed[documents.byte_offset()..];
        assert_eq!(document["metadata"]["author"], "agent-1", "{level}");
        assert!(
            rest.contains("read") && !rest.contains("no reply"),
            "{level}: {rest}"
        );
        let progress = posts(&held.repo, "progress");
        assert_eq!(progress.len(), 1, "{level}: {progress:?}");
        let metadata = &progress[0]["metadata"];
        assert_eq!(metadata["author"], "agent-1");
        assert_eq!(metadata["session"], held.session.as_str());
        let results = posts(&held.repo, "results");
        assert!(results[0]["body"].as_str().unwrap().contains("from stdin"));
        assert!(results[1]["answers"].is_string(), "{level}: {results:?}");
        assert_eq!(held.told("denied"), [] as [Value; 0]);
    }
}

#[test]
fn nobody_posts_in_the_name_of_another_and_the_journal_tells_of_it() {
    if !enforced("high") {
        return;
    }
    let script = format!("{HUB} board post --author ada --message 'I am Ada' >/dev/null\n");
    let held = Held::run(&script, &["--security", "high"]);
    let posted = posts(&held.repo, "progress");
    assert_eq!(posted.len(), 1, "{}", held.complaints());
    assert_eq!(posted[0]["metadata"]["author"], "agent-1");
    let denied = held.told("denied");
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(denied[0]["agent"], "agent-1");
    assert_eq!(denied[0]["denied"], "a post in the name of ada");
}

#[test]
fn what_is_no_request_is_refused_and_does_nothing() {
    if !enforced("high") {
        return;
    }
    let script = "cd \"$HUB_OUTBOX\"\n\
        echo '{\"message\":\"x\",\"session\":\"20200101-000000\"}' >one.request\n\
        mkdir two.request\n\
        head -c 300000 /dev/zero >long; mv long three.request\n\
        ln -s /etc/passwd four.request 2>/dev/null && echo linked\n\
        while set -- *.request; test \"$1\" != '*.request'; do sleep 0.1; done\n\
        cat one.answer two.answer three.answer\n";
    let held = Held::run(script, &["--security", "high", "--timeout", "60s"]);
    let printed = held.printed();
    assert_eq!(
        printed.matches("Refused").count(),
        3,
        "{printed}{}",
        held.complaints()
    );
    assert!(!printed.contains("linked"), "{printed}");
    assert_eq!(posts(&held.repo, "progress"), [] as [Value; 0]);
    assert_eq!(held.told("denied").len(), 3);
}

#[test]
fn a_channel_that_is_not_there_is_told_as_without_walls() {
    if !enforced("high") {
        return;
    }
    let script = format!("{HUB} board post --channel rumours --message x; echo $?\n");
    let held = Held::run(&script, &["--security", "high"]);
    assert_eq!(held.printed(), "3\n", "{}", held.complaints());
    let complaints = held.complaints();
    assert!(
        complaints.contains("the board has no channel rumours"),
        "{complaints}"
    );
    assert!(complaints.contains("hint: "), "{complaints}");
}
