//! Every phrase as a table, for the documentation.

use std::fmt::Write as _;

use super::Registry;
use crate::feature::Kind;

/// The phrases of a registry as a Markdown table: keyword, phrase and source file, in that order. Without lines, so
/// that the table changes where a phrase does and nowhere else.
pub fn phrases_markdown(registry: &Registry) -> String {
    let mut rows: Vec<(Kind, String, &str)> =
        registry.phrases().map(|phrase| (phrase.kind, phrase.said(), phrase.place.path)).collect();
    rows.sort_by(|left, right| (left.0 as usize, left.2, &left.1).cmp(&(right.0 as usize, right.2, &right.1)));
    let mut table = String::from("| keyword | phrase | defined in |\n| --- | --- | --- |\n");
    for (kind, said, path) in rows {
        let keyword = match kind {
            Kind::Given => "Given",
            Kind::When => "When",
            Kind::Then => "Then",
        };
        _ = writeln!(table, "| {keyword} | `{}` | {path} |", said.replace('|', "\\|"));
    }
    table
}
