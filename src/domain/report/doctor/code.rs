//! The kinds of findings; docs/doctor.md explains each.

use schemars::JsonSchema;
use serde::Serialize;

/// A kind, its word, and what it means, said once.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $word:literal,)+) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
        pub enum FindingCode {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $code,)+
        }

        impl FindingCode {
            /// The word that is shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)+
                }
            }
        }
    };
}

codes! {
    /// The git program is not there or too old.
    Git = "git",
    /// git does not know who commits.
    NoIdentity = "no_identity",
    /// The user's home is not known.
    NoHome = "no_home",
    /// A disk has little space left.
    FullDisk = "full_disk",
    /// A file system does not do what hub relies on.
    WeakFileSystem = "weak_file_system",

    /// A folder of the hub directory is a symbolic link or no folder.
    Linked = "linked",
    /// A folder or file of the hub directory cannot be written.
    NotWritable = "not_writable",
    /// The hub directory is another user's than the repository.
    ForeignOwner = "foreign_owner",
    /// Everybody can change what hub reads.
    OpenToOthers = "open_to_others",
    /// git does not ignore the hub directory.
    NotIgnored = "not_ignored",
    /// Something in the hub directory is not of hub.
    ForeignFile = "foreign_file",
    /// A folder that a killed process was about to make a session.
    DeadDraft = "dead_draft",
    /// A configuration file cannot be read.
    BadSettings = "bad_settings",

    /// A session's folder is none.
    CorruptSession = "corrupt_session",
    /// A session's folder does not have the session's name.
    RenamedSession = "renamed_session",
    /// A session's state cannot be read.
    DamagedState = "damaged_state",
    /// A session's configuration cannot be read.
    DamagedConfig = "damaged_config",
    /// Another file of a session cannot be read.
    DamagedFile = "damaged_file",
    /// A file was written by a later hub.
    NewerVersion = "newer_version",
    /// A session's configuration is not valid YAML.
    InvalidConfig = "invalid_config",
    /// A file tells of a time that is yet to come.
    FutureTime = "future_time",
    /// A session's agents are not those that its configuration counts.
    AgentCount = "agent_count",
    /// An operation has a beginning and no end, and nobody is at it.
    UnfinishedOperation = "unfinished_operation",
    /// Files that a killed process was about to put in place.
    UnfinishedFile = "unfinished_file",
    /// A journal does not fit its own hashes: somebody else than hub has written to it.
    JournalChanged = "journal_changed",
    /// A session's lock is held by nobody who could give it back.
    HeldLock = "held_lock",

    /// The board's index does not count the posts that are there.
    BoardIndex = "board_index",
    /// A post of the board cannot be read.
    UnreadPost = "unread_post",

    /// An agent's supervisor is gone before the agent's end was recorded.
    LostAgent = "lost_agent",
    /// An agent waits and nobody will start it.
    WaitingAgent = "waiting_agent",
    /// Something of an agent runs although its session is at its end.
    LeftProcess = "left_process",

    /// Something outside of its worktree was changed while an agent ran, and is not settled.
    ChangedOutside = "changed_outside",

    /// An attempt has neither its branch nor an archive tag.
    LostBranch = "lost_branch",
    /// A commit that was an attempt's is reached by no ref.
    UnreachedCommit = "unreached_commit",
    /// An attempt of a session at its end has no archive tag.
    MissingTag = "missing_tag",
    /// An archive tag is not where the attempt ended.
    MovedTag = "moved_tag",
    /// An archive tag has no message.
    LightTag = "light_tag",
    /// The base branch does not hold the merge any more.
    MergeGone = "merge_gone",
    /// A session's base branch is not there.
    BaseGone = "base_gone",
    /// A session's base commit is not in the repository.
    BaseCommitGone = "base_commit_gone",
    /// A ref of hub's leads nowhere.
    BrokenRef = "broken_ref",
    /// A ref in a place of hub's own is not of hub.
    ForeignRef = "foreign_ref",
    /// A ref takes the place where hub's own shall stand.
    RefInTheWay = "ref_in_the_way",
    /// A lock of git's that nobody holds.
    RefLock = "ref_lock",

    /// The folder of all worktrees is not there.
    RootGone = "root_gone",
    /// A worktree's folder is gone.
    MissingWorktree = "missing_worktree",
    /// Something else stands in a worktree's place.
    ReplacedWorktree = "replaced_worktree",
    /// A worktree and the repository do not find each other.
    BrokenLink = "broken_link",
    /// What git keeps of a worktree is not whole.
    BrokenRecord = "broken_record",
    /// A worktree is locked.
    LockedWorktree = "locked_worktree",
    /// Another branch than the attempt's is checked out.
    OtherBranch = "other_branch",
    /// A branch is checked out twice.
    SharedBranch = "shared_branch",
    /// A rebase, merge or the like was not brought to its end.
    HaltedWorktree = "halted_worktree",
    /// A worktree's index is locked.
    IndexLock = "index_lock",
    /// A checkout of hub's own that nobody uses.
    StaleScratch = "stale_scratch",
    /// A worktree in hub's folder that belongs to no session.
    UnknownWorktree = "unknown_worktree",
    /// A folder among the worktrees that git does not know.
    UnknownFolder = "unknown_folder",
    /// Files of a removed worktree that were not deleted to the end.
    LeftFiles = "left_files",
    /// An attempt's branch without its session.
    OrphanBranch = "orphan_branch",
    /// Archive tags without their session.
    OrphanTags = "orphan_tags",
    /// Snapshots without their session.
    OrphanSnapshots = "orphan_snapshots",
    /// A worktree of a session at its end, without work in it.
    SpentWorktree = "spent_worktree",
}
