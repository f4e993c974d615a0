//! A comparison as text. As in every report, what matters most stands last.

mod latency;
mod permitted;
mod red;

use anstyle::Style;

use super::canvas::{BOLD, Canvas, DIM, GOOD, PLAIN, RED, UNCLEAR, cell, figure};
use crate::compare::between::Right;
use crate::compare::comparison::Tally;
use crate::compare::passes::Pass;
use crate::compare::reds::Red;
use crate::compare::summary::Summary;
use crate::report::words::{count, cut, duration, number, safe};

/// The most differences in which somebody is wrong that are printed: those that most cases show.
const PRINTED_MAX: usize = 50;
/// The most lines that a list has: the most frequent ones.
const LISTED_MAX: usize = 20;
/// The longest line of a list, in characters.
const LINE_CHARACTERS_MAX: usize = 300;
/// The most resources that are named.
const NAMED_RESOURCES_MAX: usize = 5;

/// The comparison as text, with the escapes for colours or without any.
pub fn comparison(summary: &Summary, colours: bool) -> String {
    let mut canvas = Canvas::new(colours);
    heading(&mut canvas, summary);
    latency::table(&mut canvas, summary);
    tally(&mut canvas, "Not compared to the end", &summary.broken, "reason");
    tally(&mut canvas, "Noise: A differs from itself, so no difference", &summary.noise, "kind of noise");
    tally(&mut canvas, "Both wrong alike, so no difference", &summary.wrong_alike, "kind");
    unconfirmed(&mut canvas, summary);
    permitted::groups(&mut canvas, summary);
    accepted(&mut canvas, summary);
    let open: Vec<&Red> = summary.open().collect();
    canvas.more(open.len(), PRINTED_MAX, "difference");
    for red in open.iter().take(PRINTED_MAX).rev() {
        red::block(&mut canvas, red);
    }
    canvas.blank();
    for notice in notices(summary) {
        canvas.wrapped(0, UNCLEAR, &notice);
    }
    last_line(&mut canvas, summary);
    canvas.into_text()
}

fn heading(canvas: &mut Canvas, summary: &Summary) {
    let began = &summary.began;
    let what = format!("plumb {} · {} · seed {} · {}", began.version, began.api, began.seed, began.started);
    canvas.wrapped(0, DIM, &safe(&what));
    let rows = Pass::ALL.into_iter().zip(&began.targets).map(|(pass, target)| {
        let same = pass == Pass::Again && began.is_same_instance();
        let endpoint = if same { "A once more".to_owned() } else { safe(&target.endpoint) };
        vec![
            cell(BOLD, pass.name()),
            cell(PLAIN, endpoint),
            cell(DIM, safe(&target.flavour)),
            cell(DIM, format!("run {}", safe(&target.run))),
        ]
    });
    canvas.table(0, 0, &rows.collect::<Vec<_>>());
}

/// A list of words with how often they were, the most frequent first.
fn tally(canvas: &mut Canvas, title: &str, tally: &Tally, noun: &str) {
    if tally.kinds.is_empty() {
        return;
    }
    let mut kinds: Vec<_> = tally.kinds.iter().collect();
    kinds.sort_by_key(|(_, many)| std::cmp::Reverse(**many));
    canvas.section(title);
    let rows = kinds
        .iter()
        .take(LISTED_MAX)
        .map(|(words, many)| vec![figure(PLAIN, number(**many)), cell(PLAIN, cut(words, LINE_CHARACTERS_MAX))]);
    canvas.table(2, 0, &rows.collect::<Vec<_>>());
    canvas.more(kinds.len(), LISTED_MAX, noun);
}

fn unconfirmed(canvas: &mut Canvas, summary: &Summary) {
    if summary.unconfirmed.is_empty() {
        return;
    }
    canvas.section("Not confirmed, so no difference");
    for (signature, why) in summary.unconfirmed.iter().take(LISTED_MAX) {
        canvas.wrapped(2, PLAIN, &cut(signature, LINE_CHARACTERS_MAX));
        canvas.wrapped(4, UNCLEAR, &cut(why, LINE_CHARACTERS_MAX));
    }
    canvas.more(summary.unconfirmed.len(), LISTED_MAX, "difference");
}

fn accepted(canvas: &mut Canvas, summary: &Summary) {
    let accepted: Vec<_> = summary.reds.iter().filter_map(|red| Some((red, red.accepted_by.as_ref()?))).collect();
    if accepted.is_empty() {
        return;
    }
    canvas.section("Accepted");
    for (red, owner) in accepted.iter().take(LISTED_MAX) {
        canvas.wrapped(2, DIM, &cut(&red.sentence(), LINE_CHARACTERS_MAX));
        canvas.wrapped(4, DIM, &format!("{} · in {}", safe(owner), count(red.count, "case")));
    }
    canvas.more(accepted.len(), LISTED_MAX, "accepted difference");
}

/// What a reader must know before trusting the sums, a sentence each.
fn notices(summary: &Summary) -> Vec<String> {
    let (counts, ended) = (summary.counts, &summary.ended);
    let mut notices = Vec::new();
    if summary.compared() == 0 {
        notices.push("Nothing could be compared: this says nothing about the targets.".to_owned());
    }
    let beyond = summary.reds_only_counted as u64;
    if beyond > 0 {
        let many = count(beyond, "more case");
        notices.push(format!("{many} with signatures like those above were counted and not looked into."));
    }
    if summary.permitted.only_counted > 0 {
        let many = count(summary.permitted.only_counted, "permitted difference");
        notices.push(format!("{many} of further kinds were counted and not kept."));
    }
    if counts.wrong > 0 && summary.reds.is_empty() {
        notices.push(format!(
            "{} not confirmed, so no difference stands for them.",
            count(counts.wrong, "differing case")
        ));
    }
    let left =
        if ended.cases_left == 0 { String::new() } else { format!("; {} not run", count(ended.cases_left, "case")) };
    match ended.early.as_deref() {
        Some(early) if early != "interrupted" => notices.push(format!("Ended early: {}{left}.", safe(early))),
        _ if ended.interrupted => notices.push(format!("Interrupted{left}.")),
        _ => {}
    }
    notices.extend(leftovers(summary));
    notices
}

fn leftovers(summary: &Summary) -> Option<String> {
    let left = Some(&summary.ended.resources_left).filter(|left| !left.is_empty())?;
    let named = left.iter().take(NAMED_RESOURCES_MAX).map(|(kind, name)| format!("{} {}", safe(kind), safe(name)));
    let mut named: Vec<String> = named.collect();
    if left.len() > NAMED_RESOURCES_MAX {
        named.push(format!("{} more", left.len() - NAMED_RESOURCES_MAX));
    }
    let (many, named) = (count(left.len() as u64, "resource"), named.join(", "));
    Some(format!("{many} could not be removed ({named}): `plumb sweep` removes what runs leave behind."))
}

fn last_line(canvas: &mut Canvas, summary: &Summary) {
    let counts = summary.counts;
    let (style, headline) = headline(summary);
    let mut sums = vec![
        format!("{} alike", number(counts.alike)),
        format!("{} differ", number(counts.wrong)),
        format!("{} differ as permitted", number(counts.either)),
        format!("{} noise", number(counts.noise)),
        format!("{} inconclusive", number(counts.inconclusive)),
    ];
    let unusual = [(counts.left_out, "left out"), (counts.wrong_alike, "wrong alike")];
    sums.extend(unusual.iter().filter(|(many, _)| *many > 0).map(|(many, words)| format!("{} {words}", number(*many))));
    let (cases, time) = (count(counts.cases, "case"), duration(summary.ended.duration_ms));
    canvas.pieces(&[(style, &headline), (PLAIN, &format!(" · {cases}: {} · {time}", sums.join(", ")))]);
}

/// The words to read where only these are read.
fn headline(summary: &Summary) -> (Style, String) {
    let (open, permitted) = (summary.open().count() as u64, summary.permitted.groups.len() as u64);
    let apart = match permitted {
        0 => String::new(),
        _ if open > 0 => format!(", {} more that the model permits", number(permitted)),
        _ => format!(" but {} that the model permits", number(permitted)),
    };
    let is_whole = summary.counts.inconclusive == 0 && !summary.ended.interrupted;
    match (open, summary.compared()) {
        (1.., _) => (RED, format!("{} ({}){apart}", count(open, "difference"), who_is_right(summary))),
        (0, 0) => (UNCLEAR, "Nothing was compared".to_owned()),
        (0, _) if is_whole => (GOOD, format!("No difference{apart}")),
        (0, _) => (UNCLEAR, format!("No difference{apart} in the part that was compared")),
    }
}

/// `A is right in 3, neither is right in 1`.
fn who_is_right(summary: &Summary) -> String {
    let each = [Right::A, Right::B, Right::Neither]
        .map(|right| (right, summary.open().filter(|red| red.right == right).count()));
    let each = each.iter().filter(|(_, many)| *many > 0).map(|(right, many)| format!("{} in {many}", right.words()));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixture;

    #[test]
    fn a_comparison_reads_like_this() {
        insta::assert_snapshot!(comparison(&fixture::summary(), false));
    }

    #[test]
    fn a_comparison_has_no_control_character_but_the_end_of_a_line() {
        let text = comparison(&fixture::summary(), false);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(text.contains("drawkcab") && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn differences_beyond_the_bound_are_counted() {
        let mut summary = fixture::summary();
        summary.reds = vec![summary.reds[0].clone(); PRINTED_MAX + 12];
        let text = comparison(&summary, false);
        assert_eq!(text.matches("✗ ").count(), PRINTED_MAX);
        assert!(text.contains("… and 12 more differences"), "{text}");
    }
}
