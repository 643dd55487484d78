//! Everything that is one word: ids, names, refs, numbers with units, patterns, conditions.
//! What is read and written is read as the same again.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use agenthub::domain::board::{Author, Channel};
use agenthub::domain::carry::Pattern;
use agenthub::domain::evaluation::requirement::Requirement;
use agenthub::domain::id::{AgentId, Attempt, SessionId, SessionSelector};
use agenthub::domain::launch::{ByteSize, Nice};
use agenthub::domain::metric::MetricName;
use agenthub::domain::owner::UserName;
use agenthub::domain::preset::PresetName;
use agenthub::domain::protect::PathGlob;
use agenthub::domain::refs::{
    ArchiveTag, AttemptBranch, BranchName, CommitId, RefName, SnapshotRef,
};
use agenthub::domain::session::Task;
use agenthub::domain::since::Since;
use agenthub::domain::time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    returns::<AgentId>(text);
    returns::<Attempt>(text);
    returns::<Author>(text);
    returns::<BranchName>(text);
    returns::<ByteSize>(text);
    returns::<Channel>(text);
    returns::<CommitId>(text);
    returns::<MetricName>(text);
    returns::<Nice>(text);
    returns::<PresetName>(text);
    returns::<RefName>(text);
    returns::<Requirement>(text);
    returns::<SessionId>(text);
    returns::<UserName>(text);

    let id: Result<SessionId, _> = text.parse();
    if let (Ok(id), Ok(SessionSelector::Prefix(prefix))) = (&id, text.parse()) {
        assert_eq!(prefix, id.as_str());
    }
    if let Ok(branch) = text.parse::<AttemptBranch>() {
        assert_eq!(branch.name().as_str(), text);
        let full = branch.name().full();
        assert!(
            full.as_str()
                .starts_with(&AttemptBranch::prefix(&branch.session))
        );
    }
    if let Ok(tag) = text.parse::<ArchiveTag>() {
        assert_eq!(tag.full().as_str().parse::<ArchiveTag>().as_ref(), Ok(&tag));
    }
    if let Ok(kept) = text.parse::<SnapshotRef>() {
        assert_eq!(kept.full().as_str(), text);
    }
    let _ = (text.parse::<Task>(), text.parse::<Since>());
    let _ = (text.parse::<Pattern>(), text.parse::<PathGlob>());
    if let Some(read) = time::parse(text) {
        let _ = time::format(&read);
    }
});

fn returns<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Display + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            let again = value.to_string().parse::<T>();
            assert_eq!(again.ok().as_ref(), Some(&value), "{text:?}");
        }
        Err(error) => agenthub_fuzz::check_harmless(&error.to_string()),
    }
}
