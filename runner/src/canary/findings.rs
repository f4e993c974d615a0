//! From what diverged in a slot to findings: confirmed, made small once, kept where they can be replayed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plumb_canary::plan::Plan;
use plumb_validator::finding::Finding;
use plumb_validator::journal::Made;

use crate::canary::duty::Duty;
use crate::engine::{Engine, lock};
use crate::error::Error;
use crate::events::Event;
use crate::investigate::{FIRST_SEQUENCE, Failures, Terms};
use crate::output::{About, Output};

/// Takes the results of an investigation: completes each finding, keeps its file, and tells it on.
pub(super) struct Keeper<'d> {
    duty: &'d Duty,
    output: Output,
    /// What could not be kept.
    pub error: Option<Error>,
}

impl<'d> Keeper<'d> {
    pub(super) fn new(duty: &'d Duty, run: &str) -> Self {
        let site = &duty.site;
        let about = About {
            run: run.to_owned(),
            api: site.api.name.to_owned(),
            flavour: site.selected.target.flavour.to_owned(),
            target: site.selected.target.name.clone(),
        };
        Self { duty, output: Output::of_findings(duty.folder.clone(), about), error: None }
    }

    /// Completes what is a finding, and keeps it.
    pub(super) fn keep(&mut self, event: &mut Event) {
        let Event::Found(finding) = event else { return };
        let kept = self.output.keep_finding(finding, &self.duty.task.deviations, &self.duty.site.options);
        if let Err(error) = kept {
            self.error.get_or_insert(error);
        }
    }
}

/// Confirms what diverged, and makes small what is new. One investigation at a target at a time; where another one takes
/// until `deadline`, nothing could be confirmed.
pub(super) fn investigate(
    duty: &Duty,
    engine: &Engine<'_>,
    failures: Failures,
    deadline: Instant,
    on_event: &mut dyn FnMut(Event),
) -> Result<Vec<Made>, String> {
    let _alone = lock(&duty.site.investigation);
    let earlier: BTreeMap<String, Finding> = lock(&duty.known).clone();
    let mut terms =
        Terms { deadline, first_sequence: FIRST_SEQUENCE, still: &mut |_, _| true, earlier: Some(&earlier) };
    failures.investigate_on(engine, &mut terms, &mut |event| {
        if let Event::Found(finding) = &event {
            lock(&duty.known).insert(coarse(finding), Finding::clone(finding));
        }
        on_event(event);
    })
}

/// The signature of a finding without its choices.
pub(super) fn coarse(finding: &Finding) -> String {
    finding.signature.rsplit_once(" [").map_or("", |(coarse, _)| coarse).to_owned()
}

/// Removes the files of findings that nobody has seen for as long as slots are kept. One that comes again is written
/// again.
pub(super) fn prune(plan: &Plan) {
    let longest = Duration::from_hours(24) * plan.agent.retention.days;
    let Ok(entries) = std::fs::read_dir(plan.agent.state.join("findings")) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|own| own.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > longest) {
            _ = std::fs::remove_file(entry.path());
        }
    }
}
