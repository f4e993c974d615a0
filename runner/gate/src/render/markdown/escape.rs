//! Texts within Markdown.
//!
//! On GitHub more than Markdown is read out of a text: mentions, issue and commit references, addresses, emoji, links that
//! an administrator made up. All of that is left alone within code: mentions and the like by the filters over what
//! Markdown became, which pass over `code` and `pre` (`IGNORE_PARENTS` in `mention_filter.rb` of
//! <https://github.com/gjtorikian/html-pipeline>), addresses because a code span is no text (GFM 0.29, sections 6.3 and
//! 6.9). So a text stands in a code span, unless it is made of words that mean nothing to anybody.

use crate::render::text::sentence;

/// Longer runs of digits, and words of the letters a to f alone, may be the beginning of a commit's hash, which GitHub
/// takes from seven characters on
/// (<https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>).
const HASH_CHARACTERS_MIN: usize = 7;

/// A text within a paragraph, a heading, a list or a table, after other words on the same line. What comes out of the
/// Markdown is [`sentence`] of it.
pub(super) fn inline(text: &str) -> String {
    let text = sentence(text);
    if text.split(' ').all(is_plain) { text } else { code(&text) }
}

/// Whether a word can be nothing but a word: letters, or digits with points, commas and dashes between them, with
/// punctuation around it that means nothing in Markdown. (GitHub makes a link of `www.` with nothing after it.)
fn is_plain(written: &str) -> bool {
    let word = written.strip_prefix('(').unwrap_or(written);
    let word = word.trim_end_matches([',', '.', ';', ':', ')', '%', '?']);
    let letters = !word.is_empty() && word.chars().all(|character| character.is_ascii_alphabetic());
    let could_be_hash =
        word.len() >= HASH_CHARACTERS_MIN && word.chars().all(|character| character.is_ascii_hexdigit());
    let digits = |part: &str| !part.is_empty() && part.chars().all(|character| character.is_ascii_digit());
    (letters || written == "%" || word.split([',', '.', '-']).all(digits))
        && !could_be_hash
        && !word.eq_ignore_ascii_case("www")
}

/// A line as code spans; nothing where there is none. A bar would end the cell of a table even within code, and how a backslash before it is read
/// differs from one reader to the next; so it stands between two spans, as a character reference.
pub(super) fn code(line: &str) -> String {
    line.split('|').map(span).collect::<Vec<_>>().join("&#124;")
}

/// A code span of a text without bars; nothing where there is none. Its fence is longer than every run of backticks in it;
/// a space is put on both sides where the reader takes one away (`CommonMark` 0.31, section 6.1).
fn span(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(backticks(text) + 1);
    let is_blank = text.chars().all(|character| character == ' ');
    let is_trimmed = text.starts_with(' ') && text.ends_with(' ') && !is_blank;
    let pad = if is_trimmed || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A line as a block of code within a list. It is indented for another reason as well: GitLab obeys a line that begins with
/// a slash, even in code (`lib/gitlab/quick_actions/extractor.rb` of <https://gitlab.com/gitlab-org/gitlab>).
pub(super) fn block(line: &str) -> String {
    const FENCE_MIN: usize = 3;
    let fence = "`".repeat((backticks(line) + 1).max(FENCE_MIN));
    format!("  {fence}sh\n  {line}\n  {fence}\n")
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_mean_nothing_stand_as_they_are() {
        for (text, wanted) in [
            ("2 of 40 cases diverge (5.1%), seen twice.", "2 of 40 cases diverge (5.1%), seen twice."),
            ("1,234 requests; none late: good", "1,234 requests; none late: good"),
            ("@somebody", "`@somebody`"),
            ("see #12", "`see #12`"),
            ("www.example.com", "`www.example.com`"),
            ("(www.", "`(www.`"),
            ("WWW.", "`WWW.`"),
            ("a@b.example", "`a@b.example`"),
            ("deadbeef", "`deadbeef`"),
            ("acceded", "`acceded`"),
            ("1234567", "`1234567`"),
            ("123456", "123456"),
            ("71 % until 2026-11-20, then", "71 % until 2026-11-20, then"),
            ("- 1", "`- 1`"),
            ("-1", "`-1`"),
            ("1234567-", "`1234567-`"),
            ("GH-26", "`GH-26`"),
            ("a  b", "`a  b`"),
            ("a|b|", "`a`&#124;`b`&#124;"),
            ("`", "`` ` ``"),
            ("a``b", "```a``b```"),
            (" x ", "`  x  `"),
            ("  ", "`  `"),
            ("\\", "`\\`"),
            ("<b>", "`<b>`"),
            (":tada:", "`:tada:`"),
            ("naïve", "`naïve`"),
        ] {
            assert_eq!(inline(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_block_of_code_ends_where_we_end_it() {
        assert_eq!(block("a ```` b"), "  `````sh\n  a ```` b\n  `````\n");
        assert_eq!(block("plumb replay x"), "  ```sh\n  plumb replay x\n  ```\n");
    }
}
