//! Work on several threads that can be watched and stopped.

use std::convert::Infallible;
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
    each_beside(count, start, work, || (), watch).0
}

/// Does `work` for each thing that this thread could prepare, while this thread does `meanwhile`.
///
/// The answers stand in the order of the things, those that could not be prepared among them;
/// `None` when `watch` said no.
pub fn each_prepared<P: Sync, T: Send, E: Send, M>(
    prepared: Vec<Result<P, E>>,
    work: impl Fn(&P) -> Result<T, E> + Sync,
    meanwhile: impl FnOnce() -> M,
    watch: &mut dyn FnMut(usize) -> bool,
) -> (Option<Vec<Result<T, E>>>, M) {
    let there: Vec<&P> = prepared.iter().flatten().collect();
    let one = |(): &mut (), number: usize| {
        Ok::<_, Infallible>((number, there.get(number).map(|one| work(one))))
    };
    let (done, other) = each_beside(there.len(), || Ok(()), one, meanwhile, watch);
    let Ok(Some(mut done)) = done else {
        return (None, other);
    };
    done.sort_by_key(|(number, _)| *number);
    let mut done = done.into_iter().filter_map(|(_, answer)| answer);
    let answers = prepared.into_iter().filter_map(|one| match one {
        Ok(_) => done.next(),
        Err(error) => Some(Err(error)),
    });
    (Some(answers.collect()), other)
}

/// As [`each`], while this thread does `meanwhile`.
fn each_beside<S, T: Send, E: Send, M>(
    count: usize,
    start: impl Fn() -> Result<S, E> + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
    meanwhile: impl FnOnce() -> M,
    watch: &mut dyn FnMut(usize) -> bool,
) -> (Result<Option<Vec<T>>, E>, M) {
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
    // To say how many there are, the system reads some files: not where nobody waits for it.
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if count < 2 {
        count
    } else {
        processors().min(MOST_THREADS).min(count)
    };
    thread::scope(|scope| {
        let (results, ended) = mpsc::channel();
        for _ in 0..threads {
            let (results, run) = (results.clone(), &run);
            scope.spawn(move || run(&results));
        }
        drop(results);
        let other = meanwhile();
        let collected = collect(&ended, watch);
        // Whoever is at work still ends after it.
        stop.store(true, Ordering::Relaxed);
        (collected, other)
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
    fn answers_stand_in_the_order_of_what_was_prepared() {
        let prepared = (0..100).map(|number| {
            if number % 7 == 3 {
                Err(number)
            } else {
                Ok(number)
            }
        });
        let work = |number: &i32| {
            if *number == 50 {
                Err(-1)
            } else {
                Ok(2 * number)
            }
        };
        let (done, other) = each_prepared(prepared.collect(), work, || "other", &mut |_| true);
        let expected = (0..100).map(|number| match number {
            50 => Err(-1),
            number if number % 7 == 3 => Err(number),
            number => Ok(2 * number),
        });
        assert_eq!(done, Some(expected.collect()));
        assert_eq!(other, "other");
        let (stopped, ()) = each_prepared(vec![Ok::<_, ()>(1)], |_| Ok(1), || (), &mut |_| false);
        assert_eq!(stopped, None);
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
