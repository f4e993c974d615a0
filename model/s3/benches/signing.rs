//! What a signature costs, ours beside aws-sigv4's: the same `PutObject` with eight headers, the same
//! precomputed payload hash, CPU time of this thread, rounds of both in turn, medians.
//!
//! Ours includes the look-up of the cached key and the adding of the three headers; aws-sigv4's stops
//! at the header values, derives its key anew (it keeps none) and is not charged for its parameters.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::http_request::{self, PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest};
use aws_sigv4::http_request::{SigningSettings, UriPathNormalizationMode};
use aws_sigv4::sign::v4;
use cpu_time::ThreadTime;
use plumb_model::http::{Headers, Request};
use plumb_s3::sigv4::{Credentials, PayloadHash, SigningKey, SigningKeys, SigningTime, sign, verify};

const ROUNDS: usize = 1_001;
const SIGNATURES_PER_ROUND: usize = 64;
const NOW: i64 = 1_790_000_000;
const REGION: &str = "eu-central-1";
const HOST: &str = "examplebucket.s3.eu-central-1.amazonaws.com";
const TARGET: &str = "/photos/2026/September/sample%20one.jpg?x-id=PutObject";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const BODY: &[u8] = b"Welcome to Amazon S3.";

/// With `host`, eight headers before signing.
const FIELDS: [(&str, &str); 7] = [
    ("content-type", "application/octet-stream"),
    ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    ("x-amz-acl", "bucket-owner-full-control"),
    ("x-amz-meta-case", "put-object-0017"),
    ("x-amz-meta-run", "0199c2d1-7a3e-7c50-9d0e-3f1f8f0c5b11"),
    ("x-amz-server-side-encryption", "AES256"),
    ("x-amz-storage-class", "STANDARD_IA"),
];

fn request() -> Request {
    let mut headers = Headers::with_capacity(12);
    headers.push("host", HOST);
    for (name, value) in FIELDS {
        headers.push(name, value);
    }
    Request { method: "PUT".into(), target: TARGET.into(), headers, body: BODY.into() }
}

/// CPU nanoseconds for each of `work`'s calls, one per item, whose making and dropping is not counted.
fn time<T>(items: Vec<T>, mut work: impl FnMut(&mut T)) -> f64 {
    let mut items = items;
    let count = f64::from(u32::try_from(items.len()).unwrap_or(u32::MAX));
    let start = ThreadTime::now();
    for item in &mut items {
        work(black_box(item));
    }
    start.elapsed().as_secs_f64() * 1e9 / count
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn their_settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

fn main() {
    let credentials = Credentials::new(ACCESS_KEY, SECRET);
    let (keys, now, hash) = (SigningKeys::default(), SigningTime::at(NOW), PayloadHash::of(BODY));
    let ours = |request: &mut Request| {
        let key = keys.get(&credentials, &now, REGION);
        black_box(sign(request, &key, &now, &hash));
    };
    let url = format!("https://{HOST}{TARGET}");
    let hex = String::from_utf8_lossy(hash.value()).into_owned();
    let identity = aws_credential_types::Credentials::new(ACCESS_KEY, SECRET, None, None, "bench").into();
    let builder = v4::SigningParams::builder().identity(&identity).region(REGION).name("s3");
    let time_signed = UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
    let params = builder.time(time_signed).settings(their_settings()).build().expect("complete").into();
    let theirs = |(url, hex): &mut (String, String)| {
        let body = SignableBody::Precomputed(std::mem::take(hex));
        let request = SignableRequest::new("PUT", std::mem::take(url), FIELDS.into_iter(), body).expect("a request");
        black_box(http_request::sign(request, &params).expect("signed"));
    };
    let lookup = |access_key: &str| (access_key == ACCESS_KEY).then(|| credentials.clone());
    let verifying = |request: &mut Request| {
        black_box(verify(request, &lookup, NOW, REGION));
    };

    let fresh = || (0..SIGNATURES_PER_ROUND).map(|_| request()).collect::<Vec<_>>();
    let signed = || {
        let mut requests = fresh();
        requests.iter_mut().for_each(ours);
        requests
    };
    let words = || vec![(url.clone(), hex.clone()); SIGNATURES_PER_ROUND];
    let (mut our_times, mut their_times, mut verify_times, mut derive_times) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        our_times.push(time(fresh(), ours));
        their_times.push(time(words(), theirs));
        verify_times.push(time(signed(), verifying));
        derive_times.push(time(fresh(), |_| drop(black_box(SigningKey::derive(&credentials, &now, REGION)))));
    }
    let (our_time, their_time) = (median(our_times), median(their_times));

    let (mut one, mut word) = (request(), (url.clone(), hex.clone()));
    let our_allocations = allocation_counter::measure(|| ours(&mut one)).count_total;
    let their_allocations = allocation_counter::measure(|| theirs(&mut word)).count_total;
    println!("signing, ours:      {our_time:>7.0} ns, {our_allocations} allocations");
    println!("signing, aws-sigv4: {their_time:>7.0} ns, {their_allocations} allocations");
    println!("ratio:              {:>7.1}", their_time / our_time);
    println!("deriving a key:     {:>7.0} ns", median(derive_times));
    println!("verifying:          {:>7.0} ns", median(verify_times));
}
