//! Lower-case hexadecimal, without allocation.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The 64 digits of a SHA-256 value.
pub(super) fn encode(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [b'0'; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// The 32 bytes that 64 digits of either case stand for.
pub(super) fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// The value of one digit of either case.
pub(super) fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text - b'0'),
        b'a'..=b'f' => Some(text - b'a' + 10),
        b'A'..=b'F' => Some(text - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encoded() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8).expect("below 256"));
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        assert_eq!(decode(&encode(&bytes).to_ascii_uppercase()), Some(bytes));
        assert_eq!(decode(b"00"), None);
        assert_eq!(decode(&[b'g'; 64]), None);
    }
}
