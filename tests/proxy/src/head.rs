//! Heads of messages: read for what they say, kept as they stood.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use plumb_model::http::Headers;

use crate::framing::Framing;

/// The longest head that is read, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 256 << 10;

/// The most header fields that are read.
const FIELDS_MAX: usize = 512;

/// What the front of a buffer is.
#[derive(Debug)]
pub(crate) enum Parsed<T> {
    /// A head, taken out of the buffer.
    Head(T),
    /// The beginning of one.
    Partial,
    /// Not a head that can be read, or one whose body has no certain end. The buffer is untouched.
    Opaque,
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct RequestHead {
    /// The bytes on the wire.
    pub(crate) raw: Bytes,
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    /// The fields, names in lower case.
    pub(crate) headers: Headers,
    pub(crate) framing: Framing,
    /// Whether the sender waits for `100 Continue` before it sends the body.
    pub(crate) waits: bool,
    /// Whether the sender wants the connection closed after the answer.
    pub(crate) closes: bool,
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    /// The bytes on the wire.
    pub(crate) raw: Bytes,
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// The fields, names in lower case.
    pub(crate) headers: Headers,
    /// The field names as they were written, in wire order.
    pub(crate) spellings: Vec<String>,
    pub(crate) framing: Framing,
}

impl RequestHead {
    /// Takes a request head from the front of `buffer`.
    pub(crate) fn parse(buffer: &mut BytesMut) -> Parsed<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        let length = match request.parse(buffer) {
            Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES_MAX => length,
            Ok(httparse::Status::Partial) if buffer.len() <= HEAD_BYTES_MAX => return Parsed::Partial,
            _ => return Parsed::Opaque,
        };
        let headers = lower_case(request.headers);
        let (Some(method), Some(target), Some(framing)) = (request.method, request.path, Framing::of_request(&headers))
        else {
            return Parsed::Opaque;
        };
        if method == "CONNECT" {
            return Parsed::Opaque;
        }
        let (method, target) = (method.to_owned(), target.as_bytes().to_vec());
        let waits = says(&headers, "expect", "100-continue");
        let closes = request.version == Some(0) || says(&headers, "connection", "close");
        let raw = buffer.split_to(length).freeze();
        Parsed::Head(Self { raw, method, target, headers, framing, waits, closes })
    }
}

impl ResponseHead {
    /// Takes a response head from the front of `buffer`, where it answers `method`.
    pub(crate) fn parse(buffer: &mut BytesMut, method: &str) -> Parsed<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(buffer) {
            Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES_MAX => length,
            Ok(httparse::Status::Partial) if buffer.len() <= HEAD_BYTES_MAX => return Parsed::Partial,
            _ => return Parsed::Opaque,
        };
        let headers = lower_case(response.headers);
        let status = response.code.unwrap_or(0);
        let Some(framing) = Framing::of_response(method, status, &headers) else { return Parsed::Opaque };
        if status == 101 {
            return Parsed::Opaque;
        }
        let spellings = response.headers.iter().map(|field| field.name.to_owned()).collect();
        let reason = response.reason.unwrap_or("").to_owned();
        let raw = buffer.split_to(length).freeze();
        Parsed::Head(Self { raw, status, reason, headers, spellings, framing })
    }

    /// Whether another answer to the same request follows.
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// How the upstream wrote a field name that is in lower case here.
    pub(crate) fn spelling<'a>(&'a self, name: &'a str) -> &'a str {
        self.spellings.iter().find(|own| own.eq_ignore_ascii_case(name)).map_or(name, String::as_str)
    }
}

fn lower_case(fields: &[httparse::Header<'_>]) -> Headers {
    let field = |field: &httparse::Header<'_>| {
        (Cow::Owned(field.name.to_ascii_lowercase()), Bytes::copy_from_slice(field.value))
    };
    fields.iter().map(field).collect()
}

fn says(headers: &Headers, name: &str, word: &str) -> bool {
    let mut words = headers.all(name).flat_map(|value| value.split(|byte| *byte == b','));
    words.any(|own| own.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_kept_as_it_stood() {
        let wire = "PUT //a/../%2e%2e?x=&y HTTP/1.1\r\nHost:  h:1 \r\nX-B: 2\r\nx-a: 1\r\nEXPECT: 100-Continue\r\n\r\n";
        let mut buffer = BytesMut::from(format!("{wire}rest").as_str());
        let Parsed::Head(head) = RequestHead::parse(&mut buffer) else { panic!("a head") };
        assert_eq!((&head.raw[..], &buffer[..]), (wire.as_bytes(), b"rest".as_ref()));
        assert_eq!(head.target, b"//a/../%2e%2e?x=&y");
        let names: Vec<_> = head.headers.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["host", "x-b", "x-a", "expect"]);
        assert!(head.waits && !head.closes);
    }

    #[test]
    fn what_is_no_head_stays_in_the_buffer() {
        for wire in ["\0\x01\x02", "GET / HTTP/1.1\r\nbad name: 1\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\n\r\n"] {
            let mut buffer = BytesMut::from(wire);
            assert!(matches!(RequestHead::parse(&mut buffer), Parsed::Opaque), "{wire:?}");
            assert_eq!(&buffer[..], wire.as_bytes());
        }
    }
}
