//! Commands of an imported session are somebody else's, whoever wrote its files.

use serde_json::Value;

use crate::kills::evaluated;
use crate::support::TestRepo;

use super::archive::Archive;
use super::{exported, imported};

/// A session that hub has run, in another repository.
fn elsewhere() -> (TestRepo, String, std::path::PathBuf) {
    let from = TestRepo::new().with_bench();
    let init = "init --task x --agents 1 --metric p50_ms --eval";
    from.hub(init.split(' ').chain(["sh bench.sh"])).ok();
    let session = from.newest_session();
    let spawn = [
        "spawn",
        &session,
        "--agent-cmd",
        "exit 1",
        "--setup",
        "echo up",
    ];
    from.hub(spawn.iter().chain(&["--teardown", "echo down"]))
        .ok();
    from.hub(["wait", &session]).run();
    let file = exported(&from, &session);
    (from, session, file)
}

fn listed(repo: &TestRepo) -> Vec<Value> {
    let list = repo.hub(["trust", "--list", "--json"]).json();
    list["commands"].as_array().unwrap().clone()
}

#[test]
fn none_of_them_runs_before_somebody_has_read_it() {
    let (_from, session, file) = elsewhere();
    let to = TestRepo::new().with_bench();
    let report = imported(&to, &file);
    assert_eq!(report["untrusted_commands"], 4);
    let commands = listed(&to);
    assert_eq!(commands.len(), 4);
    for command in &commands {
        assert_eq!(command["trusted"], false);
        assert_eq!(command["uses"][0]["why"], "came with an imported session");
    }
    to.hub(["eval", &session]).fails(6);
    to.hub(["retry", &session]).fails(6);
    to.hub(["init", "--from", &session, "--yes"]).run().code();
    // What hub writes itself does not make them anybody's.
    to.hub(["undo", &session]).ok();
    to.hub(["undo", &session]).ok();
    to.hub(["doctor", "--fix", "--yes"]).run();
    to.hub(["eval", &session, "--yes"]).fails(6);
    let ids = commands.iter().map(|one| one["id"].as_str().unwrap());
    to.hub(["trust"].into_iter().chain(ids)).ok();
    assert!(listed(&to).iter().all(|one| one["trusted"] == true));
    to.hub(["retry", &session]).ok();
    to.hub(["wait", &session]).run();
    to.hub(["eval", &session]).run();
}

#[test]
fn an_export_of_an_import_is_an_import_again() {
    let (_from, session, file) = elsewhere();
    let to = TestRepo::new().with_bench();
    imported(&to, &file);
    let next = exported(&to, &session);
    let third = TestRepo::new().with_bench();
    let report = imported(&third, &next);
    assert_eq!(report["untrusted_commands"], 4);
    third.hub(["eval", &session]).fails(6);
}

#[test]
fn the_owner_is_who_imported_it_and_where_it_came_from_is_told() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let mut archive = Archive::read(&exported(&from, &session));
    let owner = from.hub(["list", "--json"]).json()["sessions"][0]["owner"].clone();
    let owner = owner.as_str().unwrap();
    archive.edit(
        "session/config.yaml",
        &format!("owner: {owner}"),
        "owner: grace",
    );
    archive.manifest["user"] = "grace".into();
    archive.manifest["host"] = "enterprise".into();
    let file = from.root().join("x.tar.gz");
    archive.described().write(&file);
    let to = TestRepo::new().with_bench();
    let told = to.hub(["import", file.to_str().unwrap()]).ok().stdout;
    assert!(told.contains("from grace on enterprise"), "{told}");
    let list = to.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"][0]["owner"], owner);
    let events = to.hub(["events", &session, "--json"]).json();
    let events = events["events"].as_array().unwrap();
    let begin = events.iter().find(|event| event["operation"] == "import");
    let origin = &begin.unwrap()["detail"]["origin"];
    assert_eq!(origin["owner"], "grace");
    assert_eq!(origin["host"], "enterprise");
}

#[test]
fn what_an_eval_command_left_elsewhere_excuses_nothing_here() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let mut archive = Archive::read(&exported(&from, &session));
    let left = "\"left_files\": [{\"path\": \"mine\", \"stamp\": \"0\"}, \"mine\"]";
    archive.edit("session/evaluation.json", "\"left_files\": []", left);
    let file = from.root().join("x.tar.gz");
    archive.described().write(&file);
    let to = TestRepo::new().with_bench();
    imported(&to, &file);
    let path = to.hub_dir().join("sessions").join(&session);
    let text = to.read(path.join("evaluation.json"));
    assert!(!text.contains("mine"), "{text}");
}
