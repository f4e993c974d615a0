//! The arguments of `plumb generate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plumb_generator::shard::Shard;

/// `plumb generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// A model in PICT's language; - is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "api", conflicts_with = "api")]
    pub pict: Option<PathBuf>,
    /// How the rows of the model are made
    #[command(flatten)]
    pub rows: RowsArgs,
    /// How the model is read
    #[command(flatten)]
    pub dialect: DialectArgs,
    /// The API whose cases are printed, one JSON object a line
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,
    /// Only this operation; may be given more than once
    #[arg(long = "operation", value_name = "NAME", conflicts_with = "pict")]
    pub operations: Vec<String>,
    /// The seed: the same seed gives the same rows or cases in the same order [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "check")]
    pub seed: Option<u64>,
    /// Only a part of the rows or cases: the second of five is 2/5, and all parts together are the whole
    #[arg(long, value_name = "I/N", conflicts_with = "check")]
    pub shard: Option<Shard>,
}

/// How the rows of a model are made, or which are checked.
#[derive(Debug, Args)]
pub struct RowsArgs {
    /// How many values of different parameters, or choices of an operation, are to meet, 1 to 4 [default: 2]
    #[arg(long, value_name = "N")]
    pub strength: Option<usize>,
    /// Few rows, or soon [default: compact]
    #[arg(long, value_enum, value_name = "EFFORT", conflicts_with_all = ["api", "check"])]
    pub effort: Option<EffortArg>,
    /// Rows to begin with, in the format of the output; cells may be empty. - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["api", "check"])]
    pub seeds: Option<PathBuf>,
    /// Tell what these rows cover and miss, in place of making rows. - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "api")]
    pub check: Option<PathBuf>,
    /// Print on standard error what the rows cover
    #[arg(long, conflicts_with_all = ["api", "check"])]
    pub stats: bool,
}

/// What PICT's own options change in the language.
#[derive(Debug, Args)]
pub struct DialectArgs {
    /// Tell a from A in the model
    #[arg(long, conflicts_with = "api")]
    pub case_sensitive: bool,
    /// What stands between values in the model [default: ,]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_mark, conflicts_with = "api")]
    pub value_separator: Option<char>,
    /// What stands between the names of one value in the model [default: |]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_mark, conflicts_with = "api")]
    pub alias_separator: Option<char>,
    /// What negative values start with [default: ~]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_mark, conflicts_with = "api")]
    pub negative_prefix: Option<char>,
}

/// How much is done for few rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EffortArg {
    /// Row by row, each printed as soon as it is made.
    Fast,
    /// A search for the fewest rows.
    Compact,
}

/// Reads a character; as in PICT, `space` and `tab` have names.
fn parse_mark(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("space", ..) => Ok(' '),
        ("tab", ..) => Ok('\t'),
        (_, Some(only), None) if only != '\n' => Ok(only),
        _ => Err("give one character, space or tab".to_owned()),
    }
}
