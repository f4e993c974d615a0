//! What is answered at which address. `docs/gate-serve.md` has the table.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::access::Access;
use super::ask::{AskError, Key, Question, Written};
use super::flagger::{Hook, Payload};
use super::record::State as Stands;
use super::runs::{Runs, Seen, Trouble};
use super::told::{About, Told, Whole, line};

/// The most bytes of a request's body.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a body may take.
const BODY_MAX: Duration = Duration::from_secs(10);
/// The most answers that are held back at once, so that there is always room for whoever wants his at once. Those beyond
/// are given at once, too.
const HELD_BACK_MAX: usize = 128;
/// After how many seconds somebody who was turned away for want of room may ask again.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("10");

/// What every route knows.
#[derive(Clone)]
struct Site {
    access: Arc<Access>,
    runs: Runs,
    about: Arc<About>,
    may_wait: Arc<Semaphore>,
}

/// Every address.
pub(super) fn router(access: Access, runs: Runs, about: About) -> Router {
    let site = Site {
        access: Arc::new(access),
        runs,
        about: Arc::new(about),
        may_wait: Arc::new(Semaphore::new(HELD_BACK_MAX)),
    };
    let closed = Router::new()
        .route("/v1/gates/{gate}", get(asked).post(asked))
        .route("/v1/flagger/{gate}", post(confirm))
        .route("/v1/flagger/{gate}/rollback", post(rollback))
        .route("/v1/runs", get(list))
        .route("/v1/runs/{gate}/{key}", get(whole).delete(forget))
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "there is nothing at this address"))
        .method_not_allowed_fallback(async || Failure::new(StatusCode::METHOD_NOT_ALLOWED, "not by this method"))
        .layer(from_fn_with_state(site.clone(), admitted));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .merge(closed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response(secured))
        .with_state(site)
}

/// Lets nobody further who may not ask, and says to everybody else which binary answers.
async fn admitted(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let access = Arc::clone(&site.access);
    // The token may be in a file.
    match tokio::task::spawn_blocking(move || access.admits(&headers, &uri)).await {
        Ok(Ok(())) => {
            let mut answer = next.run(request).await;
            for (name, text) in [("plumb-version", &site.about.version), ("plumb-model", &site.about.model)] {
                if let Ok(value) = HeaderValue::from_str(text) {
                    answer.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            answer
        }
        Ok(Err(refusal)) => {
            let mut answer = Failure::new(refusal.status(), refusal.sentence()).into_response();
            if refusal.status() == StatusCode::UNAUTHORIZED {
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"plumb\""));
            }
            answer
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Adds to every answer what keeps a browser from doing anything with it.
async fn secured(mut answer: Response) -> Response {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CACHE_CONTROL, "no-store"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Why there is no answer. It says nothing of any gate.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    why: String,
}

impl Failure {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(json!({ "error": self.why }))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        answer
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let status =
            if matches!(error, AskError::Hook(_)) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        Self::new(status, error.to_string())
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let status = match trouble {
            Trouble::NoGate | Trouble::NoRun => StatusCode::NOT_FOUND,
            Trouble::OtherVersion | Trouble::UnderWay => StatusCode::CONFLICT,
            Trouble::Full | Trouble::Ending => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Disk => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self::new(status, trouble.to_string())
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        AskError::Form("the query", rejection.body_text()).into()
    }
}

/// For Argo Rollouts, and for whoever polls: 200 and the state.
async fn asked(
    State(site): State<Site>,
    Path(gate): Path<String>,
    written: Result<Query<Written>, QueryRejection>,
    request: Request,
) -> Result<Json<Told>, Failure> {
    if request.method() == Method::HEAD {
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "HEAD begins nothing; ask by GET or POST"));
    }
    let Query(written) = written?;
    let question = Written::question(written, &body(request).await?)?;
    let seen = answered(&site, gate, question).await?;
    Ok(Json(Told::of(&seen, &site.about)))
}

/// What a hook may say in its address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookQuery {
    wait: Option<u64>,
}

/// For Flagger: 200 where it may go on, and a line that says why not where it may not.
///
/// What stops it is never 5xx or 429: of those its client tells nobody the line, and asks again by itself.
async fn confirm(
    State(site): State<Site>,
    Path(gate): Path<String>,
    query: Result<Query<HookQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let Query(query) = query?;
    let question = Payload::read(&body(request).await?)?.question(Hook::Confirm, query.wait)?;
    let seen = answered(&site, gate, question).await?;
    let status = match seen.record.state() {
        Stands::Pass | Stands::Overridden => StatusCode::OK,
        Stands::Running => StatusCode::TOO_EARLY,
        Stands::Fail => StatusCode::PRECONDITION_FAILED,
        Stands::Inconclusive => StatusCode::CONFLICT,
    };
    Ok((status, line(&seen)).into_response())
}

/// For Flagger: 200 where it is to be rolled back, which is where a gate failed, and nothing else. Begins nothing.
async fn rollback(State(site): State<Site>, Path(gate): Path<String>, request: Request) -> Result<Response, Failure> {
    let question = Payload::read(&body(request).await?)?.question(Hook::Rollback, None)?;
    let runs = site.runs.clone();
    let seen = blocking(move || runs.see_fresh(&gate, &question.key)).await??;
    let status = if seen.record.state() == Stands::Fail { StatusCode::OK } else { StatusCode::PRECONDITION_FAILED };
    Ok((status, line(&seen)).into_response())
}

async fn list(State(site): State<Site>) -> Result<Response, Failure> {
    let runs = site.runs.clone();
    let all = blocking(move || runs.list()).await?;
    let all: Vec<Told> = all.iter().map(|seen| Told::of(seen, &site.about)).collect();
    Ok(Json(json!({ "runs": all, "plumb": *site.about })).into_response())
}

async fn whole(State(site): State<Site>, Path((gate, key)): Path<(String, String)>) -> Result<Json<Whole>, Failure> {
    let (key, runs) = (Key::new(&key)?, site.runs.clone());
    let seen = blocking(move || runs.see_all(&gate, &key)).await??;
    Ok(Json(Whole::of(seen, &site.about)))
}

async fn forget(State(site): State<Site>, Path((gate, key)): Path<(String, String)>) -> Result<StatusCode, Failure> {
    let (key, runs) = (Key::new(&key)?, site.runs.clone());
    blocking(move || runs.forget(&gate, &key)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// The run for a question, once it is decided or the wait is over.
async fn answered(site: &Site, gate: String, question: Question) -> Result<Seen, Failure> {
    let (until, key) = (Instant::now() + question.wait, question.key.clone());
    let (runs, named) = (site.runs.clone(), gate.clone());
    let mut seen = blocking(move || runs.ask(&named, question)).await??;
    let Ok(_held_back) = site.may_wait.try_acquire() else { return Ok(seen) };
    if seen.record.outcome.is_some() || timeout_at(until, seen.changed.changed()).await.is_err() {
        return Ok(seen);
    }
    let runs = site.runs.clone();
    Ok(blocking(move || runs.see(&gate, &key)).await??)
}

/// The body of a request, which is not too large and not too slow.
async fn body(request: Request) -> Result<Bytes, Failure> {
    match timeout(BODY_MAX, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let why = format!("the body has more than {BODY_BYTES_MAX} bytes");
            Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, why))
        }
        Ok(Err(_)) => Err(Failure::new(StatusCode::BAD_REQUEST, "the body did not come whole")),
        Err(_) => {
            let why = format!("the body took longer than {} s", BODY_MAX.as_secs());
            Err(Failure::new(StatusCode::REQUEST_TIMEOUT, why))
        }
    }
}

/// Asks where waiting for the disk is no harm.
async fn blocking<T: Send + 'static>(question: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(question).await.map_err(|error| {
        tracing::error!(%error, "failed to answer");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed to find out")
    })
}
