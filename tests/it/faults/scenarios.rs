//! The scenarios of the matrix: a preparation, and the command that is struck.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::export::archive::Archive;
use crate::kills::scenario::{Scenario, summary};
use crate::kills::{self, cleaned_by_force, evaluated, init, initialised, words, worked};
use crate::support::invariants::Told;
use crate::support::points::{Blow, When, struck};
use crate::support::{TestRepo, Tree, wait_until};

/// A scenario by its name: those of `kills`, and those that need more than a tree of files.
pub(super) fn scenario(name: &str) -> Scenario {
    match name {
        "spawn --no-start" => Scenario::new(|repo| {
            let session = initialised(repo);
            // What is brought into the worktrees is an effect, too.
            repo.write(".git/info/exclude", "/.env\n");
            repo.write(".env", "secret\n");
            let command = format!("spawn {session} --no-start");
            repo.write(".agenthub/config.yaml", "copy: .env\n");
            (Some(session), words(&command))
        }),
        "merge into a branch apart" => Scenario::new(|repo| {
            let session = evaluated(repo);
            // Checked out nowhere, it moves by itself.
            repo.git(["checkout", "--quiet", "--detach"]);
            let command = words(&format!("merge {session}"));
            (Some(session), command)
        }),
        "archive without libgit2" => Scenario::new(|repo| {
            fs::remove_dir_all(repo.path().join(".git")).unwrap();
            repo.git(["init", "--quiet", "--object-format=sha256"]);
            repo.commit("Begin again");
            let session = worked(repo);
            let command = words(&format!("archive {session}"));
            (Some(session), command)
        }),
        _ => of_agents(name),
    }
}

/// Those with agents that run.
fn of_agents(name: &str) -> Scenario {
    match name {
        "retry" => Scenario::new(|repo| {
            let session = initialised(repo);
            let agent = "test $HUB_ATTEMPT -gt 1 && exec \"$0\"; exit 1";
            let agent = agent.replace("$0", &repo.agent_script());
            repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
            repo.hub(["wait", &session]).run();
            let command = words(&format!("retry {session}"));
            (Some(session), command)
        })
        // One that was killed before the agent began has another attempt when it is asked again.
        .ending_with(ends_of_agents)
        .telling(|_| false),
        "send" => Scenario::new(|repo| {
            let session = initialised(repo);
            repo.hub(["spawn", &session, "--no-start"]).ok();
            let mut command = words(&format!("send {session} --agent agent-1"));
            command.push("Look at the cache".to_owned());
            (Some(session), command)
        })
        .done_when(|scenario| {
            let sessions = scenario.repo.hub_dir().join("sessions");
            let session = scenario.repo.newest_session();
            let inbox = sessions.join(session).join("agents/agent-1/inbox.md");
            fs::read_to_string(inbox).is_ok_and(|text| text.contains("cache"))
        }),
        "stop" => Scenario::new(|repo| (Some(initialised(repo)), words("stop latest")))
            .beside(|repo| {
                let command = ["spawn", "latest", "--agent-cmd", "exec sleep 1000"];
                repo.hub(command).ok();
            })
            .ended_by(&["stop", "latest", "--grace", "0"]),
        "security" => Scenario::new(|repo| {
            let session = initialised(repo);
            repo.hub(["spawn", &session, "--agent-cmd", "true"]).ok();
            repo.hub(["wait", &session]).ok();
            let command = format!("security {session} --level high --best-effort");
            (Some(session), words(&command))
        })
        // Times differ.
        .ending_with(|_, told| told.statuses[0]["security"].to_string()),
        "pause" => at_work(words("pause latest"), begin_agents),
        "resume" => at_work(words("resume latest"), |repo| {
            begin_agents(repo);
            repo.hub(["pause", "latest"]).ok();
        }),
        "stop of a lost agent" => Scenario::new(|repo| {
            let session = initialised(repo);
            lose_an_agent(repo, &session);
            let command = words(&format!("stop {session}"));
            (Some(session), command)
        }),
        "run" => Scenario::new(|repo| {
            let mut command = init();
            "run".clone_into(&mut command[0]);
            let agent = repo.agent_script();
            command.extend(["--yes".to_owned(), "--agent-cmd".to_owned(), agent]);
            (None, command)
        }),
        _ => of_files(name),
    }
}

/// The one command that is not this user's own.
fn foreign_command(repo: &TestRepo) -> Value {
    repo.hub(["trust", "--list", "--json"]).json()["commands"][0].clone()
}

/// Those of posts, pages, files and what was kept.
fn of_files(name: &str) -> Scenario {
    match name {
        // Where nothing is left to be given up, the session is not looked at.
        "snapshots expire" => kills::scenario(name).settled_by(&["doctor", "--fix"]),
        "board post" => Scenario::new(|repo| {
            let session = initialised(repo);
            let mut command = words("board post --channel results --author ada --message");
            command.push("It is done".to_owned());
            (Some(session), command)
        })
        // The next post mends it.
        .telling(|post| post != "_index.json" && !post.starts_with(".new-"))
        .done_when(|scenario| {
            let read = scenario.repo.hub(["board", "read", "results", "--json"]);
            !read.json()["posts"].as_array().unwrap().is_empty()
        }),
        "board reply" => Scenario::new(|repo| {
            let session = initialised(repo);
            let post = ["board", "post", "--author", "ada", "--session", &session];
            repo.hub(post.iter().chain(&["--message", "How is it?"]))
                .ok();
            let command = words("board reply 1 --channel progress --author bob --message Good");
            (Some(session), command)
        })
        .telling(|post| post != "_index.json" && !post.starts_with(".new-"))
        .done_when(|scenario| {
            let read = scenario.repo.hub(["board", "read", "progress", "--json"]);
            read.json()["posts"].as_array().unwrap().len() > 1
        }),
        "trust" => Scenario::new(|repo| {
            let session = initialised(repo);
            // Where git tracks something of the hub directory, all of it may be somebody else's.
            repo.git(["add", "--force", ".agenthub/.gitignore"]);
            repo.commit("Share it");
            let id = foreign_command(repo)["id"].clone();
            let command = format!("trust {}", id.as_str().unwrap());
            (Some(session), words(&command))
        })
        .done_when(|scenario| foreign_command(&scenario.repo)["trusted"] == true),
        "export" => Scenario::new(|repo| {
            let session = evaluated(repo);
            let mut command = words(&format!("export {session} --output"));
            command.push(archive(repo));
            (Some(session), command)
        })
        .done_when(|scenario| Path::new(&archive(&scenario.repo)).exists())
        .ending_with(|repo, told| {
            let held = Archive::read(Path::new(&archive(repo))).files;
            format!("{} {}", held.len(), summary(repo, told))
        }),
        "import" => import(),
        "doctor --fix" => Scenario::new(|repo| (Some(left_behind(repo)), words("doctor --fix")))
            .beside(|repo| {
                // What is laid down is new, and a new draft may be somebody's.
                let hour = SystemTime::now() - Duration::from_secs(3600);
                let draft = repo.hub_dir().join("sessions/.draft-left");
                File::open(draft).unwrap().set_modified(hour).unwrap();
            }),
        "outside --restore" | "outside --accept" => outside(name),
        "integrate" | "integrate --force" | "integrate --remove" => integrate(name),
        "eval --report" => Scenario::new(|repo| {
            let session = evaluated(repo);
            let mut command = words(&format!("eval {session} --show --report"));
            command.push(repo.root().join("page.html").to_str().unwrap().to_owned());
            (Some(session), command)
        })
        .ending_with(|repo, told| {
            let page = repo.read(repo.root().join("page.html"));
            assert!(page.ends_with("</html>\n") || page.ends_with("</html>"));
            summary(repo, told)
        }),
        "snapshots restore --into" => Scenario::new(|repo| {
            let session = cleaned_by_force(repo);
            let mut command = words("snapshots restore agent-1 --into");
            command.push(repo.root().join("look").to_str().unwrap().to_owned());
            (Some(session), command)
        })
        // One that is still locked goes when it is settled.
        .done_when(|scenario| {
            let locked = scenario.repo.path().join(".git/worktrees/look/locked");
            scenario.repo.root().join("look/untracked").exists() && !locked.exists()
        })
        .settled_by(&["doctor", "--fix"]),
        name => kills::scenario(name),
    }
}

/// Where a session is exported to.
fn archive(repo: &TestRepo) -> String {
    let path = repo.root().join("session.hub.tar.gz");
    path.to_str().unwrap().to_owned()
}

/// A session that is nowhere but in an archive.
fn import() -> Scenario {
    Scenario::new(|repo| {
        let session = evaluated(repo);
        let file = archive(repo);
        repo.hub(["export", &session, "--output", &file]).ok();
        repo.hub(["archive", &session]).ok();
        repo.hub(["cleanup", &session]).ok();
        fs::remove_dir_all(repo.hub_dir()).unwrap();
        for agent in ["agent-1", "agent-2"] {
            repo.git(["tag", "-d", &format!("hub/archive/{session}/{agent}")]);
        }
        let command = vec!["import".to_owned(), file];
        (None, command)
    })
    .done_when(|scenario| {
        let list = scenario.repo.hub(["list", "--json"]).json();
        let ids = list["sessions"].as_array().unwrap().iter();
        ids.map(|session| session["session_id"].as_str().unwrap())
            .any(|id| {
                let status = scenario.repo.hub(["status", id, "--json"]).json();
                status["unfinished"].is_null()
            })
    })
}

/// How the agents of the one session ended.
pub(super) fn ends_of_agents(_: &TestRepo, told: &Told) -> String {
    let agents = told.statuses[0]["agents"].as_array().unwrap().iter();
    let ends = agents.map(|agent| format!("{} {}", agent["agent"], agent["status"]));
    ends.collect::<Vec<_>>().join("\n")
}

/// A command for agents that are at work: one runs and one waits for its start.
fn at_work(command: Vec<String>, begin: fn(&TestRepo)) -> Scenario {
    Scenario::new(|repo| (Some(initialised(repo)), command))
        .beside(begin)
        .ended_by(&["stop", "latest", "--grace", "0"])
        // Times and processes differ, and who stands still is told by the supervisors.
        .ending_with(|_, told| {
            let agents = told.statuses[0]["agents"].as_array().unwrap().iter();
            let stand = |agent: &Value| format!("{} {}", agent["status"], agent["held"]);
            agents.map(stand).collect::<Vec<_>>().join("\n")
        })
}

fn begin_agents(repo: &TestRepo) {
    let command = ["spawn", "latest", "--jobs", "1", "--agent-cmd"];
    let agent = ["exec sleep 1000"];
    repo.hub(command.iter().chain(&agent)).ok();
}

/// A worktree in which one of the files is somebody's own for `--force`, and all are hub's for
/// `--remove`.
fn integrate(name: &str) -> Scenario {
    Scenario::new(|repo| {
        let mut command = words("integrate shell --yes");
        command.extend(name.split(' ').skip(1).map(str::to_owned));
        if name != "integrate" {
            repo.hub(["integrate", "shell", "--yes"]).ok();
            repo.commit("Let a script call hub");
        }
        if name == "integrate --force" {
            repo.write("scripts/hub-session.sh", "my own\n");
        }
        (Some(initialised(repo)), command)
    })
    .ending_with(|repo, _| {
        let worktree = Tree::read(&repo.path())
            .outside(".git")
            .outside(".agenthub");
        let drafts = Tree::read(&repo.path().join(".git"));
        let drafts = drafts.paths().into_iter().filter_map(Path::to_str);
        let left: Vec<&str> = drafts.filter(|path| path.starts_with("hub-")).collect();
        // An own file is kept again where the replacement is begun again. An empty folder is
        // nothing to git, and may be somebody's.
        let counts = |path: &&Path| {
            let again = path.to_str().is_some_and(|path| path.contains(".orig-"));
            !again && repo.path().join(path).is_file()
        };
        let paths: Vec<&Path> = worktree.paths().into_iter().filter(counts).collect();
        let script = fs::read_to_string(repo.path().join("scripts/hub-session.sh"));
        format!("{paths:?} {left:?} {}", script.unwrap_or_default())
    })
}

/// An agent has changed the main worktree, a branch, a hook and a file of hub.
fn outside(name: &str) -> Scenario {
    Scenario::new(|repo| {
        let session = initialised(repo);
        repo.git(["branch", "other"]);
        repo.write(".git/hooks/own", "own\n");
        let agent = format!(
            "cd {}; test $HUB_AGENT = agent-1 || exit 0; echo 1 >p50_ms; git add p50_ms; echo 2 >p50_ms; \
             echo new >new; git branch -q -D other; echo evil >.git/hooks/own; echo x >.agenthub/x",
            repo.path().display()
        );
        let spawn = ["spawn", &session, "--jobs", "1", "--agent-cmd", &agent];
        repo.hub(spawn).ok();
        repo.hub(["wait", &session]).ok();
        let mut command = words(&format!("outside {session} --yes"));
        command.extend(name.split(' ').skip(1).map(str::to_owned));
        (Some(session), command)
    })
    .ending_with(|repo, told| {
        let refs = repo.refs().into_iter();
        let refs: Vec<String> = refs.filter(|one| !one.starts_with("refs/hub/")).collect();
        let status = repo.git(["status", "--porcelain"]);
        let hook = repo.read(".git/hooks/own");
        let planted = repo.hub_dir().join("x").exists();
        let open = &told.statuses[0]["outside"];
        format!("{refs:?} {status} {hook} {planted} {open}")
    })
}

/// Everything that a killed hub leaves and doctor puts right: a spawn in the middle, a draft, a
/// file that did not get its place, a journal whose last line is cut.
fn left_behind(repo: &TestRepo) -> String {
    let session = initialised(repo);
    let spawn = repo.hub(["spawn", &session, "--no-start"]);
    struck(spawn, When::After, 3, &Blow::Kill).fails(137);
    let sessions = repo.hub_dir().join("sessions");
    repo.write(sessions.join(&session).join(".new-left"), "half");
    let journal = sessions.join(&session).join("events.jsonl");
    repo.write(&journal, repo.read(&journal) + "{\"seq\":");
    repo.write(sessions.join(".draft-left/config.yaml"), "half");
    session
}

/// An agent whose supervisor was killed, and who leaves what it did uncommitted.
fn lose_an_agent(repo: &TestRepo, session: &str) {
    let agent = "echo 150 >p50_ms; echo new >new; kill -KILL $PPID; exit 1";
    repo.hub(["spawn", session, "--agent-cmd", agent]).ok();
    wait_until(Duration::from_secs(60), "the supervisors are gone", || {
        repo.processes().is_empty()
    });
}
