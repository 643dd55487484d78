//! The commits of a session as a graph: which tip contains which, and in which order to draw them.

use std::collections::{HashMap, HashSet};

use super::refs::CommitId;

/// A commit with its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The commit.
    pub commit: CommitId,
    /// Its parents; some may be outside the graph.
    pub parents: Vec<CommitId>,
}

/// What a graph says of one tip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Commits that it has and the base has not.
    pub ahead: usize,
    /// The number of the tip with the fewest commits that contains it; `None` at the frontier.
    pub contained_in: Option<usize>,
}

/// What each tip reaches, in one pass over the nodes, which come children first.
///
/// Tips at the same commit do not contain each other.
#[must_use]
pub fn reaches(nodes: &[Node], tips: &[CommitId], base: Option<&CommitId>) -> Vec<Reach> {
    let mut distinct: Vec<&CommitId> = Vec::new();
    let mut numbers: HashMap<&CommitId, usize> = HashMap::new();
    for commit in tips.iter().chain(base) {
        numbers.entry(commit).or_insert_with(|| {
            distinct.push(commit);
            distinct.len() - 1
        });
    }
    let base = base.and_then(|base| numbers.get(base)).copied();
    let mut ahead = vec![0; distinct.len()];
    let mut containers = vec![Bits::default(); distinct.len()];
    let mut reached_by: HashMap<&CommitId, Bits> = HashMap::new();
    for node in nodes {
        // No child of it follows: what reaches it is complete, and not needed after it.
        let mut bits = reached_by.remove(&node.commit).unwrap_or_default();
        if let Some(number) = numbers.get(&node.commit) {
            if let Some(containers) = containers.get_mut(*number) {
                containers.clone_from(&bits);
            }
            bits.set(*number);
        }
        if !base.is_some_and(|base| bits.has(base)) {
            for number in bits.ones() {
                if let Some(ahead) = ahead.get_mut(number) {
                    *ahead += 1;
                }
            }
        }
        for parent in &node.parents {
            reached_by.entry(parent).or_default().add(&bits);
        }
    }
    let own = |number: usize| ahead.get(number).copied().unwrap_or_default();
    // The base is no attempt, unless one ends there.
    let mut first_tips: HashMap<&CommitId, usize> = HashMap::new();
    for (place, tip) in tips.iter().enumerate() {
        first_tips.entry(tip).or_insert(place);
    }
    let first_tips = distinct.iter().map(|tip| first_tips.get(tip).copied());
    let first_tips: Vec<Option<usize>> = first_tips.collect();
    let nearest = |number: usize| {
        let containers = containers.get(number)?.ones();
        let tips = containers.filter_map(|other| Some((own(other), (*first_tips.get(other)?)?)));
        tips.min().map(|(_, tip)| tip)
    };
    let nearest: Vec<Option<usize>> = (0..distinct.len()).map(nearest).collect();
    let numbers = tips.iter().map(|tip| numbers.get(tip).copied());
    numbers
        .map(|number| Reach {
            ahead: number.map_or(0, own),
            contained_in: number.and_then(|number| nearest.get(number).copied().flatten()),
        })
        .collect()
}

/// Whether every way down from `tips` goes to `base`: then `base` is what all have in common.
///
/// The nodes are all commits that the tips reach and the base does not.
#[must_use]
pub fn stand_on(nodes: &[Node], tips: &[CommitId], base: &CommitId) -> bool {
    let known: HashSet<&CommitId> = nodes.iter().map(|node| &node.commit).collect();
    let within = |commit: &CommitId| commit == base || known.contains(commit);
    let on = |node: &Node| !node.parents.is_empty() && node.parents.iter().all(within);
    tips.iter().all(within) && nodes.iter().all(on)
}

/// The order to draw nodes in: children before parents, and the commits of one tip together.
///
/// Tips come in the order they are given in; each node must be reached by one of them.
#[must_use]
pub fn drawn_order(nodes: &[Node], tips: &[CommitId]) -> Vec<usize> {
    let index: HashMap<&CommitId, usize> = nodes
        .iter()
        .enumerate()
        .map(|(number, node)| (&node.commit, number))
        .collect();
    let parents = |number: usize| {
        let parents = nodes.get(number).map_or(&[][..], |node| &node.parents);
        parents.iter().filter_map(|parent| index.get(parent))
    };
    let is_root: HashSet<usize> = {
        let with_children: HashSet<usize> = (0..nodes.len()).flat_map(parents).copied().collect();
        let all = 0..nodes.len();
        all.filter(|at| !with_children.contains(at)).collect()
    };
    let mut children = vec![0_usize; nodes.len()];
    for parent in (0..nodes.len()).flat_map(parents) {
        if let Some(children) = children.get_mut(*parent) {
            *children += 1;
        }
    }
    let mut order = Vec::new();
    let mut begun = HashSet::new();
    let mut open: Vec<usize> = Vec::new();
    for tip in tips {
        let Some(tip) = index.get(tip).copied() else {
            continue;
        };
        // One that has children comes after them, with the tip that they belong to.
        if is_root.contains(&tip) && begun.insert(tip) {
            open.push(tip);
        }
        while let Some(next) = open.pop() {
            order.push(next);
            let first = open.len();
            for parent in parents(next) {
                if let Some(left) = children.get_mut(*parent) {
                    *left -= 1;
                    if *left == 0 {
                        open.push(*parent);
                    }
                }
            }
            // The first parent's line is gone on with.
            if let Some(found) = open.get_mut(first..) {
                found.reverse();
            }
        }
    }
    order
}

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, number: usize) {
        let word = number / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: usize) -> bool {
        let word = self.0.get(number / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(at * 64 + bit as usize)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: usize) -> CommitId {
        format!("{number:040x}").parse().unwrap()
    }

    /// Nodes by number, children first: each with its parents.
    fn nodes(edges: &[(usize, &[usize])]) -> Vec<Node> {
        edges
            .iter()
            .map(|(commit, parents)| Node {
                commit: id(*commit),
                parents: parents.iter().copied().map(id).collect(),
            })
            .collect()
    }

    fn ids(numbers: &[usize]) -> Vec<CommitId> {
        numbers.iter().copied().map(id).collect()
    }

    fn shown(reaches: &[Reach]) -> Vec<(usize, Option<usize>)> {
        let pair = |reach: &Reach| (reach.ahead, reach.contained_in);
        reaches.iter().map(pair).collect()
    }

    #[test]
    fn tips_side_by_side_are_all_at_the_frontier() {
        let graph = nodes(&[(3, &[0]), (2, &[1]), (1, &[0]), (0, &[])]);
        let reaches = reaches(&graph, &ids(&[2, 3]), Some(&id(0)));
        assert_eq!(shown(&reaches), [(2, None), (1, None)]);
    }

    #[test]
    fn a_line_names_the_nearest_that_contains_each() {
        let graph = nodes(&[(3, &[2]), (2, &[1]), (1, &[0]), (0, &[])]);
        let reaches = reaches(&graph, &ids(&[3, 0, 1, 2]), Some(&id(0)));
        let expected = [(3, None), (0, Some(2)), (1, Some(3)), (2, Some(0))];
        assert_eq!(shown(&reaches), expected);
    }

    #[test]
    fn equal_tips_do_not_contain_each_other_and_the_base_is_no_tip() {
        let graph = nodes(&[(1, &[0]), (0, &[])]);
        let twins = reaches(&graph, &ids(&[1, 1]), Some(&id(0)));
        assert_eq!(shown(&twins), [(1, None), (1, None)]);
        let reset = reaches(&graph, &ids(&[0]), Some(&id(1)));
        assert_eq!(shown(&reset), [(0, None)]);
    }

    #[test]
    fn a_tip_merged_into_another_is_contained_in_it() {
        let graph = nodes(&[(3, &[1, 2]), (2, &[0]), (1, &[0]), (0, &[])]);
        let reaches = reaches(&graph, &ids(&[3, 2]), Some(&id(0)));
        assert_eq!(shown(&reaches), [(3, None), (1, Some(0))]);
    }

    #[test]
    fn tips_stand_on_what_all_their_ways_lead_to() {
        let two = nodes(&[(4, &[1]), (3, &[1]), (2, &[1])]);
        assert!(stand_on(&two, &ids(&[2, 3, 4]), &id(1)));
        assert!(stand_on(&[], &ids(&[1]), &id(1)));
        // One went back behind the base, one has another base below, one has a root of its own.
        assert!(!stand_on(&two, &ids(&[2, 0]), &id(1)));
        let older = nodes(&[(3, &[1, 0]), (2, &[1])]);
        assert!(!stand_on(&older, &ids(&[2, 3]), &id(1)));
        let apart = nodes(&[(3, &[]), (2, &[1])]);
        assert!(!stand_on(&apart, &ids(&[2, 3]), &id(1)));
    }

    #[test]
    fn a_thousand_tips_in_a_line_each_name_the_next() {
        let edges: Vec<(usize, Vec<usize>)> = (0..1500).rev().map(|n| (n, below(n))).collect();
        let edges: Vec<(usize, &[usize])> = edges.iter().map(|(n, p)| (*n, &p[..])).collect();
        let tips: Vec<usize> = (1..1500).collect();
        let found = reaches(&nodes(&edges), &ids(&tips), Some(&id(0)));
        for (place, reach) in found.iter().enumerate() {
            assert_eq!(reach.ahead, place + 1);
            assert_eq!(reach.contained_in, (place < 1498).then_some(place + 1));
        }
    }

    fn below(number: usize) -> Vec<usize> {
        number.checked_sub(1).into_iter().collect()
    }

    #[test]
    fn one_tip_is_drawn_to_its_end_before_the_next() {
        let graph = nodes(&[(4, &[2]), (3, &[1]), (2, &[0]), (1, &[0]), (0, &[])]);
        assert_eq!(drawn_order(&graph, &ids(&[3, 4])), [1, 3, 0, 2, 4]);
        let merge = nodes(&[(3, &[1, 2]), (2, &[0]), (1, &[0]), (0, &[])]);
        assert_eq!(drawn_order(&merge, &ids(&[2, 3, 3])), [0, 2, 1, 3]);
    }

    proptest! {
        /// Against the definition: whatever another tip can be walked to from.
        #[test]
        fn containment_is_that_of_the_definition(
            parents in prop::collection::vec(prop::collection::vec(0_usize..1000, 0..3), 1..20),
            tips in prop::collection::vec(0_usize..1000, 1..6),
        ) {
            let count = parents.len();
            let parents: Vec<Vec<usize>> = parents
                .iter()
                .enumerate()
                .map(|(at, some)| some.iter().filter(|_| at > 0).map(|p| p % at.max(1)).collect())
                .collect();
            let mut below: Vec<Vec<bool>> = Vec::new();
            for (at, own) in parents.iter().enumerate() {
                let mut reached = vec![false; count];
                reached[at] = true;
                for parent in own {
                    for (to, from) in reached.iter_mut().zip(&below[*parent]) {
                        *to |= *from;
                    }
                }
                below.push(reached);
            }
            let tips: Vec<usize> = tips.iter().map(|tip| tip % count).collect();
            let edges: Vec<(usize, &[usize])> =
                parents.iter().enumerate().rev().map(|(at, own)| (at, own.as_slice())).collect();
            let graph = nodes(&edges);
            let found = reaches(&graph, &ids(&tips), Some(&id(0)));
            for (tip, reach) in tips.iter().zip(&found) {
                let contained = tips.iter().any(|other| other != tip && below[*other][*tip]);
                prop_assert_eq!(reach.contained_in.is_some(), contained);
                if let Some(other) = reach.contained_in {
                    prop_assert!(below[tips[other]][*tip]);
                }
                let ahead = (1..count).filter(|commit| below[*tip][*commit]).count();
                prop_assert_eq!(reach.ahead, ahead);
            }
            let order = drawn_order(&graph, &ids(&tips));
            let drawn: Vec<usize> = order.iter().map(|at| count - 1 - at).collect();
            for (at, commit) in drawn.iter().enumerate() {
                for parent in &parents[*commit] {
                    prop_assert!(!drawn[..at].contains(parent), "children first");
                }
            }
        }
    }
}
