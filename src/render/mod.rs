//! What people see: streams, tables, progress, questions.
//!
//! stdout is the answer, stderr the narration. Nothing outside this room prints.

pub mod graph;
pub mod html;
mod lanes;
mod log;
mod markdown;
mod output;
mod progress;
pub mod prometheus;
pub mod question;
mod screen;
pub mod sessions;
mod style;
mod table;
pub mod text;

pub use log::LogPrinter;
pub use output::{ColorChoice, Format, Output, narrate, raw_stream, write_raw};
pub use progress::Reporter;
