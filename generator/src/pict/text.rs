//! What text means in PICT's eyes: white space, numbers, order, patterns.

/// Without white space at both ends. A no-break space is none.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether a character is white space.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// The text as it is compared.
pub(super) fn folded(text: &str, case_sensitive: bool) -> String {
    if case_sensitive { text.to_owned() } else { text.chars().map(upper).collect() }
}

/// The upper case of a character, where that is one character too.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// Whether a text is of a pattern, in which `*` is any characters and `?` is any one.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut own) = (0, 0);
    // Where the last star stands, and how far the text has been taken by it.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(own) {
            Some('*') => {
                star = Some((own, at));
                own += 1;
            }
            Some(character) if *character == '?' || *character == text[at] => {
                (at, own) = (at + 1, own + 1);
            }
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, own) = (*taken, *place + 1);
                }
                None => return false,
            },
        }
    }
    pattern[own..].iter().all(|rest| *rest == '*')
}

/// The number that a whole text is.
pub(super) fn number(text: &str) -> Option<f64> {
    number_prefix(text).filter(|(_, length)| *length == text.len()).map(|(number, _)| number)
}

/// The number at the start of a text, and how many bytes it has, by the rules of C's `strtod`: decimal or
/// hexadecimal, with an exponent, or `inf`, `infinity` and `nan` in any case.
pub(super) fn number_prefix(text: &str) -> Option<(f64, usize)> {
    let sign = usize::from(text.starts_with(['+', '-']));
    let rest = &text[sign..];
    let (number, length) = word(rest).or_else(|| hexadecimal(rest)).or_else(|| decimal(rest))?;
    Some((if text.starts_with('-') { -number } else { number }, sign + length))
}

fn word(text: &str) -> Option<(f64, usize)> {
    let is = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if is("infinity") {
        return Some((f64::INFINITY, 8));
    }
    match () {
        () if is("inf") => Some((f64::INFINITY, 3)),
        () if is("nan") => Some((f64::NAN, 3)),
        () => None,
    }
}

/// How many bytes at the start of a text are such.
fn count(text: &str, is: fn(&u8) -> bool) -> usize {
    text.bytes().take_while(is).count()
}

fn decimal(text: &str) -> Option<(f64, usize)> {
    let whole = count(text, u8::is_ascii_digit);
    let fraction = text[whole..].strip_prefix('.').map_or(0, |rest| 1 + count(rest, u8::is_ascii_digit));
    if whole + fraction.saturating_sub(1) == 0 {
        return None;
    }
    let length = whole + fraction;
    let length = length + exponent(&text[length..], ['e', 'E']).map_or(0, |(_, length)| length);
    let digits = &text[..length];
    let number: f64 = digits.parse().ok()?;
    // What is too large or too small for the format is no number to C.
    let is_zero =
        !digits.split(['e', 'E']).next().unwrap_or_default().bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    (number.is_normal() || is_zero).then_some((number, length))
}

fn hexadecimal(text: &str) -> Option<(f64, usize)> {
    let rest = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let whole = count(rest, u8::is_ascii_hexdigit);
    let fraction = rest[whole..].strip_prefix('.').map_or(0, |rest| 1 + count(rest, u8::is_ascii_hexdigit));
    if whole + fraction.saturating_sub(1) == 0 {
        return None;
    }
    let digits = rest[..whole + fraction].chars().filter_map(|digit| digit.to_digit(16));
    let number = digits.fold(0.0, |number, digit| number * 16.0 + f64::from(digit));
    let (power, length) = exponent(&rest[whole + fraction..], ['p', 'P']).unwrap_or((0, 0));
    let shift = i32::try_from(fraction.saturating_sub(1)).ok()?.checked_mul(4)?;
    let number = number * f64::from(power.checked_sub(shift)?).exp2();
    number.is_finite().then_some((number, 2 + whole + fraction + length))
}

/// The exponent at the start of a text and how many bytes it has.
fn exponent(text: &str, marks: [char; 2]) -> Option<(i32, usize)> {
    let rest = text.strip_prefix(marks)?;
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = count(&rest[sign..], u8::is_ascii_digit);
    (digits > 0).then(|| (rest[..sign + digits].parse().unwrap_or(i32::MAX / 2), 1 + sign + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_c() {
        let yes = [
            ("1", 1.0),
            ("-1", -1.0),
            ("+.5", 0.5),
            ("1.", 1.0),
            ("1e3", 1000.0),
            ("0x1F", 31.0),
            ("0x1.8p1", 3.0),
            ("INF", f64::INFINITY),
            ("0.0", 0.0),
        ];
        for (text, expected) in yes {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        assert!(number("nan").is_some_and(f64::is_nan));
        for text in ["", "-", ".", "1 2", "1x", "e5", "0x", "1e", "N/A", "1e999", "1e-999", "1,5", "ä", "--1"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number_prefix("1;"), Some((1.0, 1)));
        assert_eq!(number_prefix("1ELSE"), Some((1.0, 1)));
        assert_eq!(number_prefix("0xg"), Some((0.0, 1)));
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (text, pattern, expected) in [
            ("FAT32", "FAT*", true),
            ("FAT", "FAT*", true),
            ("NTFS", "FAT*", false),
            ("abcbd", "a*b?", true),
            ("abcbdd", "a*b?", false),
            ("", "*", true),
            ("", "?", false),
            ("a", "**", true),
            ("aab", "*ab", true),
            ("äöü", "ä?ü", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!is_like(&"a".repeat(2_000), &("*a".repeat(500) + "b")));
    }
}
