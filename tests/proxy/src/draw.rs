//! The one source of chance: a stream per seed, number and method.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// A stream of random numbers that is the same wherever these three are.
pub(crate) fn draw(seed: u64, number: u64, method: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    for (place, byte) in key[16..].iter_mut().zip(method.bytes()) {
        *place = byte;
    }
    ChaCha8Rng::from_seed(key)
}
