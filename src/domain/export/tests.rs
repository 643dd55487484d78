use super::*;
use crate::domain::id::Attempt;
use crate::domain::session::ProcessMark;
use std::collections::BTreeMap;

fn id() -> SessionId {
    "20260317-143022".parse().unwrap()
}

fn file(name: &str, size_bytes: u64) -> ManifestFile {
    ManifestFile {
        name: name.parse().unwrap(),
        size_bytes,
        sha256: "0".repeat(64),
    }
}

fn one_ref(name: &str) -> ManifestRef {
    ManifestRef {
        r#ref: name.parse().unwrap(),
        object: "3".repeat(40).parse().unwrap(),
        commit: "4".repeat(40).parse().unwrap(),
    }
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        hub: "0.1.0".to_owned(),
        session_id: id(),
        object_format: ObjectFormat::Sha1,
        user: "ada".parse().unwrap(),
        host: "wing".to_owned(),
        files: vec![
            file("attempts.bundle", 100),
            file("session/config.yaml", 10),
            file("session/state.json", 10),
        ],
        refs: vec![one_ref("refs/heads/hub/20260317-143022/agent-1/attempt-1")],
        needs: Vec::new(),
        missing: Vec::new(),
    }
}

fn refused(change: impl FnOnce(&mut Manifest)) -> bool {
    let mut changed = manifest();
    change(&mut changed);
    changed.check(MOST_BYTES).is_err()
}

#[test]
fn what_hub_writes_is_accepted_and_nothing_else() {
    assert_eq!(manifest().check(MOST_BYTES), Ok(()));
    assert!(refused(|m| m.files.swap(0, 1)), "out of order");
    assert!(refused(|m| m.files.push(file("session/state.json", 10))));
    assert!(refused(|m| drop(m.files.pop())), "no state");
    assert!(refused(|m| m.files[1].size_bytes = 65 * 1024));
    assert!(refused(|m| m.files[0].size_bytes = u64::MAX));
    assert!(refused(|m| m.refs.clear()), "a bundle without refs");
    assert!(refused(|m| drop(m.files.remove(0))), "refs without one");
    assert!(refused(|m| m.refs.push(m.refs[0].clone())));
    assert!(refused(|m| m.object_format = ObjectFormat::Sha256));
    let small = ByteSize::of(119);
    assert!(matches!(
        manifest().check(small),
        Err(BadArchive::TooLarge { total: 120, .. })
    ));
}

#[test]
fn only_refs_of_the_session_are_its_own() {
    for (name, own) in [
        ("refs/heads/hub/20260317-143022/agent-1/attempt-1", true),
        ("refs/tags/hub/archive/20260317-143022/agent-1", true),
        (
            "refs/tags/hub/archive/20260317-143022/agent-1.attempt-2",
            true,
        ),
        (
            "refs/hub/snapshots/20260317-143022/agent-1/uncommitted-1773757822",
            true,
        ),
        (
            "refs/hub/snapshots/20260317-143022/agent-1/discarded-3f1c0e5a9b",
            true,
        ),
        (
            "refs/hub/snapshots/20260317-143022/agent-1/discarded-xyz",
            false,
        ),
        (
            "refs/hub/snapshots/20260317-143022/agent-1/uncommitted-01",
            false,
        ),
        ("refs/heads/main", false),
        ("refs/heads/hub/20260317-143023/agent-1/attempt-1", false),
        ("refs/heads/hub/20260317-143022/agent-1/attempt-1/x", false),
        ("refs/heads/hub/20260317-143022/x", false),
        ("refs/tags/v1", false),
        ("refs/tags/hub/archive/20260317-143023/agent-1", false),
        (
            "refs/replace/3333333333333333333333333333333333333333",
            false,
        ),
        ("refs/remotes/origin/main", false),
        ("refs/notes/commits", false),
    ] {
        let name: RefName = name.parse().unwrap();
        assert_eq!(is_own_ref(&name, &id()), own, "{name}");
    }
}

fn session(status: AgentStatus, branch: &str) -> Session {
    let started = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let mark = ProcessMark {
        pid: 1,
        start_ticks: 2,
        boot: "this very boot".to_owned(),
    };
    let mut record = AgentRecord::stored(status, Attempt::FIRST, branch.parse().unwrap());
    record.worktree = Some(PathBuf::from("/home/ada/x"));
    record.run = Some(Run {
        process: Some(mark.clone()),
        ..Run::begun(mark, started)
    });
    let agents = BTreeMap::from([(AgentId::new(1).unwrap(), record)]);
    Session::stored(
        id(),
        crate::domain::state::SessionState::Running,
        started,
        started,
        agents,
    )
}

#[test]
fn nothing_of_an_agent_is_of_another_machine() {
    let branch = "hub/20260317-143022/agent-1/attempt-1";
    for (from, to) in [
        (AgentStatus::Running, AgentStatus::Cancelled),
        (AgentStatus::Paused, AgentStatus::Cancelled),
        (AgentStatus::Pending, AgentStatus::Pending),
        (AgentStatus::Failed, AgentStatus::Failed),
    ] {
        let (here, changed) = settled_here(&session(from, branch)).unwrap();
        let record = &here.agents()[&AgentId::new(1).unwrap()];
        assert_eq!((record.status(), &record.worktree), (to, &None));
        let run = record.run.as_ref().unwrap();
        let boots = [&run.supervisor, run.process.as_ref().unwrap()];
        assert!(boots.iter().all(|mark| mark.boot == "elsewhere"));
        assert_eq!(run.ended.is_some(), from != to);
        assert_eq!(changed.len(), usize::from(from != to));
    }
}

#[test]
fn an_agent_on_a_branch_of_somebody_else_is_refused() {
    for branch in [
        "main",
        "hub/20260317-143022/agent-2/attempt-1",
        "hub/20260317-143022/agent-1/attempt-2",
        "hub/20260317-143023/agent-1/attempt-1",
    ] {
        assert!(settled_here(&session(AgentStatus::Failed, branch)).is_err());
    }
}
