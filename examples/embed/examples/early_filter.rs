//! A filter before routing: which tenant a request is from decides which rules there are for it.

use std::net::Ipv4Addr;

use gateway_dataplane::admit::{Admit, Admitted, Asking, Refusal};
use gateway_dataplane::backend::upstream::Upstreams;
use gateway_dataplane::forward::headers::Forwarding;
use gateway_dataplane::table::SocketKey;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits};
use http::{Request, Response, StatusCode};

/// Puts the tenant, which a header names, in front of the path.
struct Tenants;

impl Admit for Tenants {
    fn admit<'a>(&'a self, mut request: Asking<'a>) -> Admitted<'a> {
        Box::pin(std::future::ready(tenant(&mut request)))
    }

    /// Nobody has to be asked, so that nothing waits.
    fn admit_now(&self, request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        Some(tenant(request))
    }
}

fn tenant(request: &mut Asking<'_>) -> Result<(), Refusal> {
    let Some(tenant) = request.head.fields.text("x-tenant") else {
        let mut refusal = Response::new("whose?\n".into());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Err(Box::new(refusal));
    };
    let target = format!("/{tenant}{}", request.head.target());
    request.head.set_target(&target);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let forwarder = Forwarder::new(Upstreams::new(), Limits::default(), Forwarding::default());
    let forwarder = forwarder.received_by(vec![Box::new(Tenants)]);
    // There are rules for the tenant `shop`. Nobody listens where they lead: that gets a 503.
    forwarder.apply(&embed::ir(&["127.0.0.1"], 1));
    let peer = (Ipv4Addr::LOCALHOST, 4711).into();
    let connection = ConnectionInfo::new(peer, SocketKey::tcp(None, 80));
    for (tenant, status) in [(None, 403), (Some("shop"), 503), (Some("other"), 404)] {
        let mut request = Request::get("/cart").header("host", "shop.example.com");
        if let Some(tenant) = tenant {
            request = request.header("x-tenant", tenant);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = forwarder.handle(request, &connection).await;
        println!("{tenant:?}: {}", response.status());
        assert_eq!(response.status(), status);
    }
}
