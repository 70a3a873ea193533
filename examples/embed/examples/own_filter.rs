//! A filter of one's own, for the rules that are to have it, and a line for a log that says what answered.

use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use gateway_dataplane::admit::{Admit, Admitted, Asking};
use gateway_dataplane::backend::upstream::Upstreams;
use gateway_dataplane::forward::headers::Forwarding;
use gateway_dataplane::observe::Answered;
use gateway_dataplane::table::SocketKey;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits};
use gateway_resolve::ir;
use http::{Request, Response};

/// Lets those in who have a key.
struct Keyed;

impl Admit for Keyed {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        let has_key = request.head.fields.get("x-key") == Some(b"secret");
        Box::pin(async move {
            // A real one would ask somebody here.
            match has_key {
                true => Ok(()),
                false => Err(Box::new(refusal())),
            }
        })
    }
}

fn refusal() -> Response<Bytes> {
    let mut refusal = Response::new(Bytes::from_static(b"no key\n"));
    *refusal.status_mut() = http::StatusCode::UNAUTHORIZED;
    refusal
}

/// The routes called `shop` are behind it.
fn stages(rule: &Arc<ir::Rule>) -> Vec<Box<dyn Admit>> {
    match &*rule.source.id.route.name {
        "shop" => vec![Box::new(Keyed)],
        _ => vec![],
    }
}

fn line(answered: &Answered) -> String {
    let name = |name: Option<&dyn std::fmt::Display>| name.map_or("-".into(), |n| n.to_string());
    format!(
        "rule={} backend={} attempts={} why={}",
        name(answered.rule.as_ref().map(|rule| rule as _)),
        name(answered.backend().map(|backend| backend as _)),
        answered.attempts,
        name(
            answered
                .reason
                .map(|reason| reason.as_str())
                .as_ref()
                .map(|why| why as _)
        ),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let forwarder = Forwarder::new(Upstreams::new(), Limits::default(), Forwarding::default());
    let forwarder = forwarder.admitted_by(stages);
    // Nobody listens there: who is let in gets a 503.
    forwarder.apply(&embed::ir(&["127.0.0.1"], 1));
    let peer = (Ipv4Addr::LOCALHOST, 4711).into();
    let connection = ConnectionInfo::new(peer, SocketKey::tcp(None, 80));
    for (key, status) in [("guess", 401), ("secret", 503)] {
        let request = Request::get("/shop").header("host", "shop.example.com");
        let request = request.header("x-key", key).body(Body::empty());
        let response = forwarder
            .handle(request.expect("a request"), &connection)
            .await;
        let answered = response.extensions().get::<Answered>();
        let line = line(answered.expect("each response says what answered it"));
        println!("{key}: {} {line}", response.status());
        assert_eq!(response.status(), status);
        assert!(line.contains("HTTPRoute default/shop rule 0"), "{line}");
    }
}
