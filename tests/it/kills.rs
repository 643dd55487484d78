//! Every command killed at each of its steps, and on a disk that fills up at each of them.
//!
//! A [`Scenario`] runs one command in a repository that is laid down anew for each step. After
//! the blow `hub list` and `hub status` must tell the truth, no commit may be lost, no lock
//! may be held; and the same command again must come to the same end as without the blow.
//!
//! All steps take minutes: by default a few of them are hit, evenly spread, and all of them
//! with `HUB_TEST_ALL=1`.

mod disk;
mod killed;
pub mod scenario;
mod supervisors;

use scenario::Scenario;

use crate::support::TestRepo;

/// How many steps of a command are hit unless all are asked for.
const SELECTED: usize = 3;

/// Evenly spread of `1..=count`, among them the first and the last.
fn selected(count: usize) -> Vec<usize> {
    assert!(count > 0, "there is nothing to be hit");
    if std::env::var_os("HUB_TEST_ALL").is_some() || count <= SELECTED {
        return (1..=count).collect();
    }
    (0..SELECTED)
        .map(|nth| 1 + nth * (count - 1) / (SELECTED - 1))
        .collect()
}

pub fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// A session of two agents that is measured by `bench.sh`.
pub fn initialised(repo: &TestRepo) -> String {
    repo.hub(init()).ok();
    repo.newest_session()
}

pub fn init() -> Vec<String> {
    let mut command = words("init --task fast --agents 2 --metric p50_ms --eval");
    command.push("sh bench.sh".to_owned());
    command
}

/// The same with a commit of each agent.
pub fn worked(repo: &TestRepo) -> String {
    let session = initialised(repo);
    repo.hub(["spawn", &session, "--no-start"]).ok();
    for (agent, value) in [("agent-1", "150\n"), ("agent-2", "120\n")] {
        let worktree = repo.hub(["path", &session, agent]).ok().stdout;
        let worktree = worktree.trim_end();
        repo.write(format!("{worktree}/p50_ms"), value);
        repo.commit_in(worktree, agent);
    }
    session
}

pub fn evaluated(repo: &TestRepo) -> String {
    let session = worked(repo);
    repo.hub(["eval", &session]).ok();
    session
}

/// An archived session that is cleaned up, with a snapshot of agent-1's work.
pub fn cleaned_by_force(repo: &TestRepo) -> String {
    let session = worked(repo);
    repo.hub(["archive", &session]).ok();
    let worktree = repo.hub(["path", &session, "agent-1"]).ok().stdout;
    repo.write(format!("{}/untracked", worktree.trim_end()), "work\n");
    repo.hub(["cleanup", &session, "--force"]).ok();
    session
}

/// Sessions in which the last operation is to be taken back.
fn undo_of(repo: &TestRepo, name: &str) -> (Option<String>, Vec<String>) {
    let session = match name {
        "undo of an init" => initialised(repo),
        "undo of a spawn" => {
            let session = initialised(repo);
            repo.hub(["spawn", &session, "--no-start"]).ok();
            session
        }
        "undo of an update" => {
            let session = initialised(repo);
            repo.hub(["update", &session, "--state", "running"]).ok();
            session
        }
        "undo of a merge" => {
            let session = evaluated(repo);
            repo.hub(["merge", &session]).ok();
            session
        }
        "undo of an archive" => {
            let session = worked(repo);
            repo.hub(["archive", &session]).ok();
            session
        }
        "undo of a cleanup" => {
            let session = evaluated(repo);
            repo.hub(["archive", &session]).ok();
            let worktree = repo.hub(["path", &session, "agent-1"]).ok().stdout;
            repo.write(format!("{}/untracked", worktree.trim_end()), "work\n");
            repo.hub(["cleanup", &session, "--force"]).ok();
            session
        }
        _ => panic!("{name} is no scenario"),
    };
    let command = words(&format!("undo {session}"));
    (Some(session), command)
}

/// An archived session, and an empty folder of one that is not there.
fn beside_a_folder(repo: &TestRepo) -> String {
    let session = worked(repo);
    repo.hub(["archive", &session]).ok();
    let empty = repo.worktree("20200101-000000", "agent-1");
    std::fs::create_dir_all(empty).unwrap();
    session
}

/// An archived session with an untracked file, and one of which the index alone has the content.
fn with_all_kinds_of_work(repo: &TestRepo) -> String {
    let session = evaluated(repo);
    repo.hub(["archive", &session]).ok();
    let worktree = repo.hub(["path", &session, "agent-1"]).ok().stdout;
    let worktree = worktree.trim_end();
    repo.write(format!("{worktree}/untracked"), "work\n");
    repo.write(format!("{worktree}/staged"), "staged\n");
    repo.git_in(worktree, ["add", "staged"]);
    repo.write(format!("{worktree}/staged"), "after\n");
    session
}

/// The scenarios by name: a preparation, and the command that is hit.
pub fn scenario(name: &str) -> Scenario {
    Scenario::new(|repo| match name {
        "init" => (None, init()),
        "spawn --no-start" => {
            let session = initialised(repo);
            let command = words(&format!("spawn {session} --no-start"));
            (Some(session), command)
        }
        "spawn" => {
            let session = initialised(repo);
            let mut command = words(&format!("spawn {session} --agent-cmd"));
            command.push(repo.agent_script());
            (Some(session), command)
        }
        "update" => {
            let session = initialised(repo);
            let command = words(&format!("update {session} --state running"));
            (Some(session), command)
        }
        "eval" => {
            let session = worked(repo);
            let command = words(&format!("eval {session}"));
            (Some(session), command)
        }
        "graft" => {
            let session = evaluated(repo);
            let options = "--onto agent-1 --from agent-2 p50_ms";
            let command = words(&format!("graft {session} {options}"));
            (Some(session), command)
        }
        "merge" => {
            let session = evaluated(repo);
            let command = words(&format!("merge {session}"));
            (Some(session), command)
        }
        "merge --squash" | "merge --strategy rebase" | "merge --strategy cherry-pick" => {
            let session = evaluated(repo);
            repo.write("meanwhile.txt", "meanwhile\n");
            repo.commit("Meanwhile");
            let command = words(&name.replace("merge", &format!("merge {session}")));
            (Some(session), command)
        }
        "merge --verify" => {
            let session = evaluated(repo);
            let command = words(&format!("merge {session} --verify"));
            (Some(session), command)
        }
        "merge of two" => {
            let session = worked(repo);
            // agent-2 changes the file that bench.sh reads, agent-1 another one.
            let one = repo.hub(["path", &session, "agent-1"]).ok().stdout;
            let one = one.trim_end();
            repo.git_in(one, ["reset", "--quiet", "--hard", "main"]);
            repo.write(format!("{one}/other"), "work\n");
            repo.commit_in(one, "agent-1: other");
            repo.hub(["eval", &session]).ok();
            let command = words(&format!("merge {session} --agent agent-1 --agent agent-2"));
            (Some(session), command)
        }
        "archive" => {
            let session = worked(repo);
            let command = words(&format!("archive {session}"));
            (Some(session), command)
        }
        "cleanup" => {
            let session = evaluated(repo);
            repo.hub(["merge", &session]).ok();
            let command = words(&format!("cleanup {session}"));
            (Some(session), command)
        }
        "cleanup --all" => {
            let session = beside_a_folder(repo);
            (Some(session), words("cleanup --all"))
        }
        "cleanup --force" => {
            let session = with_all_kinds_of_work(repo);
            let command = words(&format!("cleanup {session} --force"));
            (Some(session), command)
        }
        "restore" => {
            let session = worked(repo);
            repo.hub(["archive", &session]).ok();
            repo.hub(["cleanup", &session]).ok();
            let command = words(&format!("restore {session}"));
            (Some(session), command)
        }
        "snapshots restore" => {
            let session = cleaned_by_force(repo);
            (Some(session), words("snapshots restore agent-1"))
        }
        "snapshots expire" => {
            let session = cleaned_by_force(repo);
            (
                Some(session),
                words("snapshots expire --older-than 0s --yes"),
            )
        }
        _ => undo_of(repo, name),
    })
}
