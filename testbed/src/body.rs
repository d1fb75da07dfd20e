//! Bodies of answers: counted, cut, slowed down.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::fault::FaultKind;
use crate::request::Entry;

/// How a body is sent, after the faults of its request.
#[derive(Debug, Default)]
struct Delivery {
    /// The body ends after so many bytes.
    end: Option<u64>,
    /// The connection breaks at the end of the body.
    broken: bool,
    bytes_per_s: Option<u64>,
}

/// Gives the answer a `Content-Length`, lets `faults` have their way with the body and counts
/// what is sent.
pub(crate) fn deliver(response: Response, faults: &[FaultKind], entry: Arc<Entry>) -> Response {
    let (mut parts, body) = response.into_parts();
    if !parts.headers.contains_key(header::CONTENT_LENGTH)
        && let Some(length) = body.size_hint().exact()
    {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let mut delivery = Delivery::default();
    for fault in faults {
        match fault {
            FaultKind::CutBody { after } => {
                delivery.end = Some(*after);
                delivery.broken = true;
            }
            FaultKind::Truncate { to } => {
                delivery.end = Some(*to);
                let length = declared_length(&parts.headers).map_or(*to, |whole| whole.min(*to));
                parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
            FaultKind::WrongContentLength(length) => {
                delivery.broken |= declared_length(&parts.headers).is_some_and(|own| own < *length);
                parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(*length));
            }
            FaultKind::Drip { bytes_per_s } => delivery.bytes_per_s = Some(*bytes_per_s),
            _ => {}
        }
    }
    Response::from_parts(parts, delivery.body(body, entry))
}

fn declared_length(headers: &axum::http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Delivery {
    fn body(self, body: Body, entry: Arc<Entry>) -> Body {
        let pieces = body.into_data_stream().map(|piece| piece.map_err(std::io::Error::other));
        let start = (pieces.boxed(), Bytes::new(), 0u64, self);
        let sent = stream::unfold(start, move |(mut pieces, mut rest, position, delivery)| {
            let entry = Arc::clone(&entry);
            async move {
                let left = delivery.end.map_or(u64::MAX, |end| end.saturating_sub(position));
                while rest.is_empty() && left > 0 {
                    match pieces.next().await {
                        Some(Ok(piece)) => rest = piece,
                        Some(Err(cause)) => {
                            return Some((Err(cause), (pieces, rest, position, delivery)));
                        }
                        None => break,
                    }
                }
                if rest.is_empty() || left == 0 {
                    return delivery.end_of_body().await.map(|piece| {
                        (piece, (stream::empty().boxed(), Bytes::new(), 0, Self::default()))
                    });
                }
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let piece = rest.split_to(rest.len().min(most).min(delivery.most_at_once()));
                delivery.keep_pace(piece.len()).await;
                entry.sent(piece.len());
                let position = position + piece.len() as u64;
                Some((Ok(piece), (pieces, rest, position, delivery)))
            }
        });
        Body::from_stream(sent)
    }

    async fn end_of_body(&self) -> Option<std::io::Result<Bytes>> {
        if !self.broken {
            return None;
        }
        // What was sent reaches the client before the connection breaks.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some(Err(std::io::Error::other("cut by a fault")))
    }

    /// The bytes of the next piece, at most.
    fn most_at_once(&self) -> usize {
        const TURNS_PER_S: u64 = 20;
        let most = self.bytes_per_s.map(|bytes_per_s| (bytes_per_s / TURNS_PER_S).max(1));
        most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
    }

    /// Waits as long as so many bytes take.
    async fn keep_pace(&self, bytes: usize) {
        if let Some(bytes_per_s) = self.bytes_per_s {
            let seconds = bytes as f64 / bytes_per_s.max(1) as f64;
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
    }
}
