//! `packed-refs`: what is found by halving is what is found by reading all of it.
#![no_main]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use agenthub::git::fuzzing;
use agenthub_fuzz::{Scene, write};
use libfuzzer_sys::fuzz_target;

const PREFIX: &str = "refs/heads/hub/m/";

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let common = scene.file("git");
    write(&common.join("packed-refs"), input);
    let _ = fuzzing::packed_refs(&common, PREFIX);

    // The same bytes as names, in a file that is as git writes it.
    let mut names = BTreeMap::new();
    for name in input.split(|byte| *byte == 0 || *byte == b'\n') {
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        for before in ["refs/heads/", "refs/heads/hub/m", PREFIX] {
            let id = format!("{:040x}", names.len());
            names.insert(format!("{before}{name}"), id);
        }
    }
    let mut file = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for (name, id) in &names {
        file.push_str(&format!("{id} {name}\n"));
        if name.len() % 3 == 0 {
            file.push_str(&format!("^{id}\n"));
        }
    }
    write(&common.join("packed-refs"), file.as_bytes());
    names.retain(|name, _| name.starts_with(PREFIX));
    assert_eq!(fuzzing::packed_refs(&common, PREFIX), Some(names));
});
