//! What agents printed, a line at a time.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::domain::id::AgentId;
use crate::domain::report::{LogLine, LogStream};
use crate::domain::text::visible_with_tabs;

use super::output::{Format, Output};

/// Prints the lines of logs: made harmless, or as they are where that was asked for.
///
/// Also through a pipe: what `less`, `grep` and a file of a build server show is a terminal again.
pub struct LogPrinter {
    output: Output,
    stream: LogStream,
    /// Whether each line says whose it is.
    named: bool,
    harmless: bool,
}

impl LogPrinter {
    /// A printer for `output`.
    #[must_use]
    pub fn new(output: Output, stream: LogStream, named: bool, raw: bool) -> Self {
        Self {
            output,
            stream,
            named,
            harmless: !raw,
        }
    }

    /// A line as a document.
    #[must_use]
    pub fn document(agent: AgentId, stream: LogStream, line: &[u8]) -> LogLine {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        LogLine {
            agent,
            stream,
            line: String::from_utf8_lossy(line).into_owned(),
        }
    }

    /// Prints one line.
    ///
    /// # Errors
    /// When stdout cannot be written, also when nobody reads it any more.
    pub fn print(&mut self, agent: AgentId, line: &[u8]) -> io::Result<()> {
        if self.output.format() == Format::Json {
            let document = Self::document(agent, self.stream, line);
            let text = serde_json::to_string(&document)? + "\n";
            return write_all(text.as_bytes());
        }
        let mut bytes = Vec::with_capacity(line.len() + 16);
        if self.named {
            bytes.extend_from_slice(format!("{agent} | ").as_bytes());
        }
        if self.harmless {
            // What came from a terminal has its line ends.
            let line = line
                .strip_suffix(b"\r\n")
                .map_or(Cow::Borrowed(line), |line| {
                    Cow::Owned([line, b"\n"].concat())
                });
            bytes.extend_from_slice(visible_with_tabs(&String::from_utf8_lossy(&line)).as_bytes());
        } else {
            bytes.extend_from_slice(line);
        }
        if self.named && !line.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        write_all(&bytes)
    }
}

fn write_all(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}
