//! The values inside an expectation, replaced one by one: roles become names before anything is compared.

use super::{BodyRule, Expectation, Keyed, Matcher, Shape};
use crate::value::Value;

/// What a value becomes.
pub type Replace<'a> = dyn FnMut(&Value) -> Value + 'a;

impl Expectation {
    /// The same expectation with each of its values replaced.
    #[must_use]
    pub fn with_values(&self, replace: &mut Replace<'_>) -> Self {
        let headers = self.headers.iter().map(|(name, matcher)| (name.clone(), matcher.with_values(replace)));
        Self { headers: headers.collect(), body: self.body.with_values(replace), ..self.clone() }
    }
}

impl BodyRule {
    fn with_values(&self, replace: &mut Replace<'_>) -> Self {
        match self {
            Self::Equals(value) => Self::Equals(replace(value)),
            Self::Matches(matcher) => Self::Matches(matcher.with_values(replace)),
            Self::Document(shape) => Self::Document(shape.with_values(replace)),
            Self::Empty | Self::Part { .. } | Self::Any(_) => self.clone(),
        }
    }
}

impl Matcher {
    fn with_values(&self, replace: &mut Replace<'_>) -> Self {
        match self {
            Self::Is(value) => Self::Is(replace(value)),
            Self::Contains(value) => Self::Contains(replace(value)),
            Self::OneOf(all) => Self::OneOf(all.iter().map(replace).collect()),
            Self::Maybe(inner) => Self::Maybe(Box::new(inner.with_values(replace))),
            Self::Open { example, why } => Self::Open { example: replace(example), why: why.clone() },
            Self::Digest { .. }
            | Self::Chosen { .. }
            | Self::Like(_)
            | Self::Length(_)
            | Self::Absent
            | Self::Any(_) => self.clone(),
        }
    }
}

impl Shape {
    fn with_values(&self, replace: &mut Replace<'_>) -> Self {
        match self {
            Self::Text(matcher) => Self::Text(matcher.with_values(replace)),
            Self::Bare(matcher) => Self::Bare(matcher.with_values(replace)),
            Self::Fields(fields) => {
                Self::Fields(fields.iter().map(|(name, shape)| (name.clone(), shape.with_values(replace))).collect())
            }
            Self::List(shapes) => Self::List(shapes.iter().map(|shape| shape.with_values(replace)).collect()),
            Self::Keyed(keyed) => Self::Keyed(keyed.with_values(replace)),
            Self::Maybe(inner) => Self::Maybe(Box::new(inner.with_values(replace))),
            Self::Any(_) => self.clone(),
        }
    }
}

impl Keyed {
    fn with_values(&self, replace: &mut Replace<'_>) -> Self {
        let entries = self.entries.iter().map(|(key, shape)| (replace(key), shape.with_values(replace))).collect();
        Self { entries, absent: self.absent.iter().map(replace).collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_replaced_wherever_it_stands() {
        let role = |role: &str| Value::resource("key", role);
        let entries = vec![(role("a"), Shape::Text(Matcher::Is(role("b")).maybe()).maybe())];
        let keyed = Keyed { absent: vec![role("c")], ..Keyed::new("Key", entries) };
        let list = Shape::List(vec![Shape::Bare(Matcher::OneOf(vec![role("d")])), Shape::Keyed(keyed)]);
        let shape = Shape::Fields(vec![("list".into(), list)]);
        let headers = Expectation::status(200).header("x", Matcher::Contains(role("e")));
        let before = Expectation { body: BodyRule::Document(shape), ..headers };
        let after = before.with_values(&mut |value| match value {
            Value::Resource { role, .. } => Value::from(role.to_uppercase().as_str()),
            other => other.clone(),
        });
        let json = serde_json::to_string(&after).expect("serialises");
        assert!(!json.contains("resource"), "{json}");
        for name in ["\"A\"", "\"B\"", "\"C\"", "\"D\"", "\"E\""] {
            assert!(json.contains(name), "{name} in {json}");
        }
    }
}
