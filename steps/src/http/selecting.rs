//! Takes values out of a JSON body by paths (RFC 9535), and writes them so that equal values are equal bytes.

use bytes::Bytes;
use jsonpath_rust::JsonPath as _;
use plumb_model::text::shown;
use serde_json::Value as Json;

use super::parameters::JsonPath;
use crate::failure::fail;
use crate::world::World;

/// The largest whole number up to which a number with a fraction of zero is the same as one without (RFC 8259
/// section 6).
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
/// The most characters of a body that a failure shows.
const SHOWN_CHARACTERS_MAX: usize = 160;

/// Everything in the last answer's body that a path leads to.
pub(super) fn selected(world: &World, path: &JsonPath) -> Vec<Json> {
    let body = document(world);
    match body.query(path.as_str()) {
        Ok(found) => found.into_iter().cloned().collect(),
        Err(error) => fail(format!("{} is no JSONPath: {error}", path.as_str())),
    }
}

/// The one value that a path leads to; none where it leads to nothing.
pub(super) fn only(world: &World, path: &JsonPath) -> Option<Json> {
    let mut found = selected(world, path);
    if found.len() > 1 {
        let path = path.as_str();
        fail(format!("{path} leads to {} values, and this step looks at one: make it lead to one", found.len()));
    }
    found.pop()
}

/// The last answer's body as JSON.
pub(super) fn document(world: &World) -> Json {
    let answer = world.last_answer();
    if answer.truncated {
        fail("the body is too long to be read whole");
    }
    let no_json = |error| fail(format!("the body is no JSON ({error}): {}", shown(&answer.body, SHOWN_CHARACTERS_MAX)));
    serde_json::from_slice(&answer.body).unwrap_or_else(no_json)
}

/// JSON in the one form that equal values share: names in order, no blanks, whole numbers without a fraction.
pub(super) fn canonical(value: &Json) -> Bytes {
    ordered(value).to_string().into()
}

fn ordered(value: &Json) -> Json {
    match value {
        Json::Array(entries) => entries.iter().map(ordered).collect(),
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), ordered(value))).collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(fields.into_iter().collect())
        }
        Json::Number(number) => whole(number).unwrap_or_else(|| value.clone()),
        other => other.clone(),
    }
}

/// The whole number that a number with a fraction of zero is.
fn whole(number: &serde_json::Number) -> Option<Json> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_MAX)?;
    format!("{float:.0}").parse::<i64>().ok().map(Json::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_form() {
        let check = |text: &str, expected: &str| {
            let value: Json = serde_json::from_str(text).expect("JSON");
            assert_eq!(canonical(&value), expected, "{text}");
        };
        check(r#"{ "b": [1.0, 2], "a": {"d": null, "c": true} }"#, r#"{"a":{"c":true,"d":null},"b":[1,2]}"#);
        check("1.50", "1.5");
        check("-0.0", "0");
        check("1e3", "1000");
        check("1e300", "1e+300");
        check("\"1.0\"", "\"1.0\"");
    }
}
