//! JSON with one field or entry dropped, altered, repeated, renamed or moved.

use serde_json::{Value, json};

/// Every altered document of `text`; none where it is no JSON.
pub(crate) fn altered(text: &str) -> Vec<(String, String)> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return vec![] };
    let mut all: Vec<(String, String)> =
        values(&value).into_iter().map(|(what, value)| (what, value.to_string())).collect();
    if let Value::Object(fields) = &value {
        for name in fields.keys() {
            // A map cannot say a name twice, so the text has to.
            all.push((format!(".{name} repeated in front"), text.replacen('{', &format!("{{\"{name}\":\"x\","), 1)));
            all.push((format!(".{name} repeated at the end"), text.replace('}', &format!(",\"{name}\":\"x\"}}"))));
        }
    }
    all
}

/// Everything that may stand in a value's place.
fn values(value: &Value) -> Vec<(String, Value)> {
    let mut all = vec![(" made null".to_owned(), Value::Null), (" wrapped in a list".to_owned(), json!([value]))];
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let mut without = fields.clone();
                without.remove(name);
                all.push((format!(".{name} dropped"), Value::Object(without.clone())));
                without.insert("plumb".to_owned(), inner.clone());
                all.push((format!(".{name} renamed"), Value::Object(without)));
                for (what, inner) in values(inner) {
                    let mut with = fields.clone();
                    with.insert(name.clone(), inner);
                    all.push((format!(".{name}{what}"), Value::Object(with)));
                }
            }
        }
        Value::Array(entries) => lists(entries, &mut all),
        Value::String(text) => {
            let altered = [String::new(), format!("{text}x"), format!(" {text}"), text.to_ascii_uppercase()];
            all.extend(altered.map(|altered| (" altered".to_owned(), json!(altered))));
        }
        Value::Bool(truth) => {
            all.push((" the other way round".to_owned(), json!(!truth)));
            all.push((" in quotes".to_owned(), json!(truth.to_string())));
        }
        Value::Null | Value::Number(_) => all.push((" made 7".to_owned(), json!(7))),
    }
    all
}

fn lists(entries: &[Value], all: &mut Vec<(String, Value)>) {
    all.push(("[] longer".to_owned(), entries.iter().cloned().chain([json!("x")]).collect()));
    for index in 0..entries.len() {
        let mut put = |what: &str, new: Vec<Value>| {
            let mut with = entries.to_vec();
            with.splice(index..=index, new);
            all.push((format!("[{index}]{what}"), with.into()));
        };
        put(" dropped", vec![]);
        put(" repeated", vec![entries[index].clone(), entries[index].clone()]);
        for (what, altered) in values(&entries[index]) {
            put(&what, vec![altered]);
        }
        if index + 1 < entries.len() {
            let mut swapped = entries.to_vec();
            swapped.swap(index, index + 1);
            all.push((format!("[{index}] swapped"), swapped.into()));
        }
    }
}
