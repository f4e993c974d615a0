//! Holding calls back by hand.

use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};

use super::routes::Site;
use super::words::safe;

/// The longest word of a state, in bytes.
const STATE_BYTES_MAX: usize = 40;
/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 600;

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: String,
    reason: String,
}

/// Sets the kill switch. A form leads back to the board, JSON is answered in JSON.
pub(super) async fn set(State(site): State<Site>, request: Request) -> Result<Response, Response> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    // Either refuses what is of another type, too long, or not what it says.
    let wanted = if json {
        Json::<Wanted>::from_request(request, &())
            .await
            .map(|Json(wanted)| wanted)
            .map_err(axum::response::IntoResponse::into_response)?
    } else {
        Form::<Wanted>::from_request(request, &())
            .await
            .map(|Form(wanted)| wanted)
            .map_err(axum::response::IntoResponse::into_response)?
    };
    let wanted = checked(wanted).map_err(refused)?;
    let asked = wanted.clone();
    site.ask(move |source| source.set_brake(&asked.state, &asked.reason)).await?.map_err(|why| refused(&why))?;
    tracing::warn!(state = %safe(&wanted.state), reason = %safe(&wanted.reason), "kill switch set by HTTP");
    Ok(if json { Json(wanted).into_response() } else { Redirect::to("/").into_response() })
}

fn checked(wanted: Wanted) -> Result<Wanted, &'static str> {
    if wanted.state.is_empty() || wanted.state.len() > STATE_BYTES_MAX {
        return Err("the state is missing or too long");
    }
    if wanted.reason.trim().is_empty() || wanted.reason.len() > REASON_BYTES_MAX {
        return Err("a reason is needed, of at most 600 bytes");
    }
    Ok(wanted)
}

fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{}\n", safe(why))).into_response()
}
