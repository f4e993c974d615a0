//! What one answer tells of what a target has.

use plumb_generator::capabilities::{Check, Of};
use plumb_model::answer::Answer;
use plumb_model::space::CALL_UNDER_TEST;
use plumb_validator::case_run::CaseRun;
use plumb_validator::session::Exchange;
use plumb_validator::verdict::Verdict;

use super::Seen;
use crate::engine::{Engine, in_words};
use crate::events::Has;

/// What the answer to the call under test tells.
pub(super) fn read(engine: &Engine<'_>, check: &Check<'_>, run: &CaseRun) -> Seen {
    // A call on the way to the state may be of the very same operation.
    let is_tested = |exchange: &&Exchange| {
        let of_operation = matches!(check.of, Of::Operation) && exchange.operation == check.operation.name;
        exchange.id == CALL_UNDER_TEST || of_operation && is_missing(engine, exchange)
    };
    let tested = run.exchanges.iter().find(is_tested);
    let conforms = matches!(run.verdict, Verdict::Conforms { .. });
    match (tested.and_then(|exchange| exchange.answer.as_ref()), &run.verdict) {
        (Some(answer), _) if matches!(check.of, Of::Refusal { .. }) => refused(engine, answer, conforms),
        (Some(answer), _) if conforms => Seen::new(Has::Works, answer.class()),
        (Some(answer), _) if engine.api.resources.is_not_implemented(answer) => {
            Seen::new(Has::NotImplemented, answer.class())
        }
        (Some(answer), _) if answer.status < 400 => Seen::new(Has::Works, answer.class()),
        (Some(answer), verdict) => Seen::new(Has::Unclear, unexpected(answer, verdict)),
        (None, Verdict::Skipped(why) | Verdict::Unsupported(why)) => Seen::new(Has::NotProbed, why),
        (None, Verdict::Diverges(divergence)) => {
            let (call, operation, class) = (&divergence.call, &divergence.operation, &divergence.observed.class);
            Seen::new(Has::Unclear, format!("on the way there, {operation} ({call}) was answered {class}"))
        }
        (None, verdict) => Seen::new(Has::Unclear, in_words(verdict)),
    }
}

fn is_missing(engine: &Engine<'_>, exchange: &Exchange) -> bool {
    exchange.answer.as_ref().is_some_and(|answer| engine.api.resources.is_not_implemented(answer))
}

/// What must be refused and is answered like a success is accepted; any refusal is one, unless it is for want of an
/// implementation, or for something else that the target may have looked at before.
fn refused(engine: &Engine<'_>, answer: &Answer, conforms: bool) -> Seen {
    let has = match answer.status {
        _ if conforms => Has::Works,
        ..400 => Has::NotImplemented,
        404 => Has::Unclear,
        _ if answer.status >= 500 || engine.api.resources.is_not_implemented(answer) => Has::Unclear,
        _ => Has::Works,
    };
    Seen::new(has, answer.class())
}

fn unexpected(answer: &Answer, verdict: &Verdict) -> String {
    let expected = verdict.divergence().map(|own| own.expected.iter().map(|one| one.class.as_str()));
    let mut classes: Vec<&str> = expected.into_iter().flatten().collect();
    classes.dedup();
    format!("answered {}, expected {}", answer.class(), classes.join(" or "))
}
