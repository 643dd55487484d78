//! Commands that this user did not write are not run, before the user says so of each.

mod foreign;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use crate::beneath;
use crate::domain::event::{Operation, Phase};
use crate::domain::id::SessionId;
use crate::domain::progress::Progress;
use crate::domain::report::{ForeignCommand, TrustReport};
use crate::domain::trust::{TrustPrefix, TrustRefused};
use crate::git::Repository;
use crate::store::access::others_can_write;
use crate::store::{HubDir, TrustDir, Trusted};

use super::error::{Error, Result};
use super::hub::{Hub, user_state_folder};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The commands; all where none is named.
    pub commands: Vec<TrustPrefix>,
    /// Only show them.
    pub list: bool,
    /// Trust them no more.
    pub forget: bool,
}

/// Shows the commands of this repository that somebody else wrote, and trusts those that were
/// read and found good: they are named, or a question about each is answered with yes. `--yes`
/// answers none of these.
///
/// # Errors
/// When nobody can be asked, a command is not there, an agent asks, or the system refuses.
pub fn run(hub: &Hub, request: &Request) -> Result<TrustReport> {
    let mut report = TrustReport {
        commands: foreign::find(hub)?,
    };
    if !request.commands.is_empty() {
        check_named(&report, &request.commands)?;
        let named = |command: &ForeignCommand| {
            let mut named = request.commands.iter();
            named.any(|prefix| prefix.fits(&command.id))
        };
        report.commands.retain(named);
    }
    if request.list {
        return Ok(report);
    }
    if std::env::var_os("HUB_AGENT").is_some_and(|agent| !agent.is_empty()) {
        return Err(TrustRefused::Agent.into());
    }
    if request.forget {
        for command in &mut report.commands {
            set(hub, command, false)?;
        }
        return Ok(report);
    }
    for command in report.commands.iter_mut().filter(|one| !one.trusted) {
        if request.commands.is_empty() {
            ask(hub, command)?;
        } else {
            set(hub, command, true)?;
        }
    }
    Ok(report)
}

/// How many commands of a session are not run here before this user has said so.
pub(super) fn untrusted_of(hub: &Hub, session: &SessionId) -> Result<usize> {
    let all = foreign::find(hub)?;
    let of_session = |command: &&ForeignCommand| {
        let mut uses = command.uses.iter();
        !command.trusted && uses.any(|one| one.session.as_ref() == Some(session))
    };
    Ok(all.iter().filter(of_session).count())
}

fn check_named(report: &TrustReport, named: &[TrustPrefix]) -> Result<()> {
    for prefix in named {
        let mut commands = report.commands.iter();
        if !commands.any(|command| prefix.fits(&command.id)) {
            return Err(TrustRefused::NoCommand(prefix.clone()).into());
        }
    }
    Ok(())
}

/// Shows one command whole and asks about it.
fn ask(hub: &Hub, command: &mut ForeignCommand) -> Result<()> {
    hub.tell(Progress::Foreign(Box::new(command.clone())));
    let answer = hub.ask_in_person("Would you run this yourself? Then hub runs it, too");
    hub.interrupt.check()?;
    match answer {
        Some(true) => set(hub, command, true),
        Some(false) => Ok(()),
        None => Err(Error::Unconfirmed {
            what: "trust in a command of somebody else".to_owned(),
            hint: "`hub trust --list` shows them; `hub trust ID` trusts one that you have read"
                .to_owned(),
        }),
    }
}

/// Trusts a command or does so no more, and lets the sessions that have it tell of that.
fn set(hub: &Hub, command: &mut ForeignCommand, trusted: bool) -> Result<()> {
    if command.trusted == trusted {
        return Ok(());
    }
    let folder = folder()?;
    if trusted {
        folder.add(&Trusted {
            repository: hub.repository.home().to_path_buf(),
            command: command.command.clone(),
            time: hub.now(),
        })?;
    } else {
        folder.remove(&command.id)?;
    }
    command.trusted = trusted;
    command.changed = true;
    record(hub, command);
    Ok(())
}

/// The decision holds whether or not a journal can tell of it.
fn record(hub: &Hub, command: &ForeignCommand) {
    let mut sessions: Vec<_> = command
        .uses
        .iter()
        .filter_map(|one| one.session.as_ref())
        .collect();
    sessions.dedup();
    for id in sessions {
        let write = || -> Result<()> {
            let mut session = hub.lock(id, "trust")?;
            let detail = json!({
                "id": command.id,
                "command": command.command,
                "trusted": command.trusted,
            });
            hub.record(&mut session, Operation::Trust, Phase::Done, detail)
        };
        if let Err(error) = write() {
            hub.warn(format!(
                "the journal of session {id} does not tell of it: {error}"
            ));
        }
    }
}

fn folder() -> Result<TrustDir> {
    let folder = user_state_folder().ok_or(TrustRefused::NoFolder)?;
    Ok(TrustDir::at(folder.join("trust")))
}

impl Hub {
    /// Refuses to run `command` when it is not this user's and was not trusted.
    pub(super) fn check_trust(&self, command: &str, file: &Path) -> Result<()> {
        if std::env::var_os("HUB_TRUST").is_some_and(|value| value == "all") {
            return Ok(());
        }
        match self.why_foreign(file)? {
            Some(why) if !self.trusts(command) => Err(Error::Untrusted {
                command: command.to_owned(),
                path: file.to_path_buf(),
                why,
            }),
            _ => Ok(()),
        }
    }

    /// Whether this user said of a command that it may be run.
    fn trusts(&self, command: &str) -> bool {
        // Where there is no folder of the user's, nothing was ever trusted.
        folder().is_ok_and(|folder| folder.has(self.repository.home(), command))
    }

    /// Why what stands in a file need not be this user's own; `None` where it must be.
    fn why_foreign(&self, file: &Path) -> Result<Option<&'static str>> {
        why_foreign(&self.repository, &self.dir, file)
    }

    /// Whether somebody else may have written a file, whatever was trusted; not where it is not
    /// there.
    pub(super) fn is_foreign(&self, file: &Path) -> Result<bool> {
        Ok(file.exists() && self.why_foreign(file)?.is_some())
    }

    /// The same as [`Hub::check_trust`] for a command that may come from the project's
    /// configuration file.
    pub(super) fn check_setting_trust(&self, command: &str) -> Result<()> {
        let file = self.dir.settings_file();
        let layer = crate::store::read_settings(&file)?;
        let mut settings = foreign::of_settings(&layer).into_iter();
        if settings.any(|(_, setting)| setting == command) {
            self.check_trust(command, &file)?;
        }
        Ok(())
    }
}

/// Why what stands in a file need not be this user's own; `None` where it must be.
///
/// The hub directory ignores itself, so a file of it that git tracks was put there on
/// purpose by whoever made the repository. What others can write, they may have written.
pub(super) fn why_foreign(
    repository: &Repository,
    dir: &HubDir,
    file: &Path,
) -> Result<Option<&'static str>> {
    let look = |path: &Path| beneath::metadata(path).map_err(Error::io("look at", path));
    let meta = look(file)?;
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own && meta.uid() != 0 {
        return Ok(Some("belongs to another user"));
    }
    if others_can_write(&meta) {
        return Ok(Some("other users can write"));
    }
    // Who can write in a folder above it can put another file in its place.
    let above = file.ancestors().skip(1);
    for folder in above.take_while(|path| path.starts_with(dir.path())) {
        if others_can_write(&look(folder)?) {
            return Ok(Some("lies in a folder that other users can write"));
        }
    }
    if dir.is_imported(file) {
        return Ok(Some("came with an imported session"));
    }
    let inside = file
        .strip_prefix(repository.home())
        .is_ok_and(|path| path.starts_with(HubDir::NAME));
    if inside && repository.tracks(Path::new(HubDir::NAME))? {
        return Ok(Some("came with the repository"));
    }
    Ok(None)
}
