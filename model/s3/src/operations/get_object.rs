//! `GetObject`: reads an object, all of it or a part, if its conditions hold.

use plumb_model::space::{Hazard, Operation, Space};

use super::reading;

/// The operation. What it answers is told in `reading`.
pub(crate) fn operation() -> Operation {
    Operation {
        name: "GetObject",
        about: "reads an object or a part of it",
        source: "AWS S3 API Reference, GetObject",
        hazard: Hazard::Reads,
        space: Space { dimensions: reading::dimensions(), constraints: reading::constraints() },
        probes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::bodies::{BodySpec, hex};
    use plumb_model::call::Call;
    use plumb_model::expectation::Matcher;
    use plumb_model::time::http_date;

    use crate::testing::{BODY, Bench, NOW_MS, check, on_key, put};

    const NOW_S: i64 = NOW_MS / 1_000;

    fn tag() -> String {
        let bodies = plumb_model::bodies::Bodies::new();
        format!("\"{}\"", String::from_utf8_lossy(&hex(&bodies.made(BODY).md5)))
    }

    type Conditions<'a> = &'a [(&'static str, &'a str)];

    fn get(conditions: Conditions<'_>) -> Call {
        conditions.iter().fold(on_key("GetObject", "k"), |call, (name, value)| call.with(*name, *value))
    }

    /// A minute after the object was stored, and after its date was read.
    fn later() -> Bench {
        let mut bench = Bench::after(&[put("k")]);
        bench.run("read", &on_key("GetObject", "k"));
        bench.time = plumb_model::time::Interval::at_ms(NOW_MS + 60_000);
        bench
    }

    #[test]
    fn conditions_as_recorded_on_aws() {
        let (bench, tag) = (later(), tag());
        let bare = tag.trim_matches('"');
        let (before, equal, after) = (http_date(NOW_S - 1), http_date(NOW_S), http_date(NOW_S + 1));
        let future = http_date(NOW_S + 86_400);
        let (nope, weak) = ("\"nope\"", format!("W/{tag}"));
        let failed = "412 PreconditionFailed";
        let table: &[(Conditions<'_>, &[&str])] = &[
            (&[("if-match", &tag)], &["200"]),
            (&[("if-match", bare)], &["200"]),
            (&[("if-match", "*")], &["200"]),
            (&[("if-match", nope)], &[failed]),
            (&[("if-match", &weak)], &["200", failed]),
            (&[("if-none-match", &tag)], &["304"]),
            (&[("if-none-match", bare)], &["304"]),
            (&[("if-none-match", "*")], &["304"]),
            (&[("if-none-match", nope)], &["200"]),
            (&[("if-none-match", &weak)], &["200", "304"]),
            (&[("if-modified-since", &equal)], &["304"]),
            (&[("if-modified-since", &after)], &["304"]),
            (&[("if-modified-since", &before)], &["200"]),
            (&[("if-modified-since", &future)], &["200"]),
            (&[("if-modified-since", "not a date")], &["200"]),
            (&[("if-unmodified-since", &equal)], &["200"]),
            (&[("if-unmodified-since", &before)], &[failed]),
            (&[("if-unmodified-since", &future)], &["200"]),
            (&[("if-unmodified-since", "not a date")], &["200"]),
            (
                &[
                    ("if-match", nope),
                    ("if-none-match", &tag),
                    ("if-modified-since", &after),
                    ("if-unmodified-since", &before),
                ],
                &[failed],
            ),
            (&[("if-none-match", &tag), ("if-modified-since", &after), ("if-unmodified-since", &before)], &[failed]),
            (&[("if-none-match", &tag), ("if-modified-since", &before)], &["304"]),
            (&[("if-match", &tag), ("if-unmodified-since", &before)], &["200"]),
            (&[("if-none-match", nope), ("if-modified-since", &after)], &["200", "304"]),
            (&[("if-none-match", &tag), ("range", "bytes=100-")], &["304"]),
            (&[("if-match", nope), ("range", "bytes=100-")], &[failed]),
        ];
        for (conditions, classes) in table {
            assert_eq!(bench.classes(&get(conditions)), *classes, "{conditions:?}");
        }
    }

    #[test]
    fn a_date_that_nobody_has_told_permits_both() {
        let bench = Bench::after(&[put("k")]);
        let since = |seconds| get(&[("if-modified-since", &http_date(seconds))]);
        assert_eq!(bench.classes(&since(NOW_S)), ["200", "304"], "rounded down or up");
        assert_eq!(bench.classes(&since(NOW_S - 2)), ["200"]);
        let until = |seconds| get(&[("if-unmodified-since", &http_date(seconds))]);
        assert_eq!(bench.classes(&until(NOW_S)), ["200", "412 PreconditionFailed"]);
        assert_eq!(bench.classes(&until(NOW_S + 5)), ["200"]);
    }

    #[test]
    fn a_date_at_the_servers_now_may_be_in_its_future() {
        let mut bench = later();
        bench.time = plumb_model::time::Interval { earliest_ms: NOW_MS + 500, latest_ms: NOW_MS + 2_500 };
        let since = get(&[("if-modified-since", &http_date(NOW_S + 2))]);
        assert_eq!(bench.classes(&since), ["200", "304"]);
    }

    #[test]
    fn ranges_as_recorded_on_aws() {
        for (range, class) in [
            ("bytes=0-8", "206"),
            ("bytes=1-0", "200"),
            ("bytes=-1-", "200"),
            ("bytes=-15", "206"),
            ("bytes=0--1", "200"),
            ("bytes=0-1,3-4,7-9", "200"),
            ("0-8", "200"),
            ("bytes=-", "200"),
            ("bytes=-0", "416 InvalidRange"),
            ("bytes=100-200", "416 InvalidRange"),
        ] {
            check(&[put("k")], &get(&[("range", range)]), &[class]);
        }
        let empty = [on_key("PutObject", "k").with("body", BodySpec::random(1, 0))];
        check(&empty, &get(&[("range", "bytes=0-0")]), &["416 InvalidRange"]);
        check(&empty, &get(&[("range", "bytes=-1")]), &["200", "206", "416 InvalidRange"]);
    }

    #[test]
    fn an_object_that_was_stored_as_a_whole_is_its_own_first_part() {
        for (number, classes) in [
            ("1", &["206"][..]),
            ("2", &["416 InvalidPartNumber"]),
            ("0", &["400 InvalidArgument", "416 InvalidPartNumber"]),
            ("x", &["400 InvalidArgument", "416 InvalidPartNumber"]),
        ] {
            check(&[put("k")], &get(&[("partNumber", number)]), classes);
        }
        check(&[put("k")], &get(&[("partNumber", "1"), ("range", "bytes=0-1")]), &["400 InvalidRequest"]);
        let refused = ["400 InvalidArgument", "416 InvalidPartNumber", "404 NoSuchKey"];
        check(&[], &get(&[("partNumber", "x")]), &refused);
        check(&[], &get(&[("partNumber", "2")]), &refused[2..]);
        let answer = Bench::after(&[put("k")]).run("get", &get(&[("partNumber", "1")]));
        assert_eq!(answer.headers.text("content-range"), Some("bytes 0-9/10"));
    }

    #[test]
    fn the_only_version_is_called_null() {
        check(&[put("k")], &get(&[("versionId", "null")]), &["200"]);
        check(&[put("k")], &get(&[("versionId", "nope")]), &["400 InvalidArgument"]);
        check(&[], &get(&[("versionId", "null")]), &["404 NoSuchKey", "404 NoSuchVersion"]);
    }

    #[test]
    fn nobody_may_replace_headers() {
        let call = get(&[("response-expires", "0"), ("signature", "anonymous")]);
        check(&[put("k")], &call, &["403 AccessDenied", "400 InvalidRequest"]);
    }

    #[test]
    fn a_part_is_told_as_one() {
        let mut bench = Bench::after(&[put("k")]);
        let answer = bench.run("get", &get(&[("range", "bytes=-3")]));
        assert_eq!(answer.headers.text("content-range"), Some("bytes 7-9/10"));
        assert_eq!(answer.headers.text("content-length"), Some("3"));
        assert_eq!(answer.body, bench.bodies.made(BODY).bytes.slice(7..));
    }

    #[test]
    fn which_of_two_faults_wins() {
        let absent = |call: Call| call.with("bucket", "plumb-t-absent");
        let missing = |call: Call| call.with("key", "missing");
        let beyond = || get(&[("range", "bytes=100-")]);
        let nope = || get(&[("if-match", "\"nope\"")]);
        for (call, classes) in [
            (absent(beyond()), &["404 NoSuchBucket"][..]),
            (missing(beyond()), &["404 NoSuchKey"]),
            (missing(nope()), &["404 NoSuchKey"]),
            (missing(nope().with("signature", "anonymous")), &["403 AccessDenied"]),
            (absent(get(&[("signature", "wrong-secret")])), &["403 SignatureDoesNotMatch"]),
            (absent(get(&[("signature", "anonymous")])), &["403 AccessDenied", "404 NoSuchBucket"]),
            (nope().with("signature", "skewed"), &["403 RequestTimeTooSkewed"]),
        ] {
            check(&[put("k")], &call, classes);
        }
    }

    #[test]
    fn a_header_of_the_answer_can_be_replaced() {
        let mut bench = Bench::after(&[put("k").with("content-type", "image/png")]);
        let answer = bench.run("get", &get(&[("response-content-type", "text/plain")]));
        assert_eq!(answer.headers.text("content-type"), Some("text/plain"));
    }

    #[test]
    fn what_was_not_stored_does_not_come_back() {
        let bench = Bench::after(&[put("k").with("cache-control", "no-store").with("x-amz-meta-a", "1"), put("k")]);
        for call in [get(&[]), get(&[("range", "bytes=0-0")]), get(&[("if-none-match", &tag())])] {
            let expectation = bench.outcomes("get", &call).swap_remove(0).expectation;
            let rule = |name: &str| expectation.headers.iter().find(|(own, _)| own == name).map(|(_, rule)| rule);
            for name in ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"] {
                assert_eq!(rule(name), Some(&Matcher::Absent), "{} {name}", expectation.class());
            }
            assert_eq!(
                (expectation.no_others, expectation.headers.iter().any(|(name, _)| name == "x-amz-meta-a")),
                (vec!["x-amz-meta-".into()], false)
            );
        }
    }

    #[test]
    fn what_is_archived_cannot_be_read() {
        let archived = Bench { flavour: "aws", ..Bench::after(&[put("k").with("x-amz-storage-class", "GLACIER")]) };
        assert_eq!(archived.classes(&get(&[])), ["403 InvalidObjectState"]);
    }
}
