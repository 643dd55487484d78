//! Which post answers which.

use std::collections::{HashMap, HashSet};

use super::Post;
use super::name::{FileName, PostRef};

/// For each post of a channel the place of the one that it answers, where that is among them.
#[must_use]
pub fn parents(posts: &[Post]) -> Vec<Option<usize>> {
    let stems: HashMap<&str, usize> = (0..)
        .zip(posts)
        .map(|(place, post)| (post.file.stem(), place))
        .collect();
    let parent_of = |post: &Post| {
        let named = post.metadata.parent.as_deref()?;
        // Older tools and hands name it in more than one way.
        let name = named.rsplit('/').next()?;
        let stem = name.strip_suffix(FileName::SUFFIX).unwrap_or(name);
        if let Some(place) = stems.get(stem) {
            return Some(*place);
        }
        let named: PostRef = name.parse().ok()?;
        let found = named.find(posts.iter().map(|post| &post.file));
        found
            .first()
            .and_then(|file| stems.get(file.stem()))
            .copied()
    };
    posts.iter().map(parent_of).collect()
}

/// The places of posts in the order in which they are shown, each with its depth: an answer
/// stands below what it answers. `parents` holds for each post the place of the one it answers.
#[must_use]
pub fn threads(parents: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut answers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            answers.entry(*parent).or_default().push(place);
        }
    }
    let mut shown = Shown {
        answers,
        seen: HashSet::new(),
        order: Vec::new(),
    };
    let begins = |place: &usize| parents.get(*place) == Some(&None);
    (0..parents.len())
        .filter(begins)
        .for_each(|place| shown.add(place));
    // Posts that answer each other in a circle.
    (0..parents.len()).for_each(|place| shown.add(place));
    shown.order
}

/// A post of a channel and all that answers it, directly or not, in the order of the channel.
#[must_use]
pub fn below(posts: &[Post], root: usize) -> Vec<usize> {
    let parents = parents(posts);
    let mut within = HashSet::from([root]);
    // An answer may stand before what it answers: look until nothing is added.
    loop {
        let before = within.len();
        for (place, parent) in parents.iter().enumerate() {
            if parent.is_some_and(|parent| within.contains(&parent)) {
                within.insert(place);
            }
        }
        if within.len() == before {
            break;
        }
    }
    let mut places: Vec<usize> = within.into_iter().collect();
    places.sort_unstable();
    places
}

struct Shown {
    answers: HashMap<usize, Vec<usize>>,
    seen: HashSet<usize>,
    order: Vec<(usize, usize)>,
}

impl Shown {
    /// A post that begins a thread, with all that follows from it.
    fn add(&mut self, root: usize) {
        let mut waiting = vec![(root, 0)];
        while let Some((place, depth)) = waiting.pop() {
            if !self.seen.insert(place) {
                continue;
            }
            self.order.push((place, depth));
            let answers = self.answers.get(&place).into_iter().flatten().rev();
            waiting.extend(answers.map(|answer| (*answer, depth + 1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::board::{Channel, Post};

    fn posts(parents: &[&str]) -> Vec<Post> {
        let text = |parent: &str| format!("---\nparent: {parent}\n---\nx\n");
        (1..)
            .zip(parents)
            .map(|(number, parent)| {
                let file = FileName::parse(&format!("{number:03}-a-20260317T143510Z.md"));
                Post::read(&Channel::results(), file, &text(parent), None)
            })
            .collect()
    }

    #[test]
    fn answers_stand_below_what_they_answer() {
        for (parents, order) in [
            (vec!["null", "null", "1"], vec![(0, 0), (2, 1), (1, 0)]),
            (
                vec!["null", "001-a", "002-a-20260317T143510Z.md", "results/1"],
                vec![(0, 0), (1, 1), (2, 2), (3, 1)],
            ),
            (vec!["2", "null"], vec![(1, 0), (0, 1)]),
            (vec!["gone", "../x"], vec![(0, 0), (1, 0)]),
            (vec!["2", "1", "3"], vec![(0, 0), (1, 1), (2, 0)]),
        ] {
            assert_eq!(
                threads(&super::parents(&posts(&parents))),
                order,
                "{parents:?}"
            );
        }
    }

    #[test]
    fn a_thread_is_a_post_with_all_that_follows_from_it() {
        let posts = posts(&["null", "1", "null", "2", "3"]);
        assert_eq!(below(&posts, 0), [0, 1, 3]);
        assert_eq!(below(&posts, 1), [1, 3]);
        assert_eq!(below(&posts, 4), [4]);
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let name = |number: u32| format!("{number:03}-a-20260317T143510Z");
        let chain: Vec<String> = (0..20_000).map(name).collect();
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        let order = threads(&parents(&posts(&chain)));
        assert_eq!(order.last(), Some(&(19_999, 19_999)));
    }
}
