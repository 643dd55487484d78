//! What is asked of a supervisor, by signals: to end its agent, to let it pause, to let it go on.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use super::error::{Error, Result};

/// The signals that a supervisor got and has not acted upon, in their order.
#[derive(Debug)]
pub struct Requests {
    told: Receiver<Request>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// SIGTERM: the agent is to end.
    End,
    /// SIGUSR1: the agent is to stand still.
    Pause,
    /// SIGUSR2: the agent is to go on.
    Resume,
    /// SIGCHLD: a process below the supervisor has ended, or something was said to the agent.
    Look,
}

impl Requests {
    /// Catches the signals from now on; none that comes later is missed, or ends the supervisor.
    pub(super) fn catch() -> Result<Self> {
        // The terminal's end and a stray Ctrl-C are not for the supervisor.
        let caught = [SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGHUP, SIGINT];
        let mut signals = Signals::new(caught).map_err(Error::io("catch signals"))?;
        let (tell, told) = channel();
        thread::Builder::new()
            .name("requests".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    let request = match signal {
                        SIGTERM => Request::End,
                        SIGUSR1 => Request::Pause,
                        SIGUSR2 => Request::Resume,
                        SIGCHLD => Request::Look,
                        _ => continue,
                    };
                    if tell.send(request).is_err() {
                        return;
                    }
                }
            })
            .map_err(Error::io("wait for signals"))?;
        Ok(Self { told })
    }

    /// The next request, or `None` when none came within `limit`.
    pub(super) fn next_within(&self, limit: Duration) -> Option<Request> {
        match self.told.recv_timeout(limit) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread does not end before this value does.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(limit);
                None
            }
        }
    }
}
