//! What the parts of the bundled upstream are told, and what the IR says of a backend.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_dataplane::backend::upstream::{
    Candidates, Choice, Connect, ConnectTarget, Pick, TcpConnect, Upstreams,
};
use gateway_resolve::ir::{Authorities, Backend, BackendTls, Ejection, Handshake, Ir};
use tokio::net::TcpStream;

use crate::support::client::{Raw, get};
use crate::support::{
    address, backend, builder, certificate, ir, listener, origin, rule, serve, set, to,
};

fn only(backend: Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

/// What a choice was made from: the zone, who was tried, and who was there with which weight.
type Seen = (Option<String>, Vec<SocketAddr>, Vec<(SocketAddr, u32)>);

/// Picks the heaviest, and remembers what it was asked.
struct Heaviest(Arc<Mutex<Vec<Seen>>>);

impl Pick for Heaviest {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        let weight = |index| candidates.endpoint(index).weight.map_or(1, u32::from);
        let weighed = (0..candidates.len()).map(|index| (candidates.address(index), weight(index)));
        let weighed: Vec<_> = weighed.collect();
        let most = (0..weighed.len()).max_by_key(|index| weighed[*index].1);
        let zone = choice.zone.map(str::to_owned);
        self.0
            .lock()
            .unwrap()
            .push((zone, choice.tried.to_vec(), weighed));
        most.unwrap_or_default()
    }
}

#[tokio::test]
async fn a_pick_knows_zone_and_weights_and_who_was_tried() {
    let (good, other) = (origin::says("good").await, origin::says("other").await);
    let (good, third, gone) = (good.address, other.address, origin::nobody());
    let seen = Arc::default();
    let upstreams = Upstreams::new().picked_by(Heaviest(Arc::clone(&seen)));
    let proxy = builder()
        .workers(1)
        .zone("west")
        .start_with(upstreams)
        .unwrap();
    let mut weighed = backend("a", &[good, gone, third]);
    for endpoint in &mut weighed.endpoints {
        let weights = [(gone, 3), (good, 2), (third, 1)];
        let weight = weights
            .iter()
            .find(|(at, _)| endpoint.address.ip() == Some(*at));
        endpoint.weight = weight.and_then(|(_, weight)| u32::try_into(*weight).ok());
    }
    let at = address(&proxy.apply(&only(weighed.clone())));
    assert_eq!(get(at, "/").await.body, "good");
    let all: Vec<_> = weighed
        .endpoints
        .iter()
        .map(|e| (e.address.ip().unwrap(), e.weight.unwrap().get()))
        .collect();
    let left: Vec<_> = all.iter().filter(|(at, _)| *at != gone).copied().collect();
    let zone = Some("west".to_owned());
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], (zone.clone(), vec![], all));
    assert_eq!(*seen.last().unwrap(), (zone, vec![gone], left));
}

/// Remembers the server name of what it connects to.
struct Named(Arc<Mutex<Vec<String>>>);

impl Connect for Named {
    type Stream = TcpStream;

    async fn connect(&self, target: &ConnectTarget<'_>) -> io::Result<TcpStream> {
        let name = target.server_name().map(ToString::to_string);
        let id = &target.backend.id.object.name;
        let line = format!("{id} {}", name.unwrap_or_default());
        self.0.lock().unwrap().push(line);
        TcpConnect.connect(target).await
    }
}

#[tokio::test]
async fn a_connector_knows_backend_and_server_name_of_its_target() {
    let seen = Arc::default();
    let upstreams = Upstreams::over(Named(Arc::clone(&seen)));
    let proxy = builder().start_with(upstreams).unwrap();
    let mut secured = backend("a", &[origin::says("clear").await.address]);
    secured.tls = Some(BackendTls {
        server_name: Some("web.example".parse().unwrap()),
        handshake: Handshake::default(),
        alpn: Vec::new(),
        names: vec![],
        authorities: Authorities::Certificates(certificate("a", &["web.example"]).chain),
        identity: None,
    });
    let at = address(&proxy.apply(&only(secured)));
    assert_eq!(get(at, "/").await.status, 503);
    assert_eq!(*seen.lock().unwrap(), ["a web.example"]);
}

/// A connector to an endpoint that neither accepts nor refuses.
struct Silent;

impl Connect for Silent {
    type Stream = TcpStream;

    async fn connect(&self, _: &ConnectTarget<'_>) -> io::Result<TcpStream> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_backends_own_connect_timeout_counts() {
    let proxy = builder().start_with(Upstreams::over(Silent)).unwrap();
    let mut hasty = backend("a", &[origin::nobody()]);
    hasty.settings.connect_timeout = set(Duration::from_millis(20));
    let at = address(&proxy.apply(&only(hasty)));
    let answer = tokio::time::timeout(Duration::from_secs(4), get(at, "/"));
    assert_eq!(answer.await.expect("that of the limits is 5 s").status, 503);
}

#[tokio::test]
async fn a_backends_own_ejection_counts() {
    let (good, bad) = (
        origin::says("good").await,
        origin::raw(|stream| async move {
            Raw::over(stream).until("\r\n\r\n").await;
        })
        .await,
    );
    let mut strict = backend("a", &[good.address, bad.address]);
    strict.settings.ejection = set(Ejection::of_silent(
        1.try_into().unwrap(),
        Duration::from_secs(600),
    ));
    let (_proxy, at) = serve(&only(strict));
    let mut client = Raw::connect(at).await;
    for _ in 0..8 {
        assert_eq!(client.get("/").await.body, "good");
    }
    assert_eq!(bad.connections(), 1);
}
