//! Stand-in.
use std::time::Duration;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Given,
    When,
    Then,
}
#[derive(Debug, Clone)]
pub struct Step {
    pub keyword: String,
    pub kind: Kind,
    pub text: String,
    pub line: usize,
    pub column: usize,
    pub doc: Option<String>,
    pub table: Option<Vec<Vec<String>>>,
}
#[derive(Debug, Clone)]
pub struct Terms {
    pub serial: bool,
    pub retries: u32,
    pub timeout: Option<Duration>,
    pub allow_inconclusive: bool,
    pub owner: Option<String>,
    pub model: bool,
    pub api: Option<String>,
}
#[derive(Debug, Clone)]
pub struct Scenario {
    pub id: String,
    pub name: String,
    pub path: String,
    pub feature: String,
    pub rule: Option<String>,
    pub line: usize,
    pub tags: Vec<String>,
    pub terms: Terms,
    pub steps: Vec<Step>,
}
