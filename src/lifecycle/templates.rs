//! `hub templates`: where prompts come from; and the one that a name stands for.
//!
//! A template is text and nothing of it is run, so one that came with a clone is as good as
//! any; `-v` says which file was taken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::report::{ListedTemplate, TemplateSource, TemplatesReport};
use crate::domain::strategy::Strategy;
use crate::domain::template::{self, BUILT_IN};

use super::error::{Error, Result};
use super::hub::{Hub, user_folder};

/// The end of a template's file.
const END: &str = "md";

/// Which templates are shown.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// This one; all where none is named.
    pub name: Option<String>,
}

/// A template with all that belongs to it.
#[derive(Debug)]
pub(super) struct Found {
    name: String,
    source: TemplateSource,
    path: Option<PathBuf>,
    /// Its text, with placeholders.
    pub text: String,
    /// The strategies that are handed out where none is given.
    pub strategies: Vec<Strategy>,
}

/// Shows the templates.
///
/// # Errors
/// When the one that is named is not there, or a file cannot be read.
pub fn run(hub: &Hub, request: &Request) -> Result<TemplatesReport> {
    let found = match &request.name {
        Some(name) => vec![find(hub, Some(name))?],
        None => all(hub)?,
    };
    let templates = found.into_iter().map(|found| ListedTemplate {
        name: found.name,
        source: found.source,
        path: found.path,
        strategies: found.strategies,
        text: found.text,
    });
    Ok(TemplatesReport {
        templates: templates.collect(),
    })
}

/// The template that a name stands for: the project's, the user's, a built-in one, or a file.
///
/// Without a name it is the one of the settings, else `plain`.
pub(super) fn find(hub: &Hub, name: Option<&str>) -> Result<Found> {
    let name = name.or(hub.settings.template.as_deref()).unwrap_or("plain");
    if let Some(found) = named(hub, name)? {
        return Ok(found);
    }
    let path = hub.folder().join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(of_file(name, TemplateSource::File, path, text)),
        Err(_) => Err(Error::NoTemplate {
            name: name.to_owned(),
        }),
    }
}

fn named(hub: &Hub, name: &str) -> Result<Option<Found>> {
    if is_name(name) {
        for (source, folder) in folders(hub) {
            let path = folder.join(format!("{name}.{END}"));
            match beneath::read_to_string(&path) {
                Ok(text) => {
                    log::debug!("template {name} is {}", path.display());
                    return Ok(Some(of_file(name, source, path, text)));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("read", path)(error)),
            }
        }
    }
    Ok(template::built_in(name).map(|found| Found {
        name: name.to_owned(),
        source: TemplateSource::BuiltIn,
        path: None,
        text: found.text.to_owned(),
        strategies: found.strategies(),
    }))
}

/// A file's template has no strategies of its own: it may be about anything.
fn of_file(name: &str, source: TemplateSource, path: PathBuf, text: String) -> Found {
    Found {
        name: name.to_owned(),
        source,
        path: Some(path),
        text,
        strategies: Vec::new(),
    }
}

/// Where templates of the user's own are; the first wins.
fn folders(hub: &Hub) -> Vec<(TemplateSource, PathBuf)> {
    let project = (TemplateSource::Project, hub.dir.templates());
    let user = user_folder().map(|folder| (TemplateSource::User, folder.join("templates")));
    [Some(project), user].into_iter().flatten().collect()
}

/// What can stand for a template without being a path.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

/// Every template that has a name: the built-in ones first, then the others by name.
fn all(hub: &Hub) -> Result<Vec<Found>> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|found| found.name.to_owned()).collect();
    let mut own = Vec::new();
    for (_, folder) in folders(hub) {
        own.extend(names_in(&folder)?);
    }
    own.sort();
    own.dedup();
    own.retain(|name| !names.contains(name));
    names.extend(own);
    let found = names.iter().map(|name| named(hub, name));
    Ok(found
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn is_file(path: &Path) -> bool {
    beneath::metadata(path).is_ok_and(|meta| meta.is_file())
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = match beneath::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let is_template = path.extension().is_some_and(|end| end == END) && is_file(&path);
        names.extend(
            name.filter(|name| is_template && is_name(name))
                .map(str::to_owned),
        );
    }
    Ok(names)
}
