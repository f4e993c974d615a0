//! Bodies: made from a pattern, digested once, held outside of every state.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

/// The most bytes of generated bodies that the pool keeps; beyond it they are made again.
pub const POOL_BYTES_MAX: usize = 16 << 20;

/// The longest body that a pattern may ask for, in bytes.
pub const BODY_BYTES_MAX: u64 = 1 << 30;

/// What the bytes of a body look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Bytes of a `ChaCha8` stream: no two ranges alike, so a shifted range is seen.
    Random,
    /// Every byte zero.
    Zero,
}

/// A body by its recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodySpec {
    /// What the bytes look like.
    pub pattern: Pattern,
    /// Which of the bodies of that pattern and length.
    pub seed: u64,
    /// Length in bytes.
    pub length: u64,
}

impl BodySpec {
    /// A random body of `length` bytes.
    pub const fn random(seed: u64, length: u64) -> Self {
        Self { pattern: Pattern::Random, seed, length }
    }

    fn bytes(self) -> Bytes {
        let length = usize::try_from(self.length.min(BODY_BYTES_MAX)).unwrap_or(0);
        let mut bytes = vec![0; length];
        if self.pattern == Pattern::Random {
            ChaCha8Rng::seed_from_u64(self.seed).fill_bytes(&mut bytes);
        }
        bytes.into()
    }
}

impl fmt::Display for BodySpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?} bytes (seed {})", self.length, self.pattern, self.seed)
    }
}

/// Bytes known by their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentId {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Length in bytes.
    pub length: u64,
}

/// Where the bytes of a payload can be had again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made from the recipe.
    Pattern(BodySpec),
    /// Given, and held by the pool.
    Given(ContentId),
}

/// What a state holds of a body: never the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Payload {
    /// Length in bytes.
    pub length: u64,
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// Where the bytes can be had again.
    pub origin: Origin,
}

/// A body with its digests.
#[derive(Debug)]
pub struct Pooled {
    /// The bytes.
    pub bytes: Bytes,
    /// SHA-256, 32 bytes.
    pub sha256: [u8; 32],
    /// SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256_hex: Bytes,
    /// MD5, 16 bytes.
    pub md5: [u8; 16],
    /// CRC-32 (ISO-HDLC).
    pub crc32: u32,
}

impl Pooled {
    /// Digests `bytes`.
    pub fn new(bytes: Bytes) -> Self {
        let sha256 = sha256(&bytes);
        Self { sha256, sha256_hex: hex(&sha256).into(), md5: md5(&bytes), crc32: crc32fast::hash(&bytes), bytes }
    }
}

/// The pool: each body is made and digested once, by whichever thread asks first.
#[derive(Debug, Default)]
pub struct Bodies {
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    made: BTreeMap<BodySpec, Arc<Pooled>>,
    made_bytes: usize,
    given: BTreeMap<ContentId, Arc<Pooled>>,
}

impl Bodies {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// The body of a recipe.
    pub fn made(&self, spec: BodySpec) -> Arc<Pooled> {
        if let Some(pooled) = self.lock().made.get(&spec) {
            return Arc::clone(pooled);
        }
        let pooled = Arc::new(Pooled::new(spec.bytes()));
        let mut shelves = self.lock();
        if shelves.made_bytes + pooled.bytes.len() > POOL_BYTES_MAX {
            shelves.made.clear();
            shelves.made_bytes = 0;
        }
        shelves.made_bytes += pooled.bytes.len();
        shelves.made.insert(spec, Arc::clone(&pooled));
        pooled
    }

    /// Takes given bytes in, until [`Bodies::forget_given`].
    pub fn give(&self, bytes: &Bytes) -> (ContentId, Arc<Pooled>) {
        let pooled = Pooled::new(bytes.clone());
        let id = ContentId { sha256: pooled.sha256, length: bytes.len() as u64 };
        let kept = Arc::clone(self.lock().given.entry(id).or_insert_with(|| Arc::new(pooled)));
        (id, kept)
    }

    /// Given bytes by their digest; none where the pool never saw them.
    pub fn given(&self, id: ContentId) -> Option<Arc<Pooled>> {
        self.lock().given.get(&id).map(Arc::clone)
    }

    /// The bytes behind a payload; none where they were given to another pool.
    pub fn of(&self, payload: &Payload) -> Option<Arc<Pooled>> {
        match payload.origin {
            Origin::Pattern(spec) => Some(self.made(spec)),
            Origin::Given(id) => self.given(id),
        }
    }

    /// Lets go of every given body, at the end of a case.
    pub fn forget_given(&self) {
        self.lock().given.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // A panic elsewhere cannot leave a shelf half-written: each change is one insert.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// MD5 of `bytes`.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// CRC-32 (ISO-HDLC) of `bytes`, big-endian.
pub fn crc32(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_be_bytes()
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_gives_the_same_bytes_for_ever() {
        let pooled = Bodies::new().made(BodySpec::random(7, 4));
        assert_eq!(pooled.bytes.as_ref(), BodySpec::random(7, 4).bytes().as_ref());
        assert_eq!(hex(&md5(b"")), b"d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(&hex(&BodySpec::random(7, 4).bytes())[..], b"bb43d723", "a change here changes every case");
    }

    #[test]
    fn given_bytes_come_back_by_digest_until_forgotten() {
        let bodies = Bodies::new();
        let (id, _) = bodies.give(&Bytes::from_static(b"abc"));
        assert_eq!(bodies.given(id).map(|pooled| pooled.bytes.clone()), Some(Bytes::from_static(b"abc")));
        bodies.forget_given();
        assert!(bodies.given(id).is_none());
    }
}
