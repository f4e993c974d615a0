//! curl signs by itself. Debian's 7.88 wants to be told the digest of the payload; newer ones know it.

use libtest_mimic::Trial;

use crate::servers;
use crate::service::{Service, run};

/// Where an answer's header fields are kept.
const HEADERS: &str = "headers";
/// Where an answer's body is kept.
const BODY: &str = "body";

/// What is done with it.
type Test = fn(&Curl);

/// What curl is tried on.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 6] = [
        ("curl_stores_reads_and_removes", stores_reads_and_removes),
        ("curl_sends_a_file", sends_a_file),
        ("curl_reads_a_part", reads_a_part),
        ("curl_lists", lists),
        ("curl_reads_under_a_condition", reads_under_a_condition),
        ("curl_with_a_wrong_secret_is_refused", with_a_wrong_secret_is_refused),
    ];
    let each = tests.into_iter();
    each.map(|(name, test)| servers::trial(name, || servers::program("curl"), move |_| test(&Curl::new()))).collect()
}

/// curl, with a bucket to use.
struct Curl(Service);

/// What came back.
struct Answer {
    status: String,
    headers: String,
    body: String,
}

impl Curl {
    fn new() -> Self {
        let curl = Self(Service::new());
        curl.send("/clients-curl", &["-X", "PUT"]).is("200", "");
        curl
    }

    /// Sends a request to a path with these options.
    fn send(&self, path: &str, options: &[&str]) -> Answer {
        let (id, secret) = self.0.identity();
        self.send_as(&format!("{id}:{secret}"), path, options)
    }

    fn send_as(&self, identity: &str, path: &str, options: &[&str]) -> Answer {
        let home = self.0.home();
        home.write(BODY, "");
        let mut command = self.0.client("curl");
        command.args(["-sS", "-o", BODY, "-D", HEADERS, "-w", "%{http_code}"]);
        command.args(["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", identity]);
        command.args(["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]).args(options);
        let ran = run(command.arg(format!("{}{path}", self.0.url()))).exits(0);
        Answer { status: ran.stdout, headers: home.read(HEADERS).to_lowercase(), body: home.read(BODY) }
    }
}

impl Answer {
    /// Demands a status and what the body holds; an empty word demands an empty body.
    #[track_caller]
    fn is(&self, status: &str, word: &str) {
        let Self { status: own, headers, body } = self;
        assert_eq!(own, status, "{headers}{body}");
        assert!(body.contains(word) && body.is_empty() == word.is_empty(), "{headers}{body}");
    }

    /// Demands a header field.
    #[track_caller]
    fn tells(&self, field: &str) {
        assert!(self.headers.lines().any(|line| line.trim_end() == field), "no {field:?} in {}", self.headers);
    }
}

fn stores_reads_and_removes(curl: &Curl) {
    let path = "/clients-curl/a%20b/%C3%A9";
    curl.send(path, &["-X", "PUT", "-d", "stored", "-H", "content-type: text/plain", "-H", "x-amz-meta-colour: blue"])
        .is("200", "");
    let got = curl.send(path, &[]);
    got.is("200", "stored");
    got.tells("content-type: text/plain");
    got.tells("x-amz-meta-colour: blue");
    // For -I, curl takes the header fields for the body.
    let head = curl.send(path, &["-I"]);
    head.is("200", "HTTP/1.1 200");
    head.tells("content-length: 6");
    curl.send(path, &["-X", "DELETE"]).is("204", "");
    curl.send(path, &[]).is("404", "<Code>NoSuchKey</Code>");
    curl.send("/clients-curl", &["-X", "DELETE"]).is("204", "");
    curl.send("/clients-curl", &["-I"]).is("404", "HTTP/1.1 404");
}

fn sends_a_file(curl: &Curl) {
    // Large enough that curl asks first with Expect: 100-continue.
    let text = "0123456789abcdef".repeat(1 << 17);
    curl.0.home().write("file", &text);
    curl.send("/clients-curl/file", &["-T", "file"]).is("200", "");
    let got = curl.send("/clients-curl/file", &[]);
    assert_eq!((got.status.as_str(), got.body == text), ("200", true));
}

fn reads_a_part(curl: &Curl) {
    curl.send("/clients-curl/k", &["-X", "PUT", "-d", "0123456789"]).is("200", "");
    let got = curl.send("/clients-curl/k", &["-r", "2-4"]);
    got.is("206", "234");
    got.tells("content-range: bytes 2-4/10");
    curl.send("/clients-curl/k", &["-r", "10-"]).is("416", "<Code>InvalidRange</Code>");
}

fn lists(curl: &Curl) {
    for key in ["a", "b/1", "b/2"] {
        curl.send(&format!("/clients-curl/{key}"), &["-X", "PUT", "-d", key]).is("200", "");
    }
    // curl 7.88 signs a query as it stands, so its parameters must be in order.
    let got = curl.send("/clients-curl?delimiter=%2F&list-type=2", &[]);
    got.is("200", "<Key>a</Key>");
    got.is("200", "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>");
    got.is("200", "<KeyCount>2</KeyCount>");
    curl.send("/clients-curl?prefix=b", &[]).is("200", "<Key>b/2</Key>");
    curl.send("/", &[]).is("200", "<Name>clients-curl</Name>");
}

fn reads_under_a_condition(curl: &Curl) {
    curl.send("/clients-curl/k", &["-X", "PUT", "-d", "x"]).is("200", "");
    // MD5 of x.
    let etag = "\"9dd4e461268c8034f5c8564e155c67a6\"";
    curl.send("/clients-curl/k", &["-H", &format!("if-none-match: {etag}")]).is("304", "");
    curl.send("/clients-curl/k", &["-H", "if-match: \"other\""]).is("412", "<Code>PreconditionFailed</Code>");
    curl.send("/clients-curl/k", &["-X", "PUT", "-d", "y", "-H", "if-none-match: *"])
        .is("412", "<Code>PreconditionFailed</Code>");
    curl.send("/clients-curl/k", &["-H", &format!("if-match: {etag}")]).is("200", "x");
}

fn with_a_wrong_secret_is_refused(curl: &Curl) {
    let (id, _) = curl.0.identity();
    curl.send_as(&format!("{id}:wrong"), "/clients-curl/k", &[]).is("403", "<Code>SignatureDoesNotMatch</Code>");
    curl.send_as("nobody:wrong", "/clients-curl/k", &[]).is("403", "<Code>InvalidAccessKeyId</Code>");
}
