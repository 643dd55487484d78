//! Who judges an evaluation.

use crate::domain::evaluation::hybrid::Tolerance;
use crate::domain::judging::Judge;
use crate::domain::measurement::EvalRecord;
use crate::domain::preset::PresetName;
use crate::domain::refs::CommitId;
use crate::domain::resources::TimeLimit;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::{init, presets};
use crate::store::LockedSession;

use super::super::Request;

/// Who decides where no metric does; what is `None` comes from the settings, and for an
/// evaluation that is gone on with or ranked again from its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgeOptions {
    /// Who.
    pub by: Option<JudgeBy>,
    /// How long one judgement may take.
    pub timeout: Option<TimeLimit>,
    /// How far from the best figure an agent may be to be judged.
    pub tolerance: Option<Tolerance>,
}

/// Who judges.
#[derive(Clone, Debug, PartialEq)]
pub enum JudgeBy {
    /// Nobody.
    Nobody,
    /// This command.
    Command(String),
    /// An agent of this preset.
    Preset(PresetName),
    /// The command of the settings, else an agent of the session's own preset.
    Usual,
}

/// Who judges an evaluation, if anybody does; it can be run and may be.
pub(in crate::lifecycle::eval) fn choose(
    hub: &Hub,
    session: &LockedSession,
    request: &Request,
    before: Option<&EvalRecord>,
) -> Result<Option<Judge>> {
    let options = &request.options.judge;
    let same = super::super::same(request, before);
    let begun = same.and_then(|same| same.plan.judge.clone());
    let goes_on = same.is_some_and(|same| !same.concluded);
    let (command, preset) = match (&options.by, begun) {
        (None, Some(begun)) => {
            hub.check_trust(&begun.command, &session.dir().config_file())?;
            let timeout = options.timeout.unwrap_or(begun.timeout);
            let tolerance = options.tolerance.unwrap_or(begun.tolerance);
            return Ok(Some(Judge {
                timeout,
                tolerance,
                ..begun
            }));
        }
        (None, None) if goes_on => return Ok(None),
        (by, _) => {
            let config = session.config();
            let base = match &config.base_commit {
                Some(commit) => commit.clone(),
                None => hub.base_tip(config)?,
            };
            let usual = || preset_of(session);
            match resolve(hub, by.as_ref(), &base, usual)? {
                Some(found) => found,
                None => return Ok(None),
            }
        }
    };
    Ok(Some(Judge {
        command,
        preset,
        timeout: options.timeout.unwrap_or(TimeLimit::TEN_MINUTES),
        tolerance: options.tolerance.unwrap_or_default(),
    }))
}

/// Checks before there is a session that its judge can be run and may be.
pub(in crate::lifecycle) fn check(
    hub: &Hub,
    options: &JudgeOptions,
    base: &CommitId,
    usual: impl FnOnce() -> Result<PresetName>,
) -> Result<()> {
    resolve(hub, options.by.as_ref(), base, usual)?;
    Ok(())
}

/// The command that judges, and the preset that made it.
fn resolve(
    hub: &Hub,
    by: Option<&JudgeBy>,
    base: &CommitId,
    usual: impl FnOnce() -> Result<PresetName>,
) -> Result<Option<(String, Option<PresetName>)>> {
    let given = match by {
        Some(JudgeBy::Command(command)) => Some(command.clone()),
        Some(JudgeBy::Usual) | None => hub.settings.judge_cmd.clone(),
        Some(JudgeBy::Nobody | JudgeBy::Preset(_)) => None,
    };
    if let Some(command) = given {
        let command = init::resolve(hub, "judge command", &command, base)?;
        return Ok(Some((command, None)));
    }
    let preset = match by {
        None | Some(JudgeBy::Nobody | JudgeBy::Command(_)) => return Ok(None),
        Some(JudgeBy::Preset(preset)) => preset.clone(),
        Some(JudgeBy::Usual) => usual()?,
    };
    let command = presets::command_of(hub, &preset, base)?;
    Ok(Some((command, Some(preset))))
}

/// The preset that all agents of a session are run by.
fn preset_of(session: &LockedSession) -> Result<PresetName> {
    let launch = session.launch()?.unwrap_or_default();
    let presets = launch.agents.values().map(|agent| agent.preset.as_ref());
    only_preset(presets)
}

/// The one preset of some agents.
pub(in crate::lifecycle) fn only_preset<'p>(
    presets: impl Iterator<Item = Option<&'p PresetName>>,
) -> Result<PresetName> {
    let mut presets = presets;
    let first = presets.next().flatten().ok_or(Error::NoJudge)?;
    let same = presets.all(|preset| preset == Some(first));
    same.then(|| first.clone()).ok_or(Error::NoJudge)
}
