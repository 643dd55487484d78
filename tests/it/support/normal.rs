//! Text without what differs from run to run.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What varies, and what stands for it. Earlier lines win.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{8}-\d{6}(?:-\d+)?\b", "[SESSION]"),
        // In the name of a post.
        (r"\b\d{8}T\d{6}Z\b", "[STAMP]"),
        (
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?",
            "[TIME]",
        ),
        (r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b", "[COMMIT]"),
        (r"\buncommitted-\d+\b", "uncommitted-[TIME]"),
        // As people see it.
        (r"\b[0-9a-f]{10}\b", "[COMMIT]"),
        (r#"("(?:[a-z]+_)?pid": )\d+"#, "${1}[PID]"),
        (r"\b(pid|process) \d+\b", "$1 [PID]"),
        (r#"("[a-z_]+_s": )[0-9.e-]+"#, "${1}[DURATION]"),
        (r#"("peak_memory_bytes": )\d+"#, "${1}[SIZE]"),
        (
            r"\b\d+ h \d\d min\b|\b\d+ min \d\d s\b|\b\d+\.\d s\b",
            "[DURATION]",
        ),
        (r"\b\d+\.\d [KMG]iB\b", "[SIZE]"),
        (r"\b\d+[smhd]\b", "[AGE]"),
    ]
    .map(|(pattern, shown)| (Regex::new(pattern).unwrap(), shown))
    .into()
});

/// Two spaces or more, but for those that a line begins with.
static COLUMNS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\S)  +").unwrap());

/// Replaces the name of whoever runs the tests, in documents and in `config.yaml`.
pub fn without_owner(text: &str) -> String {
    static OWNER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?m)("owner": )"[^"]+"|^(owner: ).+$"#).unwrap());
    OWNER.replace_all(text, "${1}${2}[OWNER]").into_owned()
}

/// Replaces session ids, times, commit ids, durations, sizes, ages and process ids.
///
/// What stands in their place has another width: columns stay apart by two spaces and lose
/// their alignment.
pub fn normalised(text: &str) -> String {
    let mut text = without_owner(text);
    for (pattern, shown) in &*VARYING {
        text = pattern.replace_all(&text, *shown).into_owned();
    }
    COLUMNS.replace_all(&text, "$1  ").into_owned()
}
