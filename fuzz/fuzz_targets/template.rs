//! A project's prompt template, a list of strategies, and a file of the project's into which
//! `hub integrate` writes a section.
#![no_main]

use agenthub::domain::integrate::{Integration, Piece, Standing};
use agenthub::domain::strategy;
use agenthub::domain::template::{Values, fill};
use libfuzzer_sys::fuzz_target;

const SECTION: Piece = Piece {
    path: "AGENTS.md",
    template: "## Sessions\n\nAsk `hub list`.\n",
    section: true,
    executable: false,
};

fuzz_target!(|text: &str| {
    let _ = fill(text, &Values::default().with("task", "make it fast"));
    let _ = strategy::list(text);

    let Ok(planned) = SECTION.plan(Integration::AgentsMd, Some(text)) else {
        return;
    };
    let again = SECTION
        .plan(Integration::AgentsMd, Some(&planned.with))
        .expect("what hub wrote has whole marks");
    assert_eq!(again.standing, Standing::Same);
    assert_eq!(again.with, planned.with);
});
