//! A worktree's index, which the agent in it can write.
#![no_main]

use agenthub::git::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::index(input));
