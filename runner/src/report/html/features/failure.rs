//! A scenario that did not pass as a card: the step that ended it, expected against observed, and how to see it again.

use maud::{Markup, html};
use plumb_steps::played::{Played, StepPlayed};

use super::super::finding::{command, comparison};
use super::anchors::Anchors;
use super::scenarios::{steps, tags};
use crate::report::features::{FeatureReport, Scenario, Upshot, lack, permitted, place, what};
use crate::report::words::{cut, safe};

/// The most columns by which a step is shown indented, as it stands in its file.
const STEP_INDENT_MAX: usize = 24;

/// The card of a scenario.
pub(super) fn card(report: &FeatureReport, anchors: &Anchors, scenario: &Scenario) -> Markup {
    let played = &scenario.played;
    let anchor = anchors.get(scenario);
    let upshot = report.upshot_of(scenario);
    let class = match upshot {
        Upshot::Inconclusive => "unclear",
        Upshot::Accepted => "accepted",
        _ => "open",
    };
    html! {
        article .finding .(class) id={ "why-" (anchor) } aria-labelledby={ "why-" (anchor) "-title" } {
            p .above {
                span .kind { (what(played)) }
                a .anchor href={ "#why-" (anchor) } { (place(played)) }
            }
            h3 id={ "why-" (anchor) "-title" } { (safe(&played.name)) }
            @if let Some(owner) = report.accepted_by(scenario) {
                p .owner { b { "Accepted" } ": " (safe(owner)) }
                details { summary { "What failed, and how to see it again" } (inside(report, scenario)) }
            } @else {
                (inside(report, scenario))
            }
        }
    }
}

fn inside(report: &FeatureReport, scenario: &Scenario) -> Markup {
    let played = &scenario.played;
    html! {
        (facts(report, scenario))
        (what_is_wrong(played))
        h4 .apart { "Again" }
        (command(&report.commands(scenario).join("\n")))
        div .evidence {
            details open { summary { "Steps" } (steps(played)) }
            @if !scenario.earlier.is_empty() { details { summary { "Earlier attempts" } (earlier(scenario)) } }
            @if let Some(lacks) = &played.case_lacks {
                details { summary { "Not all of it is kept as a case" } p { (safe(lacks)) } }
            }
        }
    }
}

fn facts(report: &FeatureReport, scenario: &Scenario) -> Markup {
    let played = &scenario.played;
    html! {
        dl .facts {
            div { dt { "Feature" } dd { (safe(&played.feature)) } }
            @if let Some(rule) = &played.rule { div { dt { "Rule" } dd { (safe(rule)) } } }
            @if let Some(owner) = &played.owner { div { dt { "Owner" } dd { (safe(owner)) } } }
            @if !played.tags.is_empty() { div { dt { "Tags" } dd { (tags(played)) } } }
            @if let Some(finding) = report.finding_of(scenario) {
                div { dt { "Finding" } dd { (safe(&finding.id)) ", reproduced " (safe(&finding.reproduced)) } }
            }
        }
    }
}

fn what_is_wrong(played: &Played) -> Markup {
    let lack = lack(played);
    let trouble = played.trouble.as_ref();
    let divergence = trouble.and_then(|trouble| trouble.divergence.as_ref());
    html! {
        @if let Some(at) = lack.step { (pointed(played, &played.steps[at])) }
        p .message { @for (index, line) in lack.message.iter().enumerate() { @if index > 0 { br; } (line) } }
        @if let Some((title, help)) = &lack.help {
            h4 .apart { (title) }
            pre tabindex="0" { code { (help.join("\n")) } }
        }
        @if let Some(divergence) = divergence { (comparison(&permitted(played), &divergence.observed)) }
        @if let Some(request) = trouble.and_then(|trouble| trouble.request.as_ref()) {
            p .source {
                "Last request: " code { (safe(request)) }
                @if let Some(id) = divergence.and_then(|own| own.request_id.as_ref()) {
                    " · id " code .chip { (cut(id, 80)) }
                }
            }
        }
    }
}

/// The step as it stands in its file, with carets under its keyword.
fn pointed(played: &Played, step: &StepPlayed) -> Markup {
    let indent = " ".repeat(step.column.saturating_sub(1).min(STEP_INDENT_MAX));
    let keyword = cut(step.keyword.trim(), 24);
    let carets = "^".repeat(textwrap::core::display_width(&keyword).max(1));
    html! {
        p .source { (safe(&format!("{}:{}:{}", played.path, step.line, step.column))) }
        pre tabindex="0" .pointed {
            code { (indent) (keyword) " " (safe(&step.text)) "\n" span .bad { (indent) (carets) " " (step.end.words()) } }
        }
    }
}

fn earlier(scenario: &Scenario) -> Markup {
    html! {
        ul .plain {
            @for attempt in &scenario.earlier {
                li { "Attempt " (attempt.attempt) ": " span .unclear { (attempt.what) } ": " (attempt.why) }
            }
        }
    }
}
