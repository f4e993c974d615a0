//! Each mutation does what it says, and nothing else.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::net::SocketAddr;

use plumb_test_proxy::{FaultProxy, Field, Mutation, Plan, When};
use support::{Bench, Reply, etag, parse};

/// How many seeds each fact is tried with.
const SEEDS: u64 = 16;

const XML: &str = "<?xml version=\"1.0\"?><List><Key>a1</Key><Key>b2</Key><Size>3</Size></List>";

/// Reads with GET under a mutation of GETs alone. Gives the honest answer, the spoilt one, and what was logged.
fn spoil(mutation: &Mutation, seed: u64, body: &str, fields: &str) -> (Reply, Reply, Vec<String>) {
    let bench = Bench::new(Plan::Mutate {
        mutation: mutation.clone(),
        when: When::matching(|method, status| method == "GET" && status < 300),
        seed,
    });
    bench.put("/other", "another body").expect("an answer");
    bench.put("/k", body).expect("an answer");
    let mut honest = bench.send("HEAD", "/k", fields, "").expect("an answer");
    honest.body = body.as_bytes()[if fields.is_empty() { 0 } else { 2 }..].to_vec();
    let spoilt = bench.send("GET", "/k", fields, "").expect("an answer");
    (honest, spoilt, bench.log())
}

/// A mutation that must apply, with each seed: `is` holds the honest answer against the spoilt one.
#[track_caller]
fn check(mutation: &Mutation, body: &str, fields: &str, is: impl Fn(&Reply, &Reply) -> bool) {
    for seed in 0..SEEDS {
        let (honest, spoilt, log) = spoil(mutation, seed, body, fields);
        assert_eq!(log, [format!("4 {}", mutation.name())], "seed {seed}");
        assert!(is(&honest, &spoilt), "seed {seed}:\n{honest:?}\n{spoilt:?}");
    }
}

/// A mutation that cannot apply: the answer is honest and nothing is logged.
#[track_caller]
fn check_left_alone(mutation: &Mutation, body: &str) {
    let (honest, spoilt, log) = spoil(mutation, 1, body, "");
    assert_eq!(log, Vec::<String>::new());
    assert!(same_head(&honest, &spoilt) && honest.body == spoilt.body, "{honest:?}\n{spoilt:?}");
}

fn without_date(reply: &Reply) -> Reply {
    let fields = reply.fields.iter().filter(|(name, _)| name != "date").cloned().collect();
    Reply { fields, ..reply.clone() }
}

/// Whether nothing but the body, and its length, differs.
fn same_head(honest: &Reply, spoilt: &Reply) -> bool {
    let head = |reply: &Reply| {
        let fields = without_date(reply).fields.into_iter().filter(|(name, _)| name != "content-length");
        (reply.status, fields.collect::<Vec<_>>())
    };
    head(honest) == head(spoilt) && spoilt.all("content-length").len() == 1
}

#[test]
fn drop_header_takes_one_field_that_matters() {
    check(&Mutation::DropHeader(Field::Drawn), "body", "", |honest, spoilt| {
        let missing: Vec<_> = honest.names().into_iter().filter(|name| spoilt.all(name).is_empty()).collect();
        missing.len() == 1 && ["etag", "x-kind", "x-last"].contains(&missing[0]) && honest.body == spoilt.body
    });
    check(&Mutation::DropHeader(Field::named("ETag")), "body", "", |_, spoilt| spoilt.all("etag").is_empty());
    check_left_alone(&Mutation::DropHeader(Field::named("x-none")), "body");
}

#[test]
fn alter_header_changes_one_byte_of_one_value() {
    check(&Mutation::AlterHeader(Field::Drawn), "body", "", |honest, spoilt| {
        let (honest, spoilt) = (without_date(honest), without_date(spoilt));
        let pairs: Vec<_> = honest.fields.iter().zip(&spoilt.fields).filter(|(own, other)| own != other).collect();
        let [((name, was), (same, is))] = pairs[..] else { return false };
        let bytes = was.bytes().zip(is.bytes()).filter(|(own, other)| own != other).count();
        name == same && name != "content-length" && was.len() == is.len() && bytes == 1 && honest.body == spoilt.body
    });
    check_left_alone(&Mutation::AlterHeader(Field::named("x-none")), "body");
}

#[test]
fn duplicate_header_says_it_twice() {
    check(&Mutation::DuplicateHeader(Field::Drawn), "body", "", |honest, spoilt| {
        let twice = |name: &&str| spoilt.all(name).len() == 2 && spoilt.all(name)[0] == spoilt.all(name)[1];
        spoilt.fields.len() == honest.fields.len() + 1 && honest.names().iter().filter(|name| twice(name)).count() == 1
    });
    check(&Mutation::DuplicateHeader(Field::named("date")), "body", "", |_, spoilt| spoilt.all("date").len() == 2);
}

#[test]
fn off_by_one_range_keeps_the_range_it_claims() {
    check(&Mutation::OffByOneRange, "0123456789", "range: bytes=2-\r\n", |honest, spoilt| {
        same_head(honest, spoilt) && spoilt.body == b"2345678" && spoilt.all("content-range") == ["bytes 2-9/10"]
    });
    check_left_alone(&Mutation::OffByOneRange, "0123456789");
}

#[test]
fn swap_etag_gives_the_tag_of_another() {
    check(&Mutation::SwapEtag, "body", "", |honest, spoilt| {
        spoilt.all("etag") == [etag(b"another body")] && spoilt.body == honest.body
    });
    check_left_alone(&Mutation::SwapEtag, "another body");
}

#[test]
fn change_code_stays_in_the_class() {
    check(&Mutation::ChangeCode, "body", "", |honest, spoilt| {
        [201, 202, 206].contains(&spoilt.status) && spoilt.body == honest.body
    });
    check(&Mutation::ChangeCode, "", "", |_, spoilt| spoilt.status != 204 || spoilt.all("content-length").is_empty());
}

#[test]
fn stale_body_is_what_stood_there_before() {
    let when = When::matching(|method, _| method == "GET");
    let bench = Bench::new(Plan::Mutate { mutation: Mutation::StaleBody, when, seed: 1 });
    let mut bodies = Vec::new();
    for body in ["old", "newer"] {
        bench.put("/k", body).expect("an answer");
        let reply = bench.get("/k");
        assert_eq!(reply.all("etag"), [etag(body.as_bytes())]);
        bodies.push(reply.text().to_owned());
    }
    assert_eq!((bodies, bench.log()), (vec!["old".to_owned(); 2], vec!["4 stale-body".to_owned()]));
}

#[test]
fn bodies_lose_a_byte_an_end_or_all() {
    check(&Mutation::AlterBodyByte, "a body", "", |honest, spoilt| {
        let bytes = honest.body.iter().zip(&spoilt.body).filter(|(own, other)| own != other).count();
        same_head(honest, spoilt) && honest.body.len() == spoilt.body.len() && bytes == 1
    });
    check(&Mutation::TruncateBody, "a body", "", |honest, spoilt| {
        same_head(honest, spoilt) && honest.body.starts_with(&spoilt.body) && (1..6).contains(&spoilt.body.len())
    });
    check(&Mutation::EmptyBody, "a body", "", |honest, spoilt| same_head(honest, spoilt) && spoilt.body.is_empty());
    for mutation in [Mutation::AlterBodyByte, Mutation::TruncateBody, Mutation::EmptyBody] {
        check_left_alone(&mutation, "");
    }
}

#[test]
fn xml_loses_its_text_an_element_or_its_order() {
    check(&Mutation::AlterXmlElement, XML, "", |honest, spoilt| {
        same_head(honest, spoilt) && spoilt.text().len() == XML.len() && spoilt.text().matches("<Key>").count() == 2
    });
    check(&Mutation::DropXmlElement, XML, "", |honest, spoilt| {
        let left = spoilt.text().matches("<Key>").count() + spoilt.text().matches("<Size>").count();
        same_head(honest, spoilt) && left == 2 && spoilt.text().ends_with("</List>")
    });
    check(&Mutation::SwapXmlSiblings, XML, "", |honest, spoilt| {
        same_head(honest, spoilt) && spoilt.text().contains("<Key>b2</Key><Key>a1</Key><Size>")
    });
    for mutation in [Mutation::AlterXmlElement, Mutation::DropXmlElement, Mutation::SwapXmlSiblings] {
        check_left_alone(&mutation, "no xml");
    }
}

#[test]
fn a_head_has_no_body_to_spoil_but_a_length_to_ask_for() {
    let mutations = [Mutation::EmptyBody, Mutation::DropHeader(Field::named("content-length"))];
    let plans = mutations.map(|mutation| {
        let when = When::matching(|method, _| method == "HEAD");
        Plan::Mutate { mutation, when, seed: 1 }
    });
    let bench = Bench::new(Plan::First(plans.into()));
    bench.put("/k", "body").expect("an answer");
    let reply = bench.send("HEAD", "/k", "", "").expect("an answer");
    assert_eq!((reply.all("content-length").len(), reply.body.len()), (0, 0));
    assert_eq!(bench.log(), ["2 drop-header"]);
}

/// An upstream that gives one answer to whatever comes on its one connection.
fn canned(answer: &'static [u8]) -> SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.read_exact(&mut [0; 18]).expect("a request");
        stream.write_all(answer).expect("to answer");
    });
    address
}

/// The bytes that become of an answer to `GET / HTTP/1.1`.
fn bytes_of(answer: &'static [u8], mutation: Mutation) -> String {
    let plan = Plan::Mutate { mutation, when: When::every(1), seed: 1 };
    let proxy = FaultProxy::start(canned(answer), plan).expect("a proxy");
    String::from_utf8(support::exchange(proxy.address(), b"GET / HTTP/1.1\r\n\r\n")).expect("text")
}

#[test]
fn a_spoilt_answer_is_spelt_and_framed_as_the_honest_one() {
    let chunked = b"HTTP/1.1 200 Very OK\r\nX-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nx-t: 1\r\n\r\n";
    let head = "HTTP/1.1 200 Very OK\r\nX-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(bytes_of(chunked, Mutation::EmptyBody), format!("{head}0\r\nx-t: 1\r\n\r\n"));
    let dropped = bytes_of(chunked, Mutation::DropHeader(Field::named("x-id")));
    let head = "HTTP/1.1 200 Very OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(dropped, format!("{head}3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n"));
}

#[test]
fn a_length_is_only_wrong_where_that_was_asked_for() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    let altered = bytes_of(answer, Mutation::AlterHeader(Field::named("content-length")));
    assert!(altered.ends_with("\r\n\r\nabc") && !altered.contains("Content-Length: 3\r\n"), "{altered}");
    let dropped = bytes_of(answer, Mutation::DropHeader(Field::named("content-length")));
    assert_eq!(dropped, "HTTP/1.1 200 OK\r\n\r\nabc");
    let emptied = bytes_of(answer, Mutation::EmptyBody);
    assert_eq!(emptied, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn a_status_that_has_no_body_gets_a_length_where_it_becomes_one_that_has() {
    let reply = bytes_of(b"HTTP/1.1 204 No Content\r\nx-id: 1\r\n\r\n", Mutation::ChangeCode);
    assert_eq!(parse(reply.as_bytes(), false).all("content-length"), ["0"]);
}
