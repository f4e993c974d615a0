//! What may vary in each operation.

use plumb_model::call::{Call, Turn};
use plumb_model::space::{Choice, Dimension, Hazard, Operation, Space};
use plumb_model::value::Value;

const SOURCE: &str = "the documentation of this crate";

/// Every operation.
pub(crate) fn all() -> Vec<Operation> {
    let subject = Dimension::argument("subject", vec![Choice::valid("short", "subject", "the printer is on fire")]);
    vec![
        operation("Open", "puts a ticket on the desk", Hazard::Writes, vec![subject]),
        operation("Read", "reads a ticket", Hazard::Reads, Vec::new()),
        operation("Close", "closes a ticket", Hazard::Writes, Vec::new()),
        operation("Remove", "takes a ticket away", Hazard::Deletes, Vec::new()),
    ]
}

fn operation(name: &'static str, about: &'static str, hazard: Hazard, more: Vec<Dimension>) -> Operation {
    let mut dimensions = vec![state(), Dimension::argument("name", vec![Choice::valid("own", "name", ticket())])];
    dimensions.extend(more);
    let probe = Turn::new("probe-read", Call::new("Read").with("name", ticket()));
    let probes = if hazard == Hazard::Reads { Vec::new() } else { vec![probe] };
    Operation { name, about, source: SOURCE, hazard, space: Space { dimensions, constraints: Vec::new() }, probes }
}

fn ticket() -> Value {
    Value::resource("ticket", "a")
}

fn state() -> Dimension {
    let open = Call::new("Open").with("name", ticket()).with("subject", "no paper");
    let opened = |name| Choice::absent(name).after("opened", open.clone());
    let closed = opened("closed").after("closed", Call::new("Close").with("name", ticket()));
    Dimension::state("ticket", vec![opened("open"), Choice::absent("absent"), closed])
}
