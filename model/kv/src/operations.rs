//! The operations with what may vary in each.

use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Turn};
use plumb_model::capability::{Capability, Shown};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};

use crate::VALUE_BYTES_MAX;

const SOURCE: &str = "plumb_kv crate documentation";

/// What a store may leave out.
pub(crate) const CONDITIONAL_WRITES: Capability = Capability {
    name: "conditional writes",
    about: "writes and deletes only what is as the client knows it",
    source: SOURCE,
    arguments: &["if-match", "if-none-match"],
    identities: false,
    within: |operation| operation.hazard != Hazard::Reads,
    shown: Shown::ByUse,
};

/// Put, Get, Delete, List.
pub(crate) fn all() -> Vec<Operation> {
    vec![put(), get(), delete(), list()]
}

fn key() -> Value {
    Value::resource("key", "a")
}

fn stored() -> Call {
    Call::new("Put").with("key", key()).with("value", BodySpec::random(1, 100))
}

fn key_state() -> Dimension {
    let present = |name| Choice::absent(name).after("stored", stored());
    let deleted = present("deleted").after("deleted", Call::new("Delete").with("key", key()));
    Dimension::state("key-state", vec![present("present"), Choice::absent("absent"), deleted])
}

fn key_name() -> Dimension {
    let long = Value::Apply { function: Function::PadTo, of: vec![key(), "65".into()] };
    Dimension::argument(
        "key",
        vec![
            Choice::valid("plain", "key", key()),
            Choice::fault("upper-case", "key", Value::concat([key(), "X".into()])),
            Choice::fault("too-long", "key", long),
        ],
    )
}

fn if_match() -> Dimension {
    let revision = Value::symbol("stored", "revision");
    Dimension::argument(
        "if-match",
        vec![
            Choice::absent("none"),
            Choice::valid("current", "if-match", revision.clone()),
            Choice::fault("other", "if-match", revision.apply(Function::DifferentFrom)),
            Choice::fault("unknown", "if-match", "\"no-such-revision\""),
        ],
    )
}

/// A condition that names the stored revision needs a stored entry.
fn conditions_need_the_entry() -> Vec<Constraint> {
    ["current", "other"]
        .map(|choice| Constraint { when: ("if-match", choice), dimension: "key-state", allowed: vec!["present"] })
        .into()
}

fn probes() -> Vec<Turn> {
    vec![
        Turn::new("probe-get", Call::new("Get").with("key", key())),
        Turn::new("probe-list", Call::new("List").with("prefix", key())),
    ]
}

fn put() -> Operation {
    let value = |spec| Value::Body(BodySpec::random(2, spec));
    let dimensions = vec![
        key_state(),
        key_name(),
        Dimension::argument(
            "value",
            vec![
                Choice::valid("short", "value", value(10)),
                Choice::valid("empty", "value", value(0)),
                Choice::valid("longest", "value", value(VALUE_BYTES_MAX)),
                Choice::fault("too-large", "value", value(VALUE_BYTES_MAX + 1)),
            ],
        ),
        if_match(),
        Dimension::argument("if-none-match", vec![Choice::absent("none"), Choice::valid("star", "if-none-match", "*")]),
    ];
    Operation {
        name: "Put",
        about: "stores an entry",
        source: SOURCE,
        hazard: Hazard::Writes,
        space: Space { dimensions, constraints: conditions_need_the_entry() },
        probes: probes(),
    }
}

fn get() -> Operation {
    let revision = Value::symbol("stored", "revision");
    let conditions = vec![
        Choice::absent("none"),
        Choice::valid("current", "if-none-match", revision.clone()),
        Choice::valid("other", "if-none-match", revision.apply(Function::DifferentFrom)),
    ];
    let constraints = ["current", "other"].map(|choice| Constraint {
        when: ("if-none-match", choice),
        dimension: "key-state",
        allowed: vec!["present"],
    });
    Operation {
        name: "Get",
        about: "reads an entry",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space {
            dimensions: vec![key_state(), key_name(), Dimension::argument("if-none-match", conditions)],
            constraints: constraints.into(),
        },
        probes: vec![],
    }
}

fn delete() -> Operation {
    Operation {
        name: "Delete",
        about: "takes an entry away",
        source: SOURCE,
        hazard: Hazard::Deletes,
        space: Space {
            dimensions: vec![key_state(), key_name(), if_match()],
            constraints: conditions_need_the_entry(),
        },
        probes: probes(),
    }
}

fn list() -> Operation {
    let extended = |text: &str| Value::concat([key(), text.into()]);
    let entry = |text: &str| Call::new("Put").with("key", extended(text)).with("value", "v");
    let entries =
        Choice::absent("three").after("one", entry("-1")).after("two", entry("-2")).after("three", entry("-3"));
    let after = vec![
        Choice::absent("none"),
        Choice::valid("an-entry", "after", extended("-1")),
        Choice::valid("between", "after", extended("-1x")),
        Choice::valid("beyond", "after", extended("-9")),
    ];
    let limit = vec![
        Choice::absent("none"),
        Choice::valid("one", "limit", "1"),
        Choice::valid("all", "limit", "3"),
        Choice::valid("largest", "limit", "100"),
        Choice::fault("zero", "limit", "0"),
        Choice::fault("too-large", "limit", "101"),
        Choice::fault("no-number", "limit", "x"),
    ];
    let dimensions = vec![
        Dimension::state("entries", vec![entries, Choice::absent("none")]),
        Dimension::argument(
            "prefix",
            vec![
                Choice::valid("own", "prefix", key()),
                Choice::valid("one", "prefix", extended("-2")),
                Choice::valid("no-such", "prefix", extended("-x")),
            ],
        ),
        Dimension::argument("after", after),
        Dimension::argument("limit", limit),
    ];
    Operation {
        name: "List",
        about: "lists keys in pages",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: vec![] },
        probes: vec![],
    }
}
