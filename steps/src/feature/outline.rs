//! Outlines: a value of the row for each `<name>`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Step;
use super::layout::{Examples, Layout, Part};
use super::mistake::{Fault, quoted};
use super::parse::Parsed;

/// One row of examples with the names of its columns.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) columns: &'a [String],
    pub(crate) values: &'a [String],
}

impl<'a> Row<'a> {
    /// The text with every `<column>` replaced by the row's value, once: values are not looked into.
    pub(crate) fn fill(self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('<') {
            filled.push_str(&rest[..open]);
            rest = &rest[open..];
            if let Some((value, length)) = self.at(rest) {
                filled.push_str(value);
                rest = &rest[length..];
            } else {
                filled.push('<');
                rest = &rest[1..];
            }
        }
        filled.push_str(rest);
        filled
    }

    /// The value for the `<column>` that `text` begins with, and the length of that.
    fn at(self, text: &str) -> Option<(&'a str, usize)> {
        // Stopping at the next bracket of either kind keeps a text of nothing but brackets cheap.
        let name = &text[1..=text[1..].find(['<', '>'])?];
        text[name.len() + 1..].strip_prefix('>')?;
        let column = self.columns.iter().position(|column| column == name)?;
        self.values.get(column).map(|value| (value.as_str(), name.len() + 2))
    }

    /// The step with the row's values in its text, its table and its doc string.
    pub(crate) fn fill_step(self, step: &Step) -> Step {
        let row = |cells: &Vec<String>| cells.iter().map(|cell| self.fill(cell)).collect();
        Step {
            text: self.fill(&step.text),
            doc: step.doc.as_deref().map(|doc| self.fill(doc)),
            table: step.table.as_ref().map(|rows| rows.iter().map(row).collect()),
            ..step.clone()
        }
    }
}

/// What keeps an outline from being written out: columns of the same name, or a `<name>` that no column has.
pub(crate) fn fault(text: &str, layout: &Layout<'_>, part: &Part, parsed: &Parsed) -> Option<Fault> {
    part.examples.iter().zip(&parsed.examples).find_map(|(examples, table)| {
        let columns = table.first()?;
        twice(layout, examples, columns).or_else(|| without_column(text, layout, part, parsed, columns))
    })
}

fn twice(layout: &Layout<'_>, examples: &Examples, columns: &[String]) -> Option<Fault> {
    let name = columns.iter().enumerate().find(|(place, name)| columns[..*place].contains(name))?.1;
    let line = layout.lines.get(*examples.rows.first()?)?;
    let help = "each column needs a name of its own, as `<name>` stands for its value";
    Some(Fault::new(line.span(), format!("two columns are called {}", quoted(name)), help))
}

fn without_column(text: &str, layout: &Layout<'_>, part: &Part, parsed: &Parsed, columns: &[String]) -> Option<Fault> {
    let keyword = layout.lines.get(part.keyword)?;
    let in_name = unknown(&parsed.name, columns).map(|name| (keyword.start, name));
    let (begin, name) = in_name.or_else(|| {
        parsed.steps.iter().find_map(|(_, step)| {
            let line = layout.lines.get(step.line - 1)?;
            unknown_in_step(step, columns).map(|name| (line.start, name))
        })
    })?;
    let known: Vec<String> = columns.iter().map(|column| format!("`<{column}>`")).collect();
    let help = format!("the columns are {}; add one, or use one of these", known.join(", "));
    Some(Fault::new(place(text, begin, name), format!("no column is called {}", quoted(name)), help))
}

fn unknown_in_step<'a>(step: &'a Step, columns: &[String]) -> Option<&'a str> {
    let cells = step.table.iter().flatten().flatten().map(String::as_str);
    let texts = std::iter::once(step.text.as_str()).chain(step.doc.as_deref()).chain(cells);
    texts.into_iter().find_map(|text| unknown(text, columns))
}

/// The first `<name>` of a text that no column has. What is XML there is none: `<Key>a</Key>`, `<br/>`.
fn unknown<'a>(text: &'a str, columns: &[String]) -> Option<&'a str> {
    let closed: BTreeSet<&str> = text.split("</").skip(1).filter_map(until_bracket).collect();
    let mut names = text.split('<').skip(1).filter_map(until_bracket);
    names.find(|name| is_name(name) && !closed.contains(name) && !columns.iter().any(|column| column == name))
}

fn until_bracket(text: &str) -> Option<&str> {
    text.split_once('>').map(|(name, _)| name)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !name.ends_with(char::is_whitespace)
        && !name.contains(['=', '"', '\'', '/', '\n'])
}

fn place(text: &str, begin: usize, name: &str) -> Range<usize> {
    let written = format!("<{name}>");
    let found = text.get(begin..).and_then(|rest| rest.find(&written)).map_or(begin, |found| begin + found);
    found..(found + written.len()).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn each_name_is_replaced_once() {
        let (columns, values) = (owned(&["a", "b c", "größe"]), owned(&["<b c>", "2", "3"]));
        let row = Row { columns: &columns, values: &values };
        let table = [
            ("<a>", "<b c>"),
            ("x<b c>y<b c>", "x2y2"),
            ("<größe>", "3"),
            ("<other>", "<other>"),
            ("< a>", "< a>"),
            ("1 < 2 <a>", "1 < 2 <b c>"),
            ("<", "<"),
            ("<<a>>", "<<b c>>"),
        ];
        for (text, expected) in table {
            assert_eq!(row.fill(text), expected, "{text}");
        }
    }

    #[test]
    fn only_what_looks_like_a_name_needs_a_column() {
        let columns = owned(&["size"]);
        let table = [
            ("<size> <siz>", Some("siz")),
            ("<file name>", Some("file name")),
            ("a < b and c > d", None),
            ("<Key>a</Key>", None),
            ("<br/><?xml?><!-- -->", None),
            ("<a href=\"x\">", None),
        ];
        for (text, expected) in table {
            assert_eq!(unknown(text, &columns), expected, "{text}");
        }
    }
}
