//! What the statistics of an evaluation promise, held against evaluations that are made up.
//!
//! Each cell of the table in `docs/statistics.md` is a thousand evaluations here, of a few
//! cells by default. All of them, with twenty thousand evaluations each, printed as a table:
//! `HUB_TEST_ALL=1 cargo test --release --test it statistics -- --nocapture`.

use agenthub::domain::diff::DiffStat;
use agenthub::domain::evaluation::bootstrap::Bootstrap;
use agenthub::domain::evaluation::plan::{Entrant, Plan, Repeats, Round};
use agenthub::domain::evaluation::random::Random;
use agenthub::domain::evaluation::runs::Runs;
use agenthub::domain::evaluation::tournament::{Contestant, Outcome, Rules, Tournament};
use agenthub::domain::id::AgentId;

/// The seed of all of them; it was not chosen.
const SEED: u64 = 1;

/// One part in a hundred thousand of all runs of these tests would fail by chance.
const SLACK: f64 = 4.3;

fn everything() -> bool {
    std::env::var_os("HUB_TEST_ALL").is_some()
}

fn evaluations() -> u32 {
    if everything() { 20_000 } else { 1000 }
}

/// How runs of one entrant scatter around 1; 0.02 is 2 %.
#[derive(Clone, Copy, Debug)]
enum Noise {
    Normal,
    /// Skewed as times are: a floor and a long tail.
    LogNormal,
    /// One run in ten takes up to 30 % longer.
    Outliers,
    /// Without a finite variance.
    HeavyTails,
    /// Each run takes 0.2 % longer than the one before it, whoever it is of.
    Drift,
    /// The first agent scatters four times as much as the others.
    UnsteadyAgent,
    /// The base scatters four times as much as the others.
    UnsteadyBase,
}

impl Noise {
    /// What equal entrants look like; the promise is about these.
    const ALIKE: [Self; 5] = [
        Self::Normal,
        Self::LogNormal,
        Self::Outliers,
        Self::HeavyTails,
        Self::Drift,
    ];
    const UNLIKE: [Self; 2] = [Self::UnsteadyAgent, Self::UnsteadyBase];

    fn draw(self, random: &mut Random, entrant: Entrant, nth: usize) -> f64 {
        let one = AgentId::first(1).next().map(Entrant::Agent);
        let normal = 0.02 * normal(random);
        match self {
            Self::LogNormal => 0.04 * (25.0 * normal).exp(),
            Self::Outliers if random.below(10) == 0 => normal + 0.3 * random.fraction(),
            Self::HeavyTails => normal / random.fraction().sqrt(),
            Self::Drift => normal + 0.002 * f64::from(u32::try_from(nth).unwrap()),
            Self::UnsteadyAgent if Some(entrant) == one => 4.0 * normal,
            Self::UnsteadyBase if entrant == Entrant::Base => 4.0 * normal,
            Self::Normal | Self::Outliers | Self::UnsteadyAgent | Self::UnsteadyBase => normal,
        }
    }
}

/// The method of Box and Muller.
fn normal(random: &mut Random) -> f64 {
    let far = (-2.0 * random.fraction().ln()).sqrt();
    far * (std::f64::consts::TAU * random.fraction()).cos()
}

/// One kind of evaluation.
#[derive(Clone, Copy, Debug)]
struct Cell {
    noise: Noise,
    agents: u32,
    repeats: u32,
    /// By how much the first agent is better than the others and the base.
    gain: f64,
}

/// In how large a part of evaluations something was seen.
#[derive(Default)]
struct Seen {
    /// The first agent won.
    first_wins: f64,
    /// Anybody won.
    winner: f64,
    /// An agent was told apart from another.
    told_apart: f64,
}

impl Cell {
    fn hold(self, nth: u32) -> Tournament {
        let mut random = Random::new(SEED, u64::from(nth));
        let entrants = AgentId::first(self.agents).map(Entrant::Agent);
        let repeats = Repeats {
            counted: self.repeats,
            warm_up: 0,
            seed: u64::from(nth),
        };
        let plan = Plan::new(entrants.chain([Entrant::Base]), repeats);
        let mut measured: Vec<(Entrant, u32, f64)> = Vec::new();
        for (at, run) in plan.runs().iter().enumerate() {
            let Round::Counted(round) = run.round else {
                continue;
            };
            let is_first = run.entrant.agent().is_some_and(|agent| agent.number() == 1);
            let centre = if is_first { 1.0 - self.gain } else { 1.0 };
            let value = centre + self.noise.draw(&mut random, run.entrant, at);
            measured.push((run.entrant, round, value));
        }
        let runs_of = |entrant: Entrant| {
            let of = measured.iter().filter(|(whose, ..)| *whose == entrant);
            let runs = Runs::new(of.map(|(_, round, value)| (*round, *value)));
            runs.unwrap().unwrap()
        };
        let contestants = AgentId::first(self.agents).map(|agent| Contestant {
            agent,
            outcome: Outcome::Measured(runs_of(Entrant::Agent(agent))),
            diff: DiffStat::default(),
            tie_values: Vec::new(),
        });
        let base = runs_of(Entrant::Base);
        Tournament::hold(&Rules::default(), Some(&base), contestants.collect())
    }

    fn seen(self) -> Seen {
        let mut seen = Seen::default();
        let part = 1.0 / f64::from(evaluations());
        for nth in 0..evaluations() {
            let held = self.hold(nth);
            if let Some(winner) = held.verdict.winner() {
                seen.winner += part;
                seen.first_wins += if winner.number() == 1 { part } else { 0.0 };
            }
            if held.placed.iter().any(|placed| placed.rank != Some(1)) {
                seen.told_apart += part;
            }
        }
        seen
    }
}

/// How far a share may lie from the promised one by chance.
fn slack(promised: f64) -> f64 {
    SLACK * (promised * (1.0 - promised) / f64::from(evaluations())).sqrt()
}

#[expect(
    clippy::print_stdout,
    reason = "the table is what is asked for with --nocapture"
)]
fn show(cell: Cell, share: f64) {
    let Cell {
        noise,
        agents,
        repeats,
        gain,
    } = cell;
    println!(
        "{noise:?} | {agents} agents | {repeats} rounds | gain {gain} | {:.1} %",
        share * 100.0
    );
}

fn chosen<'c, T>(all: &'c [T], few: &'c [T]) -> &'c [T] {
    if everything() { all } else { few }
}

#[test]
fn chance_makes_a_winner_among_equals_no_oftener_than_promised() {
    for noise in Noise::ALIKE {
        for repeats in chosen(&[3, 5, 7, 10, 20], &[5]) {
            for agents in chosen(&[1, 3, 5, 8], &[3, 8]) {
                let cell = Cell {
                    noise,
                    agents: *agents,
                    repeats: *repeats,
                    gain: 0.0,
                };
                let seen = cell.seen();
                show(cell, seen.winner);
                assert!(
                    seen.winner <= 0.05 + slack(0.05),
                    "{cell:?}: {}",
                    seen.winner
                );
                assert!(
                    seen.told_apart <= 0.05 + slack(0.05),
                    "{cell:?}: {}",
                    seen.told_apart
                );
            }
        }
    }
}

/// Not promised, but it must not get out of hand: plain pooling gives 15 % here.
#[test]
fn an_unsteady_entrant_is_not_taken_for_a_winner() {
    for noise in Noise::UNLIKE {
        for repeats in chosen(&[5, 7, 10, 20], &[7]) {
            for agents in chosen(&[3, 5, 8], &[3, 8]) {
                let cell = Cell {
                    noise,
                    agents: *agents,
                    repeats: *repeats,
                    gain: 0.0,
                };
                let seen = cell.seen();
                show(cell, seen.winner);
                assert!(
                    seen.winner <= 0.08 + slack(0.08),
                    "{cell:?}: {}",
                    seen.winner
                );
            }
        }
    }
}

#[test]
fn a_gain_of_five_per_cent_is_found_with_the_recommended_rounds() {
    for agents in chosen(&[1, 2, 3, 5, 8], &[3, 8]) {
        let cell = Cell {
            noise: Noise::Normal,
            agents: *agents,
            repeats: Repeats::RECOMMENDED,
            gain: 0.05,
        };
        let seen = cell.seen();
        show(cell, seen.first_wins);
        assert!(
            seen.first_wins >= 0.95 - slack(0.95),
            "{cell:?}: {}",
            seen.first_wins
        );
    }
    // What the other rows of the table say; nothing is promised of them.
    for repeats in chosen(&[3, 5, 7, 10, 20], &[]) {
        for noise in Noise::ALIKE {
            for agents in [3, 8] {
                let cell = Cell {
                    noise,
                    agents,
                    repeats: *repeats,
                    gain: 0.05,
                };
                show(cell, cell.seen().first_wins);
            }
        }
    }
}

/// The true median is that of the noise: 0 for the normal, 1 for the log-normal.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the table is what is asked for with --nocapture"
)]
fn the_interval_of_a_figure_holds_the_truth() {
    let (samples, resamples) = if everything() {
        (5000_u32, 2000)
    } else {
        (400, 200)
    };
    for runs in chosen(&[5_u32, 6, 7, 8, 10, 15, 20], &[7, 10]) {
        for skewed in [false, true] {
            let held = (0..samples).filter(|nth| {
                let mut random = Random::new(SEED, u64::from(*nth));
                let mut value = || {
                    let normal = normal(&mut random);
                    if skewed { normal.exp() } else { normal }
                };
                let runs = Runs::new((1..=*runs).map(|round| (round, value())));
                let seed = u64::from(*nth);
                let interval = Bootstrap { resamples, seed }.interval(&runs.unwrap().unwrap());
                interval.unwrap().holds(if skewed { 1.0 } else { 0.0 })
            });
            let share = f64::from(u32::try_from(held.count()).unwrap()) / f64::from(samples);
            println!("{runs} runs | skewed {skewed} | {:.1} %", share * 100.0);
            // With 5 runs no interval within them can hold it oftener than 93.75 %.
            assert!(share > 0.9, "{runs} runs, skewed {skewed}: {share}");
        }
    }
}
