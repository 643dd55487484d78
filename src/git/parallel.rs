//! Work on several threads that can be watched and stopped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often `watch` is asked while no work ends.
const LOOK: Duration = Duration::from_millis(50);

/// More threads than this wait for the disk, not for each other.
const MOST_THREADS: usize = 8;

/// Does `work` for every number below `count`, each thread with what `start` gives it.
///
/// `watch` is told how many are done and says whether to go on; it stays on this thread.
/// `None` when it said no. The results stand in no order.
///
/// # Errors
/// The first error of a thread; the others end after what they are at.
pub fn each<S, T: Send, E: Send>(
    count: usize,
    start: impl Fn() -> Result<S, E> + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
    watch: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Vec<T>>, E> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let run = |results: &mpsc::Sender<Result<T, E>>| {
        let mut state = match start() {
            Ok(state) => state,
            Err(error) => return drop(results.send(Err(error))),
        };
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || results.send(work(&mut state, number)).is_err() {
                return;
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(MOST_THREADS).min(count);
    thread::scope(|scope| {
        let (results, ended) = mpsc::channel();
        for _ in 0..threads {
            let (results, run) = (results.clone(), &run);
            scope.spawn(move || run(&results));
        }
        drop(results);
        let collected = collect(&ended, watch);
        // Whoever is at work still ends after it.
        stop.store(true, Ordering::Relaxed);
        collected
    })
}

fn collect<T, E>(
    ended: &mpsc::Receiver<Result<T, E>>,
    watch: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Vec<T>>, E> {
    let mut results = Vec::new();
    loop {
        if !watch(results.len()) {
            return Ok(None);
        }
        match ended.recv_timeout(LOOK) {
            Ok(result) => results.push(result?),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Some(results)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once() {
        let mut told = Vec::new();
        let done = each(
            1000,
            || Ok::<_, ()>(0),
            |seen, number| {
                *seen += 1;
                Ok(number)
            },
            &mut |done| {
                told.push(done);
                true
            },
        );
        let mut done = done.unwrap().unwrap();
        done.sort_unstable();
        assert_eq!(done, (0..1000).collect::<Vec<_>>());
        assert_eq!(told.last(), Some(&1000));
    }

    #[test]
    fn the_first_error_ends_it() {
        let worked = AtomicUsize::new(0);
        let ended = each(
            1_000_000,
            || Ok(()),
            |(), number| {
                worked.fetch_add(1, Ordering::Relaxed);
                if number == 5 { Err(number) } else { Ok(()) }
            },
            &mut |_| true,
        );
        assert_eq!(ended, Err(5));
        assert!(worked.into_inner() < 1_000_000);
    }

    #[test]
    fn a_thread_that_cannot_begin_is_an_error() {
        let ended = each(3, || Err::<(), _>("no"), |(), _| Ok(()), &mut |_| true);
        assert_eq!(ended, Err("no"));
    }

    #[test]
    fn it_can_be_stopped() {
        let ended = each(
            usize::MAX,
            || Ok::<_, ()>(()),
            |(), _| Ok(()),
            &mut |done| done < 10,
        );
        assert_eq!(ended, Ok(None));
    }
}
