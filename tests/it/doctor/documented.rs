//! `docs/doctor.md` tells of every code, and what it says of it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::TestRepo;

/// A row of the table: dangers and cures that a finding may have.
struct Row {
    danger: String,
    cure: String,
}

fn rows() -> &'static BTreeMap<String, Row> {
    static ROWS: OnceLock<BTreeMap<String, Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
        let page = fs::read_to_string(page).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let code = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
            let (danger, cure) = (cells.get(3)?, cells.get(4)?);
            let (danger, cure) = ((*danger).to_owned(), (*cure).to_owned());
            Some((code.to_owned(), Row { danger, cure }))
        };
        page.lines().filter_map(row).collect()
    })
}

fn names(cell: &str, word: &str) -> bool {
    cell.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|one| one == word)
}

/// Checks a finding against its row.
pub(super) fn check(finding: &Value) {
    let text = |key: &str| finding[key].as_str().unwrap_or_default();
    let row = rows().get(text("code"));
    let row = row.unwrap_or_else(|| panic!("docs/doctor.md has no row for {finding}"));
    assert!(
        names(&row.danger, text("danger")),
        "{}: {finding}",
        row.danger
    );
    assert!(names(&row.cure, text("cure")), "{}: {finding}", row.cure);
    for key in ["what", "cause", "risk"] {
        assert_ne!(text(key), "", "{key} of {finding}");
    }
    let does = if text("cure") == "by_hand" {
        "hint"
    } else {
        "fix"
    };
    assert_ne!(text(does), "", "{does} of {finding}");
    assert_eq!(
        text("cure") == "by_hand",
        finding["fix"].is_null(),
        "{finding}"
    );
}

/// The codes that the schema names.
fn codes() -> BTreeSet<String> {
    let schema = TestRepo::new().hub(["schema", "doctor"]).json();
    let code = &schema["$defs"]["FindingCode"]["oneOf"];
    let codes = code.as_array().unwrap().iter();
    codes
        .map(|one| one["const"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_code_is_documented_and_no_other() {
    let documented: BTreeSet<String> = rows().keys().cloned().collect();
    assert_eq!(documented, codes());
}

/// Each test here finds what it has made by hand, and names its code.
#[test]
fn every_code_is_made_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/doctor");
    let sources: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let made = |code: &&String| sources.contains(&format!("\"{code}\""));
    let codes = codes();
    let missing: Vec<&String> = codes.iter().filter(|code| !made(code)).collect();
    assert!(missing.is_empty(), "no test makes {missing:?}");
}
