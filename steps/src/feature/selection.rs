//! What is wanted: a file, a folder, or the scenario at a line of a file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use super::files::Trouble;
use super::{Feature, Scenario};

/// A file or a folder to read, and where it says a line, only the scenario there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The file or the folder.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
}

impl FromStr for Wanted {
    type Err = Trouble;

    /// `PATH` or `FILE:LINE`.
    fn from_str(text: &str) -> Result<Self, Trouble> {
        let whole = || Self { path: text.into(), line: None };
        let Some((path, line)) = text.rsplit_once(':').filter(|(path, _)| !path.is_empty()) else { return Ok(whole()) };
        if line.is_empty() || !line.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(whole());
        }
        match line.parse() {
            Ok(line @ 1..) => Ok(Self { path: path.into(), line: Some(line) }),
            _ => Err(Trouble::Line { path: path.into(), line: line.to_owned() }),
        }
    }
}

impl Feature {
    /// Keeps the scenarios at these lines; `None` where one of the lines is behind the end of the file.
    pub(crate) fn at_lines(mut self, lines: &BTreeSet<usize>) -> Option<Self> {
        let count = self.text.lines().count();
        if lines.iter().any(|line| *line > count) {
            return None;
        }
        let mut kept = BTreeSet::new();
        for line in lines {
            kept.extend(at_line(&self.scenarios, *line));
        }
        let mut index = 0..;
        self.scenarios.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
        Some(self)
    }
}

/// The scenarios at a line: the example of that row, or what the line belongs to. Between scenarios that is their
/// rule; above all of them, everything.
fn at_line(scenarios: &[Scenario], line: usize) -> Vec<usize> {
    let those = |wanted: &dyn Fn(&Scenario) -> bool| -> Vec<usize> {
        scenarios.iter().enumerate().filter(|(_, scenario)| wanted(scenario)).map(|(index, _)| index).collect()
    };
    let inside = those(&|scenario| scenario.extent.contains(&line));
    let row = those(&|scenario| scenario.line == line);
    if !inside.is_empty() {
        return if row.is_empty() { inside } else { row };
    }
    match scenarios.iter().position(|scenario| scenario.extent.start > line) {
        Some(next) if next > 0 => those(&|scenario| scenario.rule == scenarios[next].rule),
        _ => those(&|_| true),
    }
}
