//! Copies of requests, whose answers are ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway_resolve::ir;
use http::{Extensions, Request};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

use super::Options;
use crate::Body;
use crate::backend::{Attempt, Backend};
use crate::body::{Bounds, Copies, Informer, tee};
use crate::plan::Copied;

/// What mirrored requests of a proxy share.
#[derive(Debug, Default)]
pub(crate) struct Mirrors {
    open: AtomicUsize,
    pub(crate) copies: Arc<Copies>,
}

/// Sends the copies; the body that is returned feeds them as it is read.
pub(super) fn send_all<B: Backend>(
    options: &Options,
    worker: usize,
    (rule, extensions): (&Arc<ir::Rule>, &Extensions),
    copies: Vec<Copied<Arc<B>>>,
    mut body: Body,
) -> Body {
    let limits = &options.limits;
    for Copied { backend, head } in copies {
        let Some(place) = Place::take(options) else {
            options.mirrors.copies.lose("mirrors");
            continue;
        };
        let mut parts = Request::new(()).into_parts().0;
        parts.extensions.clone_from(extensions);
        // Its interim responses and its upgrade are nobody's.
        parts.extensions.remove::<Informer>();
        parts.extensions.remove::<OnUpgrade>();
        if head.write_parts(&mut parts).is_err() {
            continue;
        }
        let bounds = Bounds {
            one: limits.mirror_lag,
            all: limits.mirror_lag_of_all,
        };
        let (original, copy) = tee(body, bounds, &options.mirrors.copies);
        body = original;
        let request = Request::from_parts(parts, copy);
        let rule = Arc::clone(rule);
        let limit = limits.mirror;
        tokio::spawn(async move {
            let _place = place;
            let answered = timeout(limit, send(&*backend, request, worker, &rule)).await;
            if answered.is_err() {
                tracing::debug!(?limit, "a mirrored request took too long");
            }
        });
    }
    body
}

/// Reads the answer to its end, so that the connection can be used again.
async fn send<B: Backend>(
    backend: &B,
    request: Request<Body>,
    worker: usize,
    rule: &Arc<ir::Rule>,
) {
    let attempt = Attempt {
        rule: Some(rule),
        ..Attempt::first(worker)
    };
    match backend.call(request, &attempt).await {
        Ok(response) => {
            let mut body = response.into_body();
            while let Some(Ok(_frame)) = body.frame().await {}
        }
        Err(error) => tracing::debug!(%error, "a mirrored request failed"),
    }
}

/// One of the mirrored requests that may be open.
struct Place(Arc<Mirrors>);

impl Place {
    fn take(options: &Options) -> Option<Self> {
        let mirrors = &options.mirrors;
        let place = Self(Arc::clone(mirrors));
        let open = mirrors.open.fetch_add(1, Ordering::Relaxed);
        (open < options.limits.mirrors).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
