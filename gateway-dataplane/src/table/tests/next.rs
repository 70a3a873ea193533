//! A table that is compiled with the one before at hand answers as one that is compiled on its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_resolve::ir::{BackendId, Ir, Listener, Route, Stack, VirtualHost};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Backends, Besides, Destination, Fittings, Table};
use super::property::{HOSTS, listeners, request};
use super::{backend, forwarding, hostname, http, ir, path_only, prefix, with_hosts};
use crate::table::{Action, CompiledRule, SocketKey};

/// What stands for each backend; it is another one when its backend is replaced.
type Instances = BTreeMap<BackendId, u32>;

/// What is kept of a host when the next version comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Nothing.
    Nothing,
    /// All of it.
    Host,
    /// Its rules, among others.
    Rules,
}

/// A version of what is served.
#[derive(Debug, Clone)]
struct Version {
    listeners: Vec<Arc<Listener>>,
    /// What is kept of the hosts of the version before, in turn.
    keep: Vec<Keep>,
    /// Are listeners kept that have the same hosts?
    same_listeners: bool,
    replaced: BTreeSet<&'static str>,
}

fn version() -> impl Strategy<Value = Version> {
    let keep = select(vec![Keep::Nothing, Keep::Host, Keep::Host, Keep::Rules]);
    let names = proptest::sample::subsequence(vec!["r", "s", "t", "u"], 0..3);
    let replaced = prop_oneof![Just(vec![]), names];
    (listeners(), vec(keep, 1..8), any::<bool>(), replaced).prop_map(
        |(listeners, keep, same_listeners, replaced)| Version {
            listeners,
            keep,
            same_listeners,
            replaced: replaced.into_iter().collect(),
        },
    )
}

impl Version {
    /// Its listeners, with what is kept of those before.
    fn after(&self, before: &[Arc<Listener>]) -> Vec<Arc<Listener>> {
        let mut keep = self.keep.iter().copied().cycle();
        let listener = |new: &Arc<Listener>| {
            let Some(old) = before.iter().find(|old| old.id == new.id) else {
                return Arc::clone(new);
            };
            let host = |new: &Arc<VirtualHost>| {
                let mut hosts = old.hosts().iter();
                let known = hosts.find(|known| known.hostname == new.hostname);
                match (known, keep.next()) {
                    (Some(known), Some(Keep::Host)) => Arc::clone(known),
                    (Some(known), Some(Keep::Rules)) => Arc::new(mixed(known, new)),
                    _ => Arc::clone(new),
                }
            };
            let hosts: Vec<_> = new.hosts().iter().map(host).collect();
            let mut changed = Listener::clone(new);
            if let Stack::Http { hosts: all } | Stack::Https { hosts: all, .. } = &mut changed.stack
            {
                *all = hosts;
            }
            match self.same_listeners && changed == **old {
                true => Arc::clone(old),
                false => Arc::new(changed),
            }
        };
        self.listeners.iter().map(listener).collect()
    }
}

/// A host with routes of both, those of each HTTPRoute from one of them.
fn mixed(old: &VirtualHost, new: &VirtualHost) -> VirtualHost {
    let names: BTreeSet<_> = old.routes.iter().map(name).collect();
    let others = new
        .routes
        .iter()
        .filter(|route| !names.contains(name(route)));
    let routes = old.routes.iter().chain(others);
    VirtualHost::new(old.hostname.clone(), routes.cloned().collect())
}

fn name(route: &Route) -> &str {
    &route.rule.source.id.route.name
}

/// The same twice: with the table before at hand, and without.
fn both(
    before: &Table<u32>,
    ir: &Ir,
    instances: &Instances,
    replaced: BTreeSet<BackendId>,
) -> (Table<u32>, Table<u32>) {
    let backends = Backends::new(|id: &BackendId| instances.get(id).copied());
    let backends = backends.replacing(replaced);
    (
        before.next(ir, &Fittings::new(&|_| Besides::default()), &backends),
        Table::compile(ir, |backend| instances[&backend.id]),
    )
}

/// Who gets the requests of a rule.
fn destination(rule: &CompiledRule<u32>) -> Option<Destination<u32>> {
    match rule.action() {
        Action::Forward(split) => split
            .destinations()
            .next()
            .map(|(_, destination)| *destination),
        Action::Redirect | Action::Respond | Action::Refuse(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_from_the_table_before_equals_compiled_as_a_whole(
        versions in vec(version(), 2..6),
        requests in vec((request(), proptest::option::of(select(&HOSTS[..]))), 1..20),
    ) {
        let (mut table, mut before) = (Table::default(), Vec::new());
        let mut instances: Instances =
            ["r", "s", "t", "u"].map(|name| (backend(name).id.clone(), 0)).into();
        for version in &versions {
            before = version.after(&before);
            let replaced: BTreeSet<_> =
                version.replaced.iter().map(|name| backend(name).id.clone()).collect();
            for id in &replaced {
                *instances.get_mut(id).unwrap() += 1;
            }
            let (next, whole) = both(&table, &ir(before.clone()), &instances, replaced);
            let keys = |table: &Table<u32>| table.sockets().map(|(key, _)| *key).collect::<Vec<_>>();
            prop_assert_eq!(keys(&next), keys(&whole));
            for (key, socket) in next.sockets() {
                let expected = whole.socket(key).unwrap();
                for (request, sni) in &requests {
                    let (headers, query) = (request.headers(), request.query());
                    let head = request.head(&headers, query.as_deref());
                    let seen = |socket: &'_ super::SocketTable<u32>| {
                        let hit = socket.find(&head, *sni);
                        hit.map(|hit| {
                            let listener = Arc::clone(hit.listener.ir());
                            (listener, hit.route.clone(), destination(hit.rule))
                        })
                    };
                    prop_assert_eq!(seen(socket), seen(expected));
                    prop_assert_eq!(socket.explain(&head, *sni), expected.explain(&head, *sni));
                }
            }
            table = next;
        }
    }
}

/// Two listeners: one for `a` with routes to `r` and `s`, and for `b` with one to `t`; one without any host.
fn two() -> Vec<Arc<Listener>> {
    let route = |path, name| Route {
        rule: Arc::new(forwarding(name)),
        ..prefix(path, name)
    };
    let a = VirtualHost::new(hostname("a"), vec![route("/r", "r"), route("/s", "s")]);
    let b = VirtualHost::new(hostname("b"), vec![route("/t", "t")]);
    vec![
        with_hosts(&http(), "", vec![a, b]),
        with_hosts(&http(), "c", vec![]),
    ]
}

#[test]
fn what_is_the_same_is_not_compiled_anew() {
    let instances: Instances = ["r", "s", "t", "u"]
        .map(|name| (backend(name).id.clone(), 0))
        .into();
    let listeners = two();
    let (first, _) = both(
        &Table::default(),
        &ir(listeners.clone()),
        &instances,
        BTreeSet::new(),
    );
    let rules = |table: &Table<u32>| {
        let headers = http::HeaderMap::new();
        let socket = Arc::clone(table.socket(&SocketKey::tcp(None, 80)).unwrap());
        [("a", "/r"), ("a", "/s"), ("b", "/t")].map(|(host, path)| {
            let hit = socket.find(&super::get(host, path, &headers), None);
            Arc::clone(hit.unwrap().rule)
        })
    };
    let same = |next: &Table<u32>| {
        let mut pairs = rules(&first).into_iter().zip(rules(next));
        [(); 3].map(|()| pairs.next().is_some_and(|(a, b)| Arc::ptr_eq(&a, &b)))
    };
    // Nothing is another: nor is the socket.
    let (again, _) = both(&first, &ir(listeners.clone()), &instances, BTreeSet::new());
    let socket = |table: &Table<u32>| Arc::clone(table.socket(&SocketKey::tcp(None, 80)).unwrap());
    assert!(Arc::ptr_eq(&socket(&first), &socket(&again)));
    // A route is added to one host.
    let mut edited = Listener::clone(&listeners[0]);
    let Stack::Http { hosts } = &mut edited.stack else {
        unreachable!()
    };
    let mut routes = hosts[0].routes.clone();
    let mut added = routes[0].clone();
    added.matches = path_only(gateway_resolve::ir::PathMatch::prefix("/u"));
    added.rule = Arc::new(forwarding("u"));
    routes.push(added);
    hosts[0] = Arc::new(VirtualHost::new(hostname("a"), routes));
    let edited = vec![Arc::new(edited), Arc::clone(&listeners[1])];
    let (next, _) = both(&first, &ir(edited), &instances, BTreeSet::new());
    assert_eq!(same(&next), [true; 3]);
    // A backend is another: the rules that name it are.
    let replaced = BTreeSet::from([backend("s").id.clone()]);
    let (next, _) = both(&first, &ir(listeners), &instances, replaced);
    assert_eq!(same(&next), [true, false, true]);
}
