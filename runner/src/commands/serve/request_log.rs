//! The log of a served model: a line for each request, appended to a file that only its owner can read.
//!
//! Nothing that proves who calls is written: neither signatures nor tokens nor cookies. Of bodies only those that say
//! what to do, not those that are stored.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use plumb_generator::traffic::{combined, requests};
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::http::{Request, Response};
use plumb_model::traffic::{LoggedBody, Record, Sender};
use plumb_model::value::Value;
use plumb_model::wire::Receiving;
use plumb_validator::model_server::ServerOptions;

use crate::cli::RequestLogFormat;
use crate::error::Error;

/// What stands in place of a value that proves who calls.
const HIDDEN: &str = "hidden";

/// Takes requests with their answers.
pub(super) struct RequestLog {
    file: Mutex<File>,
    format: RequestLogFormat,
    api: &'static Api,
    options: ServerOptions,
    bodies: Bodies,
}

impl RequestLog {
    /// Opens the file; what is in it already stays.
    pub(super) fn open(
        path: &Path,
        format: RequestLogFormat,
        api: &'static Api,
        options: &ServerOptions,
    ) -> Result<Self, Error> {
        let refused = |error| Error::file("write", path, error, "choose another place with --log FILE");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(refused)?;
        if file.metadata().map_err(refused)?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(refused)?;
        }
        Ok(Self { file: Mutex::new(file), format, api, options: options.clone(), bodies: Bodies::new() })
    }

    /// Appends a line. Where that fails, the log of our own messages says so: the client has its answer all the same.
    pub(super) fn write(&self, client: IpAddr, now_ms: i64, request: &Request, response: &Response) {
        let mut line = self.line(client, now_ms, request, response);
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::error!(%error, "a request could not be logged");
        }
    }

    fn line(&self, client: IpAddr, now_ms: i64, request: &Request, response: &Response) -> String {
        let receiving = Receiving {
            region: &self.options.region,
            actors: &self.options.actors,
            now_s: now_ms.div_euclid(1_000),
            bodies: &self.bodies,
        };
        let received = self.api.wire.decode_request(request, &receiving).ok();
        self.bodies.forget_given();
        let answer = received.as_ref().map(|received| self.api.wire.decode_response(&received.call, response));
        let stores = received.as_ref().is_none_or(|received| stores(&received.call, &request.body));
        let hide = stores || request.body.len() > requests::BODY_LOGGED_BYTES_MAX;
        let mut shown = self.without_proofs(request);
        if hide {
            shown.body = Bytes::new();
        }
        let record = Record {
            client: client.to_string(),
            sender: received.and_then(|received| received.actor).map_or(Sender::Unknown, Sender::Known),
            user_agent: shown.headers.text("user-agent").unwrap_or_default().to_owned(),
            time_ms: Some(now_ms),
            has_headers: true,
            body: if hide { LoggedBody::Length(request.body.len() as u64) } else { LoggedBody::Whole },
            operation: None,
            status: response.status,
            code: answer.as_ref().and_then(|answer| answer.code.clone()),
            request: shown,
        };
        let bytes = response.body.len() as u64;
        match self.format {
            RequestLogFormat::Requests => {
                let id = answer.as_ref().and_then(|answer| self.api.wire.request_id(answer));
                requests::line(&record, bytes, id)
            }
            RequestLogFormat::Combined => {
                combined::line(&record, bytes, record.request.headers.text("referer").unwrap_or_default())
            }
        }
    }

    /// The request without what proves who calls: header fields are left out, values of the query are replaced.
    fn without_proofs(&self, request: &Request) -> Request {
        let proofs = self.api.wire.proofs();
        let is_proof = |name: &str| proofs.contains(&name.to_ascii_lowercase().as_str());
        let mut shown = request.clone();
        shown.headers = request.headers.iter().filter(|(name, _)| !is_proof(name)).cloned().collect();
        let Some(at) = request.target.iter().position(|byte| *byte == b'?') else { return shown };
        let (path, query) = (&request.target[..=at], &request.target[at + 1..]);
        let parts = query.split(|byte| *byte == b'&').map(|part| {
            let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
            if is_proof(&String::from_utf8_lossy(name)) {
                [name, b"=", HIDDEN.as_bytes()].concat()
            } else {
                part.to_vec()
            }
        });
        shown.target = [path, &parts.collect::<Vec<_>>().join(&b'&')].concat();
        shown
    }
}

/// Whether the body of a request is what is stored: then an argument of its call is the whole of it.
fn stores(call: &Call, body: &Bytes) -> bool {
    !body.is_empty() && call.arguments.values().filter_map(Value::as_literal).any(|literal| literal == body)
}
