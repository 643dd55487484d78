//! What was found is settled by a yes, and by nothing else.

use serde_json::Value;

use super::Ran;

fn evil() -> Ran {
    Ran::new("cd $MAIN\necho evil >src/file\ngit branch new")
}

#[test]
fn what_is_accepted_stays_and_is_told_no_more() {
    let ran = evil();
    let doctor = || {
        let found = ran.repo.hub(["doctor", "--json"]).run().json();
        let found = found["findings"].as_array().unwrap().clone();
        found.iter().any(|one| one["code"] == "changed_outside")
    };
    assert!(doctor());
    let accept = ["outside", &ran.session, "--accept"];
    let would = ran.repo.hub(accept.iter().chain(&["--dry-run"])).ok();
    assert!(
        would.stdout.contains("would accept refs/heads/new"),
        "{would}"
    );
    ran.repo.hub(accept.iter().chain(&["new"])).ok();
    assert_eq!(ran.states(), ["accepted", "open"]);
    assert!(doctor());
    ran.repo.hub(accept).ok();
    assert_eq!(ran.states(), ["accepted"]);
    assert!(!doctor());
    assert_eq!(ran.status(), Value::Array(Vec::new()));
    assert_eq!(ran.repo.git(["for-each-ref", "refs/hub/guard"]), "");
    assert_eq!(ran.read("src/file"), "evil\n");
}

#[test]
fn nothing_is_put_back_without_a_yes_or_when_it_was_changed_again() {
    let ran = evil();
    let before = ran.repo.refs();
    let asked = ran
        .repo
        .hub(["outside", &ran.session, "--restore"])
        .fails(6);
    assert!(asked.stderr.contains("--yes"), "{asked}");
    let dry = ran
        .repo
        .hub(["outside", &ran.session, "--restore", "--dry-run"])
        .ok();
    assert!(
        dry.stdout.contains("would put back refs/heads/new"),
        "{dry}"
    );
    ran.repo.write("src/file", "mine by now\n");
    let refused = ran.restore(&[]).fails(6);
    assert!(refused.stderr.contains("changed again"), "{refused}");
    let unknown = ran.restore(&["nothing"]).fails(3);
    assert!(unknown.stderr.contains("is named nothing"), "{unknown}");
    assert_eq!(ran.repo.refs(), before);
    assert_eq!(ran.read("src/file"), "mine by now\n");
    assert_eq!(ran.states(), ["open"]);
    ran.restore(&["new"]).ok();
    assert_eq!(ran.states(), ["open", "restored"]);
}

#[test]
fn a_cleanup_gives_up_what_was_kept_for_it() {
    let ran = evil();
    let kept = || ran.repo.git(["for-each-ref", "refs/hub/guard"]);
    assert_ne!(kept(), "");
    ran.repo.hub(["archive", &ran.session]).ok();
    assert_ne!(kept(), "");
    ran.repo.hub(["cleanup", &ran.session]).ok();
    assert_eq!(kept(), "");
}

/// Both agents run at that time: the second one ends in the middle of what the first one does.
#[test]
fn what_several_agents_tell_of_goes_back_once() {
    let setup = "test $HUB_AGENT = agent-1 || \
        until [ -e $HUB_DIR/../.git/refs/heads/later ]; do sleep 0.05; done";
    let script = "\
cd $MAIN
git branch new
echo evil >src/file
git branch later
until grep -q '\"finish\".*\"agent-2\"' $HUB/sessions/*/events.jsonl; do sleep 0.05; done
git branch -f later HEAD~1
echo worse >src/file";
    let ran = Ran::prepared(|_| {}, &["--setup", setup], script);
    ran.finds(&[
        "file [TEMP]/repo/src/file",
        "ref refs/heads/later",
        "ref refs/heads/new",
    ]);
    assert_eq!(ran.status().as_array().unwrap().len(), 2);
    ran.restore(&[]).ok();
    assert_eq!(ran.states(), ["restored"]);
    assert_eq!(ran.read("src/file"), "first\n");
    assert_eq!(ran.repo.git(["branch", "--list", "new", "later"]), "");
}
