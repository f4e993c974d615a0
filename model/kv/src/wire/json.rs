//! JSON as a document. A name that is said twice makes it none: readers disagree on which one counts
//! (RFC 8259 section 4).

use std::fmt;

use plumb_model::answer::Document;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The document in `bytes`; none where there is no JSON, or not only JSON.
pub(super) fn parse(bytes: &[u8]) -> Option<Document> {
    serde_json::from_slice::<Parsed>(bytes).ok().map(|parsed| parsed.0)
}

struct Parsed(Document);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

fn bare(value: &impl ToString) -> Document {
    Document::Bare(value.to_string())
}

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
        Ok(bare(&value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
        Ok(bare(&value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
        Ok(bare(&value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Document, E> {
        Ok(bare(&value))
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(bare(&"null"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Document, E> {
        Ok(Document::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(Parsed(entry)) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut fields: Vec<(String, Document)> = Vec::new();
        while let Some((name, Parsed(value))) = entries.next_entry::<String, Parsed>()? {
            if fields.iter().any(|(own, _)| *own == name) {
                return Err(A::Error::custom("a name is said twice"));
            }
            fields.push((name, value));
        }
        Ok(Document::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_value_is_no_text_and_a_name_counts_once() {
        let more = |value| Some(Document::Fields(vec![("more".to_owned(), value)]));
        assert_eq!(parse(br#"{"more": true}"#), more(Document::Bare("true".to_owned())));
        assert_eq!(parse(br#"{"more": "true"}"#), more(Document::Text("true".to_owned())));
        assert_eq!(parse(br#"{"more": true, "more": false}"#), None);
        assert_eq!(parse(b"true false"), None);
    }
}
