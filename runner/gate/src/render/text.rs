//! Text of a server's, made safe to show on one line.
//!
//! Build servers read the logs of what they run for commands, whoever wrote the line:
//!
//! - GitHub takes a line that begins with `::`, white space aside, and `##[command]` anywhere in a line
//!   (`src/Runner.Common/ActionCommand.cs` of <https://github.com/actions/runner>). It compares in the way of a language,
//!   which passes over characters that are never seen.
//! - Azure takes `##vso[` anywhere, `TeamCity` `##teamcity[` at the beginning of a line.
//! - GitLab takes `section_start:` with a carriage return and an escape, Buildkite `---` at the beginning.
//!
//! So a text never holds two `#` in a row, never begins with `::`, has no control and no invisible character; and reports
//! begin each line with a word of their own.

/// The longest text that a report shows in one place, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 600;
/// The longest sentence made of several texts, in characters.
pub const SENTENCE_CHARACTERS_MAX: usize = 2_400;
/// The longest command that a report shows, in characters: it is there to be copied.
pub const COMMAND_CHARACTERS_MAX: usize = 4_000;

/// `text` as one harmless line of at most [`TEXT_CHARACTERS_MAX`] characters.
pub fn line(text: &str) -> String {
    cut(text, TEXT_CHARACTERS_MAX)
}

/// The same for a sentence that is made of several texts.
pub fn sentence(text: &str) -> String {
    cut(text, SENTENCE_CHARACTERS_MAX)
}

/// The same for a command.
pub fn command(text: &str) -> String {
    cut(text, COMMAND_CHARACTERS_MAX)
}

/// `text` as one harmless line of at most `characters_max` characters, the ellipsis for the rest aside.
pub fn cut(text: &str, characters_max: usize) -> String {
    let mut line = String::new();
    let mut room = characters_max;
    let mut before = None;
    // What stands before the first colon, where that may begin a command.
    let begins = text.trim_start().starts_with("::").then(|| text.len() - text.trim_start().len());
    for (at, character) in text.char_indices() {
        let is_mark = (character == '#' && before == Some('#')) || begins == Some(at);
        let shown: String = match character {
            _ if is_mark => character.escape_unicode().collect(),
            _ if is_unsafe(character) => character.escape_default().collect(),
            _ => character.into(),
        };
        let length = shown.chars().count();
        if length > room {
            line.push('…');
            break;
        }
        room -= length;
        line.push_str(&shown);
        before = if is_mark { None } else { Some(character) };
    }
    line
}

/// Whether a terminal, a reader or a parser could be led astray by the character: controls, what changes the direction of
/// writing (Unicode TR 36), what is never seen (`Default_Ignorable_Code_Point`), and what is no character at all, which XML
/// forbids in part.
pub const fn is_unsafe(character: char) -> bool {
    let is_no_character = (character as u32) & 0xfffe == 0xfffe || matches!(character, '\u{fdd0}'..='\u{fdef}');
    is_no_character
        || matches!(
            character,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
                | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `1,932`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 case`, `412 cases`.
pub(super) fn count(many: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(many), if many == 1 { "" } else { "s" })
}

/// The same of a length.
pub(super) fn counted(many: usize, noun: &str) -> String {
    count(many as u64, noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_gives_a_command_or_moves_the_cursor() {
        for (text, wanted) in [
            ("plain words", "plain words"),
            ("a\x1b[31mb\n", "a\\u{1b}[31mb\\n"),
            ("a\u{202e}b\u{2069}", "a\\u{202e}b\\u{2069}"),
            ("::error::x", "\\u{3a}:error::x"),
            (" \u{2003}::error::x", " \u{2003}\\u{3a}:error::x"),
            ("\u{200b}::error::x", "\\u{200b}::error::x"),
            ("a::b", "a::b"),
            ("x ##[error]y", "x #\\u{23}[error]y"),
            ("###vso[", "#\\u{23}#vso["),
            ("####", "#\\u{23}#\\u{23}"),
            ("\u{ffff}\u{fdd0}\u{1fffe}", "\\u{ffff}\\u{fdd0}\\u{1fffe}"),
            ("a\tb\r", "a\\tb\\r"),
            ("naïve 日本", "naïve 日本"),
        ] {
            assert_eq!(line(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_cut_by_what_is_shown_of_it_and_never_within_an_escape() {
        assert_eq!(cut("abcdef", 3), "abc…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab\u{1b}c", 4), "ab…");
        assert_eq!(cut(&"\u{e0041}".repeat(10_000), TEXT_CHARACTERS_MAX).chars().count(), 595);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(1_234_567, "case"), "1,234,567 cases");
    }
}
