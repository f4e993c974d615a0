//! Which known word was meant by one that is not known.

/// The longest word that is compared, in characters.
const COMPARED_CHARACTERS_MAX: usize = 40;

/// The known word nearest to `word`: the same but for case, or one slip of the fingers away.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    if lower.chars().count() > COMPARED_CHARACTERS_MAX {
        return None;
    }
    let rated = known.map(|candidate| (slips(&lower, &candidate.to_lowercase()), candidate));
    rated
        .filter(|(slips, candidate)| *slips <= slips_allowed(candidate))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

/// Short words are near to too many others.
fn slips_allowed(candidate: &str) -> usize {
    match candidate.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// How many slips (a letter too many, missing, wrong, or two swapped) lie between two words.
fn slips(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let swapped = row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other;
            let mut best =
                (above[column] + usize::from(letter != other)).min(above[column + 1] + 1).min(line[column] + 1);
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_forgiven_and_a_different_word_is_not() {
        let known = ["Given", "When", "Then", "And", "Scenario", "Scenario Outline"];
        let table = [
            ("Whn", Some("When")),
            ("when", Some("When")),
            ("Hwen", Some("When")),
            ("Adn", Some("And")),
            ("Senario", Some("Scenario")),
            ("Scenario outlin", Some("Scenario Outline")),
            ("Bob", None),
            ("I", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
    }
}
