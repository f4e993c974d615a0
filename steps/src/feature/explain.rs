//! What is wrong with a line that cannot stand where it stands.

use super::language::{Block, Language, of_feature_line};
use super::lines::Line;
use super::mistake::{Fault, quoted};
use super::words::nearest;

/// English words that begin sentences and are one slip away from a keyword.
const PROSE: [&str; 12] =
    ["the", "they", "them", "than", "thin", "hen", "ten", "gives", "giver", "wren", "whet", "whey"];

/// A line before the `Feature:` line that is not one.
pub(crate) fn before_the_feature(line: &Line<'_>, language: &Language) -> Fault {
    let keyword = language.first(Block::Feature);
    if let Some(fault) = not_a_blank(line) {
        return fault;
    }
    if let Some((word, meant)) = almost_a_block(line.text, language).filter(|(_, meant)| is_feature(meant, language)) {
        return Fault::new(line.head(word.len()), unknown(word), format!("write `{meant}:`"));
    }
    if let Some(fault) = without_colon(line, language, |word| is_feature(word, language)) {
        return fault;
    }
    let message = format!("expected `{keyword}:`, found {}", quoted(line.text));
    let help = match of_feature_line(line.text).filter(|code| *code != language.code) {
        Some("en") => {
            "the file says another language: take its `# language:` line away, or use its keywords".to_owned()
        }
        Some(code) => format!("for keywords of another language, begin the file with `# language: {code}`"),
        None => format!("a feature file begins with a line `{keyword}: what this is about`"),
    };
    Fault::new(line.span(), message, help)
}

/// A line among steps that is none.
pub(crate) fn among_steps(line: &Line<'_>, language: &Language) -> Fault {
    if let Some(fault) = not_a_blank(line).or_else(|| almost(line, language)) {
        return fault;
    }
    let word = first_word(line.text);
    let expected: Vec<String> = language.first_steps().map(|own| format!("`{own}`")).collect();
    let message = format!("expected a step, found {}", quoted(word));
    let help = format!(
        "a step begins with {}; what follows it is a table, a doc string or the next step",
        expected.join(", ")
    );
    Fault::new(line.head(word.len()), message, help)
}

/// A line of a description that was probably meant to be a step or to open a block; nothing where it is prose.
/// `first` says whether it is the first line of the description.
pub(crate) fn in_description(line: &Line<'_>, language: &Language, first: bool, steps_follow: bool) -> Option<Fault> {
    if let Some((word, meant)) = almost_a_block(line.text, language)
        && !is_plural(word, meant)
    {
        return Some(Fault::new(line.head(word.len()), unknown(word), format!("write `{meant}:`")));
    }
    if !steps_follow {
        return None;
    }
    let word = Some(first_word(line.text)).filter(|word| word.chars().all(char::is_alphabetic))?;
    let meant = nearest(word, language.step_words().filter(|known| known.chars().count() > 3))?;
    let same = word.to_lowercase() == meant.to_lowercase();
    if (same && !first) || PROSE.contains(&word.to_lowercase().as_str()) {
        return None;
    }
    let mut fault = misspelt_step(line, word, meant);
    fault.help = fault.help.map(|help| format!("{help} A line of a description may not begin so much like a step"));
    Some(fault)
}

/// A line that opens a block that is `meant`, but for its colon: `Scenario A file is read`.
pub(crate) fn without_colon(line: &Line<'_>, language: &Language, meant: impl Fn(&str) -> bool) -> Option<Fault> {
    let words = language.block_words().filter(|word| is_word(line.text, word) && meant(word));
    let word = words.max_by_key(|word| word.len())?;
    let name = line.text[word.len()..].trim_start_matches([' ', '\t', ':']);
    Some(Fault::new(
        line.head(word.len()),
        format!("expected a colon behind `{word}`"),
        format!("write `{word}: {name}`"),
    ))
}

/// A line that is a keyword but for a slip.
fn almost(line: &Line<'_>, language: &Language) -> Option<Fault> {
    if let Some(fault) = without_colon(line, language, |_| true) {
        return Some(fault);
    }
    if let Some((word, meant)) = almost_a_block(line.text, language) {
        return Some(Fault::new(line.head(word.len()), unknown(word), format!("write `{meant}:`")));
    }
    let word = first_word(line.text);
    if let Some(known) = language.step_words().find(|known| *known == line.text) {
        let help = format!("say what happens: `{known} …`");
        return Some(Fault::new(line.span(), format!("expected text behind `{known}`"), help));
    }
    nearest(word, language.step_words()).map(|meant| misspelt_step(line, word, meant))
}

fn misspelt_step(line: &Line<'_>, word: &str, meant: &str) -> Fault {
    let help =
        if word == meant { format!("a blank must follow `{meant}`") } else { format!("did you mean `{meant}`?") };
    Fault::new(line.head(word.len()), unknown(word), help)
}

fn unknown(word: &str) -> String {
    format!("unknown keyword {}", quoted(word))
}

/// What stands before a colon, and the block's keyword that it nearly is.
fn almost_a_block<'a>(text: &'a str, language: &Language) -> Option<(&'a str, &'static str)> {
    let word = text.split_once(':')?.0.trim_end();
    nearest(word, language.block_words()).map(|meant| (word, meant))
}

/// A description may well hold a line `Rules: two of them`.
fn is_plural(word: &str, meant: &str) -> bool {
    word.strip_prefix(meant).is_some_and(|rest| !rest.is_empty())
}

fn is_feature(keyword: &str, language: &Language) -> bool {
    language.words(Block::Feature).any(|word| word == keyword)
}

fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t']))
}

fn first_word(text: &str) -> &str {
    text.split([' ', '\t', ':']).next().unwrap_or_default()
}

/// A blank that is none: copied from a page, a no-break space before a keyword makes it unreadable.
fn not_a_blank(line: &Line<'_>) -> Option<Fault> {
    let character =
        line.text.chars().next().filter(|character| character.is_whitespace() || *character == '\u{feff}')?;
    let message = format!("expected a blank, found the character U+{:04X}", u32::from(character));
    let help = "it looks like a blank, and is none: replace it by spaces".to_owned();
    Some(Fault::new(line.head(character.len_utf8()), message, help))
}
