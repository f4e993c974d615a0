//! What a request may reach, whichever way a server or a library in between reads its bytes.
//!
//! A URL library may resolve dot segments (even escaped ones), turn backslashes into slashes and drop tabs and
//! line ends (WHATWG URL, section 4.4); a server may unescape once more, collapse slashes, or stop at a NUL or
//! at a `?` or `#` that was escaped. Every mixture of these is followed until nothing new comes out, and each
//! result counts.

use std::collections::BTreeSet;

use bytes::Bytes;
use plumb_model::http::Request;
use plumb_model::wire::{Access, Touch};

use super::{deletion, target};

/// The most readings of one path; a path with more is not sent.
pub const INTERPRETATIONS_MAX: usize = 256;

const KIND: &str = "bucket";
/// Query parameters that leave a request the one that its path says. Any other may name a subresource.
const HARMLESS: [&str; 19] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    LOCATION,
    "marker",
    "max-keys",
    "partNumber",
    "prefix",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "start-after",
    "versionId",
    "x-id",
];
/// The same for the list of buckets.
const OF_THE_ACCOUNT: [&str; 5] = ["bucket-region", "continuation-token", "max-buckets", "prefix", "x-id"];
/// The same for a batch of deletions.
const OF_A_BATCH: [&str; 2] = [BATCH, "x-id"];
/// The same for the place of a bucket.
const OF_A_PLACE: [&str; 2] = [LOCATION, "x-id"];
/// The parameter that asks where a bucket is.
const LOCATION: &str = "location";
/// The parameter that makes a request a batch of deletions.
const BATCH: &str = "delete";
/// Headers by which some servers take another method than the one in the request line.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Every touch; an error where it cannot be told.
pub(crate) fn touches(request: &Request) -> Result<Vec<Touch>, String> {
    if let Some(name) = OVERRIDES.iter().find(|name| request.headers.get(name).is_some()) {
        return Err(format!("{name} may change the method"));
    }
    let (path, query) = target::split(&request.target);
    let mut found = Found::default();
    if path == b"/" && request.method == "GET" {
        // The list of buckets: it touches none of them.
        harmless_parameters(query, &OF_THE_ACCOUNT)?;
        virtual_host(request, path, &mut found)?;
        return Ok(found.0);
    }
    if request.method == "POST" {
        batch(request, path, query, &mut found)?;
        return Ok(found.0);
    }
    let listed = listed(query)?;
    for path in interpretations(path)? {
        let (bucket, key) = parts(&path)?;
        found.path(&request.method, bucket, key, listed.as_ref())?;
    }
    virtual_host(request, path, &mut found)?;
    copy_source(request, &mut found)?;
    Ok(found.0)
}

/// One way in which somebody may read a path.
type Reading = fn(&[u8]) -> Vec<u8>;

const READINGS: [Reading; 8] = [
    target::decode,
    without_dot_segments,
    with_slashes,
    without_blanks,
    without_empty_segments,
    |path| target::split_at(path, b'?').0.to_vec(),
    |path| target::split_at(path, b'#').0.to_vec(),
    |path| target::split_at(path, 0).0.to_vec(),
];

/// Every reading of a path, the path as it is among them.
fn interpretations(path: &[u8]) -> Result<BTreeSet<Vec<u8>>, String> {
    let mut seen = BTreeSet::from([path.to_vec()]);
    if is_plain(path) {
        return Ok(seen);
    }
    let mut open = vec![path.to_vec()];
    while let Some(path) = open.pop() {
        for reading in READINGS {
            let next = reading(&path);
            if !seen.contains(&next) {
                seen.insert(next.clone());
                open.push(next);
            }
        }
        if seen.len() > INTERPRETATIONS_MAX {
            return Err("the path can be read in too many ways".to_owned());
        }
    }
    Ok(seen)
}

/// Whether every reading of a path leaves it as it is: nothing is escaped, dropped, turned or cut off, no segment
/// is empty or made of dots.
fn is_plain(path: &[u8]) -> bool {
    let quiet = |byte: &u8| !matches!(byte, b'%' | b'\\' | b'?' | b'#' | 0 | b'\t' | b'\r' | b'\n');
    let moves = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.']);
    path.first() == Some(&b'/') && path.iter().all(quiet) && !path.windows(2).any(moves)
}

/// RFC 3986 section 5.2.4, with `%2e` for a dot as in WHATWG URL.
fn without_dot_segments(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|byte| *byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match dots(segment) {
            1 => {}
            2 => {
                // The empty segment in front of the first slash stays.
                if kept.len() > 1 {
                    kept.pop();
                }
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push(b"");
        }
    }
    kept.join(&b'/')
}

/// How many dots a segment consists of; none where it is something else.
fn dots(segment: &[u8]) -> usize {
    let mut rest = segment;
    let mut count = 0;
    while !rest.is_empty() {
        rest = match rest {
            [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] => after,
            _ => return 0,
        };
        count += 1;
    }
    count
}

fn with_slashes(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

fn without_blanks(path: &[u8]) -> Vec<u8> {
    let kept = path.iter().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n'));
    kept.copied().collect()
}

fn without_empty_segments(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(path.len());
    for byte in path {
        if *byte != b'/' || kept.last() != Some(&b'/') {
            kept.push(*byte);
        }
    }
    kept
}

/// Bucket and key of a path that was read.
fn parts(path: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let rest = path.strip_prefix(b"/").ok_or("the target may be read as one without a leading slash")?;
    let (bucket, key) = target::split_at(rest, b'/');
    if bucket.is_empty() {
        return Err("the target may be read as the list of all buckets".to_owned());
    }
    Ok((bucket, key))
}

/// An error where a parameter is none of `harmless`, so that it may name a subresource.
fn harmless_parameters(query: &[u8], harmless: &[&str]) -> Result<(), String> {
    let known = |name: &[u8]| harmless.iter().any(|own| own.as_bytes() == name) || name.starts_with(b"X-Amz-");
    match target::parameters(query).find(|(name, _)| !known(name)) {
        None => Ok(()),
        Some((name, _)) => Err(format!("the parameter {} may name a subresource", plumb_model::text::shown(name, 80))),
    }
}

/// The prefix that a bucket is listed under, empty for all of it; none where nothing but its place is asked for. An
/// error where a parameter may name a subresource.
fn listed(query: &[u8]) -> Result<Option<Bytes>, String> {
    harmless_parameters(query, &HARMLESS)?;
    let mut prefix = None;
    for (name, value) in target::parameters(query) {
        if name == b"prefix" {
            let twice = prefix.replace(Bytes::from(target::decode_query(value))).is_some();
            if twice || value.contains(&b'+') {
                return Err("the prefix can be read in two ways".to_owned());
            }
        }
    }
    let asks_place = target::parameters(query).any(|(name, _)| name == LOCATION.as_bytes());
    Ok(if asks_place && harmless_parameters(query, &OF_A_PLACE).is_ok() {
        None
    } else {
        Some(prefix.unwrap_or_default())
    })
}

/// The touches so far, each once.
#[derive(Default)]
struct Found(Vec<Touch>);

impl Found {
    fn add(&mut self, bucket: &[u8], inside: Option<Bytes>, access: Access) {
        let touch = Touch { kind: KIND, name: Bytes::copy_from_slice(bucket), inside, access };
        if !self.0.contains(&touch) {
            self.0.push(touch);
        }
    }

    fn path(&mut self, method: &str, bucket: &[u8], key: &[u8], listed: Option<&Bytes>) -> Result<(), String> {
        let whole = key.is_empty();
        let access = match (method, whole) {
            ("GET" | "HEAD", _) => Access::Reads,
            ("PUT", true) => Access::Creates,
            ("PUT", false) => Access::Writes,
            ("DELETE", _) => Access::Deletes,
            _ => return Err(format!("what {} does is not known", plumb_model::text::shown(method.as_bytes(), 20))),
        };
        // Whoever lists a bucket looks into it; whoever asks for its head does not.
        let inside =
            if whole { listed.filter(|_| method == "GET").cloned() } else { Some(Bytes::copy_from_slice(key)) };
        self.add(bucket, inside, access);
        Ok(())
    }
}

/// A batch of deletions: every key in its body, read like a path, as a server may keep objects under their keys in a
/// file system. Always something inside of the bucket, never the bucket itself. No other POST is known.
fn batch(request: &Request, path: &[u8], query: &[u8], found: &mut Found) -> Result<(), String> {
    harmless_parameters(query, &OF_A_BATCH)?;
    if !target::parameters(query).any(|(name, _)| name == BATCH.as_bytes()) {
        return Err("what POST does is not known".to_owned());
    }
    let form = request.headers.get("content-type").is_some_and(|kind| kind.starts_with(b"multipart/"));
    if form || request.headers.get("content-encoding").is_some() {
        return Err("the body may be read in another way".to_owned());
    }
    virtual_host(request, path, found)?;
    copy_source(request, found)?;
    let keys = match deletion::keys(&request.body) {
        Some(keys) => keys,
        // Whoever reads it all the same finds no way out of the bucket in it, neither spelt out nor escaped.
        None if !request.body.windows(2).any(|pair| pair == b"..") && !request.body.contains(&b'&') => Vec::new(),
        None => return Err("the body cannot be read".to_owned()),
    };
    for path in interpretations(path)? {
        let (bucket, key) = parts(&path)?;
        if !key.is_empty() {
            return Err("what POST does to an object is not known".to_owned());
        }
        found.add(bucket, Some(Bytes::new()), Access::Deletes);
        for key in &keys {
            for path in interpretations(&[b"/", bucket, b"/", key.as_bytes()].concat())? {
                let (bucket, key) = parts(&path)?;
                found.add(bucket, Some(Bytes::copy_from_slice(key)), Access::Deletes);
            }
        }
    }
    Ok(())
}

/// The bucket in the host: what stands before `.s3.` or `.s3-`, or a first label that looks like a bucket of ours.
/// Any other host is where we send to, in path style.
fn virtual_host(request: &Request, path: &[u8], found: &mut Found) -> Result<(), String> {
    let mut hosts = request.headers.all("host");
    let Some(host) = hosts.next() else { return Ok(()) };
    if hosts.next().is_some() {
        return Err("there are two hosts".to_owned());
    }
    let host = host.to_ascii_lowercase();
    let end = [&b".s3."[..], b".s3-"].iter().find_map(|mark| host.windows(4).position(|window| window == *mark));
    let ours =
        || host.starts_with(crate::resources::START).then(|| host.iter().position(|byte| *byte == b'.')).flatten();
    let Some(end) = end.or_else(ours) else { return Ok(()) };
    for path in interpretations(path)? {
        let key = path.strip_prefix(b"/").unwrap_or(&path);
        found.path(&request.method, &host[..end], key, Some(&Bytes::new()))?;
    }
    Ok(())
}

/// The object that `x-amz-copy-source` names: `bucket/key` or `/bucket/key`, escaped or not.
fn copy_source(request: &Request, found: &mut Found) -> Result<(), String> {
    for (name, source) in &request.headers {
        if !name.eq_ignore_ascii_case("x-amz-copy-source") {
            continue;
        }
        if source.starts_with(b"arn:") {
            return Err("the copy source is an ARN".to_owned());
        }
        let source = source.trim_ascii();
        if source.is_empty() {
            // It names nothing, and whoever takes it for nothing looks at the path alone.
            continue;
        }
        let path = if source.starts_with(b"/") { source.to_vec() } else { [b"/", source].concat() };
        for path in interpretations(&path)? {
            let (bucket, key) = parts(&path)?;
            let key = (!key.is_empty()).then(|| Bytes::copy_from_slice(key));
            found.add(bucket, key, Access::Reads);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::http::Headers;

    fn request(method: &'static str, target: &[u8], headers: &[(&'static str, &'static str)]) -> Request {
        let headers: Headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Request { method: method.into(), target: target.to_vec(), headers, body: Bytes::new() }
    }

    fn check(method: &'static str, target: &[u8], headers: &[(&'static str, &'static str)], expected: Option<&[&str]>) {
        check_request(&request(method, target, headers), expected);
    }

    fn check_request(request: &Request, expected: Option<&[&str]>) {
        let (method, target) = (&request.method, &request.target);
        let found = touches(request).map(|found| {
            let line = |touch: Touch| {
                let inside = touch.inside.map(|key| format!("/{}", key.escape_ascii())).unwrap_or_default();
                format!("{:?} {}{inside}", touch.access, touch.name.escape_ascii())
            };
            found.into_iter().map(line).collect::<BTreeSet<_>>()
        });
        match expected {
            None => assert!(found.is_err(), "{method} {}: {found:?}", target.escape_ascii()),
            Some(all) => {
                let all: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
                assert_eq!(found, Ok(all), "{method} {}", target.escape_ascii());
            }
        }
    }

    #[test]
    fn plain_requests_touch_what_they_name() {
        check("PUT", b"/b", &[], Some(&["Creates b"]));
        check("DELETE", b"/b/", &[], Some(&["Deletes b"]));
        check("PUT", b"/b/k", &[], Some(&["Writes b/k"]));
        check("GET", b"/b?list-type=2&prefix=p%2F", &[], Some(&["Reads b/p/"]));
        check("GET", b"/b?list-type=2", &[], Some(&["Reads b/"]));
        check("GET", b"/b", &[], Some(&["Reads b/"]));
        check("GET", b"/b?location", &[], Some(&["Reads b"]));
        check("GET", b"/b?location&list-type=2", &[], Some(&["Reads b/"]));
        check("HEAD", b"/b", &[], Some(&["Reads b"]));
        check("DELETE", b"/b/a/b", &[], Some(&["Deletes b/a/b"]));
        check("GET", b"/", &[("host", "127.0.0.1:9000")], Some(&[]));
        check("GET", b"/?prefix=b", &[], Some(&[]));
        check("GET", b"/?list-type=2", &[], None);
        check("PUT", b"/", &[], None);
        check("GET", b"/", &[("host", "b.s3.amazonaws.com")], Some(&["Reads b/"]));
    }

    proptest::proptest! {
        #[test]
        fn a_plain_path_reads_the_same_in_every_way(path in "/[ab/.%2e\\\\?#\t\n\0]{0,12}") {
            if is_plain(path.as_bytes()) {
                for reading in READINGS {
                    proptest::prop_assert_eq!(reading(path.as_bytes()), path.as_bytes());
                }
            }
        }
    }

    #[test]
    fn every_reading_counts() {
        check("GET", b"/b/../c/k", &[], Some(&["Reads b/../c/k", "Reads c/k"]));
        check("GET", b"/b/a/../k", &[], Some(&["Reads b/a/../k", "Reads b/k"]));
        check("GET", b"/b//k", &[], Some(&["Reads b//k", "Reads b/k"]));
        check("GET", b"/b/a\tk", &[], Some(&["Reads b/a\\tk", "Reads b/ak"]));
        for target in [&b"/b/%2e%2e/c/k"[..], b"/b/x/..\\..%5c../c/k", b"/b/%252e%252e/c/k", b"/b/.\t./c/k"] {
            let found = touches(&request("GET", target, &[])).expect("touches");
            let reaches = found.iter().any(|touch| touch.name == "c" && touch.inside.as_deref() == Some(b"k"));
            assert!(reaches, "{}: {found:?}", target.escape_ascii());
        }
    }

    fn check_batch(body: &str, expected: Option<&[&str]>) {
        let request = Request { body: body.to_owned().into(), ..request("POST", b"/b?delete", &[]) };
        check_request(&request, expected);
    }

    #[test]
    fn a_batch_touches_every_key_and_never_the_bucket_itself() {
        let one = "<Delete><Object><Key>k</Key></Object><Object><Key>a/../l</Key></Object></Delete>";
        check_batch(one, Some(&["Deletes b/", "Deletes b/k", "Deletes b/a/../l", "Deletes b/l"]));
        for nothing in ["", "<Delete><Obj", "<Delete/>", "text"] {
            check_batch(nothing, Some(&["Deletes b/"]));
        }
        check_batch(
            "<Delete><Object><Key>%2e%2e/c/k</Key></Object></Delete>",
            Some(&["Deletes b/", "Deletes b/%2e%2e/c/k", "Deletes b/../c/k", "Deletes c/k"]),
        );
        for unclear in
            ["<Delete><Key>../c/k</Key>", "<Delete><Key>&#46;./c/k</Key>", "<Delete><Key>../..</Key></Delete>"]
        {
            check_batch(unclear, None);
        }
    }

    #[test]
    fn what_may_be_anything_is_refused() {
        for target in
            [&b""[..], b"//", b"//b/k", b"/b/..", b"/b/../", b"http://h/b/k", b"*", b"/b?acl", b"/b?policy=", b"/%2fb"]
        {
            check("GET", target, &[], None);
        }
        check("POST", b"/b", &[], None);
        check("POST", b"/b/k", &[], None);
        check("POST", b"/b/k?delete", &[], None);
        check("POST", b"/b?delete&policy", &[], None);
        check("POST", b"/b/../c?delete", &[], None);
        check("POST", b"/?delete", &[("host", "b.s3.amazonaws.com")], None);
        check("POST", b"/b?delete", &[("content-encoding", "gzip")], None);
        check("POST", b"/b?delete", &[("content-type", "multipart/form-data; boundary=x")], None);
        check("GET", b"/b/k", &[("X-HTTP-Method-Override", "DELETE")], None);
        check("GET", b"/b?list-type=2&prefix=a+b", &[], None);
        check("GET", b"/b/k", &[("host", "h"), ("Host", "i")], None);
    }

    #[test]
    fn copy_sources_and_hosts_are_touched_too() {
        let source = |value| [("x-amz-copy-source", value)];
        check("PUT", b"/b/k", &source("c/d"), Some(&["Writes b/k", "Reads c/d"]));
        check("PUT", b"/b/k", &source("/c/d%20e"), Some(&["Writes b/k", "Reads c/d%20e", "Reads c/d e"]));
        check(
            "PUT",
            b"/b/k",
            &source("c/d?versionId=null"),
            Some(&["Writes b/k", "Reads c/d?versionId=null", "Reads c/d"]),
        );
        check("PUT", b"/b/k", &source(""), Some(&["Writes b/k"]));
        check("PUT", b"/b/k", &source("/"), None);
        check("PUT", b"/b/k", &source("arn:aws:s3:::c/d"), None);
        check("PUT", b"/b/k", &[("host", "127.0.0.1:9000")], Some(&["Writes b/k"]));
        check("PUT", b"/b/k", &[("host", "s3.eu-west-1.amazonaws.com")], Some(&["Writes b/k"]));
        check("PUT", b"/b/k", &[("host", "c.d.s3.amazonaws.com")], Some(&["Writes b/k", "Writes c.d/b/k"]));
        check("PUT", b"/b/k", &[("host", "plumb-x.minio.local")], Some(&["Writes b/k", "Writes plumb-x/b/k"]));
    }
}
