//! Whether files are what their blobs are, with nothing in between that only git does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::beneath;
use crate::git::error::{Error, Result};
use crate::git::repository::{Repository, path_of};

impl Repository {
    /// Why only git can write the files of this repository; `None` where nothing says so.
    pub(super) fn in_the_way_of_filling(&self) -> Result<Option<String>> {
        /// From this version on git says where it looks for attributes.
        const WITH_PLACES: (u32, u32) = (2, 41);
        let Some(library) = &self.library else {
            return Ok(Some("libgit2 cannot open it".to_owned()));
        };
        if self.program_version()? < WITH_PLACES {
            return Ok(Some(
                "this git does not say where attributes are".to_owned(),
            ));
        }
        let list = self.git().args(["config", "--list", "-z"]).run()?;
        let settings = Settings::parse(&list);
        if let Some(setting) = settings.in_the_way() {
            return Ok(Some(format!("{setting} is set")));
        }
        if let Some(hook) = self.hook_in_the_way(&settings) {
            return Ok(Some(hook));
        }
        if let Some(attribute) = self.attribute_in_the_way() {
            return Ok(Some(attribute));
        }
        // libgit2 does not know that one object can stand for another.
        let mut replaced = library
            .references_glob("refs/replace/*")
            .map_err(Error::library("list refs"))?;
        let found = replaced.next().is_some();
        Ok(found.then(|| "objects are replaced".to_owned()))
    }

    /// git runs this hook after it has made a worktree.
    fn hook_in_the_way(&self, settings: &Settings) -> Option<String> {
        let folder = match settings.last.get("core.hookspath") {
            // A relative one starts at the new worktree.
            Some(path) if !path.starts_with('/') => {
                return Some("core.hooksPath is set".to_owned());
            }
            Some(path) => Path::new(path).to_path_buf(),
            None => self.common.join("hooks"),
        };
        let hook = folder.join("post-checkout");
        let there = fs::symlink_metadata(&hook).is_ok();
        there.then(|| format!("there is a hook at {}", hook.display()))
    }

    /// Attributes that stand outside of the commit.
    fn attribute_in_the_way(&self) -> Option<String> {
        if std::env::var_os("GIT_ATTR_SOURCE").is_some() {
            return Some("GIT_ATTR_SOURCE is set".to_owned());
        }
        let named = ["GIT_ATTR_SYSTEM", "GIT_ATTR_GLOBAL"].into_iter();
        let asked = named.filter_map(|name| self.git().args(["var", name]).run().ok());
        let own = self.common.join("info/attributes");
        for file in asked.map(|answer| path_of(&answer)).chain([own]) {
            let found = match beneath::read_at_once(&file) {
                Ok(text) => converting_attribute(&text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(found) = found {
                return Some(format!("{} has {found}", file.display()));
            }
        }
        None
    }
}

/// What `git config --list -z` prints; of a key that is there several times, the last counts.
#[derive(Debug)]
struct Settings {
    last: BTreeMap<String, String>,
}

impl Settings {
    fn parse(list: &[u8]) -> Self {
        let entries = list.split(|byte| *byte == b'\0').filter(|e| !e.is_empty());
        let pairs = entries.map(|entry| {
            let entry = String::from_utf8_lossy(entry).into_owned();
            match entry.split_once('\n') {
                Some((key, value)) => (key.to_owned(), value.to_owned()),
                // A key without a value is a yes (git-config(1)).
                None => (entry, "true".to_owned()),
            }
        });
        Self {
            last: pairs.collect(),
        }
    }

    /// The first setting by which a file may become another one than its blob.
    fn in_the_way(&self) -> Option<&str> {
        let found = self.last.iter().find(|(key, value)| {
            let off = ["", "false", "no", "off", "0"].contains(&value.to_lowercase().as_str());
            match key.as_str() {
                "core.symlinks" | "core.filemode" => off,
                "core.autocrlf" => !off && !value.eq_ignore_ascii_case("input"),
                "core.eol" => value.eq_ignore_ascii_case("crlf"),
                "core.ignorecase"
                | "core.precomposeunicode"
                | "core.protecthfs"
                | "core.sparsecheckout"
                | "core.fsmonitor"
                | "core.splitindex"
                | "extensions.worktreeconfig" => !off,
                "core.worktree" | "attr.tree" | "extensions.partialclone" => true,
                key => depends_on_more(key),
            }
        });
        found.map(|(key, _)| key.as_str())
    }
}

/// Settings whose meaning is not to be seen from here: files that are read where something
/// holds, hooks, objects that come from elsewhere.
fn depends_on_more(key: &str) -> bool {
    key.starts_with("includeif.")
        || key.starts_with("hook.")
        || key.starts_with("remote.")
            && (key.ends_with(".promisor") || key.ends_with(".partialclonefilter"))
}

/// An attribute of a file in the form of gitattributes(5) by which a checkout changes bytes.
pub fn converting_attribute(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let lines = text.split('\n').map(str::trim_start);
    let lines = lines.filter(|line| !line.starts_with('#'));
    let mut words = lines.flat_map(str::split_whitespace);
    let found = words.find(|word| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "ident" | "filter" | "working-tree-encoding" | "crlf" => true,
            // With the line ends of this system `text` alone changes nothing.
            "eol" => value != "lf",
            _ => false,
        }
    });
    found.map(str::to_owned)
}

/// Whether git refuses a name on some system, or on this one (git-config(1), `core.protectNTFS`).
pub fn is_dangerous(name: &[u8], is_link: bool) -> bool {
    let lower = name.to_ascii_lowercase();
    // Where `\` parts folders, and `:` a file from its streams.
    let mut parts = lower.split(|byte| matches!(byte, b'/' | b'\\' | b':'));
    let own = parts.any(|part| {
        let end = part.iter().rposition(|byte| !matches!(byte, b'.' | b' '));
        let part = part.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
        part.is_empty() || part == b".git" || part == b"git~1"
    });
    // git reads files such as .gitmodules, and refuses those that lead elsewhere.
    let lead = |name: &[u8]| name.starts_with(b".git") || name.contains(&b'~');
    own || name.contains(&b'/') || is_link && lead(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_setting_counts() {
        for (list, found) in [
            ("core.bare\nfalse\0user.name\nA\nB\0", None),
            ("core.autocrlf\ntrue\0", Some("core.autocrlf")),
            ("core.autocrlf\0", Some("core.autocrlf")),
            ("core.autocrlf\ntrue\0core.autocrlf\nInput\0", None),
            (
                "core.autocrlf\nfalse\0core.autocrlf\n1\0",
                Some("core.autocrlf"),
            ),
            ("core.symlinks\nOff\0", Some("core.symlinks")),
            ("core.symlinks\nyes\0", None),
            ("core.fsmonitor\n.git/hook\0", Some("core.fsmonitor")),
            ("core.eol\nCRLF\0", Some("core.eol")),
            ("core.eol\nnative\0", None),
            ("remote.a.promisor\ntrue\0", Some("remote.a.promisor")),
            ("remote.promisor.url\nx\0", None),
        ] {
            let settings = Settings::parse(list.as_bytes());
            assert_eq!(settings.in_the_way(), found, "{list:?}");
        }
    }

    #[test]
    fn attributes_that_change_bytes_are_found() {
        for (text, found) in [
            ("* text=auto\n*.png binary\n*.sh text eol=lf\n", None),
            ("*.c diff=cpp -ident !filter -crlf\r\n", None),
            ("# *.bat eol=crlf\n", None),
            ("*.bat\ttext eol=crlf\n", Some("eol=crlf")),
            ("*.bin filter=lfs diff=lfs -text\n", Some("filter=lfs")),
            ("* eol=lf\n[attr]x -text ident\r\n", Some("ident")),
            (
                "*.txt working-tree-encoding=UTF-16",
                Some("working-tree-encoding=UTF-16"),
            ),
            ("*.txt crlf=input", Some("crlf=input")),
        ] {
            let attribute = converting_attribute(text.as_bytes());
            assert_eq!(attribute.as_deref(), found, "{text:?}");
        }
    }

    #[test]
    fn names_that_git_refuses_are_dangerous() {
        for (name, is_link, expected) in [
            (".git", false, true),
            (".GiT . ", false, true),
            ("git~1", false, true),
            ("..", false, true),
            (".", false, true),
            ("", false, true),
            ("a/b", false, true),
            ("a\\.git\\b", false, true),
            (".git:stream", false, true),
            (".gitignore", false, false),
            (".gitmodules", true, true),
            ("gitmod~1", true, true),
            ("a~1", false, false),
            ("git", false, false),
            ("a.git", false, false),
            ("-rf", false, false),
        ] {
            let found = is_dangerous(name.as_bytes(), is_link);
            assert_eq!(found, expected, "{name:?}");
        }
    }
}
