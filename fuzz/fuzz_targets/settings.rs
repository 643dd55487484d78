//! A configuration file: settings and presets.
#![no_main]

use std::sync::OnceLock;

use agenthub::store::{read_presets, read_settings};
use agenthub_fuzz::{Scene, write};
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let file = scene.file("config.yaml");
    write(&file, input);
    let (settings, presets) = (read_settings(&file), read_presets(&file));
    assert_eq!(settings.is_ok(), presets.is_ok());
    if let Err(error) = settings {
        assert!(!error.to_string().is_empty());
    }
    for preset in presets.into_iter().flatten().map(|(_, preset)| preset) {
        let _ = preset.command();
    }
});
