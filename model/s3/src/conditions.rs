//! Conditional requests: which conditions hold, and what those that do not hold earn.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_get_object_preconditions` and
//! `test_put_object_if_match`, `test_put_object_if_none_match*`, all recorded on AWS.

use plumb_model::expectation::{Form, Matcher};
use plumb_model::fault::{Basis, Fault};
use plumb_model::time;

use crate::errors::{self, field};
use crate::faults;
use crate::operations::reading::stored_headers;
use crate::operations::storing::METADATA_PREFIX;
use crate::request::Request;
use crate::state::Object;

const READS: &str = "LocalStack test_s3_get_object_preconditions (recorded on AWS)";
const WRITES: &str = "LocalStack test_put_object_if_match, test_put_object_if_none_match (recorded on AWS)";
const UNSUPPORTED: &str = "LocalStack test_put_object_if_none_match_validation (recorded on AWS)";

/// Whether something holds, where it may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    const fn of(holds: bool) -> Self {
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

/// Whether a condition's value names `etag`. Quotes are optional (recorded on AWS); `*` names any. What AWS does
/// with a weak tag or a list is not known, so one of those with the tag inside may or may not name it.
pub(crate) fn names_tag(wanted: &[u8], etag: &[u8]) -> Truth {
    let (wanted, etag) = (wanted.trim_ascii(), unquoted(etag));
    if wanted == b"*" || unquoted(wanted) == etag {
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
        let (holds, condition) = self.read_precondition(object);
        if holds != Truth::Yes {
            let failed = self.failed(faults::READ_CONDITION, condition, READS);
            faults.push(if holds == Truth::No { failed } else { failed.perhaps() });
        }
        if holds == Truth::No {
            return;
        }
        let (unmodified, basis, source) = self.is_unmodified(object);
        if unmodified != Truth::No {
            let fault = Fault::new(faults::READ_CONDITION, self.not_modified(object), basis, source);
            faults.push(if unmodified == Truth::Yes { fault } else { fault.perhaps() });
        }
    }

    /// `if-match`, or else `if-unmodified-since`: with the first one true the second is not looked at
    /// (AWS `GetObject`, documented).
    fn read_precondition(&self, object: &Object) -> (Truth, &'static str) {
        let tag = self.argument("if-match").map(|wanted| names_tag(wanted, &object.etag));
        let date = || self.moment("if-unmodified-since").map_or(Truth::Yes, |date| self.is_later(object, date).not());
        match tag {
            Some(Truth::Yes) => (Truth::Yes, "If-Match"),
            Some(other) => (other, "If-Match"),
            None => (date(), "If-Unmodified-Since"),
        }
    }

    /// `if-none-match` and `if-modified-since`: whether the answer is 304, how well that is known, and where it
    /// is written.
    fn is_unmodified(&self, object: &Object) -> (Truth, Basis, &'static str) {
        let since = || match self.moment("if-modified-since") {
            None => Truth::No,
            // A date in the future is ignored, recorded on AWS.
            Some(date) => self.is_later(object, date).not().and(self.is_future(date).not()),
        };
        let Some(wanted) = self.argument("if-none-match") else { return (since(), Basis::Recorded, READS) };
        match names_tag(wanted, &object.etag) {
            Truth::Yes if wanted.trim_ascii() == b"*" => {
                (Truth::Yes, Basis::Documented, "RFC 9110 section 13.1.2: `*` names whatever is there")
            }
            Truth::Yes => (Truth::Yes, Basis::Recorded, READS),
            Truth::Unknown => (Truth::Unknown, Basis::Unknown, "weak tags and lists: undocumented by AWS"),
            Truth::No if since() == Truth::No => (Truth::No, Basis::Recorded, READS),
            Truth::No => {
                let source = "RFC 9110 section 13.2.2 ignores if-modified-since here, LocalStack and MinIO do not";
                (Truth::Unknown, Basis::Unknown, source)
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
            (Some(_), Some(_)) => faults.push(self.unsupported("If-Match,If-None-Match", UNSUPPORTED)),
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
        match names_tag(wanted, &object.etag) {
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
        match self.object().map(|object| names_tag(wanted, &object.etag)) {
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
            assert_eq!(names_tag(wanted.as_bytes(), b"\"abc\""), truth, "{wanted}");
        }
    }
}
