//! Ctrl-C while a judge thinks.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::{Court, GOOD};
use crate::support::wait_until;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn judgements_are_kept_and_the_next_eval_goes_on() {
    // The third question is thought about until somebody says `go`.
    let script = format!(
        "beside=$(dirname \"$0\")/..\n\
         if [ $(wc -l <\"$beside/asked\") -eq 3 ] && [ ! -e \"$beside/go\" ]; then\n\
             echo >\"$beside/here\"\n\
             while :; do sleep 0.05; done\n\
         fi\n{GOOD}"
    );
    let court = Court::new(&script, &["worth 1\n", "worth 3\n", "worth 2\n"]);
    let (repo, id) = (&court.contest.repo, &court.contest.id);
    let eval = ["eval", id, "--judge-cmd", &court.judge, "--seed", "5"];
    let running = repo.hub(eval).start();
    let here = repo.root().join("here");
    wait_until(LIMIT, "the third question", || here.exists());
    running.signal(Signal::INT);
    let broken_off = running.end().fails(130);
    assert_eq!(broken_off.stdout, "");
    assert_eq!(court.kept(1).len(), 2);
    assert!(!repo.worktree(id, "scratch-judge").exists());
    repo.hub(["merge", id]).fails(8);

    repo.write(repo.root().join("go"), "");
    let done = repo.hub(["eval", id]).ok();
    let note = "going on with the judge: 2 judgements are made, 4 are left\n";
    assert!(done.stderr.contains(note), "{done}");
    assert!(
        done.stdout.ends_with("winner: agent-2 (by the judge)\n"),
        "{done}"
    );
    assert_eq!((court.asked(), court.kept(1).len()), (7, 6));
    let shown = repo.hub(["eval", "--show", "--json"]).json();
    assert_eq!(shown["judge"]["asked"], json!(4));
    assert_eq!(shown["judge"]["bouts"].as_array().unwrap().len(), 6);
}
