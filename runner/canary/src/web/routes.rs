//! What is answered at which address.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::access::{Gate, from_own_page};
use super::filter::Filter;
use super::pages::{self, Cursor};
use super::{days, kill_switch};
use crate::metrics;
use crate::slot::Watch;
use crate::view::Source;

/// The most bytes of a request's body.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// How long a request may take, its body included.
const REQUEST_MAX: Duration = Duration::from_secs(20);
/// The most pages that are made at once: each holds what it shows.
const PAGES_MAX: usize = 4;
/// The most slots with one due time of one watch: one of each kind.
const SLOTS_OF_A_MOMENT_MAX: usize = 8;

/// What every route knows.
#[derive(Clone)]
pub(super) struct Site {
    gate: Arc<Gate>,
    source: Arc<dyn Source>,
    room: Arc<Semaphore>,
}

impl Site {
    /// Asks the source for something, which may read files: on a thread where waiting is no harm, and few at once.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Source) -> T + Send + 'static,
    ) -> Result<T, Response> {
        let failed = || (StatusCode::INTERNAL_SERVER_ERROR, "the daemon failed to find out\n").into_response();
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|_| failed())?;
        let source = Arc::clone(&self.source);
        let answer = tokio::task::spawn_blocking(move || {
            let answer = question(source.as_ref());
            drop(permit);
            answer
        });
        answer.await.map_err(|error| {
            tracing::error!(%error, "failed to make a page");
            failed()
        })
    }
}

/// Every address.
pub(super) fn router(gate: Gate, source: Arc<dyn Source>) -> Router {
    let site = Site { gate: Arc::new(gate), source, room: Arc::new(Semaphore::new(PAGES_MAX)) };
    let closed = Router::new()
        .route("/", get(board))
        .route("/watch/{canary}/{target}", get(watch))
        .route("/ledger/{date}", get(ledger))
        .route("/finding/{id}", get(finding))
        .route("/slot/{canary}/{target}/{due}/{kind}", get(slot))
        .route("/icon.svg", get(async || ([(CONTENT_TYPE, "image/svg+xml")], pages::ICON)))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/kill-switch", post(kill_switch::set))
        .fallback(missing)
        .layer(from_fn_with_state(site.clone(), admitted));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .merge(closed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(bounded))
        .layer(middleware::map_response(secured))
        .with_state(site)
}

/// Lets nobody further who may not see anything.
async fn admitted(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let gate = Arc::clone(&site.gate);
    // The secret may be in a file.
    let admitted = tokio::task::spawn_blocking(move || {
        gate.admits(&headers, &uri)?;
        if changes { from_own_page(&headers) } else { Ok(()) }
    });
    match admitted.await {
        Ok(Ok(())) => next.run(request).await,
        Ok(Err(refusal)) => {
            let mut answer = (refusal.status(), format!("{}\n", refusal.sentence())).into_response();
            if refusal.status() == StatusCode::UNAUTHORIZED {
                answer.headers_mut().insert(WWW_AUTHENTICATE, site.gate.challenge());
            }
            answer
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Gives up on a request that takes too long, as one does whose body never comes.
async fn bounded(request: Request, next: Next) -> Response {
    let late = |_| (StatusCode::REQUEST_TIMEOUT, "it took too long\n").into_response();
    timeout(REQUEST_MAX, next.run(request)).await.unwrap_or_else(late)
}

/// Adds what a browser needs to know to every answer.
async fn secured(mut answer: Response) -> Response {
    let digest = STANDARD.encode(Sha256::digest(pages::STYLE));
    let policy = format!(
        "default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // With no referrer at all a browser would hide the origin of our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

type Answer = Result<Response, Response>;

/// A page, or the one that says that there is none.
fn page(page: Option<String>, why: &str) -> Response {
    match page {
        Some(page) => Html(page).into_response(),
        None => (StatusCode::NOT_FOUND, Html(pages::nothing("Not found", why))).into_response(),
    }
}

async fn missing() -> Response {
    page(None, "There is no page at this address.")
}

async fn board(State(site): State<Site>, Query(filter): Query<Filter>) -> Answer {
    site.ask(move |source| page(Some(pages::board(&source.board(), &filter)), "")).await
}

async fn watch(State(site): State<Site>, Path((canary, target)): Path<(String, String)>) -> Answer {
    let watch = Watch { canary, target };
    site.ask(move |source| page(pages::watch(&source.board(), &watch), "There is no such watch, or not any more."))
        .await
}

async fn ledger(
    State(site): State<Site>,
    Path(date): Path<String>,
    Query(filter): Query<Filter>,
    Query(cursor): Query<Cursor>,
) -> Answer {
    let none = "A day is written as 2026-03-14.";
    site.ask(move |source| {
        let day = days::day(source, &date, filter, cursor);
        page(day.map(|day| pages::ledger(&source.board(), &day)), none)
    })
    .await
}

async fn finding(State(site): State<Site>, Path(id): Path<String>) -> Answer {
    site.ask(move |source| {
        let kept = source.finding(&id);
        page(pages::finding(&source.board(), &id, kept.as_ref()), "There is no such finding, or not any more.")
    })
    .await
}

async fn slot(State(site): State<Site>, Path(named): Path<(String, String, i64, String)>) -> Answer {
    let (canary, target, due_ms, kind) = named;
    let watch = Watch { canary, target };
    site.ask(move |source| {
        let rows = source.ledger(Some(&watch), due_ms, due_ms.saturating_add(1), SLOTS_OF_A_MOMENT_MAX);
        let row = rows.iter().find(|row| super::health::kind(row.slot.kind) == kind);
        page(row.map(|row| pages::slot(&source.board(), row)), "There is no such slot, or not any more.")
    })
    .await
}

async fn readyz(State(site): State<Site>) -> Answer {
    let unready = site.ask(|source| source.unready()).await?;
    Ok(match unready {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", super::words::safe(&why))).into_response(),
    })
}

async fn metrics(State(site): State<Site>) -> Answer {
    let text = site.ask(|source| source.metrics()).await?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}
