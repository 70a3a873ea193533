//! Copies of requests, whose answers are ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use http::request::Parts;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::plan::Forward;
use super::{Options, entropy};
use crate::Body;
use crate::backend::{Attempt, Backend};
use crate::body::tee;

/// Sends the copies that the filters ask for; the body that is returned feeds them as it is read.
pub(super) fn copies<B: Backend>(
    options: &Options,
    worker: usize,
    plan: &Forward<'_, B>,
    head: &Parts,
    mut body: Body,
) -> Body {
    let mirrors = plan
        .filters
        .mirrors()
        .iter()
        .chain(plan.target.filters.mirrors());
    for mirror in mirrors {
        if !mirror.takes(entropy::random()) {
            continue;
        }
        let Some(place) = Place::take(options) else {
            tracing::debug!(%worker, "too many mirrored requests are open");
            continue;
        };
        let (original, copy) = tee(body, options.limits.mirror_lag);
        body = original;
        let request = Request::from_parts(super::copy_head(head), copy);
        let backend = Arc::clone(&mirror.backend);
        let limit = options.limits.mirror;
        tokio::spawn(async move {
            let _place = place;
            let answered = timeout(limit, send(&*backend, request, worker)).await;
            if answered.is_err() {
                tracing::debug!(?limit, "a mirrored request took too long");
            }
        });
    }
    body
}

/// Reads the answer to its end, so that the connection can be used again.
async fn send<B: Backend>(backend: &B, request: Request<Body>, worker: usize) {
    match backend.call(request, &Attempt::first(worker)).await {
        Ok(response) => {
            let mut body = response.into_body();
            while let Some(Ok(_frame)) = body.frame().await {}
        }
        Err(error) => tracing::debug!(%error, "a mirrored request failed"),
    }
}

/// One of the mirrored requests that may be open.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(options: &Options) -> Option<Self> {
        let open = &options.mirrors_open;
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::Relaxed) < options.limits.mirrors).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
