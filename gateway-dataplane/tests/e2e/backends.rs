//! Mirrors, weights, and backends of an application's own.

use std::sync::{Arc, Mutex};

use gateway_dataplane::backend::{
    Attempt, Backend, BackendError, BackendErrorKind, MakeBackend, Site,
};
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits};
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{
    self as ir_types, DataPlane, Filter, Fraction, HeaderEdits, Mirror, Target,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::{Raw, get};
use crate::support::{
    address, backend, builder, filtered, id, ir, limited, listener, origin, rule, serve, to,
};

fn mirror_to(name: &str) -> Filter {
    Filter::Mirror(Mirror {
        target: Target::Backend(id(name)),
        share: Fraction::ALL,
        host_suffix: None,
    })
}

/// An origin that passes on what it was sent; `None`: the body broke off.
async fn listening() -> (origin::Origin, UnboundedReceiver<Option<String>>) {
    let (heard, hears) = unbounded_channel();
    let origin = origin::http(move |request: Request<Incoming>| {
        let heard = heard.clone();
        async move {
            let body = request
                .into_body()
                .collect()
                .await
                .ok()
                .map(|body| body.to_bytes());
            let text = body.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            heard.send(text).unwrap();
            Response::new(Full::from("ignored"))
        }
    })
    .await;
    (origin, hears)
}

#[tokio::test]
async fn a_mirror_gets_the_body_and_its_answer_is_ignored() {
    let (main, (copy, mut heard)) = (origin::says("main").await, listening().await);
    let rule = filtered(rule(vec![to("a")]), vec![mirror_to("b")]);
    let backends = vec![backend("a", &[main.address]), backend("b", &[copy.address])];
    let (_proxy, at) = serve(&ir(vec![listener("http", vec![("/", rule)])], backends));
    let mut client = Raw::connect(at).await;
    client
        .send("POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    assert_eq!(client.answer().await.body, "main");
    assert_eq!(heard.recv().await, Some(Some("hi".to_owned())));
    assert_eq!(client.get("/").await.body, "main");
    assert_eq!(heard.recv().await, Some(Some(String::new())));
}

#[tokio::test]
async fn a_mirror_that_does_not_keep_up_holds_nobody_up() {
    let (main, mut heard) = listening().await;
    let stuck = origin::raw(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let rule = filtered(rule(vec![to("a")]), vec![mirror_to("b")]);
    let backends = vec![
        backend("a", &[main.address]),
        backend("b", &[stuck.address]),
    ];
    let proxy = limited(|limits| limits.mirror_lag = 1 << 10);
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![("/", rule)])], backends)));
    let body = "z".repeat(16 << 20);
    let mut client = Raw::connect(at).await;
    let length = body.len();
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n"
        ))
        .await;
    client.send(&body).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(
        heard.recv().await.flatten().map(|text| text.len()),
        Some(length)
    );
    assert_eq!(proxy.forwarder().mirrors_lost(), 1);
}

/// HTTPRoute `filters` are carried out in order where that makes a difference: a mirror gets the request as it is
/// when its turn comes.
#[tokio::test]
async fn a_mirror_gets_the_request_as_it_was_at_its_place_among_the_filters() {
    let (seen, mut sees) = unbounded_channel();
    let mirror = origin::http(move |request: Request<Incoming>| {
        let edited = request.headers().contains_key("x-edited");
        seen.send((request.uri().path().to_owned(), edited))
            .unwrap();
        std::future::ready(Response::new(Full::from("ignored")))
    })
    .await;
    let main = origin::says("main").await;
    let name = HeaderName::new("x-edited").unwrap();
    let edit = Filter::RequestHeaders(HeaderEdits {
        set: vec![(name, HeaderValue::new("yes").unwrap())],
        add: vec![],
        remove: vec![],
    });
    for (filters, edited) in [
        (vec![mirror_to("b"), edit.clone()], false),
        (vec![edit, mirror_to("b")], true),
    ] {
        let rule = filtered(rule(vec![to("a")]), filters);
        let backends = vec![
            backend("a", &[main.address]),
            backend("b", &[mirror.address]),
        ];
        let (_proxy, at) = serve(&ir(vec![listener("http", vec![("/", rule)])], backends));
        assert_eq!(get(at, "/x").await.body, "main");
        assert_eq!(sees.recv().await, Some(("/x".to_owned(), edited)));
    }
}

/// HTTPRouteRequestMirror: each mirror of a rule gets its share of the requests.
#[tokio::test]
async fn each_of_several_mirrors_gets_a_copy() {
    let (seen, mut sees) = unbounded_channel();
    let told = |name: &'static str| {
        let seen = seen.clone();
        origin::http(move |_: Request<Incoming>| {
            seen.send(name).unwrap();
            std::future::ready(Response::new(Full::from("ignored")))
        })
    };
    let (main, b, c) = (origin::says("main").await, told("b").await, told("c").await);
    let filters = vec![mirror_to("b"), mirror_to("c")];
    let rule = filtered(rule(vec![to("a")]), filters);
    let backends = [("a", &main), ("b", &b), ("c", &c)];
    let backends = backends.map(|(name, origin)| backend(name, &[origin.address]));
    let listeners = vec![listener("http", vec![("/", rule)])];
    let (_proxy, at) = serve(&ir(listeners, backends.to_vec()));
    for _ in 0..3 {
        assert_eq!(get(at, "/x").await.body, "main");
        let mut copies = [sees.recv().await, sees.recv().await];
        copies.sort();
        assert_eq!(copies, [Some("b"), Some("c")]);
    }
}

#[tokio::test]
async fn requests_are_split_by_weight() {
    let (a, b) = (origin::says("a").await, origin::says("b").await);
    let mut heavy = to("a");
    heavy.weight = 3;
    let backends = vec![backend("a", &[a.address]), backend("b", &[b.address])];
    let listener = listener("http", vec![("/", rule(vec![heavy, to("b")]))]);
    let (_proxy, at) = serve(&ir(vec![listener], backends));
    let mut client = Raw::connect(at).await;
    let mut to_a = 0;
    for _ in 0..1_000 {
        to_a += usize::from(client.get("/").await.body == "a");
    }
    // 750 is expected; 8 standard deviations either way.
    assert!((640..860).contains(&to_a), "{to_a}");
}

/// Answers from memory, and remembers for what it was made.
#[derive(Default)]
struct Memory {
    made: Arc<Mutex<Vec<(String, bool)>>>,
}

struct Remembered(String);

impl Backend for Remembered {
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        if request.uri() == "/fail" {
            return Err(BackendError::new(BackendErrorKind::Timeout, "secret"));
        }
        Ok(Response::new(Body::from(format!(
            "{} {}",
            self.0, attempt.number
        ))))
    }
}

impl MakeBackend for Memory {
    type Backend = Remembered;

    fn make(
        &self,
        spec: &Arc<ir_types::Backend>,
        _site: &Site<'_>,
        previous: Option<&Arc<Remembered>>,
    ) -> Arc<Remembered> {
        let name = spec.id.object.name.to_string();
        self.made
            .lock()
            .unwrap()
            .push((name.clone(), previous.is_some()));
        Arc::new(Remembered(name))
    }
}

#[tokio::test]
async fn a_backend_of_ones_own_answers_and_is_made_anew_only_when_it_changed() {
    let memory = Memory::default();
    let made = Arc::clone(&memory.made);
    let proxy = builder().start_with(memory).unwrap();
    let ir = |endpoints: &[_]| {
        let routes = vec![("/", rule(vec![to("a")])), ("/b", rule(vec![to("b")]))];
        let backends = vec![backend("a", endpoints), backend("b", &[])];
        ir(vec![listener("http", routes)], backends)
    };
    let at = address(&proxy.apply(&ir(&[])));
    assert_eq!(get(at, "/").await.body, "a 0");
    let failed = get(at, "/fail").await;
    assert_eq!(
        (failed.status, &*failed.body),
        (504, "504 Gateway Timeout\n")
    );
    proxy.apply(&ir(&[]));
    proxy.apply(&ir(&[origin::nobody()]));
    let a = |again| ("a".to_owned(), again);
    assert_eq!(
        *made.lock().unwrap(),
        [a(false), ("b".to_owned(), false), a(true)]
    );
}

/// What a forwarder can't serve is told, as of any data plane.
#[tokio::test]
async fn a_forwarder_is_a_data_plane_for_http() {
    let forwarder = Forwarder::new(Memory::default(), Limits::default(), Default::default());
    let http = listener("http", vec![("/", rule(vec![to("a")]))]);
    let tcp = ir_types::Listener {
        stack: ir_types::Stack::Tcp { rule: None },
        ..listener("tcp", vec![])
    };
    let ir = ir(vec![http, tcp], vec![backend("a", &[])]);
    let applied = DataPlane::apply(&forwarder, &ir);
    let unserved = <Forwarder<Memory> as DataPlane>::unserved(&applied);
    let names: Vec<_> = unserved.iter().map(|(id, _)| id.name.as_str()).collect();
    assert_eq!(names, ["tcp"]);
    assert!(!forwarder.sockets().is_empty());
}

#[tokio::test]
async fn an_application_serves_routes_on_connections_of_its_own() {
    let forwarder = Forwarder::new(Memory::default(), Limits::default(), Default::default());
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    forwarder.apply(&ir(vec![listener], vec![backend("a", &[])]));
    let sockets = forwarder.sockets();
    let connection = ConnectionInfo::new("192.0.2.1:1234".parse().unwrap(), sockets[0]);
    let request = Request::get("/x")
        .header("host", "a.example")
        .body(Body::empty())
        .unwrap();
    let response = forwarder.handle(request, &connection).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "a 0");
}
