//! The command line of `plumb test`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::TargetArgs;

/// `plumb test`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Feature files, folders, or one scenario as `FILE:LINE` [default: the features that come with the API]
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Which endpoint; `--target model` is the model itself, without a server
    #[command(flatten)]
    pub target: TargetArgs,
    /// Only scenarios whose tags fit: `@smoke and not @slow`
    #[arg(long, value_name = "EXPRESSION")]
    pub tags: Option<String>,
    /// Only scenarios with this text in their id or name; may be given more than once
    #[arg(long = "name", value_name = "TEXT")]
    pub names: Vec<String>,
    /// How many scenarios are played at once
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// Begin no further scenario once one has failed
    #[arg(long)]
    pub fail_fast: bool,
    /// Bind every step to its function, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the ids of the scenarios, and run none
    #[arg(long, conflicts_with = "phrases")]
    pub list: bool,
    /// Print every phrase that a step can say, as a table in Markdown
    #[arg(long)]
    pub phrases: bool,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = TestFormat::Terminal)]
    pub format: TestFormat,
    /// Write a report as one self-contained HTML file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Keep run.json, events.ndjson and findings in this folder [default: plumb-runs/RUN, findings only]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Write each scenario as a case into this folder, for `plumb replay` and `plumb conform --seeds`
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Accepted findings [default: plumb.deviations.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub deviations: Option<PathBuf>,
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people.
    Terminal,
    /// One object, schema plumb.test/1.
    Json,
    /// The events of the run, one a line.
    Ndjson,
    /// `JUnit`'s XML, as pipelines read it.
    Junit,
    /// Cucumber's JSON, as its report tools read it.
    CucumberJson,
    /// One self-contained page.
    Html,
    /// Nothing: somebody else tells what came of it.
    #[value(skip)]
    Nothing,
}
