//! The files of a model: read within bounds, and mistakes in them shown at their place.

use std::path::Path;

use plumb_generator::pict::{Dialect, Mistake, Model, SHOWN_MAX};

use crate::cli::GenerateArgs;
use crate::error::Error;
use crate::input::read_text_or_stdin;

/// The longest model or file with rows that is read, in bytes.
const TEXT_BYTES_MAX: u64 = 32 << 20;
/// How many warnings are shown.
const WARNINGS_SHOWN_MAX: usize = 20;

/// A model, and what its file is called.
pub(super) struct Named {
    pub(super) model: Model,
    pub(super) file: String,
}

/// Reads the model, and shows what its author may not expect.
pub(super) fn read(path: &Path, arguments: &GenerateArgs) -> Result<Named, Error> {
    let others = [&arguments.rows.seeds, &arguments.rows.check];
    if is_stdin(path) && others.into_iter().flatten().any(|other| is_stdin(other)) {
        return Err(Error::usage("standard input is read twice", "give one of the two as a file"));
    }
    let (file, text) = text(path, "name a file with a model in PICT's language, in UTF-8, or - for standard input")?;
    let model = Model::parse(&text, &dialect(arguments)).map_err(|mistake| shown(&file, &text, &mistake))?;
    for warning in model.warnings().iter().take(WARNINGS_SHOWN_MAX) {
        eprintln!("{file}, {warning}");
    }
    if let Some(more) = model.warnings().len().checked_sub(WARNINGS_SHOWN_MAX).filter(|more| *more > 0) {
        eprintln!("{file}: {more} more warnings");
    }
    Ok(Named { model, file })
}

fn dialect(arguments: &GenerateArgs) -> Dialect {
    let (given, usual) = (&arguments.dialect, Dialect::default());
    Dialect {
        values: given.value_separator.unwrap_or(usual.values),
        aliases: given.alias_separator.unwrap_or(usual.aliases),
        negative: given.negative_prefix.unwrap_or(usual.negative),
        case_sensitive: given.case_sensitive,
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a file is called, and its text.
pub(super) fn text(path: &Path, remedy: &str) -> Result<(String, String), Error> {
    let text = read_text_or_stdin(path, TEXT_BYTES_MAX).map_err(|error| Error::file("read", path, error, remedy))?;
    let name = if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
    Ok((name, text))
}

/// A mistake as it is shown: in its line, or of a long line what is around it.
pub(super) fn shown(file: &str, text: &str, mistake: &Mistake) -> Error {
    let length = text.lines().nth(mistake.line - 1).map_or(0, |line| line.chars().count());
    let message = format!("{file}, line {}, column {}: {}", mistake.line, mistake.column, mistake.message);
    if length <= SHOWN_MAX {
        return Error::config(file, text, Some(mistake.place.clone()), message, Some(mistake.remedy.clone()));
    }
    let excerpt = mistake.excerpt();
    let at = excerpt.find('\n').map_or(0, |end| excerpt[end + 1..].find('^').unwrap_or(0));
    let line = excerpt.lines().next().unwrap_or_default();
    let start = line.char_indices().nth(at).map_or(line.len(), |(start, _)| start);
    Error::config(file, line, Some(start..start), message, Some(mistake.remedy.clone()))
}
