//! The decision as Markdown: a comment on a pull request, the summary of a job, a description of a merge request.

mod escape;

use std::fmt::Write as _;

use escape::{block, code, inline};

use super::text::{command, count, counted, line};
use super::{SHOWN_MAX, view};
use crate::decision::{Check, Decision, Found};
use crate::verdict::{Said, Verdict};

/// How many ids of requests are shown of a finding.
const REQUEST_IDS_MAX: usize = 5;

/// Where Markdown goes, which decides how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// A comment on a pull request: GitHub takes 65,536 characters. GitLab takes a million.
    Comment,
    /// The summary of a job: GitHub takes 1 MiB of a step
    /// (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits>).
    JobSummary,
}

impl Room {
    /// The longest Markdown, in bytes, of which a text has at least as many as it has characters. A little less than the
    /// limit: whoever posts it may put a line of their own before it.
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Comment => 64_000,
            Self::JobSummary => 1_000_000,
        }
    }
}

/// The decision as Markdown that fits into `room`. What does not fit is counted.
pub fn markdown(decision: &Decision, room: Room) -> String {
    let mut page = Page { text: String::new(), bytes_max: room.bytes_max() };
    head(&mut page, decision);
    checks(&mut page, decision);
    blocking(&mut page, decision);
    old(&mut page, decision);
    rest(&mut page, decision);
    page.text
}

/// The text, which each part may fill up to its share.
struct Page {
    text: String,
    bytes_max: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// As many of `items` as there is room for until `percent` of the page is full; `more` is the line for those left out.
    fn items(&mut self, percent: usize, items: impl ExactSizeIterator<Item = String>, more: impl Fn(&str) -> String) {
        let full = self.bytes_max / 100 * percent;
        let total = items.len();
        for (index, item) in items.enumerate() {
            if index == SHOWN_MAX || self.text.len() + item.len() > full {
                self.line(&more(&format!("and {} more", total - index)));
                return;
            }
            self.line(&item);
        }
    }

    /// A list that is closed until somebody opens it; nothing where there is nothing in it. `title` is ours.
    fn closed(&mut self, title: &str, percent: usize, items: impl ExactSizeIterator<Item = String>) {
        if items.len() == 0 {
            return;
        }
        self.line(&format!("<details><summary>{title}</summary>\n"));
        self.items(percent, items.map(|item| format!("- {item}")), |more| format!("- … {more}"));
        self.line("\n</details>\n");
    }
}

/// A mark that is seen before anything is read, with the word.
const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Inconclusive => "❔",
        Verdict::Overridden => "⚠",
    }
}

fn head(page: &mut Page, decision: &Decision) {
    page.line(&format!("## {} Gate {}: {}\n", mark(decision.verdict), inline(&line(&decision.gate)), decision.verdict));
    page.line(&format!("**Why:** {}\n", inline(&line(&decision.summary))));
    if let Some(words) = view::overridden(decision) {
        page.line(&format!("> **Overridden, not passed:** {}\n", inline(&words)));
    }
    for (words, what) in view::steps(decision) {
        page.line(format!("- **To do:** {words} {}", code(&command(what))).trim_end());
    }
    page.line("");
}

fn checks(page: &mut Page, decision: &Decision) {
    if decision.checks.is_empty() {
        page.line("Nothing was checked.\n");
        return;
    }
    page.line("| | Check | Target | Why |\n|---|---|---|---|");
    let passed = decision.checks.iter().filter(|check| check.said == Said::Pass);
    let rows: Vec<String> = decision.against().chain(passed).map(row).collect();
    page.items(30, rows.into_iter(), |more| format!("| | … {more} | | |"));
    page.line("");
}

fn row(check: &Check) -> String {
    let mark = mark(match check.said {
        Said::Pass => Verdict::Pass,
        Said::Fail => Verdict::Fail,
        Said::Inconclusive => Verdict::Inconclusive,
    });
    let target = if check.target.is_empty() { "all".to_owned() } else { inline(&check.target) };
    format!("| {mark} {} | {} | {target} | {} |", check.said.word(), inline(&check.name), inline(&check.why))
}

fn blocking(page: &mut Page, decision: &Decision) {
    let found = view::blocking(decision);
    if found.is_empty() {
        return;
    }
    let verb = if found.len() == 1 { "blocks" } else { "block" };
    page.line(&format!("### {} that {verb}\n", counted(found.len(), "finding")));
    let items: Vec<String> = found.iter().map(|found| format!("- {}\n{}", sentence(found), again(found))).collect();
    page.items(65, items.into_iter(), |more| format!("- … {more}"));
    page.line("");
}

fn sentence(found: &Found) -> String {
    let (operation, target) = (inline(&found.operation), inline(&found.target));
    let (standing, cases) = (inline(&view::standing(&found.standing)), count(found.count, "case"));
    format!("**Finding** {operation} at {target}: {} ({standing}; {cases})", inline(&found.summary))
}

/// How to see a finding again, closed.
fn again(found: &Found) -> String {
    let mut text = String::from("\n  <details><summary>Show it again</summary>\n\n");
    if !found.replay.is_empty() {
        text.push_str(&block(&command(&found.replay)));
        text.push('\n');
    }
    let _ = write!(text, "  Finding {}", inline(&found.id));
    if let Some((path, at)) = &found.place {
        let _ = write!(text, ", in {} line {at}", inline(path));
    }
    let ids: Vec<String> = found.request_ids.iter().take(REQUEST_IDS_MAX).map(|id| inline(id)).collect();
    if !ids.is_empty() {
        let more = if found.request_ids.len() > ids.len() { ", …" } else { "" };
        let _ = write!(text, ", request ids {}{more}", ids.join(", "));
    }
    text.push_str("\n\n  </details>\n");
    text
}

fn old(page: &mut Page, decision: &Decision) {
    let found = view::old(decision);
    let title = format!("{}: {}, not blocking", counted(found.len(), "old finding"), view::standings(&found));
    page.closed(&title, 80, found.iter().map(|found| sentence(found)));
}

fn rest(page: &mut Page, decision: &Decision) {
    let cases = decision.skipped.iter().fold(0_u64, |sum, skipped| sum.saturating_add(skipped.count));
    let skipped = decision.skipped.iter().map(|skipped| format!("Not judged: {}", inline(&view::skipped(skipped))));
    page.closed(&format!("{} not judged", count(cases, "case")), 88, skipped);
    let notices = decision.notices.iter().map(|notice| format!("Note: {}", inline(notice)));
    page.closed(&counted(decision.notices.len(), "notice"), 92, notices);
    let targets = decision.targets.iter().map(|target| format!("Target {}", inline(&view::looked(target))));
    let facts = view::facts(decision).into_iter().map(|(name, fact)| format!("{name} {}", inline(&fact)));
    page.closed(&view::judged(decision), 99, facts.chain(targets).collect::<Vec<_>>().into_iter());
}
