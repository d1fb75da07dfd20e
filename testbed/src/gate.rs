//! What every request passes: the log, latency, credentials, faults.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::body::deliver;
use crate::fault::FaultKind;
use crate::files::ChangedEtag;
use crate::server::Shared;

/// Largest body of a request; a search is far smaller.
const LARGEST_BODY: usize = 16 << 20;

pub(crate) async fn gate(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/_") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let entry = shared.log.open(&parts, &body);
    let mut request = Request::from_parts(parts, body.into());
    let latency = shared.latency();
    // Even a sleep of nothing lasts until the timer's next millisecond.
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }

    let path = request.uri().path();
    let target = request.uri().path_and_query().map_or(path, |target| target.as_str());
    let faults = shared.faults.draw(target);
    let refused = shared.guards.iter().find(|(prefix, auth)| {
        path.starts_with(prefix) && !auth.admits(request.headers(), &shared.tokens)
    });
    let response = if let Some((_, auth)) = refused {
        auth.refusal(&shared.url, target)
    } else if let Some(answer) = before(&mut request, &faults).await {
        answer
    } else {
        next.run(request).await
    };
    entry.answer(response.status().as_u16());
    deliver(response, &faults, entry)
}

/// What faults do before the request is looked at: change it, delay it or answer it.
async fn before(request: &mut Request, faults: &[FaultKind]) -> Option<Response> {
    let mut answer = None;
    for fault in faults {
        match fault {
            FaultKind::Latency(latency) => tokio::time::sleep(*latency).await,
            FaultKind::IgnoreRange => {
                request.headers_mut().remove(header::RANGE);
            }
            FaultKind::ChangedEtag => {
                request.extensions_mut().insert(ChangedEtag);
            }
            _ => answer = answer.or_else(|| instead(fault)),
        }
    }
    answer
}

fn instead(fault: &FaultKind) -> Option<Response> {
    match fault {
        FaultKind::Status { code, retry_after } => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut answer = (status, "a fault of the testbed").into_response();
            if let Some(Ok(value)) = retry_after.as_deref().map(HeaderValue::from_str) {
                answer.headers_mut().insert(header::RETRY_AFTER, value);
            }
            Some(answer)
        }
        FaultKind::NotFound => Some((StatusCode::NOT_FOUND, "no such file").into_response()),
        FaultKind::Redirect(to) => {
            Some((StatusCode::FOUND, [(header::LOCATION, to.as_str())]).into_response())
        }
        FaultKind::HtmlPage200 => {
            Some(Html("<!DOCTYPE html><html><title>Sign in</title></html>").into_response())
        }
        _ => None,
    }
}
