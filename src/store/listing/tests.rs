use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;

use super::*;

/// A hub directory with sessions of one minute each.
struct Place {
    folder: tempfile::TempDir,
    hub: HubDir,
    cache: CacheFile,
}

impl Place {
    fn with(sessions: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = HubDir::at(folder.path()).unwrap();
        hub.create().unwrap();
        let place = Self {
            cache: CacheFile::of(hub.path()),
            hub,
            folder,
        };
        for number in 0..sessions {
            place.make(number, "aaa");
        }
        place
    }

    fn session(&self, number: u32) -> PathBuf {
        self.hub.session(&id(number)).path().to_path_buf()
    }

    fn make(&self, number: u32, task: &str) {
        fs::create_dir_all(self.session(number)).unwrap();
        self.write(number, "config.yaml", &config(number, task));
        self.write(number, "state.json", &state("running"));
    }

    /// In place, as an editor may.
    fn write(&self, number: u32, file: &str, text: &str) {
        let path = self.session(number).join(file);
        let mut file = File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn cache_path(&self) -> PathBuf {
        let uid = rustix::process::geteuid().as_raw();
        self.folder
            .path()
            .join(format!(".agenthub/cache/list-{uid}"))
    }

    fn listed(&self, cache: Option<&CacheFile>) -> Vec<ListedSession> {
        let mut all = Vec::new();
        let found = self.hub.found_sessions().unwrap();
        let make = |part: &mut dyn Iterator<Item = ListedSession>| part.collect::<Vec<_>>();
        self.hub.list_with(cache, &found, make, |part| {
            all.extend(part);
            ControlFlow::Continue(())
        });
        all
    }

    /// Lists with the cache, and says that this is what is found without it.
    fn check(&self) -> Vec<ListedSession> {
        let plain = self.listed(None);
        assert_eq!(self.listed(Some(&self.cache)), plain);
        plain
    }

    /// Waits until a file that is written now has a later time than all that are there.
    fn settle(&self) {
        let begun = Instant::now();
        let touch = || {
            let path = self.folder.path().join("clock");
            File::create(&path).unwrap();
            let meta = fs::metadata(path).unwrap();
            (meta.ctime(), meta.ctime_nsec())
        };
        let first = touch();
        while touch() <= first {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the clock stands"
            );
        }
    }

    /// How many sessions the cache has an entry of.
    fn cached(&self) -> usize {
        Entries::of(&self.cache.read()).iter().count()
    }
}

fn id(number: u32) -> SessionId {
    format!("20260317-14{number:02}00").parse().unwrap()
}

fn config(number: u32, task: &str) -> String {
    format!(
        "session_id: {}\ntask: {task}\nagent_count: 3\nbase_branch: main\n\
         base_commit: {}\ncreated: 2026-03-17T14:30:22.5+00:00\nowner: ada\n\
         parent: 20260317-143022\n",
        id(number),
        "a".repeat(40)
    )
}

fn state(state: &str) -> String {
    format!(r#"{{"schema_version": 1, "state": "{state}", "updated": "2026-03-17T14:31:05Z"}}"#)
}

fn tasks(listed: &[ListedSession]) -> Vec<&str> {
    let tasks = listed.iter().map(|one| one.task.as_deref());
    tasks.map(|task| task.unwrap_or("-")).collect()
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let place = Place::with(40);
    place.settle();
    let plain = place.check();
    assert_eq!(place.cached(), 40);
    // Known by a lie that only the cache tells.
    let mut known = Vec::new();
    let bytes = place.cache.read();
    for (_, entry) in Entries::of(&bytes).iter() {
        let entry = Entry::of(entry).unwrap();
        let other = ListedSession {
            task: Some("a lie".to_owned()),
            ..entry.listed(entry.id().parse().unwrap()).unwrap()
        };
        known.push(entry.with_values_of(&other));
    }
    place
        .cache
        .draft()
        .unwrap()
        .finish(known.iter().collect())
        .unwrap();
    let listed = place.listed(Some(&place.cache));
    assert_eq!(tasks(&listed), ["a lie"; 40]);
    fs::remove_file(place.cache_path()).unwrap();
    assert_eq!(place.listed(Some(&place.cache)), plain);
    assert_eq!(place.cached(), 40);
}

#[test]
fn an_edit_in_place_of_the_same_size_is_seen_at_once() {
    let place = Place::with(2);
    for round in 0..200 {
        let task = if round % 2 == 0 { "bbb" } else { "aaa" };
        if round % 3 == 0 {
            place.settle();
            place.check();
        }
        place.write(1, "config.yaml", &config(1, task));
        assert_eq!(tasks(&place.check()), ["aaa", task], "round {round}");
    }
}

#[test]
fn an_edit_that_sets_the_old_time_again_is_seen() {
    let place = Place::with(2);
    place.settle();
    place.check();
    let path = place.session(1).join("config.yaml");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    place.write(1, "config.yaml", &config(1, "bbb"));
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(before)
        .unwrap();
    assert_eq!(tasks(&place.check()), ["aaa", "bbb"]);
}

#[test]
fn what_has_a_time_to_come_is_read_each_time() {
    let place = Place::with(2);
    // As when the clock was set back since.
    let hour = SystemTime::now() + Duration::from_secs(3600);
    let path = place.session(1).join("state.json");
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(hour)
        .unwrap();
    place.settle();
    place.check();
    assert_eq!(place.cached(), 1);
}

#[test]
fn a_cache_that_is_not_whole_counts_as_none() {
    let place = Place::with(3);
    place.settle();
    let plain = place.check();
    let whole = fs::read(place.cache_path()).unwrap();
    let mut others: Vec<Vec<u8>> = (0..whole.len()).map(|len| whole[..len].to_vec()).collect();
    for place in 0..whole.len() {
        let mut other = whole.clone();
        other[place] ^= 1;
        others.push(other);
    }
    let text = String::from_utf8_lossy(&whole);
    assert!(text.starts_with("hub list 3 "), "{text}");
    others.push([b"hub list 4 ", &whole[11..]].concat());
    for other in others {
        assert_eq!(Entries::of(&other).iter().count(), 0);
        fs::remove_file(place.cache_path()).unwrap();
        File::create(place.cache_path())
            .unwrap()
            .write_all(&other)
            .unwrap();
        assert_eq!(place.listed(Some(&place.cache)), plain);
        assert_eq!(place.cached(), 3, "it is made anew");
    }
}

#[test]
fn folders_that_moved_or_were_copied_are_read() {
    let place = Place::with(4);
    place.settle();
    place.check();
    // Each other's names; a copy that looks as old as what it is of; one less.
    let aside = place.folder.path().join("aside");
    fs::rename(place.session(0), &aside).unwrap();
    fs::rename(place.session(1), place.session(0)).unwrap();
    fs::rename(&aside, place.session(1)).unwrap();
    copy_with_times(&place.session(2), &place.session(9));
    fs::remove_dir_all(place.session(3)).unwrap();
    let listed = place.check();
    let states: Vec<_> = listed.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["corrupt", "corrupt", "running", "corrupt"]);
    // Back again, nothing of it is remembered.
    fs::rename(place.session(0), &aside).unwrap();
    fs::rename(place.session(1), place.session(0)).unwrap();
    fs::rename(&aside, place.session(1)).unwrap();
    assert_eq!(tasks(&place.check()), ["aaa", "aaa", "aaa", "-"]);
}

fn copy_with_times(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        fs::copy(entry.path(), &copy).unwrap();
        let time = entry.metadata().unwrap().modified().unwrap();
        let copy = File::options().write(true).open(copy).unwrap();
        copy.set_modified(time).unwrap();
    }
}

#[test]
fn a_link_in_the_place_of_a_session_is_corrupt_also_where_it_was_known() {
    let place = Place::with(2);
    place.settle();
    place.check();
    let aside = place.folder.path().join("aside");
    fs::rename(place.session(1), &aside).unwrap();
    std::os::unix::fs::symlink(&aside, place.session(1)).unwrap();
    let listed = place.check();
    assert!(
        listed[1]
            .reason
            .as_deref()
            .unwrap()
            .contains("symbolic link")
    );
}

#[test]
fn the_owner_of_a_folder_is_looked_at_each_time() {
    let place = Place::with(1);
    let without = config(0, "aaa").replace("owner: ada\n", "");
    place.write(0, "config.yaml", &without);
    place.settle();
    let listed = place.check();
    assert_eq!(place.cached(), 1);
    let owner = owner_of(&place.session(0));
    assert_eq!(listed[0].owner, owner);
    let root = rustix::process::geteuid().is_root();
    let nobody = rustix::fs::Uid::from_raw(65_534);
    if root && rustix::fs::chown(place.session(0), Some(nobody), None).is_ok() {
        assert_ne!(place.check()[0].owner, owner);
    }
}

#[test]
fn where_no_cache_can_be_written_all_is_read() {
    let place = Place::with(3);
    let folder = place.hub.path().join("cache");
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    place.settle();
    place.check();
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    fs::remove_file(&folder).unwrap();
    File::create(&folder).unwrap();
    place.check();
}

#[test]
fn the_cache_hides_itself_from_git_and_from_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(1);
    place.settle();
    place.check();
    let ignore = place.hub.path().join("cache/.gitignore");
    assert_eq!(fs::read(ignore).unwrap(), b"*\n");
    let mode = fs::metadata(place.cache_path()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn many_list_and_write_the_cache_at_once() {
    let place = Place::with(40);
    let rounds = 20;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    assert_eq!(place.listed(Some(&place.cache)).len(), 40);
                }
            });
        }
        for round in 0..rounds {
            let task = format!("{round:03}");
            for number in 0..40 {
                // Replaced, as hub does: no reader finds half a file.
                let path = place.session(number).join("config.yaml");
                super::super::atomic::replace(&path, config(number, &task).as_bytes()).unwrap();
            }
        }
    });
    place.check();
    let left = fs::read_dir(place.hub.path().join("cache")).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no draft stays: {names:?}");
}

#[test]
fn a_stamp_is_settled_before_the_moment_alone() {
    let place = Place::with(1);
    let folder = File::open(place.hub.sessions()).unwrap();
    let stamp = Stamp::of(&folder, &format!("{}/state.json", id(0))).unwrap();
    let meta = fs::metadata(place.session(0).join("state.json")).unwrap();
    let (second, nano) = (meta.ctime(), u32::try_from(meta.ctime_nsec()).unwrap());
    assert!(!stamp.is_settled((second, nano)), "the same tick");
    assert!(
        !stamp.is_settled((second - 1, nano)),
        "the clock was set back"
    );
    assert!(stamp.is_settled((second + 1, 0)));
    assert_eq!(Stamp::of(&folder, "nothing"), None);
}

/// What somebody may do to the files of sessions.
#[derive(Clone, Debug)]
enum Edit {
    Task(u32, u8),
    State(u32, &'static str),
    Replace(u32, u8),
    Remove(u32),
    Make(u32),
    Swap(u32, u32),
    Damage(u32),
    Touch(u32),
    CutCache(usize),
    Settle,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let number = || 0..6_u32;
    let states = prop_oneof![
        Just("running"),
        Just("merged"),
        Just("archived"),
        Just("init")
    ];
    let edit = prop_oneof![
        (number(), any::<u8>()).prop_map(|(n, t)| Edit::Task(n, t)),
        (number(), states).prop_map(|(n, s)| Edit::State(n, s)),
        (number(), any::<u8>()).prop_map(|(n, t)| Edit::Replace(n, t)),
        number().prop_map(Edit::Remove),
        number().prop_map(Edit::Make),
        (number(), number()).prop_map(|(a, b)| Edit::Swap(a, b)),
        number().prop_map(Edit::Damage),
        number().prop_map(Edit::Touch),
        (0..400_usize).prop_map(Edit::CutCache),
        Just(Edit::Settle),
        Just(Edit::Settle),
    ];
    prop::collection::vec(edit, 1..24)
}

fn apply(place: &Place, edit: &Edit) -> io::Result<()> {
    let path = |number: u32, file: &str| place.session(number).join(file);
    let write = |number: u32, file: &str, text: &str| {
        File::create(path(number, file))?.write_all(text.as_bytes())
    };
    match *edit {
        Edit::Task(n, task) => write(n, "config.yaml", &config(n, &format!("{task:03}"))),
        Edit::State(n, word) => write(n, "state.json", &state(word)),
        Edit::Replace(n, task) => {
            write(n, "new", &config(n, &format!("{task:03}")))?;
            fs::rename(path(n, "new"), path(n, "config.yaml"))
        }
        Edit::Remove(n) => fs::remove_dir_all(place.session(n)),
        Edit::Make(n) => {
            place.make(n, "aaa");
            Ok(())
        }
        Edit::Swap(a, b) => {
            let aside = place.folder.path().join("aside");
            fs::rename(place.session(a), &aside)?;
            // The other may not be there: then it only gets another name.
            let _ = fs::rename(place.session(b), place.session(a));
            fs::rename(aside, place.session(b))
        }
        Edit::Damage(n) => write(n, "state.json", "{"),
        Edit::Touch(n) => File::options()
            .append(true)
            .open(path(n, "state.json"))?
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        Edit::CutCache(length) => File::options()
            .write(true)
            .open(place.cache_path())?
            .set_len(u64::try_from(length).unwrap_or(0)),
        Edit::Settle => {
            place.settle();
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn with_and_without_a_cache_the_same_is_found(edits in edits()) {
        let place = Place::with(4);
        place.check();
        for edit in &edits {
            // What cannot be done to a session that is not there is not done.
            let _ = apply(&place, edit);
            place.check();
        }
    }
}
