//! The `range` header: which part of an object it asks for.
//!
//! Source: `LocalStack` `test_get_object_range`, recorded on AWS on an object of 10 bytes. A range that AWS cannot
//! read, and a list of ranges, is ignored; RFC 9110 section 14.2 permits that.

/// What a `range` header selects of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything, with 200: there is no range, or it is ignored.
    Whole,
    /// A part, both ends included.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing: 416.
    Nothing,
    /// The end of an object without bytes: servers disagree.
    EndOfEmpty,
    /// A range that ends before it begins, and begins behind the last byte: everything, or nothing. Servers disagree.
    InvertedBeyond,
}

/// What `range` selects of `size` bytes.
pub(crate) fn select(range: Option<&[u8]>, size: u64) -> Selection {
    match range.and_then(parse) {
        None => Selection::Whole,
        Some(Range::Suffix(0)) => Selection::Nothing,
        Some(Range::Suffix(_)) if size == 0 => Selection::EndOfEmpty,
        Some(Range::Suffix(length)) => Selection::Part { first: size.saturating_sub(length), last: size - 1 },
        Some(Range::Inverted(first)) if first < size => Selection::Whole,
        Some(Range::Inverted(_)) => Selection::InvertedBeyond,
        Some(Range::From(first, _)) if first >= size => Selection::Nothing,
        Some(Range::From(first, last)) => Selection::Part { first, last: last.min(size - 1) },
    }
}

enum Range {
    From(u64, u64),
    /// It ends before this first byte.
    Inverted(u64),
    Suffix(u64),
}

/// One range of bytes; none where the header is to be ignored.
fn parse(range: &[u8]) -> Option<Range> {
    let text = std::str::from_utf8(range).ok()?.trim();
    // Units are compared without case: RFC 9110 section 14.1.
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match set.split_once('-')? {
        ("", length) => Some(Range::Suffix(number(length)?)),
        (first, "") => Some(Range::From(number(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            Some(if first <= last { Range::From(first, last) } else { Range::Inverted(first) })
        }
    }
}

/// Digits only; what is too large counts as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_recorded_on_aws() {
        let part = |first, last| Selection::Part { first, last };
        for (range, expected) in [
            ("bytes=0-8", part(0, 8)),
            ("bytes=1-1", part(1, 1)),
            ("bytes=1-", part(1, 9)),
            ("bytes=-2", part(8, 9)),
            ("bytes=-15", part(0, 9)),
            ("bytes=0-100", part(0, 9)),
            ("bytes=0-0", part(0, 0)),
            ("bytes=0-99999999999999999999999", part(0, 9)),
            ("bytes=1-0", Selection::Whole),
            ("bytes=-1-", Selection::Whole),
            ("bytes=0--1", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("bytes=", Selection::Whole),
            ("0-8", Selection::Whole),
            ("bytes=0-1,3-4,7-9", Selection::Whole),
            ("lines=0-1", Selection::Whole),
            ("", Selection::Whole),
            ("bytes=-0", Selection::Nothing),
            ("bytes=10-", Selection::Nothing),
            ("bytes=100-200", Selection::Nothing),
        ] {
            assert_eq!(select(Some(range.as_bytes()), 10), expected, "{range}");
        }
        assert_eq!(select(None, 0), Selection::Whole);
        assert_eq!(select(Some(b"bytes=0-0"), 0), Selection::Nothing);
        assert_eq!(select(Some(b"bytes=-1"), 0), Selection::EndOfEmpty);
        assert_eq!(select(Some(b"bytes=1-0"), 0), Selection::InvertedBeyond);
        assert_eq!(select(Some(b"bytes=10-5"), 10), Selection::InvertedBeyond);
    }
}
