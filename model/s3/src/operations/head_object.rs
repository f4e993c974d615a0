//! `HeadObject`: tells of an object what `GetObject` tells, without the bytes.

use plumb_model::space::{Hazard, Operation, Space};

use super::reading;

/// The operation. What it answers is told in `reading`.
pub(crate) fn operation() -> Operation {
    Operation {
        name: "HeadObject",
        about: "tells of an object without its bytes",
        source: "AWS S3 API Reference, HeadObject",
        hazard: Hazard::Reads,
        space: Space { dimensions: reading::dimensions(), constraints: reading::constraints() },
        probes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::bodies::{Bodies, hex};
    use plumb_model::call::Call;
    use plumb_model::expectation::BodyRule;

    use crate::testing::{BODY, Bench, check, on_key, put};

    fn head(arguments: &[(&'static str, &str)]) -> Call {
        arguments.iter().fold(on_key("HeadObject", "k"), |call, (name, value)| call.with(*name, *value))
    }

    #[test]
    fn it_tells_what_a_read_tells_and_sends_no_byte() {
        let mut bench = Bench::after(&[put("k").with("content-type", "image/png").with("x-amz-meta-a", "1")]);
        let (told, read) = (bench.run("head", &head(&[])), bench.run("get", &on_key("GetObject", "k")));
        for name in ["content-length", "content-type", "etag", "last-modified", "x-amz-meta-a"] {
            assert_eq!(told.headers.text(name), read.headers.text(name), "{name}");
            assert!(told.headers.get(name).is_some(), "{name}");
        }
        assert!(told.body.is_empty() && !read.body.is_empty());
    }

    #[test]
    fn no_answer_has_a_body_or_a_code() {
        let tag = format!("\"{}\"", String::from_utf8_lossy(&hex(&Bodies::new().made(BODY).md5)));
        for (call, class) in [
            (head(&[]), "200"),
            (head(&[("range", "bytes=2-4")]), "206"),
            (head(&[("if-none-match", &tag)]), "304"),
            (head(&[("if-match", "\"nope\"")]), "412"),
            (head(&[("range", "bytes=100-")]), "416"),
            (head(&[("versionId", "nope")]), "400"),
            (head(&[("signature", "wrong-secret")]), "403"),
            (head(&[("key", "missing")]), "404"),
            (head(&[("key", "missing"), ("if-match", "\"nope\"")]), "404"),
            (head(&[("bucket", "plumb-t-absent")]), "404"),
        ] {
            let bench = Bench::after(&[put("k")]);
            let outcomes = bench.outcomes("head", &call);
            assert_eq!(outcomes[0].expectation.class(), class, "{call:?}");
            assert!(outcomes.iter().all(|outcome| outcome.expectation.body == BodyRule::Empty), "{call:?}");
        }
    }

    #[test]
    fn an_archived_object_can_be_told_of() {
        let archived = Bench { flavour: "aws", ..Bench::after(&[put("k").with("x-amz-storage-class", "GLACIER")]) };
        assert_eq!(archived.classes(&head(&[])), ["200"]);
    }

    #[test]
    fn which_of_two_faults_wins() {
        let absent = head(&[("bucket", "plumb-t-absent"), ("signature", "anonymous")]);
        check(&[put("k")], &absent, &["403", "404"]);
        check(&[put("k")], &head(&[("if-match", "\"nope\""), ("range", "bytes=100-")]), &["412"]);
    }
}
