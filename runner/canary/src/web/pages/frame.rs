//! What all pages share: the head, the name with its plumb line, the way back, the foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::view::Board;
use crate::web::words::{clock, date, machine, safe, span};

/// The style of all pages. The policy that goes out with them holds its hash.
pub(in crate::web) const STYLE: &str = include_str!("page.css");

/// The plumb bob, for the tab of the browser.
pub(in crate::web) const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path stroke="#a37a1f" stroke-width="3" d="M32 0V24"/><path fill="#a37a1f" d="M26 24h12v5l6 6-12 28-12-28 6-6z"/></svg>"##;

/// Where a page stands: its region and the moment it was made.
pub(super) struct Place<'a> {
    pub(super) region: &'a str,
    pub(super) now_ms: i64,
    pub(super) up_since_ms: i64,
}

impl<'a> From<&'a Board> for Place<'a> {
    fn from(board: &'a Board) -> Self {
        Self { region: &board.region, now_ms: board.now_ms, up_since_ms: board.up_since_ms }
    }
}

/// A whole page; one with `refresh_seconds` asks for itself again.
pub(super) fn document(title: &str, refresh_seconds: Option<u32>, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = refresh_seconds { meta http-equiv="refresh" content=(seconds); }
                link rel="icon" type="image/svg+xml" href="/icon.svg";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    };
    page.into_string()
}

/// The name, with a plumb line that hangs from the top of the page; the region; the time.
pub(super) fn masthead(place: &Place<'_>) -> Markup {
    html! {
        header .masthead {
            svg .bob viewBox="0 0 24 64" width="24" height="64" aria-hidden="true" focusable="false" {
                path .line d="M12 0V36" {}
                path .weight d="M8 36h8v4l3 4-7 18-7-18 3-4z" {}
            }
            p .name { a href="/" { "Plumbline" } }
            p .target {
                "canaries in " b { (safe(place.region)) } " · "
                time datetime=(machine(place.now_ms)) { (date(place.now_ms)) " " b { (clock(place.now_ms)) } " UTC" }
                " · up " (span(place.now_ms.saturating_sub(place.up_since_ms)))
            }
        }
    }
}

/// The way back to the board.
pub(super) fn crumbs(steps: &[(String, String)], here: &str) -> Markup {
    html! {
        nav .crumbs aria-label="Where this page stands" {
            a href="/" { "All watches" }
            @for (address, name) in steps { " / " a href=(address) { (name) } }
            " / " span aria-current="page" { (here) }
        }
    }
}

/// What runs here.
pub(super) fn footer(board: &Board) -> Markup {
    html! {
        footer {
            p { "All times are UTC. A page shows what was true when it was asked for." }
            p { @for (index, (name, value)) in board.builds.iter().enumerate() {
                @if index > 0 { " · " }
                (safe(name)) " " code { (safe(value)) }
            } }
        }
    }
}

/// A page that says why there is nothing.
pub fn nothing(title: &str, why: &str) -> String {
    let content = html! {
        main {
            section .outcome .unclear aria-labelledby="outcome" {
                h1 #outcome { (title) }
                p .lead { (safe(why)) }
                p .lead { a href="/" { "All watches" } }
            }
        }
    };
    document(&format!("{title} · Plumbline"), None, &content)
}
