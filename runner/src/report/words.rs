//! Words and numbers that the reports for people share.
//!
//! Everything that may hold a word of the server's goes through [`safe`], [`cut`] or [`lines`] here,
//! whatever was done to it before.

use plumb_model::call::Turn;
use plumb_model::judge::Mismatch;
use plumb_model::text::shown;
use plumb_validator::finding::Finding;
use plumb_validator::verdict::Expected;

use crate::events::RunStarted;

use crate::precedence::order::Pairs;

/// The longest text that a report shows in one place, in characters.
const TEXT_CHARACTERS_MAX: usize = 600;
/// The longest value of an argument in a call's line, in characters.
const VALUE_CHARACTERS_MAX: usize = 120;

/// What a precedence cycle comes to.
pub(super) const CYCLE_WORDS: &str =
    "Each of these answers is permitted. No order of checks gives them all: which error wins depends on its company.";

/// `text` with everything neutralised that could lead a terminal or a reader astray, and bounded.
pub(super) fn safe(text: &str) -> String {
    cut(text, TEXT_CHARACTERS_MAX)
}

/// The same with at most `characters_max` characters.
pub(super) fn cut(text: &str, characters_max: usize) -> String {
    shown(text.as_bytes(), characters_max)
}

/// Which part of the cases a run is, where it is not the whole.
pub(super) fn parts(started: &RunStarted) -> Vec<String> {
    let shard = started.cases.shard.as_ref();
    let shard = shard.map(|shard| format!("part {} of the cases: the others are not in here", safe(shard)));
    let earlier = started.resumes.as_ref().map(|earlier| {
        let kept = count(started.kept, "case");
        format!(
            "goes on with run {}: {kept} conformed there and are counted here; the time is of the rest",
            safe(earlier)
        )
    });
    shard.into_iter().chain(earlier).collect()
}

/// Which choices make a finding, where other requests tell.
pub(super) fn cause(finding: &Finding) -> Option<String> {
    let cause = finding.cause.as_ref().filter(|cause| cause.tried > 0)?;
    let choices = if cause.choices.is_empty() { "whatever is chosen".into() } else { safe(&cause.choices.join(", ")) };
    let (held, tried) = (cause.held, cause.tried);
    Some(format!("{choices}: the same in {held} of {tried} other requests"))
}

/// The lines of a command or a document, each neutralised, none cut: they are there to be copied.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| shown(line.as_bytes(), usize::MAX))
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

/// A latency in three digits or so: `812 µs`, `8.1 ms`, `123 ms`, `2.4 s`.
pub(super) fn latency(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..100_000 => format!("{} ms", tenths(microseconds, 1_000)),
        100_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        _ => format!("{} s", tenths(microseconds, 1_000_000)),
    }
}

/// How long a run took: `358 ms`, `8.1 s`, `4 min 12 s`, `2 h 3 min`.
pub(super) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{} s", tenths(milliseconds, 1_000)),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// `amount / unit` with one digit after the point, rounded down.
fn tenths(amount: u64, unit: u64) -> String {
    format!("{}.{}", amount / unit, amount % unit * 10 / unit)
}

/// `221 pairs of faults, 70 with a winner: 44 as the model demands, 26 open in the model`.
pub(super) fn sums_of_pairs(pairs: &Pairs) -> String {
    let several = if pairs.seen == 1 { "pair" } else { "pairs" };
    let mut text = format!("{} {several} of faults, {} with a winner", number(pairs.seen), number(pairs.decided));
    let each = [
        (pairs.kept, "as the model demands"),
        (pairs.broken, "against the model"),
        (pairs.open, "open in the model"),
        (pairs.untold, "not told apart by the model"),
    ];
    let each = each.into_iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{} {word}", number(many)));
    let each: Vec<String> = each.collect();
    if !each.is_empty() {
        text = format!("{text}: {}", each.join(", "));
    }
    text
}

/// Why other pairs have no winner: `No winner: 150 with a fault that is not refused, 1 with the same error for both`.
/// None where every pair has one.
pub(super) fn without_winner(pairs: &Pairs) -> Option<String> {
    let each = [
        (pairs.unnoticed, "with a fault that is not refused"),
        (pairs.alike, "with the same error for both"),
        (pairs.neither, "with an answer that is the error of neither"),
        (pairs.not_seen_alone, "with a fault that was not seen alone"),
    ];
    let each = each.into_iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{} {word}", number(many)));
    let each: Vec<String> = each.collect();
    if each.is_empty() { None } else { Some(format!("No winner: {}.", each.join(", "))) }
}

/// What the letter of a basis stands for.
pub(super) fn basis(letter: &str) -> &'static str {
    match letter {
        "A" => "recorded on the real service",
        "D" => "documented",
        "I" => "implementations agree",
        _ => "unknown",
    }
}

/// The places where an answer differs, unless status and code say it all: those stand in its class already.
pub(super) fn places(expected: &Expected) -> &[Mismatch] {
    let is_in_class = |mismatch: &Mismatch| ["status", "code"].contains(&mismatch.place.as_str());
    if expected.mismatches.iter().all(is_in_class) { &[] } else { &expected.mismatches }
}

/// Whether two answers are known from the same source, which is then said once.
pub(super) fn same_source(one: &Expected, other: &Expected) -> bool {
    (&one.basis, &one.source) == (&other.basis, &other.source)
}

/// One call of a minimal case.
pub(super) struct CallWords {
    /// Its id, by which later calls name its answer.
    pub(super) id: String,
    /// `Put if-match="*" key={key a}`, and who sends it, after what, how often, where that was said.
    pub(super) call: String,
    /// What it answered when the case was recorded.
    pub(super) answered: String,
}

/// The calls of a finding's minimal case.
pub(super) fn calls(finding: &Finding) -> Vec<CallWords> {
    let answered = |id: &str| finding.recorded.iter().find(|(own, _)| own == id).map(|(_, class)| safe(class));
    let each = finding.case.calls.iter().map(|turn| CallWords {
        id: safe(&turn.id),
        call: call(turn),
        answered: answered(&turn.id).unwrap_or_else(|| "not sent".into()),
    });
    each.collect()
}

fn call(turn: &Turn) -> String {
    let mut words = vec![safe(&turn.call.operation)];
    for (name, value) in &turn.call.arguments {
        words.push(format!("{}={}", safe(name), cut(&value.to_string(), VALUE_CHARACTERS_MAX)));
    }
    if let Some(actor) = &turn.actor {
        words.push(format!("as {}", safe(actor)));
    }
    if let Some(client) = turn.client {
        words.push(format!("from client {client}"));
    }
    if let Some(after) = &turn.after {
        words.push(format!("after {}", safe(&after.join(", "))));
    }
    if let Some(repeat) = &turn.repeat {
        words.push(format!("at most {} times until {}", repeat.at_most, safe(&repeat.until.class())));
    }
    if let Some(also) = &turn.also {
        words.push(format!("expecting {}", safe(&also.class())));
    }
    words.join(" ")
}

/// What a finding's minimal case borrows: `bucket a (its own)`, `bucket theirs of other (its own)`.
pub(super) fn needs(finding: &Finding) -> Vec<String> {
    let needs = finding.case.needs.iter();
    needs
        .map(|need| {
            let owner = need.actor.as_ref().map_or_else(String::new, |actor| format!(" of {}", safe(actor)));
            format!("{} {}{owner}{}", safe(&need.kind), safe(&need.role), if need.own { " (its own)" } else { "" })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        for (many, text) in [(0, "0"), (999, "999"), (1_932, "1,932"), (1_000_000, "1,000,000")] {
            assert_eq!(number(many), text);
        }
    }

    #[test]
    fn latencies_and_durations_have_fitting_units() {
        for (microseconds, text) in [(812, "812 µs"), (8_190, "8.1 ms"), (123_999, "123 ms"), (2_400_000, "2.4 s")] {
            assert_eq!(latency(microseconds), text);
        }
        for (milliseconds, text) in
            [(358, "358 ms"), (8_100, "8.1 s"), (252_000, "4 min 12 s"), (7_380_000, "2 h 3 min")]
        {
            assert_eq!(duration(milliseconds), text);
        }
    }

    #[test]
    fn pairs_are_told_with_and_without_a_winner() {
        let pairs = Pairs { seen: 1_221, decided: 70, kept: 44, broken: 1, unnoticed: 1_150, ..Pairs::default() };
        let told = "1,221 pairs of faults, 70 with a winner: 44 as the model demands, 1 against the model";
        assert_eq!(sums_of_pairs(&pairs), told);
        assert_eq!(without_winner(&pairs).as_deref(), Some("No winner: 1,150 with a fault that is not refused."));
        let all = Pairs { seen: 1, decided: 1, ..Pairs::default() };
        assert_eq!((sums_of_pairs(&all).as_str(), without_winner(&all)), ("1 pair of faults, 1 with a winner", None));
    }

    #[test]
    fn commands_are_neutralised_and_never_cut() {
        let long = "a".repeat(9_000);
        let text = format!("printf '\x1b[2J'\n{long}");
        assert_eq!(lines(&text).collect::<Vec<_>>(), ["printf '\\u{1b}[2J'".to_owned(), long]);
    }
}
