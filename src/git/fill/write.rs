//! Writes the files of a commit into several folders at once.

use std::cell::Cell;
use std::fs::File as OpenFile;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::fault::{Point, effect};
use crate::git::error::Error;
use crate::git::parallel;
use crate::git::repository::path_from;

use super::content::{Content, File, Kind};
use super::{Making, Watch};

/// Files that one thread takes at a time; those of one folder stand together.
const BATCH: usize = 64;

/// What is larger is left to git, which need not hold it in memory.
const LARGE: usize = 32 * 1024 * 1024;

/// Why writing ended.
#[derive(Debug)]
pub enum Halt {
    /// git can do it nevertheless, or says what is wrong better.
    LeftToGit(String),
    Failed(Error),
}

impl Halt {
    fn of_library(error: &git2::Error) -> Self {
        Self::LeftToGit(error.message().to_owned())
    }

    fn of_effect(error: io::Error) -> Self {
        Self::of_system(Path::new("a new worktree"), b"", error)
    }

    fn of_system(path: &Path, file: &[u8], error: io::Error) -> Self {
        let path = path.join(path_from(file));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                Self::Failed(Error::files("write", path)(error))
            }
            // Such as two names that are one to this file system.
            _ => Self::LeftToGit(format!("{}: {error}", path.display())),
        }
    }
}

/// How the system knows a file that was written, as an index holds it (gitformat-index(5)).
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub changed: (i32, u32),
    pub modified: (i32, u32),
    pub device: u32,
    pub inode: u32,
    pub user: u32,
    pub group: u32,
    pub size: u32,
}

impl Stamp {
    fn of(file: &OpenFile) -> io::Result<Self> {
        let meta = file.metadata()?;
        let nanoseconds = |time: i64| u32::try_from(time).unwrap_or_default();
        Ok(Self {
            changed: (seconds(meta.ctime()), nanoseconds(meta.ctime_nsec())),
            modified: (seconds(meta.mtime()), nanoseconds(meta.mtime_nsec())),
            device: low(meta.dev()),
            inode: low(meta.ino()),
            user: meta.uid(),
            group: meta.gid(),
            size: low(meta.size()),
        })
    }
}

/// The lower half, which is all that an index has room for.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

fn seconds(time: i64) -> i32 {
    let [a, b, c, d, ..] = time.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// How the files of a commit stand in each folder.
#[derive(Debug)]
pub struct Written {
    /// By the number of the file, then of the folder; `None` for what is left to git.
    stamps: Vec<Option<Stamp>>,
    folders: usize,
}

impl Written {
    /// The stamp of a file in a folder.
    pub fn stamp(&self, file: usize, folder: usize) -> Option<Stamp> {
        *self.stamps.get(file * self.folders + folder)?
    }
}

/// Writes all files of a commit into each of some folders, which hold none of them yet.
pub fn write(
    common: &Path,
    content: &Content,
    folders: &[&Path],
    watch: Watch<'_>,
) -> Result<Written, Halt> {
    // Files of a folder together, whatever stands between them in the order of an index.
    let mut order: Vec<usize> = (0..content.files.len()).collect();
    order.sort_by_key(|number| content.files.get(*number).map(|file| file.folder));
    let batches: Vec<&[usize]> = order.chunks(BATCH).collect();
    let all = content.files.len();
    let done = parallel::each(
        batches.len(),
        || Writer::new(common, content, folders),
        |writer, number| {
            let batch = batches.get(number).copied().unwrap_or_default();
            effect(Point::Fill, Halt::of_effect, || writer.write_all(batch))
        },
        &mut |done| watch(Making::Files(all.min(done * BATCH), all)),
    )?;
    let done = done.ok_or(Halt::Failed(Error::Stopped))?;
    let mut written = Written {
        stamps: vec![None; all * folders.len()],
        folders: folders.len(),
    };
    for (file, stamps) in done.into_iter().flatten() {
        let begin = file * folders.len();
        if let Some(places) = written.stamps.get_mut(begin..begin + stamps.len()) {
            places.copy_from_slice(&stamps);
        }
    }
    Ok(written)
}

/// Smaller files may stand among what a file system keeps of files, where nothing is shared.
const SHARED_FROM: usize = 2049;

/// What one thread has.
struct Writer<'w> {
    library: git2::Repository,
    /// Whether files that are alike may share their bytes on this file system.
    shares: Cell<bool>,
    content: &'w Content,
    roots: Vec<(OwnedFd, &'w Path)>,
}

/// A file's number, and its stamp in each folder; no stamps where it is left to git.
type Stamped = (usize, Vec<Option<Stamp>>);

impl<'w> Writer<'w> {
    fn new(common: &Path, content: &'w Content, folders: &[&'w Path]) -> Result<Self, Halt> {
        let library = git2::Repository::open(common).map_err(|error| Halt::of_library(&error))?;
        let roots = folders.iter().map(|path| {
            let root = open_folder(CWD, *path);
            let root = root.map_err(|error| Halt::of_system(path, b"", error.into()))?;
            Ok((root, *path))
        });
        Ok(Self {
            roots: roots.collect::<Result<_, Halt>>()?,
            library,
            shares: Cell::new(true),
            content,
        })
    }

    fn write_all(&mut self, files: &[usize]) -> Result<Vec<Stamped>, Halt> {
        let odb = self.library.odb();
        let odb = odb.map_err(|error| Halt::of_library(&error))?;
        let mut folders: Option<(usize, Vec<Option<OwnedFd>>)> = None;
        let mut stamped = Vec::with_capacity(files.len());
        for number in files {
            let Some(file) = self.content.files.get(*number) else {
                continue;
            };
            let (size, kind) = odb
                .read_header(file.blob)
                .map_err(|error| Halt::of_library(&error))?;
            if kind != git2::ObjectType::Blob {
                return Err(Halt::LeftToGit(format!("{} is no blob", file.blob)));
            }
            if size > LARGE {
                continue;
            }
            let blob = odb
                .read(file.blob)
                .map_err(|error| Halt::of_library(&error))?;
            let open = match folders.take() {
                Some((of, open)) if of == file.folder => open,
                _ => self.open(file)?,
            };
            let stamps = self.write_file(file, blob.data(), &open)?;
            stamped.push((*number, stamps));
            folders = Some((file.folder, open));
        }
        Ok(stamped)
    }

    /// Opens a file's folder below each root, and makes what is not there of it.
    fn open(&self, file: &File) -> Result<Vec<Option<OwnedFd>>, Halt> {
        let path = self.content.folders.get(file.folder);
        let path = path.map_or(&[][..], Vec::as_slice);
        let open = self.roots.iter().map(|(root, shown)| {
            let found = open_or_make(root, path);
            found.map_err(|error| Halt::of_system(shown, path, error.into()))
        });
        open.collect()
    }

    fn write_file(
        &self,
        file: &File,
        bytes: &[u8],
        open: &[Option<OwnedFd>],
    ) -> Result<Vec<Option<Stamp>>, Halt> {
        let mut stamps = Vec::with_capacity(open.len());
        let mut first: Option<OpenFile> = None;
        for ((root, shown), folder) in self.roots.iter().zip(open) {
            let failed = |error| Halt::of_system(shown, &self.content.path(file), error);
            let folder = folder.as_ref().unwrap_or(root).as_fd();
            if file.kind == Kind::Link {
                stamps.push(Some(link(folder, file, bytes).map_err(failed)?));
                continue;
            }
            let mut made = make(folder, file).map_err(failed)?;
            let like = first
                .as_ref()
                .filter(|_| self.shares.get() && bytes.len() >= SHARED_FROM);
            let shared = like.map(|first| rustix::fs::ioctl_ficlone(&made, first).is_ok());
            if shared == Some(false) {
                self.shares.set(false);
            }
            if shared != Some(true) {
                made.write_all(bytes).map_err(failed)?;
            }
            stamps.push(Some(Stamp::of(&made).map_err(failed)?));
            first = first.or(Some(made));
        }
        Ok(stamps)
    }
}

fn link(folder: BorrowedFd<'_>, file: &File, target: &[u8]) -> io::Result<Stamp> {
    let name = file.name.as_slice();
    rustix::fs::symlinkat(target, folder, name)?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Stamp::of(&rustix::fs::openat(folder, name, flags, Mode::empty())?.into())
}

/// Makes an empty file that must not be there, with the mode that git gives it.
fn make(folder: BorrowedFd<'_>, file: &File) -> io::Result<OpenFile> {
    // Another one may be made to share what is in it: that asks for reading it, too.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = match file.kind {
        Kind::Program => 0o777,
        _ => 0o666,
    };
    let name = file.name.as_slice();
    Ok(rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(mode))?.into())
}

fn open_folder(above: BorrowedFd<'_>, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(above, name, flags, Mode::empty())
}

/// Opens a folder below a root, step by step, so that no link is followed; `None` is the root.
fn open_or_make(root: &OwnedFd, path: &[u8]) -> Result<Option<OwnedFd>, Errno> {
    let mut here: Option<OwnedFd> = None;
    for name in path.split(|byte| *byte == b'/').filter(|n| !n.is_empty()) {
        let above = here.as_ref().unwrap_or(root).as_fd();
        let below = match open_folder(above, name) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(above, name, Mode::from_raw_mode(0o777)) {
                    // Another thread was faster.
                    Ok(()) | Err(Errno::EXIST) => open_folder(above, name)?,
                    Err(error) => return Err(error),
                }
            }
            other => other?,
        };
        here = Some(below);
    }
    Ok(here)
}
