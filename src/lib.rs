//! The rooms of `hub`; `docs/architecture.md` draws how they fit together.

pub mod beneath;
pub mod cli;
pub mod domain;
pub mod fault;
pub mod git;
pub mod lifecycle;
pub mod process;
pub mod render;
pub mod store;
