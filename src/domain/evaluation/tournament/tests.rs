use super::*;
use proptest::prelude::*;

fn agent(number: u32) -> AgentId {
    AgentId::new(number).unwrap()
}

fn runs(values: &[f64]) -> Runs {
    Runs::new((1..).zip(values.iter().copied()))
        .unwrap()
        .unwrap()
}

fn contestant(number: u32, outcome: Outcome, lines: usize) -> Contestant {
    Contestant {
        agent: agent(number),
        outcome,
        diff: DiffStat::new(1, lines, 0),
        tie_values: Vec::new(),
    }
}

fn measured(number: u32, values: &[f64]) -> Contestant {
    contestant(number, Outcome::Measured(runs(values)), 1)
}

/// Around `centre`, with a spread of 1 and a pattern of its own for each `kind`.
fn around(centre: f64, kind: usize) -> Vec<f64> {
    let pattern = [-1.0, 0.6, -0.2, 1.0, 0.1, -0.7, 0.2];
    (0..7)
        .map(|at| centre + pattern[(at * (kind + 1)) % 7])
        .collect()
}

fn order(held: &Tournament) -> Vec<(u32, Option<u32>)> {
    let placed = held.placed.iter();
    placed
        .map(|p| (p.contestant.agent.number(), p.rank))
        .collect()
}

fn hold(base: Option<&Runs>, contestants: Vec<Contestant>) -> Tournament {
    Tournament::hold(&Rules::default(), base, contestants)
}

#[test]
fn those_that_no_difference_tells_apart_share_a_rank() {
    let base = runs(&around(100.0, 0));
    let held = hold(
        Some(&base),
        vec![
            measured(1, &around(90.2, 1)),
            measured(2, &around(80.0, 2)),
            measured(3, &around(90.0, 3)),
            measured(4, &around(100.0, 4)),
        ],
    );
    assert_eq!(held.method, Method::Intervals { rounds: 7 });
    assert_eq!(
        order(&held),
        [(2, Some(1)), (3, Some(2)), (1, Some(2)), (4, Some(4))]
    );
    assert_eq!(
        held.verdict,
        Verdict::Winner {
            agent: agent(2),
            decided_by: None
        }
    );
    let beats: Vec<_> = held.placed.iter().map(|p| p.beats_base).collect();
    assert_eq!(beats, [Some(true), Some(true), Some(true), Some(false)]);
    let ahead: Vec<_> = held
        .placed
        .iter()
        .map(|p| Some(p.ahead?.agent.number()))
        .collect();
    assert_eq!(ahead, [None, Some(2), Some(3), Some(3)]);
}

#[test]
fn a_tie_is_decided_and_marked_so() {
    let rules = Rules {
        tie_breaks: vec![
            "size_kb:lower".parse().unwrap(),
            "speed:higher".parse().unwrap(),
        ],
        ..Rules::default()
    };
    let base = runs(&around(100.0, 0));
    let with = |number, ties: [Option<f64>; 2], lines| Contestant {
        tie_values: ties.to_vec(),
        diff: DiffStat::new(1, lines, 0),
        ..measured(number, &around(90.0, number as usize))
    };
    let held = Tournament::hold(
        &rules,
        Some(&base),
        vec![
            with(1, [None, Some(99.0)], 1),
            with(2, [Some(5.0), Some(1.0)], 9),
            with(3, [Some(5.0), Some(2.0)], 20),
            with(4, [Some(5.0), Some(1.0)], 8),
        ],
    );
    let shown: Vec<_> = order(&held).into_iter().map(|(number, _)| number).collect();
    assert_eq!(shown, [3, 4, 2, 1]);
    assert!(held.placed.iter().all(|p| p.rank == Some(1)));
    let tie = |name: &str| Decision::TieBreak(name.parse().unwrap());
    let decided: Vec<_> = held.placed.iter().map(|p| p.decided_by.clone()).collect();
    let size = Some(tie("size_kb"));
    assert_eq!(
        decided,
        [
            None,
            Some(tie("speed")),
            Some(Decision::SmallerChange),
            size
        ]
    );
    assert_eq!(
        held.verdict,
        Verdict::Winner {
            agent: agent(3),
            decided_by: Some(tie("speed"))
        }
    );
}

#[test]
fn nobody_wins_without_a_gain_unless_that_is_allowed() {
    let base = runs(&around(100.0, 0));
    let contestants = vec![
        measured(1, &around(100.0, 1)),
        measured(2, &around(100.1, 2)),
    ];
    let held = hold(Some(&base), contestants.clone());
    assert_eq!(held.verdict, Verdict::None(NoWinner::NoGain));
    let rules = Rules {
        allow_no_gain: true,
        ..Rules::default()
    };
    let held = Tournament::hold(&rules, Some(&base), contestants.clone());
    assert_eq!(held.verdict.winner(), Some(agent(1)));
    let held = hold(None, contestants);
    assert_eq!(
        held.verdict.winner(),
        Some(agent(1)),
        "there is nothing to beat"
    );
    let held = hold(Some(&base), vec![contestant(1, Outcome::Unmeasured, 1)]);
    assert_eq!(held.verdict, Verdict::None(NoWinner::NothingMeasured));
}

#[test]
fn one_run_of_each_is_compared_as_numbers() {
    let one = |value| Outcome::Measured(Runs::one(value).unwrap());
    let base = Runs::one(5.0).unwrap();
    let held = hold(
        Some(&base),
        vec![
            contestant(1, one(4.9), 1),
            contestant(2, one(4.8), 9),
            contestant(3, one(4.8), 5),
            contestant(4, one(5.0), 5),
        ],
    );
    assert_eq!(held.method, Method::Numbers);
    assert_eq!(
        order(&held),
        [(3, Some(1)), (2, Some(1)), (1, Some(3)), (4, Some(4))]
    );
    let decided_by = Some(Decision::SmallerChange);
    assert_eq!(
        held.verdict,
        Verdict::Winner {
            agent: agent(3),
            decided_by
        }
    );
    assert_eq!(held.placed[3].beats_base, Some(false));
    assert!(held.placed.iter().all(|p| p.against_base.is_none()));
}

#[test]
fn who_has_no_figure_comes_last_with_the_reason() {
    let base = runs(&around(100.0, 0));
    let held = hold(
        Some(&base),
        vec![
            contestant(1, Outcome::Disqualified("size_kb is 612".into()), 1),
            contestant(2, Outcome::NoMetric("NaN".into()), 9),
            contestant(3, Outcome::NoMetric("none".into()), 2),
            measured(4, &around(200.0, 1)),
            contestant(5, Outcome::Unmeasured, 1),
        ],
    );
    let expected = [
        (4, Some(1)),
        (5, None),
        (3, Some(3)),
        (2, Some(3)),
        (1, None),
    ];
    assert_eq!(order(&held), expected);
    assert_eq!(held.verdict, Verdict::None(NoWinner::NoGain));
    assert!(
        held.placed[1..]
            .iter()
            .all(|p| p.beats_base.is_none() && p.figure.is_none())
    );
}

#[test]
fn a_chain_of_ties_is_cut_at_its_leader() {
    // Neighbours are 0.9 apart, which is noise; the ends are 2.7 apart, which is not.
    let contestants = (0..4)
        .map(|at| measured(at + 1, &around(90.0 + 0.9 * f64::from(at), at as usize)))
        .collect();
    let held = hold(None, contestants);
    let ranks: Vec<_> = held.placed.iter().map(|p| p.rank.unwrap()).collect();
    assert_eq!(ranks[0], ranks[1]);
    assert!(ranks[3] > ranks[0], "{ranks:?}");
}

#[test]
fn a_tied_one_that_beats_the_base_wins_before_one_that_does_not() {
    // The first has the better figure and the smaller change, but is too noisy to be believed.
    let noisy: Vec<f64> = around(0.0, 1).iter().map(|v| 93.0 + 12.0 * v).collect();
    let quiet = (3..9).map(|number| measured(number, &around(100.0, number as usize % 5)));
    let mut all = vec![measured(1, &noisy), measured(2, &around(94.0, 2))];
    all[0].diff = DiffStat::default();
    all.extend(quiet);
    let held = hold(Some(&runs(&around(100.0, 0))), all);
    let [first, second, ..] = held.placed.as_slice() else {
        unreachable!()
    };
    assert_eq!(
        (first.contestant.agent, first.rank, first.beats_base),
        (agent(1), Some(1), Some(false))
    );
    assert_eq!(
        (second.contestant.agent, second.rank, second.beats_base),
        (agent(2), Some(1), Some(true))
    );
    assert_eq!(
        held.verdict,
        Verdict::Winner {
            agent: agent(2),
            decided_by: None
        }
    );
}

#[test]
fn values_without_spread_are_told_apart_exactly() {
    let base = runs(&[0.0; 3]);
    let rules = Rules {
        direction: Direction::Higher,
        ..Rules::default()
    };
    let contestants = vec![
        measured(1, &[-2.0; 3]),
        measured(2, &[-1.0; 3]),
        measured(3, &[0.0; 3]),
    ];
    let held = Tournament::hold(&rules, Some(&base), contestants);
    assert_eq!(order(&held), [(3, Some(1)), (2, Some(2)), (1, Some(3))]);
    assert_eq!(held.verdict, Verdict::None(NoWinner::NoGain));
}

/// Values in quarters, so that adding and mirroring them changes no digit.
fn any_field() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let value = (-400i32..400).prop_map(|v| f64::from(v) / 4.0);
    (1usize..8).prop_flat_map(move |rounds| {
        proptest::collection::vec(proptest::collection::vec(value.clone(), rounds), 2..7)
    })
}

fn contestants(rows: &[Vec<f64>], change: impl Fn(f64) -> f64) -> (Runs, Vec<Contestant>) {
    let changed = |row: &Vec<f64>| row.iter().map(|v| change(*v)).collect::<Vec<f64>>();
    let agents = rows[1..].iter().zip(1..);
    let contestants = agents
        .map(|(row, number)| measured(number, &changed(row)))
        .collect();
    (runs(&changed(&rows[0])), contestants)
}

proptest! {
    #[test]
    fn the_order_in_which_they_are_given_does_not_matter(rows in any_field(), by in 0usize..6) {
        let (base, mut all) = contestants(&rows, |v| v);
        let held = hold(Some(&base), all.clone());
        let by = by % all.len();
        all.rotate_left(by);
        prop_assert_eq!(hold(Some(&base), all), held);
    }

    #[test]
    fn a_constant_changes_no_order(rows in any_field(), add in -1000i32..1000) {
        let (base, all) = contestants(&rows, |v| v);
        let (base_more, all_more) = contestants(&rows, |v| v + f64::from(add));
        let held = hold(Some(&base), all);
        let more = hold(Some(&base_more), all_more);
        prop_assert_eq!(order(&held), order(&more));
        prop_assert_eq!(held.verdict, more.verdict);
    }

    #[test]
    fn the_other_direction_is_the_mirror(rows in any_field()) {
        let (base, all) = contestants(&rows, |v| v);
        let (base_mirrored, all_mirrored) = contestants(&rows, |v| -v);
        let rules = Rules { direction: Direction::Higher, ..Rules::default() };
        let held = hold(Some(&base), all);
        let mirrored = Tournament::hold(&rules, Some(&base_mirrored), all_mirrored);
        prop_assert_eq!(order(&held), order(&mirrored));
        prop_assert_eq!(held.verdict, mirrored.verdict);
    }

    #[test]
    fn ranks_are_those_of_a_competition(rows in any_field()) {
        let (base, all) = contestants(&rows, |v| v);
        let held = hold(Some(&base), all);
        for (at, placed) in held.placed.iter().enumerate() {
            let rank = placed.rank.unwrap() as usize;
            prop_assert!(rank <= at + 1);
            let same = at > 0 && held.placed[at - 1].rank == placed.rank;
            prop_assert!(same || rank == at + 1);
            prop_assert_eq!(placed.decided_by.is_some(), same);
        }
        if let Some(winner) = held.verdict.winner() {
            let won = held.placed.iter().find(|p| p.contestant.agent == winner).unwrap();
            prop_assert_eq!(won.rank, Some(1));
            prop_assert_eq!(won.beats_base, Some(true));
        }
    }
}
