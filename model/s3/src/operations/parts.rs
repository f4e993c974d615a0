//! Which part of an object a read is about, by `range` or by `partNumber`.

use plumb_model::expectation::{Expectation, Matcher};
use plumb_model::fault::{Basis, Fault};
use plumb_model::space::{Choice, Dimension};

use crate::errors::{self, Field, Refusal, field};
use crate::faults;
use crate::ranges::{Selection, select};
use crate::request::Request;
use crate::state::Object;

const RANGES: &str = "LocalStack test_get_object_range (recorded on AWS)";
const PARTS: &str = "LocalStack test_get_object_part (recorded on AWS)";
/// What a part of an object without bytes is.
pub(super) const OF_NOTHING: &str = "unknown: a part of an object without bytes is answered with 200, 206 or 416";

/// What a range is that ends before it begins, behind the last byte. Within the object it was recorded to be ignored.
const INVERTED: &str = "unknown: versitygw ignores an inverted range wherever it begins, LocalStack and MinIO refuse one \
                        that begins behind the last byte";

/// The most parts that an object may have. Source: S3 User Guide, qfacts.
const PARTS_MAX: u64 = 10_000;

/// The faults in a `partNumber` that no part of any object has, or beside a range: a server may see them before it
/// looks for the object.
pub(super) fn number_faults(request: &Request<'_>, object: Option<&Object>, faults: &mut Vec<Fault>) {
    let Some(text) = request.argument("partNumber") else { return };
    if request.argument("range").is_some() {
        faults.push(Fault::new(faults::QUERY, request.refuse(errors::INVALID_REQUEST), Basis::Recorded, PARTS));
    }
    if number(text).is_none() {
        let source = "AWS GetObject: a part number is from 1 to 10,000; which error another one earns is not said";
        let fault = Fault::new(faults::QUERY, request.refuse(errors::INVALID_ARGUMENT), Basis::Unknown, source);
        let refused = errors::INVALID_PART_NUMBER;
        let beyond = object.map(|object| unsatisfied(request, object, refused, Vec::new));
        let sizeless = || Matcher::Any("RFC 9110 section 14.4 tells a size, and nothing has none".into());
        faults.push(fault.or(beyond.unwrap_or_else(|| request.refuse(refused).header("content-range", sizeless()))));
    }
}

/// A part that an object may have.
fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|number| (1..=PARTS_MAX).contains(number))
}

/// The part that a read asks for; and the faults in that the object has none such.
pub(super) fn selection(request: &Request<'_>, object: &Object, faults: &mut Vec<Fault>) -> Selection {
    let size = object.payload.length;
    let Some(text) = request.argument("partNumber") else {
        let selection = select(request.argument("range").map(AsRef::as_ref), size);
        range_fault(request, object, selection, faults);
        return selection;
    };
    match number(text) {
        // An object that was not made of parts is one.
        Some(1) if size > 0 => return Selection::Part { first: 0, last: size - 1 },
        Some(1) => {
            let answer = unsatisfied(request, object, errors::INVALID_RANGE, Vec::new);
            faults.push(Fault::new(faults::RANGE, answer, Basis::Unknown, OF_NOTHING).perhaps());
        }
        Some(_) => {
            let fields = || vec![field("ActualPartCount", b"1"), field("PartNumberRequested", text)];
            let answer = unsatisfied(request, object, errors::INVALID_PART_NUMBER, fields);
            faults.push(Fault::new(faults::RANGE, answer, Basis::Recorded, PARTS));
        }
        // Already among the faults.
        None => {}
    }
    Selection::EndOfEmpty
}

/// How well the answer with a part is known, and where it is written.
pub(super) fn ground(request: &Request<'_>) -> (Basis, &'static str) {
    if request.argument("partNumber").is_some() {
        return (Basis::Recorded, PARTS);
    }
    (Basis::Recorded, RANGES)
}

/// 416, which should tell the size (RFC 9110 section 15.5.17).
fn unsatisfied(
    request: &Request<'_>,
    object: &Object,
    refusal: Refusal,
    fields: impl FnOnce() -> Vec<Field>,
) -> Expectation {
    let range = Matcher::is(format!("bytes */{}", object.payload.length));
    request.refuse_with(refusal, fields).header("content-range", range.maybe())
}

fn range_fault(request: &Request<'_>, object: &Object, selection: Selection, faults: &mut Vec<Fault>) {
    let fields = || {
        let range = request.argument("range").map_or(&b""[..], AsRef::as_ref);
        vec![field("ActualObjectSize", object.payload.length.to_string().as_bytes()), field("RangeRequested", range)]
    };
    let refuse = || unsatisfied(request, object, errors::INVALID_RANGE, fields);
    match selection {
        Selection::Nothing if object.payload.length == 0 => {
            let source = "LocalStack, MinIO: no byte of an empty object can be had";
            faults.push(Fault::new(faults::RANGE, refuse(), Basis::Implemented, source));
        }
        Selection::Nothing => faults.push(Fault::new(faults::RANGE, refuse(), Basis::Recorded, RANGES)),
        Selection::EndOfEmpty => {
            faults.push(Fault::new(faults::RANGE, refuse(), Basis::Unknown, OF_NOTHING).perhaps());
        }
        Selection::InvertedBeyond => {
            faults.push(Fault::new(faults::RANGE, refuse(), Basis::Unknown, INVERTED).perhaps());
        }
        Selection::Whole | Selection::Part { .. } => {}
    }
}

/// The forms that were recorded on AWS, on an object of 10 bytes.
pub(super) fn ranges() -> Dimension {
    let range = |name, value: &str| Choice::valid(name, "range", value);
    let choices = vec![
        Choice::absent("none"),
        range("first-to-last", "bytes=0-8"),
        range("one-byte", "bytes=1-1"),
        range("first-byte", "bytes=0-0"),
        range("open-end", "bytes=1-"),
        range("suffix", "bytes=-2"),
        range("suffix-beyond", "bytes=-15"),
        range("end-beyond", "bytes=0-100"),
        range("inverted", "bytes=1-0"),
        range("two-hyphens", "bytes=-1-"),
        range("negative-end", "bytes=0--1"),
        range("hyphen-only", "bytes=-"),
        range("no-unit", "0-8"),
        range("other-unit", "lines=0-1"),
        range("several", "bytes=0-1,3-4,7-9"),
        Choice::fault("suffix-of-nothing", "range", "bytes=-0"),
        Choice::fault("beyond", "range", "bytes=100-200"),
        Choice::fault("just-beyond", "range", "bytes=10-"),
    ];
    Dimension::argument("range", choices)
}

/// The numbers of parts of an object that was stored as a whole.
pub(super) fn numbers() -> Dimension {
    let name = "partNumber";
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("first", name, "1"),
        Choice::fault("second", name, "2"),
        Choice::fault("zero", name, "0"),
        Choice::fault("too-large", name, "10001"),
        Choice::fault("no-number", name, "x"),
    ];
    Dimension::argument("part-number", choices)
}
