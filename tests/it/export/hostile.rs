//! Archives of somebody who means ill: nothing of one gets here.

use std::fs;
use std::path::PathBuf;

use tar::EntryType;

use crate::kills::evaluated;
use crate::support::TestRepo;

use super::archive::{self, Archive, header};
use super::{exported, refused};

/// A repository, an archive that was made elsewhere, and where changed ones are written to.
fn made() -> (TestRepo, Archive, PathBuf) {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let whole = Archive::read(&exported(&from, &session));
    let to = TestRepo::new().with_bench();
    let file = to.root().join("x.tar.gz");
    (to, whole, file)
}

/// A change of an archive whose manifest says all the same what it holds.
type Change = fn(&mut Archive);

const CHANGES: [(&str, Change, &str); 22] = [
    (
        "a path out",
        |a| a.set("session/../../../out", "x"),
        "hub puts none there",
    ),
    (
        "an absolute path",
        |a| a.set("/tmp/out", "x"),
        "hub puts none there",
    ),
    (
        "a hook",
        |a| a.set("hooks/post-checkout", "x"),
        "hub puts none there",
    ),
    (
        "a lock",
        |a| a.set("session/.lock", "x"),
        "hub puts none there",
    ),
    (
        "a mark",
        |a| a.set("session/imported.json", "{}"),
        "hub puts none there",
    ),
    (
        "no state",
        |a| a.without("session/state.json"),
        "it has no session/state.json",
    ),
    (
        "a state that is none",
        |a| a.set("session/state.json", "[]"),
        "session/state.json",
    ),
    (
        "a newer state",
        |a| {
            a.edit(
                "session/state.json",
                "\"schema_version\": 1",
                "\"schema_version\": 2",
            );
        },
        "schema_version 2",
    ),
    (
        "a config that is none",
        |a| a.set("session/config.yaml", "x: [\n"),
        "session/config.yaml",
    ),
    (
        "another session's",
        |a| {
            let id = a.manifest["session_id"].as_str().unwrap().to_owned();
            a.edit("session/config.yaml", &id, "20200101-000000");
        },
        "session 20200101-000000",
    ),
    (
        "a branch of the user's",
        |a| {
            let id = a.manifest["session_id"].as_str().unwrap();
            let branch = format!("\"branch\": \"hub/{id}/agent-1/attempt-1\"");
            a.edit("session/state.json", &branch, "\"branch\": \"main\"");
        },
        "branch main is not that of agent-1",
    ),
    (
        "a changed journal",
        |a| {
            a.edit(
                "session/events.jsonl",
                "\"task\":\"fast\"",
                "\"task\":\"slow\"",
            );
        },
        "was changed after it was written",
    ),
    (
        "a cut journal",
        |a| {
            let text = a.text("session/events.jsonl");
            let lines = text.lines().count();
            let cut: String = text.split_inclusive('\n').take(lines - 1).collect();
            a.set("session/events.jsonl", cut);
        },
        "its end is cut off",
    ),
    (
        "an evaluation that is none",
        |a| a.set("session/evaluation.json", "7"),
        "evaluation.json",
    ),
    (
        "a plan that is none",
        |a| a.set("session/evaluations/1/plan.json", "{}"),
        "plan.json",
    ),
    (
        "runs that are none",
        |a| a.set("session/evaluations/1/runs.jsonl", "7\n"),
        "runs.jsonl",
    ),
    (
        "a launch that is none",
        |a| a.set("session/launch.json", "[]"),
        "launch.json",
    ),
    (
        "a post of another session",
        |a| {
            a.set(
                "board/results/900-ada-20260317T143510Z.md",
                "---\nauthor: ada\n---\nx",
            );
        },
        "is a post of another session",
    ),
    (
        "a ref of the user's",
        |a| {
            a.manifest["refs"][0]["ref"] = "refs/heads/main".into();
        },
        "is no ref of session",
    ),
    (
        "a bundle of something else",
        |a| {
            let objects = a.manifest["refs"][0]["object"].as_str().unwrap().to_owned();
            a.manifest["refs"][0]["object"] = "1".repeat(objects.len()).into();
        },
        "its bundle is not what its manifest says",
    ),
    (
        "another commit",
        |a| {
            let commit = a.manifest["refs"][1]["commit"].clone();
            a.manifest["refs"][0]["commit"] = commit;
        },
        "its bundle: ",
    ),
    (
        "a bundle that is none",
        |a| a.set("attempts.bundle", "x"),
        "its bundle",
    ),
];

#[test]
fn what_hub_would_not_have_written_is_refused() {
    let (to, whole, file) = made();
    for (what, change, said) in CHANGES {
        let mut changed = whole.clone();
        change(&mut changed);
        changed.described().write(&file);
        let code = if what == "a newer state" { 1 } else { 9 };
        refused(&to, &file, code, said);
        assert!(!to.root().join("out").exists(), "{what}");
    }
    // What was not changed is taken.
    whole.described().write(&file);
    super::imported(&to, &file);
}

#[test]
fn objects_that_git_would_not_have_made_are_refused() {
    let (to, whole, file) = made();
    let bundle = &whole
        .files
        .iter()
        .find(|(name, _)| name == "attempts.bundle");
    let bytes = bundle.unwrap().1.clone();
    for at in [bytes.len() - 1, bytes.len() / 2] {
        let mut changed = whole.clone();
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        changed.set("attempts.bundle", bytes);
        changed.described().write(&file);
        refused(&to, &file, 9, "its bundle: ");
    }
    // A tree that holds `.git`, which would be a repository of somebody else's hooks.
    let blob = to.git(["hash-object", "-w", "README.md"]);
    let tree = to.typed(&format!(
        "printf '100644 blob {blob}\\t.git\\n' | git mktree"
    ));
    let evil = to.git(["commit-tree", "-m", "x", tree.trim()]);
    let id = whole.manifest["session_id"].as_str().unwrap();
    let name = format!("refs/heads/hub/{id}/agent-1/attempt-1");
    to.git(["update-ref", &name, &evil]);
    let path = to.root().join("evil.bundle");
    to.git(["bundle", "create", "--quiet", path.to_str().unwrap(), &name]);
    to.git(["update-ref", "-d", &name]);
    to.git(["reflog", "expire", "--expire=now", "--all"]);
    to.git(["prune", "--expire=now"]);
    let mut changed = whole;
    changed.set("attempts.bundle", fs::read(path).unwrap());
    changed.manifest["refs"] = serde_json::json!([{ "ref": name, "object": evil, "commit": evil }]);
    changed.described().write(&file);
    refused(&to, &file, 9, "its bundle: ");
    assert!(to.try_git_in(to.path(), ["cat-file", "-e", &evil]).is_err());
}

#[test]
fn what_the_manifest_does_not_say_is_refused() {
    let (to, whole, file) = made();
    // A file changed by a byte, one too many, one missing, two in another order.
    let mut changed = whole.clone();
    changed.files.last_mut().unwrap().1[0] ^= 1;
    changed.write(&file);
    refused(&to, &file, 9, "has another hash");
    let mut changed = whole.clone();
    changed.set("session/verify/stdout.log", "x");
    changed.write(&file);
    refused(&to, &file, 9, "more follows than its manifest says");
    let mut changed = whole.clone();
    changed.files.pop();
    changed.write(&file);
    refused(&to, &file, 9, "is missing");
    let mut changed = whole.clone();
    changed.files.swap(0, 1);
    changed.write(&file);
    refused(&to, &file, 9, "stands where attempts.bundle belongs");
    let mut changed = whole.clone();
    changed.files.last_mut().unwrap().1.push(b' ');
    changed.write(&file);
    refused(&to, &file, 9, "has not the length");
    let mut changed = whole.clone().described();
    changed.manifest["format"] = 2.into();
    changed.write(&file);
    refused(&to, &file, 1, "format 2");
}

#[test]
fn links_devices_and_long_names_are_refused() {
    let (to, whole, file) = made();
    let manifest = serde_json::to_vec(&whole.manifest).unwrap();
    let first = || {
        (
            header("manifest.json", EntryType::Regular),
            manifest.clone(),
        )
    };
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Directory,
        EntryType::GNULongName,
        EntryType::GNUSparse,
        EntryType::XHeader,
    ] {
        let mut link = header("attempts.bundle", kind);
        link.set_link_name("/etc/passwd").unwrap();
        archive::write(&file, vec![first(), (link, Vec::new())]);
        refused(&to, &file, 9, "stands where attempts.bundle belongs");
    }
    let entry = (
        header("manifest.json", EntryType::Symlink),
        manifest.clone(),
    );
    archive::write(&file, vec![entry]);
    refused(&to, &file, 9, "is no archive of hub");
}

#[test]
fn what_is_cut_off_or_something_else_is_refused() {
    let (to, whole, file) = made();
    whole.described().write(&file);
    let bytes = fs::read(&file).unwrap();
    for length in [bytes.len() - 1, bytes.len() / 2, 30] {
        crate::support::write(&file, &bytes[..length]);
        refused(&to, &file, 9, "the archive is damaged");
    }
    for other in [&b""[..], b"PK\x03\x04", b"age-encryption.org/v0\n"] {
        crate::support::write(&file, other);
        refused(&to, &file, 9, "is no archive of hub");
    }
    let behind = [&bytes[..], b"something else"].concat();
    crate::support::write(&file, behind);
    refused(&to, &file, 9, "damaged");
}

#[test]
fn a_bomb_is_not_unpacked() {
    let (to, whole, file) = made();
    let mut changed = whole.clone();
    changed.set("session/baseline/eval-stdout.log", vec![0; 8 << 20]);
    changed.described().write(&file);
    let small = ["import", file.to_str().unwrap(), "--max-size", "1M"];
    let answer = to.hub(small).fails(6);
    assert!(answer.stderr.contains("--max-size"), "{answer}");
    // It says that it is small, and is not.
    let mut changed = whole.clone();
    changed.set("session/baseline/eval-stdout.log", vec![0; 8 << 20]);
    changed.write(&file);
    refused(&to, &file, 9, "has not the length");
    let mut changed = whole;
    changed.set("session/config.yaml", vec![b'#'; 70 * 1024]);
    changed.described().write(&file);
    refused(&to, &file, 9, "no more than 65536 are read of it");
}
