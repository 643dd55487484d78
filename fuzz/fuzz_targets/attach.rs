//! What comes over the socket of a terminal.
#![no_main]

use agenthub::process::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::frames(input));
