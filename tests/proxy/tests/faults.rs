//! Dropped answers and lost writes: counted exactly, and the same for the same seed.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use plumb_model::http::{Headers, Response};
use plumb_test_proxy::{Executed, Fake, Field, Mutation, Plan, When};
use support::{Bench, etag, exchange};

fn dropping(every: u64, executed: Executed, seed: u64) -> Plan {
    Plan::DropAnswers { every, methods: vec!["PUT"], executed, seed }
}

/// What the service would have answered to a write.
fn stored() -> Fake {
    Fake(|request, _| {
        let mut headers = Headers::default();
        headers.push("etag", etag(&request.body));
        Some(Response { status: 200, headers, body: b"".as_slice().into(), truncated: false })
    })
}

#[test]
fn every_third_write_is_dropped_and_half_of_those_executed() {
    let bench = Bench::new(dropping(3, Executed::Half, 5));
    let answered: Vec<_> = (1..=24).map(|number| bench.put(&format!("/{number}"), "x").is_some()).collect();
    let expected: Vec<_> = (1..=24).map(|number| number % 3 != 0).collect();
    assert_eq!(answered, expected);
    let applied = bench.applied();
    assert_eq!(applied.len(), 8);
    assert_eq!(applied.iter().filter(|applied| applied.forwarded).count(), 4);
    for applied in applied {
        let target = String::from_utf8(applied.target).expect("text");
        assert_eq!(bench.store.requests().contains(&format!("PUT {target}")), applied.forwarded);
        assert_eq!(bench.get(&target).status == 200, applied.forwarded);
    }
    assert_eq!(bench.applied().len(), 8, "reads are not dropped");
}

#[test]
fn all_or_none_of_the_drops_are_executed() {
    for (executed, count) in [(Executed::All, 4), (Executed::Never, 0)] {
        let bench = Bench::new(dropping(1, executed, 5));
        for number in 0..4 {
            assert_eq!(bench.put(&format!("/{number}"), "x"), None);
        }
        assert_eq!(bench.store.requests().len(), count);
    }
}

#[test]
fn a_lost_write_is_acknowledged_once_and_never_arrives() {
    let bench = Bench::new(Plan::LoseWrite { nth: 2, methods: vec!["PUT"], fake: stored() });
    for body in ["one", "two", "three"] {
        let answer = bench.put(&format!("/{body}"), body).expect("an answer");
        assert_eq!((answer.status, answer.all("etag")), (200, vec![etag(body.as_bytes()).as_str()]));
        assert_eq!(answer.all("content-length"), ["0"]);
    }
    assert_eq!(bench.store.requests(), ["PUT /one", "PUT /three"]);
    assert_eq!(bench.log(), ["2 lost-write"]);
    assert!(!bench.applied()[0].forwarded);
}

#[test]
fn a_write_that_cannot_be_faked_is_forwarded_with_its_body() {
    let fake = Fake(|request, _| (request.target == b"/b").then(|| (stored().0)(request, None))?);
    let bench = Bench::new(Plan::LoseWrite { nth: 1, methods: vec!["PUT"], fake });
    for target in ["/a", "/b", "/b"] {
        bench.put(target, "body").expect("an answer");
    }
    assert_eq!(bench.store.requests(), ["PUT /a", "PUT /b"]);
    assert_eq!(bench.get("/a").body, b"body");
    assert_eq!(bench.log(), ["2 lost-write"]);
}

#[test]
fn the_lost_write_mutation_answers_as_before() {
    let plan = Plan::Mutate { mutation: Mutation::LostWrite(Fake::as_before()), when: When::every(1), seed: 1 };
    let bench = Bench::new(plan);
    let first = bench.put("/a", "first").expect("an answer");
    let second = bench.put("/a", "second").expect("an answer");
    assert_eq!((first.status, first.all("etag")), (second.status, second.all("etag")));
    assert_eq!(bench.get("/a").body, b"first");
    assert_eq!(bench.log(), ["2 lost-write"]);
}

#[test]
fn a_client_that_waits_is_invited_to_send_what_is_lost() {
    let bench = Bench::new(Plan::LoseWrite { nth: 1, methods: vec!["PUT"], fake: stored() });
    let mut stream = TcpStream::connect(bench.proxy.address()).expect("a connection");
    stream.write_all(b"PUT /k HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n").expect("to send");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an invitation");
    stream.write_all(b"abc").expect("to send");
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!((&interim[..], &answer[..]), (&b"HTTP/1.1 100 Continue\r\n\r\n"[..], &b"HTTP/1.1 200 OK"[..]));
    assert_eq!(bench.store.requests(), Vec::<String>::new());
}

#[test]
fn a_chunked_write_can_be_dropped_and_lost() {
    let lose = Plan::LoseWrite { nth: 1, methods: vec!["PUT"], fake: stored() };
    let drop = Plan::DropAnswers { every: 2, methods: vec!["PUT"], executed: Executed::Never, seed: 1 };
    let bench = Bench::new(Plan::First(vec![lose, drop]));
    let request = b"PUT /k HTTP/1.1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let acknowledged = exchange(bench.proxy.address(), request);
    assert!(String::from_utf8_lossy(&acknowledged).contains(&etag(b"abc")));
    assert_eq!(exchange(bench.proxy.address(), request), b"");
    assert_eq!(bench.log(), ["1 lost-write", "2 drop-answer"]);
    assert_eq!(bench.store.requests(), Vec::<String>::new());
}

#[test]
fn the_first_plan_that_applies_wins() {
    let code = |seed| Plan::Mutate { mutation: Mutation::ChangeCode, when: When::every(1), seed };
    let range = Plan::Mutate { mutation: Mutation::OffByOneRange, when: When::every(1), seed: 1 };
    let bench = Bench::new(Plan::First(vec![range, dropping(2, Executed::All, 1), code(1), code(2)]));
    for body in ["one", "two", "three"] {
        bench.put("/k", body);
    }
    bench.send("GET", "/k", "range: bytes=2-\r\n", "").expect("an answer");
    assert_eq!(bench.log(), ["1 change-code", "2 drop-answer", "3 change-code", "4 off-by-one-range"]);
}

/// The log of a fixed conversation under a plan with something of everything.
fn conversation(seed: u64) -> Vec<plumb_test_proxy::Applied> {
    let drawn = Mutation::all().into_iter().map(|mutation| Plan::Mutate { mutation, when: When::every(4), seed });
    let bench = Bench::new(Plan::First([dropping(5, Executed::Half, seed)].into_iter().chain(drawn).collect()));
    for number in 0..12 {
        bench.put(&format!("/{}", number % 3), &format!("<r><k>{number}</k><k>x</k></r>"));
        bench.get(&format!("/{}", number % 3));
        bench.send("GET", "/1", "range: bytes=2-\r\n", "").expect("an answer");
    }
    bench.applied()
}

#[test]
fn the_same_seed_does_the_same_harm() {
    let logs: Vec<_> = (0..4).map(|run| conversation(run % 2)).collect();
    assert!(logs[0].len() > 5, "{:?}", logs[0]);
    assert_eq!(logs[0], logs[2]);
    assert_eq!(logs[1], logs[3]);
    assert_ne!(logs[0], logs[1]);
}

#[test]
fn header_values_never_stand_in_the_log() {
    let mutation = Mutation::AlterHeader(Field::named("etag"));
    let bench = Bench::new(Plan::Mutate { mutation, when: When::every(1), seed: 1 });
    bench.put("/k", "body").expect("an answer");
    let applied = bench.applied();
    assert_eq!((applied.len(), applied[0].status, applied[0].method.as_str()), (1, Some(200), "PUT"));
    assert!(!format!("{applied:?}").contains(etag(b"body").trim_matches('"')));
}
