//! The alerts that fire.

use maud::{Markup, html};

use crate::slot::Watch;
use crate::view::AlertView;
use crate::web::filter::watch_address;
use crate::web::words::{count, machine, moment, safe, span};

/// The most alerts that a page lists.
const ALERTS_MAX: usize = 20;
/// The most watches that an alert names.
const WATCHES_MAX: usize = 6;

/// The alerts, or nothing where none fires.
pub(super) fn section<'a>(alerts: impl Iterator<Item = &'a AlertView>, now_ms: i64) -> Markup {
    let alerts: Vec<&AlertView> = alerts.collect();
    let more = alerts.len().saturating_sub(ALERTS_MAX);
    html! {
        @if !alerts.is_empty() {
            section .alerts aria-labelledby="alerts" {
                h2 #alerts { "Firing" span .many { (alerts.len()) } }
                ul {
                    @for alert in alerts.iter().take(ALERTS_MAX) { (entry(alert, now_ms)) }
                    @if more > 0 { li .more { "… and " (count(more as u64, "more alert")) } }
                }
            }
        }
    }
}

fn entry(alert: &AlertView, now_ms: i64) -> Markup {
    let more = alert.watches.len().saturating_sub(WATCHES_MAX);
    html! {
        li id={ "alert-" (id(&alert.id)) } {
            span .severity { (safe(&alert.severity)) }
            div .told {
                p .summary { (safe(&alert.summary)) }
                p .seen {
                    (safe(&alert.rule)) " · for " (span(now_ms.saturating_sub(alert.since_ms))) " since "
                    time datetime=(machine(alert.since_ms)) { (moment(alert.since_ms, now_ms)) }
                    @for watch in alert.watches.iter().take(WATCHES_MAX) { " · " (link(watch)) }
                    @if more > 0 { " · and " (more) " more" }
                }
            }
        }
    }
}

fn link(watch: &Watch) -> Markup {
    html! { a href=(watch_address(watch)) { (safe(&watch.canary)) "@" (safe(&watch.target)) } }
}

/// The id as an anchor: letters and digits.
fn id(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}
