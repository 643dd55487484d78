//! The options that every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::lifecycle::{Error, Hub, Interrupt, Progress, Seconds, SettingsLayer, Setup};
use crate::render::{ColorChoice, Format, Output, Reporter, question};

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Global {
    /// Start in PATH instead of the current folder
    #[arg(short = 'C', value_name = "PATH", global = true)]
    folder: Option<PathBuf>,
    /// How answers are written
    #[arg(long, value_enum, default_value_t, global = true)]
    format: FormatArg,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    json: bool,
    /// When colour is used
    #[arg(long, value_enum, default_value_t, global = true)]
    color: ColorArg,
    /// Say only what was asked for, and what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say what is done by libgit2 and by the git program; twice for more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Answer every question with yes
    #[arg(short, long, global = true)]
    yes: bool,
    /// Show no progress
    #[arg(long, global = true)]
    no_progress: bool,
    /// How long to wait for another hub
    #[arg(
        long,
        value_name = "SECONDS",
        global = true,
        allow_negative_numbers = true
    )]
    lock_timeout: Option<Seconds>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FormatArg {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// Prometheus's text exposition format, of `hub metrics` alone
    #[value(hide = true)]
    Prometheus,
    /// Graphviz's language, of `hub dag` alone
    #[value(hide = true)]
    Dot,
    /// Mermaid's language, of `hub dag` alone
    #[value(hide = true)]
    Mermaid,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
#[expect(clippy::doc_markdown, reason = "help texts are shown as they are")]
enum ColorArg {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Global {
    /// The streams.
    pub fn output(&self) -> Output {
        let format = if self.json {
            Format::Json
        } else {
            self.format.into()
        };
        Output::new(format, self.color.into(), self.quiet)
    }

    /// Whether figures are wanted as Prometheus reads them.
    pub fn wants_prometheus(&self) -> bool {
        matches!(self.format, FormatArg::Prometheus)
    }

    /// Whether a graph is wanted for Graphviz.
    pub fn wants_dot(&self) -> bool {
        matches!(self.format, FormatArg::Dot)
    }

    /// Whether a graph is wanted for Mermaid.
    pub fn wants_mermaid(&self) -> bool {
        matches!(self.format, FormatArg::Mermaid)
    }

    /// A format that one command alone takes, and that command.
    pub fn special_format(&self) -> Option<(&'static str, &'static str)> {
        match self.format {
            FormatArg::Text | FormatArg::Json => None,
            FormatArg::Prometheus => Some(("prometheus", "hub metrics")),
            FormatArg::Dot => Some(("dot", "hub dag")),
            FormatArg::Mermaid => Some(("mermaid", "hub dag")),
        }
    }

    /// What shows progress.
    pub fn progress(&self) -> Box<dyn Fn(Progress)> {
        let reporter = Reporter::new(self.output(), !self.no_progress, self.quiet);
        Box::new(move |progress| reporter.show(progress))
    }

    /// The same without notes and progress.
    pub fn silent(&self) -> Self {
        Self {
            quiet: true,
            no_progress: true,
            folder: self.folder.clone(),
            ..*self
        }
    }

    /// As [`Global::open`], and signals stay what they are.
    pub fn open_uninterrupted(&self) -> Result<Hub, Error> {
        self.open_with(Interrupt::default())
    }

    /// Opens the repository around the current folder, or that of `-C`.
    pub fn open(&self) -> Result<Hub, Error> {
        self.open_with(Interrupt::install()?)
    }

    fn open_with(&self, interrupt: Interrupt) -> Result<Hub, Error> {
        Hub::open(self.setup_with(interrupt)?)
    }

    /// What a hub is opened with.
    pub fn setup(&self) -> Result<Setup, Error> {
        self.setup_with(Interrupt::install()?)
    }

    fn setup_with(&self, interrupt: Interrupt) -> Result<Setup, Error> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => std::env::current_dir().map_err(Error::NoCurrentFolder)?,
        };
        let flags = SettingsLayer {
            lock_timeout_s: self.lock_timeout,
            ..SettingsLayer::default()
        };
        Ok(Setup {
            folder,
            flags,
            yes: self.yes,
            interrupt,
            progress: self.progress(),
            ask: Box::new(question::confirm),
        })
    }
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            // Its errors are for people.
            FormatArg::Text | FormatArg::Prometheus | FormatArg::Dot | FormatArg::Mermaid => {
                Self::Text
            }
            FormatArg::Json => Self::Json,
        }
    }
}

impl From<ColorArg> for ColorChoice {
    fn from(color: ColorArg) -> Self {
        match color {
            ColorArg::Auto => Self::Auto,
            ColorArg::Always => Self::Always,
            ColorArg::Never => Self::Never,
        }
    }
}
