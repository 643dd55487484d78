//! One command in a repository that is laid down anew for each blow.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::fault::{self, Fault};
use crate::support::invariants::{self, Before, Told};
use crate::support::points::{self, Blow, Trace, When};
use crate::support::{Answer, Hub, Running, TestRepo, Tree, wait_until};

/// The commands that leave agents running, which end by themselves.
const STARTS: [&str; 4] = ["spawn", "retry", "run", "stop"];

/// See the module above.
pub struct Scenario {
    pub repo: TestRepo,
    session: Option<String>,
    command: Vec<String>,
    /// Everything before the command runs.
    before: Tree,
    /// What there is to be lost then.
    to_lose: Before,
    /// What runs beside it and cannot be laid down: it is begun before each blow.
    live: Option<fn(&TestRepo)>,
    /// What ends that where the command does not.
    ended_by: Option<&'static [&'static str]>,
    /// Whether there is nothing left to do; else the same command is run once more.
    done: fn(&Self) -> bool,
    /// What settles it where the same command finds nothing to do.
    settled_by: Option<&'static [&'static str]>,
    /// Which of the posts and files of the board are the same, whatever was struck.
    told: fn(&str) -> bool,
    /// What is the same at the end, whatever was struck.
    end: fn(&TestRepo, &Told) -> String,
    /// How everything stands when it has run undisturbed.
    expected: String,
    /// What is on the board then.
    board: Vec<String>,
    /// The steps on the disk that it takes.
    pub steps: Vec<String>,
    /// The number of calls of git that it makes.
    pub git_calls: usize,
}

impl Scenario {
    /// `prepare` returns the session that is there, and the command.
    pub fn new(prepare: impl FnOnce(&TestRepo) -> (Option<String>, Vec<String>)) -> Self {
        let repo = TestRepo::new().with_bench();
        let (session, command) = prepare(&repo);
        Self {
            before: Tree::read(repo.root()),
            to_lose: Before::of(&repo),
            live: None,
            ended_by: None,
            done: Self::has_new_session,
            settled_by: None,
            told: |_| true,
            end: summary,
            repo,
            session,
            command,
            expected: String::new(),
            board: Vec::new(),
            steps: Vec::new(),
            git_calls: 0,
        }
    }

    /// Begins something before each blow that goes on beside the command.
    pub fn beside(mut self, live: fn(&TestRepo)) -> Self {
        self.live = Some(live);
        self
    }

    /// Says which command ends what goes on beside it.
    pub fn ended_by(mut self, command: &'static [&'static str]) -> Self {
        self.ended_by = Some(command);
        self
    }

    /// Says when the command is not to be run once more.
    pub fn done_when(mut self, done: fn(&Self) -> bool) -> Self {
        self.done = done;
        self
    }

    /// Says what is the same at the end, where that is not everything.
    pub fn ending_with(mut self, end: fn(&TestRepo, &Told) -> String) -> Self {
        self.end = end;
        self
    }

    /// Says which command settles it where the same command finds nothing to do.
    pub fn settled_by(mut self, command: &'static [&'static str]) -> Self {
        self.settled_by = Some(command);
        self
    }

    /// Says which posts and files of the board are the same, where those are not all.
    pub fn telling(mut self, told: fn(&str) -> bool) -> Self {
        self.told = told;
        self
    }

    /// Where the command makes a session: whether there is one.
    fn has_new_session(&self) -> bool {
        self.session.is_none() && !self.sessions().is_empty()
    }

    /// Learns what the command does undisturbed: its steps on the disk and its calls of git.
    pub fn counted(mut self) -> Self {
        let repo = &self.repo;
        fault::git_counted(self.hub(), repo).ok();
        self.git_calls = fault::git_calls(repo);
        self.reset();
        let log = repo.root().join("steps");
        fault::counted(self.hub(), &log).ok();
        self.steps = repo.read(&log).lines().map(str::to_owned).collect();
        fs::remove_file(log).unwrap();
        self.learn();
        self
    }

    /// Learns what the command does undisturbed: its effects.
    pub fn traced(mut self) -> (Self, Trace) {
        self.begin_beside();
        let trace = points::traced(self.hub(), &self.repo);
        self.learn();
        (self, trace)
    }

    fn learn(&mut self) {
        self.settle_agents();
        self.expected = (self.end)(&self.repo, &Told::now(&self.repo));
        self.board = self.posts();
    }

    fn begin_beside(&self) {
        if let Some(live) = self.live {
            live(&self.repo);
        }
    }

    fn end_beside(&self) {
        if let Some(command) = self.ended_by {
            self.repo.hub(command).run();
            wait_until(Duration::from_secs(60), "nothing runs beside it", || {
                self.repo.processes().is_empty()
            });
        }
    }

    /// The command itself.
    pub fn hub(&self) -> Hub {
        self.repo.hub(&self.command)
    }

    /// Lays the repository down as it was before the command.
    fn reset(&self) {
        self.end_beside();
        self.settle_agents();
        for entry in fs::read_dir(self.repo.root()).unwrap() {
            let path = entry.unwrap().path();
            fs::remove_dir_all(&path)
                .or_else(|_| fs::remove_file(&path))
                .unwrap();
        }
        self.before.write(self.repo.root());
    }

    /// Runs the command and lets the fault hit it.
    pub fn hit(&self, fault: Fault) -> Answer {
        self.reset();
        fault::with(self.hub(), &self.repo, fault).run()
    }

    /// Runs the command and strikes it at the effect of this number.
    pub fn struck(&self, when: When, number: usize, blow: &Blow) -> Answer {
        self.strike(when, number, blow).end()
    }

    /// Begins to run the command, with a blow at the effect of this number.
    pub fn strike(&self, when: When, number: usize, blow: &Blow) -> Running {
        self.reset();
        self.begin_beside();
        points::struck(self.hub(), when, number, blow).start()
    }

    /// Runs the command with every effect of it refused.
    pub fn refused_everywhere(&self, error: &str) -> Answer {
        self.reset();
        self.begin_beside();
        let every = format!("before any=return({error})");
        self.hub().env("HUB_FAIL", every).run()
    }

    /// Everything is as it was laid down, but for the files of locks, and those that a process
    /// had left that was killed; what goes on beside the command writes for itself.
    #[track_caller]
    pub fn is_as_before(&self) {
        if self.live.is_some() {
            return;
        }
        let paths = self.before.paths().into_iter();
        let mut names: Vec<&str> = paths
            .filter_map(|path| path.file_name()?.to_str())
            .filter(|name| name.starts_with(".new-"))
            .collect();
        names.extend([".lock", ".init.lock"]);
        self.before.assert_is_but_for(&names, self.repo.root());
    }

    /// Runs the command with nobody who reads what it answers.
    pub fn unread(&self) -> Answer {
        self.reset();
        self.begin_beside();
        let answer = self.hub().unread();
        self.settle_agents();
        answer
    }

    /// Runs the same command beside one that is held; it waits for nobody.
    pub fn second(&self) -> Answer {
        self.hub().env("HUB_LOCK_TIMEOUT_S", "0").run()
    }

    /// Whether each run of the command makes a session of its own.
    pub fn makes_a_session(&self) -> bool {
        self.session.is_none()
    }

    /// What must hold at any moment, whatever was hit.
    pub fn check(&self) -> Told {
        if self.live.is_none() {
            self.settle_agents();
        }
        let told = invariants::check(&self.repo, &self.to_lose);
        for status in &told.statuses {
            if status["unfinished"].is_null() {
                check_agrees(&self.repo, status);
            }
        }
        told
    }

    /// Runs the same command again, or finds that it has done its work.
    pub fn again(&self) -> Answer {
        self.age_drafts();
        if self.session.is_none() {
            self.take_back_inits();
        }
        let answer = if (self.done)(self) || self.is_undone() {
            self.repo.hub(["list"]).ok()
        } else {
            self.hub().run()
        };
        if let Some(command) = self.settled_by {
            self.repo.hub(command).ok();
        }
        self.settle_agents();
        answer
    }

    /// Whether an undo came to its end: once more would do it again.
    fn is_undone(&self) -> bool {
        let Some(session) = self.session.as_ref().filter(|_| self.command[0] == "undo") else {
            return false;
        };
        let folder = |place: &str| self.repo.hub_dir().join(place).join(session);
        let journal = [folder("sessions"), folder("undone")]
            .map(|folder| folder.join("events.jsonl"))
            .into_iter()
            .find(|file| file.exists());
        let journal = self.repo.read(journal.unwrap());
        let last: Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
        (&last["operation"], &last["phase"]) == (&"undo".into(), &"end".into())
    }

    /// What was being made is swept away when it is old: here it is.
    fn age_drafts(&self) {
        let hour = SystemTime::now() - Duration::from_secs(3600);
        let sessions = self.repo.hub_dir().join("sessions");
        for entry in fs::read_dir(sessions).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b".draft-") {
                File::open(entry.path())
                    .unwrap()
                    .set_modified(hour)
                    .unwrap();
            }
        }
    }

    /// A session that was never finished goes when the first command looks at it closely.
    fn take_back_inits(&self) {
        for (id, _) in self.sessions() {
            let status = self.repo.hub(["status", &id, "--json"]).json();
            if status["unfinished"] == "init" {
                let answer = self.repo.hub(["spawn", &id, "--no-start"]).fails(3);
                assert!(answer.stderr.contains("it was taken back"), "{answer}");
            }
        }
    }

    /// The end is the same as without the blow.
    pub fn check_end(&self, again: &Answer) {
        // Where only the end was not told of any more, there is nothing left to do.
        let done = again.code() == 4
            && again
                .stderr
                .contains("was killed in the middle; it was finished")
            || again.code() == 4
            || again.stderr.contains("there is nothing to graft");
        assert!(again.code() == 0 || done, "{again}");
        let told = self.check();
        invariants::check_settled(&self.repo, &told, &BTreeSet::new());
        assert_eq!(
            (self.end)(&self.repo, &told),
            self.expected,
            "after {again}"
        );
    }

    /// What hub has to tell stands on the board once, whenever it was hit.
    pub fn check_board(&self) {
        assert_eq!(self.posts(), self.board);
    }

    /// The posts by what they tell, and the files of the board.
    fn posts(&self) -> Vec<String> {
        let repo = &self.repo;
        let mut posts: Vec<String> = Tree::read(&repo.hub_dir().join("board"))
            .paths()
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        for channel in ["dispatch", "progress", "results"] {
            let read = repo.hub(["board", "read", channel, "--json"]).json();
            for post in read["posts"].as_array().unwrap() {
                posts.push(format!("{channel} {}", post["metadata"]["about"]));
            }
        }
        posts.sort();
        let posts = repo.normalised(&posts.join("\n"));
        let same = posts.lines().filter(|post| (self.told)(post));
        same.map(str::to_owned).collect()
    }

    fn sessions(&self) -> Vec<(String, String)> {
        let list = self.repo.hub(["list", "--json"]).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        list["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| (text(&session["session_id"]), text(&session["state"])))
            .collect()
    }

    /// Waits for agents that were started, and for their supervisors.
    fn settle_agents(&self) {
        if STARTS.contains(&self.command[0].as_str()) {
            wait_until(Duration::from_secs(60), "the supervisors are gone", || {
                self.repo.processes().is_empty()
            });
        }
    }
}

impl Drop for Scenario {
    /// A test that fails leaves nothing running either.
    fn drop(&mut self) {
        if let Some(command) = self.ended_by {
            let _ = self.repo.hub(command).run();
        }
    }
}

/// Everything that is told, kept and left behind, without what differs from run to run.
pub fn summary(repo: &TestRepo, told: &Told) -> String {
    let mut parts = repo.refs();
    parts.push(repo.git(["worktree", "list", "--porcelain"]));
    parts.extend(left_over(repo));
    for status in &told.statuses {
        let mut status = status.clone();
        // They come in the order in which agents end; see `posts`.
        status["posts"].take();
        parts.push(serde_json::to_string_pretty(&status).unwrap());
        repo.assert_refs_are_told(status["config"]["session_id"].as_str().unwrap());
    }
    repo.normalised(&parts.join("\n"))
}

/// The paths of the hub directory, of the worktrees' folder and of git's administration.
fn left_over(repo: &TestRepo) -> Vec<String> {
    let mut worktrees = repo.path().into_os_string();
    worktrees.push(".hub");
    let git = repo.path().join(".git");
    let trees = [
        // A board that cannot be written makes no command fail.
        Tree::read(&repo.hub_dir()).outside("board"),
        Tree::read(Path::new(&worktrees)),
        Tree::read(&git.join("worktrees")),
    ];
    // Below `refs/` git leaves empty folders behind, but locks would be in the way.
    let refs = Tree::read(&git.join("refs"));
    let is_lock = |path: &&Path| {
        path.extension()
            .is_some_and(|extension| extension == "lock")
    };
    let paths: Vec<String> = trees
        .iter()
        .flat_map(Tree::paths)
        .chain(refs.paths().into_iter().filter(is_lock))
        .map(|path| path.display().to_string())
        .collect();
    // One that the blow found at its end is not gone on with: another is made beside it.
    let number = |path: &str| {
        path.split("/evaluations/")
            .nth(1)?
            .split('/')
            .next()?
            .parse()
            .ok()
    };
    let newest: Option<u32> = paths.iter().filter_map(|path| number(path)).max();
    let of_newest = |path: &String| number(path).is_none() || number(path) == newest;
    let named = |path: String| match newest {
        Some(newest) => path.replace(&format!("/evaluations/{newest}"), "/evaluations/[NEWEST]"),
        None => path,
    };
    paths.into_iter().filter(of_newest).map(named).collect()
}

/// What a session says of itself is what the repository shows.
fn check_agrees(repo: &TestRepo, status: &Value) {
    let state = status["state"]["state"].as_str().unwrap();
    let agents = status["state"]["agents"].as_object().unwrap();
    let id = status["config"]["session_id"].as_str().unwrap();
    let branches = repo.git([
        "branch",
        "--list",
        "--format=%(refname:short)",
        &format!("hub/{id}/*"),
    ]);
    let worktrees = repo.git(["worktree", "list", "--porcelain"]);
    assert!(!worktrees.contains(&format!("{id}/scratch")), "{worktrees}");
    match state {
        "init" => assert_eq!(branches, "", "{status}"),
        "running" | "evaluating" => {
            for agent in agents.values() {
                let branch = agent["branch"].as_str().unwrap();
                assert!(branches.contains(branch), "{branch} of {status}");
                let Some(worktree) = agent["worktree"].as_str() else {
                    let origin = format!("sessions/{id}/imported.json");
                    assert!(repo.hub_dir().join(origin).exists(), "{status}");
                    continue;
                };
                assert!(worktrees.contains(worktree), "{worktree} of {status}");
                assert!(Path::new(worktree).join(".git").exists(), "{worktree}");
            }
        }
        "merged" => assert_eq!(repo.git(["show", "main:p50_ms"]), "120", "{status}"),
        "archived" => {
            for agent in agents.keys() {
                let tag = format!("refs/tags/hub/archive/{id}/{agent}");
                repo.git(["rev-parse", "--verify", &tag]);
            }
        }
        _ => panic!("{status}"),
    }
}
