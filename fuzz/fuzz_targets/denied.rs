//! What the kernel tells of denied accesses: records with the byte 0x1e between them, each with a letter for its kind.
#![no_main]

use agenthub::domain::security::denials::Denials;
use agenthub::domain::security::denied::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut denials = Denials::default();
    denials.started(300);
    for line in input.split(|byte| *byte == 0x1e) {
        let (kind, text) = line.split_at(line.len().min(1));
        let kind = if kind == b"D" { 1424 } else { 1423 };
        if let Some(record) = Record::read(kind, text) {
            denials.hear(record);
        }
    }
    let Some(told) = denials.told() else { return };
    for access in &told.accesses {
        let shown = access.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    assert!(told.accesses.len() <= 100);
});
