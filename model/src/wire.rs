//! Between calls and bytes, in four directions; and what a request touches, for the guard.

use std::fmt;

use bytes::Bytes;

use crate::answer::Answer;
use crate::bodies::Bodies;
use crate::call::{Call, Need};
use crate::http::{Request, Response};
use crate::traffic::{Logged, Record};

/// The name by which cases call the target's second identity. It belongs to another account than the first: what
/// is private to the one is closed to the other. It is never the default.
pub const SECOND_ACTOR: &str = "other";

/// A named identity with its credentials. The secret never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name that cases use.
    pub name: String,
    /// The public identifier: an access key id.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// The token of a session, where there is one.
    pub session_token: Option<String>,
}

impl fmt::Debug for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Actor").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What it takes to put a call on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Host and port, as in the `host` header.
    pub authority: &'a str,
    /// The region, for APIs that sign with one.
    pub region: &'a str,
    /// Who sends it; none sends it unsigned.
    pub actor: Option<&'a Actor>,
    /// Seconds since 1970.
    pub now_s: i64,
    /// The pool of bodies.
    pub bodies: &'a Bodies,
}

/// What it takes to read a request.
#[derive(Clone, Copy)]
pub struct Receiving<'a> {
    /// The region, for APIs that sign with one.
    pub region: &'a str,
    /// The identities that are known here.
    pub actors: &'a [Actor],
    /// Seconds since 1970.
    pub now_s: i64,
    /// The pool of bodies.
    pub bodies: &'a Bodies,
}

/// A call read from a request, with who sent it.
#[derive(Debug, Clone)]
pub struct Received {
    /// The call; the quality of its signature is an argument of it.
    pub call: Call,
    /// The public identifier of the sender; none where nobody is known to have signed.
    pub actor: Option<String>,
}

/// Why a call cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("encode {operation}: {reason}")]
pub struct EncodeError {
    /// The operation.
    pub operation: String,
    /// What is missing.
    pub reason: String,
}

/// A request that maps to no operation of the model: counted, never conforming.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("decode request: {0}")]
pub struct Unmodelled(pub String);

/// How a request touches a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Looks at it.
    Reads,
    /// Makes it.
    Creates,
    /// Changes it.
    Writes,
    /// Takes it away.
    Deletes,
}

/// A resource that a request may touch, however a server reads the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// What it is, a word of the API.
    pub kind: &'static str,
    /// Its name.
    pub name: Bytes,
    /// The part of it that is touched: the name of what lies inside. None means the resource as a whole.
    pub inside: Option<Bytes>,
    /// How it is touched.
    pub access: Access,
}

/// How curl signs a request: options for a POSIX shell, and the headers that curl makes itself.
#[derive(Debug, Clone, Default)]
pub struct CurlSigning {
    /// Words for a shell, quoted already; secrets only as variables.
    pub options: Vec<String>,
    /// Headers that must not be given, because curl makes its own.
    pub headers_left_out: &'static [&'static str],
}

/// The wire format of an API.
pub trait Wire: Send + Sync {
    /// A resolved call as a signed request.
    fn encode(&self, call: &Call, sending: &Sending<'_>) -> Result<Request, EncodeError>;

    /// The answer to a call, taken apart. Never fails: what cannot be read is an answer without a document.
    fn decode_response(&self, call: &Call, response: &Response) -> Answer;

    /// The call that a request makes.
    fn decode_request(&self, request: &Request, receiving: &Receiving<'_>) -> Result<Received, Unmodelled>;

    /// The call that a logged request made. What a log cannot tell is left out and named, never taken for a fault.
    fn decode_logged(&self, record: &Record, receiving: &Receiving<'_>) -> Result<Logged, Unmodelled> {
        let call = self.decode_request(&record.request, receiving)?.call;
        Ok(Logged { call, untold: &[], body_length: None })
    }

    /// The header fields and query parameters, in small letters, by which a caller proves who it is: their values
    /// are written nowhere.
    fn proofs(&self) -> &'static [&'static str] {
        &["authorization", "cookie", "proxy-authorization"]
    }

    /// The header with the server's own id of a request, by which its owner finds it in the logs.
    fn request_id_field(&self) -> Option<&'static str> {
        None
    }

    /// That id.
    fn request_id(&self, answer: &Answer) -> Option<String> {
        answer.headers.text(self.request_id_field()?).map(str::to_owned)
    }

    /// How curl signs the request of `call` as `actor`, none being the target's first identity; none where curl
    /// cannot send the same. No call means an errand.
    fn curl_signing(
        &self,
        _call: Option<&Call>,
        _actor: Option<&str>,
        _request: &Request,
        _region: &str,
    ) -> Option<CurlSigning> {
        Some(CurlSigning::default())
    }

    /// An answer as it goes over the wire.
    fn encode_response(&self, call: &Call, answer: &Answer) -> Response;

    /// Everything a request may touch, whichever way a server or a library in between reads its bytes. An error
    /// means that it cannot be told, and such a request is not sent.
    fn touches(&self, request: &Request) -> Result<Vec<Touch>, String>;
}

/// Where a resource is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'a> {
    /// The flavour of the API.
    pub flavour: &'a str,
    /// The region, for APIs that know regions.
    pub region: &'a str,
}

impl Site<'static> {
    /// Nowhere in particular: for whoever asks only which operations it takes.
    pub const NOWHERE: Self = Self { flavour: "", region: "" };
}

/// How an API's resources are named, made and removed.
pub trait Resources: Send + Sync {
    /// The real name of `role` for a case: it must hold `marker`, by which a run knows its own.
    fn name(&self, kind: &str, role: &str, marker: &str) -> Option<Bytes>;

    /// The name of a thing inside a shared resource: `prefix`, then the role.
    fn inside(&self, kind: &str, role: &str, prefix: &str) -> Option<Bytes>;

    /// Whether a name belongs to the run with this marker: it starts with the marker and a hyphen.
    fn carries(&self, name: &[u8], marker: &str) -> bool;

    /// The calls that make a resource for `need` under `name`; empty where nothing has to be made.
    fn provision(&self, need: &Need, name: &Bytes, site: Site<'_>) -> Vec<Call>;

    /// The call that lists what is inside a resource, after `last` answer; none where there is no more.
    fn list(&self, kind: &str, name: &Bytes, last: Option<&Answer>) -> Option<Call>;

    /// The call that lists what is inside a resource under names that start with `prefix`, after `last` answer; none
    /// where there is no more. None for the first page means that no part of such a resource can be told from the
    /// others: then nobody shares it.
    fn list_below(&self, _kind: &str, _name: &Bytes, _prefix: &Bytes, _last: Option<&Answer>) -> Option<Call> {
        None
    }

    /// The natures that things of a kind may have: what cannot be undone once it was done to one of them.
    fn natures(&self, _kind: &str) -> &'static [&'static str] {
        &[]
    }

    /// Whether what [`Self::provision`] makes is of this nature.
    fn makes_nature(&self, _kind: &str, _nature: &str) -> bool {
        false
    }

    /// The calls that remove what an answer to such a call lists.
    fn remove_listed(&self, kind: &str, name: &Bytes, listed: &Answer) -> Vec<Call>;

    /// The call that removes the resource itself.
    fn remove(&self, kind: &str, name: &Bytes) -> Call;

    /// Whether the answer to a removal says that there is no such thing, and can be none.
    fn is_absent(&self, answer: &Answer) -> bool {
        answer.status == 404
    }

    /// Whether an answer says that the caller's credentials are not accepted at all.
    fn rejects_credentials(&self, answer: &Answer) -> bool {
        answer.status == 401
    }

    /// Whether an answer says that the target does not have what the call asks for. Only what cannot be meant
    /// otherwise may count: everything else stays a matter for the judge.
    ///
    /// 501 by default (RFC 9110 section 15.6.2: "does not support the functionality required to fulfill the
    /// request"), and no 405, which also refuses a method on one resource alone (section 15.5.6).
    fn is_not_implemented(&self, answer: &Answer) -> bool {
        answer.status == 501
    }

    /// A harmless call about something of the run with this marker: any answer shows that the service lives.
    fn liveness(&self, marker: &str) -> Call;
}
