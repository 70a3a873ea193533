//! How requests are spread over endpoints.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::backend::upstream::{Upstream, Upstreams};
use gateway_dataplane::backend::{Attempt, Backend, BackendError, MakeBackend, Site};
use gateway_dataplane::{Body, Proxy};
use gateway_resolve::ir::{self, Balancing, Ejection, Ir, PanicThreshold};
use http::{Request, Response};

use crate::support::client::{Raw, get};
use crate::support::{address, backend, builder, ir, listener, origin, rule, set, to};

/// Keeps requests for the same path together.
struct ByPath(Upstreams);

struct Hashing(Arc<Upstream>);

impl MakeBackend for ByPath {
    type Backend = Hashing;

    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        site: &Site<'_>,
        previous: Option<&Arc<Hashing>>,
    ) -> Arc<Hashing> {
        let previous = previous.map(|previous| &previous.0);
        Arc::new(Hashing(self.0.make(spec, site, previous)))
    }
}

impl Backend for Hashing {
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let mut hasher = DefaultHasher::new();
        request.uri().path().hash(&mut hasher);
        let mut attempt = attempt.clone();
        attempt.hash = Some(hasher.finish());
        self.0.call(request, &attempt).await
    }
}

fn only(backend: ir::Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

/// Which endpoint each of some paths leads to, each asked for several times.
async fn owners<M: MakeBackend>(
    proxy: &Proxy<M>,
    backend: ir::Backend,
) -> BTreeMap<String, String> {
    let at = address(&proxy.apply(&only(backend)));
    let mut owners = BTreeMap::new();
    for _ in 0..3 {
        for path in (0..12).map(|n| format!("/{n}")) {
            let body = get(at, &path).await.body;
            let before = owners.insert(path, body.clone());
            assert!(before.is_none_or(|before| before == body));
        }
    }
    owners
}

/// `loadBalancerConfig` of the Upstream API.
#[tokio::test]
async fn requests_of_one_hash_stay_together_and_few_move_when_an_endpoint_goes() {
    let size = |n| NonZeroU32::new(n).unwrap();
    let ring = Balancing::Ring {
        least: size(1_024),
        most: size(4_096),
    };
    let [a, b, c] = [
        origin::says("a").await,
        origin::says("b").await,
        origin::says("c").await,
    ];
    for balancing in [ring, Balancing::Maglev] {
        let proxy = builder().start_with(ByPath(Upstreams::new())).unwrap();
        let balanced = |endpoints: &[_]| {
            let mut backend = backend("a", endpoints);
            backend.settings.balancing = set(balancing);
            backend
        };
        let all = owners(&proxy, balanced(&[a.address, b.address, c.address])).await;
        let left = owners(&proxy, balanced(&[a.address, b.address])).await;
        let mut others: Vec<_> = all.values().collect();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), 3, "{all:?}");
        let of_others = all.iter().filter(|(_, owner)| *owner != "c");
        let moved = of_others
            .filter(|(path, owner)| left[*path] != **owner)
            .count();
        // Without c, the others have more points or places.
        assert!(moved <= 3, "{all:?} {left:?}");
    }
}

/// `loadBalancingWeight` of the Upstream API.
#[tokio::test]
async fn endpoints_get_as_much_as_their_weight_says() {
    let [light, heavy] = [origin::says("light").await, origin::says("heavy").await];
    for balancing in [Balancing::RoundRobin, Balancing::Random] {
        let proxy = builder().workers(1).start().unwrap();
        let mut weighed = backend("a", &[light.address, heavy.address]);
        for endpoint in &mut weighed.endpoints {
            let is_heavy = endpoint.address.ip() == Some(heavy.address);
            endpoint.weight = NonZeroU32::new(if is_heavy { 3 } else { 1 });
        }
        weighed.settings.balancing = set(balancing);
        let at = address(&proxy.apply(&only(weighed)));
        let mut client = Raw::connect(at).await;
        let mut got = 0;
        for _ in 0..200 {
            got += usize::from(client.get("/").await.body == "heavy");
        }
        assert!((130..170).contains(&got), "{balancing:?}: {got} of 200");
    }
}

/// `healthChecks` and `healthyPanicThreshold` of the Upstream API: all endpoints being out of rotation, they are asked all the same, unless the threshold is 0.
#[tokio::test]
async fn endpoints_that_are_out_of_rotation_are_asked_below_the_threshold_only() {
    for (threshold, asked) in [(0, 2), (50, 6)] {
        let bad = || {
            origin::raw(|stream| async move {
                Raw::over(stream).until("\r\n\r\n").await;
            })
        };
        let [one, two] = [bad().await, bad().await];
        let mut failing = backend("a", &[one.address, two.address]);
        failing.settings.ejection = set(Ejection::of_silent(
            NonZeroU32::MIN,
            Duration::from_secs(600),
        ));
        failing.settings.panic_threshold = set(PanicThreshold(threshold));
        let proxy = builder().workers(1).start().unwrap();
        let at = address(&proxy.apply(&only(failing)));
        let mut client = Raw::connect(at).await;
        for turn in 0..6 {
            // What may have been carried out is not sent again.
            let post = "POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n";
            client.send(post).await;
            let status = if turn < asked { 502 } else { 503 };
            assert_eq!(client.answer().await.status, status, "{threshold}: {turn}");
        }
        assert_eq!(one.connections() + two.connections(), asked);
    }
}
