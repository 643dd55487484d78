//! Blows at the fail points of `hub`, and the trace of its effects: see `src/fault.rs`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::fault;
use super::{Hub, TestRepo, wait_until};

/// Where a blow falls: before or after an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// What happens there.
#[derive(Clone, Debug)]
pub enum Blow {
    /// SIGKILL.
    Kill,
    /// The effect fails with `ENOSPC`, `EROFS` or `EIO`.
    Error(&'static str),
    /// It waits until this file is there.
    Hold(PathBuf),
}

impl Blow {
    fn action(&self) -> String {
        match self {
            Self::Kill => "kill".to_owned(),
            Self::Error(name) => (*name).to_owned(),
            Self::Hold(gate) => format!("hold {}", gate.display()),
        }
    }
}

/// Runs `hub` with a blow at the effect of this number, counted from 1.
pub fn struck(hub: Hub, when: When, number: usize, blow: &Blow) -> Hub {
    let when = match when {
        When::Before => "before",
        When::After => "after",
    };
    let (passed, action) = (number - 1, blow.action());
    hub.env(
        "HUB_FAIL",
        format!("{when} any={passed}*off->1*return({action})"),
    )
}

/// What `hub` did, thread by thread in the order of its lines.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The names of its effects, in their order.
    pub effects: Vec<String>,
    /// The steps on the disk and the programs that were started outside of every effect.
    pub outside: Vec<String>,
}

/// Runs `hub` to its end and tells what it did.
///
/// # Panics
/// When it fails.
pub fn traced(hub: Hub, repo: &TestRepo) -> Trace {
    let file = repo.root().join("trace");
    fs::File::create(&file).unwrap();
    let hub = fault::traced(hub, &file).env("HUB_FAIL_TRACE", &file);
    hub.ok();
    let trace = Trace::parse(&repo.read(&file));
    fs::remove_file(file).unwrap();
    trace
}

/// Runs `hub`, waits until nothing runs any more, and tells what its supervisors did.
///
/// # Panics
/// When it fails, or the supervisors do not come to their end.
pub fn supervisors_traced(hub: Hub, repo: &TestRepo) -> Trace {
    let file = repo.root().join("trace");
    fs::File::create(&file).unwrap();
    let hub = fault::supervisors_traced(hub, &file).env("HUB_FAIL_SUPERVISOR_TRACE", &file);
    hub.ok();
    wait_until(Duration::from_secs(120), "the supervisors are gone", || {
        repo.processes().is_empty()
    });
    let trace = Trace::parse(&repo.read(&file));
    fs::remove_file(file).unwrap();
    trace
}

impl Trace {
    fn parse(text: &str) -> Self {
        let mut trace = Self::default();
        let mut depths = std::collections::BTreeMap::<&str, usize>::new();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (thread, mark, what) = (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap_or_default(),
            );
            let depth = depths.entry(thread).or_default();
            match mark {
                "+" => {
                    *depth += 1;
                    trace.effects.push(what.to_owned());
                }
                "-" => *depth -= 1,
                "!" if *depth == 0 => trace.outside.push(what.to_owned()),
                "!" => {}
                _ => panic!("{line}"),
            }
        }
        trace
    }
}
