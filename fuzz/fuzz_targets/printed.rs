//! What a command printed: metrics, tokens and costs, and the last lines for people.
#![no_main]

use std::sync::OnceLock;

use agenthub::domain::metric::{self, MetricName};
use agenthub::domain::text::visible;
use agenthub::process::logs::last_lines;
use agenthub::store::{Presets, built_in_presets};
use agenthub_fuzz::{Scene, check_harmless, write};
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();
static PRESETS: OnceLock<Presets> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (name, printed) = text.split_once('\n').unwrap_or(("ms", &text));
    for value in metric::all(printed, "").into_values() {
        assert!(value.is_finite());
    }
    if let Ok(name) = name.parse::<MetricName>()
        && let Ok(value) = metric::extract(&name, printed, "")
    {
        assert!(value.is_finite());
    }

    let presets = PRESETS.get_or_init(|| built_in_presets().expect("they are tested"));
    for rule in presets.values().filter_map(|preset| preset.usage.as_ref()) {
        for whole in [false, true] {
            let spent = rule.read(&text, whole);
            assert!(spent.cost_usd.is_none_or(|cost| cost >= 0.0));
        }
    }

    let scene = SCENE.get_or_init(Scene::new);
    let log = scene.file("stdout.log");
    write(&log, input);
    check_harmless(&last_lines(&log, 5));
    let shown = visible(&text);
    check_harmless(&shown);
    assert_eq!(visible(&shown), shown);
});
