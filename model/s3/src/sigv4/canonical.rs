//! The canonical request, built in buffers that are used again and again.

use std::cell::Cell;
use std::ops::Range;

use plumb_model::http::Request;

use super::hash::sha256;
use super::{ALGORITHM, SigningKey, SigningTime, escape, hex};

/// Beyond this a thread gives its buffers back after use.
const SCRATCH_BYTES_MAX: usize = 64 * 1024;

/// What is to be signed.
pub(super) struct Subject<'a> {
    /// The request; of its body only what `payload` says matters.
    pub(super) request: &'a Request,
    /// Which headers take part.
    pub(super) headers: Selection<'a>,
    /// The value that stands for the body.
    pub(super) payload: &'a [u8],
    /// Whether the signature stands in the query, where it does not sign itself.
    pub(super) presigned: bool,
}

/// Which headers take part.
pub(super) enum Selection<'a> {
    /// Those that must: `host`, `content-type`, `content-md5`, every `x-amz-*`.
    Required,
    /// Those that the request says, in lower case; one that is absent counts as empty.
    Listed(&'a [String]),
}

/// Buffers for one canonical request.
#[derive(Default)]
pub(super) struct Scratch {
    text: Vec<u8>,
    words: Vec<u8>,
    signed: Vec<u8>,
    fields: Vec<Field>,
    pairs: Vec<(Range<usize>, Range<usize>)>,
}

/// A header that takes part: its lower-case name in `words`, its place in the request.
struct Field {
    name: Range<usize>,
    index: usize,
}

impl Scratch {
    /// Runs `work` with this thread's buffers.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        thread_local!(static SCRATCH: Cell<Scratch> = Cell::default());
        let mut scratch = SCRATCH.take();
        let result = work(&mut scratch);
        if scratch.text.capacity() + scratch.words.capacity() <= SCRATCH_BYTES_MAX {
            SCRATCH.set(scratch);
        }
        result
    }

    /// The names of the headers that took part last, with `;` between.
    pub(super) fn signed_headers(&self) -> &[u8] {
        &self.signed
    }

    /// The signature of `subject`. Source: `sig-v4-header-based-auth`, tasks 1 to 3.
    pub(super) fn sign(&mut self, subject: &Subject<'_>, key: &SigningKey, time: &SigningTime) -> [u8; 32] {
        self.write_string_to_sign(subject, key, time);
        key.mac().sign(&self.text)
    }

    /// Whether `signature` is that of `subject`, told in constant time.
    pub(super) fn verify(
        &mut self,
        subject: &Subject<'_>,
        key: &SigningKey,
        time: &SigningTime,
        signature: &[u8; 32],
    ) -> bool {
        self.write_string_to_sign(subject, key, time);
        key.mac().verify(&self.text, signature)
    }

    fn write_string_to_sign(&mut self, subject: &Subject<'_>, key: &SigningKey, time: &SigningTime) {
        self.write_canonical_request(subject);
        let hash = hex::encode(&sha256(&self.text));
        self.text.clear();
        for part in [ALGORITHM.as_bytes(), b"\n", time.stamp(), b"\n", key.scope(), b"\n", &hash] {
            self.text.extend_from_slice(part);
        }
    }

    fn write_canonical_request(&mut self, subject: &Subject<'_>) {
        let request = subject.request;
        let path = escape::split_once(&request.target, b'?').0;
        self.text.clear();
        self.text.extend_from_slice(request.method.as_bytes());
        self.text.push(b'\n');
        escape::append_path(&mut self.text, if path.is_empty() { b"/" } else { path });
        self.text.push(b'\n');
        self.write_query(&request.target, subject.presigned);
        self.text.push(b'\n');
        self.select(request, &subject.headers);
        self.write_headers(request);
        self.text.push(b'\n');
        self.text.extend_from_slice(&self.signed);
        self.text.push(b'\n');
        self.text.extend_from_slice(subject.payload);
    }

    /// Name and value encoded each, sorted by name, then by value.
    fn write_query(&mut self, target: &[u8], presigned: bool) {
        let Self { text, words, pairs, .. } = self;
        words.clear();
        pairs.clear();
        for (name, value) in escape::query(target) {
            let start = words.len();
            escape::append_query(words, name);
            let middle = words.len();
            escape::append_query(words, value);
            if !(presigned && &words[start..middle] == b"X-Amz-Signature") {
                pairs.push((start..middle, middle..words.len()));
            }
        }
        let word = |range: &Range<usize>| &words[range.clone()];
        pairs.sort_unstable_by(|(one, one_value), (two, two_value)| {
            word(one).cmp(word(two)).then_with(|| word(one_value).cmp(word(two_value)))
        });
        for (index, (name, value)) in pairs.iter().enumerate() {
            if index > 0 {
                text.push(b'&');
            }
            text.extend_from_slice(word(name));
            text.push(b'=');
            text.extend_from_slice(word(value));
        }
    }

    /// Finds the headers that take part and sorts them by name; those of one name stay in wire order.
    fn select(&mut self, request: &Request, selection: &Selection<'_>) {
        let Self { words, fields, .. } = self;
        words.clear();
        fields.clear();
        for (index, (name, _)) in request.headers.iter().enumerate() {
            let start = words.len();
            words.extend_from_slice(name.as_bytes());
            words[start..].make_ascii_lowercase();
            if selection.takes(&words[start..]) {
                fields.push(Field { name: start..words.len(), index });
            } else {
                words.truncate(start);
            }
        }
        for name in selection.absent(request) {
            let start = words.len();
            words.extend_from_slice(name.as_bytes());
            fields.push(Field { name: start..words.len(), index: usize::MAX });
        }
        fields.sort_unstable_by(|one, two| {
            words[one.name.clone()].cmp(&words[two.name.clone()]).then(one.index.cmp(&two.index))
        });
    }

    /// One line for each name, `name:value,value`, and the list of names beside.
    fn write_headers(&mut self, request: &Request) {
        let Self { text, words, signed, fields, .. } = self;
        signed.clear();
        let mut before: Option<&[u8]> = None;
        for field in fields.iter() {
            let name = &words[field.name.clone()];
            if before == Some(name) {
                text.push(b',');
            } else {
                if before.is_some() {
                    text.push(b'\n');
                    signed.push(b';');
                }
                signed.extend_from_slice(name);
                text.extend_from_slice(name);
                text.push(b':');
                before = Some(name);
            }
            if let Some((_, value)) = request.headers.iter().as_slice().get(field.index) {
                append_value(text, value);
            }
        }
        if before.is_some() {
            text.push(b'\n');
        }
    }
}

impl Selection<'_> {
    fn takes(&self, name: &[u8]) -> bool {
        match self {
            Self::Required => name.starts_with(b"x-amz-") || matches!(name, b"host" | b"content-type" | b"content-md5"),
            Self::Listed(names) => names.iter().any(|listed| listed.as_bytes() == name),
        }
    }

    fn absent(&self, request: &Request) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::Required => &[],
            Self::Listed(names) => *names,
        };
        names.iter().map(String::as_str).filter(|name| request.headers.get(name).is_none())
    }
}

/// Appends a header value without the blanks around it and with one space for each run of blanks
/// (spaces and tabs) inside it. The documentation speaks of spaces; tabs are treated alike in the
/// Java and Python SDKs and in `MinIO`.
fn append_value(into: &mut Vec<u8>, value: &[u8]) {
    if memchr::memchr2(b' ', b'\t', value).is_none() {
        into.extend_from_slice(value);
        return;
    }
    let words = value.split(|byte| is_blank(*byte)).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            into.push(b' ');
        }
        into.extend_from_slice(word);
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use plumb_model::http::Headers;

    use super::*;

    fn canonical(target: &[u8], fields: &[(&'static str, &'static str)], headers: Selection<'_>) -> String {
        let fields = fields.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let request = Request {
            method: "GET".into(),
            target: target.to_vec(),
            headers: fields.collect::<Headers>(),
            body: "".into(),
        };
        let mut scratch = Scratch::default();
        let subject = Subject { request: &request, headers, payload: b"PAYLOAD", presigned: false };
        scratch.write_canonical_request(&subject);
        String::from_utf8(scratch.text).expect("text")
    }

    #[test]
    fn headers_are_sorted_trimmed_and_joined() {
        let fields = [
            ("X-Amz-Meta-B", "  a   b \t c  "),
            ("accept", "no part"),
            ("Host", "h"),
            ("x-amz-meta-a", "2"),
            ("X-AMZ-META-A", " 1 "),
            ("x-amz-meta-c", "  "),
        ];
        assert_eq!(
            canonical(b"/", &fields, Selection::Required),
            "GET\n/\n\nhost:h\nx-amz-meta-a:2,1\nx-amz-meta-b:a b c\nx-amz-meta-c:\n\n\
             host;x-amz-meta-a;x-amz-meta-b;x-amz-meta-c\nPAYLOAD"
        );
    }

    #[test]
    fn a_listed_header_that_is_absent_is_empty() {
        let listed = ["range".to_owned(), "host".to_owned()];
        assert_eq!(
            canonical(b"/", &[("host", "h"), ("x-amz-date", "d")], Selection::Listed(&listed)),
            "GET\n/\n\nhost:h\nrange:\n\nhost;range\nPAYLOAD"
        );
    }

    #[test]
    fn the_query_is_sorted_by_encoded_name_then_value() {
        let target = b"?b=2&b=1&a-=1&a=2&acl&B=%7e+&%C3%A4=/";
        assert_eq!(
            canonical(target, &[], Selection::Required),
            "GET\n/\n%C3%A4=%2F&B=~%20&a=2&a-=1&acl=&b=1&b=2\n\n\nPAYLOAD"
        );
    }
}
