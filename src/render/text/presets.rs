//! Presets for agents.

use crate::domain::preset::PresetSource;
use crate::domain::report::{AgentsReport, ListedPreset};

use super::{dash, one_line};
use crate::render::table::{self, text};

/// `hub agents`.
#[must_use]
pub fn presets(report: &AgentsReport) -> String {
    let rows = report.presets.iter().map(|preset| {
        let version = |version: &Option<String>| version.as_deref().map_or_else(dash, one_line);
        vec![
            preset.preset.to_string(),
            installed(preset).to_owned(),
            version(&preset.version),
            version(&preset.checked_version),
            source(preset.source).to_owned(),
            one_line(&preset.command),
        ]
    });
    table::draw(
        &[
            text("PRESET"),
            text("INSTALLED"),
            text("VERSION"),
            text("CHECKED"),
            text("FROM"),
            text("COMMAND"),
        ],
        rows.collect(),
    )
}

fn installed(preset: &ListedPreset) -> &'static str {
    match (&preset.path, preset.trusted) {
        (_, false) => "untrusted",
        (Some(_), true) => "yes",
        (None, true) => "no",
    }
}

fn source(source: PresetSource) -> &'static str {
    match source {
        PresetSource::BuiltIn => "built in",
        PresetSource::User => "user",
        PresetSource::Project => "project",
    }
}
