//! What is said to an agent, passed from its inbox to its standard input.
//!
//! The inbox is the queue: no more of it is read than the agent takes, so that one that never
//! reads costs nothing, and nobody waits for it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::beneath;
use crate::domain::message;

use super::frame;

/// More than the longest message is in its inbox.
const AT_ONCE: u64 = 256 * 1024;

/// An inbox on its way to an agent.
#[derive(Debug)]
pub(super) struct Feed {
    inbox: PathBuf,
    /// How much of it was read.
    offset: u64,
    /// `None` when the agent reads no more.
    agent: Option<File>,
    /// What was read and is not written yet.
    pending: Vec<u8>,
    by: By,
}

/// How an agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By lines on its stdin.
    Lines,
    /// By keys that are typed into its terminal, as frames.
    Keys,
}

impl Feed {
    /// From the beginning of the inbox, which need not be there yet.
    pub fn new(inbox: PathBuf, agent: OwnedFd, by: By) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&agent, true)?;
        Ok(Self {
            inbox,
            offset: 0,
            agent: Some(File::from(agent)),
            pending: Vec::new(),
            by,
        })
    }

    /// Passes on as much as the agent takes now; returns whether some waits for it.
    pub fn pass_on(&mut self) -> bool {
        loop {
            if self.pending.is_empty() && self.agent.is_some() {
                self.pending = self.read();
            }
            let Some(agent) = self.agent.as_mut().filter(|_| !self.pending.is_empty()) else {
                return false;
            };
            match agent.write(&self.pending) {
                Ok(taken) => drop(self.pending.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                // It has closed its stdin, as is its right.
                Err(error) => {
                    log::debug!("the agent reads no more: {error}");
                    self.agent = None;
                }
            }
        }
    }

    /// What was said since the last look, each message as lines of text.
    fn read(&mut self) -> Vec<u8> {
        let length = beneath::metadata(&self.inbox).map_or(0, |metadata| metadata.len());
        if length <= self.offset {
            return Vec::new();
        }
        let mut bytes = Vec::new();
        let read = beneath::open(&self.inbox).and_then(|mut inbox| {
            inbox.seek(SeekFrom::Start(self.offset))?;
            inbox.take(AT_ONCE).read_to_end(&mut bytes)
        });
        if let Err(error) = read {
            log::warn!("cannot read {}: {error}", self.inbox.display());
            return Vec::new();
        }
        let (texts, mut whole) = message::whole(&bytes);
        if whole == 0 && u64::try_from(bytes.len()) == Ok(AT_ONCE) {
            // That is none of hub's messages.
            whole = bytes.len();
        }
        self.offset += u64::try_from(whole).unwrap_or_default();
        let lines = texts
            .into_iter()
            .map(|text| text + "\n")
            .collect::<String>();
        match self.by {
            By::Lines => lines.into_bytes(),
            By::Keys => {
                let mut frames = Vec::new();
                // The return key, which a terminal makes a line feed of where that is wanted.
                frame::keys(lines.replace('\n', "\r").as_bytes(), &mut frames);
                frames
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn fed(program: &str, inbox: &str) -> (tempfile::TempDir, Child, Feed) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.md");
        File::create(&path)
            .unwrap()
            .write_all(inbox.as_bytes())
            .unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let feed = Feed::new(path, child.stdin.take().unwrap().into(), By::Lines).unwrap();
        (folder, child, feed)
    }

    #[test]
    fn whole_messages_come_as_lines_and_once() {
        let entries = "## x\n\none\ntwo\n\n---\n## y\n\nthree\n\n---\n## z\n\ncut";
        let (_folder, child, mut feed) = fed("cat", entries);
        assert!(!feed.pass_on());
        assert!(!feed.pass_on());
        drop(feed);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "one\ntwo\nthree\n"
        );
    }

    #[test]
    fn an_agent_that_does_not_read_lets_it_wait() {
        let entries = format!("## x\n\n{}\n\n---\n", "x".repeat(200_000));
        let (_folder, mut child, mut feed) = fed("exec sleep 1000", &entries);
        assert!(feed.pass_on());
        assert!(feed.pass_on());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!feed.pass_on(), "nobody reads any more");
    }

    #[test]
    fn what_no_message_can_be_is_passed_over() {
        let long = "x".repeat(usize::try_from(AT_ONCE).unwrap());
        let (_folder, child, mut feed) = fed("cat", &format!("{long}\n## x\n\none\n\n---\n"));
        feed.pass_on();
        feed.pass_on();
        drop(feed);
        let output = child.wait_with_output().unwrap();
        assert!(output.stdout.ends_with(b"one\n"));
    }
}
