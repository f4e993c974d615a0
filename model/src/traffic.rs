//! What a log says of one request, and how an API adds a log format of its own.

use bytes::Bytes;

use crate::call::Call;
use crate::http::Request;

/// The most fields that are read of one line; what follows is left alone.
pub const FIELDS_MAX: usize = 64;

/// What a log says of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it came from: an address. Empty where the log does not say.
    pub client: String,
    /// Who is said to have sent it.
    pub sender: Sender,
    /// What it was sent with.
    pub user_agent: String,
    /// When, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// The request, as far as the log has it. Its body is empty unless `body` says that it is known.
    pub request: Request,
    /// Whether the log has the header fields of requests.
    pub has_headers: bool,
    /// What the log has of the body.
    pub body: LoggedBody,
    /// The operation, in the words of the log.
    pub operation: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// The API's own error code, where the log has it.
    pub code: Option<String>,
}

/// Who a log says has sent a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// The log does not say.
    Unknown,
    /// Nobody: the request was not signed.
    Nobody,
    /// Somebody with this public identifier.
    Known(String),
}

/// What a log has of the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedBody {
    /// Nothing.
    Unknown,
    /// Its length in bytes.
    Length(u64),
    /// The bytes, which stand in the request.
    Whole,
}

impl Record {
    /// A request of which nothing else is known than its first line and the status of its answer.
    pub fn new(method: &str, target: &str, status: u16) -> Self {
        let request = Request {
            method: method.to_owned().into(),
            target: target.as_bytes().to_vec(),
            headers: crate::http::Headers::default(),
            body: Bytes::new(),
        };
        Self {
            client: String::new(),
            sender: Sender::Unknown,
            user_agent: String::new(),
            time_ms: None,
            request,
            has_headers: false,
            body: LoggedBody::Unknown,
            operation: None,
            status,
            code: None,
        }
    }
}

/// A call that was read from a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The call.
    pub call: Call,
    /// The arguments of which the log cannot tell whether and how they were given.
    pub untold: &'static [&'static str],
    /// The length of the body that was meant, where it is not that of the bytes on the wire.
    pub body_length: Option<u64>,
}

/// Reads one line of a log. None where the line tells of no request of a client. An error says what is wrong in
/// words that hold nothing of the line.
pub type ParseLine = fn(line: &str) -> Result<Option<Record>, String>;

/// A log format with a request on each line.
#[derive(Debug, Clone, Copy)]
pub struct LogFormat {
    /// Its name, as in `--log-format`.
    pub name: &'static str,
    /// Whose format it is, in one line.
    pub about: &'static str,
    /// Reads one line.
    pub parse: ParseLine,
}

/// The fields of a line: words between blanks, texts between quotes, and what stands in square brackets.
///
/// A quote ends a text only before a blank or the end of the line, as some servers do not escape those inside; and a
/// backslash before a quote, a backslash or two hexadecimal digits is an escape, as Apache and nginx write them.
pub fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut rest = line.trim_end_matches(['\r', '\n']).trim_start_matches(' ');
    let mut all = Vec::new();
    while !rest.is_empty() && all.len() < FIELDS_MAX {
        let (field, after) = match rest.as_bytes()[0] {
            b'"' => quoted(&rest[1..]).ok_or_else(|| format!("field {} has no closing quote", all.len() + 1))?,
            b'[' => {
                let closed = rest[1..].split_once(']');
                let (inner, after) = closed.ok_or_else(|| format!("field {} has no closing bracket", all.len() + 1))?;
                (inner.to_owned(), after)
            }
            _ => match rest.split_once(' ') {
                Some((word, after)) => (word.to_owned(), after),
                None => (rest.to_owned(), ""),
            },
        };
        all.push(field);
        rest = after.trim_start_matches(' ');
    }
    Ok(all)
}

/// The text up to the quote that ends it, and what comes after.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut read = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'"', None | Some(b' ')) => return Some((String::from_utf8_lossy(&read).into_owned(), &text[at + 1..])),
            (b'\\', Some(next @ (b'"' | b'\\'))) => {
                read.push(*next);
                at += 2;
            }
            (b'\\', Some(b'x')) if hexadecimal(bytes.get(at + 2..at + 4)).is_some() => {
                read.extend(hexadecimal(bytes.get(at + 2..at + 4)));
                at += 4;
            }
            _ => {
                read.push(*byte);
                at += 1;
            }
        }
    }
    None
}

fn hexadecimal(digits: Option<&[u8]>) -> Option<u8> {
    let text = std::str::from_utf8(digits?).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Method and target of `GET /a HTTP/1.1`; none where it is no such line.
pub fn request_line(text: &str) -> Option<(&str, &str)> {
    let (method, rest) = text.split_once(' ')?;
    let target = rest.rsplit_once(" HTTP/").map_or(rest, |(target, _)| target);
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_method && target.starts_with('/')).then_some((method, target))
}

/// The status of an answer; none where the text is no number from 100 to 599.
pub fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (100..600).contains(status))
}

/// A field, none where it is a hyphen, which says that there is nothing to say.
pub fn given(field: &str) -> Option<&str> {
    (field != "-" && !field.is_empty()).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        assert_eq!(fields(line), Ok(expected.iter().map(|field| (*field).to_owned()).collect()), "{line}");
    }

    #[test]
    fn fields_are_words_texts_and_brackets() {
        check("a - [1 2] \"b c\" d\n", &["a", "-", "1 2", "b c", "d"]);
        check("\"say \"no\", twice\" x", &["say \"no\", twice", "x"]);
        check(r#""a \"b\" \x22c\\" -"#, &["a \"b\" \"c\\", "-"]);
        check(r#""\xc3\xbc \xzz""#, &["\u{fc} \\xzz"]);
        check("", &[]);
        check("a  b ", &["a", "b"]);
    }

    #[test]
    fn what_has_no_end_is_told_by_its_place_alone() {
        assert_eq!(fields("a \"secret"), Err("field 2 has no closing quote".to_owned()));
        assert_eq!(fields("[secret"), Err("field 1 has no closing bracket".to_owned()));
    }

    #[test]
    fn a_line_has_so_many_fields_at_most() {
        assert_eq!(fields(&"x ".repeat(1_000)).map(|all| all.len()), Ok(FIELDS_MAX));
    }

    #[test]
    fn a_request_line_may_have_blanks_in_its_target() {
        assert_eq!(request_line("GET /a b HTTP/1.1"), Some(("GET", "/a b")));
        assert_eq!(request_line("GET /a"), Some(("GET", "/a")));
        for text in ["", "GET", "get /a HTTP/1.1", "GET a HTTP/1.1", "\u{16}\u{3}", "-"] {
            assert_eq!(request_line(text), None, "{text}");
        }
    }
}
