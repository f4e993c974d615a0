//! Draws: one stream of our own for what is chosen, and proptest's runner, seeded from it, for values.

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// How often proptest may reject a value before it gives up on a strategy.
const REJECTS_MAX: u32 = 1_000;

/// Everything that one walk draws.
pub(super) struct Dice {
    random: ChaCha8Rng,
    values: TestRunner,
}

impl Dice {
    /// The dice of the case `number` under `seed`.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        // The defaults come from the environment, so whatever may change a value is set here.
        let config = Config {
            failure_persistence: None,
            max_local_rejects: REJECTS_MAX,
            max_global_rejects: REJECTS_MAX,
            max_flat_map_regens: REJECTS_MAX,
            ..Config::default()
        };
        let values = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        Self { random, values }
    }

    /// A number below `bound`; zero where there is nothing to choose.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        if bound < 2 { 0 } else { usize::try_from(self.random.next_u64() % bound as u64).unwrap_or(0) }
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of them; none where there is none.
    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }

    /// The place of one of them, as often as it is heavy; none where nothing weighs anything.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> Option<usize> {
        let sum = weights.iter().fold(0, |sum: u64, weight| sum.saturating_add(*weight));
        let mut left = self.random.next_u64().checked_rem(sum)?;
        weights.iter().position(|weight| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        })
    }

    /// A value of a strategy; none where the strategy gives up.
    pub(super) fn value<S: Strategy>(&mut self, strategy: &S) -> Option<S::Value> {
        strategy.new_tree(&mut self.values).ok().map(|tree| tree.current())
    }
}
