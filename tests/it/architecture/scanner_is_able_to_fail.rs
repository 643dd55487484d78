//! The rules must be able to fail: what they are to catch, and what they are to pass over.

use super::*;

/// What `stray_arrows` says of a source, without the file's name and the line.
fn arrows(file: &str, text: &str) -> Vec<String> {
    let strip = |finding: String| finding.splitn(3, ':').nth(2).unwrap().trim().to_owned();
    Source::new(file, text)
        .stray_arrows()
        .into_iter()
        .map(strip)
        .collect()
}

/// Expects one finding, or several with commas between them, in each of the sources.
fn expect_caught(cases: &[(&str, &str, &str)]) {
    for (file, text, caught) in cases {
        assert_eq!(arrows(file, text).join(", "), *caught, "{file}: {text}");
    }
}

#[test]
fn catches_another_room_in_an_import() {
    let nested =
        "use crate::{\n    domain::{id::{self, AgentId}, refs},\n    store::{self, Error},\n};";
    expect_caught(&[
        (
            "render/table.rs",
            "use crate::store::Error;",
            "render names crate::store::Error",
        ),
        (
            "render/table.rs",
            "use crate::store;",
            "render names crate::store",
        ),
        (
            "render/table.rs",
            "pub use crate::store as s;",
            "render names crate::store",
        ),
        (
            "render/table.rs",
            "use ::agenthub::store::*;",
            "render names crate::store::*",
        ),
        (
            "git/refs.rs",
            nested,
            "git names crate::store, git names crate::store::Error",
        ),
        (
            "domain/id.rs",
            "use crate::store::Lock;",
            "domain names crate::store::Lock",
        ),
        (
            "cli/list.rs",
            "use crate::domain::id;",
            "cli names crate::domain::id",
        ),
        (
            "lifecycle/list.rs",
            "use crate::render::text;",
            "lifecycle names crate::render::text",
        ),
        (
            "lifecycle/list.rs",
            "use crate::cli::error;",
            "lifecycle names crate::cli::error",
        ),
        (
            "lib.rs",
            "pub use git::Repository;",
            "lib names git::Repository",
        ),
    ]);
}

#[test]
fn catches_another_room_in_the_midst_of_code() {
    let attribute = "#[serde(with = \"crate::render::time\")] x: T,";
    expect_caught(&[
        (
            "git/refs.rs",
            "fn f() { crate::process::of(1); }",
            "git names crate::process::of",
        ),
        (
            "git/refs.rs",
            "type T = Vec<crate::process::Mark>;",
            "git names crate::process::Mark",
        ),
        (
            "git/refs.rs",
            "fn f() { g::<crate::store::X>() }",
            "git names crate::store::X",
        ),
        (
            "store/lock.rs",
            "m! { $crate::render::text() }",
            "store names crate::render::text",
        ),
        (
            "store/lock.rs",
            "pub(in crate::cli) fn f() {}",
            "store names crate::cli",
        ),
        (
            "store/lock.rs",
            attribute,
            "store names crate::render::time",
        ),
        (
            "main.rs",
            "fn main() { agenthub::store::x() }",
            "main names crate::store::x",
        ),
    ]);
}

#[test]
fn catches_another_room_by_the_way_up() {
    let deep = "mod tests { mod deep { use super::super::super::super::git::Error; } }";
    let after = "mod a { fn f() { if x { y } } } use super::super::render::text;";
    expect_caught(&[
        (
            "git/refs.rs",
            "fn f() { super::super::store::read() }",
            "git names crate::store::read",
        ),
        (
            "git/mod.rs",
            "use super::store::Lock;",
            "git names crate::store::Lock",
        ),
        (
            "git/mod.rs",
            "use self::super::store::Lock;",
            "git names crate::store::Lock",
        ),
        ("store/lock.rs", deep, "store names crate::git::Error"),
        ("store/lock.rs", after, "store names crate::render::text"),
    ]);
}

#[test]
fn catches_the_crate_as_a_whole_which_would_hide_what_is_taken_from_it() {
    expect_caught(&[
        ("git/refs.rs", "use crate as all;", "crate names no room"),
        (
            "git/refs.rs",
            "use crate::{self as all};",
            "crate names no room",
        ),
        ("git/refs.rs", "use crate::*;", "crate::* names no room"),
        ("git/mod.rs", "use super::*;", "crate::* names no room"),
        (
            "git/refs.rs",
            "use crate::Shortcut;",
            "crate::Shortcut names no room",
        ),
        ("shared/mod.rs", "", "shared is no room of the house"),
    ]);
}

#[test]
fn is_not_blinded_by_what_comes_before() {
    for before in [
        "const Q: char = '\"';",
        "const Q: char = '\\'';",
        "const Q: char = '\\u{22}';",
        "const B: u8 = b'\"';",
        "fn f<'a>(x: &'a str) -> &'static str { x }",
        "const T: &str = \"\\\"\";",
        "const T: &str = r#\"\"\\\"#;",
        "const B: &[u8] = b\"\\\\\";",
        "/* a /* b */ \" */",
        "// it's",
        "fn f() { let r#mod = 0..1; {} }",
        "fn f() -> impl Sized + use<> {}",
    ] {
        let text = format!("{before}\nuse crate::store::A; // '\"");
        assert_eq!(
            arrows("git/refs.rs", &text),
            ["git names crate::store::A"],
            "{text}"
        );
    }
}

#[test]
fn passes_over_what_is_drawn_and_what_is_no_code() {
    for (file, text) in [
        (
            "render/table.rs",
            "use crate::domain::{report::{self, ListReport}, time};",
        ),
        (
            "render/table.rs",
            "use super::output; use super::super::domain::time;",
        ),
        (
            "render/table.rs",
            "mod tests { use super::*; use super::super::style; }",
        ),
        (
            "lifecycle/hub.rs",
            "use crate::{git, process, store}; fn f() { crate::domain::time::format() }",
        ),
        (
            "cli/list.rs",
            "use crate::lifecycle::{Code, list}; use crate::render::text;",
        ),
        ("main.rs", "fn main() { agenthub::cli::main() }"),
        ("lib.rs", "pub mod git; pub mod store;"),
        (
            "git/refs.rs",
            "// use crate::store::A;\n/// [`crate::store::A`]\nfn f() {}",
        ),
        ("git/refs.rs", "/* /* */ use crate::store::A; */"),
        ("git/refs.rs", "const T: &str = \"use crate::store::A;\";"),
        (
            "git/refs.rs",
            "const T: &str = r##\"\"# use crate::store::A;\"##;",
        ),
        (
            "git/refs.rs",
            "fn f() -> impl Sized + use<> { store::x() } pub(crate) fn g() {}",
        ),
    ] {
        assert_eq!(arrows(file, text), [""; 0], "{file}: {text}");
    }
}

#[test]
fn names_the_file_and_the_line() {
    let text = "//! Text\n\"two\nlines\"; /* and\nmore */\nuse crate::{\n    domain::id,\n    store::Lock,\n};\n";
    let found = Source::new("git/refs.rs", text).stray_arrows();
    assert_eq!(found, ["src/git/refs.rs:7: git names crate::store::Lock"]);
}

#[test]
fn catches_what_reaches_out_of_the_domain() {
    let crates = ["chrono", "rand", "git2", "serde"].map(str::to_owned);
    let found = |text: &str| Source::new("domain/id.rs", text).impurities(&crates).len();
    for text in [
        "use std::fs;",
        "use std::{fmt, env::{self, var}};",
        "fn f() { std::process::id(); }",
        "use std::net::TcpStream;",
        "use std as s;",
        "use std::*;",
        "fn f() { chrono::Utc::now(); }",
        "use chrono::Local;",
        "use std::time::{Duration, SystemTime};",
        "fn f() { let begun = time::Instant::now; }",
        "use git2::Oid;",
        "fn f() { rand::random() }",
        "use rand;",
        "fn f(p: &Path) { p.exists() }",
        "fn f(p: &Path) { p\n    .canonicalize()\n}",
    ] {
        assert_ne!(found(text), 0, "{text}");
    }
    for text in [
        "use std::{fmt, collections::BTreeMap, path::PathBuf, time::Duration};",
        "use chrono::{DateTime, Utc}; const X: DateTime<Utc> = DateTime::UNIX_EPOCH;",
        "fn f(now: DateTime<Utc>) { Session::new(now) }",
        "use serde::Serialize;",
        "// std::fs, Instant\nfn exists() {} fn f() { exists() }",
    ] {
        assert_eq!(found(text), 0, "{text}");
    }
}

#[test]
fn catches_a_crate_outside_of_its_room() {
    let strays = |file: &str, text: &str| Source::new(file, text).strayed_crates().len();
    for text in [
        "use git2::Oid;",
        "use git2;",
        "fn f() { git2::Oid::zero() }",
        "fn f(x: ::git2::Oid) {}",
        "use {git2::Oid, clap};",
    ] {
        assert_ne!(strays("store/lock.rs", text), 0, "{text}");
    }
    assert_eq!(strays("git/refs.rs", "use git2::Oid;"), 0);
    assert_eq!(
        strays("store/lock.rs", "// git2::Oid\nuse std::fmt; fn git2() {}"),
        0
    );
}

#[test]
fn reads_the_names_of_dependencies() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why = 1\na-b = \"1\"\nc = { package = \"d\" }\nf.workspace = true\n[dev-dependencies.e]\nversion = \"1\"\n[profile.dev]\ndebug = 1\n";
    assert_eq!(dependencies(manifest), ["a-b", "c", "f", "e"]);
    let list = "# Title\n`lead`-in is no line\n\n- `a-b`: why\n| `c` | why |\n* text\n";
    assert_eq!(explained(list), ["a-b", "c"]);
}

#[test]
fn finds_the_modules_that_are_declared() {
    let source = "//! mod doc;\nmod a;\npub mod b;\n#[cfg(test)]\nmod c { mod d; }\nmod e {}";
    let expected = ["a", "b", "d"].map(str::to_owned);
    assert_eq!(declared(source), BTreeSet::from(expected));
}
