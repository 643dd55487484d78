//! A glance against `git status` of the whole worktree.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::git::program::Git;

/// A repository with one linked worktree that somebody works in.
struct Place {
    folder: tempfile::TempDir,
    worktree: PathBuf,
}

const FILES: [&str; 8] = [
    "a",
    "a.txt",
    "a-b/x",
    "dir-1/five",
    "dir/one",
    "dir/two",
    "dir/sub/three",
    "dir.d/four",
];

fn git(folder: &Path, words: &[&str]) -> Vec<u8> {
    let call = Git::new(folder).args(["-c", "user.name=A", "-c", "user.email=a@example.com"]);
    let call = call.variable("GIT_CONFIG_GLOBAL", "/dev/null");
    call.args(words).run().unwrap()
}

impl Place {
    fn new(index_version: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("main");
        let worktree = fs::canonicalize(folder.path()).unwrap().join("worktree");
        fs::create_dir(&main).unwrap();
        let place = Self { folder, worktree };
        git(&main, &["init", "--quiet"]);
        git(&main, &["config", "index.version", index_version]);
        git(
            &main,
            &["commit", "--quiet", "--allow-empty", "-m", "Begin"],
        );
        let path = place.worktree.clone();
        let add = [
            "worktree",
            "add",
            "--quiet",
            "-b",
            "work",
            path.to_str().unwrap(),
        ];
        git(&main, &add);
        for file in FILES {
            place.write(file, file);
        }
        place.write(".gitignore", "ignored*\n");
        symlink("a", place.worktree.join("link")).unwrap();
        git(&path, &["add", "--all"]);
        place.commit();
        place.settle();
        place
    }

    fn commit(&self) {
        git(
            &self.worktree,
            &["commit", "--quiet", "--allow-empty", "-m", "More"],
        );
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.worktree.join(file);
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        // Where something else stands in the way, nothing is written.
        if let Ok(mut file) = File::create(path) {
            file.write_all(text.as_bytes()).unwrap();
        }
    }

    /// Lets all files be older than the index, as they are when somebody comes back.
    fn settle(&self) {
        let old = SystemTime::now() - Duration::from_secs(3600);
        for file in FILES.iter().chain(&[".gitignore"]) {
            let path = self.worktree.join(file);
            if path.is_file() && !path.is_symlink() {
                let file = File::options().append(true).open(path).unwrap();
                file.set_modified(old).unwrap();
            }
        }
        // A link has no time of its own that can be set without following it.
        let index = Git::new(&self.worktree).args(["rev-parse", "--git-path", "index"]);
        let index = String::from_utf8(index.run().unwrap()).unwrap();
        let _ = Git::new(&self.worktree)
            .args(["update-index", "--refresh"])
            .output();
        let index = File::options().append(true).open(index.trim_end()).unwrap();
        let later = SystemTime::now() + Duration::from_secs(2);
        index.set_modified(later).unwrap();
    }

    fn repository(&self) -> Repository {
        Repository::discover(&self.folder.path().join("main")).unwrap()
    }

    fn left_over(&self) -> Option<Vec<(String, Why)>> {
        let repository = self.repository();
        let admin = repository.own_admin(&self.worktree).unwrap();
        let mut left = repository.glance(&self.worktree, &admin)?.left_over()?;
        left.sort();
        let text = |path| String::from_utf8(path).unwrap();
        let left = left.into_iter().map(|left| (text(left.path), left.why));
        Some(left.collect())
    }

    /// With and without a glance the same is found.
    fn check(&self) {
        let repository = self.repository();
        let worktrees = [self.worktree.clone()];
        let (found, ()) = repository.changes_of_all(&worktrees, || (), &mut |_| true);
        let found = found.unwrap().into_iter().next().unwrap();
        assert_eq!(found.unwrap(), repository.changes(&self.worktree).unwrap());
    }
}

#[test]
fn nothing_is_left_over_where_nothing_changed() {
    for version in ["2", "3", "4"] {
        let place = Place::new(version);
        assert_eq!(place.left_over(), Some(Vec::new()), "version {version}");
        place.check();
    }
}

#[test]
fn what_changed_is_left_over_and_nothing_else() {
    let place = Place::new("2");
    place.write("a", "b");
    place.write("new/x", "");
    place.write("ignored-1", "");
    place.write(":(top)*", "");
    fs::remove_file(place.worktree.join("dir/sub/three")).unwrap();
    fs::remove_dir_all(place.worktree.join("dir.d")).unwrap();
    symlink("dir", place.worktree.join("dir.d")).unwrap();
    let expected = [
        (":(top)*", Why::New),
        ("a", Why::Unclear),
        ("dir.d", Why::Unclear),
        ("dir/sub/three", Why::Unclear),
        ("ignored-1", Why::New),
        ("new", Why::Unclear),
    ];
    let expected = expected.map(|(path, why)| (path.to_owned(), why));
    assert_eq!(place.left_over(), Some(expected.to_vec()));
    place.check();
}

#[test]
fn plain_files_are_judged_as_git_judges_them() {
    let place = Place::new("2");
    let exclude = place.folder.path().join("main/.git/info/exclude");
    let mut exclude = File::create(exclude).unwrap();
    // A folder that git ignores, with a file that it has all the same.
    exclude.write_all(b"*.o\ndir.d/\n").unwrap();
    place.write("dir/.gitignore", "!ignored-not\n");
    for new in [
        "z",
        "dir/z",
        ":(top)*",
        "*",
        "ignored-1",
        "dir/ignored-2",
        "dir/ignored-not",
        "dir.d/z",
        "x.o",
        "a b",
    ] {
        place.write(new, "new");
    }
    symlink("nowhere", place.worktree.join("dir/new-link")).unwrap();
    place.write("dir/two", "longer than before");
    place.write("a-b/x", "-");
    let left = place.left_over().unwrap();
    assert!(left.iter().all(|(_, why)| *why != Why::Unclear), "{left:?}");
    let found = place.repository().glanced_changes(&place.worktree).unwrap();
    assert_eq!(found.len(), 10, "{found:?}");
    place.check();
}

#[test]
fn a_new_name_is_left_to_git_where_it_folds_case() {
    let place = Place::new("2");
    git(&place.worktree, &["config", "core.ignorecase", "true"]);
    place.write("A", "new");
    assert_eq!(
        place.left_over(),
        Some(vec![("A".to_owned(), Why::Unclear)])
    );
    place.check();
}

#[test]
fn a_file_as_young_as_the_index_is_left_over() {
    let place = Place::new("2");
    place.write("a", "c");
    git(&place.worktree, &["add", "a"]);
    place.commit();
    place.write("a", "d");
    assert!(
        place
            .left_over()
            .unwrap()
            .contains(&("a".to_owned(), Why::Unclear))
    );
    place.check();
}

#[test]
fn an_edit_that_sets_the_old_time_again_is_left_over() {
    let place = Place::new("2");
    let path = place.worktree.join("a");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    place.write("a", "b");
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(before).unwrap();
    assert_eq!(
        place.left_over(),
        Some(vec![("a".to_owned(), Why::Unclear)])
    );
    place.check();
}

#[test]
fn git_looks_at_all_where_a_glance_cannot_tell() {
    type Damage = (&'static str, fn(&Place));
    let damages: [Damage; 8] = [
        ("staged", |place| {
            place.write("a", "staged");
            git(&place.worktree, &["add", "a"]);
        }),
        ("another commit", |place| {
            git(&place.worktree, &["reset", "--quiet", "--soft", "HEAD^"]);
        }),
        ("not looked at", |place| {
            let words = ["update-index", "--assume-unchanged", "a"];
            git(&place.worktree, &words);
            place.write("a", "hidden");
        }),
        ("a conflict", |place| {
            git(&place.worktree, &["branch", "other", "HEAD^"]);
            place.write("a", "mine");
            git(&place.worktree, &["commit", "--quiet", "-a", "-m", "mine"]);
            git(&place.worktree, &["checkout", "--quiet", "other"]);
            place.write("a", "theirs");
            git(&place.worktree, &["add", "a"]);
            place.commit();
            let call = Git::new(&place.worktree).args(["merge", "--quiet", "work"]);
            assert!(!call.output().unwrap().status.success());
        }),
        ("a split index", |place| {
            git(&place.worktree, &["update-index", "--split-index"]);
        }),
        ("a repository inside", |place| {
            let words = ["init", "--quiet", "dir"];
            git(&place.worktree, &words);
        }),
        ("replaced", |place| {
            git(&place.worktree, &["replace", "HEAD", "HEAD^"]);
        }),
        ("many", |place| {
            for number in 0..=MOST {
                place.write(&format!("new-{number}"), "");
            }
        }),
    ];
    for (what, damage) in damages {
        let place = Place::new("2");
        damage(&place);
        assert_eq!(place.left_over(), None, "{what}");
        place.check();
    }
}

#[test]
fn an_index_that_is_cut_is_left_to_git() {
    let place = Place::new("4");
    let admin = place.repository().own_admin(&place.worktree).unwrap();
    let whole = fs::read(admin.join("index")).unwrap();
    let cut = admin.join("cut");
    for length in 0..whole.len() {
        File::create(&cut)
            .unwrap()
            .write_all(&whole[..length])
            .unwrap();
        assert!(IndexFile::read(&cut).is_none(), "{length} bytes");
    }
}

#[test]
fn an_index_in_no_order_is_left_to_git() {
    // The header, and what stands before the first name.
    const FIRST_NAME: usize = 12 + 62;
    let place = Place::new("2");
    let admin = place.repository().own_admin(&place.worktree).unwrap();
    let mut bytes = fs::read(admin.join("index")).unwrap();
    assert!(IndexFile::parse(&bytes, 0).is_some());
    bytes[FIRST_NAME] = 0xff;
    assert!(IndexFile::parse(&bytes, 0).is_none());
}

/// What somebody may do in a worktree.
#[derive(Clone, Debug)]
enum Edit {
    Write(usize, u8),
    Remove(usize),
    Executable(usize, bool),
    Link(usize),
    Folder(usize),
    New(u8),
    Rename(usize, usize),
    Nested(usize),
    Stage,
    Commit,
    Settle,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let file = || 0..FILES.len();
    let edit = prop_oneof![
        3 => (file(), 0..4_u8).prop_map(|(file, text)| Edit::Write(file, text)),
        1 => file().prop_map(Edit::Remove),
        1 => (file(), any::<bool>()).prop_map(|(file, on)| Edit::Executable(file, on)),
        1 => file().prop_map(Edit::Link),
        1 => file().prop_map(Edit::Folder),
        1 => (0..6_u8).prop_map(Edit::New),
        1 => (file(), file()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => file().prop_map(Edit::Nested),
        1 => Just(Edit::Stage),
        1 => Just(Edit::Commit),
        2 => Just(Edit::Settle),
    ];
    prop::collection::vec(edit, 1..12)
}

fn apply(place: &Place, edit: &Edit) {
    let path = |file: usize| place.worktree.join(FILES[file]);
    // What cannot be done is not done: it may be gone, or something else may stand there.
    let _ = match *edit {
        Edit::Write(file, text) => {
            place.write(FILES[file], &format!("{text}"));
            Ok(())
        }
        Edit::Remove(file) => fs::remove_file(path(file)),
        Edit::Executable(file, on) => {
            let mode = if on { 0o755 } else { 0o644 };
            fs::set_permissions(path(file), Permissions::from_mode(mode))
        }
        Edit::Link(file) => fs::remove_file(path(file)).and_then(|()| symlink("a", path(file))),
        Edit::Folder(file) => fs::remove_file(path(file)).map(|()| {
            place.write(&format!("{}/inside", FILES[file]), "");
        }),
        Edit::New(name) => {
            let names = ["new", "dir/new", "ignored", "fresh/ignored", "dir/x/y", "A"];
            place.write(names[usize::from(name)], "new");
            Ok(())
        }
        Edit::Rename(from, to) => fs::rename(path(from), path(to)),
        Edit::Nested(file) => {
            let inside = format!("nested-{file}");
            git(&place.worktree, &["init", "--quiet", &inside]);
            Ok(())
        }
        Edit::Stage => {
            // A repository without a commit cannot be added.
            let _ = Git::new(&place.worktree).args(["add", "--all"]).output();
            Ok(())
        }
        Edit::Commit => {
            place.commit();
            Ok(())
        }
        Edit::Settle => {
            place.settle();
            Ok(())
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn with_and_without_a_glance_the_same_is_found(edits in edits(), version in 2..=4_u8) {
        let place = Place::new(&version.to_string());
        for edit in &edits {
            apply(&place, edit);
            place.check();
        }
    }
}
