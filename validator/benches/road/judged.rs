//! The road itself: a case that stores an object and reads it, from empty to its verdict.

use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::http::Request;
use plumb_model::value::Value;
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::session::Context;
use plumb_validator::verdict::Verdict;

/// One worker that runs the same case under new names.
pub(crate) struct Judged<'c, 'a> {
    context: &'c Context<'a>,
    case: Case,
    shared: Shared,
    sequence: u64,
}

impl<'c, 'a> Judged<'c, 'a> {
    /// A worker whose case stores and reads `length` bytes.
    pub(crate) fn new(context: &'c Context<'a>, length: u64) -> Self {
        Self { context, case: case(length), shared: Shared::default(), sequence: 0 }
    }

    /// Runs the case once, which must conform.
    pub(crate) async fn once(&mut self) -> CaseRun {
        self.sequence += 1;
        let run = run_case(self.context, &mut self.shared, &self.case, self.sequence).await;
        assert!(matches!(run.verdict, Verdict::Conforms { .. }), "{:?}", run.verdict);
        run
    }

    /// The requests of the case as they were sent.
    pub(crate) async fn requests(&mut self) -> Vec<Request> {
        let run = self.once().await;
        run.exchanges.into_iter().map(|exchange| exchange.request).collect()
    }

    /// What has to be given back at the end.
    pub(crate) fn into_shared(self) -> Shared {
        self.shared
    }
}

/// Sends `requests` through the transport, without names, signatures, model and judge.
pub(crate) async fn send_all(context: &Context<'_>, requests: &[Request]) {
    for request in requests {
        let received = context.transport.send(request, &context.target.limits).await.expect("an answer");
        assert!(received.response.status < 300, "{}", received.response.status);
    }
}

/// A PUT and a GET of one object in a part of a shared bucket.
fn case(length: u64) -> Case {
    let (bucket, key) = (Value::resource("bucket", "a"), Value::resource("key", "a"));
    let on_key = |operation| Call::new(operation).with("bucket", bucket.clone()).with("key", key.clone());
    let mut case = Case::new("s3");
    case.needs.push(Need::shared("bucket", "a"));
    case.calls.push(Turn::new("put", on_key("PutObject").with("body", BodySpec::random(2, length))));
    case.calls.push(Turn::new("get", on_key("GetObject")));
    case
}
