//! The arguments of `plumb learn`, and of the log that `plumb serve` writes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::LogFormat;

/// `plumb learn`.
#[derive(Debug, Args)]
pub struct LearnArgs {
    /// The API that the logs speak of
    #[arg(long, value_name = "NAME")]
    pub api: String,
    /// Log files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The format of all files: combined, har, requests, or one of the API [default: found out for each file]
    #[arg(long, value_name = "NAME")]
    pub log_format: Option<String>,
    /// The documented variant of the API that the service speaks
    #[arg(long, value_name = "NAME")]
    pub flavour: Option<String>,
    /// How many choices are looked at together
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub strength: u8,
    /// Write what follows on what, and how often, for the making of workflows
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Write a case for each session, with nothing personal in it: into a folder, or one a line into FILE.ndjson
    #[arg(long, value_name = "DIR|FILE")]
    pub cases: Option<PathBuf>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = LearnFormat::Terminal)]
    pub format: LearnFormat,
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LearnFormat {
    /// For people.
    Terminal,
    /// One object, schema plumb.learn/1.
    Json,
}

/// How `plumb serve --log FILE` writes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequestLogFormat {
    /// One JSON object a line, with the header fields: plumb learn gives back from it what was done.
    Requests,
    /// Combined Log Format, which has neither ranges nor conditions nor checksums.
    Combined,
}

/// What `--log` names: the format of our own messages, or for `plumb serve` a file that takes the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTo {
    /// Our own messages, in this format.
    Messages(LogFormat),
    /// The requests, into this file.
    Requests(PathBuf),
}

impl LogTo {
    /// Reads the value of `--log`. A file called `text` or `json` is `./text` or `./json`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("say text, json, or for plumb serve a file".to_owned());
        }
        Ok(LogFormat::from_str(text, false).map_or_else(|_| Self::Requests(text.into()), Self::Messages))
    }
}
