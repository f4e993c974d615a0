//! Common and Combined Log Format, as Apache and nginx write them.

use plumb_model::time::parse_log_date;
use plumb_model::traffic::{LogFormat, Record, Sender, fields, given, request_line, status};

/// `client identity user [time] "request" status bytes`, and in the combined form `"referer" "user agent"` behind.
///
/// Source: Apache HTTP Server, log files, "Access Log"; nginx, `ngx_http_log_module`, `combined`.
pub const COMBINED: LogFormat =
    LogFormat { name: "combined", about: "Common and Combined Log Format, of Apache and nginx", parse: parse_line };

const FIELDS_MIN: usize = 7;

/// Reads one line.
fn parse_line(line: &str) -> Result<Option<Record>, String> {
    let fields = fields(line)?;
    let [client, _, user, time, request, code, _, ..] = fields.as_slice() else {
        return Err(format!("it has {} fields, a line of this format has {FIELDS_MIN} or 9", fields.len()));
    };
    let time_s = parse_log_date(time).ok_or("field 4 is no time such as [10/Oct/2000:13:55:36 -0700]")?;
    let (method, target) = request_line(request).ok_or("field 5 is no request line such as \"GET /a HTTP/1.1\"")?;
    let status = status(code).ok_or("field 6 is no status")?;
    Ok(Some(Record {
        client: client.clone(),
        sender: given(user).map_or(Sender::Unknown, |user| Sender::Known(user.to_owned())),
        user_agent: fields.get(8).and_then(|text| given(text)).unwrap_or_default().to_owned(),
        time_ms: Some(time_s.saturating_mul(1_000)),
        ..Record::new(method, target, status)
    }))
}

/// One request in Combined Log Format, without the end of the line.
pub fn line(record: &Record, answer_bytes: u64, referer: &str) -> String {
    let user = match &record.sender {
        Sender::Known(user) => user.as_str(),
        Sender::Unknown | Sender::Nobody => "-",
    };
    let time = plumb_model::time::log_date(record.time_ms.unwrap_or(0).div_euclid(1_000));
    let (method, target) = (&record.request.method, escaped(&record.request.target));
    let (client, status) = (word(&record.client), record.status);
    let (user, referer, agent) = (word(user), escaped(referer.as_bytes()), escaped(record.user_agent.as_bytes()));
    format!(
        "{client} - {user} [{time}] \"{method} {target} HTTP/1.1\" {status} {answer_bytes} \"{referer}\" \"{agent}\""
    )
}

/// A text without blanks, or a hyphen.
fn word(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { escaped(text.as_bytes()).replace(' ', "\\x20") }
}

/// A text that cannot end a field or a line: what is not printable, and what means something there, is escaped as
/// Apache does.
fn escaped(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    let each = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let common = r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a/b?c=d HTTP/1.0" 200 2326"#;
        let record = parse_line(common).expect("a line").expect("a request");
        assert_eq!((record.client.as_str(), record.status), ("127.0.0.1", 200));
        assert_eq!((record.request.method.as_ref(), &record.request.target[..]), ("GET", &b"/a/b?c=d"[..]));
        assert_eq!((record.sender, record.time_ms), (Sender::Known("frank".into()), Some(971_211_336_000)));
        let combined = format!("{common} \"-\" \"Mozilla/4.08 [en] (Win98; I ;Nav)\" \"more\"");
        let record = parse_line(&combined).expect("a line").expect("a request");
        assert_eq!(record.user_agent, "Mozilla/4.08 [en] (Win98; I ;Nav)");
    }

    #[track_caller]
    fn refused(line: &str, why: &str) {
        let error = parse_line(line).expect_err("it is refused");
        assert!(error.contains(why) && !error.contains("secret"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_without_what_stands_there() {
        refused("secret", "it has 1 fields");
        refused("1 - - [secret] \"GET / HTTP/1.1\" 200 0", "field 4");
        refused("1 - - [10/Oct/2000:13:55:36 -0700] \"\\x16secret\" 400 0", "field 5");
        refused("1 - - [10/Oct/2000:13:55:36 -0700] \"GET /secret HTTP/1.1\" - 0", "field 6");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut record = Record::new("PUT", "/a%20b/\"c\\", 412);
        record.client = "::1".into();
        record.sender = Sender::Known("frank".into());
        record.user_agent = "x \"y\"\n".into();
        record.time_ms = Some(971_211_336_000);
        let text = line(&record, 17, "");
        assert!(!text.contains('\n'), "{text}");
        let read = parse_line(&text).expect("a line").expect("a request");
        assert_eq!(read, record);
    }
}
