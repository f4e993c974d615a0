//! Bugs to plant into a server made from the model.

use std::sync::Arc;

use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Effect, OnAnswer, OnCall, Plant};
use plumb_model::value::Value;

/// The planted bugs with the finding each must give.
pub(crate) fn all() -> Vec<Plant> {
    let plant =
        |name, about, operation, kind, bug: Arc<dyn Bug>| Plant { name, about, operation, kind, strength: 1, bug };
    let ghost = Plant {
        strength: 3,
        ..plant(
            "ghost-on-a-page",
            "a page of one entry has one more where a prefix and a start are given too",
            "List",
            "wrong-header-or-body",
            Arc::new(OnAnswer(|call, answer| {
                let ends = |name, end: &[u8]| {
                    call.argument(name).and_then(Value::as_literal).is_some_and(|own| own.ends_with(end))
                };
                let is_one = call.argument("limit") == Some(&Value::from("1"));
                if is_one && ends("prefix", b"-2") && ends("after", b"-1") {
                    each_key_list(answer, |keys| keys.push(Document::Text("ghost".into())));
                }
            })),
        )
    };
    vec![
        ghost,
        plant(
            "lost-overwrite",
            "a second write to a key is acknowledged and not stored",
            "Get",
            "wrong-state-afterwards",
            Arc::new(OnCall(|call, stored| {
                let again = stored.iter().any(|earlier| earlier.argument("key") == call.argument("key"));
                if call.operation == "Put" && again { Effect::Forget } else { Effect::Honest }
            })),
        ),
        plant(
            "condition-ignored",
            "a write ignores if-match",
            "Put",
            "accepts-what-must-be-refused",
            Arc::new(OnCall(|call, _| {
                let mut without = call.clone();
                let conditional = call.operation == "Put" && without.arguments.remove("if-match").is_some();
                if conditional { Effect::Instead(without) } else { Effect::Honest }
            })),
        ),
        plant(
            "page-skips",
            "a page of a listing leaves its last key out",
            "List",
            "wrong-header-or-body",
            Arc::new(OnAnswer(|call, answer| {
                if call.argument("limit").is_some() {
                    each_key_list(answer, |keys| _ = keys.pop());
                }
            })),
        ),
        plant(
            "delete-forgets",
            "a delete answers 204 and keeps the entry",
            "Get",
            "wrong-state-afterwards",
            Arc::new(OnCall(|call: &Call, _| if call.operation == "Delete" { Effect::Forget } else { Effect::Honest })),
        ),
    ]
}

fn each_key_list(answer: &mut Answer, change: impl Fn(&mut Vec<Document>)) {
    let Some(Document::Fields(fields)) = &mut answer.document else { return };
    for (name, value) in fields {
        if let (true, Document::List(keys)) = (name == "keys", value) {
            change(keys);
        }
    }
}
