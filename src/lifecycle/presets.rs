//! The presets there are, and what they make agents run; `hub agents`.

use std::collections::BTreeMap;

use crate::domain::id::AgentId;
use crate::domain::launch::{AgentLaunch, Needs, Stdin};
use crate::domain::preset::{self, Preset, PresetChoice, PresetName, PresetSource, PromptBy};
use crate::domain::refs::CommitId;
use crate::domain::report::{AgentsReport, ListedPreset};
use crate::process::{self, program, version};
use crate::store;

use super::error::{Error, Result};
use super::hub::{Hub, user_settings};

/// A preset and where it was read.
struct Known {
    preset: Preset,
    source: PresetSource,
}

/// All presets: of one name, the project's wins over the user's and that over the built-in.
fn known(hub: &Hub) -> Result<BTreeMap<PresetName, Known>> {
    let mut all = BTreeMap::new();
    let mut add = |presets: store::Presets, source| {
        let presets = presets.into_iter();
        all.extend(presets.map(|(name, preset)| (name, Known { preset, source })));
    };
    add(store::built_in_presets()?, PresetSource::BuiltIn);
    if let Some(file) = user_settings() {
        add(store::read_presets(&file)?, PresetSource::User);
    }
    let project = store::read_presets(&hub.dir.settings_file())?;
    add(project, PresetSource::Project);
    Ok(all)
}

/// The preset of this name, whoever wrote it; its rules may be read, not its command run.
pub(super) fn rules_of(hub: &Hub, name: &PresetName) -> Result<Option<Preset>> {
    Ok(known(hub)?.remove(name).map(|known| known.preset))
}

/// Lists the presets with what is installed here.
///
/// # Errors
/// When a configuration file cannot be read.
pub fn list(hub: &Hub) -> Result<AgentsReport> {
    let known = known(hub)?;
    let _doing = hub.doing("asking for versions");
    // Some take a second to start, and none has to wait for another.
    let presets = std::thread::scope(|scope| {
        let asked: Vec<_> = known
            .into_iter()
            .map(|(name, known)| {
                let mut listed = listed(hub, name, &known);
                let flags = known.preset.version;
                scope.spawn(move || {
                    let path = listed.path.as_deref().filter(|_| listed.trusted);
                    let said = path.and_then(|path| version::ask(path, &flags));
                    listed.version = said.as_deref().and_then(preset::version_in);
                    listed
                })
            })
            .collect();
        asked
            .into_iter()
            .filter_map(|one| one.join().ok())
            .collect()
    });
    Ok(AgentsReport { presets })
}

fn listed(hub: &Hub, name: PresetName, known: &Known) -> ListedPreset {
    let preset = &known.preset;
    let command = preset.command();
    ListedPreset {
        preset: name,
        title: preset.title.clone(),
        source: known.source,
        trusted: check_trust(hub, known, &command).is_ok(),
        program: preset.program.clone(),
        path: version::find(preset.program.as_str(), hub.folder()),
        version: None,
        checked_version: preset.checked_version.clone(),
        install: preset.install.clone(),
        command,
    }
}

fn check_trust(hub: &Hub, known: &Known, command: &str) -> Result<()> {
    match known.source {
        PresetSource::Project => hub.check_trust(command, &hub.dir.settings_file()),
        PresetSource::BuiltIn | PresetSource::User => Ok(()),
    }
}

/// What each of some agents is run by; every preset's program is there and may be run.
pub(super) fn launches(
    hub: &Hub,
    choice: &PresetChoice,
    stdin: Option<Stdin>,
    agents: &[AgentId],
    commit: &CommitId,
) -> Result<BTreeMap<AgentId, AgentLaunch>> {
    let known = known(hub)?;
    let launch = |name: &PresetName| launch(hub, &known, name, stdin, commit);
    match choice {
        PresetChoice::One(name) => {
            let launch = launch(name)?;
            Ok(agents
                .iter()
                .map(|agent| (*agent, launch.clone()))
                .collect())
        }
        PresetChoice::Mixed(counts) => {
            if counts.by_agent().count() != agents.len() {
                return Err(Error::OtherCount {
                    counts: counts.clone(),
                    agents: agents.len(),
                });
            }
            let by_agent = counts.by_agent();
            by_agent
                .map(|(agent, name)| Ok((agent, launch(name)?)))
                .collect()
        }
    }
}

/// The command of a preset, which is there and may be run.
pub(super) fn command_of(hub: &Hub, name: &PresetName, commit: &CommitId) -> Result<String> {
    Ok(launch(hub, &known(hub)?, name, Some(Stdin::None), commit)?.command)
}

fn launch(
    hub: &Hub,
    known: &BTreeMap<PresetName, Known>,
    name: &PresetName,
    stdin: Option<Stdin>,
    commit: &CommitId,
) -> Result<AgentLaunch> {
    let found = known.get(name).ok_or_else(|| unknown(name, known))?;
    let stdin = stdin.unwrap_or(found.preset.stdin);
    check_stdin(name, &found.preset, stdin)?;
    let command = found.preset.command();
    check_trust(hub, found, &command)?;
    let in_tree = |path: &std::path::Path| hub.repository.tree_has(commit, path).unwrap_or(false);
    let command =
        program::resolve("agent command", &command, hub.folder(), in_tree).map_err(|error| {
            match error {
                process::Error::ProgramNotFound { program, .. } => Error::PresetNotInstalled {
                    preset: name.clone(),
                    program,
                    install: found.preset.install.clone(),
                },
                other => other.into(),
            }
        })?;
    let preset = Some(name.clone());
    Ok(AgentLaunch {
        command,
        preset,
        stdin,
        needs: needs(hub, found)?,
    })
}

/// What a preset's program cannot do without. What came with the repository says so of itself
/// in vain: its command was trusted, and not what it would be let have.
fn needs(hub: &Hub, found: &Known) -> Result<Needs> {
    let foreign = match found.source {
        PresetSource::Project => hub.is_foreign(&hub.dir.settings_file())?,
        PresetSource::BuiltIn | PresetSource::User => false,
    };
    Ok(if foreign {
        Needs::default()
    } else {
        found.preset.needs()
    })
}

/// Refuses to give an agent something to read where it reads its prompt.
pub(super) fn check_stdin(name: &PresetName, preset: &Preset, stdin: Stdin) -> Result<()> {
    if preset.prompt == PromptBy::Stdin && stdin != Stdin::None {
        return Err(Error::PromptOnStdin {
            preset: name.clone(),
        });
    }
    Ok(())
}

fn unknown(name: &PresetName, known: &BTreeMap<PresetName, Known>) -> Error {
    let likeness = |known: &PresetName| strsim::jaro_winkler(name.as_str(), known.as_str());
    let nearest = known
        .keys()
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Error::NoPreset {
        preset: name.clone(),
        nearest: nearest.map(|(_, known)| known.clone()),
    }
}
