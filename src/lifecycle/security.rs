//! `hub security`: what each level enforces here, and a higher level for a session that lives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::launch::Launch;
use crate::domain::report::{
    DenialsReport, SecurityLevelReport, SecurityRaised, SecurityReport, SessionSecurity, WallReport,
};
use crate::domain::security::environment::passes;
use crate::domain::security::grants::{AllowedPath, Network};
use crate::domain::security::machine::Machine;
use crate::domain::security::walls::{Environment, Wall};
use crate::domain::security::{Lowered, Security, SecurityLayer, SecurityLevel, SecurityRefused};
use crate::process::walls::denials::hearing;
use crate::process::walls::machine;
use crate::store::{self, LockedSession};

use super::error::Result;
use super::hub::Hub;

/// Which session gets which level.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session.
    pub session: SessionSelector,
    /// The level that agents have who are started from now on.
    pub level: SecurityLevel,
    /// Whether what this machine cannot enforce is left out.
    pub best_effort: bool,
}

/// What each level enforces on this machine; in a repository, what it comes to there.
#[must_use]
pub fn describe(hub: Option<&Hub>) -> SecurityReport {
    let machine = machine_of(hub);
    let none = Network::default();
    let levels = SecurityLevel::ALL.map(|level| {
        let walls = Wall::ALL.map(|wall| {
            let holding = machine.holding(wall, level, &none);
            WallReport {
                wall,
                rule: wall.rule(level).to_owned(),
                stands: holding.as_ref().is_some_and(|found| found.lacks.is_none()),
                lacks: holding.as_ref().and_then(|found| found.lacks.clone()),
                by: holding.map(|found| found.by),
            }
        });
        SecurityLevelReport {
            level,
            enforced: machine.gaps(level, &none).is_empty(),
            walls: walls.into(),
        }
    });
    SecurityReport {
        system: crate::process::machine::system(),
        landlock: machine.landlock,
        seccomp: machine.seccomp,
        counting: machine.counting,
        default_level: wanted_level(hub),
        denials: denials(),
        levels: levels.into(),
    }
}

/// Whether what is denied on this machine is told.
fn denials() -> DenialsReport {
    let hearing = hearing();
    DenialsReport {
        told: hearing.told(),
        needs: hearing.needs(),
    }
}

/// The level of a session for which nothing else is said.
fn wanted_level(hub: Option<&Hub>) -> SecurityLevel {
    let settings = hub.and_then(|hub| hub.settings.security.clone());
    settings.unwrap_or_default().security().level
}

fn machine_of(hub: Option<&Hub>) -> Machine {
    Machine {
        ref_files: hub.is_none_or(|hub| hub.repository.has_ref_files()),
        ..machine::look()
    }
}

/// Raises the level of a session; agents have it who are started from then on.
///
/// # Errors
/// When it is lower than the one that holds, cannot be enforced here, or the session was not
/// spawned.
pub fn raise(hub: &Hub, request: &Request) -> Result<SecurityRaised> {
    if std::env::var_os("HUB_AGENT").is_some_and(|agent| !agent.is_empty()) {
        return Err(SecurityRefused::Agent.into());
    }
    let id = hub.dir.find(&request.session)?;
    let mut session = hub.lock(&id, "security")?;
    let Some(mut launch) = session.launch()? else {
        return Err(SecurityRefused::NotSpawned(id).into());
    };
    let before = launch.security.clone();
    let mut after = raised(&id, &before, request.level)?;
    after.best_effort |= request.best_effort;
    check(hub, &after)?;
    let changed = after != before;
    if changed {
        launch.security = after.clone();
        let detail = json!({
            "from": before.level,
            "to": after.level,
            "best_effort": after.best_effort,
        });
        hub.record(&mut session, Operation::Security, Phase::Begin, detail)?;
        session.set_launch(&launch)?;
        hub.record(&mut session, Operation::Security, Phase::End, json!({}))?;
    }
    let agents = session.session().agents().iter();
    let running = agents.filter(|(_, record)| record.status().is_active());
    Ok(SecurityRaised {
        session_id: id,
        from: before.level,
        level: after.level,
        best_effort: after.best_effort,
        changed,
        before: running.map(|(agent, _)| *agent).collect(),
    })
}

/// Settles a raise that was cut off; returns whether it had come to its effect.
pub(super) fn settle(session: &LockedSession, unfinished: &Unfinished) -> Result<bool> {
    let to = unfinished.intent.get("to").and_then(|to| to.as_str());
    let level = session.launch()?.map(|launch| launch.security.level);
    Ok(to.is_some() && to == level.map(SecurityLevel::as_str))
}

/// What was asked for, over the settings, as it can be enforced here.
///
/// # Errors
/// When this machine cannot enforce it and that is not accepted.
pub(super) fn wanted(hub: &Hub, asked: &SecurityLayer) -> Result<Security> {
    let asked = asked.clone().placed(|path| absolute(hub, path));
    let security = asked.over(hub.settings.security.clone().unwrap_or_default());
    let security = security.security();
    check(hub, &security)?;
    Ok(security)
}

/// Refuses what this machine cannot enforce.
pub(super) fn check(hub: &Hub, security: &Security) -> Result<()> {
    let gaps = machine_of(Some(hub)).gaps(security.level, &security.allow_net);
    if gaps.is_empty() || security.best_effort {
        return Ok(());
    }
    let level = security.level;
    Err(SecurityRefused::NotEnforced { level, gaps }.into())
}

/// What this machine cannot enforce of a level that was entered all the same, for people.
pub(super) fn left_out(hub: &Hub, security: &Security) -> Vec<String> {
    if !security.best_effort {
        return Vec::new();
    }
    let gaps = machine_of(Some(hub)).gaps(security.level, &security.allow_net);
    let lacks = gaps.into_iter();
    lacks
        .map(|gap| format!("{} (needs {})", gap.wall.as_str(), gap.lacks))
        .collect()
}

/// How the agents of a session are held that are started now: as before, or further.
///
/// # Errors
/// When that is less far than before, or cannot be enforced here.
pub(super) fn of_spawn(
    hub: &Hub,
    session: &LockedSession,
    asked: &SecurityLayer,
) -> Result<Security> {
    let mut security = wanted(hub, asked)?;
    let Some(before) = session.launch()?.map(|launch| launch.security) else {
        return Ok(security);
    };
    if asked.level.is_some() {
        raised(session.dir().id(), &before, security.level)?;
    }
    security.level = security.level.max(before.level);
    security.best_effort |= before.best_effort;
    check(hub, &security)?;
    Ok(security)
}

fn raised(id: &SessionId, before: &Security, level: SecurityLevel) -> Result<Security> {
    let raised = before.raised(level);
    Ok(
        raised.map_err(|Lowered { from, to }| SecurityRefused::Lowered {
            session: id.clone(),
            from,
            to,
        })?,
    )
}

/// How a session's agents are held, for its status.
pub(super) fn shown(hub: &Hub, launch: &Launch) -> SessionSecurity {
    let security = &launch.security;
    SessionSecurity {
        level: security.level,
        best_effort: security.best_effort,
        left_out: left_out(hub, security),
    }
}

/// Tells what a person may not expect: what is left out, paths that are not there, what the
/// project's settings say in vain, and variables that do not pass.
pub(super) fn tell(hub: &Hub, launch: &Launch) {
    let security = &launch.security;
    let left_out = left_out(hub, security);
    if !left_out.is_empty() {
        hub.warn(format!(
            "this machine does not enforce all of security level {}: {}",
            security.level,
            left_out.join(", ")
        ));
    }
    let granted = [
        ("--allow-read", &security.allow_read),
        ("--allow-write", &security.allow_write),
        ("--allow-exec", &security.allow_exec),
    ];
    for (flag, paths) in granted {
        for path in paths.iter().filter(|path| !path.as_path().exists()) {
            hub.note(format!(
                "{flag} {path}: nothing is there, so nothing is allowed"
            ));
        }
    }
    if let Some(said) = said_in_vain(hub, security) {
        hub.warn(said);
    }
    let held = held_back(launch);
    if !held.is_empty() {
        hub.note(format!(
            "agents do not get {}; --allow-env NAME lets one pass",
            held.join(", ")
        ));
    }
}

/// The variables that are kept from an agent because they look like secrets.
fn held_back(launch: &Launch) -> Vec<String> {
    let rule = launch.security.level.walls().environment;
    if rule != Environment::WithoutSecrets {
        // Either all of them pass, or that most do not is what was asked for.
        return Vec::new();
    }
    let needs = launch.agents.values().flat_map(|agent| &agent.needs.env);
    let passing: Vec<_> = needs.chain(&launch.security.allow_env).cloned().collect();
    let variables = std::env::vars_os();
    let held = variables.filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let passes = passes(rule, &passing, &name, &value.to_string_lossy());
        (!passes).then_some(name)
    });
    held.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The settings of a file. `foreign` says of the project's why it need not be this user's own.
pub(super) fn of_file(
    layer: SecurityLayer,
    home: &Path,
    foreign: Option<&Result<Option<&'static str>>>,
) -> SecurityLayer {
    let layer = layer.placed(|path| placed(path, home));
    match foreign {
        // What nobody can look at is nobody's own.
        Some(foreign) => layer.of_hub_directory(!matches!(foreign, Ok(None))),
        None => layer,
    }
}

/// What the project's settings say and does not hold, for people.
fn said_in_vain(hub: &Hub, security: &Security) -> Option<String> {
    let file = hub.dir.settings_file();
    let layer = store::read_settings(&file).ok()?.security?;
    let file_shown = file.display();
    if layer.level.is_some_and(|level| level < security.level) {
        return Some(format!(
            "security level {} holds: {file_shown} can raise it, and not lower it",
            security.level
        ));
    }
    let foreign = hub.is_foreign(&file).unwrap_or(true);
    (foreign && layer.widens()).then(|| {
        format!("what {file_shown} allows beyond its security level does not count: it need not be yours")
    })
}

/// An allowed path of the command line, which starts where hub does.
fn absolute(hub: &Hub, path: &AllowedPath) -> AllowedPath {
    placed(path, hub.folder())
}

/// An allowed path, absolute and without links.
pub(super) fn placed(path: &AllowedPath, folder: &Path) -> AllowedPath {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let absolute = path.within(folder, home.as_deref());
    let absolute = super::hub::resolved(&absolute);
    AllowedPath::absolute(&absolute).unwrap_or_else(|| path.clone())
}
