//! Bodies: made from a pattern, digested once, held outside of every state.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::value::Function;

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

/// A body with its digests. Those that every signed write needs are computed at once, the others when they are
/// first asked for.
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
    sha1: OnceLock<[u8; 20]>,
    crc32: OnceLock<[u8; 4]>,
    crc32c: OnceLock<[u8; 4]>,
    crc64nvme: OnceLock<[u8; 8]>,
}

impl Pooled {
    /// Digests `bytes`.
    pub fn new(bytes: Bytes) -> Self {
        let sha256 = sha256(&bytes);
        Self {
            sha256,
            sha256_hex: hex(&sha256).into(),
            md5: md5(&bytes),
            sha1: OnceLock::new(),
            crc32: OnceLock::new(),
            crc32c: OnceLock::new(),
            crc64nvme: OnceLock::new(),
            bytes,
        }
    }

    /// What `function` makes of the bytes; none where it is no digest.
    pub fn digest(&self, function: Function) -> Option<Bytes> {
        let digest: &[u8] = match function {
            Function::Md5 => &self.md5,
            Function::Sha256 => &self.sha256,
            Function::Sha1 => self.sha1.get_or_init(|| sha1(&self.bytes)),
            Function::Crc32 => self.crc32.get_or_init(|| crc32(&self.bytes)),
            Function::Crc32c => self.crc32c.get_or_init(|| crc32c(&self.bytes)),
            Function::Crc64Nvme => self.crc64nvme.get_or_init(|| crc64nvme(&self.bytes)),
            _ => return None,
        };
        Some(Bytes::copy_from_slice(digest))
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
        self.from(payload.origin)
    }

    /// The body that comes from `origin`; none where it was given to another pool.
    pub fn from(&self, origin: Origin) -> Option<Arc<Pooled>> {
        match origin {
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

/// SHA-1 of `bytes`. It keeps nobody out any more; it still tells whether bytes were damaged on their way.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut digest = [0; 20];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    digest
}

/// CRC-32 of `bytes`, big-endian: that of ISO/IEC 13239 (HDLC), zip and PNG.
pub fn crc32(bytes: &[u8]) -> [u8; 4] {
    crc::<4>(CrcAlgorithm::Crc32IsoHdlc, bytes)
}

/// CRC-32C of `bytes`, big-endian: Castagnoli's, that of iSCSI (RFC 3720).
pub fn crc32c(bytes: &[u8]) -> [u8; 4] {
    crc::<4>(CrcAlgorithm::Crc32Iscsi, bytes)
}

/// CRC-64/NVME of `bytes`, big-endian: that of the NVM Express command set specification.
pub fn crc64nvme(bytes: &[u8]) -> [u8; 8] {
    crc::<8>(CrcAlgorithm::Crc64Nvme, bytes)
}

/// The last `BYTES` bytes of the number in which every CRC comes.
fn crc<const BYTES: usize>(algorithm: CrcAlgorithm, bytes: &[u8]) -> [u8; BYTES] {
    let number = crc_fast::checksum(algorithm, bytes).to_be_bytes();
    let mut digest = [0; BYTES];
    digest.copy_from_slice(&number[number.len() - BYTES..]);
    digest
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

    fn check(function: Function, bytes: &[u8], published: &str) {
        let pooled = Pooled::new(Bytes::copy_from_slice(bytes));
        for _ in ["computed", "kept"] {
            let digest = pooled.digest(function).expect("a digest");
            assert_eq!(hex(&digest).escape_ascii().to_string(), published, "{function:?} of {} bytes", bytes.len());
        }
    }

    /// FIPS 180-4 with its examples (`NIST CSRC`, example values: SHA-1, SHA-256), RFC 1321 section A.5, and the
    /// "check" values of the `CRC RevEng` catalogue: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
    #[test]
    fn digests_are_those_that_are_published() {
        let million = vec![b'a'; 1_000_000];
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        check(Function::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(Function::Sha1, two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        check(Function::Sha1, &million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
        check(Function::Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(Function::Md5, b"message digest", "f96b697d7cb7938d525a2f31aaf161d0");
        check(Function::Crc32, b"123456789", "cbf43926");
        check(Function::Crc32c, b"123456789", "e3069283");
        check(Function::Crc64Nvme, b"123456789", "ae8b14860a799888");
        check(Function::Crc64Nvme, b"", "0000000000000000");
    }

    /// RFC 3720 section B.4, which writes the bytes as they go over the wire, the lowest first.
    #[test]
    fn crc32c_is_that_of_iscsi() {
        let upwards: Vec<u8> = (0..32).collect();
        let downwards: Vec<u8> = (0..32).rev().collect();
        check(Function::Crc32c, &[0; 32], "8a9136aa");
        check(Function::Crc32c, &[0xff; 32], "62a8ab43");
        check(Function::Crc32c, &upwards, "46dd794e");
        check(Function::Crc32c, &downwards, "113fdb5c");
        let read = [
            0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0,
            0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
        ];
        check(Function::Crc32c, &read, "d9963a56");
    }

    /// One bit at a time, straight from the definitions: the polynomial reflected, all ones before and after.
    fn bitwise(polynomial: u64, bits: u32, bytes: &[u8]) -> u64 {
        let ones = u64::MAX >> (64 - bits);
        let step = |sum: u64, _| if sum & 1 == 1 { sum >> 1 ^ polynomial } else { sum >> 1 };
        bytes.iter().fold(ones, |sum, byte| (0..8).fold(sum ^ u64::from(*byte), step)) ^ ones
    }

    /// Lengths on both sides of the blocks in which the work is done.
    #[test]
    fn crcs_of_every_length_follow_from_their_polynomials() {
        let body = BodySpec::random(5, 600).bytes();
        for length in (0..300).chain(500..=600) {
            let part = &body[..length];
            let narrow = |bytes: [u8; 4]| u64::from(u32::from_be_bytes(bytes));
            assert_eq!(narrow(crc32(part)), bitwise(0xedb8_8320, 32, part), "CRC-32 of {length} bytes");
            assert_eq!(narrow(crc32c(part)), bitwise(0x82f6_3b78, 32, part), "CRC-32C of {length} bytes");
            let wide = u64::from_be_bytes(crc64nvme(part));
            assert_eq!(wide, bitwise(0x9a6c_9329_ac4b_c9b5, 64, part), "CRC-64/NVME of {length} bytes");
        }
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
