//! The page of one finding, as it was kept.

use maud::{Markup, html};
use serde_json::Value;

use super::frame::{Place, crumbs, document, footer, masthead};
use super::watch::finding_card;
use crate::view::{Board, FindingView, WatchView};
use crate::web::filter::watch_address;
use crate::web::words::{lines, safe};

/// The page; `kept` is the finding as the store has it.
pub fn finding(board: &Board, id: &str, kept: Option<&Value>) -> Option<String> {
    let open: Vec<(&WatchView, &FindingView)> = board
        .watches
        .iter()
        .flat_map(|view| view.findings.iter().filter(|finding| finding.id == id).map(move |finding| (view, finding)))
        .collect();
    if open.is_empty() && kept.is_none() {
        return None;
    }
    let title = format!("Finding #{}", safe(id));
    let content = html! {
        (masthead(&Place::from(board)))
        main {
            (crumbs(&[], &title))
            section .outcome.one aria-labelledby="outcome" {
                h1 #outcome { (title) }
                @if open.is_empty() { p .lead { "It is open at no watch any more." } }
            }
            @for (view, finding) in &open { (at(board, view, finding)) }
            @if let Some(kept) = kept { (whole(kept)) }
        }
        (footer(board))
    };
    Some(document(&format!("{title} · Plumbline"), None, &content))
}

fn at(board: &Board, view: &WatchView, finding: &FindingView) -> Markup {
    html! {
        section .at-watch {
            h2 { a href=(watch_address(&view.watch)) { (safe(&view.watch.canary)) "@" (safe(&view.watch.target)) } }
            (finding_card(finding, board.now_ms))
        }
    }
}

fn whole(kept: &Value) -> Markup {
    // A value that came out of the store goes into text again.
    let text = serde_json::to_string_pretty(kept).unwrap_or_default();
    html! {
        section aria-labelledby="whole" {
            h2 #whole { "In full" }
            pre .wrapped.tall tabindex="0" { code { (lines(&text)) } }
        }
    }
}
