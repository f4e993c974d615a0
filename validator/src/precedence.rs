//! Which of two faults wins: what one case says about it, and cycles, which no order of checks explains.

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::CALL_UNDER_TEST;
use plumb_model::wire::Actor;
use serde::{Deserialize, Serialize};

use crate::case_run::CaseRun;
use crate::finding::{Finding, id, recorded};
use crate::session::Exchange;
use crate::verdict::{Expected, Kind, Observed, without_secrets};

/// The fewest faults that go in a circle: of two, only one wins.
pub const CYCLE_STEPS_MIN: usize = 3;
/// The most faults of a cycle that is told.
pub const CYCLE_STEPS_MAX: usize = 16;

/// What a call with faults was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// The choices of its case that hold a fault.
    pub faults: Vec<String>,
    /// The class of the answer.
    pub answered: String,
    /// The classes of every answer that the model permits to this call.
    pub permitted: Vec<String>,
}

impl Tested {
    /// What the call under test of a case was answered. None where it has no fault, where its answer was not judged,
    /// or where a call before it did not conform: which state it met is unknown then. None as well where the case is
    /// more than its choices say.
    pub fn of(api: &Api, case: &Case, run: &CaseRun, actors: &[Actor]) -> Option<Self> {
        let faults = faults(api, case)?;
        let exchange = exchange(run)?;
        let answered = without_secrets(&exchange.class(), actors);
        let permitted = if let Some(permit) = &exchange.permit {
            let others = permit.others.iter().filter(|other| **other != answered);
            std::iter::once(&answered).chain(others).cloned().collect()
        } else {
            let divergence = run.divergences.iter().find(|own| own.call == CALL_UNDER_TEST)?;
            divergence.expected.iter().map(|expected| expected.class.clone()).collect()
        };
        Some(Self { faults, answered, permitted })
    }

    /// Whether the model permits the answer.
    pub fn conforms(&self) -> bool {
        self.permitted.contains(&self.answered)
    }
}

/// The faulty choices of a case that is what its choices say up to the call under test; none where there are none.
fn faults(api: &Api, case: &Case) -> Option<Vec<String>> {
    let operation = api.operation(&case.origin.operation)?;
    let row = operation.space.row(&case.origin.choices)?;
    let chosen = operation.space.dimensions.iter().zip(&row);
    let wrong = chosen.filter(|(dimension, choice)| dimension.choices[**choice].fault);
    let faults: Vec<String> =
        wrong.map(|(dimension, choice)| format!("{}={}", dimension.name, dimension.choices[*choice].name)).collect();
    let end = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST)?;
    let same = || operation.case(api.name, &case.origin.suite, &row).calls.starts_with(&case.calls[..=end]);
    (!faults.is_empty() && same()).then_some(faults)
}

/// The call under test, where every call before it conforms.
fn exchange(run: &CaseRun) -> Option<&Exchange> {
    let at = run.exchanges.iter().rposition(|exchange| exchange.id == CALL_UNDER_TEST)?;
    let is_as_meant = |exchange: &Exchange| exchange.id == CALL_UNDER_TEST || exchange.permit.is_some();
    run.exchanges[..at].iter().all(is_as_meant).then_some(&run.exchanges[at])
}

/// The class of the answer to the call under test, where it and every call before it conform.
pub fn conforming_class(run: &CaseRun) -> Option<String> {
    exchange(run).filter(|exchange| exchange.permit.is_some()).map(Exchange::class)
}

/// Faults of which each wins over the next, and the last over the first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// The faults in this order.
    pub steps: Vec<Step>,
}

/// One fault of a cycle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The faulty choice.
    pub fault: String,
    /// The class of its error.
    pub class: String,
    /// The case with this fault alone, which is answered with its error.
    pub alone: Case,
    /// The case with this fault and the next, which is answered with the error of this one.
    pub with_next: Case,
}

impl Cycle {
    /// Every case of the cycle with the class that it is answered: those with one fault, then those with two.
    pub fn cases(&self) -> impl Iterator<Item = (&Case, &str)> {
        let alone = self.steps.iter().map(|step| (&step.alone, step.class.as_str()));
        alone.chain(self.steps.iter().map(|step| (&step.with_next, step.class.as_str())))
    }

    /// Whether it is a cycle of an API, and whole; if not, why.
    pub fn check(&self, api: &str) -> Result<(), String> {
        if !(CYCLE_STEPS_MIN..=CYCLE_STEPS_MAX).contains(&self.steps.len()) {
            return Err(format!("a cycle has {CYCLE_STEPS_MIN} to {CYCLE_STEPS_MAX} faults"));
        }
        for (case, _) in self.cases() {
            case.check().map_err(|error| error.to_string())?;
            if case.api != api {
                return Err(format!("a case of its cycle is of the API {:?}", case.api));
            }
        }
        Ok(())
    }

    /// `a over b over c over a`, by what `name` makes of each step.
    fn around(&self, name: impl Fn(&Step) -> &str) -> String {
        let names: Vec<&str> = self.steps.iter().chain(self.steps.first()).map(name).collect();
        names.join(" over ")
    }

    /// The finding: the case that closes the circle, which `run` showed last. None for a cycle without steps, or a run
    /// without an answer.
    pub fn finding(self, run: &CaseRun, actors: &[Actor]) -> Option<Finding> {
        let (first, last) = (self.steps.first()?, self.steps.last()?);
        let answer = exchange(run)?.answer.as_ref()?;
        let case = last.with_next.clone();
        let operation = case.origin.operation.clone();
        let faults: Vec<&str> = self.steps.iter().map(|step| step.fault.as_str()).collect();
        let kind = Kind::PrecedenceCycle;
        let classes = self.around(|step| &step.class);
        let signature = format!("{operation} {kind} {classes} [{}]", faults.join(", "));
        let each = self.steps.windows(2).map(|two| format!("{} over {}", two[0].fault, two[1].fault));
        let source = format!("as the target itself lets {} win", each.collect::<Vec<_>>().join(" and "));
        let expected = Expected { class: first.class.clone(), basis: "U".into(), source, mismatches: Vec::new() };
        Some(Finding {
            id: id(&signature),
            kind,
            summary: format!("{operation} lets faults win in a circle: {}", self.around(|step| &step.fault)),
            operation,
            expected: vec![expected],
            observed: Observed::new(answer).without_secrets(actors),
            preferred_only: false,
            basis: "U".into(),
            reproduced: String::new(),
            count: self.steps.len() as u64,
            request_ids: Vec::new(),
            replay: String::new(),
            curl: None,
            places: Vec::new(),
            choices: faults.into_iter().map(str::to_owned).collect(),
            cause: None,
            case,
            recorded: recorded(run),
            state: serde_json::Value::Null,
            accepted_by: None,
            cycle: Some(self),
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::call::{Call, Turn};

    /// The case of `Put` with these choices.
    fn case(api: &Api, labels: &[&str]) -> Case {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let put = api.operation("Put").expect("kv has it");
        put.case(api.name, "any", &put.space.row(&labels).expect("kv has these choices"))
    }

    #[test]
    fn the_faults_of_a_case_are_its_choices_that_hold_one() {
        let api = plumb_kv::api();
        let check = |labels: &[&str], wrong: Option<&[&str]>| {
            let wrong = wrong.map(|all| all.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>());
            assert_eq!(faults(&api, &case(&api, labels)), wrong, "{labels:?}");
        };
        check(&[], None);
        check(&["value=empty"], None);
        check(&["key=too-long", "value=empty"], Some(&["key=too-long"]));
        check(&["key=too-long", "value=too-large"], Some(&["key=too-long", "value=too-large"]));
    }

    #[test]
    fn a_case_that_is_more_than_its_choices_say_says_nothing() {
        let api = plumb_kv::api();
        let mut long = case(&api, &["key=too-long"]);
        long.calls.insert(0, Turn::new("before", Call::new("List")));
        assert_eq!(faults(&api, &long), None);
        let mut without_probes = case(&api, &["key=too-long"]);
        let end = without_probes.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST).expect("it has the call");
        without_probes.calls.truncate(end + 1);
        assert!(faults(&api, &without_probes).is_some(), "what comes after the call changes nothing");
    }

    #[test]
    fn a_cycle_that_somebody_made_is_checked() {
        let api = plumb_kv::api();
        let step = || Step {
            fault: "key=too-long".into(),
            class: "400 bad_key".into(),
            alone: case(&api, &["key=too-long"]),
            with_next: case(&api, &["key=too-long"]),
        };
        let cycle = |steps: usize| Cycle { steps: (0..steps).map(|_| step()).collect() };
        assert_eq!(cycle(CYCLE_STEPS_MIN).check("kv"), Ok(()));
        assert!(cycle(CYCLE_STEPS_MIN - 1).check("kv").is_err(), "too short");
        assert!(cycle(CYCLE_STEPS_MAX + 1).check("kv").is_err(), "too long");
        assert!(cycle(CYCLE_STEPS_MIN).check("other").is_err(), "of another API");
        let mut broken = cycle(CYCLE_STEPS_MIN);
        let twice = broken.steps[1].with_next.calls[0].clone();
        broken.steps[1].with_next.calls.push(twice);
        assert!(broken.check("kv").is_err(), "two calls of one name");
    }
}
