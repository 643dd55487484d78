//! Puts back what was there before, with a copy of what stands there kept first.

use std::collections::BTreeSet;

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::outside::settled::SETTLES;
use crate::domain::refs::{CommitId, RefName};
use crate::domain::report::{OutsideReport, SnapshotReport};
use crate::git::Entry;
use crate::lifecycle::agents;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{LockedSession, atomic, marks};

use super::accept::{meant, names, parts};
use super::plan::Plan;
use super::show::{self, Change, Target, open_of};

/// More names than these nobody reads before an answer.
const MOST_NAMED: usize = 20;

/// What is put back, or accepted.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest where none is named.
    pub session: Option<SessionSelector>,
    /// The agents in whose time it was found; all where none is named.
    pub agents: Vec<AgentId>,
    /// Refs and paths; all where none is named.
    pub names: Vec<String>,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
}

/// Puts back what was there. What is so already is no error.
///
/// # Errors
/// When a name fits nothing that is open, something was changed again since it was found, or the
/// answer is no: then nothing was touched.
pub fn run(hub: &Hub, request: &Request) -> Result<OutsideReport> {
    let stored = hub.read(request.session.as_ref(), "", |_| true)?;
    agents::check_known(&stored.session, &request.agents)?;
    let id = stored.config.session_id.clone();
    let mut session = hub.lock(&id, "outside")?;
    let stored = session.snapshot();
    let open = open_of(hub, &stored, &request.agents)?;
    let meant = meant(hub, &stored, open.clone(), &request.names)?;
    let lock = hub.lock_repository("outside")?;
    let plan = Plan::of(hub, meant, !request.names.is_empty())?;
    let mut snapshots = Vec::new();
    if !plan.changes.is_empty() && !request.dry_run {
        confirm(hub, &plan)?;
        begin(hub, &mut session, &open, &plan)?;
        let done = plan.keep(hub, &mut session).and_then(|kept| {
            snapshots = kept;
            plan.apply(hub, &mut session)
        });
        let (phase, detail) = match &done {
            Ok(()) => (Phase::End, json!({})),
            // Each step is whole in itself; the next time does the rest.
            Err(error) => (Phase::TakenBack, json!({ "stopped_by": error.to_string() })),
        };
        hub.record(&mut session, Operation::Outside, phase, detail)?;
        done?;
    }
    drop(lock);
    let mut report = show::report(hub, &stored, &request.agents)?;
    report.dry_run = request.dry_run;
    report.restored = names(&plan.changes);
    report.snapshots = snapshots;
    Ok(report)
}

fn confirm(hub: &Hub, plan: &Plan) -> Result<()> {
    let names = names(&plan.changes);
    for name in names.iter().take(MOST_NAMED) {
        hub.note(name.clone());
    }
    if names.len() > MOST_NAMED {
        hub.note(format!("and {} more", names.len() - MOST_NAMED));
    }
    let what = match names.len() {
        1 => "this as it was".to_owned(),
        count => format!("these {count} as they were"),
    };
    let question = format!("Put {what}? What stands there is kept as snapshots.");
    let hint = "`hub outside` shows them; `--yes` puts them back".to_owned();
    hub.confirm(&question, &format!("putting {what}"), hint)
}

fn begin(hub: &Hub, session: &mut LockedSession, open: &[Change], plan: &Plan) -> Result<()> {
    let mut intent = json!({ SETTLES: parts(open, &plan.changes) });
    // Only of refs the journal tells enough to take it back.
    let only_refs = |change: &Change| {
        let values = [&change.report.old, &change.report.new];
        let symbolic = values
            .into_iter()
            .flatten()
            .any(|value| value.starts_with("ref: "));
        matches!(change.target, Target::Ref { .. }) && !symbolic
    };
    if plan.changes.iter().all(only_refs)
        && let Some(intent) = intent.as_object_mut()
    {
        intent.insert(EFFECTS.to_owned(), Effects::default().told());
    }
    hub.record(session, Operation::Outside, Phase::Begin, intent)
}

impl Plan {
    /// Keeps what is overwritten.
    fn keep(&self, hub: &Hub, session: &mut LockedSession) -> Result<Vec<SnapshotReport>> {
        let git = &hub.repository;
        let id = session.config().session_id.clone();
        let mut commits = Vec::new();
        for one in &self.worktrees {
            if one.is_empty() {
                continue;
            }
            let parents: Vec<CommitId> = one.now.commit.iter().cloned().collect();
            let message = format!(
                "What stood in {} before hub put back what was there\n\nHub-Session: {id}\n",
                one.path.display()
            );
            let committed = one.now.commit.as_ref().map(|commit| git.tree_of(commit));
            let committed = committed.transpose()?;
            let trees = [
                Some(&one.now.files),
                one.now.index.as_ref().filter(|i| **i != one.now.files),
            ];
            let trees = trees.into_iter().flatten();
            for tree in trees.filter(|tree| Some(*tree) != committed.as_ref()) {
                commits.push(git.keep_tree(tree, &parents, &message)?);
            }
        }
        let mut entries = Vec::new();
        for (path, _) in &self.files {
            let content = marks::now(path).and_then(|mark| mark.content);
            if let Some(content) = content {
                let name = path.to_string_lossy().replace('/', "-");
                let (mode, id) = ("100644".to_owned(), git.write_blob(&content)?);
                entries.push((name.trim_start_matches('-').to_owned(), Entry { mode, id }));
            }
        }
        if !entries.is_empty() {
            let message =
                format!("Files before hub put back what was there\n\nHub-Session: {id}\n");
            commits.push(git.keep_objects(&entries, &[], &message)?);
        }
        let gone: Vec<RefName> = self.refs.iter().map(|one| one.name.clone()).collect();
        let from = self.refs.iter().filter_map(|one| one.from.as_ref());
        let mut lost = Vec::new();
        for id in from {
            lost.extend(git.commit_behind(id.as_str())?);
        }
        commits.extend(git.unreachable_without(&lost, &gone)?);
        let mut unique = BTreeSet::new();
        commits.retain(|commit| unique.insert(commit.clone()));
        commits.retain(|commit| !super::is_kept(hub, &id, commit));
        // Whose work it was is not known; a snapshot is listed with an agent.
        let agent = self.changes.first().and_then(|one| one.report.agent);
        let agent = agent.or_else(|| session.config().agents().next());
        match agent {
            Some(agent) => hub.keep_commits(session, Operation::Outside, agent, &commits),
            None => Ok(Vec::new()),
        }
    }

    fn apply(&self, hub: &Hub, session: &mut LockedSession) -> Result<()> {
        let git = &hub.repository;
        for one in &self.worktrees {
            let target = git.tree_with(&one.now.files, &one.files)?;
            git.bring_files(&one.path, &one.now.files, &target)?;
            if let Some(index) = &one.index {
                git.stage_tree(&one.path, index)?;
            }
            if let Some(head) = &one.head {
                git.set_head(&one.path, head)?;
            }
        }
        hub.change_refs(session, Operation::Outside, &self.refs, "hub: outside")?;
        for (name, from, to) in &self.symbolic {
            git.set_symbolic(name, from.as_deref(), to.as_deref())?;
        }
        for (path, old) in &self.files {
            match old {
                None => atomic::remove_file(path)?,
                Some(old) => {
                    let blob = old.blob.as_ref().map(|blob| git.read_blob(blob));
                    let content = blob.transpose()?.unwrap_or_default();
                    marks::put_back(path, old.kind, old.mode, &content)?;
                }
            }
        }
        Ok(())
    }
}
