//! The sources keep to the drawing of the house: who may name whom, and who may use what.
//!
//! ```text
//! main ─► cli ─► lifecycle ─► domain, store, git, process
//!          └───► render       store, git, process, render ─► domain
//! fault, beneath are leaves: lifecycle, store, git, process ─► fault, beneath
//! ```

mod openings;
mod scanner;
mod scanner_is_able_to_fail;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Kind, Named, paths, tokens};

/// Each room with those that it may name, beside itself. An arrow that is not here is a defect.
const ARROWS: [(&str, &[&str]); 11] = [
    ("main", &["cli"]),
    ("lib", &[]),
    ("cli", &["lifecycle", "render"]),
    (
        "lifecycle",
        &["domain", "store", "git", "process", "fault", "beneath"],
    ),
    ("domain", &[]),
    ("beneath", &[]),
    ("fault", &[]),
    ("store", &["domain", "fault", "beneath"]),
    ("git", &["domain", "fault", "beneath"]),
    ("process", &["domain", "fault", "beneath"]),
    ("render", &["domain"]),
];

/// Crates that one room alone uses, so that they can be replaced there.
const KEPT_IN: [(&str, &str); 13] = [
    ("git2", "git"),
    ("serde_yaml", "store"),
    ("comfy_table", "render"),
    ("indicatif", "render"),
    ("anstyle", "render"),
    ("anstream", "render"),
    ("dialoguer", "render"),
    ("maud", "render"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("anyhow", "cli"),
    ("fail", "fault"),
];

/// What the domain may use beside the standard library; its tests may use `proptest`.
const OF_DOMAIN: [&str; 14] = [
    "chrono",
    "humantime",
    "proptest",
    "rand_core",
    "rand_pcg",
    "regex_lite",
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    "shell_words",
    "similar",
    "statrs",
    "thiserror",
];

/// Modules of the standard library that reach out of the process, or wait.
const OUTSIDE: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];

/// Words for a clock.
const CLOCKS: [&str; 3] = ["Instant", "Local", "SystemTime"];

/// Methods of `Path` that ask the disk.
const LOOKS: [&str; 10] = [
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "is_symlink",
    "metadata",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "try_exists",
];

/// One source file.
struct Source {
    /// Below `src/`, as `store/journal.rs`.
    file: String,
    text: String,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
        }
    }

    /// `store` for `store/journal.rs` and for `store.rs`; `main` and `lib` for the roots.
    fn room(&self) -> &str {
        self.file.split(['/', '.']).next().unwrap_or_default()
    }

    /// Where it stands in the crate: `["store", "journal"]`.
    fn module(&self) -> Vec<&str> {
        let mut module: Vec<&str> = self.file.trim_end_matches(".rs").split('/').collect();
        if matches!(module.last(), Some(&("mod" | "lib" | "main"))) {
            module.pop();
        }
        module
    }

    fn paths(&self) -> Vec<Named> {
        paths(&self.text, &self.module())
    }

    fn finding(&self, line: usize, what: &str) -> String {
        format!("src/{}:{line}: {what}", self.file)
    }

    /// Every arrow from this file that is not drawn.
    fn stray_arrows(&self) -> Vec<String> {
        let room = self.room();
        let Some((_, drawn)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            return vec![self.finding(1, &format!("{room} is no room of the house"))];
        };
        let mut found = Vec::new();
        for named in self.paths() {
            let Some(target) = target_room(&named, room) else {
                continue;
            };
            let text = named.text();
            if !ARROWS.iter().any(|(name, _)| *name == target) {
                // Such a name could stand for anything behind it.
                found.push(self.finding(named.line, &format!("{text} names no room")));
            } else if target != room && !drawn.contains(&target) {
                found.push(self.finding(named.line, &format!("{room} names {text}")));
            }
        }
        found
    }

    /// Every use of a crate that another room keeps for itself.
    fn strayed_crates(&self) -> Vec<String> {
        let kept = |name: &str| KEPT_IN.iter().find(|(kept, _)| *kept == name);
        self.paths()
            .iter()
            .filter_map(|named| {
                let (name, home) = kept(named.path.first()?)?;
                let what = format!("{name} is for src/{home} alone");
                (self.room() != *home).then(|| self.finding(named.line, &what))
            })
            .collect()
    }

    /// Everything by which a file of the domain reaches out of it.
    fn impurities(&self, dependencies: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for named in self.paths() {
            let text = named.text();
            let segments: Vec<&str> = named.path.iter().map(String::as_str).collect();
            let impure = match segments.as_slice() {
                ["std"] => true,
                ["std", module, ..] => OUTSIDE.contains(module) || *module == "*",
                [first, ..] if !OF_DOMAIN.contains(first) => {
                    dependencies.iter().any(|dependency| dependency == first)
                }
                _ => false,
            };
            // `Utc::now` under any name that its beginning has.
            if impure || segments.ends_with(&["now"]) {
                found.push(self.finding(named.line, &text));
            }
        }
        let tokens = tokens(&self.text);
        for (index, token) in tokens.iter().enumerate() {
            let Kind::Word(word) = &token.kind else {
                continue;
            };
            let near = |offset: usize, mark| {
                let at = (index + offset).checked_sub(1);
                at.and_then(|at| tokens.get(at))
                    .is_some_and(|t| t.kind == Kind::Mark(mark))
            };
            let asks = LOOKS.contains(&word.as_str()) && near(0, '.') && near(2, '(');
            if asks || CLOCKS.contains(&word.as_str()) {
                found.push(self.finding(token.line, word));
            }
        }
        found
    }
}

/// The room that a path of this crate leads to; `None` for paths of others.
fn target_room<'n>(named: &'n Named, room: &str) -> Option<&'n str> {
    let first = named.path.first()?;
    if first == "crate" {
        // The crate itself is no room: what comes after it could be any.
        return Some(named.path.get(1).map_or("crate", String::as_str));
    }
    // At the root of the crate a path may begin with a room.
    let at_root = room == "lib" && ARROWS.iter().any(|(name, _)| name == first);
    at_root.then_some(first)
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below a folder of the project, relative to it, sorted.
fn rust_files(folder: &str) -> Vec<String> {
    let mut folders = vec![project(folder)];
    let mut files = Vec::new();
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(project(folder)).unwrap();
                files.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<Source> {
    let files = rust_files("src");
    assert!(files.len() > 50, "only {} sources were found", files.len());
    let read = |file: &String| Source::new(file, &read(&format!("src/{file}")));
    files.iter().map(read).collect()
}

/// Fails with all findings, one a line.
#[track_caller]
fn none(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

/// The names of the dependencies in a `Cargo.toml`: those of the program and those of its tests.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']');
            // `[dependencies.name]` names one in its header.
            if let Some((before, name)) = table.rsplit_once("dependencies.") {
                if before.is_empty() || before.ends_with(['-', '.']) {
                    names.push(name.to_owned());
                }
                table = "";
            }
        } else if table.ends_with("dependencies")
            && let Some((name, _)) = line.split_once('=')
        {
            let name = name.trim().split('.').next().unwrap_or_default();
            names.extend((!name.starts_with('#')).then(|| name.to_owned()));
        }
    }
    names
}

/// The crates that a document explains: its list items and table rows that begin with code.
fn explained(document: &str) -> Vec<String> {
    let name = |line: &str| {
        let item = line.trim().strip_prefix(['-', '*', '|'])?.trim_start();
        let (name, _) = item.strip_prefix('`')?.split_once('`')?;
        Some(name.to_owned())
    };
    document.lines().filter_map(name).collect()
}

/// The modules that a source declares without a body.
fn declared(source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let word = |at: usize| match tokens.get(at).map(|token| &token.kind) {
        Some(Kind::Word(word)) => Some(word.as_str()),
        _ => None,
    };
    (0..tokens.len())
        .filter(|at| word(*at) == Some("mod"))
        .filter(|at| {
            tokens
                .get(at + 2)
                .is_some_and(|t| t.kind == Kind::Mark(';'))
        })
        .filter_map(|at| word(at + 1).map(str::to_owned))
        .collect()
}

/// The files below a folder that no module above them declares; they are not compiled.
fn forgotten(folder: &str, roots: &[&str]) -> Vec<String> {
    let files = rust_files(folder);
    let declares = |parent: &str, name: &str| {
        files.iter().any(|file| file == parent)
            && declared(&read(&format!("{folder}/{parent}"))).contains(name)
    };
    let is_forgotten = |file: &String| {
        let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
        let (above, name) = module.rsplit_once('/').unwrap_or(("", module));
        !match above {
            "" => roots.contains(&file.as_str()) || roots.iter().any(|root| declares(root, name)),
            above => [format!("{above}.rs"), format!("{above}/mod.rs")]
                .iter()
                .any(|parent| declares(parent, name)),
        }
    };
    files
        .iter()
        .filter(|file| is_forgotten(file))
        .map(|file| format!("{folder}/{file}"))
        .collect()
}

#[test]
fn no_arrow_leaves_the_drawing() {
    none(
        &sources()
            .iter()
            .flat_map(Source::stray_arrows)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_domain_touches_no_file_no_clock_and_no_environment() {
    // In the code a crate has underscores.
    let crates: Vec<String> = dependencies(&read("Cargo.toml"))
        .iter()
        .map(|name| name.replace('-', "_"))
        .collect();
    let sources = sources();
    let domain = sources.iter().filter(|source| source.room() == "domain");
    none(
        &domain
            .flat_map(|source| source.impurities(&crates))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn some_crates_are_kept_in_one_room() {
    none(
        &sources()
            .iter()
            .flat_map(Source::strayed_crates)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_room_of_the_drawing_is_there() {
    let sources = sources();
    let found: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    assert_eq!(found, drawn);
}

#[test]
fn every_file_is_compiled() {
    none(
        &[
            forgotten("src", &["lib.rs", "main.rs"]),
            forgotten("tests/it", &["main.rs"]),
        ]
        .concat(),
    );
}

#[test]
fn fail_points_are_there_in_tests_only() {
    // The whole of what a build or an installation compiles in.
    let tree = std::process::Command::new(env!("CARGO"))
        .current_dir(project("."))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", "normal,build,features"])
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("rustix v1"), "{tree}");
    let traces = tree.lines().filter(|line| line.starts_with("fail"));
    assert_eq!(traces.collect::<Vec<_>>(), [""; 0]);
    assert!(!tree.contains("fail-points"), "{tree}");
    // This one has them.
    let hub = fs::read(env!("CARGO_BIN_EXE_hub")).unwrap();
    let variable = b"HUB_FAIL_TRACE";
    assert!(hub.windows(variable.len()).any(|bytes| bytes == variable));
}

#[test]
fn every_dependency_has_its_line_of_reason() {
    let path = "docs/dependencies.md";
    assert!(
        project(path).is_file(),
        "{path} is missing; it says why each dependency is there"
    );
    let (mut reasons, mut named) = (explained(&read(path)), dependencies(&read("Cargo.toml")));
    reasons.sort();
    named.sort();
    assert_eq!(
        reasons, named,
        "left: the lines of {path}; right: Cargo.toml"
    );
}
