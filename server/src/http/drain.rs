//! What a request that is refused still sends is read, and thrown away: were the connection closed under it, the client
//! would see a reset instead of the refusal.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;

/// No more than this is read, and for no longer.
const MOST: usize = 8 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(5);

pub(super) async fn rest(request: Request, next: Next) -> Response {
    // Who asks before sending the body does not send it after a refusal.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let kept = Arc::new(Mutex::new(body.into_data_stream()));
    let lent = stream::unfold(kept.clone(), async |kept| {
        let chunk = kept.lock().await.next().await?;
        Some((chunk, kept))
    });
    let response = next.run(Request::from_parts(parts, Body::from_stream(lent))).await;
    let _ = tokio::time::timeout(LONGEST, read(&kept)).await;
    response
}

async fn read(kept: &Mutex<BodyDataStream>) {
    let mut kept = kept.lock().await;
    let mut length = 0;
    while length < MOST {
        let Some(Ok(chunk)) = kept.next().await else { return };
        length += chunk.len();
    }
}
