//! The canonical request, built in buffers that are used again and again.

use std::cell::RefCell;
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
    /// Whether nothing between two `&` of the query takes part as a parameter without a name.
    pub(super) unnamed: bool,
}

/// Which headers take part.
pub(super) enum Selection<'a> {
    /// Those that must: `host`, `content-type`, `content-md5`, every `x-amz-*`.
    Required,
    /// Those that the request says, in lower case; one that is absent counts as empty.
    Listed(&'a [String]),
}

/// Buffers for one canonical request.
pub(super) struct Scratch {
    text: Vec<u8>,
    words: Vec<u8>,
    fields: Vec<Field>,
    pairs: Vec<(Range<usize>, Range<usize>)>,
    signed: Range<usize>,
}

/// A header that takes part.
struct Field {
    /// The start of its name as a number, which sorts as the name does and is compared at once.
    start: u128,
    /// Its lower-case name in `words`.
    name: Range<usize>,
    /// Its place in the request.
    index: usize,
}

impl Scratch {
    const fn new() -> Self {
        Self { text: Vec::new(), words: Vec::new(), fields: Vec::new(), pairs: Vec::new(), signed: 0..0 }
    }

    /// Runs `work` with this thread's buffers.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        thread_local!(static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) });
        SCRATCH.with_borrow_mut(|scratch| {
            let result = work(scratch);
            if scratch.text.capacity() + scratch.words.capacity() > SCRATCH_BYTES_MAX {
                *scratch = Self::new();
            }
            result
        })
    }

    /// The names of the headers that took part last, with `;` between.
    pub(super) fn signed_headers(&self) -> &[u8] {
        &self.text[self.signed.clone()]
    }

    /// The names of the headers that must be signed, with `;` between.
    pub(super) fn required_headers(&mut self, request: &Request) -> Vec<u8> {
        self.text.clear();
        self.select(request, &Selection::Required);
        self.write_names();
        self.signed_headers().to_vec()
    }

    /// The signature of `subject`. Source: `sig-v4-header-based-auth`, tasks 1 to 3.
    pub(super) fn sign(&mut self, subject: &Subject<'_>, key: &SigningKey, time: &SigningTime) -> [u8; 32] {
        key.mac().sign(self.string_to_sign(subject, key, time))
    }

    /// Whether `code` is the signature of `subject`, told in constant time.
    pub(super) fn verify(
        &mut self,
        subject: &Subject<'_>,
        key: &SigningKey,
        time: &SigningTime,
        code: &[u8; 32],
    ) -> bool {
        key.mac().verify(self.string_to_sign(subject, key, time), code)
    }

    /// Task 2. Stands in `text` behind the canonical request, whose list of headers is still wanted.
    fn string_to_sign(&mut self, subject: &Subject<'_>, key: &SigningKey, time: &SigningTime) -> &[u8] {
        self.write_canonical_request(subject);
        let start = self.text.len();
        let hash = hex::encode(&sha256(&self.text));
        for part in [ALGORITHM.as_bytes(), b"\n", time.stamp(), b"\n", key.scope(), b"\n", &hash] {
            self.text.extend_from_slice(part);
        }
        &self.text[start..]
    }

    /// Task 1.
    fn write_canonical_request(&mut self, subject: &Subject<'_>) {
        let request = subject.request;
        let path = escape::split_once(&request.target, b'?').0;
        self.text.clear();
        self.text.extend_from_slice(request.method.as_bytes());
        self.text.push(b'\n');
        escape::append_path(&mut self.text, if path.is_empty() { b"/" } else { path });
        self.text.push(b'\n');
        self.write_query(subject);
        self.text.push(b'\n');
        self.select(request, &subject.headers);
        self.write_headers(request);
        self.text.push(b'\n');
        self.write_names();
        self.text.push(b'\n');
        self.text.extend_from_slice(subject.payload);
    }

    /// Name and value encoded each, sorted by name, then by value.
    fn write_query(&mut self, subject: &Subject<'_>) {
        let Self { text, words, pairs, .. } = self;
        words.clear();
        pairs.clear();
        for (name, value) in escape::query(&subject.request.target, subject.unnamed) {
            let start = words.len();
            escape::append_query(words, name);
            let middle = words.len();
            escape::append_query(words, value);
            if !(subject.presigned && &words[start..middle] == b"X-Amz-Signature") {
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
        let present = request.headers.iter().enumerate().map(|(index, (name, _))| (index, name.as_ref()));
        for (index, name) in present.chain(selection.absent(request).map(|name| (usize::MAX, name))) {
            let start = words.len();
            words.extend_from_slice(name.as_bytes());
            fields.push(Field { start: 0, name: start..words.len(), index });
        }
        words.make_ascii_lowercase();
        words.extend_from_slice(&[0; 16]);
        fields.retain_mut(|field| {
            field.start = start_of(words, &field.name);
            selection.takes(&words[field.name.clone()])
        });
        let name = |field: &Field| &words[field.name.clone()];
        fields.sort_unstable_by(|one, two| {
            let by_name = one.start.cmp(&two.start).then_with(|| name(one).cmp(name(two)));
            by_name.then(one.index.cmp(&two.index))
        });
    }

    /// One line for each name, `name:value,value`.
    fn write_headers(&mut self, request: &Request) {
        let Self { text, words, fields, .. } = self;
        let mut before: Option<&[u8]> = None;
        for field in fields.iter() {
            let name = &words[field.name.clone()];
            if before == Some(name) {
                text.push(b',');
            } else {
                if before.is_some() {
                    text.push(b'\n');
                }
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

    /// The names of those lines with `;` between.
    fn write_names(&mut self) {
        let Self { text, words, fields, signed, .. } = self;
        let start = text.len();
        let mut before: Option<&[u8]> = None;
        for field in fields.iter() {
            let name = &words[field.name.clone()];
            if before == Some(name) {
                continue;
            }
            if before.is_some() {
                text.push(b';');
            }
            text.extend_from_slice(name);
            before = Some(name);
        }
        *signed = start..text.len();
    }
}

/// The first 16 bytes of a name as a big-endian number, with zeros where the name is shorter; 16
/// bytes of whatever must follow the last name.
fn start_of(words: &[u8], name: &Range<usize>) -> u128 {
    let start = words[name.start..].first_chunk().map_or(0, |chunk| u128::from_be_bytes(*chunk));
    match name.len() {
        0 => 0,
        length @ 1..16 => start & (u128::MAX << (128 - 8 * length)),
        _ => start,
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
        let mut scratch = Scratch::new();
        let subject = Subject { request: &request, headers, payload: b"PAYLOAD", presigned: false, unnamed: false };
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
