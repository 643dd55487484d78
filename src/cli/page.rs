//! Where the page of an evaluation goes: `--report` of `hub eval` and `hub run`.

use std::path::Path;

use crate::lifecycle::eval::page::{self, PageFile};
use crate::lifecycle::{BadName, Error, Hub, report::EvalReport};
use crate::render::{Format, Output, html, text};

/// What is said of an evaluation, and where.
pub enum Said {
    /// The answer alone.
    Answer,
    /// The answer, and a page in a file.
    File(PageFile),
    /// The page, in place of the answer.
    Page,
}

impl Said {
    /// As `--report` was given; `-` is stdout.
    pub fn of(hub: &Hub, output: Output, report: Option<&Path>) -> Result<Self, Error> {
        match report {
            None => Ok(Self::Answer),
            Some(file) if file == Path::new("-") && output.format() == Format::Json => {
                Err(taken("stdout is for the JSON document"))
            }
            Some(file) if file == Path::new("-") => Ok(Self::Page),
            Some(file) => PageFile::new(hub, file, html::eval).map(Self::File),
        }
    }

    /// Says it.
    pub fn say(&self, hub: &Hub, output: Output, report: &EvalReport) -> anyhow::Result<()> {
        match self {
            Self::Page => output.exact(&html::eval(&page::gather(hub, report)?))?,
            Self::File(file) => {
                file.write(hub, report)?;
                output.answer(report, text::eval)?;
            }
            Self::Answer => output.answer(report, text::eval)?,
        }
        Ok(())
    }
}

/// The file of `hub run`, which has more to answer than a page.
pub fn file_of_run(hub: &Hub, file: &Path) -> Result<PageFile, Error> {
    if file == Path::new("-") {
        return Err(taken("stdout is for the answer of hub run"));
    }
    PageFile::new(hub, file, html::eval)
}

fn taken(why: &'static str) -> Error {
    let bad = BadName {
        what: "a file for --report",
        value: "-".to_owned(),
        why,
    };
    bad.into()
}
