//! A backend with balancing of its own: each client sticks to one endpoint.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use gateway_dataplane::backend::{
    Attempt, Backend, BackendError, BackendErrorKind, MakeBackend, Site,
};
use gateway_dataplane::forward::headers::Forwarding;
use gateway_dataplane::table::SocketKey;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits};
use gateway_resolve::ir;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

/// Answers for one backend of the IR.
struct Sticky(Arc<ir::Backend>);

impl Backend for Sticky {
    async fn call(
        &self,
        request: Request<Body>,
        _attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let mut hasher = DefaultHasher::new();
        request.headers().get("x-forwarded-for").hash(&mut hasher);
        let endpoints = &self.0.endpoints;
        let none = || BackendError::new(BackendErrorKind::NoEndpoint, "no endpoint");
        let at = hasher
            .finish()
            .checked_rem(endpoints.len() as u64)
            .ok_or_else(none)?;
        // Here a real one would send the request to the endpoint.
        let text = format!("{}\n", endpoints[at as usize].address);
        Ok(Response::new(Body::new(Full::new(Bytes::from(text)))))
    }
}

/// Makes them.
struct MakeSticky;

impl MakeBackend for MakeSticky {
    type Backend = Sticky;

    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        _site: &Site<'_>,
        _previous: Option<&Arc<Sticky>>,
    ) -> Arc<Sticky> {
        Arc::new(Sticky(Arc::clone(spec)))
    }
}

#[tokio::main]
async fn main() {
    let forwarder = Forwarder::new(MakeSticky, Limits::default(), Forwarding::default());
    forwarder.apply(&embed::ir(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], 8080));
    let socket = SocketKey::tcp(None, 80);
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
        let peer = (
            client.parse::<std::net::IpAddr>().expect("an address"),
            4711,
        )
            .into();
        let request = Request::get("/shop").header("host", "shop.example.com");
        let request = request.body(Body::empty()).expect("a request");
        let response = forwarder
            .handle(request, &ConnectionInfo::new(peer, socket))
            .await;
        assert_eq!(response.status(), 200);
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        print!("{client} -> {}", String::from_utf8_lossy(&body));
    }
}
