//! When the slots of a watch are due.

use std::time::Duration;

/// How often.
#[derive(Debug, Clone, PartialEq)]
pub enum Cadence {
    /// Once in every so long, spread by a hash of the watch, at a phase that moves.
    Every(Duration),
    /// At the times that a line in the format of cron names, in a time zone. Nothing is spread.
    Cron(Box<CronLine>),
}

/// A line in the format of cron, with its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    text: String,
    zone: String,
}
