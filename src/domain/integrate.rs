//! What hub writes into a repository for other tools, and how it knows its own text again.
//!
//! Each text carries a line with the hash of all the rest of it. As long as the two agree, hub
//! wrote the text, this version or an earlier one, and nobody has edited it since.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use super::diagnostic::{Code, Diagnostic};
use super::digest;
use super::id::BadName;
use super::text::first_few;

/// Where the line with the hash goes in a template.
pub const MARK: &str = "{marker}";

/// The other tool that is told how to call hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Integration {
    /// Slash commands and a skill for Claude Code.
    Claude,
    /// A section of `AGENTS.md`, which other agents read.
    AgentsMd,
    /// A job of GitHub Actions.
    GithubActions,
    /// A shell script.
    Shell,
}

impl Integration {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Claude,
        Self::AgentsMd,
        Self::GithubActions,
        Self::Shell,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::AgentsMd => "agents-md",
            Self::GithubActions => "github-actions",
            Self::Shell => "shell",
        }
    }

    /// What the line with the hash begins with.
    fn mark(self) -> String {
        format!("hub integrate {self}, sha256 ")
    }
}

impl fmt::Display for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Integration {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let why = "it must be claude, agents-md, github-actions or shell";
        let found = Self::ALL.into_iter().find(|one| one.as_str() == s);
        found.ok_or_else(|| BadName::new("an integration", s, why))
    }
}

/// A text that hub writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file, from the top of the worktree.
    pub path: &'static str,
    /// What it holds; a whole file has a line with [`MARK`].
    pub template: &'static str,
    /// Whether it is a part of a file that may hold more.
    pub section: bool,
    /// Whether the file is a program.
    pub executable: bool,
}

/// How what was found stands to what hub writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not there.
    Absent,
    /// It is what hub writes.
    Same,
    /// hub wrote it, in another version.
    Earlier,
    /// Somebody edited it, or hub never wrote it.
    Edited,
}

/// What a piece would make of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// How it stands now.
    pub standing: Standing,
    /// The whole file with the piece.
    pub with: String,
    /// The whole file without it; `None` where nothing would be left.
    pub without: Option<String>,
}

impl Piece {
    /// Compares a file, where there is one, with what hub writes.
    ///
    /// # Errors
    /// When the marks around a section are not whole: then nobody knows where it ends.
    pub fn plan(
        &self,
        integration: Integration,
        found: Option<&str>,
    ) -> Result<Planned, IntegrateRefused> {
        if self.section {
            return self.plan_section(integration, found.unwrap_or_default());
        }
        let with = self.text(integration);
        let standing = found.map_or(Standing::Absent, |found| {
            standing(&unix(found), &with, digest_of(found, integration))
        });
        Ok(Planned {
            standing,
            with,
            without: None,
        })
    }

    /// The whole text with its mark.
    fn text(&self, integration: Integration) -> String {
        let rest = without_line(self.template, |line| line.contains(MARK));
        let mark = format!(
            "{}{}: kept up to date by hub as long as nobody edits it",
            integration.mark(),
            hash(&rest)
        );
        self.template.replacen(MARK, &mark, 1)
    }

    fn plan_section(
        &self,
        integration: Integration,
        found: &str,
    ) -> Result<Planned, IntegrateRefused> {
        let begin = format!("<!-- {}", integration.mark());
        let end = format!("<!-- end of hub integrate {integration} -->");
        let hash = hash(self.template);
        let mut wanted = format!(
            "{begin}{hash}: kept up to date by hub as long as nobody edits it -->\n{}{end}\n",
            self.template
        );
        let first = found.split_inclusive('\n').next();
        // A file of one line without an end gets one.
        let windows = first.is_some_and(|line| line.ends_with("\r\n") || line.ends_with('\r'));
        let line_end = if windows { "\r\n" } else { "\n" };
        wanted = wanted.replace('\n', line_end);
        let Some((before, own, after)) = split(found, &begin, &end)
            .map_err(|()| IntegrateRefused::BrokenMarks(PathBuf::from(self.path)))?
        else {
            let break_before = match found {
                "" => String::new(),
                _ if found.ends_with("\n\n") || found.ends_with("\n\r\n") => String::new(),
                _ if found.ends_with('\n') => line_end.to_owned(),
                _ => line_end.repeat(2),
            };
            return Ok(Planned {
                standing: Standing::Absent,
                with: format!("{found}{break_before}{wanted}"),
                without: Some(found.to_owned()),
            });
        };
        let within = unix(own);
        let inner = without_line(&within, |line| {
            line.starts_with(&begin) || line.trim_end() == end
        });
        let known = digest_of(own, integration).filter(|digest| *digest == self::hash(&inner));
        let standing = match known {
            None => Standing::Edited,
            Some(_) if within == unix(&wanted) => Standing::Same,
            Some(_) => Standing::Earlier,
        };
        let kept = before.strip_suffix(line_end).filter(|b| b.ends_with('\n'));
        let without = format!("{}{after}", kept.unwrap_or(before));
        Ok(Planned {
            standing,
            with: format!("{before}{wanted}{after}"),
            without: Some(without).filter(|text| !text.trim().is_empty()),
        })
    }
}

/// What stands before a section, the section with its marks, and what follows.
fn split<'t>(
    text: &'t str,
    begin: &str,
    end: &str,
) -> Result<Option<(&'t str, &'t str, &'t str)>, ()> {
    let (mut begins, mut ends, mut at) = (Vec::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        if line.starts_with(begin) {
            begins.push(at);
        }
        at += line.len();
        if line.trim_end() == end {
            ends.push(at);
        }
    }
    match (begins.as_slice(), ends.as_slice()) {
        ([], []) => Ok(None),
        ([first], [last]) if first < last => {
            let (head, after) = text.split_at(*last);
            let (before, own) = head.split_at(*first);
            Ok(Some((before, own, after)))
        }
        _ => Err(()),
    }
}

fn standing(found: &str, wanted: &str, digest: Option<String>) -> Standing {
    if found == wanted {
        return Standing::Same;
    }
    let Some(digest) = digest else {
        return Standing::Edited;
    };
    // The mark is the first line that has the digest.
    let mut dropped = false;
    let rest = without_line(found, |line| {
        !dropped && {
            dropped = line.contains(&digest);
            dropped
        }
    });
    if hash(&rest) == digest {
        Standing::Earlier
    } else {
        Standing::Edited
    }
}

/// The hash that a text says of itself.
fn digest_of(text: &str, integration: Integration) -> Option<String> {
    const LENGTH: usize = 64;
    let (_, behind) = text.split_once(&integration.mark())?;
    let digest = behind.get(..LENGTH)?;
    let is_digest = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| digest.to_owned())
}

fn without_line(text: &str, mut dropped: impl FnMut(&str) -> bool) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !dropped(line)).collect()
}

/// Lines as hub writes them: a checkout may have other ends of lines.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn hash(text: &str) -> String {
    digest::sha256(&[text.as_bytes()])
}

/// What is changed in a file, as `git diff` shows it.
#[must_use]
pub fn difference(path: &Path, before: Option<&str>, after: Option<&str>) -> String {
    let name = |side: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{}", path.display()),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&name("a", before), &name("b", after))
        .to_string()
}

/// Why nothing was written or taken away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntegrateRefused {
    /// Files that are not as hub wrote them.
    #[error("{} not as hub wrote {}: {}", is_are(.paths), it_them(.paths), named(.paths))]
    Edited {
        /// Which, from the top of the worktree.
        paths: Vec<PathBuf>,
        /// The other tool.
        integration: Integration,
        /// Whether they were to be taken away.
        remove: bool,
    },
    /// A section whose beginning or end is missing, or there twice.
    #[error("{}: the marks around hub's section are not whole", .0.display())]
    BrokenMarks(PathBuf),
    /// A file that somebody wrote between the plan and the deed.
    #[error("{} was changed meanwhile", .0.display())]
    Changed(PathBuf),
    /// A file that is no text.
    #[error("{} is not UTF-8", .0.display())]
    NoText(PathBuf),
    /// There is no worktree around the folder.
    #[error("{} is in no worktree", .0.display())]
    NoWorktree(PathBuf),
}

fn is_are(paths: &[PathBuf]) -> String {
    match paths.len() {
        1 => "1 file is".to_owned(),
        count => format!("{count} files are"),
    }
}

fn it_them(paths: &[PathBuf]) -> &'static str {
    if paths.len() == 1 { "it" } else { "them" }
}

fn named(paths: &[PathBuf]) -> String {
    first_few(paths.iter().map(|path| path.display()))
}

impl Diagnostic for IntegrateRefused {
    fn code(&self) -> Code {
        match self {
            Self::NoWorktree(_) => Code::NotFound,
            _ => Code::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Edited {
                integration,
                remove,
                ..
            } => {
                let remove = if *remove { " --remove" } else { "" };
                format!(
                    "`hub integrate {integration}{remove} --force --dry-run` shows what would be lost of them; without --dry-run each is kept beside as .orig"
                )
            }
            Self::BrokenMarks(path) => format!(
                "take both lines with `hub integrate` out of {} by hand, then do it again",
                path.display()
            ),
            Self::Changed(_) => "do it again".to_owned(),
            Self::NoText(path) => format!("move {} away, then do it again", path.display()),
            Self::NoWorktree(_) => "go into a worktree, or name one with -C PATH".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: Piece = Piece {
        path: "a.yml",
        template: "# {marker}\nname: a\n",
        section: false,
        executable: false,
    };
    const SECTION: Piece = Piece {
        path: "AGENTS.md",
        template: "## hub\n\nwords\n",
        section: true,
        executable: false,
    };

    fn whole(found: Option<&str>) -> Planned {
        WHOLE.plan(Integration::GithubActions, found).unwrap()
    }

    fn section(found: &str) -> Planned {
        SECTION.plan(Integration::AgentsMd, Some(found)).unwrap()
    }

    #[test]
    fn a_file_is_known_again_until_somebody_edits_it() {
        let text = whole(None).with;
        assert!(text.starts_with("# hub integrate github-actions, sha256 "));
        assert!(text.ends_with("nobody edits it\nname: a\n"), "{text}");
        assert_eq!(whole(None).standing, Standing::Absent);
        assert_eq!(whole(Some(&text)).standing, Standing::Same);
        let windows = text.replace('\n', "\r\n");
        assert_eq!(whole(Some(&windows)).standing, Standing::Same);
        let earlier = Piece {
            template: "# {marker}\nname: an earlier one\n",
            ..WHOLE
        };
        let earlier = earlier.plan(Integration::GithubActions, None).unwrap().with;
        assert_eq!(whole(Some(&earlier)).standing, Standing::Earlier);
        let edited = [
            format!("{text}more: b\n"),
            earlier.replace("earlier", "other"),
            "name: a\n".to_owned(),
            String::new(),
            text.replace("sha256 ", "sha256 x"),
        ];
        for edited in edited {
            assert_eq!(whole(Some(&edited)).standing, Standing::Edited, "{edited}");
        }
    }

    #[test]
    fn a_section_leaves_all_around_it_as_it_is() {
        for (before, after) in [("", ""), ("# Mine\n", ""), ("# Mine\n\n", "\n## Last\n")] {
            let added = section(before).with;
            let found = format!("{added}{after}");
            let again = section(&found);
            assert_eq!((again.standing, &again.with), (Standing::Same, &found));
            let edited = found.replace("words", "other words");
            assert_eq!(section(&edited).standing, Standing::Edited);
            assert_eq!(section(&edited).with, found);
            let earlier = Piece {
                template: "## hub\n\nfewer\n",
                ..SECTION
            };
            let earlier = earlier.plan(Integration::AgentsMd, Some(before)).unwrap();
            let found = format!("{}{after}", earlier.with);
            let found = section(&found);
            assert_eq!(found.standing, Standing::Earlier);
            assert_eq!(found.with, format!("{added}{after}"));
        }
        let windows = section("# Mine\r\n").with;
        assert!(!windows.replace("\r\n", "").contains('\n'), "{windows:?}");
        assert_eq!(section(&windows).standing, Standing::Same);
        assert!(section("no end").with.starts_with("no end\n\n<!-- hub "));
        let half = section("half an end\r").with;
        assert_eq!(section(&half).with, half);
    }

    #[test]
    fn a_section_without_an_end_is_not_guessed_at() {
        let text = section("").with;
        let end = "<!-- end of hub integrate agents-md -->\n";
        let twice = format!("{text}{text}");
        for broken in [text.replace(end, ""), end.to_owned(), twice] {
            let refused = SECTION.plan(Integration::AgentsMd, Some(&broken));
            let error = IntegrateRefused::BrokenMarks("AGENTS.md".into());
            assert_eq!(refused, Err(error), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn what_was_added_can_be_taken_away(lines in prop::collection::vec("[ -~]{0,20}", 0..8)) {
            let before = lines.iter().flat_map(|line| [line.as_str(), "\n"]);
            let before: String = before.collect();
            let added = section(&before).with;
            prop_assert!(added.starts_with(&before));
            let without = section(&added).without;
            if before.trim().is_empty() {
                prop_assert_eq!(without, None);
            } else if before.ends_with("\n\n") {
                // The empty line was there already: one of them goes.
                let without = without.unwrap();
                prop_assert_eq!(without.trim_end(), before.trim_end());
            } else {
                prop_assert_eq!(without, Some(before));
            }
        }
    }
}
