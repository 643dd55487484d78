//! The walls around what runs in an agent's worktree, made of its session's security level.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::{ByteSize, Needs};
use crate::domain::refs::BranchName;
use crate::domain::security::machine::Counting;
use crate::domain::security::plan::{Files, Plan, Reach};
use crate::domain::security::walls::{NetworkRule, Writes};
use crate::domain::security::{Security, system};
use crate::process::command::ShellCommand;
use crate::process::walls::{Enclosure, Group, counting};
use crate::store::{AgentDir, Outbox, StoredSession, atomic};

use super::denials::Listening;
use super::error::{Error, Result};
use super::hub::Hub;
use super::outbox::Service;

/// What is around one attempt of an agent, as long as it runs.
#[derive(Debug, Default)]
pub(super) struct Walls {
    /// What its commands are behind.
    pub enclosure: Option<Enclosure>,
    /// Variables that tell of it.
    pub variables: Vec<(&'static str, OsString)>,
    /// How many processes it may have, where its supervisor must count them.
    pub processes: Option<u32>,
    group: Option<Group>,
    temporary: Option<Temporary>,
}

/// What runs where, for the walls around it.
pub(super) struct Inside<'i> {
    /// The command.
    pub command: &'i str,
    /// Whether it may run the program that it names though that lies in the worktree.
    pub own_program: bool,
    /// What it cannot do without.
    pub needs: Needs,
    /// The checkout that it runs in.
    pub worktree: &'i Path,
    /// The branch that it commits on, where it does.
    pub branch: Option<&'i BranchName>,
    /// The files that its output goes to.
    pub logs: [PathBuf; 2],
    /// The folder of its agent, which it reads and by which it asks hub.
    pub agent: Option<&'i AgentDir>,
}

impl Walls {
    /// Makes the walls around a process. Nothing stands before it puts them up around itself.
    ///
    /// # Errors
    /// When what they need cannot be made.
    pub fn around(hub: &Hub, security: &Security, inside: &Inside<'_>) -> Result<Self> {
        if !security.level.confines() {
            return Ok(Self::default());
        }
        let rules = security.level.walls();
        let mut walls = Self::default();
        let mut plan = Plan {
            best_effort: security.best_effort,
            alone: rules.signals,
            ..Plan::default()
        };
        walls.limit(security, &mut plan);
        walls.configure_git(hub, inside.worktree, rules.writes == Writes::Own);
        plan.network = reach(security);
        if rules.writes == Writes::Own {
            let temporary = Temporary::make(inside.agent)?;
            walls.variables.push(("TMPDIR", temporary.files().into()));
            if inside.agent.is_some() {
                let outbox = temporary.outbox().into();
                walls.variables.push(("HUB_OUTBOX", outbox));
            }
            plan.files = Some(files(hub, security, inside, &temporary.path)?);
            walls.temporary = Some(temporary);
        }
        let allowed = security.allow_env.iter().chain(&inside.needs.env);
        walls.enclosure = Some(Enclosure {
            environment: rules.environment,
            allowed: allowed.cloned().collect(),
            plan,
        });
        Ok(walls)
    }

    /// What the agent asks hub for, where it cannot write the hub directory.
    pub fn service<'s>(
        &self,
        hub: &'s Hub,
        session: &'s SessionId,
        agent: AgentId,
    ) -> Option<Service<'s>> {
        let temporary = self.temporary.as_ref().filter(|one| one.note.is_some());
        let folder = temporary?.outbox();
        let outbox = Outbox::open(&folder);
        let outbox = outbox.inspect_err(|error| log::warn!("{agent} cannot post: {error}"));
        Some(Service {
            hub,
            session,
            agent,
            outbox: outbox.ok()?,
            told: Cell::new(Service::TOLD),
            posts: Cell::new(Service::POSTS),
        })
    }

    /// Listens for what the kernel denies, where it holds the files that the agent reaches.
    pub fn listening(&self) -> Option<Listening> {
        let plan = self.enclosure.as_ref().map(|enclosure| &enclosure.plan);
        let holds = plan.is_some_and(|plan| plan.files.is_some());
        holds.then(Listening::begin).flatten()
    }

    /// Lets a command run behind them.
    pub fn put_around(&self, command: &mut ShellCommand) {
        command.enclosure.clone_from(&self.enclosure);
        command.variables.extend(self.variables.iter().cloned());
    }

    /// Settings for the agent's git: it runs no hook of the worktree, and where it can write little
    /// it tidies nothing up.
    fn configure_git(&mut self, hub: &Hub, worktree: &Path, enclosed: bool) {
        const NAMES: [(&str, &str); 5] = [
            ("GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"),
            ("GIT_CONFIG_KEY_1", "GIT_CONFIG_VALUE_1"),
            ("GIT_CONFIG_KEY_2", "GIT_CONFIG_VALUE_2"),
            ("GIT_CONFIG_KEY_3", "GIT_CONFIG_VALUE_3"),
            ("GIT_CONFIG_KEY_4", "GIT_CONFIG_VALUE_4"),
        ];
        let mut settings = hub.repository.guarding_settings(worktree);
        if enclosed {
            let quiet = [
                ("gc.auto", "0"),
                ("maintenance.auto", "false"),
                ("core.fsmonitor", "false"),
            ];
            settings.extend(quiet.map(|(name, value)| (name, value.to_owned())));
        }
        let mut count = 0;
        for ((key, value), (name, set)) in NAMES.into_iter().zip(settings) {
            count += 1;
            self.variables.push((key, name.into()));
            self.variables.push((value, set.into()));
        }
        if count > 0 {
            let count = count.to_string().into();
            self.variables.push(("GIT_CONFIG_COUNT", count));
        }
    }

    fn limit(&mut self, security: &Security, plan: &mut Plan) {
        let bounds = &security.bounds;
        let most = bounds.processes.get();
        match counting::by() {
            Counting::ControlGroup => self.group = Group::new(most),
            Counting::UserLimit => {
                plan.user_processes = Some(counting::of_user() + u64::from(most));
            }
            Counting::Supervisor => {}
        }
        plan.group = self.group.as_ref().map(|group| group.path().to_path_buf());
        let counted = plan.group.is_some() || plan.user_processes.is_some();
        self.processes = (!counted).then_some(most);
        plan.memory = bounds.memory.map(ByteSize::bytes).or(Some(all_memory()));
        plan.file_size = Some(bounds.file_size.bytes());
        plan.open_files = Some(u64::from(bounds.open_files.get()));
    }
}

fn all_memory() -> u64 {
    let system = rustix::system::sysinfo();
    u64::from(system.mem_unit).saturating_mul(system.totalram)
}

/// The walls around a command that measures, verifies or tears down what agents have made: those
/// of their session, or of the settings where hub started no agents.
pub(super) fn around_command(
    hub: &Hub,
    session: &StoredSession,
    command: &str,
    folder: &Path,
    logs: [PathBuf; 2],
) -> Result<Walls> {
    let launch = session.launch()?;
    let settings = || hub.settings.security.clone().unwrap_or_default().security();
    let security = launch.map_or_else(settings, |launch| launch.security);
    let inside = Inside {
        command,
        own_program: true,
        needs: Needs::default(),
        worktree: folder,
        branch: None,
        logs,
        agent: None,
    };
    Walls::around(hub, &security, &inside)
}

/// What the level and what is allowed come to.
fn reach(security: &Security) -> Reach {
    let network = &security.allow_net;
    match security.level.walls().network {
        NetworkRule::Free => Reach::All,
        NetworkRule::Allowed if network.all => Reach::All,
        NetworkRule::Allowed => Reach::Only {
            unix: network.unix,
            ports: network.ports.clone(),
        },
        NetworkRule::None => Reach::Only {
            unix: false,
            ports: BTreeSet::new(),
        },
    }
}

fn files(hub: &Hub, security: &Security, inside: &Inside<'_>, temporary: &Path) -> Result<Files> {
    let home = home();
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let own = hub.repository.reach_of(inside.worktree, inside.branch)?;
    let at_home = |paths: &[crate::domain::security::grants::AllowedPath]| -> Vec<PathBuf> {
        let worktree = inside.worktree;
        let paths = paths.iter();
        paths
            .map(|path| path.within(worktree, home.as_deref()))
            .collect()
    };
    let programs: Vec<PathBuf> = program_folders(home.as_deref())
        .chain(std::env::current_exe().ok())
        .collect();
    let named = program_of(inside);

    // What lies in these is for nobody, whichever folder it is reached by.
    let mut hidden = vec![hub.dir.path().to_path_buf(), hub.worktree_root()];
    hidden.extend(system::SECRETS.iter().filter_map(|name| below_home(name)));
    let shown = |path: PathBuf| without(path, &hidden);

    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    let system_folders = system::READ.iter().map(PathBuf::from);
    read.extend(system_folders.chain(programs.clone()).flat_map(shown));
    read.extend(own.read.into_iter().flat_map(shown));
    read.extend(system::SETTINGS.iter().filter_map(|name| below_home(name)));
    read.extend([hub.dir.settings_file(), hub.dir.path().join("board")]);
    read.extend(inside.agent.map(|folder| folder.path().to_path_buf()));
    read.extend(at_home(&inside.needs.reads));
    read.extend(at_home(&security.allow_read));

    let mut plain: BTreeSet<PathBuf> = own.write.into_iter().collect();
    plain.insert(temporary.join(OUTBOX));
    // Whoever opens /dev/stdout opens these again.
    plain.extend(inside.logs.iter().cloned());
    let mut write = BTreeSet::from([inside.worktree.to_path_buf(), temporary.join(FILES)]);
    write.extend(at_home(&inside.needs.writes));
    write.extend(at_home(&security.allow_write));

    let listed = security.level.walls().executables;
    let execute = listed.then(|| {
        let system_folders = system::RUN.iter().map(PathBuf::from);
        let folders = system_folders.chain(programs).flat_map(shown);
        let folders = folders.chain(at_home(&security.allow_exec));
        folders.chain(named.clone()).collect()
    });
    read.extend(at_home(&security.allow_exec));
    read.extend(named);
    Ok(Files {
        read,
        write,
        plain,
        devices: system::DEVICES.iter().map(PathBuf::from).collect(),
        execute,
    })
}

/// A folder as the parts of it that hold nothing hidden; all of it where it holds none.
fn without(path: PathBuf, hidden: &[PathBuf]) -> Vec<PathBuf> {
    let path = path.canonicalize().unwrap_or(path);
    if hidden.iter().any(|hidden| path.starts_with(hidden)) {
        return Vec::new();
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(&path)) {
        return vec![path];
    }
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
    entries
        .flat_map(|entry| without(entry.path(), hidden))
        .collect()
}

/// The folders in which the shell looks for programs. One that is, or holds, the home folder is
/// none of programs.
fn program_folders(home: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let home = home.map(Path::to_path_buf);
    folders.into_iter().filter(move |folder| {
        let holds_home = home.as_ref().is_some_and(|home| home.starts_with(folder));
        folder.is_absolute() && !holds_home
    })
}

/// The program that a command names by its path: whoever gave the command means it to be run.
fn program_of(inside: &Inside<'_>) -> Option<PathBuf> {
    let words = shell_words::split(inside.command).ok()?;
    let program = words.into_iter().find(|word| !word.contains('='))?;
    let named = Path::new(&program);
    let may_run = named.is_absolute() || inside.own_program && program.contains('/');
    Some(inside.worktree.join(named)).filter(|path| may_run && path.is_file())
}

fn home() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
}

/// A folder for temporary files that is one attempt's own; it is gone when this is dropped.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    /// Names it for whoever comes next, where there is a place for that.
    note: Option<PathBuf>,
}

impl Temporary {
    /// Makes one. What one before it left, whose supervisor was killed, is removed.
    fn make(folder: Option<&AgentDir>) -> Result<Self> {
        let note = folder.map(AgentDir::temporary_note);
        if let Some(note) = &note {
            clear(note);
        }
        let above = std::env::temp_dir();
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&above);
        let path = made.map_err(Error::io("make a folder in", above))?.keep();
        let temporary = Self { path, note };
        for folder in [temporary.files(), temporary.outbox()] {
            fs::create_dir(&folder).map_err(Error::io("make", folder))?;
        }
        if let Some(note) = &temporary.note {
            atomic::replace(note, temporary.path.as_os_str().as_encoded_bytes())?;
        }
        Ok(temporary)
    }
}

impl Temporary {
    fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    fn outbox(&self) -> PathBuf {
        self.path.join(OUTBOX)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is removed before the next attempt, or by the system.
        let removed = fs::remove_dir_all(&self.path).is_ok();
        if let Some(note) = self.note.as_ref().filter(|_| removed) {
            let _ = atomic::remove_file(note);
        }
    }
}

const PREFIX: &str = "hub-agent-";
const FILES: &str = "files";
const OUTBOX: &str = "outbox";

/// Removes the folder that a note names.
fn clear(note: &Path) {
    let Ok(path) = beneath::read_to_string(note).map(PathBuf::from) else {
        return;
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let is_ours = name.is_some_and(|name| name.starts_with(PREFIX))
        && path.parent() == Some(&std::env::temp_dir());
    if is_ours && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
        let _ = fs::remove_dir_all(path);
    }
}
