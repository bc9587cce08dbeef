//! A small deterministic generator: the same seed gives the same world on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014). It serves invention, never secrecy.
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// A generator whose whole sequence the seed decides.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of `0..count`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % count).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).saturating_add(1);
        let offset = i64::try_from(self.next() % width).unwrap_or(0);
        low.saturating_add(offset)
    }

    /// Puts a list in an order of its own.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let chosen = self.below(end + 1);
            list.swap(end, chosen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the generator is the published one. Method: its reference outputs for seed 1234567.
    #[test]
    fn it_is_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    /// Goal: a range keeps its bounds and reaches both. Method: a thousand draws.
    #[test]
    fn a_range_includes_its_ends() {
        let mut random = Random::new(7);
        let draws: Vec<i64> = (0..1_000).map(|_| random.between(-2, 3)).collect();
        assert_eq!(draws.iter().min(), Some(&-2));
        assert_eq!(draws.iter().max(), Some(&3));
    }
}
