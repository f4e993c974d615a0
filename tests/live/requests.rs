//! Requests that no call of a generator can express, byte by byte. `OWN` stands for a bucket of the run.

/// Method, target and headers.
pub(crate) type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What may reach others, as no call could express it.
pub(crate) const FOREIGN_REQUESTS: [Row; 38] = [
    ("GET", "/OWN/../other/k", &[]),
    ("GET", "/OWN/%2e%2e/other/k", &[]),
    ("GET", "/OWN/%2E./other/k", &[]),
    ("GET", "/OWN/.%2e/other/k", &[]),
    ("GET", "/OWN/%252e%252e/other/k", &[]),
    ("DELETE", "/OWN\\..\\other\\k", &[]),
    ("DELETE", "/OWN/..\\other\\k", &[]),
    ("DELETE", "/OWN/%5c..%5c../other/k", &[]),
    ("PUT", "/OWN//../../other/k", &[]),
    ("PUT", "/OWN/\t../other/k", &[]),
    ("PUT", "/OWN%2f..%2fother/k", &[]),
    ("GET", "//other/k", &[]),
    ("GET", "//OWN/k", &[]),
    ("GET", "/\\other/k", &[]),
    ("GET", "/./other/k", &[]),
    ("GET", "http://other.invalid/OWN/k", &[]),
    ("GET", "@other.invalid/OWN/k", &[]),
    ("OPTIONS", "*", &[]),
    ("GET", "", &[]),
    ("PUT", "/", &[]),
    ("GET", "/?list-type=2", &[]),
    ("PUT", "/OWN?policy", &[]),
    ("POST", "/OWN?delete&policy", &[]),
    ("POST", "/OWN/k?delete", &[]),
    ("POST", "/OWN", &[]),
    ("POST", "/other?delete", &[]),
    ("POST", "/OWN/../other?delete", &[]),
    ("POST", "/OWN?delete", &[("content-encoding", "gzip")]),
    ("POST", "/?delete", &[("host", "OWN.s3.amazonaws.com")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "/other/k")]),
    ("PUT", "/OWN/k", &[("X-Amz-Copy-Source", "%2Fother%2Fk")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/../other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "arn:aws:s3:::other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/k"), ("x-amz-copy-source", "other/k")]),
    ("GET", "/OWN/k", &[("host", "other.s3.amazonaws.com")]),
    ("GET", "/OWN/k", &[("x-http-method-override", "DELETE")]),
    ("PUT", "/plumb-zzzzzzzz-000000-a", &[]),
];

/// What is the run's own, however oddly it is spelt.
pub(crate) const OWN_REQUESTS: [Row; 9] = [
    ("GET", "/OWN/k", &[]),
    ("PUT", "/OWN", &[]),
    ("DELETE", "/OWN/a/../b", &[]),
    ("GET", "/OWN//b", &[]),
    ("GET", "/OWN/%252e", &[]),
    ("GET", "/OWN?list-type=2&prefix=a%2F", &[]),
    ("POST", "/OWN/?delete&x-id=DeleteObjects", &[]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "/OWN/a%20b")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/a/../b")]),
];
