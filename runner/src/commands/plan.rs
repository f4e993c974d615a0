//! What a run would do, before its first call.

use std::collections::BTreeMap;

use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case, Need};
use plumb_model::seen;
use plumb_model::space::Hazard;
use plumb_model::value::Value;
use plumb_validator::target::{Safety, Target};

use crate::cases::Source;
use crate::cli::CasesArgs;
use crate::error::{Error, Exit};

/// The marker of names that are only planned.
const PLANNED: &str = "plumb-plan";

/// What all cases of a run add up to.
#[derive(Default)]
struct Plan {
    cases: u64,
    calls: BTreeMap<String, u64>,
    body_bytes: u64,
    resources: BTreeMap<String, u64>,
    hazards: BTreeMap<Hazard, u64>,
    /// What the guard would not let go at the target's safety level, and how often.
    refused: BTreeMap<String, u64>,
    /// How many cases need an identity that the target lacks, and why they are not run.
    unsupported: BTreeMap<String, u64>,
}

fn planned<'a>(api: &'a Api, cases: &'a CasesArgs) -> Result<impl Iterator<Item = Case> + use<'a>, Error> {
    let most = cases.budget.and_then(|budget| budget.cases).and_then(|most| usize::try_from(most).ok());
    Ok(Source::open(api, cases)?.cases()?.0.take(most.unwrap_or(usize::MAX)))
}

fn add_up(api: &Api, target: &Target, cases: &CasesArgs) -> Result<Plan, Error> {
    let (mut plan, bodies) = (Plan::default(), Bodies::new());
    for case in planned(api, cases)? {
        plan.cases += 1;
        if let Some(why) = target.lacks_actor_of(&case) {
            *plan.unsupported.entry(why).or_default() += 1;
            continue;
        }
        for need in &case.needs {
            *plan.resources.entry(need.kind.clone()).or_default() += u64::from(need.own);
            if !provisions(api, target, need).all(|call| target.safety.permits(hazard_of(api, &call))) {
                *plan.refused.entry(format!("making a {} for a case", need.kind)).or_default() += 1;
            }
        }
        for turn in &case.calls {
            *plan.calls.entry(turn.call.operation.to_string()).or_default() += 1;
            let with_body = turn.call.arguments.values().filter(|value| matches!(value, Value::Body(_)));
            plan.body_bytes +=
                with_body.map(|value| seen::pooled(&bodies, Some(value)).bytes.len() as u64).sum::<u64>();
            let hazard = hazard_of(api, &turn.call);
            *plan.hazards.entry(hazard).or_default() += 1;
            if !target.safety.permits(hazard) {
                *plan.refused.entry(format!("calls of {}", turn.call.operation)).or_default() += 1;
            }
        }
    }
    Ok(plan)
}

fn hazard_of(api: &Api, call: &Call) -> Hazard {
    api.operation(&call.operation).map_or(Hazard::Writes, |own| own.hazard_of(call))
}

/// The calls that make what a case borrows, under some name.
fn provisions(api: &Api, target: &Target, need: &Need) -> impl Iterator<Item = Call> {
    let name = api.resources.name(&need.kind, &need.role, PLANNED);
    name.map(|name| api.resources.provision(need, &name, target.site())).unwrap_or_default().into_iter()
}

/// Prints the plan. Exits as the run would where the guard would stop it.
pub(super) fn plan(api: &Api, target: &Target, cases: &CasesArgs) -> Result<Exit, Error> {
    let plan = add_up(api, target, cases)?;
    let mut lines = vec![
        format!("{} cases against {}://{} (safety {})", plan.cases, target.scheme, target.authority, target.safety),
        format!("{} bytes of bodies to send", plan.body_bytes),
    ];
    lines.extend(plan.calls.iter().map(|(operation, count)| format!("{count:>8} calls of {operation}")));
    lines.extend(
        plan.resources.iter().map(|(kind, count)| format!("{count:>8} {kind}s of their own, made and removed again")),
    );
    lines.extend(plan.hazards.iter().map(|(hazard, count)| format!("{count:>8} calls that are {}", name(*hazard))));
    lines.extend(
        plan.refused.iter().map(|(what, count)| format!("{count:>8} {what} REFUSED at safety {}", target.safety)),
    );
    lines.extend(plan.unsupported.iter().map(|(why, count)| format!("{count:>8} cases are not run: {why}")));
    lines.push(
        "Calls that find out what the target implements, that make, empty and remove what cases borrow, and reruns of \
         diverging cases, come on top."
            .into(),
    );
    crate::output::print(&(lines.join("\n") + "\n"))?;
    if plan.refused.is_empty() { Ok(Exit::Conforms) } else { Err(refusal(target)) }
}

const fn name(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Reads => "reads",
        Hazard::Writes => "writes",
        Hazard::Deletes => "deletes",
        Hazard::Exposes => "exposing",
        Hazard::Irreversible => "irreversible",
        Hazard::Costs => "costly",
    }
}

/// Refuses a run of which hardly anything could be sent, and says what to add. Each choice alone tells: where choices
/// meet, nothing is done that none of them does.
pub(super) fn refuse_unsafe(api: &Api, target: &Target, cases: &CasesArgs) -> Result<(), Error> {
    let alone = CasesArgs { strength: Some(1), ..cases.clone() };
    if add_up(api, target, &alone)?.refused.is_empty() { Ok(()) } else { Err(refusal(target)) }
}

fn refusal(target: &Target) -> Error {
    let needed = if target.safety < Safety::OwnData {
        "--safety own-data to create, change and delete what this run makes itself"
    } else {
        "--safety full to open data to others, cost money, or do what cannot be taken back"
    };
    Error::usage(
        format!("the cases do too much: the safety level of {} is {}", target.authority, target.safety),
        format!("add {needed}; --plan shows every call, byte and hazard before"),
    )
}
