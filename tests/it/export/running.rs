//! A session whose agents run cannot run elsewhere.

use crate::kills::initialised;
use crate::support::TestRepo;

use super::{exported, imported};

#[test]
fn agents_that_ran_are_cancelled_where_they_come_to() {
    let from = TestRepo::new().with_bench();
    let session = initialised(&from);
    let spawn = [
        "spawn",
        &session,
        "--agent-cmd",
        "echo begun; exec sleep 1000",
    ];
    from.hub(spawn).ok();
    from.hub(["pause", &session, "--agent", "agent-2"]).ok();
    let file = exported(&from, &session);
    from.hub(["stop", &session, "--grace", "0"]).ok();

    let to = TestRepo::new().with_bench();
    let report = imported(&to, &file);
    let told = serde_json::json!([
        { "agent": "agent-1", "from": "running", "to": "cancelled" },
        { "agent": "agent-2", "from": "paused", "to": "cancelled" },
    ]);
    assert_eq!(report["agents"], told);
    let status = to.hub(["status", &session, "--json"]).json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["status"], "cancelled", "{agent}");
        assert_eq!(agent["worktree"], serde_json::Value::Null);
    }
    let state = to
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("state.json");
    let state = to.read(state);
    assert_eq!(
        state.matches("\"boot\": \"elsewhere\"").count(),
        4,
        "{state}"
    );
    // It goes on like any that was stopped.
    to.hub(["wait", &session]).run();
    assert_eq!(to.hub(["doctor"]).run().code(), 0);
    to.hub(["archive", &session]).ok();
    to.hub(["cleanup", &session]).ok();
}

#[test]
fn one_that_waits_is_waiting_and_somebody_has_to_say_by_what_it_starts() {
    let from = TestRepo::new().with_bench();
    let session = initialised(&from);
    let spawn = [
        "spawn",
        &session,
        "--jobs",
        "1",
        "--agent-cmd",
        "exec sleep 1000",
    ];
    from.hub(spawn).ok();
    let file = exported(&from, &session);
    from.hub(["stop", &session, "--grace", "0"]).ok();
    let to = TestRepo::new().with_bench();
    imported(&to, &file);
    let status = to.hub(["status", &session, "--json"]).json();
    assert_eq!(status["agents"][1]["status"], "pending");
    to.hub(["retry", &session, "--agent", "agent-1"]).fails(6);
    assert_eq!(to.processes(), [] as [String; 0]);
}
