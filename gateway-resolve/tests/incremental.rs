//! A resolver comes to what a whole resolution does, after every edit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/beside.rs"]
mod beside;
#[cfg(feature = "k8s-gateway")]
#[path = "support/functions.rs"]
mod functions;
#[cfg(feature = "k8s-gateway")]
#[path = "support/k8s_gateway.rs"]
mod k8s_gateway;
#[path = "support/own.rs"]
mod own;
mod support;
#[path = "support/world.rs"]
mod world;

use std::sync::Arc;

use gateway_model::{Gateway, Kind, Resource, Timestamp};
use gateway_resolve::ir::{DataPlane, Ir, ListenerId};
use gateway_resolve::{
    Allocation, ClassSelection, Config, Release, Resolver, Snapshot, Statuses, reconcile, resolve,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use beside::beside;
use support::with_status;
use world::{parse, stream_route, world};

/// One edit of a cluster, or something else that happens to it.
#[derive(Debug, Clone)]
enum Edit {
    /// Objects are added, or take the place of those of their name.
    Put(Vec<Resource>),
    /// The same, told by giving all objects that there are then.
    Reload(Vec<Resource>),
    /// One of the objects that there are is deleted.
    Delete(Index),
    /// One of the objects is recreated: it is changed in its metadata alone.
    Restamp(Index, i64),
    /// The statuses that were resolved last are stored.
    Store,
    /// Time passes.
    Wait,
    /// The configuration is another.
    Configure,
    /// One of the objects that there are has this of the addresses that are given to one Gateway at a time, and
    /// others have nothing.
    Allocate(Index, Option<u8>),
    /// The data plane can serve no listener on this port.
    Refuse(Option<u16>),
    /// The cluster has another release of the Gateway API.
    Release(Option<&'static str>, bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => world().prop_map(Edit::Put),
        6 => (world(), any::<Index>()).prop_map(|(world, at)| Edit::Put(vec![at.get(&world).clone()])),
        3 => stream_route().prop_map(|route| Edit::Put(parse(&[route]))),
        3 => beside().prop_map(|object| Edit::Put(parse(&[object]))),
        6 => others().prop_map(|object| Edit::Put(parse(&[object]))),
        4 => of_own_kinds().prop_map(|text| Edit::Put(own::resources(&text))),
        2 => world().prop_map(Edit::Reload),
        4 => any::<Index>().prop_map(Edit::Delete),
        2 => (any::<Index>(), 1..9i64).prop_map(|(at, generation)| Edit::Restamp(at, generation)),
        3 => Just(Edit::Store),
        2 => Just(Edit::Wait),
        1 => Just(Edit::Configure),
        2 => observed(),
    ]
}

/// Something else that is observed of a cluster.
fn observed() -> impl Strategy<Value = Edit> {
    let version = proptest::sample::select(vec![None, Some("v1.6.1"), Some("v2.0.0")]);
    let port = proptest::sample::select(vec![None, Some(80), Some(81), Some(443)]);
    prop_oneof![
        port.prop_map(Edit::Refuse),
        (any::<Index>(), proptest::option::of(1..9u8)).prop_map(|(at, ip)| Edit::Allocate(at, ip)),
        (version, any::<bool>())
            .prop_map(|(version, is_experimental)| { Edit::Release(version, is_experimental) }),
    ]
}

/// Objects of other people's kinds, where these are known.
#[cfg(feature = "k8s-gateway")]
fn others() -> impl Strategy<Value = Value> {
    k8s_gateway::object()
}

#[cfg(not(feature = "k8s-gateway"))]
fn others() -> impl Strategy<Value = Value> {
    beside()
}

/// Objects of an embedder's kinds, and a route that leads to one of them.
fn of_own_kinds() -> impl Strategy<Value = String> {
    let namespace = || select(vec!["a", "b"]);
    let targets = vec![
        "{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r0}",
        "{group: gateway.networking.k8s.io, kind: HTTPRoute, name: own}",
        "{group: gateway.networking.k8s.io, kind: Gateway, name: g0}",
        "{group: gateway.networking.k8s.io, kind: ListenerSet, name: l0}",
        "{group: '', kind: Service, name: s0}",
        "{group: shop.example, kind: Queue, name: q}",
    ];
    prop_oneof![
        (namespace(), namespace()).prop_map(|(namespace, of)| format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, \
             metadata: {{name: own, namespace: {namespace}}}, spec: {{parentRefs: [{{name: g0}}], \
             rules: [{{backendRefs: [{{group: shop.example, kind: Queue, name: q, namespace: {of}}}]}}]}}}}"
        )),
        (namespace(), any::<bool>(), 1..3u8).prop_map(|(namespace, of_service, last)| format!(
            "{{apiVersion: shop.example/v1, kind: Queue, metadata: {{name: q, namespace: {namespace}}}, \
             spec: {{brokers: ['192.0.2.{last}:1']{}}}}}",
            if of_service { ", service: s0" } else { "" }
        )),
        (namespace(), select(vec!["u0", "u1"]), select(targets), 1..4u8, any::<bool>()).prop_map(
            |(namespace, name, target, tier, labelled)| format!(
                "{{apiVersion: shop.example/v1, kind: Urgency, metadata: {{name: {name}, namespace: {namespace}, \
                 creationTimestamp: '2025-01-0{tier}T00:00:00Z'}}, \
                 spec: {{tier: {tier}, targetRefs: [{target}]{}}}}}",
                if labelled { ", labelFrom: label" } else { "" }
            )
        ),
        (namespace(), select(vec!["red", "blue"])).prop_map(|(namespace, label)| format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: label, namespace: {namespace}}}, data: {{label: {label}}}}}"
        )),
    ]
}

/// A cluster, and what is known of it besides.
struct Cluster {
    snapshot: Snapshot,
    objects: Vec<Resource>,
    config: Config,
    plane: Plane,
    now: Timestamp,
}

/// Serves all but the listeners on a port.
#[derive(Default)]
struct Plane(Option<u16>);

impl DataPlane for Plane {
    type Applied = Vec<ListenerId>;

    fn apply(&self, ir: &Arc<Ir>) -> Vec<ListenerId> {
        let listeners = ir.listeners().iter();
        let refused = listeners.filter(|one| Some(one.binding.port.get()) == self.0);
        refused.map(|listener| listener.id.clone()).collect()
    }

    fn unserved(refused: &Vec<ListenerId>) -> Vec<(ListenerId, String)> {
        let why = |id: &ListenerId| (id.clone(), "the port is taken".to_owned());
        refused.iter().map(why).collect()
    }
}

impl Cluster {
    fn put(&mut self, resource: Resource) {
        let reference = resource.reference();
        self.objects
            .retain(|object| object.reference() != reference);
        self.objects.push(resource.clone());
        self.snapshot.insert(resource);
    }

    fn edit(&mut self, edit: &Edit, statuses: &Statuses) {
        match edit {
            Edit::Put(resources) => resources.iter().cloned().for_each(|r| self.put(r)),
            Edit::Reload(resources) => {
                let mut aside = self.snapshot.clone();
                resources.iter().cloned().for_each(|r| self.put(r));
                aside.replace(self.objects.clone());
                self.snapshot = aside;
            }
            Edit::Delete(at) if !self.objects.is_empty() => {
                let object = self.objects.remove(at.index(self.objects.len()));
                assert!(self.snapshot.remove(&object.reference()));
            }
            Edit::Restamp(at, generation) if !self.objects.is_empty() => {
                let object = at.get(&self.objects).clone();
                self.put(restamped(object, *generation));
            }
            Edit::Store => {
                let objects = self.objects.clone();
                objects
                    .into_iter()
                    .for_each(|object| self.put(with_status(&object, statuses)));
            }
            Edit::Wait => self.now += std::time::Duration::from_secs(1),
            Edit::Configure => {
                self.config.default_is_shared ^= true;
                self.config.addresses_are_allocated ^= self.config.default_is_shared;
                self.config.mesh = match self.config.mesh {
                    Some(_) => None,
                    None => support::with_mesh().mesh,
                };
            }
            Edit::Refuse(port) => self.plane = Plane(*port),
            Edit::Allocate(at, address) => self.allocate(at, *address),
            Edit::Release(version, is_experimental) => {
                self.snapshot.observe_release(Release {
                    version: version.map(str::to_owned),
                    is_experimental: *is_experimental,
                });
            }
            Edit::Delete(_) | Edit::Restamp(..) => {}
        }
    }
}

impl Cluster {
    fn allocate(&mut self, at: &Index, address: Option<u8>) {
        let objects = self.objects.iter().map(Resource::reference);
        let gateways: Vec<_> = objects.filter(|one| *one.kind == *Gateway::KIND).collect();
        if !gateways.is_empty() {
            let allocation = Allocation {
                any: address.map(|last| [192, 0, 2, last].into()),
                ..Allocation::default()
            };
            let given = (at.get(&gateways).clone(), allocation);
            self.snapshot.allocate([given].into());
        }
    }
}

/// The resource at another generation, of another age, and under another uid.
fn restamped(mut resource: Resource, generation: i64) -> Resource {
    let metadata = resource.metadata_mut();
    metadata.generation = generation;
    metadata.creation_timestamp = Timestamp::from_second(generation).ok();
    metadata.uid = Some(format!("{generation}"));
    resource
}

/// Edits of what routes and Gateways refer to, where Gateways are there and their class comes and goes.
fn edit_beside() -> impl Strategy<Value = Edit> {
    prop_oneof![
        8 => beside().prop_map(|object| Edit::Put(parse(&[object]))),
        3 => any::<Index>().prop_map(Edit::Delete),
        1 => Just(Edit::Store),
        1 => observed(),
    ]
}

/// Edits of routes that delegate, and of what they refer to.
#[cfg(feature = "k8s-gateway")]
fn edit_delegated() -> impl Strategy<Value = Edit> {
    prop_oneof![
        8 => k8s_gateway::delegated().prop_map(|object| Edit::Put(parse(&[object]))),
        2 => any::<Index>().prop_map(Edit::Delete),
        1 => (any::<Index>(), 1..9i64).prop_map(|(at, generation)| Edit::Restamp(at, generation)),
        1 => Just(Edit::Store),
    ]
}

/// Carries out the edits, and holds a resolver to a whole resolution after each of them.
fn hold(config: Config, edits: impl Iterator<Item = Edit>) -> Result<(), TestCaseError> {
    let mut cluster = Cluster {
        snapshot: Snapshot::new(),
        objects: Vec::new(),
        config,
        plane: Plane::default(),
        now: support::now(),
    };
    let mut resolver = Resolver::new();
    let (mut reconciler, mut said) = (Resolver::new(), Statuses::default());
    let mut before = resolver.resolve(&cluster.snapshot, &cluster.config, cluster.now);
    let mut last = resolve(&cluster.snapshot, &cluster.config, cluster.now).ir;
    for edit in edits {
        cluster.edit(&edit, &before.statuses);
        let whole = resolve(&cluster.snapshot, &cluster.config, cluster.now);
        let got = resolver.resolve(&cluster.snapshot, &cluster.config, cluster.now);
        prop_assert_eq!(&*got.ir, &whole.ir, "{:?}", edit);
        prop_assert_eq!(&*got.statuses, &whole.statuses, "{:?}", edit);
        // What is shared is not looked into, and so it differs in nothing.
        let changes = got.ir.changes_since(&before.ir);
        prop_assert_eq!(&changes, &whole.ir.changes_since(&last));
        prop_assert_eq!(changes.is_empty(), whole.ir == last);
        last = whole.ir.clone();
        // What is not said to have changed has not.
        for (object, status) in whole.statuses.iter() {
            let differs = before.statuses.get(object) != Some(status);
            prop_assert!(!differs || got.restated.contains(object), "{}", object);
        }
        for (id, backend) in got.ir.backends() {
            let differs = before.ir.backends().get(id) != Some(backend);
            prop_assert!(!differs || got.backends.contains(id), "{}", id);
        }
        for listener in got.ir.listeners() {
            let is_known = before.ir.listeners().contains(listener);
            prop_assert!(
                is_known || got.listeners.contains(&listener.id),
                "{}",
                listener.id
            );
        }
        before = got;
        // So it is when a data plane has a say in it.
        let Cluster {
            snapshot,
            config,
            plane,
            now,
            ..
        } = &cluster;
        let turn = reconciler.reconcile(snapshot, config, *now, plane);
        prop_assert_eq!(
            &turn.statuses,
            &reconcile(snapshot, config, *now, plane).statuses
        );
        for (object, status) in turn.statuses.iter() {
            let differs = said.get(object) != Some(status);
            prop_assert!(!differs || turn.restated.contains(object), "{}", object);
        }
        said = turn.statuses;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_every_edit_a_resolver_comes_to_what_a_whole_resolution_does(
        first in world(), edits in vec(edit(), 1..24),
    ) {
        let mut config = own::config();
        config.mesh = support::with_mesh().mesh;
        hold(config, std::iter::once(Edit::Put(first)).chain(edits))?;
    }

    #[test]
    fn so_it_does_when_only_what_is_referred_to_is_edited(
        first in world(), there in vec(beside(), 16..32), edits in vec(edit_beside(), 16..48),
        allocated in any::<bool>(),
    ) {
        let mut config = support::with_mesh();
        config.controller_name = "x.dev/a".into();
        config.classes = ClassSelection::Controller;
        config.addresses_are_allocated = allocated;
        let mut all = first;
        all.extend(there.into_iter().flat_map(|object| parse(&[object])));
        hold(config, std::iter::once(Edit::Put(all)).chain(edits))?;
    }

    #[cfg(feature = "k8s-gateway")]
    #[test]
    fn so_it_does_when_routes_delegate(
        objects in vec(k8s_gateway::delegated(), 12..24), edits in vec(edit_delegated(), 24..48),
    ) {
        let objects = k8s_gateway::gateway().into_iter().chain(objects);
        let all = objects.flat_map(|object| parse(&[object])).collect();
        hold(Config::default(), std::iter::once(Edit::Put(all)).chain(edits))?;
    }

    #[test]
    fn a_version_of_another_history_is_resolved_as_a_whole(first in world(), second in world()) {
        let config = Config::default();
        let mut resolver = Resolver::new();
        let base = Snapshot::from_resources(first);
        let (mut one, mut other) = (base.clone(), base.clone());
        one.extend(second.iter().take(2).cloned());
        other.extend(second.iter().skip(2).cloned());
        for snapshot in [&base, &one, &other, &one, &Snapshot::new(), &base] {
            let whole = resolve(snapshot, &config, support::now());
            let got = resolver.resolve(snapshot, &config, support::now());
            prop_assert_eq!(&*got.ir, &whole.ir);
            prop_assert_eq!(&*got.statuses, &whole.statuses);
        }
    }
}

#[test]
fn what_has_not_changed_is_shared() {
    let text = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g}
spec: {gatewayClassName: any, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: g}]
  hostnames: [a.x.com, b.x.com]
  rules: [{backendRefs: [{name: s, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
";
    let mut snapshot = Snapshot::from_resources(support::resources("x.yaml", text.as_bytes()));
    let (mut resolver, config, now) = (Resolver::new(), Config::default(), support::now());
    let first = resolver.resolve(&snapshot, &config, now);
    let again = resolver.resolve(&snapshot, &config, now);
    assert!(Arc::ptr_eq(&first.ir, &again.ir) && Arc::ptr_eq(&first.statuses, &again.statuses));
    let slice = r#"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
        metadata: {name: s, labels: {kubernetes.io/service-name: s}},
        ports: [{port: 1}], endpoints: [{addresses: [10.0.0.1]}]}"#;
    snapshot.extend(support::resources("y.yaml", slice.as_bytes()));
    let endpoints = resolver.resolve(&snapshot, &config, now);
    assert_eq!(
        (endpoints.backends.len(), endpoints.listeners.len()),
        (1, 0)
    );
    assert!(Arc::ptr_eq(
        &first.ir.listeners()[0],
        &endpoints.ir.listeners()[0]
    ));
    assert!(Arc::ptr_eq(&first.statuses, &endpoints.statuses));
    let route = text.split("---").nth(1).unwrap();
    let other = route
        .replace("name: r}", "name: r2}")
        .replace("[a.x.com, b.x.com]", "[b.x.com]");
    snapshot.extend(support::resources("z.yaml", other.as_bytes()));
    let added = resolver.resolve(&snapshot, &config, now);
    let hosts = |listener: &Arc<gateway_resolve::ir::Listener>| listener.hosts().to_vec();
    let (before, after) = (
        hosts(&first.ir.listeners()[0]),
        hosts(&added.ir.listeners()[0]),
    );
    assert!(
        Arc::ptr_eq(&before[0], &after[0]),
        "the host that the new route is not for"
    );
    assert!(!Arc::ptr_eq(&before[1], &after[1]));
}

/// Of Gateways that claim one port the oldest has it (Gateway API, "Listener conflicts"): which that is can change
/// with nothing else of them.
#[test]
fn a_gateway_that_is_older_now_takes_the_port_of_another() {
    let gateway = |name: &str, protocol: &str, day: u8| {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: {name}, \
             creationTimestamp: '2025-01-0{day}T00:00:00Z'}}, spec: {{gatewayClassName: any, \
             listeners: [{{name: l, port: 80, protocol: {protocol}}}]}}}}"
        );
        support::resources("gateway.yaml", text.as_bytes())
    };
    let mut snapshot = Snapshot::from_resources(gateway("one", "HTTP", 2));
    snapshot.extend(gateway("two", "TCP", 3));
    let (mut resolver, config, now) = (Resolver::new(), Config::default(), support::now());
    let mut served = |snapshot: &Snapshot| {
        let got = resolver.resolve(snapshot, &config, now);
        assert_eq!(*got.ir, resolve(snapshot, &config, now).ir);
        let ids = got.ir.listeners().iter();
        ids.map(|listener| listener.id.parent.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(served(&snapshot), ["one"]);
    snapshot.extend(gateway("two", "TCP", 1));
    assert_eq!(served(&snapshot), ["two"]);
}
