//! The user, the home and the process that hub is started with.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Road;
use crate::support::TestRepo;

/// A shell's words after which git knows nobody's name.
fn nobody(repo: &TestRepo) -> String {
    let config = repo.root().join("nobody.gitconfig");
    // Else git would take the name of the machine's user.
    repo.write(&config, "[user]\n\tuseConfigOnly = true\n");
    format!("GIT_CONFIG_GLOBAL='{}'", config.display())
}

#[test]
fn where_git_knows_no_name_hub_signs_with_its_own() {
    let repo = TestRepo::new().with_bench();
    let mut road = Road::of(&repo, repo.path());
    road.before = nobody(&repo);
    road.walk();
    let who = "%an <%ae> %cn <%ce>";
    assert_eq!(
        repo.git(["log", "-1", &format!("--format={who}"), "main"]),
        "hub <hub@localhost> hub <hub@localhost>"
    );
    let tagger = repo.git([
        "for-each-ref",
        "--format=%(taggername) %(taggeremail)",
        "refs/tags",
    ]);
    assert_eq!(tagger, "hub <hub@localhost>");
}

#[test]
fn where_git_knows_no_name_leftovers_are_committed_and_snapshots_made() {
    let repo = TestRepo::new().with_bench();
    let nobody = nobody(&repo);
    let agent = repo.script("agent.sh", "echo left >left.txt");
    let hub = |arguments: &str| repo.typed(&format!("{nobody} hub {arguments}"));
    hub("init --task 'Be fast' -n 1");
    hub(&format!("spawn --agent-cmd '{agent}'"));
    hub("wait");
    let id = repo.newest_session();
    let name = format!("hub/{id}/agent-1/attempt-1");
    assert_eq!(repo.git(["log", "-1", "--format=%an", &name]), "hub");
    assert_eq!(repo.git(["show", &format!("{name}:left.txt")]), "left");

    hub("archive");
    repo.write(repo.worktree(&id, "agent-1").join("mine.txt"), "mine\n");
    hub("cleanup --force");
    let kept = repo.git([
        "for-each-ref",
        "--format=%(authorname)",
        "refs/hub/snapshots/",
    ]);
    assert_eq!(kept, "hub");
}

#[test]
fn a_umask_of_077() {
    let repo = TestRepo::new().with_bench();
    let mut road = Road::of(&repo, repo.path());
    road.before = "umask 077;".to_owned();
    let (id, worktree) = road.spawned();
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "Work");
    for command in ["eval", "merge", "cleanup"] {
        road.hub(&format!("{command} {id}"));
    }
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert!(!worktree.exists());
    let state = repo.hub_dir().join("sessions").join(&id).join("state.json");
    let mode = fs::metadata(state).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn no_home() {
    let repo = TestRepo::new().with_bench();
    let mut road = Road::of(&repo, repo.path());
    road.before = "unset HOME XDG_CONFIG_HOME;".to_owned();
    road.walk();
}

#[test]
fn variables_of_a_hook_that_calls_hub() {
    let repo = TestRepo::new().with_bench();
    let other = TestRepo::new();
    let git = other.path().join(".git");
    let mut road = Road::of(&repo, repo.path());
    road.before = format!(
        "export GIT_DIR='{0}' GIT_WORK_TREE='{1}' GIT_INDEX_FILE='{0}/index' GIT_PREFIX=x/;",
        git.display(),
        other.path().display()
    );
    let refs = other.refs();
    road.walk();
    assert_eq!(other.refs(), refs);
    assert_eq!(other.git(["status", "--porcelain"]), "");
}

#[test]
fn a_stale_lock_of_the_base_checkouts_index_is_named_and_left_alone() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let lock = repo.path().join(".git/index.lock");
    repo.write(&lock, "");
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).run();
    assert_ne!(answer.code(), 0, "{answer}");
    assert!(answer.stderr.contains("index.lock"), "{answer}");
    assert!(lock.exists(), "it may be somebody's");
    assert_eq!(repo.picture(), before);

    fs::remove_file(&lock).unwrap();
    repo.hub(["merge", &id]).ok();
}

#[test]
fn a_stale_lock_of_an_agents_index_does_not_stop_a_snapshot() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let folder = repo.git_in(&worktree, ["rev-parse", "--absolute-git-dir"]);
    let lock = format!("{folder}/index.lock");
    repo.write(&lock, "");
    repo.write(worktree.join("mine.txt"), "mine\n");
    // A snapshot goes by an index of its own and needs no lock.
    repo.hub(["cleanup", &id, "--force"]).ok();
    let kept = repo.git(["for-each-ref", "--format=%(refname)", "refs/hub/snapshots/"]);
    assert_eq!(repo.git(["show", &format!("{kept}:mine.txt")]), "mine");
}

#[test]
fn a_folder_inside_of_the_repository_and_a_worktree_of_it() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let inside = repo.path().join("deep/er");
    fs::create_dir_all(&inside).unwrap();
    let lists = [inside, repo.worktree(&id, "agent-1")].map(|folder| {
        let list = repo.hub(["list", "--json"]).in_folder(folder).json();
        list["sessions"][0]["session_id"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(lists, [id.clone(), id.clone()]);
    // Merging from the worktree that is merged goes to the base checkout all the same.
    repo.hub(["merge", &id])
        .in_folder(repo.worktree(&id, "agent-1"))
        .ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
}

/// What was given up comes back, whoever calls hub from wherever.
#[test]
fn the_way_back() {
    let hook = "export GIT_DIR=/nowhere GIT_WORK_TREE=/nowhere GIT_INDEX_FILE=/nowhere/index;";
    let gone = "mkdir ../gone; cd ../gone; rmdir ../gone;";
    for before in ["umask 077;", "unset HOME XDG_CONFIG_HOME;", hook, gone, ""] {
        let repo = TestRepo::new().with_bench();
        let mut road = Road::of(&repo, repo.path());
        road.before = before.to_owned();
        if before.is_empty() {
            road.before = nobody(&repo);
        }
        road.walk_back();
    }
}
