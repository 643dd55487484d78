//! Doors for `fuzz/` to what reads git's own files; no other build has them.

use std::collections::BTreeMap;
use std::path::Path;

use super::index_file::IndexFile;
use super::refs_below;

/// Reads the bytes of an index.
pub fn index(bytes: &[u8]) {
    let Some(index) = IndexFile::parse(bytes, 0) else {
        return;
    };
    let names = index.entries().iter().map(|entry| index.name(entry));
    assert!(names.clone().all(|name| !name.is_empty()), "a name is lost");
    assert!(names.is_sorted(), "the entries are in no order");
}

/// The packed refs below a prefix, in a git directory that has none else.
#[must_use]
pub fn packed_refs(common: &Path, prefix: &str) -> Option<BTreeMap<String, String>> {
    refs_below::below(common, prefix)
}
