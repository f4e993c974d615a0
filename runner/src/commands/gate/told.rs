//! Tells what a gate decided, wherever somebody wants to know.

use std::io::Write as _;
use std::path::Path;

use plumb_gate::decision::{Check, Decision};
use plumb_gate::overrides;
use plumb_gate::render::{self, Curve, Plot, Room};
use plumb_gate::stats::comparison::Point;
use plumb_gate::verdict::{Said, Verdict};

use crate::cli::{GateFormat, GateRunArgs, ReportFormat};
use crate::config::CONFIG_FILE;
use crate::error::Error;
use crate::output::{make_folder, print, write_whole};
use crate::report::terminal::colours_wanted;
use crate::select::print_error;

/// The record of a decision, in the folder of its gate.
pub(super) const RECORD: &str = "gate.json";

/// Keeps the record, writes the reports and prints; tells the verdict. What cannot be written down is no pass: whoever reads
/// the files would not know.
pub(super) fn tell(decision: Decision, arguments: &GateRunArgs, folder: &Path) -> Result<Verdict, Error> {
    let decision = match write(&decision, arguments, folder) {
        Ok(()) => decision,
        Err(error) => {
            let why = error.to_string();
            print_error(error);
            let check =
                Check { name: "record".into(), target: String::new(), said: Said::Inconclusive, why: why.clone() };
            let mut unkept = decision;
            unkept.checks.push(check);
            let overridden = unkept.overridden.take();
            let unkept = unkept.decided(overridden);
            let summary = if unkept.summary.is_empty() || unkept.verdict != Verdict::Inconclusive {
                unkept.summary.clone()
            } else {
                format!("record: {why}")
            };
            Decision { summary, ..unkept }
        }
    };
    let text = match arguments.format {
        GateFormat::Terminal => render::terminal(&decision, colours_wanted()),
        GateFormat::Json => json(&decision)?,
        GateFormat::Github => render::github(&decision),
    };
    print(&text)?;
    Ok(decision.verdict)
}

/// Writes the record and every report; the first that cannot be written is told once all were tried.
fn write(decision: &Decision, arguments: &GateRunArgs, folder: &Path) -> Result<(), Error> {
    let mut written = make_folder(folder).and_then(|()| write_whole(&folder.join(RECORD), json(decision)?.as_bytes()));
    for report in &arguments.reports {
        let text = match report.format {
            ReportFormat::Json => json(decision),
            ReportFormat::Junit => render::junit(decision).map_err(|error| internal("JUnit", &error)),
            ReportFormat::Markdown => Ok(render::markdown(decision, Room::Comment)),
            ReportFormat::Gitlab => {
                let config = arguments.config.as_deref().unwrap_or(Path::new(CONFIG_FILE)).display().to_string();
                render::gitlab(decision, &config).map_err(|error| internal("Code Quality", &error))
            }
            ReportFormat::Html => Ok(render::page(decision, &plots(decision))),
        };
        written = written.and(text.and_then(|text| write_whole(&report.path, text.as_bytes())));
    }
    if arguments.format == GateFormat::Github {
        written = written.and(job_summary(decision));
    }
    written
}

/// Adds to the summary of the job, where GitHub wants one.
fn job_summary(decision: &Decision) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    let text = render::markdown(decision, Room::JobSummary);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Error::file("write", &path, error, "GITHUB_STEP_SUMMARY names it"))
}

/// What can be drawn: a group of calls each, both sides.
fn plots(decision: &Decision) -> Vec<Plot> {
    let Some(comparison) = &decision.comparison else { return Vec::new() };
    let each = comparison.drawn.iter().filter(|own| !own.curve.is_empty()).map(|own| {
        let of_it = comparison.rows.iter().filter(|row| row.group == own.group && row.is_whole == own.is_whole);
        let curve = |name: &str, at: fn(&Point) -> u64| Curve {
            name: name.to_owned(),
            points: own.curve.iter().map(|point| (point.share, microseconds(at(point)))).collect(),
        };
        Plot {
            title: own.group.clone(),
            words: of_it.map(|row| row.why.as_str()).collect::<Vec<_>>().join(" "),
            candidate: curve("candidate", |point| point.candidate_us),
            baseline: curve("baseline", |point| point.baseline_us),
        }
    });
    each.collect()
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52 microseconds")]
const fn microseconds(whole: u64) -> f64 {
    whole as f64
}

fn json(decision: &Decision) -> Result<String, Error> {
    render::json(decision).map_err(|error| internal("JSON", &error))
}

fn internal(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::Internal(format!("write {what}: {error}"))
}

/// An error in the overrides, shown at its place.
pub(super) fn overrides_error(error: &overrides::Error) -> Error {
    let message = format!("failed to {error}");
    match error {
        overrides::Error::Wrong { path, text, mistake } => {
            let name = path.display().to_string();
            Error::config(&name, text, mistake.place.clone(), message, Some(mistake.help.clone()))
        }
        other => Error::usage(message, other.help()),
    }
}
