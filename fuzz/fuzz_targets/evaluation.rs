//! `evaluation.json`, and the record, the report and the judge's answers of an evaluation.
#![no_main]

use std::sync::OnceLock;

use agenthub::domain::evaluation::judge::Answer;
use agenthub_fuzz::{Scene, write};
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let dir = &scene.session;
    let evaluation = dir.path().join("evaluations/1");
    let files = [
        dir.evaluation_file(),
        evaluation.join("plan.json"),
        evaluation.join("runs.jsonl"),
        evaluation.join("judgements.jsonl"),
        evaluation.join("report.json"),
    ];
    scene.put(&files, input);
    write(&evaluation.join("0001/stdout.log"), input);
    let _ = dir.unreadable();
    let _ = Answer::parse(&String::from_utf8_lossy(input));
});
