//! Between calls and bytes: path-style requests, XML, and signatures.
//!
//! `route` says where each argument stands; `encode` and `decode` go there and back; `touches` tells the guard
//! what a request may reach, whichever way its bytes are read.

pub(crate) mod configuration;
mod decode;
pub(crate) mod deletion;
pub(crate) mod digests;
mod encode;
mod logged;
mod route;
mod signing;
pub(crate) mod target;
mod touches;
mod xml;

pub use deletion::MORE_KEYS_MAX;
pub(crate) use route::Route;
pub use touches::INTERPRETATIONS_MAX;
pub use xml::{XML_BYTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX};

use plumb_model::answer::Answer;
use plumb_model::call::Call;
use plumb_model::http::{Request, Response};
use plumb_model::traffic::{Logged, Record};
use plumb_model::wire::{CurlSigning, EncodeError, Received, Receiving, Sending, Touch, Unmodelled, Wire};

use crate::sigv4::SigningKeys;

/// The namespace of S3's documents.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// The field that tells the namespace of a listing. No element can have this name (XML 1.0 section 2.3).
pub(crate) const NAMESPACE_FIELD: &str = "xmlns";

/// The field that tells the text of a root without elements. No element can have this name (XML 1.0 production 4).
pub(crate) const TEXT_FIELD: &str = "#text";

/// The wire format of S3. It keeps the signing keys that it derived.
#[derive(Debug, Default)]
pub(crate) struct S3Wire {
    keys: SigningKeys,
}

impl Wire for S3Wire {
    fn encode(&self, call: &Call, sending: &Sending<'_>) -> Result<Request, EncodeError> {
        encode::request(call, &self.keys, sending)
            .map_err(|reason| EncodeError { operation: call.operation.to_string(), reason })
    }

    fn decode_response(&self, call: &Call, response: &Response) -> Answer {
        decode::response(call, response)
    }

    fn decode_request(&self, request: &Request, receiving: &Receiving<'_>) -> Result<Received, Unmodelled> {
        decode::request(request, receiving).map_err(Unmodelled)
    }

    fn decode_logged(&self, record: &Record, _receiving: &Receiving<'_>) -> Result<Logged, Unmodelled> {
        logged::call(record).map_err(Unmodelled)
    }

    fn proofs(&self) -> &'static [&'static str] {
        logged::PROOFS
    }

    fn request_id_field(&self) -> Option<&'static str> {
        Some("x-amz-request-id")
    }

    fn curl_signing(
        &self,
        call: Option<&Call>,
        actor: Option<&str>,
        request: &Request,
        region: &str,
    ) -> Option<CurlSigning> {
        signing::for_curl(call, actor, request, region)
    }

    fn encode_response(&self, call: &Call, answer: &Answer) -> Response {
        encode::response(call, answer)
    }

    fn touches(&self, request: &Request) -> Result<Vec<Touch>, String> {
        touches::touches(request)
    }
}
