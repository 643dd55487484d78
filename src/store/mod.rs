//! The hub directory: files, locks, the journal.
//!
//! ```text
//! .agenthub/
//! ├── .gitignore, .lock            the directory ignores itself; the repository-wide lock
//! ├── .init.lock                   who may make a session, where their number is limited
//! ├── config.yaml                  this project's defaults            (settings)
//! ├── cache/                      what `hub list` found last          (list_cache)
//! ├── board/                      the channels and their posts       (board)
//! └── sessions/<id>/
//!     ├── .lock                    who may write                      (lock)
//!     ├── config.yaml, state.json  the session                        (config_file, state_file)
//!     ├── evaluation.json          the last evaluation                (evaluation)
//!     ├── evaluations/<n>/         every run of each evaluation       (evaluation_dir)
//!     ├── launch.json              how the agents are run             (launch_file)
//!     ├── imported.json            where an imported session is from  (imported)
//!     ├── events.jsonl, .head      the journal and its last line      (journal)
//!     └── agents/agent-<N>/        prompt, inbox and logs                (inbox)
//! ```
//!
//! What holds at any moment, also after a kill or on a full disk:
//! - a file is whole: it is replaced by renaming, or (the journal) appended to line by line;
//! - readers take no lock; whoever writes holds the session's (see [`LockedSession`]);
//! - a lock ends with its process, and lock files are never removed;
//! - keys of `config.yaml` and `state.json` that hub does not know survive every rewrite.

pub mod access;
mod accounts;
mod adopted;
pub mod atomic;
mod batches;
mod board;
mod config_file;
mod drafts;
mod error;
mod evaluation;
mod evaluation_dir;
pub mod export;
mod health;
mod hub_dir;
mod imported;
mod inbox;
mod journal;
mod json_lines;
mod judgements;
mod launch_file;
mod list_cache;
mod listing;
mod lock;
pub mod marks;
mod nested;
pub mod outbox;
mod owner;
pub mod placed;
mod presets;
mod rebuild;
mod session;
mod settings;
mod state_file;
mod strangers;
mod tail;
mod trust;
mod yaml;

pub use adopted::Adopted;
pub use board::{Board, Unread};
pub use error::{Error, Result};
pub use evaluation_dir::{EvaluationDir, OpenEvaluation};
pub use health::config_from_values;
pub use hub_dir::{AgentDir, HubDir, SessionDir};
pub use imported::ImportDraft;
pub use journal::Journal;
pub use judgements::{JudgeFiles, Judgements};
pub use listing::FoundSession;
pub use lock::Lock;
pub use outbox::Outbox;
pub use owner::{current_host, current_user};
pub use presets::{Presets, built_in_presets};
pub use rebuild::Rebuilt;
pub use session::{LockedSession, StoredSession};
pub use settings::{read_presets, read_settings, setting_from};
pub use tail::Tail;
pub use trust::{TrustDir, Trusted};
