//! How the repository is laid out on disk.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::TestRepo;

use super::{seen_from, whole_road_in};

/// `git clone --bare`, and a worktree of its `main` beside it.
fn bare(repo: &TestRepo) -> (PathBuf, PathBuf) {
    let (bare, tree) = (repo.root().join("sums.git"), repo.root().join("tree"));
    clone_bare(repo, &bare);
    repo.git_in(
        &bare,
        ["worktree", "add", "--quiet", tree.to_str().unwrap(), "main"],
    );
    (bare, tree)
}

fn clone_bare(repo: &TestRepo, to: &Path) {
    repo.git(["clone", "--quiet", "--bare", ".", to.to_str().unwrap()]);
}

fn clone_apart(repo: &TestRepo, directory: &Path, tree: &Path) {
    let directory = format!("--separate-git-dir={}", directory.display());
    repo.git(["clone", "--quiet", &directory, ".", tree.to_str().unwrap()]);
}

#[test]
fn a_bare_repository_with_linked_worktrees() {
    let repo = TestRepo::new().with_bench();
    let (bare, tree) = bare(&repo);
    let hub_dir = whole_road_in(&repo, &tree);
    assert_eq!(hub_dir, bare.join(".agenthub"));
    assert_eq!(repo.read(tree.join("p50_ms")), "120\n");
    assert_eq!(repo.git_in(&tree, ["status", "--porcelain"]), "");
    assert_eq!(seen_from(&repo, &bare), seen_from(&repo, &tree));
}

#[test]
fn a_bare_repository_alone() {
    let repo = TestRepo::new().with_bench();
    let bare = repo.root().join("sums.git");
    clone_bare(&repo, &bare);
    let hub_dir = whole_road_in(&repo, &bare);
    assert_eq!(hub_dir, bare.join(".agenthub"));
    assert!(!repo.root().join("sums.git.hub").exists());
}

#[test]
fn a_folder_with_its_bare_repository_inside_and_a_git_file() {
    let repo = TestRepo::new().with_bench();
    let project = repo.root().join("project");
    fs::create_dir(&project).unwrap();
    let bare = project.join(".bare");
    clone_bare(&repo, &bare);
    repo.write(project.join(".git"), "gitdir: ./.bare\n");
    repo.git_in(&project, ["worktree", "add", "--quiet", "main", "main"]);
    let tree = project.join("main");
    let hub_dir = whole_road_in(&repo, &tree);
    assert_eq!(hub_dir, bare.join(".agenthub"));
    assert_eq!(repo.read(tree.join("p50_ms")), "120\n");
    let sessions = seen_from(&repo, &tree);
    assert_eq!(seen_from(&repo, &project), sessions);
    assert_eq!(seen_from(&repo, &bare), sessions);
}

#[test]
fn a_git_directory_apart_from_its_worktree() {
    let repo = TestRepo::new().with_bench();
    let (tree, apart) = (repo.root().join("tree"), repo.root().join("apart.git"));
    clone_apart(&repo, &apart, &tree);
    whole_road_in(&repo, &tree);
    assert_eq!(repo.read(tree.join("p50_ms")), "120\n");
    assert_eq!(repo.git_in(&tree, ["status", "--porcelain"]), "");
}

#[test]
fn what_is_checked_out_nobody_knows_where_is_not_moved() {
    let repo = TestRepo::new().with_bench();
    let (tree, apart) = (repo.root().join("tree"), repo.root().join("apart.git"));
    clone_apart(&repo, &apart, &tree);
    let linked = repo.root().join("linked");
    let add = ["worktree", "add", "--quiet", linked.to_str().unwrap()];
    repo.git_in(&tree, add);
    let hub = |arguments: &[&str]| repo.hub(arguments).in_folder(&linked);
    hub(&["init", "--task", "x", "-n", "1", "--base-branch", "main"]).ok();
    let agent = repo.agent_script();
    hub(&["spawn", "--agent-cmd", &agent]).ok();
    hub(&["wait"]).ok();
    hub(&["eval"]).ok();
    let refused = hub(&["merge", "--agent", "agent-1"]).fails(6);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r"
    error: branch main is checked out in the main worktree, and [TEMP]/apart.git does not say where that is
    hint: nothing was changed; do it again in the main worktree
    ");
    assert_eq!(repo.git_in(&tree, ["status", "--porcelain"]), "");
    // In the main worktree it is known.
    let merge = repo.hub(["merge", "--agent", "agent-1"]);
    merge.in_folder(&tree).ok();
    assert_eq!(repo.read(tree.join("p50_ms")), "150\n");
    assert_eq!(repo.git_in(&tree, ["status", "--porcelain"]), "");
}

#[test]
fn a_path_with_spaces_quotes_and_letters_of_all_kinds() {
    for name in [
        "it's a \"quoted\" größer ✓ 文",
        "$HOME `x` \\ ; & {task} %s",
        "-dash\nand a second line",
    ] {
        let repo = TestRepo::new().with_bench();
        let moved = repo.root().join(name);
        fs::rename(repo.path(), &moved).unwrap();
        let hub_dir = whole_road_in_renamed(&repo, &moved);
        assert_eq!(hub_dir, moved.join(".agenthub"), "{name:?}");
        assert_eq!(repo.read(moved.join("p50_ms")), "120\n", "{name:?}");
    }
}

/// The agents' script stands below the repository, so that its path is a strange one, too.
fn whole_road_in_renamed(repo: &TestRepo, folder: &Path) -> PathBuf {
    let hub_dir = whole_road_in(repo, folder);
    let agent = repo.agent_script();
    fs::copy(agent, folder.join("agent.sh")).unwrap();
    repo.hub(["init", "--task", "again", "-n", "1"])
        .in_folder(folder)
        .ok();
    repo.hub(["spawn", "--agent-cmd", "./agent.sh"])
        .in_folder(folder)
        .ok();
    repo.hub(["wait"]).in_folder(folder).ok();
    repo.hub(["archive"]).in_folder(folder).ok();
    repo.hub(["cleanup"]).in_folder(folder).ok();
    hub_dir
}

#[test]
fn a_path_that_is_no_text_is_refused_before_anything_is_made() {
    use std::os::unix::ffi::OsStrExt;
    let repo = TestRepo::new();
    let moved = repo.root().join(std::ffi::OsStr::from_bytes(b"sums-\xff"));
    fs::rename(repo.path(), &moved).unwrap();
    let hub = |arguments: &[&str]| repo.hub(arguments).in_folder(&moved);
    let refused = hub(&["init", "--task", "x"]).fails(1);
    insta::assert_snapshot!(repo.without_paths(&refused.stderr), @r"
    error: [TEMP]/sums-� is not valid UTF-8, which the files of hub are
    hint: move the repository to a path that is
    ");
    assert!(!moved.join(".agenthub").exists());
    let run = ["run", "--task", "x", "--agent-cmd", "true", "--json"];
    assert_eq!(hub(&run).fails(1).json_error()["code"], "failed");
    assert_eq!(hub(&["list"]).ok().stdout, "no sessions\n");
}

#[test]
fn what_is_said_to_type_can_be_typed_where_the_path_holds_a_quote() {
    let repo = TestRepo::new().with_bench();
    let moved = repo.root().join("it's here");
    fs::rename(repo.path(), &moved).unwrap();
    let hub = |arguments: &[&str]| repo.hub(arguments).in_folder(&moved);
    hub(&["init", "--task", "x", "-n", "1"]).ok();
    hub(&["spawn", "--no-start"]).ok();
    let path = hub(&["path", "agent-1"]).ok().stdout;
    repo.write(Path::new(path.trim_end()).join("new.txt"), "new\n");
    hub(&["archive"]).ok();
    let refused = hub(&["cleanup"]).fails(6).stderr;
    let command = refused.split('`').nth(1).unwrap();
    let script = repo.script("typed.sh", &format!("{command} --quiet --message Kept"));
    // git runs the script with the harness's environment.
    let alias = format!("alias.typed=!'{script}'");
    repo.git_in(&moved, ["-c", &alias, "typed"]);
    assert_eq!(
        repo.git_in(path.trim_end(), ["log", "-1", "--format=%s"]),
        "Kept"
    );
}

#[test]
fn a_submodule_has_sessions_of_its_own() {
    let repo = TestRepo::new().with_bench();
    let project = repo.root().join("project");
    repo.git(["init", "--quiet", project.to_str().unwrap()]);
    repo.git_in(
        &project,
        [
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            repo.path().to_str().unwrap(),
            "sums",
        ],
    );
    repo.commit_in(&project, "Add sums");
    let module = project.join("sums");
    let hub_dir = whole_road_in(&repo, &module);
    assert_eq!(hub_dir, module.join(".agenthub"));
    assert_eq!(seen_from(&repo, &project), [] as [&str; 0]);
    // The submodule is at another commit, and nothing of hub's is in sight.
    assert_eq!(repo.git_in(&module, ["status", "--porcelain"]), "");
    assert_eq!(repo.git_in(&project, ["status", "--porcelain"]), " M sums");
}

#[test]
fn a_repository_inside_a_repository_is_one_of_its_own() {
    let repo = TestRepo::new().with_bench();
    let inner = repo.path().join("vendor/inner");
    fs::create_dir_all(inner.parent().unwrap()).unwrap();
    repo.git(["clone", "--quiet", ".", inner.to_str().unwrap()]);
    repo.hub(["init", "--task", "outer"]).ok();
    let outer = seen_from(&repo, &repo.path());
    let hub_dir = whole_road_in(&repo, &inner);
    assert_eq!(hub_dir, inner.join(".agenthub"));
    assert_eq!(seen_from(&repo, &repo.path()), outer);
    assert_eq!(repo.read("p50_ms"), "180\n");
    assert_eq!(repo.read(inner.join("p50_ms")), "120\n");
}
