//! The HTML report.

use crate::report::Report;

/// The page.
pub fn page(report: &Report) -> String {
    maud::html! { pre { (super::terminal::text(report, false)) } }.into_string()
}
