//! Conditional requests: which conditions hold, and what those that do not hold earn.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_get_object_preconditions` and
//! `test_put_object_if_match`, `test_put_object_if_none_match*`, all recorded on AWS.

use plumb_model::expectation::{Form, Matcher};
use plumb_model::fault::{Basis, Fault};
use plumb_model::time;

use crate::checksums::{Extent, told_of_read};
use crate::errors::{self, field};
use crate::faults;
use crate::operations::reading::stored_headers;
use crate::operations::storing::METADATA_PREFIX;
use crate::request::Request;
use crate::state::Object;

const READS: &str = "LocalStack test_s3_get_object_preconditions (recorded on AWS)";
const COPIES: &str = "LocalStack test_s3_copy_object_preconditions (recorded on AWS)";
const WRITES: &str = "LocalStack test_put_object_if_match, test_put_object_if_none_match, test_copy_object_if_match \
                      (recorded on AWS)";
const BOTH: &str = "LocalStack test_put_object_if_match_and_if_none_match_validation (recorded on AWS)";
const UNSUPPORTED: &str = "LocalStack test_put_object_if_none_match_validation (recorded on AWS)";

/// A header, and the name under which a refusal tells it.
type Named = (&'static str, &'static str);

/// The four headers with the conditions on what is read, and what is made of them.
struct Conditions {
    matching: Named,
    unmodified: Named,
    other: Named,
    modified: Named,
    /// Whether `*` names whatever is there.
    star: Truth,
    /// Whether an object that is as it was is told by 304, not by 412.
    caches: bool,
    /// The class of their faults.
    class: &'static str,
    source: &'static str,
}

/// Those of a read. For `*`: RFC 9110 section 13.1.
const OF_READ: Conditions = Conditions {
    matching: ("if-match", "If-Match"),
    unmodified: ("if-unmodified-since", "If-Unmodified-Since"),
    other: ("if-none-match", "If-None-Match"),
    modified: ("if-modified-since", "If-Modified-Since"),
    star: Truth::Yes,
    caches: true,
    class: faults::READ_CONDITION,
    source: READS,
};

/// Those on the source of a copy. What is made of `*` is not said; `LocalStack` and `MinIO` take it for a tag.
const OF_COPY_SOURCE: Conditions = Conditions {
    matching: ("x-amz-copy-source-if-match", "x-amz-copy-source-If-Match"),
    unmodified: ("x-amz-copy-source-if-unmodified-since", "x-amz-copy-source-If-Unmodified-Since"),
    other: ("x-amz-copy-source-if-none-match", "x-amz-copy-source-If-None-Match"),
    modified: ("x-amz-copy-source-if-modified-since", "x-amz-copy-source-If-Modified-Since"),
    star: Truth::Unknown,
    caches: false,
    class: faults::SOURCE_CONDITION,
    source: COPIES,
};

/// Whether an object is as it was, by which header, how well that is known, and where it is written.
struct Unmodified {
    holds: Truth,
    by: Named,
    basis: Basis,
    source: &'static str,
}

/// Whether something holds, where it may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    pub(crate) const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// Whether a condition's value names `etag`. Quotes are optional (recorded on AWS); `star` tells whether `*` names
/// any. What AWS does with a weak tag or a list is not known, so one of those with the tag inside may or may not
/// name it.
pub(crate) fn names_tag(wanted: &[u8], etag: &[u8], star: Truth) -> Truth {
    let (wanted, etag) = (wanted.trim_ascii(), unquoted(etag));
    if wanted == b"*" {
        return star;
    }
    if unquoted(wanted) == etag {
        return Truth::Yes;
    }
    let inside = wanted.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|part| {
        let strong = part.strip_prefix(b"W/").unwrap_or(part);
        unquoted(strong) == etag
    });
    if inside { Truth::Unknown } else { Truth::No }
}

fn unquoted(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(tag)
}

impl Request<'_> {
    /// The moment of a condition; none where the header is missing or its date is malformed.
    ///
    /// Source: RFC 9110 sections 13.1.3 and 13.1.4: a date that is none is ignored.
    fn moment(&self, name: &str) -> Option<i64> {
        let text = std::str::from_utf8(self.argument(name)?).ok()?;
        time::parse_http_date(text.trim())
    }

    /// Whether the object was written later than the second `date`, by whole seconds.
    fn is_later(&self, object: &Object, date: i64) -> Truth {
        match self.seen.bound_seconds(&object.last_modified) {
            Some(written) => Truth::of(written > date),
            None if object.written.first_second() > date => Truth::Yes,
            None if object.written.last_second() <= date => Truth::No,
            None => Truth::Unknown,
        }
    }

    /// Whether the second `date` is in the server's future.
    fn is_future(&self, date: i64) -> Truth {
        if date > self.seen.time.last_second() {
            Truth::Yes
        } else if date <= self.seen.time.first_second() {
            Truth::No
        } else {
            Truth::Unknown
        }
    }

    /// What the conditions of a read earn: 412 or 304, or nothing.
    pub(crate) fn read_conditions(&self, object: &Object, faults: &mut Vec<Fault>) {
        self.conditions(&OF_READ, object, faults);
    }

    /// What the conditions on the source of a copy earn: 412, or nothing.
    pub(crate) fn source_conditions(&self, object: &Object, faults: &mut Vec<Fault>) {
        self.conditions(&OF_COPY_SOURCE, object, faults);
    }

    /// What the conditions on a source of which nothing is known may earn.
    pub(crate) fn obscure_source_conditions(&self, faults: &mut Vec<Fault>) {
        let Conditions { matching, unmodified, other, modified, class, source, .. } = OF_COPY_SOURCE;
        for (header, name) in [matching, unmodified, other, modified] {
            if self.argument(header).is_some() {
                faults.push(self.failed(class, name, source).perhaps());
            }
        }
    }

    fn conditions(&self, conditions: &Conditions, object: &Object, faults: &mut Vec<Fault>) {
        let (holds, condition) = self.precondition(conditions, object);
        if holds != Truth::Yes {
            let failed = self.failed(conditions.class, condition, conditions.source);
            faults.push(if holds == Truth::No { failed } else { failed.perhaps() });
        }
        if holds == Truth::No {
            return;
        }
        let unmodified = self.unmodified(conditions, object);
        if unmodified.holds != Truth::No {
            let Unmodified { basis, source, .. } = unmodified;
            let fault = if conditions.caches {
                Fault::new(conditions.class, self.not_modified(object), basis, source)
            } else {
                Fault { basis, ..self.failed(conditions.class, unmodified.by.1, source) }
            };
            faults.push(if unmodified.holds == Truth::Yes { fault } else { fault.perhaps() });
        }
    }

    /// `if-match`, or else `if-unmodified-since`: with the first one true the second is not looked at
    /// (AWS `GetObject` and `CopyObject`, documented).
    fn precondition(&self, conditions: &Conditions, object: &Object) -> (Truth, &'static str) {
        let Conditions { matching, unmodified, star, .. } = conditions;
        if let Some(wanted) = self.argument(matching.0) {
            return (names_tag(wanted, &object.etag, *star), matching.1);
        }
        let date = self.moment(unmodified.0);
        (date.map_or(Truth::Yes, |date| self.is_later(object, date).not()), unmodified.1)
    }

    /// `if-none-match` and `if-modified-since`: whether the object is kept back as one that is known already.
    fn unmodified(&self, conditions: &Conditions, object: &Object) -> Unmodified {
        let Conditions { other, modified, star, source, .. } = conditions;
        let since = || match self.moment(modified.0) {
            None => Truth::No,
            // A date in the future is ignored, recorded on AWS.
            Some(date) => self.is_later(object, date).not().and(self.is_future(date).not()),
        };
        let told = |holds, by: &Named, basis, source| Unmodified { holds, by: *by, basis, source };
        let Some(wanted) = self.argument(other.0) else { return told(since(), modified, Basis::Recorded, source) };
        match names_tag(wanted, &object.etag, *star) {
            Truth::Yes if wanted.trim_ascii() == b"*" => {
                let source = "RFC 9110 section 13.1.2: `*` names whatever is there";
                told(Truth::Yes, other, Basis::Documented, source)
            }
            Truth::Yes => told(Truth::Yes, other, Basis::Recorded, source),
            Truth::Unknown => told(
                Truth::Unknown,
                other,
                Basis::Unknown,
                "weak tags, lists, and `*` for the source of a copy: undocumented by AWS",
            ),
            Truth::No if since() == Truth::No => told(Truth::No, modified, Basis::Recorded, source),
            Truth::No => {
                let source = "RFC 9110 section 13.2.2 ignores if-modified-since here, LocalStack and MinIO do not";
                told(Truth::Unknown, modified, Basis::Unknown, source)
            }
        }
    }

    /// 304: no body, and the entity tag, `cache-control` and `expires` of the answer that it stands for (RFC 9110
    /// section 15.4.5: "must generate"). What else it tells of the object takes the place of what a cache holds
    /// (RFC 9111 section 4.3.4), so it must be the object's.
    fn not_modified(&self, object: &Object) -> plumb_model::expectation::Expectation {
        let modified =
            Matcher::Chosen { symbol: object.last_modified.clone(), form: Form::HttpDate(Some(object.written)) };
        let answer = self
            .answer(304)
            .header("etag", Matcher::is(object.etag.clone()))
            .header("last-modified", modified.maybe())
            .header("content-range", Matcher::Absent)
            .no_others(METADATA_PREFIX);
        let answer = told_of_read(self, object, Extent::Part, answer);
        stored_headers(self, object).fold(answer, |answer, (name, matcher)| {
            let must = matches!(name.as_ref(), "cache-control" | "expires");
            let open = matches!(matcher, Matcher::Absent | Matcher::Any(_));
            answer.header(name, if must || open { matcher } else { matcher.maybe() })
        })
    }

    fn failed(&self, class: &'static str, condition: &'static str, source: &'static str) -> Fault {
        let fields = || vec![field("Condition", condition.as_bytes())];
        Fault::new(class, self.refuse_with(errors::PRECONDITION_FAILED, fields), Basis::Recorded, source)
    }

    /// What the conditions of a write earn.
    ///
    /// | condition | the object exists | it does not |
    /// |---|---|---|
    /// | `if-none-match: *` | 412 | written |
    /// | `if-none-match`, anything else | 501 | 501 |
    /// | `if-match`, its tag | written | 404 |
    /// | `if-match`, anything else but `*` | 412 | 404 |
    /// | `if-match: *` | 501 | 501 |
    /// | both | 501 | 501 |
    pub(crate) fn write_conditions(&self, faults: &mut Vec<Fault>) {
        let (matching, other) = (self.argument("if-match"), self.argument("if-none-match"));
        match (matching, other) {
            (None, None) => {}
            (Some(_), Some(_)) => faults.push(self.unsupported("If-Match,If-None-Match", BOTH)),
            (Some(wanted), None) if wanted.trim_ascii() == b"*" => {
                faults.push(self.unsupported("If-Match", UNSUPPORTED));
            }
            (Some(wanted), None) => self.matching_write(wanted, faults),
            (None, Some(wanted)) if wanted.trim_ascii() == b"*" => self.first_write(faults),
            (None, Some(_)) => faults.push(self.unsupported("If-None-Match", UNSUPPORTED)),
        }
    }

    fn matching_write(&self, wanted: &[u8], faults: &mut Vec<Fault>) {
        let Some(object) = self.object() else {
            let answer = self.refuse_with(errors::NO_SUCH_KEY, || vec![field("Key", &self.key)]);
            let absent = Fault::new(faults::WRITE_CONDITION, answer, Basis::Recorded, WRITES);
            faults.push(if self.is_foreign_key() { absent.perhaps() } else { absent });
            return;
        };
        let failed = self.failed(faults::WRITE_CONDITION, "If-Match", WRITES);
        match names_tag(wanted, &object.etag, Truth::Yes) {
            Truth::Yes => {}
            Truth::No => faults.push(failed),
            Truth::Unknown => faults.push(failed.perhaps()),
        }
    }

    fn first_write(&self, faults: &mut Vec<Fault>) {
        let failed = self.failed(faults::WRITE_CONDITION, "If-None-Match", WRITES);
        if self.object().is_some() {
            faults.push(failed);
        } else if self.is_foreign_key() {
            faults.push(failed.perhaps());
        }
    }

    /// A condition that general purpose buckets do not have.
    pub(crate) fn unsupported(&self, header: &'static str, source: &'static str) -> Fault {
        let fields = || vec![field("Header", header.as_bytes())];
        let answer = self.refuse_with(errors::NOT_IMPLEMENTED, fields);
        Fault::new(faults::HEADER, answer, Basis::Recorded, source)
    }

    /// What the conditions of a delete earn. `if-match: *` is allowed (AWS `DeleteObject`, documented); what a
    /// condition on an absent key earns is not known.
    pub(crate) fn delete_conditions(&self, faults: &mut Vec<Fault>) {
        const ONLY_DIRECTORY: &str = "LocalStack test_delete_object_if_match_{size,modified}_non_express (AWS)";
        for (name, header) in [
            ("x-amz-if-match-size", "x-amz-if-match-size"),
            ("x-amz-if-match-last-modified-time", "x-amz-if-match-last-modified-time"),
        ] {
            if self.argument(name).is_some() {
                faults.push(self.unsupported(header, ONLY_DIRECTORY));
            }
        }
        let Some(wanted) = self.argument("if-match") else { return };
        let failed =
            || self.failed(faults::WRITE_CONDITION, "If-Match", "LocalStack test_delete_object_if_match (AWS)");
        match self.object().map(|object| names_tag(wanted, &object.etag, Truth::Yes)) {
            Some(Truth::Yes) => {}
            Some(Truth::No) => faults.push(failed()),
            Some(Truth::Unknown) => faults.push(failed().perhaps()),
            None => {
                let source = "unknown: servers answer 204, 404 NoSuchKey or 412 to a conditional delete of nothing";
                let answer = self.refuse_with(errors::NO_SUCH_KEY, || vec![field("Key", &self.key)]);
                let fault = Fault::new(faults::KEY, answer, Basis::Unknown, source);
                faults.push(fault.or(self.refuse(errors::PRECONDITION_FAILED)).perhaps());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_optional_and_weak_tags_and_lists_are_open() {
        for (wanted, truth) in [
            ("\"abc\"", Truth::Yes),
            ("abc", Truth::Yes),
            (" \"abc\" ", Truth::Yes),
            ("*", Truth::Yes),
            ("\"abd\"", Truth::No),
            ("\"abc", Truth::No),
            ("", Truth::No),
            ("W/\"abc\"", Truth::Unknown),
            ("\"x\", \"abc\"", Truth::Unknown),
            ("\"x\", \"y\"", Truth::No),
        ] {
            assert_eq!(names_tag(wanted.as_bytes(), b"\"abc\"", Truth::Yes), truth, "{wanted}");
        }
    }
}
