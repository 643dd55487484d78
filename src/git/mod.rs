//! Repositories: libgit2 where it is reliable and fast, the git program for all else.
//!
//! | what | by |
//! | --- | --- |
//! | opening; branches, tags, refs; commits, the graph, diffs; the list of worktrees | libgit2 |
//! | whatever touches a working tree, an index or a commit made in one; merges | git |
//! | which paths of a worktree git needs to look at for `hub status` | hub itself (`glance`) |
//! | the files of new worktrees, where nothing stands between a blob and its file | hub, with libgit2, and git looks at them |
//! | the files of removed worktrees, once git has forgotten them | hub |
//! | everything, where libgit2 cannot open the repository (reftable, SHA-256) | git |
//!
//! The second line is git's because libgit2 loses data there or departs from what the
//! repository asks for: it runs no hooks, filters, merge drivers or signing, deletes
//! untracked files when it prunes, and writes sparse indexes wrongly. Who did what is
//! logged at debug level.
//!
//! What holds: a ref changes only from the value that was read to the one that was meant;
//! no folder is removed before it was checked to be the worktree that git knows there.

mod aside;
mod bundle;
mod carry;
mod changes;
mod checkout;
mod comeback;
mod delete;
mod diff;
mod error;
mod fill;
#[cfg(fuzzing)]
pub mod fuzzing;
mod glance;
mod graft;
mod graph;
mod guarding;
mod history;
mod in_the_way;
mod index_file;
mod joining;
mod keeping;
mod merge;
mod nested;
mod parallel;
mod private;
mod program;
mod protect;
mod reach;
mod records;
mod ref_files;
mod refs;
mod refs_below;
mod repository;
mod shift;
mod sight;
mod standing;
mod survey;
mod trial;
mod unfinished;
mod waiting;
mod worktrees;

pub use aside::{Aside, Claim, delete_aside, delete_asides};
pub use bundle::BundleHead;
pub use carry::INCLUDE_FILE;
pub use changes::{Change, ChangeKind, Committed};
pub use checkout::{NewWorktree, Removal};
pub use delete::{Allowance, Deleted};
pub use error::{Error, Result, end_of};
pub use fill::{Making, Watch};
pub use graph::CommitInfo;
pub use joining::MergeResult;
pub use keeping::{Entry, TreeChange};
pub use merge::Advanced;
pub use records::{Link, WorktreeRecord};
pub use ref_files::RefFiles;
pub use refs::{FoundRef, RefChange};
pub use repository::Repository;
pub use shift::Shift;
pub use sight::Sight;
pub use standing::Standing;
pub use survey::HubRef;
pub use trial::{Trial, Tried};
pub use worktrees::Worktree;
