//! The rules for names of buckets and keys.

/// The longest key, in bytes of UTF-8. Source: S3 User Guide, object-keys.
pub const KEY_BYTES_MAX: usize = 1_024;
/// The shortest bucket name, in characters. Source: S3 User Guide, bucketnamingrules.
pub const BUCKET_NAME_BYTES_MIN: usize = 3;
/// The longest bucket name, in characters. Source: S3 User Guide, bucketnamingrules.
pub const BUCKET_NAME_BYTES_MAX: usize = 63;

/// Starts and ends that AWS keeps for itself; the last end for names in the namespace of an account. Most other
/// servers take them. Source: S3 User Guide, bucketnamingrules.
const RESERVED_STARTS: [&[u8]; 3] = [b"xn--", b"sthree-", b"amzn-s3-demo-"];
const RESERVED_ENDS: [&[u8]; 6] = [b"-s3alias", b"--ol-s3", b".mrap", b"--x-s3", b"--table-s3", b"-an"];

/// What the naming rules say of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It keeps every rule.
    Good,
    /// It starts or ends in a way that AWS keeps for itself.
    Reserved,
    /// It keeps every rule that is written down, and has a period beside a hyphen, which some refuse.
    Disputed,
    /// It breaks a rule.
    Bad,
}

/// Judges a bucket name: 3 to 63 of `a-z 0-9 . -`, a letter or digit at both ends, no `..`, no IPv4 address.
pub fn bucket_naming(name: &[u8]) -> Naming {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let allowed = |byte: &u8| alphanumeric(byte) || matches!(byte, b'.' | b'-');
    let good = (BUCKET_NAME_BYTES_MIN..=BUCKET_NAME_BYTES_MAX).contains(&name.len())
        && name.iter().all(allowed)
        && name.first().is_some_and(alphanumeric)
        && name.last().is_some_and(alphanumeric)
        && !name.windows(2).any(|pair| pair == b"..")
        && !is_ipv4(name);
    let reserved = RESERVED_STARTS.iter().any(|start| name.starts_with(start))
        || RESERVED_ENDS.iter().any(|end| name.ends_with(end));
    let disputed = name.windows(2).any(|pair| matches!(pair, b".-" | b"-."));
    match (good, reserved, disputed) {
        (false, ..) => Naming::Bad,
        (true, true, _) => Naming::Reserved,
        (true, false, true) => Naming::Disputed,
        (true, false, false) => Naming::Good,
    }
}

fn is_ipv4(name: &[u8]) -> bool {
    let mut parts = 0;
    let digits = name.split(|byte| *byte == b'.').all(|part| {
        parts += 1;
        (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
    });
    digits && parts == 4
}

/// Whether XML 1.0 can carry `bytes` as text (W3C XML 1.0, production 2 "Char").
pub(crate) fn is_xml_text(bytes: &[u8]) -> bool {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_keep_the_rules() {
        let longest = "a".repeat(63);
        let too_long = "a".repeat(64);
        let table = [
            ("abc", Naming::Good),
            ("a.b-c9", Naming::Good),
            (longest.as_str(), Naming::Good),
            ("1.2.3", Naming::Good),
            ("ab", Naming::Bad),
            (too_long.as_str(), Naming::Bad),
            ("Abc", Naming::Bad),
            ("a_c", Naming::Bad),
            ("-abc", Naming::Bad),
            ("abc-", Naming::Bad),
            ("a..c", Naming::Bad),
            ("192.168.5.4", Naming::Bad),
            ("", Naming::Bad),
            ("xn--abc", Naming::Reserved),
            ("abc-s3alias", Naming::Reserved),
            ("abc-an", Naming::Reserved),
            ("a.-c", Naming::Disputed),
            ("a-.c", Naming::Disputed),
            (".abc", Naming::Bad),
            ("abc.", Naming::Bad),
            ("192.168.5.1234", Naming::Good),
            ("1.2.3.4.5", Naming::Good),
        ];
        for (name, naming) in table {
            assert_eq!(bucket_naming(name.as_bytes()), naming, "{name}");
        }
    }
}
