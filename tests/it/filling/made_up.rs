//! Trees of all kinds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::TestRepo;

use super::as_by_git;

#[derive(Clone, Debug)]
enum Made {
    File(Vec<u8>),
    Program(Vec<u8>),
    Link(Vec<u8>),
}

/// Names of one part of a path; those that git refuses are tested by themselves.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let odd: [&[u8]; 22] = [
        b"-rf",
        b"--",
        b"a\\b",
        b"new\nline",
        b"tab\there",
        "gr\u{fc}n".as_bytes(),
        "e\u{301}".as_bytes(),
        b"\xff\xfe",
        b".gitignore",
        b".Git2",
        b".github",
        b"a~1",
        b"*",
        b"[a]",
        b"con",
        b"end.",
        b"end ",
        b" begin",
        b"\"quoted\"",
        b"a:b",
        b"a-b",
        &[b'x'; 200],
    ];
    let odd: Vec<Vec<u8>> = odd.iter().map(|name| name.to_vec()).collect();
    prop_oneof![
        // Few, so that folders are met again; `a`, `a-b`, `a.b` are sorted otherwise as folders.
        3 => "[ab](\\.b|0)?".prop_map(String::into_bytes),
        1 => "[a-zA-Z0-9_]{1,12}".prop_map(String::into_bytes),
        2 => proptest::sample::select(odd),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"one\ntwo\n".to_vec()),
        Just(b"one\r\ntwo\r\n$Id$\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..200),
        (1..20_000_usize).prop_map(|size| b"0123456789\n".repeat(size / 11)),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        4 => content().prop_map(Made::File),
        1 => content().prop_map(Made::Program),
        1 => name().prop_map(Made::Link),
    ]
}

type Files = BTreeMap<Vec<u8>, Made>;

/// Files by path; what would need another file as its folder is left out.
fn files() -> impl Strategy<Value = Files> {
    let path = proptest::collection::vec(name(), 1..4).prop_map(|names| names.join(&b'/'));
    proptest::collection::vec((path, made()), 0..150).prop_map(|pairs| {
        let mut files = Files::new();
        for (path, made) in pairs {
            let folder_of = |one: &[u8], other: &[u8]| {
                other.starts_with(one) && other.get(one.len()) == Some(&b'/')
            };
            let collides = |known: &Vec<u8>| folder_of(known, &path) || folder_of(&path, known);
            if !files.keys().any(collides) {
                files.insert(path, made);
            }
        }
        files
    })
}

const SETTINGS: [&str; 14] = [
    "core.autocrlf=input",
    "core.autocrlf=true",
    "core.eol=crlf",
    "core.symlinks=false",
    "core.fileMode=false",
    "core.checkStat=minimal",
    "core.trustCTime=false",
    "core.splitIndex=true",
    "core.untrackedCache=true",
    "core.ignoreCase=true",
    "feature.manyFiles=true",
    "index.version=4",
    "index.skipHash=true",
    "checkout.workers=2",
];

const ATTRIBUTES: [&str; 6] = [
    "* text=auto",
    "* text=auto eol=crlf",
    "* -text",
    "a* ident",
    "b* filter=loud",
    "[attr]wide working-tree-encoding=UTF-16\n*.b wide",
];

/// Commits the files on top of `main`, as they are.
fn commit(repo: &TestRepo, files: &Files) {
    let mut stream = b"commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 0\n\
        from refs/heads/main^0\n"
        .to_vec();
    for (path, made) in files {
        let (mode, bytes) = match made {
            Made::File(bytes) => ("100644", bytes),
            Made::Program(bytes) => ("100755", bytes),
            Made::Link(bytes) => ("120000", bytes),
        };
        stream.extend(format!("M {mode} inline \"").bytes());
        for byte in path {
            match byte {
                b'"' => stream.extend(b"\\\""),
                b'\\' => stream.extend(b"\\\\"),
                b'\n' => stream.extend(b"\\n"),
                byte => stream.push(*byte),
            }
        }
        stream.extend(format!("\"\ndata {}\n", bytes.len()).bytes());
        stream.extend(bytes);
        stream.push(b'\n');
    }
    repo.write(repo.root().join("stream"), stream);
    let import = "git fast-import --quiet <../stream && git reset --quiet --hard";
    assert!(repo.shell(import).status().unwrap().success());
}

/// git reads such files, and refuses some of them that are links.
fn is_gits(path: &[u8], made: &Made) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap();
    let lower = name.to_ascii_lowercase();
    matches!(made, Made::Link(_)) && (lower.starts_with(b".git") || lower.contains(&b'~'))
}

/// `cases` of them, or many with `HUB_TEST_ALL=1`.
fn runner(cases: u32) -> TestRunner {
    let all = std::env::var_os("HUB_TEST_ALL").is_some();
    TestRunner::new(Config {
        cases: if all { 200 } else { cases },
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    })
}

#[test]
fn plain_trees_are_as_git_makes_them() {
    let shape = |files: &Files| {
        let repo = TestRepo::new();
        commit(&repo, files);
        as_by_git(&repo)
    };
    let tested = runner(6).run(&files(), |files| {
        let said = shape(&files);
        let by_hub = !files.iter().any(|(path, made)| is_gits(path, made));
        prop_assert_eq!(said.contains(super::AT_ONCE), by_hub, "{}", said);
        Ok(())
    });
    tested.unwrap();
}

#[test]
fn trees_with_settings_and_attributes_are_as_git_makes_them() {
    let settings = proptest::sample::subsequence(SETTINGS.to_vec(), 0..3);
    let attributes = proptest::option::of(proptest::sample::select(ATTRIBUTES.to_vec()));
    let tested = runner(6).run(
        &(files(), settings, attributes),
        |(files, set, attribute)| {
            let repo = TestRepo::new();
            if let Some(line) = attribute {
                repo.write(".gitattributes", line);
                repo.commit("Attributes");
            }
            commit(&repo, &files);
            repo.git(["config", "filter.loud.smudge", "tr a-z A-Z"]);
            for setting in set {
                let (name, value) = setting.split_once('=').unwrap();
                repo.git(["config", name, value]);
            }
            as_by_git(&repo);
            Ok(())
        },
    );
    tested.unwrap();
}
