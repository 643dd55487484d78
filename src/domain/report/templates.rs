//! `hub templates`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::strategy::Strategy;

/// `hub templates`: all of them, or the one that is named.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TemplatesReport {
    /// The templates.
    pub templates: Vec<ListedTemplate>,
}

/// One template.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedTemplate {
    /// What `--template` takes.
    pub name: String,
    /// Where it comes from.
    pub source: TemplateSource,
    /// Its file; null for a built-in one.
    pub path: Option<PathBuf>,
    /// The strategies that are handed out where none is given.
    pub strategies: Vec<Strategy>,
    /// Its text, with placeholders.
    pub text: String,
}

/// Where a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateSource {
    /// It comes with hub.
    BuiltIn,
    /// A file of the user's settings.
    User,
    /// A file of the hub directory.
    Project,
    /// A file that was named by its path.
    File,
}

impl TemplateSource {
    /// The words that are shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::User => "user",
            Self::Project => "project",
            Self::File => "file",
        }
    }
}
