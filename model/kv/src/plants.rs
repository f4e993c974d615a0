//! Bugs to plant into a server made from the model.

use std::sync::Arc;

use plumb_model::answer::Document;
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Effect, OnAnswer, OnCall, Plant};

/// The planted bugs with the finding each must give.
pub(crate) fn all() -> Vec<Plant> {
    let plant = |name, about, operation, kind, bug: Arc<dyn Bug>| Plant { name, about, operation, kind, bug };
    vec![
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
                if let (true, Some(Document::Fields(fields))) = (call.argument("limit").is_some(), &mut answer.document)
                {
                    for (name, value) in fields {
                        if let (true, Document::List(keys)) = (name == "keys", value) {
                            keys.pop();
                        }
                    }
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
