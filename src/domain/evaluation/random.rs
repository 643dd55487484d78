//! Chance that comes again: the same seed gives the same numbers, in every version of hub.

use rand_core::Rng as _;
use rand_pcg::Pcg32;

/// A stream of random numbers, made of a seed and of what the numbers are for.
///
/// The generator is PCG32 (`rand_pcg`, whose streams are promised to stay as they are). What
/// is made of its numbers is written here, since the helpers of `rand` may change what they
/// give for a seed.
#[derive(Clone, Debug)]
pub struct Random(Pcg32);

impl Random {
    /// The stream of `seed` for one purpose, such as one round of a plan.
    ///
    /// Seeds and purposes are mixed first: generators of neighbouring numbers are alike.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let state = mixed(seed);
        Self(Pcg32::new(state, mixed(state ^ purpose)))
    }

    /// A number below `limit`, each as likely as the other; 0 when `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let Ok(limit) = u64::try_from(limit) else {
            return 0;
        };
        if limit == 0 {
            return 0;
        }
        // Numbers above the last whole multiple would make the small ones more likely.
        let last = u64::MAX - (u64::MAX % limit + 1) % limit;
        loop {
            let number = self.0.next_u64();
            if number <= last {
                return usize::try_from(number % limit).unwrap_or(0);
            }
        }
    }

    /// A number above 0 and below 1.
    pub fn fraction(&mut self) -> f64 {
        let high = self.0.next_u32();
        (f64::from(high) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    /// Puts a list into an order by chance; every order is as likely.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last + 1);
            list.swap(last, other);
        }
    }
}

/// The finisher of `SplitMix64`: numbers that differ in one bit become unlike each other.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_what_it_gave_in_the_first_version() {
        let mut random = Random::new(42, 7);
        let numbers: Vec<usize> = (0..8).map(|_| random.below(1000)).collect();
        assert_eq!(numbers, [92, 362, 969, 416, 339, 520, 403, 793]);
    }

    #[test]
    fn every_number_below_the_limit_comes_about_as_often() {
        let mut random = Random::new(1, 1);
        let mut counts = [0_u32; 6];
        for _ in 0..6000 {
            counts[random.below(6)] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn neighbouring_seeds_and_purposes_give_other_numbers() {
        let first = |seed, purpose| {
            let mut random = Random::new(seed, purpose);
            [random.below(1_000_000), random.below(1_000_000)]
        };
        assert_ne!(first(1, 1), first(1, 2));
        assert_ne!(first(1, 1), first(2, 1));
        assert_ne!(first(1, 2), first(2, 1));
    }

    #[test]
    fn every_order_comes_about_as_often() {
        let mut random = Random::new(3, 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            let mut list = [1, 2, 3];
            random.shuffle(&mut list);
            *counts.entry(list).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(
            counts.values().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn fractions_stay_between_their_ends() {
        let mut random = Random::new(9, 9);
        let sum: f64 = (0..1000)
            .map(|_| {
                let fraction = random.fraction();
                assert!(fraction > 0.0 && fraction < 1.0);
                fraction
            })
            .sum();
        assert!((450.0..550.0).contains(&sum), "{sum}");
    }
}
