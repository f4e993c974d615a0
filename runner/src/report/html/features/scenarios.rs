//! The sums by feature, what was skipped, and every scenario with its steps.

use maud::{Markup, html};
use plumb_steps::played::{Played, StepEnd, StepPlayed};

use super::anchors::Anchors;
use super::share;
use crate::report::features::{Feature, FeatureReport, Scenario, Upshot, mark, place, skipped_for, why};
use crate::report::words::{count, latency, number, safe};

/// The sums and times by feature.
pub(super) fn features(report: &FeatureReport) -> Markup {
    let features = report.features();
    html! {
        @if !features.is_empty() {
            section aria-labelledby="features" {
                h2 #features { "Features" }
                div .box tabindex="0" role="region" aria-labelledby="features" {
                    table .figures {
                        thead { tr {
                            @for title in ["Feature", "Scenarios", "Passed", "Failed", "Inconclusive", "Skipped", "Time"] {
                                th scope="col" { (title) }
                            }
                        } }
                        tbody { @for feature in &features { (row(report, feature)) } }
                    }
                }
                p .lead { "Time: of all scenarios one after the other, though several may have run at once." }
            }
        }
    }
}

fn row(report: &FeatureReport, feature: &Feature<'_>) -> Markup {
    let counts = report.counts_of(feature.scenarios.iter().copied());
    let cells = [
        ("", counts.scenarios),
        ("good", counts.passed_in_all()),
        ("bad", counts.failed_in_all()),
        ("unclear", counts.inconclusive_in_all()),
        ("", counts.skipped),
    ];
    html! {
        tr {
            th scope="row" { (safe(feature.name)) (share(counts)) }
            @for (class, many) in cells { td .(class) .none[many == 0] { (number(many)) } }
            td { (latency(microseconds(feature))) }
        }
    }
}

fn microseconds(feature: &Feature<'_>) -> u64 {
    feature.scenarios.iter().map(|own| own.played.duration_us).sum()
}

/// Why scenarios were skipped.
pub(super) fn skipped(report: &FeatureReport) -> Markup {
    let reasons = report.skipped();
    html! {
        @if !reasons.is_empty() {
            section aria-labelledby="skipped" {
                h2 #skipped { "Skipped" }
                p .lead { "These scenarios say nothing about the target. They count neither for it nor against it." }
                table .reasons .of-two {
                    thead { tr { th scope="col" { "Scenarios" } th scope="col" { "Why" } } }
                    tbody { @for (reason, many) in &reasons { tr { td { (number(*many)) } td { (reason) } } } }
                }
            }
        }
    }
}

/// Every scenario, by feature; those in which something is amiss stand open.
pub(super) fn all(report: &FeatureReport, anchors: &Anchors) -> Markup {
    let features = report.features();
    html! {
        @if !features.is_empty() {
            section aria-labelledby="scenarios" {
                h2 #scenarios { "Scenarios" }
                @for feature in &features { (feature_of(report, anchors, feature)) }
            }
        }
    }
}

fn feature_of(report: &FeatureReport, anchors: &Anchors, feature: &Feature<'_>) -> Markup {
    let counts = report.counts_of(feature.scenarios.iter().copied());
    html! {
        details .feature open[counts.failed + counts.inconclusive + counts.flaky > 0] {
            summary {
                (safe(feature.name)) " "
                span .seen { (safe(feature.path)) " · " (count(counts.scenarios, "scenario")) }
            }
            @for scenario in &feature.scenarios { (one(report, anchors, scenario)) }
        }
    }
}

fn one(report: &FeatureReport, anchors: &Anchors, scenario: &Scenario) -> Markup {
    let played = &scenario.played;
    let anchor = anchors.get(scenario);
    let upshot = report.upshot_of(scenario);
    let class = match upshot {
        Upshot::Passed => "good",
        Upshot::Failed => "bad",
        Upshot::Flaky | Upshot::Inconclusive => "unclear",
        Upshot::Accepted | Upshot::Allowed | Upshot::Skipped => "quiet",
    };
    html! {
        details .scenario id=(anchor) {
            summary {
                span .mark .(class) { (upshot.mark()) } " " (safe(&played.name)) " "
                span .seen { (upshot.words()) " · " (latency(played.duration_us)) }
            }
            p .source {
                a .anchor href={ "#" (anchor) } { (place(played)) }
                @if let Some(rule) = &played.rule { " · rule: " (safe(rule)) }
                @if let Some(owner) = &played.owner { " · owner: " (safe(owner)) }
                @if played.without_model { " · without the model's judgement" }
                @if played.attempt > 1 { " · attempt " (played.attempt) }
            }
            @if !played.tags.is_empty() { p { (tags(played)) } }
            (steps(played))
            (reason(report, anchors, scenario, upshot))
        }
    }
}

/// Why it is not passed, and the way to all that is known of it.
fn reason(report: &FeatureReport, anchors: &Anchors, scenario: &Scenario, upshot: Upshot) -> Markup {
    let played = &scenario.played;
    html! {
        @if upshot == Upshot::Skipped { p .message { (skipped_for(report, played)) } }
        @else if !matches!(upshot, Upshot::Passed | Upshot::Flaky) {
            p .message {
                (why(played)) " "
                @if anchors.has_card(scenario) { a href={ "#why-" (anchors.get(scenario)) } { "all of it" } }
            }
        }
        @for attempt in &scenario.earlier {
            p .source { "Attempt " (attempt.attempt) ": " (attempt.what) ": " (attempt.why) }
        }
    }
}

/// The tags, each as it is written.
pub(super) fn tags(played: &Played) -> Markup {
    html! { @for tag in &played.tags { code .chip { (safe(&format!("@{tag}"))) } " " } }
}

/// The steps, each with its mark and its time.
pub(super) fn steps(played: &Played) -> Markup {
    html! { @if !played.steps.is_empty() { ol .steps { @for step in &played.steps { (step_of(step)) } } } }
}

fn step_of(step: &StepPlayed) -> Markup {
    let class = match step.end {
        StepEnd::Passed => "good",
        StepEnd::Failed | StepEnd::Panicked | StepEnd::Undefined | StepEnd::Ambiguous => "bad",
        StepEnd::TimedOut | StepEnd::Inconclusive => "unclear",
        StepEnd::Skipped | StepEnd::NotRun => "quiet",
    };
    html! {
        li {
            span .mark .(class) { (mark(step)) }
            span .said { b { (safe(step.keyword.trim())) } " " (safe(&step.text)) }
            span .seen {
                @if step.end == StepEnd::Passed { (latency(step.duration_us)) } @else { (step.end.words()) }
            }
        }
    }
}
