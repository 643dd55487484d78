//! A finding, with what mends it.

use std::path::PathBuf;

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::report::{CureKind, Danger, Finding, FindingCode, FindingOutcome};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::LockedSession;

/// Mends one finding.
pub(super) type Act = Box<dyn FnOnce(&Hub) -> Result<()>>;

/// What is not as it should be, with what mends it; a person does where there is no cure.
pub(super) struct Found {
    pub finding: Finding,
    pub cure: Option<Cure>,
}

/// What mends a finding.
pub(super) enum Cure {
    /// Nothing is lost by it.
    Safe(Act),
    /// It is done after a yes to this question.
    Asks(String, Act),
}

/// What is wrong, before it is told why that is.
pub(super) struct Symptom {
    code: FindingCode,
    what: String,
}

impl Symptom {
    /// How it came about, and what may come of it.
    pub fn because(
        self,
        cause: impl Into<String>,
        danger: Danger,
        risk: impl Into<String>,
    ) -> Found {
        Found {
            finding: Finding {
                code: self.code,
                session_id: None,
                agent: None,
                path: None,
                r#ref: None,
                what: self.what,
                cause: cause.into(),
                danger,
                risk: risk.into(),
                cure: CureKind::ByHand,
                fix: None,
                hint: None,
                processes: Vec::new(),
                outcome: FindingOutcome::Found,
                problem: None,
            },
            cure: None,
        }
    }
}

impl Found {
    pub fn a(code: FindingCode, what: impl Into<String>) -> Symptom {
        let what = what.into();
        Symptom { code, what }
    }

    pub fn of(mut self, session: &SessionId) -> Self {
        self.finding.session_id = Some(session.clone());
        self
    }

    pub fn agent(mut self, agent: AgentId) -> Self {
        self.finding.agent = Some(agent);
        self
    }

    pub fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.finding.path = Some(path.into());
        self
    }

    pub fn r#ref(mut self, name: impl Into<String>) -> Self {
        self.finding.r#ref = Some(name.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.finding.hint = Some(hint.into());
        self
    }

    /// `--fix` does this; nothing is lost by it.
    pub fn cured(
        mut self,
        fix: impl Into<String>,
        act: impl FnOnce(&Hub) -> Result<()> + 'static,
    ) -> Self {
        self.finding.cure = CureKind::Safe;
        self.finding.fix = Some(fix.into());
        self.cure = Some(Cure::Safe(Box::new(act)));
        self
    }

    /// `--fix` does this after a yes.
    pub fn asks(
        mut self,
        question: impl Into<String>,
        fix: impl Into<String>,
        act: impl FnOnce(&Hub) -> Result<()> + 'static,
    ) -> Self {
        self.finding.cure = CureKind::Asks;
        self.finding.fix = Some(fix.into());
        let hint = "`hub doctor --fix` asks on a terminal; `--yes` answers elsewhere";
        self.finding.hint.get_or_insert_with(|| hint.to_owned());
        self.cure = Some(Cure::Asks(question.into(), Box::new(act)));
        self
    }

    /// Whether nothing can be looked at as long as it is so.
    pub fn hides_all(&self) -> bool {
        matches!(self.finding.code, FindingCode::Git | FindingCode::Linked)
    }
}

/// Mends something of a session, with what the journal is told of it: a beginning, whatever
/// `act` records, and an end.
pub(super) fn in_journal<T>(
    hub: &Hub,
    id: &SessionId,
    detail: serde_json::Value,
    act: impl FnOnce(&mut LockedSession) -> Result<T>,
) -> Result<()> {
    let mut session = hub.lock(id, "doctor")?;
    let _lock = hub.lock_repository("doctor")?;
    hub.record(&mut session, Operation::Doctor, Phase::Begin, detail)?;
    let done = act(&mut session);
    let (phase, detail) = match &done {
        Ok(_) => (Phase::End, json!({})),
        Err(error) => (Phase::TakenBack, json!({ "stopped_by": error.to_string() })),
    };
    hub.record(&mut session, Operation::Doctor, phase, detail)?;
    done.map(drop)
}
