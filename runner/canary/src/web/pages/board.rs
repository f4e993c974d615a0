//! The first page: what is broken, since when, whose fault it is, and what to type; below it everything else.

use maud::{Markup, html};

use super::frame::{Place, document, footer, masthead};
use super::{alerts, bar, card, row};
use crate::slot::Place as Where;
use crate::view::Board;
use crate::web::filter::{Filter, STATES, ledger_address};
use crate::web::health::{self, Health, Seen, blame};
use crate::web::words::{count, date, number, safe};

/// The watches of one page.
const WATCHES_MAX: usize = 50;
/// The most broken watches of a page that are shown as cards; the rest are rows.
const CARDS_MAX: usize = 12;
/// The most names that a field proposes.
const PROPOSED_MAX: usize = 200;
/// The most notices and accepted deviations that the page lists.
const LISTED_MAX: usize = 50;
/// The states of the kill switch that can be chosen, with what they do.
const SWITCH: [(&str, &str); 4] = [
    ("read-only", "read-only: nothing is written but what cleans up"),
    ("drain", "drain: what is under way ends, nothing begins"),
    ("halt", "halt: nothing is sent any more"),
    ("off", "off: everything runs"),
];

/// The page.
pub fn board(board: &Board, filter: &Filter) -> String {
    let all = health::all(board);
    let shown: Vec<Seen<'_>> = all.iter().filter(|seen| filter.takes(seen)).copied().collect();
    let (tone, headline) = headline(&all);
    let content = html! {
        (masthead(&Place::from(board)))
        main {
            (outcome(board, &all, (tone, &headline)))
            (alerts::section(board.alerts.iter(), board.now_ms))
            (notices(board))
            (watches(board, filter, &shown, all.len()))
            (deviations(board))
            (kill_switch(board))
        }
        (footer(board))
    };
    document(&format!("{headline} · {} · Plumbline", safe(&board.region)), filter.refresh_seconds(), &content)
}

/// What it comes to, in one line.
fn headline(all: &[Seen<'_>]) -> (Health, String) {
    let broken = all.iter().filter(|seen| seen.health.is_broken()).count();
    let worst = all.iter().map(|seen| seen.health).min().unwrap_or(Health::Quiet);
    let headline = match (broken, all.len()) {
        (_, 0) => "Nothing is watched".to_owned(),
        (0, 1) => "The only watch is not broken".to_owned(),
        (0, many) => format!("None of {} watches is broken", number(many as u64)),
        (broken, many) => {
            let (verb, noun) = (if broken == 1 { "is" } else { "are" }, if many == 1 { "watch" } else { "watches" });
            format!("{} of {} {noun} {verb} broken", number(broken as u64), number(many as u64))
        }
    };
    (worst, headline)
}

fn outcome(board: &Board, all: &[Seen<'_>], (worst, headline): (Health, &str)) -> Markup {
    html! {
        section .outcome .(worst.class()) aria-labelledby="outcome" {
            @if let Some(brake) = &board.brake {
                p .brake { span aria-hidden="true" { "■ " } b { "Calls are held back" } " " (safe(brake)) }
            }
            h1 #outcome { (headline) }
            (blames(all))
            (tiles(all))
        }
    }
}

/// What the daemon has to say of itself.
fn notices(board: &Board) -> Markup {
    html! {
        @if !board.notices.is_empty() {
            ul .notices aria-label="What the agent says of itself" {
                @for notice in board.notices.iter().take(LISTED_MAX) { li { (safe(notice)) } }
            }
        }
    }
}

/// Whose fault it is, each with its number: the first thing that somebody who was woken wants to know.
fn blames(all: &[Seen<'_>]) -> Markup {
    let places = || all.iter().filter(|seen| seen.health.is_broken()).map(|seen| seen.view.trouble.as_ref());
    let many = |of: fn(Where) -> bool| places().flatten().filter(|trouble| of(trouble.place)).count();
    let service = many(|place| matches!(place, Where::Service));
    let way = many(|place| matches!(place, Where::Way(_)));
    let ours = many(Where::is_ours);
    let unknown = places().filter(Option::is_none).count();
    let each = [
        (blame(Where::Service).0, service, false),
        ("The way there", way, false),
        (blame(Where::Agent).0, ours, true),
        ("Not known", unknown, true),
    ];
    html! {
        @if places().next().is_some() {
            p .blames {
                span .lies { "It lies with" }
                @for (words, many, ours) in each {
                    @if many > 0 { " " span .blame .ours[ours] { (words) span .part { (many) } } }
                }
            }
        }
    }
}

fn tiles(all: &[Seen<'_>]) -> Markup {
    let many = |health: Health| all.iter().filter(|seen| seen.health == health).count();
    let address = |health: Health| match health {
        Health::Down => "/?state=down",
        Health::Wrong => "/?state=wrong",
        Health::Unknown => "/?state=unknown",
        Health::Quiet => "/?state=held",
        Health::Strained | Health::Fine => "/?state=passing",
    };
    html! {
        ul .tiles {
            @for health in Health::ALL {
                @let many = many(health);
                @if many > 0 || matches!(health, Health::Down | Health::Wrong | Health::Unknown | Health::Fine) {
                    li .tile .(health.class()) .none[many == 0] {
                        a href=(address(health)) {
                            span .tile-word { span aria-hidden="true" { (health.sign()) } " " (health.word().to_lowercase()) }
                            " " span .tile-many { (number(many as u64)) }
                        }
                    }
                }
            }
        }
    }
}

fn watches(board: &Board, filter: &Filter, shown: &[Seen<'_>], all: usize) -> Markup {
    let pages = shown.len().div_ceil(WATCHES_MAX).max(1);
    let page = filter.page.unwrap_or(1).clamp(1, pages);
    let first = (page - 1) * WATCHES_MAX;
    let here = &shown[first..shown.len().min(first + WATCHES_MAX)];
    let cards = here.iter().take_while(|seen| seen.health.is_broken()).count().min(CARDS_MAX);
    let (broken, rest) = here.split_at(cards);
    html! {
        section aria-labelledby="watches" {
            div .bar-above {
                h2 #watches { "Watches" }
                p .seen {
                    @if shown.is_empty() { "None" } @else { (first + 1) "–" (first + here.len()) }
                    " of " (number(shown.len() as u64))
                    @if shown.len() < all { ", out of " (number(all as u64)) " in all" }
                }
                p .seen { a href=(ledger_address(&date(board.now_ms), None)) { "Today's ledger" } }
            }
            (form(board, filter))
            @if here.is_empty() { p .lead { "No watch is like that. " a href="/" { "Show all" } } }
            @if !broken.is_empty() { ul .watches { @for seen in broken { (card::card(seen, board.now_ms)) } } }
            @if !rest.is_empty() { ul .watches .rows { @for seen in rest { (row::row(seen, board.now_ms)) } } }
            (turning(filter, page, pages))
            details { summary { "What the marks mean" } (bar::legend()) }
        }
    }
}

/// The ways to the pages before and after.
fn turning(filter: &Filter, page: usize, pages: usize) -> Markup {
    html! {
        @if pages > 1 {
            nav .turning aria-label="Pages" {
                @if page > 1 { a rel="prev" href=(filter.address(page - 1)) { "← Page " (page - 1) } }
                span { "Page " (page) " of " (pages) }
                @if page < pages { a rel="next" href=(filter.address(page + 1)) { "Page " (page + 1) " →" } }
            }
        }
    }
}

fn form(board: &Board, filter: &Filter) -> Markup {
    let fields = [
        ("canary", "Canary", &filter.canary, names(board.watches.iter().map(|view| &*view.watch.canary))),
        ("target", "Target", &filter.target, names(board.watches.iter().map(|view| &*view.watch.target))),
        ("owner", "Owner", &filter.owner, names(board.watches.iter().map(|view| &*view.owner))),
    ];
    html! {
        form .filter method="get" action="/" role="search" aria-label="Which watches are shown" {
            @for (name, label, value, known) in &fields {
                label {
                    span { (label) }
                    input type="search" name=(name) value=(safe(value)) list={ "names-of-" (name) } autocomplete="off";
                }
                datalist id={ "names-of-" (name) } { @for name in known { option value=(safe(name)) {} } }
            }
            label {
                span { "State" }
                select name="state" {
                    @for (value, words) in STATES { option value=(value) selected[value == filter.state] { (words) } }
                }
            }
            button type="submit" { "Show" }
            @if !filter.is_empty() { a href="/" { "Show all" } }
        }
    }
}

/// Each name once, in order.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let known: std::collections::BTreeSet<&str> = all.collect();
    known.into_iter().take(PROPOSED_MAX).collect()
}

fn deviations(board: &Board) -> Markup {
    let more = board.deviations.len().saturating_sub(LISTED_MAX);
    html! {
        @if !board.deviations.is_empty() {
            section aria-labelledby="accepted" {
                h2 #accepted { "Accepted" }
                p .lead {
                    (count(board.deviations.len() as u64, "known deviation"))
                    " that somebody answers for. " (if board.deviations.len() == 1 { "It fails" } else { "They fail" }) " no slot until "
                    (if board.deviations.len() == 1 { "it expires" } else { "they expire" }) "."
                }
                ul .accepted {
                    @for own in board.deviations.iter().take(LISTED_MAX) {
                        li {
                            p { (safe(&own.what)) }
                            p .seen { "until " b { (safe(&own.expires)) } " · " (safe(&own.owner)) " · " (safe(&own.reason)) }
                        }
                    }
                    @if more > 0 { li { "… and " (number(more as u64)) " more" } }
                }
            }
        }
    }
}

/// The form that holds calls back. Whoever may see the page may do so; it is for a night on which things get worse.
fn kill_switch(board: &Board) -> Markup {
    html! {
        section .switch aria-labelledby="switch" {
            h2 #switch { "Kill switch" }
            p .lead { @if let Some(brake) = &board.brake { (safe(brake)) } @else { "Off: everything runs." } }
            details {
                summary { "Change it" }
                form method="post" action="/kill-switch" {
                    label {
                        span { "State" }
                        select name="state" { @for (value, words) in SWITCH { option value=(value) { (words) } } }
                    }
                    label { span { "Why" } input type="text" name="reason" required maxlength="300" autocomplete="off"; }
                    button type="submit" { "Set" }
                }
            }
        }
    }
}
