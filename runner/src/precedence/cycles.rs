//! Circles in who wins over whom: confirmed, they are findings.
//!
//! Each answer of a circle is one that the model permits, and together they show that no order of checks gives them.
//! A wrong winner is a divergence of its own and not looked at here. Only the shortest circle of those that hang
//! together is told, and only where everything else in its calls is the same.

use std::collections::BTreeMap;
use std::time::Instant;

use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::CALL_UNDER_TEST;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::Finding;
use plumb_validator::journal::Made;
use plumb_validator::precedence::{CYCLE_STEPS_MAX, Cycle, Step, conforming_class};

use super::graph::Graph;
use super::{Check, OfOperation, Pair, Says, Sightings, Surroundings};
use crate::engine::{Engine, Worker};
use crate::events::Event;
use crate::investigate::cut_after;

/// How often every case of a circle is run again; each must be answered as before every time. Of a server that picks
/// any permitted answer, a circle of three stands this once in 70 billion times where each pair has two answers.
pub const CYCLE_RUNS: u32 = 12;
/// The most circles that are tried among the faults of one operation.
pub const CYCLES_TRIED_MAX: usize = 12;
/// The first number of the runs that confirm circles.
pub const FIRST_CYCLE_SEQUENCE: u64 = 4_000_000;

/// The faults of an operation, in surroundings that are all the same, among which somebody wins in a circle.
pub struct Tangle {
    operation: String,
    surroundings: Surroundings,
    checks: Vec<Check>,
    graph: Graph,
}

impl Sightings {
    /// Where somebody wins in a circle.
    pub fn tangles(&self) -> Vec<Tangle> {
        let each = self.operations().flat_map(|(operation, own)| tangles_of(operation, own));
        each.filter(|tangle| tangle.circle().is_some()).collect()
    }
}

fn tangles_of(operation: &str, own: &OfOperation) -> Vec<Tangle> {
    let mut met: BTreeMap<&Surroundings, Vec<[Check; 2]>> = BTreeMap::new();
    for pair in own.pairs() {
        if let Some(won) = won(&pair) {
            met.entry(pair.surroundings).or_default().push(won);
        }
    }
    let tangle = |(surroundings, won): (&Surroundings, Vec<[Check; 2]>)| {
        let mut checks: Vec<Check> = won.iter().flatten().cloned().collect();
        checks.sort();
        checks.dedup();
        let mut graph = Graph::new(checks.len());
        for [over, under] in &won {
            if let (Ok(over), Ok(under)) = (checks.binary_search(over), checks.binary_search(under)) {
                graph.add(over, under);
            }
        }
        Tangle { operation: operation.to_owned(), surroundings: surroundings.clone(), checks, graph }
    };
    met.into_iter().map(tangle).collect()
}

/// The winner of a pair and the loser, where nothing is wrong with the answers.
fn won(pair: &Pair<'_>) -> Option<[Check; 2]> {
    let Says::Won(winner) = pair.says() else { return None };
    if pair.conforms() { Some([pair.check(winner)?, pair.check(1 - winner)?]) } else { None }
}

impl Tangle {
    /// The shortest circle of the first faults that hang together.
    fn circle(&self) -> Option<Vec<usize>> {
        let components = self.graph.components();
        let in_circle = |least: &&usize| components.iter().filter(|own| own == least).count() > 1;
        let first = components.iter().filter(in_circle).min()?;
        self.graph.shortest_circle(&components, *first)
    }

    /// No circle is looked for any more among the faults that hang together with `node`.
    fn settle(&mut self, node: usize) {
        let components = self.graph.components();
        let edges: Vec<_> = self.graph.edges().filter(|(over, _)| components[*over] == components[node]).collect();
        for (over, under) in edges {
            self.graph.remove(over, under);
        }
    }

    /// The cases of a circle; none where the API does not have its choices.
    fn cycle(&self, api: &Api, circle: &[usize]) -> Option<Cycle> {
        let case = |suite, faults: &[usize]| {
            let faults = faults.iter().map(|at| self.checks[*at].fault.clone());
            let labels: Vec<String> = self.surroundings.iter().cloned().chain(faults).collect();
            case(api, suite, &self.operation, &labels)
        };
        let next = circle.iter().skip(1).chain(circle.first());
        let steps = circle.iter().zip(next).map(|(own, next)| {
            let Check { fault, class } = self.checks[*own].clone();
            let alone = case(suites::CHOICES, &[*own])?;
            Some(Step { fault, class, alone, with_next: case(suites::FAULT_PAIRS, &[*own, *next])? })
        });
        Some(Cycle { steps: steps.collect::<Option<Vec<Step>>>()? })
    }
}

/// The case of the choices, up to the call under test.
fn case(api: &Api, suite: &str, operation: &str, labels: &[String]) -> Option<Case> {
    let operation = api.operation(operation)?;
    let row = operation.space.row(labels)?;
    Some(cut_after(&operation.case(api.name, suite, &row), CALL_UNDER_TEST))
}

/// Runs the circles of `tangles` again until `deadline`; each result goes to `on_event`. Tells what could not be
/// removed.
pub fn confirm(
    engine: &Engine<'_>,
    tangles: Vec<Tangle>,
    deadline: Instant,
    on_event: &mut dyn FnMut(Event),
) -> Result<Vec<Made>, String> {
    if tangles.is_empty() {
        return Ok(Vec::new());
    }
    let worker = engine.worker()?;
    let mut again = Again { engine, worker: &worker, deadline, sequence: FIRST_CYCLE_SEQUENCE };
    for tangle in tangles {
        again.untangle(tangle, on_event);
    }
    Ok(worker.into_left())
}

/// Runs cases again under numbers of their own.
struct Again<'s, 'w, 'e> {
    engine: &'s Engine<'e>,
    worker: &'s Worker<'w, 'e>,
    deadline: Instant,
    sequence: u64,
}

/// Why a circle is no finding.
struct Loose {
    /// The step whose answer was another one.
    step: usize,
    why: String,
}

impl Again<'_, '_, '_> {
    /// Confirms the shortest circle of each part of a tangle. What does not come again is taken out of it.
    fn untangle(&mut self, mut tangle: Tangle, on_event: &mut dyn FnMut(Event)) {
        let (mut unconfirmed, mut found) = (None, false);
        for _ in 0..CYCLES_TRIED_MAX {
            let Some(circle) = tangle.circle() else { break };
            let cycle = tangle.cycle(self.engine.api, &circle).filter(|cycle| cycle.steps.len() <= CYCLE_STEPS_MAX);
            let Some(cycle) = cycle else {
                tangle.settle(circle[0]);
                continue;
            };
            match self.run(&cycle) {
                Ok(run) => {
                    if let Some(finding) = self.finding(cycle, &run) {
                        on_event(Event::Found(Box::new(finding)));
                        found = true;
                    }
                    tangle.settle(circle[0]);
                }
                Err(loose) => {
                    tangle.graph.remove(circle[loose.step], circle[(loose.step + 1) % circle.len()]);
                    unconfirmed.get_or_insert_with(|| told(&tangle.operation, &cycle, loose.why));
                }
            }
        }
        on_event_unless(found, unconfirmed, on_event);
    }

    /// Runs every case of a cycle, time and again. Beside the last run of the case that closes it.
    fn run(&mut self, cycle: &Cycle) -> Result<CaseRun, Loose> {
        let steps = cycle.steps.len();
        let mut last = None;
        for _ in 0..CYCLE_RUNS {
            for (at, (case, class)) in cycle.cases().enumerate() {
                let loose = |why: String| Loose { step: at % steps, why };
                self.may_go_on().map_err(loose)?;
                self.sequence += 1;
                let run = self.worker.run_alone(case, self.sequence);
                match conforming_class(&run) {
                    Some(now) if now == class => last = Some(run),
                    now => return Err(loose(changed(case, class, now.as_deref()))),
                }
            }
        }
        last.ok_or_else(|| Loose { step: 0, why: "it has no case".into() })
    }

    fn may_go_on(&self) -> Result<(), String> {
        if let Some(why) = self.engine.why_over() {
            Err(format!("the run was over: {why}"))
        } else if Instant::now() >= self.deadline {
            Err("no time was left to confirm it".into())
        } else {
            self.worker.over().map_or(Ok(()), |why| Err(format!("the target died: {why}")))
        }
    }

    fn finding(&self, cycle: Cycle, run: &CaseRun) -> Option<Finding> {
        let mut finding = cycle.finding(run, &self.engine.target.actors)?;
        finding.reproduced = format!("{CYCLE_RUNS}/{CYCLE_RUNS}");
        let answer = run.exchanges.last().and_then(|exchange| exchange.answer.as_ref());
        finding.request_ids = answer.and_then(|answer| self.engine.api.wire.request_id(answer)).into_iter().collect();
        Some(finding)
    }
}

fn changed(case: &Case, class: &str, now: Option<&str>) -> String {
    let with = case.origin.choices.join(" and ");
    format!("with {with} it was answered {class} at first, and {} when asked again", now.unwrap_or("otherwise"))
}

fn told(operation: &str, cycle: &Cycle, why: String) -> Event {
    let faults: Vec<&str> = cycle.steps.iter().chain(cycle.steps.first()).map(|step| step.fault.as_str()).collect();
    Event::Unconfirmed {
        signature: format!("{operation} precedence-cycle {}", faults.join(" over ")),
        case: cycle.steps.last().map_or_else(String::new, |step| step.with_next.id()),
        operation: operation.to_owned(),
        why,
        decides_case: false,
    }
}

/// Of a tangle that holds a finding, what did not come again is not worth a line.
fn on_event_unless(found: bool, unconfirmed: Option<Event>, on_event: &mut dyn FnMut(Event)) {
    if !found {
        unconfirmed.into_iter().for_each(on_event);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::done;
    use super::*;

    /// The circle among faults a to d, of which each pair names the winner first, and what the model permits.
    fn circle(pairs: &[(&str, &str, &[&str])]) -> Option<Vec<String>> {
        let mut sightings = Sightings::default();
        for fault in ["a", "b", "c", "d"] {
            let class = format!("400 {fault}");
            sightings.add(&done(&[fault], &class, &[&class]));
        }
        for (over, under, permitted) in pairs {
            sightings.add(&done(&[over, under], &format!("400 {over}"), permitted));
        }
        let tangle = sightings.tangles().into_iter().next()?;
        let circle = tangle.circle().expect("a tangle has a circle");
        Some(circle.into_iter().map(|at| tangle.checks[at].fault.clone()).collect())
    }

    #[test]
    fn the_shortest_circle_of_permitted_answers_is_looked_into() {
        let all = ["400 a", "400 b", "400 c", "400 d"];
        let around = [("a", "b", &all[..]), ("b", "c", &all), ("c", "d", &all), ("d", "a", &all), ("c", "a", &all)];
        assert_eq!(circle(&around).as_deref(), Some(&["a".to_owned(), "b".into(), "c".into()][..]));
        assert_eq!(circle(&around[..3]), None);
    }

    #[test]
    fn a_wrong_winner_makes_no_circle_for_it_is_a_finding_itself() {
        let wrong = [("a", "b", &["400 a"][..]), ("b", "c", &["400 b"]), ("c", "a", &["400 a"])];
        assert_eq!(circle(&wrong), None);
    }
}
