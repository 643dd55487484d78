//! Of worktrees, which are the agents' own.

use super::*;
use crate::support::Tree;

/// A home that is a repository itself, as that of who keeps his settings in one.
fn with_home(repo: &TestRepo) -> Tree {
    repo.git_in(repo.home(), ["init", "--quiet", "--template="]);
    repo.write(repo.home().join("diary"), "mine\n");
    repo.commit_in(repo.home(), "Mine");
    repo.write(repo.home().join("letter"), "not committed\n");
    picture(repo)
}

fn picture(repo: &TestRepo) -> Tree {
    Tree::read(&repo.home())
}

/// What may touch a worktree.
const COMMANDS: [&[&str]; 9] = [
    &["status"],
    &["stop", "--agent", "agent-1"],
    &["retry", "--agent", "agent-1"],
    &["eval"],
    &["merge", "--agent", "agent-1"],
    &["archive"],
    &["cleanup"],
    &["cleanup", "--force"],
    &["doctor", "--fix"],
];

fn words<'w>(command: &'w [&'w str], session: &'w str) -> Vec<&'w str> {
    let mut words = command.to_vec();
    if words[0] != "doctor" {
        words.insert(1, session);
    }
    words.push("--yes");
    words
}

/// Holds every command against a worktree in whose place something else stands.
fn held_against(plant: impl Fn(&TestRepo, &Path)) {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let home = with_home(&repo);
    plant(&repo, &repo.worktree(&session, "agent-1"));
    for command in COMMANDS {
        ends(repo.hub(words(command, &session)));
        assert_eq!(picture(&repo), home, "{command:?}");
    }
}

#[test]
fn a_worktree_that_became_a_link_to_home() {
    held_against(|repo, worktree| {
        fs::rename(worktree, repo.root().join("moved")).unwrap();
        std::os::unix::fs::symlink(repo.home(), worktree).unwrap();
    });
}

#[test]
fn a_sessions_folder_of_worktrees_that_became_a_link_to_home() {
    held_against(|repo, worktree| {
        let session = worktree.parent().unwrap();
        fs::rename(session, repo.root().join("moved")).unwrap();
        std::os::unix::fs::symlink(repo.home(), session).unwrap();
    });
}

#[test]
fn a_worktree_whose_link_to_its_repository_is_a_pipe() {
    held_against(|_, worktree| {
        fs::remove_file(worktree.join(".git")).unwrap();
        pipe(&worktree.join(".git"));
    });
}

#[test]
fn a_worktree_that_claims_to_belong_to_another_repository() {
    held_against(|repo, worktree| {
        let other = repo.home().join(".git");
        repo.write(
            worktree.join(".git"),
            format!("gitdir: {}\n", other.display()),
        );
    });
}

#[test]
fn locks_in_the_administration_that_are_pipes() {
    held_against(|repo, _| {
        let admin = repo.path().join(".git/worktrees/agent-1");
        for name in ["index.lock", "HEAD.lock"] {
            pipe(&admin.join(name));
        }
    });
}

/// What an agent does to the way to its repository while it still runs: hub commits what it has
/// left, and does not do so in a repository around.
#[test]
fn leftovers_are_not_committed_into_a_repository_around() {
    let repo = TestRepo::new();
    // The worktrees stand below a folder that is a repository itself.
    let around = repo.root().to_path_buf();
    repo.git_in(&around, ["init", "--quiet", "--template="]);
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", "echo loot >loot; rm .git");
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    ends(repo.hub(["wait", &session]));
    ends(repo.hub(["stop", &session]));
    assert!(
        repo.try_git_in(&around, ["rev-parse", "--verify", "HEAD"])
            .is_err()
    );
    assert_eq!(repo.git_in(&around, ["ls-files"]), "");
}

/// Files within a worktree that git would wait for.
#[test]
fn pipes_in_a_worktree_keep_nobody_waiting() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let worktree = repo.worktree(&session, "agent-1");
    pipe(&worktree.join("pipe"));
    fs::remove_file(worktree.join("new")).unwrap();
    pipe(&worktree.join("new"));
    for command in COMMANDS {
        ends(repo.hub(words(command, &session)));
    }
}

/// git itself opens these in every folder, whatever they are.
#[test]
fn pipes_that_git_reads_are_told_and_keep_nobody_waiting() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let script = repo.script(
        "agent.sh",
        "mkdir deep; mkfifo deep/.gitignore; echo 1 >deep/new",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    // What it has left is not committed, and its supervisor ends all the same.
    ends(repo.hub(["wait", &session]));
    let worktree = repo.worktree(&session, "agent-1");
    let pipe_of = |answer: &Answer| {
        answer
            .stderr
            .contains("is a pipe, for which git would wait")
    };
    let answer = ends(repo.hub(["retry", &session, "--agent", "agent-1", "--yes"]));
    assert!(answer.code() == 6 && pipe_of(&answer), "{answer}");
    ends(repo.hub(["status", &session]));
    fs::rename(
        worktree.join("deep/.gitignore"),
        worktree.join(".gitattributes"),
    )
    .unwrap();
    for command in [
        &["status"][..],
        &["archive"],
        &["cleanup"],
        &["cleanup", "--force"],
    ] {
        ends(repo.hub(words(command, &session)));
    }
}

/// Removal goes through folders by their descriptors: who puts a link in the place of one while
/// it goes on leads it nowhere.
#[test]
fn a_folder_that_becomes_a_link_while_it_is_removed() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    let worktree = repo.worktree(&session, "agent-1");
    let home = with_home(&repo);
    for number in 0..300 {
        repo.write(worktree.join(format!("many/{number}/file")), "x");
    }
    repo.hub(["archive", &session]).ok();
    // Somebody swaps folders for links as long as there are any.
    let over = std::sync::atomic::AtomicBool::new(false);
    let (link, root) = (repo.home(), repo.root().join("repo.hub"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                for number in (0..300).rev() {
                    for top in places(&root, &worktree) {
                        let folder = top.join(format!("many/{number}"));
                        let away = top.join(format!("away-{number}"));
                        if fs::rename(&folder, away).is_ok() {
                            let _ = std::os::unix::fs::symlink(&link, &folder);
                        }
                    }
                }
            }
        });
        ends(repo.hub(["cleanup", &session, "--force", "--yes"]));
        over.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(picture(&repo), home);
}

/// Where a worktree is, and where it is put to be deleted.
fn places(root: &Path, worktree: &Path) -> Vec<PathBuf> {
    let aside = fs::read_dir(root.join(".removing"));
    let aside = aside.into_iter().flatten().flatten();
    let mut places = vec![worktree.to_path_buf()];
    places.extend(aside.map(|entry| entry.path()));
    places
}

#[test]
fn what_is_mounted_in_a_worktree_stays() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|worktree| {
        fs::create_dir(worktree.join("mounted")).unwrap();
    });
    let worktree = repo.worktree(&session, "agent-1");
    fs::create_dir_all(worktree.join("mounted")).unwrap();
    let precious = repo.root().join("precious");
    repo.write(precious.join("file"), "mine\n");
    let mount = |words: &[&str]| {
        let mut command = std::process::Command::new(words[0]);
        command
            .args(&words[1..])
            .stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let place = worktree.join("mounted");
    let (from, to) = (precious.to_str().unwrap(), place.to_str().unwrap());
    if !rustix::process::geteuid().is_root() || !mount(&["mount", "--bind", from, to]) {
        crate::support::passed_over("nothing can be mounted here");
        return;
    }
    repo.hub(["archive", &session]).ok();
    let answer = ends(repo.hub(["cleanup", &session, "--force", "--yes"]));
    let there = fs::read(precious.join("file"));
    // Wherever it is by now, it goes before the test does.
    for top in places(&repo.root().join("repo.hub"), &worktree) {
        let place = top.join("mounted");
        while mount(&["umount", place.to_str().unwrap()]) {}
    }
    assert_eq!(there.unwrap(), b"mine\n", "{answer}");
}

/// What is carried into new worktrees is a file, or it is not carried.
#[test]
fn what_a_pattern_names_is_copied_where_it_is_a_file() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "cache/\n.env\n");
    repo.write(".worktreeinclude", "cache/\n.env\n");
    repo.commit("Include");
    repo.write("cache/file", "x");
    pipe(&repo.path().join("cache/pipe"));
    pipe(&repo.path().join(".env"));
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    ends(repo.hub(["spawn", &session, "--no-start"]));
    assert_eq!(
        repo.read(repo.worktree(&session, "agent-1").join("cache/file")),
        "x"
    );
}
