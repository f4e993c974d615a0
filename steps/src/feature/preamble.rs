//! What comes before everything: is there a text at all, and in which language?

use super::language::{Language, meant};
use super::lines::{Kind, Line};
use super::mistake::{Fault, quoted};

/// How many lines at the top of a file are searched for its language.
const PREAMBLE_LINES_MAX: usize = 1_000;

/// The language that a comment above the first other line names: `# language: de`. English where none does.
pub(crate) fn language(text: &str) -> Result<Language, Fault> {
    let mut start = 0;
    for line in text.split_inclusive('\n').take(PREAMBLE_LINES_MAX) {
        let trimmed = line.trim();
        if !(trimmed.is_empty() || trimmed.starts_with(['#', '@'])) {
            break;
        }
        if let Some(code) = directive(trimmed) {
            // The code is the last word of the line.
            let begin = start + line.rfind(code).unwrap_or_default();
            return Language::find(code).ok_or_else(|| unknown(begin..begin + code.len(), code));
        }
        start += line.len();
    }
    Language::find("en").ok_or_else(|| unknown(0..0, "en"))
}

fn directive(comment: &str) -> Option<&str> {
    let rest = comment.strip_prefix('#')?.trim_start().strip_prefix("language")?.trim_start().strip_prefix(':')?;
    let code = rest.trim();
    (!code.is_empty() && !code.contains(char::is_whitespace)).then_some(code)
}

fn unknown(span: std::ops::Range<usize>, code: &str) -> Fault {
    let help = match meant(code) {
        Some(meant) => format!("write `# language: {meant}`"),
        None => {
            "write the code of a language that Gherkin is spoken in: `de`, `fr`, `ja`, `pt`; `en` needs none".to_owned()
        }
    };
    Fault::new(span, format!("unknown language {}", quoted(code)), help)
}

/// A text in which nothing but blanks and comments stands.
pub(crate) fn empty(lines: &[Line<'_>]) -> Option<Fault> {
    let help = "a feature file begins with `Feature: what this is about`, with a `Scenario:` and its steps below";
    if lines.iter().all(|line| line.kind == Kind::Blank) {
        return Some(Fault::new(0..0, "the file is empty", help));
    }
    let only_comments = lines.iter().all(|line| matches!(line.kind, Kind::Blank | Kind::Comment));
    only_comments.then(|| Fault::new(0..0, "the file holds nothing but comments", help))
}
