//! What a session's journal tells of refs, held against the repository.

use std::collections::BTreeMap;

use serde_json::Value;

use super::TestRepo;

impl TestRepo {
    /// The lines of a session's journal.
    pub fn events(&self, session: &str) -> Vec<Value> {
        let report = self.hub(["events", session, "--json"]).json();
        report["events"].as_array().unwrap().clone()
    }

    /// The moves of refs in the journal, made over nothing, give the refs of the session, and
    /// the base branch where it was moved.
    ///
    /// How far attempts have come on their branches is the agents' doing, not hub's.
    #[track_caller]
    pub fn assert_refs_are_told(&self, session: &str) {
        let format = "%(refname) %(objectname)";
        let list = self.git(["for-each-ref", "--format", format]);
        let there: BTreeMap<&str, &str> = list
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .collect();
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let mut named: BTreeMap<String, bool> = BTreeMap::new();
        for event in self.events(session) {
            for moved in event["refs"].as_array().unwrap() {
                let name = moved["ref"].as_str().unwrap().to_owned();
                let is_attempt = name.starts_with("refs/heads/hub/");
                let before = told.get(&name).map(String::as_str);
                let first = !named.contains_key(&name);
                if !is_attempt && !first {
                    assert_eq!(before, moved["old"].as_str(), "{name} in {event}");
                }
                match moved["new"].as_str() {
                    Some(new) => told.insert(name.clone(), new.to_owned()),
                    None => told.remove(&name),
                };
                named.insert(name, is_attempt);
            }
        }
        for (name, is_attempt) in &named {
            let (told, there) = (told.get(name).map(String::as_str), there.get(name.as_str()));
            if *is_attempt {
                assert_eq!(told.is_some(), there.is_some(), "{name}");
            } else {
                assert_eq!(told, there.copied(), "{name}");
            }
        }
        for name in there.keys() {
            let is_hubs = name.contains("hub/") && name.contains(&format!("/{session}/"));
            assert!(!is_hubs || named.contains_key(*name), "{name} is not told");
        }
    }

    /// Nobody but hub has written to the journal, as doctor sees it.
    #[track_caller]
    pub fn assert_journal_is_whole(&self) {
        let answer = self.hub(["doctor", "--json"]).run();
        let report = answer.json();
        let findings = report["findings"].as_array().unwrap();
        assert!(
            findings.iter().all(|one| one["code"] != "journal_changed"),
            "{report:#}"
        );
    }
}
