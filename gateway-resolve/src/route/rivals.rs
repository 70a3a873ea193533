//! Routes that keep others off a place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gateway_model::{GrpcRoute, HttpRoute, Kind, ObjectRef, TcpRoute, TlsRoute};

use super::RouteFacts;
use super::hosts_taken::Taken;
use super::place::{Name, Place};

/// The routes that are kept off a place, each with one that keeps it off.
pub(crate) type KeptOff = BTreeMap<ObjectRef, Arc<ObjectRef>>;

/// Has routes kept off the places that others have.
pub(crate) fn settle(routes: &mut [RouteFacts]) {
    let mut at: HashMap<&Place, Vec<&RouteFacts>> = HashMap::new();
    for route in &*routes {
        for place in route.places() {
            at.entry(place).or_default().push(route);
        }
    }
    let settled = at.into_iter();
    let settled = settled.map(|(place, routes)| (place.clone(), kept_off(place, &routes)));
    let settled: HashMap<_, _> = settled.filter(|(_, off)| !off.is_empty()).collect();
    if settled.is_empty() {
        return;
    }
    for route in routes {
        let own = route.reference().clone();
        route.keep_off(|place| settled.get(place)?.get(&own).cloned());
    }
}

/// Which of the routes at a place are kept off it.
pub(crate) fn kept_off(place: &Place, routes: &[&RouteFacts]) -> KeptOff {
    let kinds: BTreeSet<_> = routes.iter().map(|route| Precedence::of(route)).collect();
    match place {
        Place::Service(_) if kinds.len() > 1 => on_a_service(place, routes),
        Place::Listener(_) if kinds.is_superset(&BY_REQUEST.into()) => at_a_listener(place, routes),
        Place::Service(_) | Place::Listener(_) => KeptOff::new(),
    }
}

/// The kinds of routes for requests.
const BY_REQUEST: [Precedence; 2] = [Precedence::Grpc, Precedence::Http];

/// Of an HTTPRoute and a GRPCRoute that have hosts in common at a listener one is accepted: the older, then the one
/// whose name sorts first (GRPCRoute `hostnames`).
fn at_a_listener(place: &Place, routes: &[&RouteFacts]) -> KeptOff {
    let is_in = |route: &&&RouteFacts| {
        BY_REQUEST.contains(&Precedence::of(route)) && !route.rules_at(place).is_hopeless()
    };
    let mut routes: Vec<_> = routes.iter().filter(is_in).collect();
    routes.sort_by(|a, b| a.by_age(b));
    let (mut of_grpc, mut of_http) = (Taken::default(), Taken::default());
    let mut off = KeptOff::new();
    for route in routes {
        let hosts = route.hosts().into_iter();
        let hosts = hosts.filter(|(at, _)| *at == place);
        let hosts: Vec<_> = hosts.map(|(_, name)| name.hostname()).collect();
        let (own, others) = match Precedence::of(route) {
            Precedence::Grpc => (&mut of_grpc, &of_http),
            _ => (&mut of_http, &of_grpc),
        };
        let object = Arc::new(route.reference().clone());
        match hosts.iter().find_map(|host| others.meeting(*host)) {
            Some(rival) => _ = off.insert(ObjectRef::clone(&object), Arc::clone(rival)),
            None => hosts.iter().for_each(|host| own.take(*host, &object)),
        }
    }
    off
}

/// The kinds of routes, in the order in which one has a port of a Service and the others not (GEP-1294, "Route
/// types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    Grpc,
    Http,
    Tls,
    Tcp,
    Udp,
}

impl Precedence {
    pub(crate) fn of(route: &RouteFacts) -> Self {
        match &*route.reference().kind {
            GrpcRoute::KIND => Self::Grpc,
            HttpRoute::KIND => Self::Http,
            TlsRoute::KIND => Self::Tls,
            TcpRoute::KIND => Self::Tcp,
            _ => Self::Udp,
        }
    }
}

/// Of the routes that are for the same clients of a Service, those of one kind have it. Those that would be accepted
/// go before those that would not.
fn on_a_service(place: &Place, routes: &[&RouteFacts]) -> KeptOff {
    let mut by_clients: BTreeMap<&Name, Vec<&RouteFacts>> = BTreeMap::new();
    for route in routes {
        for (_, name) in route.hosts().into_iter().filter(|(at, _)| *at == place) {
            by_clients.entry(name).or_default().push(route);
        }
    }
    let mut off = KeptOff::new();
    for routes in by_clients.into_values() {
        let order =
            |route: &&&RouteFacts| (route.rules_at(place).is_hopeless(), Precedence::of(route));
        let Some(first) = routes
            .iter()
            .min_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.by_age(b)))
        else {
            continue;
        };
        let (had, by) = (Precedence::of(first), Arc::new(first.reference().clone()));
        let others = routes.iter().filter(|route| Precedence::of(route) != had);
        off.extend(others.map(|route| (route.reference().clone(), Arc::clone(&by))));
    }
    off
}
