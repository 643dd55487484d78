//! A repository of a test's own, with a home beside it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::hub::Hub;
use super::normal::normalised;
use super::tree::Tree;

/// When every commit was made that the test did not date otherwise.
const DATE: &str = "2026-03-01T12:00:00+00:00";

/// The whole configuration of git. libgit2 reads it as `$HOME/.gitconfig`, the git
/// program by `GIT_CONFIG_GLOBAL`.
const GIT_CONFIG: &str = "\
[user]
\tname = Test Author
\temail = author@example.com
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
";

/// What the caller's environment may hand on: where programs are, and where coverage goes.
const KEPT: [&str; 3] = ["PATH", "LLVM_PROFILE_FILE", "TMPDIR"];

/// A temporary folder with `home/` and a repository `repo/` with one commit on `main`.
///
/// The hub directory's worktrees come beside the repository, into `repo.hub/`, and go
/// with the folder when the test ends.
#[derive(Debug)]
pub struct TestRepo {
    temp: TempDir,
    /// The folder with its links resolved, as hub and git name it.
    root: PathBuf,
}

impl TestRepo {
    /// A repository with one commit, which holds a `README.md`.
    pub fn new() -> Self {
        static TEMPLATE: OnceLock<Tree> = OnceLock::new();
        // `git init` and a first commit cost more than most tests.
        let template = TEMPLATE.get_or_init(|| {
            let repo = Self::empty_folder();
            fs::create_dir(repo.path()).unwrap();
            repo.git(["init", "--quiet", "--template="]);
            repo.write("README.md", "A repository for tests.\n");
            repo.commit("Begin");
            Tree::read(&repo.root)
        });
        let repo = Self::empty_folder();
        template.write(&repo.root);
        repo
    }

    fn empty_folder() -> Self {
        let temp = tempfile::Builder::new()
            .prefix("hub-test-")
            .tempdir()
            .unwrap();
        let root = temp.path().canonicalize().unwrap();
        let repo = Self { temp, root };
        write(&repo.home().join(".gitconfig"), GIT_CONFIG);
        repo
    }

    /// The main worktree.
    pub fn path(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// The temporary folder around it all; what varies of a path in output.
    pub fn root(&self) -> &Path {
        debug_assert!(self.temp.path().exists(), "the folder goes with the value");
        &self.root
    }

    /// The home of the user who runs `hub` and git.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The hub directory, whether it is there or not.
    pub fn hub_dir(&self) -> PathBuf {
        self.path().join(".agenthub")
    }

    /// Writes a file of the main worktree (or an absolute path), and the folders above it.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        write(&self.path().join(path), text);
    }

    /// Reads a file of the main worktree (or an absolute path).
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Commits everything in the main worktree, and returns the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.commit_in(self.path(), message)
    }

    /// Commits everything in a worktree, and returns the commit's id.
    pub fn commit_in(&self, worktree: impl AsRef<Path>, message: &str) -> String {
        let worktree = worktree.as_ref();
        self.git_in(worktree, ["add", "--all"]);
        self.git_in(
            worktree,
            ["commit", "--quiet", "--allow-empty", "--message", message],
        );
        self.git_in(worktree, ["rev-parse", "HEAD"])
    }

    /// Runs git in the main worktree; its stdout without the last line end.
    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        self.git_in(self.path(), arguments)
    }

    /// Runs git in a folder; its stdout without the last line end.
    ///
    /// # Panics
    /// When git fails; the message is git's.
    pub fn git_in<S: AsRef<OsStr>>(
        &self,
        folder: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = S>,
    ) -> String {
        self.try_git_in(folder, arguments)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs git where it may fail: its stdout without the last line end, or what it said.
    pub fn try_git_in<S: AsRef<OsStr>>(
        &self,
        folder: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, String> {
        let mut command = self.command("git", folder.as_ref());
        command.args(arguments);
        answer_of(command)
    }

    /// Runs a line as a person types it in the main worktree; `hub` is found there.
    ///
    /// # Panics
    /// When it fails; the message is what it said.
    pub fn typed(&self, line: &str) -> String {
        let mut command = self.command("sh", &self.path());
        let mut paths = vec![
            Path::new(env!("CARGO_BIN_EXE_hub"))
                .parent()
                .unwrap()
                .to_owned(),
        ];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        command
            .env("PATH", std::env::join_paths(paths).unwrap())
            .args(["-c", line]);
        answer_of(command).unwrap_or_else(|error| panic!("{error}"))
    }

    /// All refs with the commits they keep, sorted: two that are equal lost and gained nothing.
    pub fn refs(&self) -> Vec<String> {
        // An annotated tag keeps the commit that it names.
        let format =
            "%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";
        let list = self.git(["for-each-ref", "--format", format]);
        list.lines().map(str::to_owned).collect()
    }

    /// A command line of `hub` in the main worktree.
    pub fn hub<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Hub {
        let mut command = self.command(env!("CARGO_BIN_EXE_hub"), &self.path());
        command.args(arguments);
        Hub::new(command)
    }

    /// The same by a user whom permissions bind: root becomes nobody, and the folder nobody's.
    pub fn hub_unprivileged<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Hub {
        const NOBODY: u32 = 65534;
        if !rustix::process::geteuid().is_root() {
            return self.hub(arguments);
        }
        // The folders above the program may be root's alone.
        let program = self.root.join("bin/hub");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        // Written by another process: a child that another test starts meanwhile would keep
        // a file of this one open, and a program that is written to cannot be run.
        let run = |command: &mut Command| assert!(command.status().unwrap().success());
        run(Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_hub"))
            .arg(&program));
        // Without a name in its file a session is the folder's owner's.
        let sessions = self.hub_dir().join("sessions");
        for entry in fs::read_dir(sessions).into_iter().flatten().flatten() {
            let config = entry.path().join("config.yaml");
            run(Command::new("sed").args(["-i", "/^owner: /d"]).arg(config));
        }
        let owner = format!("{NOBODY}:{NOBODY}");
        run(Command::new("chown").args(["-R", &owner]).arg(&self.root));
        let mut command = self.command(program.to_str().unwrap(), &self.path());
        command.uid(NOBODY).gid(NOBODY).args(arguments);
        Hub::new(command)
    }

    /// A line for the shell, in the main worktree.
    pub fn shell(&self, line: &str) -> Command {
        let mut command = self.command("/bin/sh", &self.path());
        command.args(["-c", line]);
        command
    }

    /// Another program than `hub` and git, in the main worktree.
    pub(super) fn program(&self, name: &str) -> Command {
        self.command(name, &self.path())
    }

    /// A program with the environment of this repository and nothing of the machine's.
    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(folder);
        for name in KEPT {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        let home = self.home();
        command
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("GIT_AUTHOR_DATE", DATE)
            .env("GIT_COMMITTER_DATE", DATE)
            // A folder that is no repository does not find one around the temporary folder.
            .env("GIT_CEILING_DIRECTORIES", &self.root)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "false")
            .env("TERM", "dumb")
            .env("TZ", "UTC")
            .env("LC_ALL", "C");
        command
    }

    /// Puts a fixture's files into the hub directory, beside what is there.
    pub fn install(&self, fixture: &str) {
        Tree::read(&super::fixture(fixture)).write(&self.hub_dir());
    }

    /// The id of the newest session.
    pub fn newest_session(&self) -> String {
        let list = self.hub(["list", "--format", "json"]).json();
        let id = list["sessions"][0]["session_id"].as_str();
        id.unwrap_or_else(|| panic!("there is no session: {list}"))
            .to_owned()
    }

    /// Where `hub` makes an agent's worktree when nothing else is set.
    pub fn worktree(&self, session: &str, agent: &str) -> PathBuf {
        self.root.join("repo.hub").join(session).join(agent)
    }

    /// The command lines of the processes that this test started and that still run.
    pub fn processes(&self) -> Vec<String> {
        let found = super::processes::with_home(&self.home()).into_iter();
        found.map(|process| process.command).collect()
    }

    /// Runs a script in the main worktree to its end; its stdout.
    pub fn run_script(&self, script: &str) -> String {
        let mut command = self.command(script, &self.path());
        let output = command.stdin(Stdio::null()).output().expect("it runs");
        String::from_utf8(output.stdout).expect("it writes UTF-8")
    }

    /// Writes an executable shell script beside the repository, and returns its path.
    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.root.join("scripts").join(name);
        write_program(&path, format!("#!/bin/sh\nset -e\n{text}\n"));
        path.into_os_string().into_string().unwrap()
    }

    /// An agent that commits another `p50_ms` than its rivals: 150, 120, 200, and 160 from the fourth on.
    pub fn agent_script(&self) -> String {
        let text = "\
case $HUB_AGENT in
agent-1) value=150 ;;
agent-2) value=120 ;;
agent-3) value=200 ;;
*) value=160 ;;
esac
echo \"$value\" >p50_ms
echo \"$HUB_AGENT was here\" >\"$HUB_AGENT.txt\"
git add --all
git commit --quiet --message \"$HUB_AGENT: $value ms\"";
        self.script("agent.sh", text)
    }

    /// Commits what the agents are to improve: `bench.sh` prints the `p50_ms` of a file, 180 now.
    pub fn with_bench(self) -> Self {
        self.write("bench.sh", "#!/bin/sh\necho \"p50_ms: $(cat p50_ms)\"\n");
        self.write("p50_ms", "180\n");
        self.commit("Measure");
        self
    }

    /// Text with the temporary folder as `[TEMP]`, and without what differs from run to run.
    pub fn normalised(&self, text: &str) -> String {
        normalised(&self.without_paths(text))
    }

    /// Text with the temporary folder as `[TEMP]`; the rest stays.
    pub fn without_paths(&self, text: &str) -> String {
        text.replace(self.root.to_str().unwrap(), "[TEMP]")
    }
}

impl Drop for TestRepo {
    /// No test leaves a process behind.
    fn drop(&mut self) {
        super::processes::check_gone(&self.home(), super::processes::LIMIT);
    }
}

/// Runs a command: its stdout without the last line end, or how it failed.
fn answer_of(mut command: Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{command:?} ({}): {stderr}", output.status));
    }
    let stdout = String::from_utf8(output.stdout).expect("it writes UTF-8 here");
    Ok(stdout
        .strip_suffix('\n')
        .map(str::to_owned)
        .unwrap_or(stdout))
}

/// Writes a file and the folders above it.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody reads a test's file while it is written"
)]
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Writes a file that can be run.
pub(super) fn write_program(path: &Path, text: impl AsRef<[u8]>) {
    use std::io::Write;

    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // By another process, as in `hub_unprivileged`: one that is written to cannot be run.
    let mut writer = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    input.write_all(text.as_ref()).unwrap();
    drop(input);
    assert!(writer.wait().unwrap().success(), "{}", path.display());
}
