//! Work on many things, a batch at a time, on all processors.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Fewer are done before another thread has begun.
const TOO_FEW: usize = 32;

/// Whoever waits for a batch waits for no more than this.
const LARGEST: usize = 256;

/// Does `work` for batches of things, each thread with what `start` gives it.
///
/// `each` is told what came of them, in the order of the things and on this thread, until it has
/// enough. What `start` gave comes back; `None` where `each` had enough.
pub(super) fn in_batches<T: Sync, S: Send, R: Send>(
    all: &[T],
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &[T]) -> R + Sync,
    mut each: impl FnMut(R) -> ControlFlow<()>,
) -> Option<Vec<S>> {
    let threads = threads_for(all.len());
    let size = (all.len() / (threads * 8)).clamp(TOO_FEW, LARGEST);
    if threads < 2 {
        let mut state = start();
        let mut batches = all.chunks(size);
        let ended = batches.try_for_each(|batch| each(work(&mut state, batch)));
        return ended.is_continue().then(|| vec![state]);
    }
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let run = |done: &mpsc::Sender<(usize, R)>| {
        let mut state = start();
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = all.chunks(size).nth(number) else {
                break;
            };
            if done.send((number, work(&mut state, batch))).is_err() {
                break;
            }
        }
        state
    };
    thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        let run = &run;
        let start_one = |_| {
            let done = done.clone();
            scope.spawn(move || run(&done))
        };
        let threads: Vec<_> = (0..threads).map(start_one).collect();
        drop(done);
        let told = in_order(&ended, each);
        // Whoever is at a batch still ends it.
        stop.store(true, Ordering::Relaxed);
        let states = threads.into_iter().map(|thread| match thread.join() {
            Ok(state) => state,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let states = states.collect();
        told.is_continue().then_some(states)
    })
}

fn threads_for(count: usize) -> usize {
    let wanted = count / TOO_FEW;
    if wanted < 2 {
        return 1;
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.min(8).min(wanted)
}

fn in_order<R>(
    ended: &mpsc::Receiver<(usize, R)>,
    mut each: impl FnMut(R) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, result) in ended {
        early.insert(number, result);
        while let Some(result) = early.remove(&next) {
            next += 1;
            each(result)?;
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(count: usize, most: usize) -> (Vec<usize>, Option<usize>) {
        let all: Vec<usize> = (0..count).collect();
        let mut found = Vec::new();
        let states = in_batches(
            &all,
            || 0,
            |seen, batch| {
                *seen += batch.len();
                batch.iter().map(|n| n * 2).collect::<Vec<_>>()
            },
            |part| {
                found.extend(part);
                if found.len() >= most {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        (found, states.map(|states| states.into_iter().sum()))
    }

    #[test]
    fn all_are_worked_on_in_their_order() {
        for count in [0, 1, 63, 64, 1000, 10_000] {
            let wanted = (0..count).map(|n| n * 2).collect::<Vec<_>>();
            assert_eq!(doubled(count, usize::MAX), (wanted, Some(count)));
        }
    }

    #[test]
    fn it_ends_where_there_is_enough() {
        for count in [40, 10_000] {
            let (found, states) = doubled(count, 10);
            assert!((10..=LARGEST).contains(&found.len()), "{count}");
            assert_eq!(found.iter().copied().max(), Some((found.len() - 1) * 2));
            assert_eq!(states, None);
        }
    }
}
