//! Archive tags held against what was archived.

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::ArchiveTag;
use crate::domain::report::{Danger, FindingCode};
use crate::git::{HubRef, RefChange};
use crate::lifecycle::archive;
use crate::lifecycle::attempts::AttemptInfo;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::LockedSession;

use super::branches::merged_agents;
use super::found::{Found, in_journal};
use super::view::{Looked, SessionRefs, View};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for looked in view.at_rest() {
        view.hub.interrupt.check()?;
        let refs = view.refs_of(&looked.id);
        found.extend(light(looked, &refs));
        if looked.state().is_terminal() {
            found.extend(held_against_branches(looked, &refs));
        }
    }
    Ok(found)
}

/// Whether hub itself has archived the session; a state that was set by hand made no tags.
pub(super) fn was_archived(looked: &Looked) -> bool {
    let mut events = looked.events.iter();
    looked.state().is_terminal()
        && events.any(|event| {
            matches!(event.operation, Operation::Archive | Operation::Merge)
                && event.phase == Phase::End
        })
}

fn held_against_branches(looked: &Looked, refs: &SessionRefs) -> Vec<Found> {
    let merged = merged_agents(looked);
    let archived = was_archived(looked);
    let newest = |agent: AgentId, attempt: Attempt| {
        let later = (agent, attempt.next())..;
        let mut later = refs.branches.range(later);
        later.next().is_none_or(|((other, _), _)| *other != agent)
    };
    let mut found = Vec::new();
    for ((agent, attempt), branch) in &refs.branches {
        let is_newest = newest(*agent, *attempt);
        let key = (*agent, (!is_newest).then_some(*attempt));
        let kept_by_base = is_newest && merged.contains(agent);
        match refs.tags.get(&key) {
            None if archived && !kept_by_base => {
                found.push(missing(looked, *agent, *attempt, branch));
            }
            Some(tag) if tag.commit != branch.commit => {
                found.push(moved(looked, *agent, tag, branch));
            }
            _ => {}
        }
    }
    found
}

fn missing(looked: &Looked, agent: AgentId, attempt: Attempt, branch: &HubRef) -> Found {
    let what = format!("{agent} {attempt} has no archive tag");
    let found = Found::a(FindingCode::MissingTag, what).because(
        "the tag was deleted by hand, or by a fetch that prunes tags",
        Danger::Loss,
        "its commits are kept by its branch alone",
    );
    let id = looked.id.clone();
    let found = found.of(&id).agent(agent).r#ref(&branch.name);
    found.cured("makes the tag again", move |hub| tag_again(hub, &id, agent))
}

/// Makes the archive tags of an agent's attempts that have none.
pub(super) fn tag_again(hub: &Hub, id: &SessionId, agent: AgentId) -> Result<()> {
    in_journal(hub, id, json!({ "mends": "missing_tag" }), |session| {
        archive::tag_attempts(hub, session, Operation::Doctor, |attempt| {
            attempt.agent == agent && attempt.archived.is_none()
        })
    })
}

fn moved(looked: &Looked, agent: AgentId, tag: &HubRef, branch: &HubRef) -> Found {
    let short = |found: &HubRef| {
        let commit = found.commit.as_ref();
        commit.map_or_else(
            || "no commit".to_owned(),
            |commit| commit.short().to_owned(),
        )
    };
    let (tagged, tip) = (short(tag), short(branch));
    let what = format!("the archive tag of {agent} is at {tagged}, its branch at {tip}");
    let found = Found::a(FindingCode::MovedTag, what).because(
        "somebody worked on the branch after it was archived, or moved one of the two",
        Danger::Misleading,
        "the archive does not hold the attempt as it is; cleanup keeps the branch",
    );
    let (tag, branch) = (plain(&tag.name), plain(&branch.name));
    let hint = format!("`git log --left-right {tag}...{branch}` shows what each has");
    let found = found.of(&looked.id).agent(agent);
    found.r#ref(format!("refs/tags/{tag}")).hint(hint)
}

fn plain(name: &str) -> &str {
    let tag = name.strip_prefix("refs/tags/");
    tag.or_else(|| name.strip_prefix("refs/heads/"))
        .unwrap_or(name)
}

/// Tags without a message, which tell neither task nor metric.
fn light(looked: &Looked, refs: &SessionRefs) -> Vec<Found> {
    let light = refs
        .tags
        .iter()
        .filter(|(_, tag)| !tag.annotated && tag.commit.is_some());
    light
        .map(|((agent, older_attempt), tag)| {
            let what = format!("{} has no message", plain(&tag.name));
            let found = Found::a(FindingCode::LightTag, what).because(
                "it was made by hand or by an older tool",
                Danger::None,
                "it keeps the commits, and does not tell of the task and the result",
            );
            let name = ArchiveTag {
                session: looked.id.clone(),
                agent: *agent,
                older_attempt: *older_attempt,
            };
            let found = found.of(&looked.id).agent(*agent).r#ref(&tag.name);
            let fix = "puts a tag with a message in its place, at the same commit";
            found.cured(fix, move |hub| annotate(hub, &name))
        })
        .collect()
}

fn annotate(hub: &Hub, name: &ArchiveTag) -> Result<()> {
    in_journal(
        hub,
        &name.session,
        json!({ "mends": "light_tag" }),
        |session| put_message(hub, session, name),
    )
}

fn put_message(hub: &Hub, session: &mut LockedSession, name: &ArchiveTag) -> Result<()> {
    let attempts = hub.attempts(session.session())?;
    let meant = |attempt: &&AttemptInfo| attempt.tag(&name.session) == *name;
    let Some(attempt) = attempts.iter().find(meant) else {
        return Ok(());
    };
    let Some(commit) = &attempt.archived else {
        return Ok(());
    };
    let message = archive::tag_message(session, attempt)?;
    let text = name.to_string();
    let object = hub.repository.create_tag_object(&text, commit, &message)?;
    let change = RefChange {
        name: name.full(),
        // A tag without a message names the commit itself.
        from: Some(commit.clone()),
        to: Some(object),
    };
    hub.change_refs(session, Operation::Doctor, &[change], "hub: doctor")
}
