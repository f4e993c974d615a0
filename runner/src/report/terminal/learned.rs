//! What `plumb learn` found, for people: what to do about it stands last.

use std::collections::BTreeMap;

use plumb_generator::weights::{Counts, START};

use super::canvas::{BOLD, Canvas, Cell, DIM, GOOD, PLAIN, RED, UNCLEAR, cell, figure};
use crate::learned::Report;
use crate::report::words::{count, number, safe};

/// The most of what follows on what that is listed, and the most of what the model does not know.
const ROWS_SHOWN_MAX: usize = 12;
/// The most choices of one operation that are listed.
const CHOICES_SHOWN_MAX: usize = 12;
/// The most combinations that are listed, over all operations.
const MISSING_SHOWN_MAX: usize = 15;

/// The report as text, with the escapes for colours or without any.
pub fn learned(report: &Report, colours: bool) -> String {
    let mut canvas = Canvas::new(colours);
    heading(&mut canvas, report);
    operations(&mut canvas, report);
    workflows(&mut canvas, report);
    choices(&mut canvas, report);
    beyond(&mut canvas, report);
    coverage(&mut canvas, report);
    never(&mut canvas, report);
    summary(&mut canvas, report);
    canvas.into_text()
}

fn heading(canvas: &mut Canvas, report: &Report) {
    canvas.wrapped(0, DIM, &format!("what customers do with {} ({})", report.api, report.flavour));
    for file in &report.files {
        let mut facts = vec![count(file.requests, "request")];
        let rest = [(file.left_out, "that no client sent"), (file.unreadable, "unreadable")];
        facts.extend(rest.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{} {what}", number(*many))));
        canvas.wrapped(0, DIM, &safe(&format!("{} ({}): {}", file.file, file.format, facts.join(", "))));
    }
    let unreadable: u64 = report.files.iter().map(|file| file.unreadable).sum();
    if unreadable > 0 {
        canvas.section(&format!("Not read: {}", count(unreadable, "line")));
        let rows =
            report.unreadable.iter().map(|own| vec![cell(PLAIN, safe(&own.place)), cell(DIM, safe(&own.reason))]);
        canvas.table(2, 0, &rows.collect::<Vec<_>>());
        canvas.more(usize::try_from(unreadable).unwrap_or(usize::MAX), report.unreadable.len(), "line");
    }
}

/// `12 %`, or `0.4 %` where it is little.
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1_000) / whole.max(1);
    if tenths >= 100 { format!("{} %", tenths / 10) } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

fn by_count(counts: &Counts) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

fn operations(canvas: &mut Canvas, report: &Report) {
    canvas.blank();
    let title = |text: &str| figure(DIM, text);
    let mut rows: Vec<Vec<Cell>> = vec![vec![cell(DIM, "operation"), title("calls"), title("share")]];
    let all: u64 = report.weights.operations.values().sum();
    for (operation, calls) in by_count(&report.weights.operations) {
        rows.push(vec![cell(PLAIN, operation), figure(PLAIN, number(calls)), figure(PLAIN, share(calls, all))]);
    }
    canvas.table(0, 0, &rows);
}

fn workflows(canvas: &mut Canvas, report: &Report) {
    let flat = |after: &BTreeMap<String, Counts>| {
        let pairs = after.iter().flat_map(|(before, counts)| {
            let before = if before == START { "(start)".to_owned() } else { before.replace(' ', " → ") };
            counts.iter().map(move |(operation, count)| (format!("{before} → {operation}"), *count))
        });
        let mut pairs: Vec<(String, u64)> = pairs.collect();
        pairs.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
        pairs
    };
    for (title, after) in [("two", &report.weights.after), ("three", &report.weights.after_two)] {
        let pairs = flat(after);
        if pairs.is_empty() {
            continue;
        }
        canvas.section(&format!("What follows on what, by {title}"));
        let rows: Vec<Vec<Cell>> = pairs
            .iter()
            .take(ROWS_SHOWN_MAX)
            .map(|(name, count)| vec![figure(PLAIN, number(*count)), cell(PLAIN, name)])
            .collect();
        canvas.table(2, 0, &rows);
        canvas.more(pairs.len(), ROWS_SHOWN_MAX, "workflow");
    }
}

fn choices(canvas: &mut Canvas, report: &Report) {
    if report.weights.choices.is_empty() {
        return;
    }
    canvas.section("Choices (how many had the very value of the choice, and not only one like it)");
    for (operation, counts) in &report.weights.choices {
        let is_default = |name: &str| report.defaults.get(operation.as_str()).is_some_and(|own| own.contains(name));
        let telling: Vec<(&str, u64)> = by_count(counts).into_iter().filter(|(name, _)| !is_default(name)).collect();
        if telling.is_empty() {
            continue;
        }
        canvas.wrapped(2, BOLD, operation);
        let exactly = |name: &str| {
            let many = report.exactly.get(operation).and_then(|own| own.get(name)).copied().unwrap_or(0);
            if many == 0 { String::new() } else { format!("({})", number(many)) }
        };
        let row = |(name, count): &(&str, u64)| {
            vec![figure(PLAIN, number(*count)), figure(DIM, exactly(name)), cell(PLAIN, *name)]
        };
        let rows: Vec<Vec<Cell>> = telling.iter().take(CHOICES_SHOWN_MAX).map(row).collect();
        canvas.table(4, 0, &rows);
        canvas.more(telling.len(), CHOICES_SHOWN_MAX, "choice");
    }
}

/// What the space and the model do not know, and what the logs do not tell.
fn beyond(canvas: &mut Canvas, report: &Report) {
    let listed = |counts: &Counts| {
        by_count(counts).iter().map(|(name, many)| format!("{name} {}", number(*many))).collect::<Vec<_>>().join(", ")
    };
    if !report.other_values.is_empty() || !report.other_arguments.is_empty() {
        canvas.section("Values and arguments that no choice stands for");
        for (operation, counts) in &report.other_values {
            canvas.wrapped(2, PLAIN, &format!("{operation}: {}", listed(counts)));
        }
        for (operation, many) in &report.other_arguments {
            canvas.wrapped(2, PLAIN, &format!("{operation}: {} with arguments of no dimension", count(*many, "call")));
        }
    }
    if !report.unmodelled.is_empty() {
        canvas.section("Requests that the model does not know");
        let all = by_count(&report.unmodelled);
        let row = |(name, many): &(&str, u64)| vec![figure(PLAIN, number(*many)), cell(PLAIN, safe(name))];
        canvas.table(2, 0, &all.iter().take(ROWS_SHOWN_MAX).map(row).collect::<Vec<_>>());
        canvas.more(all.len(), ROWS_SHOWN_MAX, "kind");
    }
    if !report.untold.is_empty() {
        canvas.section("Dimensions that the logs do not tell");
        for (operation, counts) in &report.untold {
            let names: Vec<&str> = counts.keys().map(String::as_str).collect();
            canvas.wrapped(2, DIM, &format!("{operation}: {}", names.join(", ")));
        }
    }
}

fn coverage(canvas: &mut Canvas, report: &Report) {
    if report.coverage.is_empty() {
        return;
    }
    let what = match report.strength {
        1 => "choices",
        2 => "pairs of choices",
        _ => "triples of choices",
    };
    canvas.section(&format!("How many {what} that customers use the suites try"));
    let title = |text: &str| figure(DIM, text);
    let mut rows = vec![vec![cell(DIM, "operation"), title("used"), title("tried"), title("share")]];
    for own in &report.coverage {
        let (used, tried) = (own.used as u64, own.tried as u64);
        let style = if used == tried { GOOD } else { UNCLEAR };
        let used_text = if own.is_cut { format!("{}+", number(used)) } else { number(used) };
        rows.push(vec![
            cell(PLAIN, own.operation),
            figure(PLAIN, used_text),
            figure(PLAIN, number(tried)),
            figure(style, share(tried, used)),
        ]);
    }
    canvas.table(2, 0, &rows);
    missing(canvas, report, what);
}

fn missing(canvas: &mut Canvas, report: &Report, what: &str) {
    let mut missing: Vec<(&str, &crate::learned::Missing)> =
        report.coverage.iter().flat_map(|own| own.missing.iter().map(|missing| (own.operation, missing))).collect();
    missing.sort_by_key(|(_, missing)| std::cmp::Reverse(missing.count));
    if missing.is_empty() {
        return;
    }
    canvas.section(&format!("Used together and never tried: the most frequent {what}"));
    let row = |(operation, missing): &(&str, &crate::learned::Missing)| {
        vec![figure(PLAIN, number(missing.count)), cell(PLAIN, *operation), cell(PLAIN, missing.choices.join(" · "))]
    };
    canvas.table(2, 0, &missing.iter().take(MISSING_SHOWN_MAX).map(row).collect::<Vec<_>>());
    let all: usize = report.coverage.iter().map(|own| own.used - own.tried).sum();
    canvas.more(all, MISSING_SHOWN_MAX, "combination");
}

fn never(canvas: &mut Canvas, report: &Report) {
    let answers = &report.answers;
    if !answers.never_permitted.is_empty() {
        canvas.section("Answered as the model permits in no state that was tried");
        for own in answers.never_permitted.iter().take(ROWS_SHOWN_MAX) {
            let with = if own.choices.is_empty() { String::new() } else { format!(" with {}", own.choices.join(", ")) };
            let expected = own.permitted.join(" or ");
            canvas.wrapped(
                2,
                PLAIN,
                &format!("{}{with}: answered {}, expected {}", own.operation, safe(&own.answered), safe(&expected)),
            );
            canvas.wrapped(4, DIM, &safe(&format!("{}, first at {}", count(own.count, "time"), own.first)));
        }
        canvas.more(answers.never_permitted.len(), ROWS_SHOWN_MAX, "kind");
    }
    let unjudged: u64 = answers.unjudged.values().sum();
    canvas.section("Answers");
    let mut rows = vec![
        vec![
            figure(PLAIN, number(answers.explained)),
            cell(PLAIN, "some state explains: what a log does not tell is taken to be so"),
        ],
        vec![
            figure(if answers.never > 0 { RED } else { PLAIN }, number(answers.never)),
            cell(PLAIN, "no state explains"),
        ],
        vec![figure(PLAIN, number(unjudged)), cell(PLAIN, "could not be judged")],
    ];
    let why =
        |(why, many): (&&'static str, &u64)| vec![figure(DIM, ""), cell(DIM, format!("{} · {why}", number(*many)))];
    rows.extend(answers.unjudged.iter().map(why));
    canvas.table(2, 0, &rows);
}

fn summary(canvas: &mut Canvas, report: &Report) {
    canvas.blank();
    let cases = &report.cases;
    let mut words = vec![
        count(report.requests, "request"),
        count(report.sessions, "session"),
        count(cases.different as u64, "different case"),
    ];
    if cases.sessions_without > 0 {
        words.push(format!("{} without a case", count(cases.sessions_without, "session")));
    }
    if cases.calls_left_out > 0 {
        words.push(format!("{} beyond what a case holds", count(cases.calls_left_out, "call")));
    }
    let never = &report.answers.never;
    let (style, first) =
        if *never > 0 { (UNCLEAR, "Customers do what the model does not permit") } else { (GOOD, "Learned") };
    canvas.pieces(&[(style, first), (PLAIN, &format!(" · {}", words.join(" · ")))]);
}
