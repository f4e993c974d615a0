//! SHA-256 and HMAC, the only place that knows who computes them.
//!
//! `sha2` rather than `ring`: both use the processor's SHA instructions, and `sha2` costs less for
//! each of the short messages a signature is made of.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Digest as _, Sha256};

/// How many bytes of key HMAC-SHA-256 takes as they are.
const BLOCK_BYTES: usize = 64;

/// The SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A key for HMAC-SHA-256, with the work that depends on the key alone done.
#[derive(Clone)]
pub(super) struct Mac(Hmac<Sha256>);

impl Mac {
    /// Takes a key of any length: a longer one than a block counts as its hash (RFC 2104).
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK_BYTES];
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block[..32].copy_from_slice(&sha256(key)),
        }
        Self(Hmac::new(&block.into()))
    }

    /// The code of `text`.
    pub(super) fn sign(&self, text: &[u8]) -> [u8; 32] {
        self.over(text).finalize().into_bytes().into()
    }

    /// Whether `code` is that of `text`, told in constant time.
    pub(super) fn verify(&self, text: &[u8], code: &[u8; 32]) -> bool {
        self.over(text).verify(code.into()).is_ok()
    }

    fn over(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut state = self.0.clone();
        state.update(text);
        state
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Mac(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::hex;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn keys_of_any_length() {
        for (key, text, code) in [
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let mac = Mac::new(&key);
            let sum = mac.sign(text.as_bytes());
            assert_eq!(hex::encode(&sum), code.as_bytes());
            assert!(mac.verify(text.as_bytes(), &sum) && !mac.verify(b"else", &sum));
        }
    }
}
