//! Posts of agents that cannot write the hub directory: hub inside of the walls asks the agent's
//! supervisor, who knows which agent it is, whatever the request says.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::domain::board::{Author, Message};
use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::outbox::{Answer, Refusal, Request};
use crate::domain::report::PostedReport;
use crate::store::{LockedSession, Outbox, outbox};

use super::board::{self, Place};
use super::error::Result;
use super::hub::Hub;

/// Where an agent's own requests go, by its environment; `None` for everybody else.
pub(super) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("HUB_OUTBOX").filter(|folder| !folder.is_empty());
    folder.map(PathBuf::from)
}

/// Inside of the walls: lets the supervisor post.
pub(super) fn ask(hub: &Hub, folder: &std::path::Path, request: &Request) -> Result<PostedReport> {
    // A supervisor looks ten times a second, and may wait for others who post.
    const PATIENCE: Duration = Duration::from_secs(30);
    let bytes = serde_json::to_vec(request).unwrap_or_default();
    let answer = outbox::ask(folder, &bytes, PATIENCE)?;
    let answer = serde_json::from_slice(&answer).unwrap_or_else(|_| {
        Answer::Refused(Refusal {
            code: Code::Failed,
            message: "the supervisor's answer cannot be read".to_owned(),
            hint: None,
        })
    });
    match answer {
        Answer::Posted { channel, post } => board::posted(hub, &channel, &post),
        Answer::Refused(refusal) => Err(refusal.into()),
    }
}

/// In the supervisor: what its agent asks for.
pub(super) struct Service<'s> {
    pub hub: &'s Hub,
    pub session: &'s SessionId,
    pub agent: AgentId,
    pub outbox: Outbox,
    /// How many more refusals the journal is told of.
    pub told: Cell<u32>,
    /// How many more posts there can be.
    pub posts: Cell<u32>,
}

impl Service<'_> {
    /// How many refusals of one attempt the journal is told of at most.
    pub const TOLD: u32 = 100;
    /// How many posts of one attempt come to the board at most.
    pub const POSTS: u32 = 1000;

    /// Does what is asked for by now. Where somebody else posts, the next look does it.
    pub fn look(&self) {
        const AT_ONCE: usize = 8;
        for found in self.outbox.requests(AT_ONCE) {
            let request = found.bytes.map_err(str::to_owned).and_then(|bytes| {
                serde_json::from_slice::<Request>(&bytes).map_err(|error| error.to_string())
            });
            let answer = match request {
                Ok(_) if self.posts.get() == 0 => Err(Refusal {
                    code: Code::Refused,
                    message: format!("{} posts are what an attempt may have", Self::POSTS),
                    hint: None,
                }),
                Ok(request) => match self.post(&request) {
                    Ok(report) => Ok(report),
                    Err(error) if error.code() == Code::Busy => continue,
                    Err(error) => Err(Refusal::of(&error)),
                },
                Err(reason) => {
                    self.deny(&format!("a request that is none: {reason}"));
                    Err(Refusal {
                        code: Code::Usage,
                        message: format!("this is no request: {reason}"),
                        hint: None,
                    })
                }
            };
            let answer = match answer {
                Ok(report) => Answer::Posted {
                    channel: report.channel,
                    post: report.file,
                },
                Err(refusal) => Answer::Refused(refusal),
            };
            let bytes = serde_json::to_vec(&answer).unwrap_or_default();
            self.outbox.answer(&found.id, &bytes);
        }
    }

    fn post(&self, request: &Request) -> Result<PostedReport> {
        let author: Author = self.agent.to_string().parse()?;
        let place = Place {
            channel: request.channel.clone(),
            parent: request.parent.as_deref().map(str::parse).transpose()?,
            author,
            session: Some(self.session.clone()),
        };
        let message = Message::new(&request.message)?;
        let report = board::add(self.hub, &place, message, Duration::ZERO)?;
        self.posts.set(self.posts.get().saturating_sub(1));
        let other = request.author.as_ref();
        if let Some(other) = other.filter(|other| **other != place.author) {
            self.deny(&format!("a post in the name of {other}"));
        }
        Ok(report)
    }

    /// Lets the journal tell that something was not done as it was asked for.
    fn deny(&self, what: &str) {
        let left = self.told.get();
        if left == 0 {
            return;
        }
        self.told.set(left - 1);
        let record = || -> Result<()> {
            let patience = Duration::from_secs(1);
            let (dir, id) = (&self.hub.dir, self.session);
            let mut locked = LockedSession::open(dir, id, patience, "agent's request")?;
            let detail = json!({ "agent": self.agent, "denied": what });
            self.hub
                .record(&mut locked, Operation::Denied, Phase::Done, detail)
        };
        if let Err(error) = record() {
            log::warn!("the journal does not tell of {what}: {error}");
        }
    }
}
