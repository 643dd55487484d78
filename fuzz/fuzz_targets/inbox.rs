//! An agent's inbox, which the agent can write too.
#![no_main]

use agenthub::domain::message::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (texts, until) = whole(input);
    assert!(until <= input.len());
    let (first, at) = whole(&input[..until]);
    assert_eq!(
        (first, at),
        (texts.clone(), until),
        "what is whole stays so"
    );
    let (later, _) = whole(&input[until..]);
    assert!(later.is_empty(), "nothing whole is left behind");
});
