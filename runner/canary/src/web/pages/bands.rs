//! How long exchanges took over time, as a drawing: the middle as a line, the slow ones as bands above it.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::view::{BandView, WatchView};
use crate::web::words::{moment, safe, took};

/// The most bands of a drawing: the last ones.
const BANDS_MAX: usize = 288;
/// The most deploy marks of a drawing: the last ones.
const DEPLOYS_MAX: usize = 12;
/// The size of the drawing in its own units. It is stretched to the room that there is.
const WIDTH: u64 = 6_000;
const HEIGHT: u64 = 1_000;

/// The drawing, where there is anything to draw.
pub(super) fn section(view: &WatchView, now_ms: i64) -> Markup {
    let bands = &view.bands[view.bands.len().saturating_sub(BANDS_MAX)..];
    html! {
        @if let [first, .., last] = bands {
            section aria-labelledby="latency" {
                h2 #latency { "Latency" }
                p .lead {
                    "Of single exchanges, from the send to the last byte. Now: "
                    "half within " b { (took(last.p50_us)) } ", nine in ten within " b { (took(last.p90_us)) }
                    ", all but one in a hundred within " b { (took(last.p99_us)) } "."
                }
                (plot(&Scale::over(bands, first, last), view, bands, now_ms))
            }
        }
    }
}

/// How moments and times become places in the drawing.
struct Scale {
    from_ms: i64,
    until_ms: i64,
    most_us: u64,
}

impl Scale {
    fn over(bands: &[BandView], first: &BandView, last: &BandView) -> Self {
        let most = bands.iter().map(|band| band.p99_us).max().unwrap_or_default();
        Self { from_ms: first.from_ms, until_ms: last.from_ms.max(first.from_ms + 1), most_us: rounded_up(most) }
    }

    fn across(&self, at_ms: i64) -> u64 {
        let (passed, length) = (at_ms.saturating_sub(self.from_ms), self.until_ms.saturating_sub(self.from_ms));
        let (passed, length) = (passed.max(0).unsigned_abs(), length.max(1).unsigned_abs());
        passed.saturating_mul(WIDTH).checked_div(length).unwrap_or_default().min(WIDTH)
    }

    fn down(&self, time_us: u64) -> u64 {
        HEIGHT - time_us.saturating_mul(HEIGHT).checked_div(self.most_us).unwrap_or_default().min(HEIGHT)
    }

    /// A line through `of` each band, from left to right.
    fn line(&self, bands: &[BandView], of: fn(&BandView) -> u64) -> String {
        let mut path = String::new();
        for band in bands {
            let sign = if path.is_empty() { 'M' } else { 'L' };
            // Writing into a string does not fail.
            let _ = write!(path, "{sign}{} {}", self.across(band.from_ms), self.down(of(band)));
        }
        path
    }

    /// The area between two lines.
    fn area(&self, bands: &[BandView], low: fn(&BandView) -> u64, high: fn(&BandView) -> u64) -> String {
        let mut path = self.line(bands, high);
        for band in bands.iter().rev() {
            let _ = write!(path, "L{} {}", self.across(band.from_ms), self.down(low(band)));
        }
        path.push('Z');
        path
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not below `number`.
fn rounded_up(number: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let round = step.saturating_mul(factor);
            if round >= number {
                return round;
            }
        }
        step = step.saturating_mul(10);
    }
}

fn plot(scale: &Scale, view: &WatchView, bands: &[BandView], now_ms: i64) -> Markup {
    let inside = |at_ms: i64| (scale.from_ms..=scale.until_ms).contains(&at_ms);
    let deploys = || view.deploys.iter().rev().filter(|(at_ms, _)| inside(*at_ms)).take(DEPLOYS_MAX);
    html! {
        figure .chart {
            div .plot {
                span .y.top { (took(scale.most_us)) }
                span .y.middle { (took(scale.most_us / 2)) }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(in_words(bands)) {
                    path .grid d={ "M0 " (HEIGHT / 2) "H" (WIDTH) "M0 0H" (WIDTH) "M0 " (HEIGHT) "H" (WIDTH) } {}
                    path .slow d=(scale.area(bands, |band| band.p90_us, |band| band.p99_us)) {}
                    path .most d=(scale.area(bands, |band| band.p50_us, |band| band.p90_us)) {}
                    path .half d=(scale.line(bands, |band| band.p50_us)) {}
                    @for (at_ms, version) in deploys() {
                        path .deploy d={ "M" (scale.across(*at_ms)) " 0V" (HEIGHT) } {
                            title { (moment(*at_ms, now_ms)) " " (safe(version)) }
                        }
                    }
                }
            }
            p .x { span { (moment(scale.from_ms, now_ms)) } span { (moment(scale.until_ms, now_ms)) } }
            figcaption {
                span .key.half { "p50" } span .key.most { "to p90" } span .key.slow { "to p99" }
                @if deploys().next().is_some() { span .key.deploy { "another version" } }
            }
        }
    }
}

fn in_words(bands: &[BandView]) -> String {
    let slowest = bands.iter().map(|band| band.p99_us).max().unwrap_or_default();
    let last = bands.last().map(|band| band.p50_us).unwrap_or_default();
    format!("Latency over time. The last median is {}, the slowest 99th percentile {}.", took(last), took(slowest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (number, round) in [(0, 1), (1, 1), (3, 5), (11, 20), (480_000, 500_000), (u64::MAX, u64::MAX)] {
            assert_eq!(rounded_up(number), round);
        }
    }

    #[test]
    fn a_drawing_stays_inside_its_frame() {
        let band = |from_ms, p50_us, p90_us, p99_us| BandView { from_ms, p50_us, p90_us, p99_us };
        let bands = [band(0, 10, 50, 100), band(60, 20, u64::MAX, u64::MAX)];
        let scale = Scale::over(&bands, &bands[0], &bands[1]);
        assert_eq!(scale.line(&bands, |band| band.p50_us), format!("M0 {HEIGHT}L{WIDTH} {HEIGHT}"));
        assert_eq!((scale.across(-5), scale.across(30), scale.across(99)), (0, WIDTH / 2, WIDTH));
    }
}
