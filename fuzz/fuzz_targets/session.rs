//! The files of a session: `state.json`, `config.yaml`, `launch.json`, `events.jsonl` and
//! `events.head`, as a clone or an agent may have left them.
#![no_main]

use std::ops::ControlFlow;
use std::sync::OnceLock;

use agenthub::domain::report::{ListedSession, ListedState};
use agenthub::store::{StoredSession, Tail};
use agenthub_fuzz::Scene;
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let dir = &scene.session;
    let head = dir.path().join("events.head");
    let files = [
        dir.state_file(),
        dir.config_file(),
        dir.launch_file(),
        dir.journal_file(),
        head,
    ];
    scene.put(&files, input);

    let (state, config) = (dir.read_state(), dir.read_config());
    let stored = StoredSession::read(&scene.hub, dir.id());
    assert_eq!(stored.is_ok(), state.is_ok() && config.is_ok());
    let found = scene.hub.found_sessions().expect("the folder can be read");
    let together = |some: &mut dyn Iterator<Item = ListedSession>| some.collect::<Vec<_>>();
    scene.hub.list(&found, None, together, |part| {
        for listed in part {
            let whole = listed.state != ListedState::Corrupt;
            assert_eq!(whole, stored.is_ok(), "list and status disagree");
            assert_eq!(whole, listed.reason.is_none());
        }
        ControlFlow::Continue(())
    });

    let _ = dir.of_later_hub();
    let events = dir.read_events();
    if let Ok(events) = &events {
        let told = Tail::of(dir).look();
        assert!(told.is_ok_and(|told| told.len() <= events.len()));
    }
    let unreadable = dir.unreadable();
    assert!(events.is_ok() || !unreadable.is_empty());
    if let Ok(stored) = stored {
        let _ = stored.journal_findings();
        let _ = stored.config_to_mend();
        let _ = stored.agents_document();
        if let Ok(Some(launch)) = stored.launch() {
            for agent in stored.session.agents().keys() {
                let _ = (launch.may_start(*agent), launch.stdin_of(*agent));
            }
        }
    }
});
