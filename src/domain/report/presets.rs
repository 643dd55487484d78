//! `hub agents`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::preset::{PresetName, PresetSource, Program};

/// `hub agents`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentsReport {
    /// The presets, by name.
    pub presets: Vec<ListedPreset>,
}

/// One preset, and what is installed of it here.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedPreset {
    /// What it is called: `--agent NAME`.
    pub preset: PresetName,
    /// Its name for people.
    pub title: Option<String>,
    /// Where it was read.
    pub source: PresetSource,
    /// Whether hub would run it; false for one that this user did not write.
    pub trusted: bool,
    /// What is run.
    pub program: Program,
    /// The command that it makes.
    pub command: String,
    /// Where the program was found; null when it is not installed.
    pub path: Option<PathBuf>,
    /// The version that is installed; null when the program does not tell, or was not asked.
    pub version: Option<String>,
    /// The version that the preset was checked with; null when it was not.
    pub checked_version: Option<String>,
    /// How the program is installed.
    pub install: Option<String>,
}
