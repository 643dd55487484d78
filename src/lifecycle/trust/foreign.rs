//! Which commands of a hub directory are not this user's.

use std::path::Path;

use crate::domain::id::SessionId;
use crate::domain::report::{CommandUse, ForeignCommand};
use crate::domain::settings::SettingsLayer;
use crate::domain::trust::{CommandKind, TrustId};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{self, StoredSession};

/// A command and what it is for.
type Found = (CommandKind, String);

/// All of them, each once: those of the settings, those of sessions (oldest first), and last
/// what was trusted earlier and stands nowhere any more.
pub(super) fn find(hub: &Hub) -> Result<Vec<ForeignCommand>> {
    let mut all = Vec::new();
    let settings = hub.dir.settings_file();
    if settings.exists() {
        let layer = store::read_settings(&settings)?;
        let presets = store::read_presets(&settings)?.into_values();
        let presets = presets.map(|preset| (CommandKind::Preset, preset.command()));
        let found = of_settings(&layer).into_iter().chain(presets).collect();
        add(hub, &mut all, None, &settings, found)?;
    }
    for id in hub.dir.session_ids()? {
        match StoredSession::read(&hub.dir, &id) {
            Ok(stored) => of_session(hub, &mut all, &id, &stored)?,
            // Nothing of it can be run either.
            Err(error) => hub.warn(format!(
                "the commands of session {id} are not known: {error}"
            )),
        }
    }
    let trusted = super::folder().map(|folder| folder.of(hub.repository.home()));
    for trusted in trusted.unwrap_or_default() {
        let id = trusted.id();
        if !all.iter().any(|command| command.id == id) {
            all.push(ForeignCommand {
                id,
                command: trusted.command,
                trusted: true,
                changed: false,
                uses: Vec::new(),
            });
        }
    }
    Ok(all)
}

/// The commands of a layer of settings.
pub(super) fn of_settings(layer: &SettingsLayer) -> Vec<Found> {
    let one = |kind, command: &Option<String>| Some((kind, command.clone()?));
    let many = |kind, lines: &Option<crate::domain::list::List<_>>| {
        let lines = lines.iter().flat_map(|list| list.0.clone());
        lines
            .map(|line: crate::domain::ready::ShellLine| (kind, line.to_string()))
            .collect::<Vec<_>>()
    };
    let single = [
        one(CommandKind::Agent, &layer.agent_cmd),
        one(CommandKind::Eval, &layer.eval_cmd),
        one(CommandKind::Judge, &layer.judge_cmd),
    ];
    let mut found: Vec<Found> = single.into_iter().flatten().collect();
    found.extend(many(CommandKind::Setup, &layer.setup));
    found.extend(many(CommandKind::Teardown, &layer.teardown));
    found
}

fn of_session(
    hub: &Hub,
    all: &mut Vec<ForeignCommand>,
    id: &SessionId,
    stored: &StoredSession,
) -> Result<()> {
    let eval = stored.config.eval_cmd.clone();
    let mut found: Vec<Found> = eval
        .map(|eval| (CommandKind::Eval, eval))
        .into_iter()
        .collect();
    let judge = stored.newest_runs().ok().flatten();
    let judge = judge.and_then(|record| record.plan.judge);
    found.extend(judge.map(|judge| (CommandKind::Judge, judge.command)));
    add(hub, all, Some(id), &stored.dir.config_file(), found)?;
    let Some(launch) = stored.launch().ok().flatten() else {
        return Ok(());
    };
    let agents = launch.agents.into_values();
    let mut found: Vec<Found> = agents
        .map(|agent| (CommandKind::Agent, agent.command))
        .collect();
    for (kind, lines) in [
        (CommandKind::Setup, launch.ready.setup),
        (CommandKind::Teardown, launch.ready.teardown),
    ] {
        found.extend(lines.into_iter().map(|line| (kind, line.to_string())));
    }
    add(hub, all, Some(id), &stored.dir.launch_file(), found)
}

/// Adds the commands of one file, where they are not this user's.
fn add(
    hub: &Hub,
    all: &mut Vec<ForeignCommand>,
    session: Option<&SessionId>,
    file: &Path,
    found: Vec<Found>,
) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let Some(why) = hub.why_foreign(file)? else {
        return Ok(());
    };
    for (kind, command) in found {
        let here = CommandUse {
            kind,
            session: session.cloned(),
            file: file.to_path_buf(),
            why: why.to_owned(),
        };
        let id = TrustId::of(hub.repository.home(), &command);
        match all.iter_mut().find(|known| known.id == id) {
            Some(known) if known.uses.contains(&here) => {}
            Some(known) => known.uses.push(here),
            None => all.push(ForeignCommand {
                id,
                trusted: hub.trusts(&command),
                command,
                changed: false,
                uses: vec![here],
            }),
        }
    }
    Ok(())
}
