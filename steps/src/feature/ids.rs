//! Ids of scenarios: readable, the same from run to run, and good as names of tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use plumb_model::bodies::{hex, sha256};

use super::Feature;
use super::mistake::Mistake;

/// The longest slug of a name, in characters; a hash stands for the rest.
const SLUG_CHARACTERS_MAX: usize = 80;

/// The longest slug of a row of examples.
const ROW_CHARACTERS_MAX: usize = 48;

/// How much of a hash an id shows, in hexadecimal digits.
const HASH_DIGITS: usize = 10;

/// The first part of every id in a file: the slug of its stem.
pub(crate) fn of_file(path: &str) -> String {
    let stem = Path::new(path).file_stem().map_or(path.into(), |stem| stem.to_string_lossy());
    slug(&stem, SLUG_CHARACTERS_MAX)
}

/// The slugs of the names of one file. Names of the same slug get a hash each, so that their order does not matter.
pub(crate) fn of_names(names: &[&str]) -> Vec<String> {
    let plain: Vec<String> = names.iter().map(|name| slug(name, SLUG_CHARACTERS_MAX)).collect();
    told_apart(names, plain)
}

/// The slugs of the rows of one outline, made from their values: a further row changes no other id, unless it
/// reads the same. Rows of the same values are numbered.
pub(crate) fn of_rows(rows: &[&[String]]) -> Vec<String> {
    let joined: Vec<String> = rows.iter().map(|values| values.join("\u{1f}")).collect();
    let plain = rows.iter().map(|values| slug_of_row(values)).collect();
    let apart = told_apart(&joined.iter().map(String::as_str).collect::<Vec<_>>(), plain);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let numbered = apart.into_iter().map(|row| {
        let count = counts.entry(row.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count == 1 { row } else { format!("{row}__{count}") }
    });
    numbered.collect()
}

/// Gives a hash to each slug that two different texts share.
fn told_apart(texts: &[&str], slugs: Vec<String>) -> Vec<String> {
    let mut meanings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (text, slug) in texts.iter().zip(&slugs) {
        meanings.entry(slug).or_default().insert(text);
    }
    let shared: BTreeSet<String> =
        meanings.into_iter().filter(|(_, texts)| texts.len() > 1).map(|(slug, _)| slug.to_owned()).collect();
    let apart = slugs.into_iter().zip(texts);
    apart.map(|(slug, text)| if shared.contains(&slug) { format!("{slug}__{}", hash(text)) } else { slug }).collect()
}

fn slug_of_row(values: &[String]) -> String {
    let words: Vec<String> = values.iter().map(|value| spelt(value)).collect();
    slug(&words.join(" "), ROW_CHARACTERS_MAX)
}

/// A value with the signs spelt out that would be lost, though they are all there is to it.
fn spelt(value: &str) -> String {
    let value = value.trim();
    let sign =
        |sign: char| value.strip_prefix(sign).filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    match (value, sign('-'), sign('+')) {
        ("", ..) => "empty".to_owned(),
        (_, Some(number), _) => format!("minus {number}"),
        (_, _, Some(number)) => format!("plus {number}"),
        _ => value.to_owned(),
    }
}

/// Lower case letters, digits and single underscores; a hash where letters of other scripts, or the end, are lost.
fn slug(text: &str, characters_max: usize) -> String {
    let mut slug = String::new();
    let mut lost = false;
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else {
            lost |= character.is_alphanumeric();
            if !slug.is_empty() && !slug.ends_with('_') {
                slug.push('_');
            }
        }
    }
    lost |= slug.len() > characters_max;
    slug.truncate(characters_max);
    let slug = slug.trim_end_matches('_');
    match (slug.is_empty(), lost) {
        (true, _) => hash(text),
        (false, true) => format!("{slug}__{}", hash(text)),
        (false, false) => slug.to_owned(),
    }
}

fn hash(text: &str) -> String {
    let digest = hex(&sha256(text.as_bytes()));
    String::from_utf8_lossy(&digest[..HASH_DIGITS]).into_owned()
}

/// Puts the folder in front of the ids of files that have the same stem, and the folder above where that is the
/// same too. Ids of other files stay as they are. To be called once.
pub fn distinguish(features: &mut [Feature]) {
    let mut by_stem: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, feature) in features.iter().enumerate() {
        by_stem.entry(of_file(&feature.path)).or_default().push(index);
    }
    for (_, same) in by_stem.into_iter().filter(|(_, same)| same.len() > 1) {
        let paths: Vec<&str> = same.iter().map(|index| features[*index].path.as_str()).collect();
        let prefixes = prefixes(&paths);
        for (index, prefix) in same.into_iter().zip(prefixes) {
            let prefix = if prefix.is_empty() { prefix } else { format!("{prefix}::") };
            for scenario in &mut features[index].scenarios {
                scenario.id.insert_str(0, &prefix);
            }
        }
    }
}

/// As few folders of each path as tell all of them apart; a hash of the path where no number of folders does.
fn prefixes(paths: &[&str]) -> Vec<String> {
    let folders: Vec<Vec<String>> = paths.iter().map(|path| folders(path)).collect();
    let deepest = folders.iter().map(Vec::len).max().unwrap_or_default();
    let candidates = (1..=deepest).map(|depth| {
        let parts = folders.iter().map(|folders| folders[folders.len().saturating_sub(depth)..].join("::"));
        parts.collect::<Vec<String>>()
    });
    let distinct = |prefixes: &Vec<String>| {
        let set: BTreeSet<&String> = prefixes.iter().collect();
        set.len() == prefixes.len()
    };
    candidates.into_iter().find(distinct).unwrap_or_else(|| paths.iter().map(|path| hash(path)).collect())
}

fn folders(path: &str) -> Vec<String> {
    let parent = Path::new(path).parent().unwrap_or(Path::new(""));
    let normal = parent.components().filter_map(|component| match component {
        Component::Normal(name) => Some(slug(&name.to_string_lossy(), SLUG_CHARACTERS_MAX)),
        _ => None,
    });
    normal.collect()
}

/// Refuses features of which two scenarios have the same id.
pub fn check_unique(features: &[Feature]) -> Result<(), Mistake> {
    let mut seen: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for feature in features {
        for scenario in &feature.scenarios {
            let Some((path, line)) = seen.insert(&scenario.id, (&scenario.path, scenario.line)) else { continue };
            let message = format!("a second scenario has the id {}", scenario.id);
            let help = format!("the first is {path}:{line}; give this one, or its file, another name");
            return Err(feature.mistake(scenario.line, 1, message, Some(help)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[&[&str]]) -> Vec<String> {
        let owned: Vec<Vec<String>> =
            values.iter().map(|row| row.iter().map(|value| (*value).to_owned()).collect()).collect();
        of_rows(&owned.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn a_slug_is_lower_case_letters_digits_and_underscores() {
        let table = [
            ("A file that was uploaded can be read", "a_file_that_was_uploaded_can_be_read"),
            ("  It's 5 MiB -- (big)!", "it_s_5_mib_big"),
            ("Größe", "gr_e__aedc3f8098"),
            ("日本語", "77710aedc7"),
            ("***", "596f4162a5"),
        ];
        for (text, expected) in table {
            assert_eq!(slug(text, SLUG_CHARACTERS_MAX), expected, "{text}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stays_distinct() {
        let (one, other) = (format!("{}a", "x".repeat(200)), format!("{}b", "x".repeat(200)));
        let slugs = of_names(&[&one, &other]);
        assert_ne!(slugs[0], slugs[1]);
        assert!(slugs[0].len() <= SLUG_CHARACTERS_MAX + 2 + HASH_DIGITS, "{slugs:?}");
    }

    #[test]
    fn names_that_read_the_same_are_told_apart_whatever_their_order() {
        let (one, other) = (of_names(&["a < b", "a > b", "c"]), of_names(&["c", "a > b", "a < b"]));
        assert_ne!(one[0], one[1]);
        assert_eq!(one, other.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(one[2], "c");
    }

    #[test]
    fn a_row_is_called_by_its_values() {
        assert_eq!(
            rows(&[&["cat.png", "200"], &["", "-1"], &["", "+1"]]),
            ["cat_png_200", "empty_minus_1", "empty_plus_1"]
        );
    }

    #[test]
    fn a_further_row_changes_no_other_id() {
        let before = rows(&[&["1"], &["2"], &["größe"]]);
        let after = rows(&[&["0"], &["1"], &["7"], &["2"], &["größe"]]);
        assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
    }

    #[test]
    fn rows_of_the_same_values_are_numbered() {
        assert_eq!(rows(&[&["a"], &["a"], &["a 2"], &["a"]]), ["a", "a__2", "a_2", "a__3"]);
    }

    #[test]
    fn as_many_folders_as_needed_tell_paths_apart() {
        assert_eq!(prefixes(&["features/s3/a.feature", "features/kv/a.feature"]), ["s3", "kv"]);
        assert_eq!(prefixes(&["x/s3/a.feature", "y/s3/a.feature"]), ["x::s3", "y::s3"]);
        assert_eq!(prefixes(&["s3/a.feature", "a.feature"]), ["s3", ""]);
        let alike = prefixes(&["s3/a b.feature", "s3/a-b.feature"]);
        assert!(alike[0] != alike[1] && alike[0].len() == HASH_DIGITS, "{alike:?}");
    }
}
