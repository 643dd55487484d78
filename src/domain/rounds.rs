//! Rounds: how strategies go on from one to the next.

/// What the agents of the next round try, by their numbers.
///
/// `best_first` is what those of this round tried. The first `keep` of it go on; the others
/// make place, the worst first, for what of `list` is not among `tried`, and stay where
/// nothing is left to be tried.
#[must_use]
pub fn next_strategies<S: Clone + PartialEq>(
    best_first: &[S],
    keep: usize,
    list: &[S],
    tried: &[S],
) -> Vec<S> {
    let (kept, others) = best_first.split_at(keep.min(best_first.len()));
    let mut fresh: Vec<&S> = Vec::new();
    for strategy in list {
        if fresh.len() < others.len() && !tried.contains(strategy) && !fresh.contains(&strategy) {
            fresh.push(strategy);
        }
    }
    let staying = others.iter().take(others.len() - fresh.len());
    kept.iter().chain(staying).chain(fresh).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_go_on_and_the_worst_make_place() {
        for (best_first, keep, list, tried, expected) in [
            // Enough that is new.
            ("bac", 1, "abcde", "abc", "bde"),
            ("bac", 2, "abcde", "abc", "bad"),
            // One that is new: the worst makes place.
            ("bac", 1, "abcd", "abc", "bad"),
            // Nothing that is new.
            ("bac", 1, "abc", "abc", "bac"),
            // None goes on, or all do.
            ("ab", 0, "abcd", "ab", "cd"),
            ("ab", 9, "abcd", "ab", "ab"),
            // What stands twice in a list is tried once.
            ("ab", 1, "abcc", "ab", "ac"),
            ("", 1, "ab", "", ""),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            let next = next_strategies(&chars(best_first), keep, &chars(list), &chars(tried));
            assert_eq!(next, chars(expected), "{best_first} {keep} {list} {tried}");
        }
    }

    proptest! {
        #[test]
        fn every_agent_has_one_and_the_best_keep_theirs(
            best_first in proptest::collection::vec(0u8..6, 0..6),
            keep in 0usize..8,
            list in proptest::collection::vec(0u8..12, 0..12),
        ) {
            let next = next_strategies(&best_first, keep, &list, &best_first);
            prop_assert_eq!(next.len(), best_first.len());
            let kept = keep.min(best_first.len());
            prop_assert_eq!(&next[..kept], &best_first[..kept]);
            for strategy in &next {
                prop_assert!(best_first.contains(strategy) || list.contains(strategy));
            }
        }
    }
}
