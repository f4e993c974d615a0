//! The decision as plain text. Five lines say what blocks and what to do; everything else comes below.

use std::fmt::Write as _;

use super::text::{command, counted, line, sentence};
use super::{SHOWN_MAX, view};
use crate::decision::{Decision, Found};
use crate::verdict::{Said, Verdict};

/// How many of the checks that keep it from passing stand in the first lines.
const FIRST_MAX: usize = 2;
/// How many findings that do not block are shown.
const OLD_MAX: usize = 10;
/// How many ids of requests are shown of a finding.
const REQUEST_IDS_MAX: usize = 3;

/// The decision for a terminal or a log, with colours where `is_coloured`.
pub fn terminal(decision: &Decision, is_coloured: bool) -> String {
    let mut page = Page { text: String::new(), is_coloured };
    head(&mut page, decision);
    against(&mut page, decision);
    blocking(&mut page, decision);
    old(&mut page, decision);
    skipped(&mut page, decision);
    page.list("Good to know", SHOWN_MAX, decision.notices.iter().map(|notice| line(notice)));
    page.list("Looked at", SHOWN_MAX, decision.targets.iter().map(|target| line(&view::looked(target))));
    let facts = view::facts(decision);
    page.list("Facts", SHOWN_MAX, facts.iter().map(|(name, fact)| format!("{name} {}", line(fact))));
    page.text
}

/// The text with what is written in colour.
struct Page {
    text: String,
    is_coloured: bool,
}

/// The colours that a report has, as parameters of the escape sequence "select graphic rendition".
#[derive(Clone, Copy)]
enum Colour {
    Good,
    Bad,
    Unclear,
}

impl Colour {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "1;32",
            Self::Bad => "1;31",
            Self::Unclear => "1;33",
        }
    }

    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Fail => Self::Bad,
            Verdict::Inconclusive | Verdict::Overridden => Self::Unclear,
        }
    }
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn painted(&self, word: &str, colour: Colour) -> String {
        if self.is_coloured { format!("\x1b[{}m{word}\x1b[0m", colour.code()) } else { word.to_owned() }
    }

    /// A title with a line for each of `items`, of which `shown_max` at most; nothing where there are none. Each line
    /// begins with a dash: no text stands at the beginning of one.
    fn list(&mut self, title: &str, shown_max: usize, items: impl ExactSizeIterator<Item = String>) {
        let total = items.len();
        if total == 0 {
            return;
        }
        let _ = write!(self.text, "\n{title}\n");
        for item in items.take(shown_max) {
            self.line(&format!("  - {item}"));
        }
        if total > shown_max {
            self.line(&format!("  - and {} more", total - shown_max));
        }
    }
}

/// The first lines: the verdict, what keeps it from passing, and what to do.
fn head(page: &mut Page, decision: &Decision) {
    let word = page.painted(&decision.verdict.word().to_uppercase(), Colour::of(decision.verdict));
    page.line(&format!("{word} gate {}: {}", line(&decision.gate), line(&decision.summary)));
    if let Some(words) = view::overridden(decision) {
        let word = page.painted("override:", Colour::Unclear);
        page.line(&format!("{word} {}", sentence(&words)));
    }
    let against: Vec<_> = decision.against().collect();
    // With an override there is a line less, and no need to tell how to make one.
    let shown = if decision.verdict == Verdict::Overridden { 1 } else { FIRST_MAX };
    for (index, check) in against.iter().take(shown).enumerate() {
        let colour = if check.said == Said::Fail { Colour::Bad } else { Colour::Unclear };
        let word = page.painted(&format!("{}:", view::bars(check.said)), colour);
        let more = against.len().saturating_sub(shown);
        let more = if index + 1 == shown && more > 0 { format!(" (and {more} more below)") } else { String::new() };
        page.line(&format!("{word} {}: {}{more}", line(&view::check_name(check)), line(&check.why)));
    }
    for (index, (words, what)) in view::steps(decision).into_iter().enumerate() {
        let step = format!("{} {words} {}", if index == 0 { "do:" } else { "or:" }, command(what));
        page.line(step.trim_end());
    }
    if decision.verdict == Verdict::Pass {
        page.line(&format!("judged: {}", view::judged(decision)));
    }
}

fn against(page: &mut Page, decision: &Decision) {
    let checks: Vec<_> = decision.against().collect();
    let checks = checks
        .iter()
        .map(|check| format!("{}: {}: {}", view::bars(check.said), line(&view::check_name(check)), line(&check.why)));
    page.list("What keeps it from passing", SHOWN_MAX, checks);
    let passed = decision.checks.iter().filter(|check| check.said == Said::Pass).collect::<Vec<_>>();
    let passed = passed.iter().map(|check| format!("{}: {}", line(&view::check_name(check)), line(&check.why)));
    page.list("What passes", SHOWN_MAX, passed);
}

fn blocking(page: &mut Page, decision: &Decision) {
    let found = view::blocking(decision);
    page.list("Findings that block", SHOWN_MAX, found.iter().map(|found| in_full(found)));
}

fn in_full(found: &Found) -> String {
    let cases = super::text::count(found.count, "case");
    let mut text = format!("{} at {}: {}", line(&found.operation), line(&found.target), line(&found.summary));
    let _ = write!(text, "\n    {}; {cases}; id {}", line(&view::standing(&found.standing)), line(&found.id));
    if let Some((path, at)) = &found.place {
        let _ = write!(text, "\n    at {}:{at}", line(path));
    }
    if !found.replay.is_empty() {
        let _ = write!(text, "\n    $ {}", command(&found.replay));
    }
    let ids: Vec<_> = found.request_ids.iter().take(REQUEST_IDS_MAX).map(|id| line(id)).collect();
    if !ids.is_empty() {
        let more = if found.request_ids.len() > ids.len() { ", …" } else { "" };
        let _ = write!(text, "\n    request ids {}{more}", ids.join(", "));
    }
    text
}

fn old(page: &mut Page, decision: &Decision) {
    let found = view::old(decision);
    let title = format!("{} that {} not block", counted(found.len(), "old finding"), does(found.len()));
    let each = found.iter().map(|found| {
        let (operation, target) = (line(&found.operation), line(&found.target));
        format!("{operation} at {target}: {} ({})", line(&found.summary), line(&view::standing(&found.standing)))
    });
    page.list(&title, OLD_MAX, each);
}

const fn does(many: usize) -> &'static str {
    if many == 1 { "does" } else { "do" }
}

fn skipped(page: &mut Page, decision: &Decision) {
    page.list("Not judged", SHOWN_MAX, decision.skipped.iter().map(|skipped| line(&view::skipped(skipped))));
}
