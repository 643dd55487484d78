//! An agent that tries, at each level, whatever it must not be able to do, and tells what it
//! could. Any success that the level denies fails; so does any failure that it does not, since
//! then nothing was tried. `docs/security.md` shows what is found here.

mod tried;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::support::{TestRepo, wait_until};

use super::{LIMIT, enforced};
use tried::{ATTEMPTS, Attempt};

const LEVELS: [&str; 4] = ["low", "medium", "high", "maximum"];

/// The limits that it tries to pass: low, so that no machine is harmed where they do not hold.
const SETTINGS: &str =
    "security:\n  processes: 60\n  memory: 128M\n  file_size: 1M\n  open_files: 64\nagents: 2\n";

/// What it tries with, beside what the session gives it.
const HELPERS: &str = r#"
supervisor=$$
until [ $supervisor -le 1 ] || [ "$(cat /proc/$supervisor/comm)" = hub ]; do
    supervisor=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$supervisor/stat")
done
# The other agent, by what it was called; it may not be that yet.
look=0
while [ -z "$other" ] && [ $look -lt 200 ]; do
    for process in /proc/[0-9]*; do
        case $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null) in
            "sleep $OTHER ") other=${process#/proc/} ;;
        esac
    done
    look=$((look + 1))
    sleep 0.1
done
home=$HOME
hub() { "$HUB" "$@"; }
session=$HUB_DIR/sessions/$HUB_SESSION
theirs=$(dirname "$HUB_WORKTREE")/agent-2
git_dir=$MAIN/.git
try() { # NAME CODE
    (eval "$2") >/dev/null 2>&1 </dev/null && echo "could $1"
}
"#;

/// What there is to be reached, and what was.
struct Scene {
    repo: TestRepo,
    _tcp: TcpListener,
    _udp: UdpSocket,
    _unix: UnixListener,
    could: BTreeSet<String>,
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Scene {
    fn at(level: &str) -> Self {
        let repo = TestRepo::new();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let unix = UnixListener::bind(repo.root().join("socket")).unwrap();
        for (file, text) in [
            (".ssh/id", "secret"),
            (".ssh/authorized_keys", "one\n"),
            (".gnupg/key", "secret"),
            (".aws/credentials", "secret"),
            (".netrc", "secret"),
            (".bashrc", "# mine\n"),
            ("notes", "secret"),
            (".config/agenthub/config.yaml", SETTINGS),
        ] {
            repo.write(repo.home().join(file), text);
        }
        fs::create_dir_all(repo.path().join(".git/hooks")).unwrap();
        // One number for this session alone, by which the other agent is found.
        let place = u32::try_from(level.len()).unwrap();
        let other = 1_000_000 + std::process::id() % 100_000 * 10 + place;
        repo.write("agent.sh", script(&repo, &tcp, &udp, other));
        repo.git(["tag", "theirs"]);
        repo.commit("The agent's script");
        repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
        let session = repo.newest_session();
        let mut scene = Self {
            repo,
            _tcp: tcp,
            _udp: udp,
            _unix: unix,
            could: BTreeSet::new(),
        };
        scene.run(&session, level, other);
        scene
    }

    fn run(&mut self, session: &str, level: &str, other: u32) {
        // Where the system counts the processes of the user as a whole, each is in the way of all.
        static ALONE: Mutex<()> = Mutex::new(());
        let counted_apart = rustix::process::geteuid().is_root();
        let _alone = (!counted_apart).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
        let command = format!(
            "if [ $HUB_AGENT = agent-2 ]; then exec sleep {other}; fi\n\
             until [ -e go ]; do sleep 0.05; done; sh agent.sh"
        );
        let spawn = ["spawn", session, "--agent-cmd", &command];
        let spawn = self.repo.hub(spawn.iter().chain(&["--security", level]));
        let spawn = spawn.env("GH_TOKEN", "secret").env("PLAIN", "secret");
        let address = "postgres://me:secret@localhost/db";
        spawn.env("STORE", address).env("SSH_AUTH_SOCK", "/x").ok();
        let mine = self.repo.worktree(session, "agent-1");
        // The other one runs, and has a branch of its own.
        wait_until(LIMIT, "the other agent runs", || {
            self.repo
                .processes()
                .iter()
                .any(|line| line.contains(&format!("sleep {other}")))
        });
        self.repo.write(mine.join("go"), "");
        self.repo.hub(["wait", session, "--agent", "agent-1"]).run();
        let logs = self.repo.hub_dir().join("sessions").join(session);
        let printed = self.repo.read(logs.join("agents/agent-1/stdout.log"));
        let complaints = self.repo.read(logs.join("agents/agent-1/stderr.log"));
        assert!(
            printed.contains("tried all"),
            "{level}: it did not come to its end: {printed}{complaints}"
        );
        let could = printed
            .lines()
            .filter_map(|line| line.strip_prefix("could "));
        self.could = could.map(str::to_owned).collect();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", "latest"]).run();
    }
}

/// The agent: it tries all, one after the other.
fn script(repo: &TestRepo, tcp: &TcpListener, udp: &UdpSocket, other: u32) -> String {
    let mut script = String::new();
    for (name, value) in [
        ("MAIN", repo.path().display().to_string()),
        ("SOCKET", repo.root().join("socket").display().to_string()),
        ("TCP", tcp.local_addr().unwrap().port().to_string()),
        ("UDP", udp.local_addr().unwrap().port().to_string()),
        ("HUB", env!("CARGO_BIN_EXE_hub").to_owned()),
        ("OTHER", other.to_string()),
    ] {
        let _ = writeln!(script, "{name}={}", quoted(&value));
    }
    script.push_str(HELPERS);
    let tries = ATTEMPTS
        .iter()
        .map(|attempt| format!("try {} {}\n", attempt.name, quoted(attempt.code)));
    let mut tries: Vec<String> = tries.collect();
    tries.insert(tries.len() - 1, "echo tried all\n".to_owned());
    script.extend(tries);
    script
}

/// Whether this machine has what an attempt needs to be one.
fn can_be_tried(attempt: &Attempt) -> bool {
    let found = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    };
    match attempt.needs {
        // Not even every root may.
        Some("mknod") => {
            let folder = tempfile::tempdir().unwrap();
            let node = folder.path().join("node");
            let mut mknod = Command::new("mknod");
            mknod.arg(node).args(["c", "1", "3"]).stderr(Stdio::null());
            mknod.status().is_ok_and(|status| status.success())
        }
        Some(program) => found(program),
        None => true,
    }
}

fn check(level: &str) {
    if !enforced(level) {
        return;
    }
    let place = LEVELS.iter().position(|one| *one == level).unwrap();
    let scene = Scene::at(level);
    let mut wrong = Vec::new();
    for attempt in ATTEMPTS {
        let could = scene.could.contains(attempt.name);
        let denied = attempt.denied_from() <= place;
        if could && denied {
            wrong.push(format!("{} succeeds at {level}", attempt.name));
        } else if !could && !denied && can_be_tried(attempt) {
            wrong.push(format!(
                "{} fails at {level}: nothing was tried",
                attempt.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", matrix());
}

#[test]
fn what_low_denies() {
    check("low");
}

#[test]
fn what_medium_denies() {
    check("medium");
}

#[test]
fn what_high_denies() {
    check("high");
}

#[test]
fn what_maximum_denies() {
    check("maximum");
}

/// The table of `docs/security.md`.
fn matrix() -> String {
    let mut table = String::from(
        "| tried | low | medium | high | maximum |\n| --- | --- | --- | --- | --- |\n",
    );
    for attempt in ATTEMPTS {
        let _ = write!(table, "| {} |", attempt.title);
        for level in 0..LEVELS.len() {
            let cell = if attempt.denied_from() <= level {
                "**no**"
            } else {
                "yes"
            };
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

/// `HUB_TEST_UPDATE=1` writes it.
#[test]
fn the_page_shows_what_was_tried() {
    const BEGIN: &str = "<!-- tried -->\n";
    const END: &str = "<!-- /tried -->";
    assert!(ATTEMPTS.len() >= 40);
    let mut names = BTreeMap::new();
    for attempt in ATTEMPTS {
        assert!(
            names.insert(attempt.name, attempt.title).is_none(),
            "{}",
            attempt.name
        );
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let now = fs::read_to_string(&page).unwrap();
    let (before, rest) = now.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{BEGIN}{}{END}{after}", matrix());
    if std::env::var_os("HUB_TEST_UPDATE").is_some() {
        fs::File::create(&page)
            .unwrap()
            .write_all(wanted.as_bytes())
            .unwrap();
        return;
    }
    assert!(now == wanted, "HUB_TEST_UPDATE=1 writes it anew");
}

#[test]
fn what_it_prints_is_shown_and_not_obeyed() {
    let repo = TestRepo::new();
    let script = "printf '\\033]0;owned\\007\\033[2J\\033]8;;http://x\\033\\\\a\\r\\342\\200\\256b\\n'\nexit 3\n";
    repo.write("agent.sh", script);
    repo.commit("The agent's script");
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    repo.hub(["spawn", "--agent-cmd", "sh agent.sh", "--security", "low"])
        .ok();
    repo.hub(["wait"]).run();
    for command in [
        &["logs", "latest", "--agent", "agent-1"][..],
        &["status"],
        &["events"],
        &["board", "read", "progress"],
    ] {
        let shown = repo.hub(command).ok();
        let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!shown.stdout.contains(obeyed), "{command:?}: {shown}");
    }
}
