//! S3 server access logs.
//!
//! Source: S3 User Guide, `LogFormat`, "Amazon S3 server access log format". More fields may follow one day, and older
//! logs have fewer: what is behind the user agent may be missing.

use plumb_model::time::parse_log_date;
use plumb_model::traffic::{LogFormat, LoggedBody, Record, Sender, fields, given, request_line, status};

/// A line for each request, as S3 delivers them into a bucket.
pub(crate) const ACCESS_LOG: LogFormat = LogFormat { name: "s3", about: "S3 server access logs", parse: parse_line };

/// Up to the user agent.
const FIELDS_MIN: usize = 17;
/// The read of the source, which is a line of its own beside that of the copy.
const COPY_SOURCE: &str = "REST.COPY.OBJECT_GET";

/// Reads one line. What no client sent is left out: lifecycle actions, the single deletions of a batch, and the read
/// that belongs to a copy.
fn parse_line(line: &str) -> Result<Option<Record>, String> {
    let fields = fields(line)?;
    if fields.len() < FIELDS_MIN {
        return Err(format!(
            "it has {} fields, a line of an S3 server access log has {FIELDS_MIN} or more",
            fields.len()
        ));
    }
    let time_s = parse_log_date(&fields[2]).ok_or("field 3 is no time such as [06/Feb/2019:00:00:38 +0000]")?;
    let operation = &fields[6];
    if !is_operation(operation) {
        return Err("field 7 is no operation such as REST.GET.OBJECT".to_owned());
    }
    if !(operation.starts_with("REST.") || operation.starts_with("WEBSITE.")) || operation == COPY_SOURCE {
        return Ok(None);
    }
    let (method, target) =
        request_line(&fields[8]).ok_or("field 9 is no request line such as \"GET /bucket/key HTTP/1.1\"")?;
    let status = status(&fields[9]).ok_or("field 10 is no status")?;
    let target = path_style(target, &fields[1], &fields[7]);
    let size = || given(&fields[12]).and_then(|size| size.parse().ok());
    Ok(Some(Record {
        client: fields[3].clone(),
        sender: given(&fields[4]).map_or(Sender::Nobody, |user| Sender::Known(user.to_owned())),
        user_agent: given(&fields[16]).unwrap_or_default().to_owned(),
        time_ms: Some(time_s.saturating_mul(1_000)),
        body: match (operation.as_str(), size()) {
            ("REST.PUT.OBJECT", Some(size)) => LoggedBody::Length(size),
            _ => LoggedBody::Unknown,
        },
        operation: Some(operation.clone()),
        code: given(&fields[10]).map(str::to_owned),
        ..Record::new(method, &target, status)
    }))
}

/// `REST.GET.OBJECT`, `S3.EXPIRE.OBJECT`, `BATCH.DELETE.OBJECT`.
fn is_operation(text: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.contains('.') && text.split('.').all(is_word)
}

/// The target with the bucket in its path. Where the bucket stood in the host, the path is the key.
fn path_style(target: &str, bucket: &str, key: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, ""), |(path, query)| (path, query));
    let rest = path.strip_prefix('/').unwrap_or(path);
    let in_path = rest == bucket || rest.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('/'));
    // A key may begin as its bucket is called, so the key of the log decides.
    let is_key = if key == "-" { rest.is_empty() } else { decoded(rest) == decoded(key) };
    let path = if in_path && !is_key { path.to_owned() } else { format!("/{bucket}/{rest}") };
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// A key as it is meant. Logs have keys encoded once or twice, so it is decoded until nothing changes.
fn decoded(text: &str) -> Vec<u8> {
    const ROUNDS_MAX: usize = 3;
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..ROUNDS_MAX {
        bytes = percent_encoding::percent_decode(&bytes).collect();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation, with these fields in their places.
    fn line(bucket: &str, requester: &str, operation: &str, key: &str, request: &str, status: &str) -> String {
        format!(
            "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be {bucket} [06/Feb/2019:00:00:38 +0000] \
             192.0.2.3 {requester} 3E57427F3EXAMPLE {operation} {key} \"{request}\" {status} - 113 10 7 - \"-\" \
             \"S3Console/0.4\" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 \
             ECDHE-RSA-AES128-GCM-SHA256 AuthHeader bucket.s3.us-west-1.amazonaws.com TLSV1.2 - - more"
        )
    }

    fn record(line: &str) -> Record {
        parse_line(line).expect("a line").expect("a request")
    }

    #[track_caller]
    fn target(bucket: &str, key: &str, target: &str, expected: &str) {
        let text = line(bucket, "arn", "REST.GET.OBJECT", key, &format!("GET {target} HTTP/1.1"), "200");
        assert_eq!(String::from_utf8_lossy(&record(&text).request.target), expected, "{text}");
    }

    #[test]
    fn the_example_of_the_documentation_is_read() {
        let request = "GET /DOC-EXAMPLE-BUCKET1?versioning HTTP/1.1";
        let read = record(&line("DOC-EXAMPLE-BUCKET1", "79a5", "REST.GET.VERSIONING", "-", request, "200"));
        assert_eq!((read.client.as_str(), &read.sender), ("192.0.2.3", &Sender::Known("79a5".into())));
        assert_eq!((read.time_ms, read.status), (Some(1_549_411_238_000), 200));
        assert_eq!(
            (read.operation.as_deref(), read.user_agent.as_str()),
            (Some("REST.GET.VERSIONING"), "S3Console/0.4")
        );
        assert_eq!(read.request.target, b"/DOC-EXAMPLE-BUCKET1?versioning");
        let put = line("b", "-", "REST.PUT.OBJECT", "k", "PUT /b/k HTTP/1.1", "403");
        assert_eq!((record(&put).sender, record(&put).body), (Sender::Nobody, LoggedBody::Length(10)));
    }

    #[test]
    fn the_bucket_is_in_the_path_whichever_way_it_was_named() {
        target("b", "k", "/k", "/b/k");
        target("b", "k", "/b/k", "/b/k");
        target("b", "b/k", "/b/k", "/b/b/k");
        target("b", "-", "/?list-type=2", "/b/?list-type=2");
        target("b", "-", "/b?list-type=2", "/b?list-type=2");
        target("b", "a%2520c", "/a%20c?x=1", "/b/a%20c?x=1");
        target("b", "b", "/b", "/b/b");
        target("b", "-", "/b", "/b");
    }

    #[test]
    fn what_no_client_sent_is_left_out() {
        for operation in ["S3.EXPIRE.OBJECT", "BATCH.DELETE.OBJECT", "REST.COPY.OBJECT_GET"] {
            assert_eq!(parse_line(&line("b", "-", operation, "k", "-", "-")), Ok(None), "{operation}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_what_stands_there() {
        let request = "GET /secret HTTP/1.1";
        let secret = [
            line("b", "-", "secret", "k", request, "200"),
            line("b", "-", "REST.GET.OBJECT", "k", "secret", "200"),
            line("b", "-", "REST.GET.OBJECT", "k", request, "secret"),
            "secret secret".to_owned(),
            line("b", "-", "REST.GET.OBJECT", "k", request, "200").replace("[06", "[secret"),
        ];
        for line in secret {
            let error = parse_line(&line).expect_err("it is refused");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
