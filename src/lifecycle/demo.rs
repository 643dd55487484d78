//! `hub demo`: a real tournament of three scripted agents in a small repository.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::progress::Progress;
use crate::process::Interrupt;
use crate::process::visible::{self, Surroundings};

use super::error::{Error, Result};

/// How the demonstration is shown.
pub struct Request {
    /// Whether the folder stays.
    pub keep: bool,
    /// Whether what the commands print goes to stderr, because stdout is for a document.
    pub to_stderr: bool,
    /// Is told each command before it runs.
    pub progress: Box<dyn Fn(Progress)>,
    /// The signals.
    pub interrupt: Interrupt,
}

/// What the demonstration leaves.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct DemoReport {
    /// The repository it ran in.
    pub repository: PathBuf,
    /// Whether that is still there.
    pub kept: bool,
}

const FILES: [(&str, &str); 4] = [
    ("sum.sh", include_str!("demo/sum.sh")),
    ("bench.sh", include_str!("demo/bench.sh")),
    ("agent.sh", include_str!("demo/agent.sh")),
    (
        "README",
        "Made by `hub demo`: sum.sh is the work, bench.sh measures it, agent.sh plays three agents.\n",
    ),
];

const RUN: &str = "hub run --task 'make sum.sh take fewer steps' --agents 3 --agent-cmd ./agent.sh --eval ./bench.sh --metric steps --direction lower --yes";

/// Makes the repository and runs the tournament in it, with every command shown.
///
/// # Errors
/// When a command fails; the folder is removed all the same unless it is to be kept.
pub fn run(request: &Request) -> Result<DemoReport> {
    let folder = tempfile::Builder::new()
        .prefix("hub-demo-")
        .tempdir()
        .map_err(Error::io("make a folder in", std::env::temp_dir()))?;
    // Worktrees are made beside the repository, so it gets a folder to itself.
    let repository = folder.path().join("sums");
    std::fs::create_dir(&repository).map_err(Error::io("make", &repository))?;
    // From here on it stays when the user wants to look at it, whatever happens.
    let (folder, keeper) = if request.keep {
        (folder.keep(), None)
    } else {
        (folder.path().to_path_buf(), Some(folder))
    };
    let demo = Demo {
        variables: variables(&folder),
        request,
        repository: &repository,
        hub: std::env::current_exe().map_err(Error::io("find", "hub itself"))?,
    };
    demo.prepare()?;
    demo.tournament()?;
    let kept = keeper.is_none();
    demo.say(if let Some(keeper) = keeper {
        keeper.close().map_err(Error::io("remove", &folder))?;
        "The folder is gone again; `hub demo --keep` keeps it.".to_owned()
    } else {
        format!(
            "Look around in {}; `rm -rf {}` removes it.",
            repository.display(),
            folder.display()
        )
    });
    Ok(DemoReport { repository, kept })
}

struct Demo<'d> {
    request: &'d Request,
    repository: &'d Path,
    hub: PathBuf,
    variables: Vec<(OsString, Option<OsString>)>,
}

/// What is shown is the same for everybody: no settings of the user's, no pager.
fn variables(folder: &Path) -> Vec<(OsString, Option<OsString>)> {
    let settings = std::env::vars_os()
        .filter(|(name, _)| name.as_encoded_bytes().starts_with(b"HUB_"))
        .map(|(name, _)| (name, None));
    let own = [
        ("XDG_CONFIG_HOME", folder.join("config").into_os_string()),
        ("GIT_PAGER", "cat".into()),
    ];
    settings
        .chain(own.map(|(name, value)| (name.into(), Some(value))))
        .collect()
}

impl Demo<'_> {
    fn say(&self, line: String) {
        (self.request.progress)(Progress::Line(line));
    }

    /// The repository, made without a word: what it takes is not what is shown.
    fn prepare(&self) -> Result<()> {
        self.say(format!(
            "A small repository in {}:",
            self.repository.display()
        ));
        for (name, text) in FILES {
            let path = self.repository.join(name);
            crate::store::atomic::replace(&path, text.as_bytes())?;
            if Path::new(name).extension() == Some(OsStr::new("sh")) {
                make_executable(&path)?;
            }
        }
        for arguments in [
            &["init", "--quiet", "--initial-branch", "main"][..],
            &["config", "user.name", "hub demo"],
            &["config", "user.email", "demo@localhost"],
            &["config", "commit.gpgSign", "false"],
            &["add", "--all"],
            &[
                "commit",
                "--quiet",
                "--no-verify",
                "--message",
                "Add up the numbers to 300",
            ],
        ] {
            self.run(
                OsStr::new("git"),
                arguments,
                &format!("git {}", arguments.join(" ")),
            )?;
        }
        Ok(())
    }

    fn tournament(&self) -> Result<()> {
        self.shown("git log --oneline")?;
        self.shown("cat sum.sh")?;
        self.shown("./bench.sh")?;
        self.shown(RUN)?;
        self.shown("git log --oneline --graph")?;
        self.shown("cat sum.sh")?;
        self.shown("git tag --list")?;
        self.shown("hub list")?;
        self.shown("hub status")
    }

    /// One command as the user would type it, then what it prints.
    fn shown(&self, command: &str) -> Result<()> {
        self.say(String::new());
        self.say(format!("$ {command}"));
        let words = shell_words::split(command).unwrap_or_default();
        let (program, arguments) = match words.split_first() {
            Some((program, arguments)) => (program.as_str(), arguments),
            None => return Ok(()),
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let own;
        let program = match program.strip_prefix("./") {
            _ if program == "hub" => self.hub.as_os_str(),
            Some(script) => {
                own = self.repository.join(script);
                own.as_os_str()
            }
            None => OsStr::new(program),
        };
        self.run(program, &arguments, command)
    }

    fn run(&self, program: &OsStr, arguments: &[&str], command: &str) -> Result<()> {
        self.request.interrupt.check()?;
        let around = Surroundings {
            folder: self.repository,
            variables: &self.variables,
            stdout_to_stderr: self.request.to_stderr,
        };
        let exit = visible::run(program, arguments, &around)?;
        self.request.interrupt.check()?;
        if exit.success() {
            Ok(())
        } else {
            Err(Error::DemoStep {
                command: command.to_owned(),
                exit: exit.to_string(),
            })
        }
    }
}

fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .map_err(Error::io("make executable", path))
}
