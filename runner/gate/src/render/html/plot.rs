//! Two latency distributions over each other, as inline SVG.
//!
//! The share of requests runs to the right on a scale that gives every further nine the same room, as HDR histograms are
//! drawn: what differs in one request of a hundred is as wide as the body. Latency is on a log scale. The candidate is a
//! full line with discs, the baseline a dashed one with open squares, and each bears its name: no colour is needed.

use maud::{Markup, html};

use crate::render::text::{cut, line};

/// A comparison of two distributions.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// What is compared.
    pub title: String,
    /// What comes of it, in words.
    pub words: String,
    /// What is judged.
    pub candidate: Curve,
    /// What it is held against.
    pub baseline: Curve,
}

/// A distribution by its quantiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Whose it is.
    pub name: String,
    /// Quantiles, from 0 to 1, each with a latency in microseconds. What is no number or not above zero is left out.
    pub points: Vec<(f64, f64)>,
}

/// The most points that are drawn of a curve, the last one aside.
const POINTS_MAX: f64 = 400.0;
/// The longest name at a curve, in characters.
const NAME_CHARACTERS_MAX: usize = 18;
/// The most lines of the grid for latencies.
const TICKS_MAX: usize = 8;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 128.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;
/// The least distance between the names at two curves.
const NAMES_APART: f64 = 16.0;
/// Half of the side of a mark.
const MARK: f64 = 3.6;

/// The quantiles with a line of the grid and a mark on each curve, with what is written there.
const SHARES: [(f64, &str); 6] =
    [(0.0, "fastest"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %")];
/// The last of them: beyond it nothing is told apart.
const SHARE_MAX: f64 = 0.9999;

/// The plot with its title and words.
pub(super) fn figure(plot: &Plot) -> Markup {
    let (candidate, baseline) = (usable(&plot.candidate), usable(&plot.baseline));
    html! {
        figure {
            figcaption { h3 { bdi { (line(&plot.title)) } } p { bdi { (line(&plot.words)) } } }
            @if candidate.len() < 2 || baseline.len() < 2 {
                p .lead { "There are too few latencies for a plot." }
            } @else {
                (drawing(plot, &candidate, &baseline))
            }
        }
    }
}

/// The points that can be drawn, in order: share on its scale, log of the latency.
fn usable(curve: &Curve) -> Vec<(f64, f64)> {
    let is_usable =
        |(share, latency): &&(f64, f64)| (0.0..=1.0).contains(share) && latency.is_finite() && *latency > 0.0;
    let points = curve.points.iter().filter(is_usable);
    let mut points: Vec<_> = points.map(|(share, latency)| (nines(*share), latency.log10())).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    thinned(&points)
}

/// Of points that are too close to each other to be told apart, the first; and the last of all.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let apart = (last.0 - first.0) / POINTS_MAX;
    let mut kept = vec![*first];
    for point in points {
        if kept.last().is_some_and(|before| point.0 - before.0 > apart) {
            kept.push(*point);
        }
    }
    if kept.last() != Some(last) {
        kept.push(*last);
    }
    kept
}

/// How many nines a share has: 0 at 0, 1 at 90 %, 2 at 99 %.
fn nines(share: f64) -> f64 {
    -(1.0 - share.min(SHARE_MAX)).log10()
}

/// From shares and latencies to places in the drawing.
struct Scale {
    nines_max: f64,
    log_min: f64,
    log_max: f64,
}

impl Scale {
    fn of(points: &[(f64, f64)]) -> Self {
        let fold = |of: fn(f64, f64) -> f64, start: f64| points.iter().fold(start, |sum, point| of(sum, point.1));
        let (low, high) = (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY));
        let nines_max = points.iter().fold(1.0_f64, |sum, point| sum.max(point.0));
        // A little room on both sides, so that two flat curves have a scale as well.
        Self { nines_max, log_min: low - 0.05, log_max: high + 0.05 }
    }

    fn x(&self, nines: f64) -> f64 {
        LEFT + nines / self.nines_max * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, log: f64) -> f64 {
        HEIGHT - BOTTOM - (log - self.log_min) / (self.log_max - self.log_min) * (HEIGHT - TOP - BOTTOM)
    }

    /// The latencies with a line of the grid, in microseconds: 1, 2 and 5 of each decade, or fewer where that is many.
    fn ticks(&self) -> Vec<f64> {
        let of = |steps: &[f64]| -> Vec<f64> {
            let all = (-3..=12).flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
            all.filter(|latency| (self.log_min..=self.log_max).contains(&latency.log10())).collect()
        };
        let steps: [&[f64]; 4] =
            [&[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let each = steps.map(of);
        let fit = each.into_iter().find(|ticks| ticks.len() <= TICKS_MAX);
        fit.unwrap_or_else(|| of(&[1.0]).into_iter().step_by(2).take(TICKS_MAX).collect())
    }
}

fn drawing(plot: &Plot, candidate: &[(f64, f64)], baseline: &[(f64, f64)]) -> Markup {
    let scale = Scale::of(&[candidate, baseline].concat());
    let label = format!("{}. {}", line(&plot.title), line(&plot.words));
    let names = apart(end(&scale, candidate), end(&scale, baseline));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            (grid(&scale))
            (curve(&scale, baseline, "baseline"))
            (curve(&scale, candidate, "candidate"))
            (name(&plot.candidate.name, "candidate", names.0))
            (name(&plot.baseline.name, "baseline", names.1))
        }
    }
}

/// Where the name at a curve stands: at its last point.
fn end(scale: &Scale, points: &[(f64, f64)]) -> (f64, f64) {
    points.last().map_or((LEFT, TOP), |point| (scale.x(point.0), scale.y(point.1)))
}

/// The same two places, far enough apart to be read.
fn apart(one: (f64, f64), other: (f64, f64)) -> ((f64, f64), (f64, f64)) {
    let missing = NAMES_APART - (one.1 - other.1).abs();
    if missing <= 0.0 {
        return (one, other);
    }
    let (low, high) = (TOP + NAMES_APART, HEIGHT - BOTTOM - NAMES_APART);
    let middle = one.1.midpoint(other.1).clamp(low, high);
    let sign = if one.1 < other.1 { -0.5 } else { 0.5 };
    ((one.0, middle + sign * NAMES_APART), (other.0, middle - sign * NAMES_APART))
}

fn name(name: &str, class: &str, (x, y): (f64, f64)) -> Markup {
    html! {
        (mark(class, x + 12.0, y))
        text x=(place(x + 20.0)) y=(place(y + 4.0)) { (cut(name, NAME_CHARACTERS_MAX)) }
    }
}

fn grid(scale: &Scale) -> Markup {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    html! {
        @for latency in scale.ticks() {
            @let y = scale.y(latency.log10());
            line .grid x1=(place(LEFT)) x2=(place(right)) y1=(place(y)) y2=(place(y)) {}
            text .soft x=(place(LEFT - 8.0)) y=(place(y + 4.0)) text-anchor="end" { (written(latency)) }
        }
        @for (share, words) in SHARES.iter().filter(|(share, _)| nines(*share) <= scale.nines_max) {
            @let x = scale.x(nines(*share));
            line .grid x1=(place(x)) x2=(place(x)) y1=(place(TOP)) y2=(place(bottom)) {}
            text .soft x=(place(x)) y=(place(bottom + 18.0)) text-anchor="middle" { (words) }
        }
        text x=(place(f64::midpoint(LEFT, right))) y=(place(HEIGHT - 6.0)) text-anchor="middle" { "share of requests that are as fast or faster" }
        text x="14" y=(place(f64::midpoint(TOP, bottom))) text-anchor="middle" transform=(format!("rotate(-90 14 {})", place(f64::midpoint(TOP, bottom)))) {
            "latency, log scale"
        }
    }
}

fn curve(scale: &Scale, points: &[(f64, f64)], class: &str) -> Markup {
    let each = points.iter().map(|(nines, log)| format!("{},{}", place(scale.x(*nines)), place(scale.y(*log))));
    let line: Vec<String> = each.collect();
    html! {
        polyline class=(class) points=(line.join(" ")) {}
        @for (share, _) in SHARES {
            @if let Some(log) = at(points, nines(share)) { (mark(class, scale.x(nines(share)), scale.y(log))) }
        }
    }
}

/// The curve at a share, between the two points around it.
fn at(points: &[(f64, f64)], nines: f64) -> Option<f64> {
    points.windows(2).find_map(|pair| {
        let [before, after] = pair else { return None };
        let is_between = before.0 <= nines && nines <= after.0 && before.0 < after.0;
        is_between.then(|| before.1 + (nines - before.0) / (after.0 - before.0) * (after.1 - before.1))
    })
}

/// A disc for the candidate, an open square for the baseline.
fn mark(class: &str, x: f64, y: f64) -> Markup {
    html! {
        @if class == "candidate" { circle .candidate cx=(place(x)) cy=(place(y)) r=(MARK) {} } @else {
            rect .baseline x=(place(x - MARK)) y=(place(y - MARK)) width=(MARK * 2.0) height=(MARK * 2.0) {}
        }
    }
}

/// A place in the drawing; a tenth of a pixel is enough.
fn place(place: f64) -> String {
    format!("{place:.1}")
}

/// A latency in microseconds as it is written at the grid.
fn written(latency: f64) -> String {
    match latency {
        ..1_000.0 => format!("{} µs", digits(latency)),
        ..1_000_000.0 => format!("{} ms", digits(latency / 1_000.0)),
        _ => format!("{} s", digits(latency / 1_000_000.0)),
    }
}

/// Without zeros at the end.
fn digits(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
