//! Of all that the kernel tells, what was denied to one attempt of an agent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::denied::{Access, DomainId, Record, Target};
use crate::domain::event::Detail;
use crate::domain::id::AgentId;

/// Under this name a line of the journal holds what the kernel denied.
pub const ACCESSES: &str = "accesses";

/// What was denied to the processes that one supervisor started.
#[derive(Clone, Debug, Default)]
pub struct Denials {
    /// Those that put up walls around themselves.
    processes: BTreeSet<u32>,
    domains: BTreeMap<DomainId, Domain>,
    /// Accesses of domains of which is not known whose they are: that comes behind the first one.
    waiting: VecDeque<(DomainId, Access)>,
    listed: Vec<Denied>,
    others: u64,
    overrun: bool,
}

/// The walls of one of the processes.
#[derive(Clone, Debug, Default)]
struct Domain {
    told: u64,
    /// How many it denied, once it is gone.
    all: Option<u64>,
}

/// An access that was denied, once or more often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The rights that were missing, in the kernel's words.
    pub blockers: Vec<String>,
    /// To what.
    #[serde(flatten)]
    pub target: Target,
    /// How often.
    pub times: u64,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = Access {
            blockers: self.blockers.clone(),
            target: self.target.clone(),
        };
        match self.times {
            1 => access.fmt(f),
            times => write!(f, "{access} ({times} times)"),
        }
    }
}

/// What there is to tell of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Each different access, in the order of their first time.
    pub accesses: Vec<Denied>,
    /// How many accesses there were beyond these.
    pub others: u64,
    /// How many the kernel denied and did not tell; `None` where that is not known.
    pub lost: Option<u64>,
}

impl Denials {
    /// How many different accesses of one attempt are listed.
    const LISTED: usize = 100;
    /// How many accesses wait to be known as somebody's.
    const WAITING: usize = 256;

    /// A process was started that puts up walls around itself.
    pub fn started(&mut self, process: u32) {
        self.processes.insert(process);
    }

    /// The kernel had more to tell than was heard.
    pub fn overrun(&mut self) {
        self.overrun = true;
    }

    /// Takes what the kernel tells; what is somebody else's is forgotten.
    pub fn hear(&mut self, record: Record) {
        match record {
            Record::Denied { domain, access } => {
                if self.domains.contains_key(&domain) {
                    self.count(domain, access);
                    return;
                }
                if self.waiting.len() >= Self::WAITING {
                    self.waiting.pop_front();
                }
                self.waiting.push_back((domain, access));
            }
            Record::Made { domain, process } => {
                let waiting = std::mem::take(&mut self.waiting);
                let (here, waiting): (Vec<_>, _) =
                    waiting.into_iter().partition(|(of, _)| *of == domain);
                self.waiting = waiting.into();
                if self.processes.contains(&process) {
                    self.domains.entry(domain).or_default();
                    for (domain, access) in here {
                        self.count(domain, access);
                    }
                }
            }
            Record::Gone { domain, denials } => {
                if let Some(known) = self.domains.get_mut(&domain) {
                    known.all = Some(denials);
                }
            }
        }
    }

    fn count(&mut self, domain: DomainId, access: Access) {
        let known = self.domains.entry(domain).or_default();
        known.told = known.told.saturating_add(1);
        let Access { blockers, target } = access;
        let mut listed = self.listed.iter_mut();
        let same = listed.find(|one| one.blockers == blockers && one.target == target);
        if let Some(same) = same {
            same.times = same.times.saturating_add(1);
        } else if self.listed.len() < Self::LISTED {
            self.listed.push(Denied {
                blockers,
                target,
                times: 1,
            });
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// Whether nothing more can come: nobody is behind any of the walls that were told of.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.domains.values().all(|domain| domain.all.is_some())
    }

    /// What there is to tell; `None` where nothing was denied.
    #[must_use]
    pub fn told(&self) -> Option<Told> {
        // Of walls that were not told of nobody knows what they denied.
        let all_known = !self.overrun || self.domains.len() == self.processes.len();
        let lost = |domain: &Domain| Some(domain.all?.saturating_sub(domain.told));
        let lost: Option<u64> = self.domains.values().map(lost).sum();
        let told = Told {
            accesses: self.listed.clone(),
            others: self.others,
            lost: lost.filter(|_| all_known),
        };
        let nothing = told.accesses.is_empty() && told.lost == Some(0);
        (!nothing).then_some(told)
    }
}

impl Told {
    /// What the journal says.
    #[must_use]
    pub fn detail(&self, agent: AgentId) -> serde_json::Value {
        serde_json::json!({
            "agent": agent,
            ACCESSES: self.accesses,
            "others": self.others,
            "lost": self.lost,
        })
    }
}

/// What a line of the journal says that the kernel denied.
#[must_use]
pub fn told_in(detail: &Detail) -> Option<Vec<Denied>> {
    let value = detail.get(ACCESSES)?.clone();
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(domain: DomainId, path: &str) -> Record {
        Record::Denied {
            domain,
            access: Access {
                blockers: vec!["fs.read_file".to_owned()],
                target: Target::Path {
                    path: path.to_owned(),
                },
            },
        }
    }

    fn made(domain: DomainId, process: u32) -> Record {
        Record::Made { domain, process }
    }

    fn gone(domain: DomainId, denials: u64) -> Record {
        Record::Gone { domain, denials }
    }

    /// What is told to the supervisor of process 7.
    fn heard(records: impl IntoIterator<Item = Record>) -> Denials {
        let mut denials = Denials::default();
        denials.started(7);
        records.into_iter().for_each(|one| denials.hear(one));
        denials
    }

    fn listed(denials: &Denials) -> Vec<String> {
        let told = denials.told();
        told.map_or_else(Vec::new, |told| {
            told.accesses.iter().map(ToString::to_string).collect()
        })
    }

    #[test]
    fn what_is_denied_to_others_is_not_told() {
        let denials = heard([
            denied(1, "/own"),
            denied(2, "/other"),
            made(2, 8),
            made(1, 7),
            denied(2, "/other/again"),
            denied(1, "/own"),
            denied(1, "/own/more"),
            gone(2, 2),
        ]);
        assert_eq!(
            listed(&denials),
            ["fs.read_file /own (2 times)", "fs.read_file /own/more"]
        );
        assert!(!denials.is_settled());
        assert_eq!(heard([denied(2, "/other"), made(2, 8)]).told(), None);
        assert!(heard([]).is_settled());
    }

    #[test]
    fn what_the_kernel_did_not_tell_is_counted_where_it_can_be() {
        let lost = |denials: &Denials| denials.told().map(|told| told.lost);
        let mut denials = heard([denied(1, "/own"), made(1, 7)]);
        assert_eq!(lost(&denials), Some(None));
        denials.hear(gone(1, 4));
        assert!(denials.is_settled());
        assert_eq!(lost(&denials), Some(Some(3)));
        // All walls are known: the kernel's own number says what is missing.
        denials.overrun();
        assert_eq!(lost(&denials), Some(Some(3)));
        denials.started(9);
        assert_eq!(lost(&denials), Some(None));
        let mut silent = heard([]);
        silent.overrun();
        assert_eq!(lost(&silent), Some(None));
    }

    #[test]
    fn the_list_has_an_end() {
        let many = (0..500).map(|number| denied(1, &format!("/{number}")));
        let denials = heard([denied(1, "/0"), made(1, 7)].into_iter().chain(many));
        let told = denials.told().unwrap();
        assert_eq!((told.accesses.len(), told.others), (100, 400));
        assert_eq!(told.accesses[0].times, 2);
        // Nobody's accesses are held for ever.
        let strangers = (0..10_000).map(|number| denied(number, "/x"));
        assert_eq!(heard(strangers).waiting.len(), 256);
    }

    #[test]
    fn the_journals_words_are_read_again() {
        let denials = heard([denied(1, "/own"), made(1, 7), gone(1, 1)]);
        let detail = denials.told().unwrap().detail("agent-1".parse().unwrap());
        let expected = serde_json::json!({
            "agent": "agent-1",
            "accesses": [{ "blockers": ["fs.read_file"], "path": "/own", "times": 1 }],
            "others": 0,
            "lost": 0,
        });
        assert_eq!(detail, expected);
        let detail = detail.as_object().unwrap();
        assert_eq!(told_in(detail), denials.told().map(|told| told.accesses));
        assert_eq!(told_in(&Detail::new()), None);
        for target in [
            Target::Process {
                process: 1,
                name: "init".to_owned(),
            },
            Target::Port {
                address: None,
                port: 80,
            },
            Target::Unnamed {},
        ] {
            let one = Denied {
                blockers: vec!["b".to_owned()],
                target,
                times: 2,
            };
            let value = serde_json::to_value(&one).unwrap();
            assert_eq!(serde_json::from_value::<Denied>(value).unwrap(), one);
        }
    }
}
