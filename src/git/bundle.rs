//! Objects of some refs in one file, as `git bundle` has it; and out of one that came from
//! somewhere.
//!
//! The head of a bundle is written and read here: what is in it are the very objects that were
//! read before, whatever moved since, and their names need not be refs. Packing and unpacking is
//! git's. What came from elsewhere is unpacked apart first, as `git receive-pack` does: nothing
//! of it gets into the repository before all of it was looked at.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use crate::beneath;
use crate::domain::export::ObjectFormat;
use crate::domain::refs::{CommitId, RefName};
use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::program::{Git, text};
use super::repository::Repository;

/// What the head of a bundle says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleHead {
    /// What its refs lead to.
    pub heads: BTreeSet<(RefName, CommitId)>,
    /// What it builds upon and does not hold.
    pub needs: Vec<CommitId>,
    /// Where the pack begins.
    pack: u64,
}

/// The longest line of a head, and the most lines.
const LONGEST_LINE: u64 = 4096;
const MOST_LINES: usize = 200_000;

impl BundleHead {
    /// Reads the head of a bundle; `None` where it is none that hub writes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(file: &File) -> Result<Option<Self>> {
        use std::io::Read as _;

        let mut reader = BufReader::new(file);
        let mut head = Self::default();
        for number in 0..MOST_LINES {
            let mut line = Vec::new();
            let mut one = reader.by_ref().take(LONGEST_LINE);
            one.read_until(b'\n', &mut line).map_err(Error::Io)?;
            head.pack += u64::try_from(line.len()).unwrap_or(u64::MAX);
            let line = line.strip_suffix(b"\n").map(std::str::from_utf8);
            let Some(Ok(line)) = line else {
                return Ok(None);
            };
            match (number, line) {
                (0, "# v2 git bundle" | "# v3 git bundle")
                | (1, "@object-format=sha1" | "@object-format=sha256") => {}
                (0, _) => return Ok(None),
                (_, "") => return Ok(Some(head)),
                (_, line) => match head.add(line) {
                    Some(()) => {}
                    None => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        if let Some(needed) = line.strip_prefix('-') {
            let id = needed.split(' ').next()?;
            self.needs.push(id.parse().ok()?);
            return Some(());
        }
        let (id, name) = line.split_once(' ')?;
        let new = self.heads.insert((name.parse().ok()?, id.parse().ok()?));
        new.then_some(())
    }
}

impl Repository {
    /// What names the objects.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn object_format(&self) -> Result<ObjectFormat> {
        let answer = self.git().args(["rev-parse", "--show-object-format"]);
        let answer = answer.run()?;
        match text(&answer)? {
            "sha1" => Ok(ObjectFormat::Sha1),
            "sha256" => Ok(ObjectFormat::Sha256),
            _ => Err(Error::answer("an object format", &answer)),
        }
    }

    /// Writes a bundle of objects, each under the name of a ref, into a file; `needs` are commits
    /// that whoever reads it has already.
    ///
    /// # Errors
    /// When an object is not there, or the system refuses.
    pub fn write_bundle(
        &self,
        mut file: &File,
        heads: &BTreeSet<(&RefName, &CommitId)>,
        needs: &[CommitId],
    ) -> Result<()> {
        let mut head = match self.object_format()? {
            ObjectFormat::Sha1 => "# v2 git bundle\n".to_owned(),
            ObjectFormat::Sha256 => "# v3 git bundle\n@object-format=sha256\n".to_owned(),
        };
        let mut wanted = String::new();
        for need in needs {
            let _ = writeln!(head, "-{need} ");
            let _ = writeln!(wanted, "^{need}");
        }
        for (name, object) in heads {
            let _ = writeln!(head, "{object} {name}");
            let _ = writeln!(wanted, "{object}");
        }
        head.push('\n');
        effect(Point::WriteBeside, Error::Io, || {
            file.write_all(head.as_bytes()).map_err(Error::Io)
        })?;
        // One thread: the same objects come to the same bytes.
        let mut call = self.git().setting("pack.threads=1");
        call = call.args(["pack-objects", "--revs", "--stdout", "-q"]);
        call = call.arg("--delta-base-offset");
        if !needs.is_empty() {
            call = call.arg("--thin");
        }
        let file = file.try_clone().map_err(Error::Io)?;
        call.input(wanted).into_file(file).run().map(drop)
    }

    /// Unpacks a bundle apart from the repository, in `folder`, and looks at all of it: that each
    /// object is what git would have made, that none is missing, and that what `heads` name leads
    /// to the commit beside it.
    ///
    /// # Errors
    /// When something of it is not so, or the system refuses.
    pub fn check_bundle(
        &self,
        bundle: &Path,
        head: &BundleHead,
        folder: &Path,
        heads: &[(CommitId, CommitId)],
    ) -> Result<()> {
        self.git().args(["bundle", "verify"]).arg(bundle).run()?;
        self.index_pack(bundle, head, Some(folder))?;
        let apart = || self.apart(folder);
        let objects = heads.iter().map(|(object, _)| format!("{object}\n"));
        let whole = [
            "rev-list",
            "--objects",
            "--quiet",
            "--stdin",
            "--not",
            "--all",
        ];
        let objects: String = objects.collect();
        apart().args(whole).input(objects).run()?;
        let peeled = heads
            .iter()
            .map(|(object, _)| format!("{object}^{{commit}}\n"));
        let peeled: String = peeled.collect();
        let call = apart().args(["cat-file", "--batch-check=%(objectname)"]);
        let answer = call.input(peeled).run()?;
        let commits = text(&answer)?.lines().map(str::parse::<CommitId>);
        let commits: std::result::Result<Vec<CommitId>, _> = commits.collect();
        let wanted: Vec<CommitId> = heads.iter().map(|(_, commit)| commit.clone()).collect();
        if commits.is_ok_and(|commits| commits == wanted) {
            return Ok(());
        }
        Err(Error::answer("the commits that were named", &answer))
    }

    /// Unpacks a bundle that was checked into the repository; no ref leads to it yet.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take_bundle(&self, bundle: &Path, head: &BundleHead) -> Result<()> {
        self.index_pack(bundle, head, None)
    }

    fn index_pack(&self, bundle: &Path, head: &BundleHead, apart: Option<&Path>) -> Result<()> {
        let mut file = beneath::open(bundle).map_err(Error::files("read", bundle))?;
        file.seek(SeekFrom::Start(head.pack))
            .map_err(Error::files("read", bundle))?;
        let call = match apart {
            Some(folder) => self.apart(folder),
            None => self.git().durable().uninterrupted(),
        };
        let call = call.args(["index-pack", "--stdin", "--fix-thin", "--strict"]);
        call.fed_by(file).run().map(drop)
    }

    /// A call of git whose new objects are apart from the repository.
    fn apart(&self, folder: &Path) -> Git {
        self.git()
            .variable("GIT_OBJECT_DIRECTORY", folder)
            .variable(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                self.common.join("objects"),
            )
    }
}
