//! Attachment: which listeners a route is on, the same for every kind of route (ParentReference, AllowedRoutes).

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{
    DefaultScope, FromNamespaces, Gateway, Hostname, Kind, ObjectRef, ParentReference, Route,
    RouteGroupKind, Rule,
};

use crate::gateway::ServedGateway;
use crate::gateway::listeners::{ListenerFacts, route_kind};
use crate::problem::Problem;
use crate::reason::RouteAccepted;
use crate::{Snapshot, Store};

use super::hostnames::intersection;
use super::selector::{NamespaceLabels, allows};

/// A route that has a parent among the served Gateways, or a parent that does not exist.
#[derive(Debug)]
pub(crate) struct Attachment<'a, R: Rule> {
    pub(crate) route: &'a Arc<Route<R>>,
    pub(crate) reference: ObjectRef,
    /// Its parents among the served Gateways, in the order of `spec.parentRefs`.
    pub(crate) parents: Vec<ParentAttachment<'a>>,
    /// Its parents that do not exist, or that it cannot have. Statuses say nothing of them
    /// (RouteStatus `parents`).
    pub(crate) missing: Vec<Problem<RouteAccepted>>,
}

/// A route and one of its `parentRefs`.
#[derive(Debug)]
pub(crate) struct ParentAttachment<'a> {
    /// The entry of `spec.parentRefs`.
    pub(crate) parent_ref: &'a ParentReference,
    /// The position of the Gateway among the served ones.
    pub(crate) gateway: usize,
    /// The listeners that it is on, or why it is on none.
    pub(crate) outcome: Result<Vec<OnListener>, Problem<RouteAccepted>>,
}

/// A route on a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnListener {
    /// The position of the listener in its Gateway.
    pub(crate) listener: usize,
    /// The hosts that both are for; `None` takes any.
    pub(crate) hostnames: Vec<Option<Hostname>>,
}

/// How far a route gets at a listener that it is not on. The furthest listener gives the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refused {
    NoMatch,
    NotAllowed,
    NoHostname,
}

/// What attachment looks at besides the routes.
pub(crate) struct Parents<'a, 'b> {
    snapshot: &'a Snapshot,
    gateways: &'b [ServedGateway<'a>],
    listeners: &'b [Vec<ListenerFacts<'a>>],
    by_name: BTreeMap<(&'b str, &'b str), usize>,
}

impl<'a, 'b> Parents<'a, 'b> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        gateways: &'b [ServedGateway<'a>],
        listeners: &'b [Vec<ListenerFacts<'a>>],
    ) -> Self {
        let names = gateways.iter().enumerate().map(|(index, gateway)| {
            (
                (&*gateway.reference.namespace, &*gateway.reference.name),
                index,
            )
        });
        Self {
            snapshot,
            gateways,
            listeners,
            by_name: names.collect(),
        }
    }
}

/// Attaches the routes of one kind, in the order of namespace and name. Routes whose parents are
/// all somebody else's are left out.
pub(crate) fn attach<'a, R: Rule>(
    routes: &'a Store<Route<R>>,
    parents: &Parents<'a, '_>,
) -> Vec<Attachment<'a, R>>
where
    Route<R>: Kind,
{
    let kind = route_kind::<Route<R>>();
    let attached = routes.iter().map(|route| attach_one(route, &kind, parents));
    attached
        .filter(|attachment| !attachment.parents.is_empty() || !attachment.missing.is_empty())
        .collect()
}

fn attach_one<'a, R: Rule>(
    route: &'a Arc<Route<R>>,
    kind: &RouteGroupKind,
    parents: &Parents<'a, '_>,
) -> Attachment<'a, R>
where
    Route<R>: Kind,
{
    let namespace = route.metadata.namespace.as_str();
    let candidate = Candidate {
        kind,
        namespace: NamespaceLabels::of(parents.snapshot, namespace),
        hostnames: &route.spec.hostnames,
    };
    let mut attachment = Attachment {
        route,
        reference: route.reference(),
        parents: Vec::new(),
        missing: default_gateways(route).into_iter().collect(),
    };
    for (index, parent_ref) in route.spec.parent_refs.iter().enumerate() {
        let problem =
            |(reason, text)| Problem::new(reason, format!("spec.parentRefs[{index}]"), text);
        match find(parent_ref, namespace, parents) {
            Found::Served(gateway) => attachment.parents.push(ParentAttachment {
                parent_ref,
                gateway,
                outcome: evaluate(&candidate, parent_ref, gateway, parents).map_err(problem),
            }),
            Found::Nothing(missing) => {
                let message = format!("{missing} does not exist");
                let problem = problem((RouteAccepted::NoMatchingParent, message));
                attachment.missing.push(problem.missing(missing));
            }
            Found::Foreign => {}
        }
    }
    attachment
}

/// What a `parentRef` names.
enum Found {
    /// A Gateway that is served, by its position.
    Served(usize),
    /// A Gateway that does not exist.
    Nothing(ObjectRef),
    /// Somebody else's Gateway, or another kind.
    Foreign,
}

fn find(parent_ref: &ParentReference, namespace: &str, parents: &Parents<'_, '_>) -> Found {
    if parent_ref.group != Gateway::GROUP || parent_ref.kind != Gateway::KIND {
        return Found::Foreign;
    }
    let (owner, name) = (
        parent_ref.namespace.as_deref().unwrap_or(namespace),
        parent_ref.name.as_str(),
    );
    match parents.by_name.get(&(owner, name)) {
        Some(gateway) => Found::Served(*gateway),
        None if parents.snapshot.gateways().get(owner, name).is_some() => Found::Foreign,
        None => Found::Nothing(ObjectRef::new(Gateway::GROUP, Gateway::KIND, owner, name)),
    }
}

/// Default Gateways (GEP-3793) are not supported: a route that asks for them is found.
fn default_gateways<R: Rule>(route: &Route<R>) -> Option<Problem<RouteAccepted>> {
    let message = "default Gateways are not supported; list the Gateway in parentRefs";
    let asks = route.spec.use_default_gateways == Some(DefaultScope::All);
    let field = "spec.useDefaultGateways";
    asks.then(|| Problem::new(RouteAccepted::UnsupportedValue, field, message))
}

/// What listeners look at in a route.
struct Candidate<'a> {
    kind: &'a RouteGroupKind,
    namespace: NamespaceLabels<'a>,
    hostnames: &'a [Hostname],
}

fn evaluate(
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    gateway: usize,
    parents: &Parents<'_, '_>,
) -> Result<Vec<OnListener>, (RouteAccepted, String)> {
    let owner = &parents.gateways[gateway].reference;
    let mut attached = Vec::new();
    let mut furthest = Refused::NoMatch;
    for (index, listener) in parents.listeners[gateway].iter().enumerate() {
        match at_listener(candidate, parent_ref, owner, listener) {
            Ok(hostnames) => attached.push(OnListener {
                listener: index,
                hostnames,
            }),
            Err(refused) => furthest = furthest.max(refused),
        }
    }
    match attached.is_empty() {
        false => Ok(attached),
        true => Err(explain(
            furthest,
            candidate,
            parent_ref,
            &parents.listeners[gateway],
        )),
    }
}

/// The stages in turn: section and port, kind and namespace, hostname.
fn at_listener(
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    owner: &ObjectRef,
    listener: &ListenerFacts<'_>,
) -> Result<Vec<Option<Hostname>>, Refused> {
    let ParentReference {
        section_name,
        port,
        group: _,
        kind: _,
        namespace: _,
        name: _,
    } = parent_ref;
    let section_matches = section_name
        .as_ref()
        .is_none_or(|name| *name == listener.spec.name);
    let port_matches = port.is_none_or(|port| port == listener.spec.port);
    if !section_matches || !port_matches {
        return Err(Refused::NoMatch);
    }
    let namespaces = &listener.spec.allowed_routes.namespaces;
    let allowed = listener.kinds.contains(candidate.kind)
        && allows(namespaces, &owner.namespace, candidate.namespace);
    if !allowed {
        return Err(Refused::NotAllowed);
    }
    match intersection(listener.spec.hostname.as_ref(), candidate.hostnames) {
        common if common.is_empty() => Err(Refused::NoHostname),
        common => Ok(common),
    }
}

fn explain(
    refused: Refused,
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    listeners: &[ListenerFacts<'_>],
) -> (RouteAccepted, String) {
    let what = wanted(parent_ref);
    match refused {
        Refused::NoMatch => {
            let known: Vec<_> = listeners
                .iter()
                .map(|listener| format!("{} on port {}", listener.spec.name, listener.spec.port))
                .collect();
            let message = format!(
                "expected one of the Gateway's listeners ({}), found no {what} among them",
                known.join(", ")
            );
            (RouteAccepted::NoMatchingParent, message)
        }
        Refused::NotAllowed => {
            let selects = |listener: &ListenerFacts<'_>| {
                listener.spec.allowed_routes.namespaces.from == FromNamespaces::Selector
            };
            let unknown = !candidate.namespace.is_known() && listeners.iter().any(selects);
            let hint = match unknown {
                true => "; there is no Namespace of this name, whose labels could be selected",
                false => "",
            };
            let message = format!(
                "no {what} of the Gateway allows routes of kind {} from this namespace; \
                 see allowedRoutes of the listeners{hint}",
                candidate.kind.kind
            );
            (RouteAccepted::NotAllowedByListeners, message)
        }
        Refused::NoHostname => {
            let message =
                format!("no {what} of the Gateway has a hostname in common with the route");
            (RouteAccepted::NoMatchingListenerHostname, message)
        }
    }
}

/// What a `parentRef` asks of a listener, in words.
fn wanted(parent_ref: &ParentReference) -> String {
    match (&parent_ref.section_name, parent_ref.port) {
        (Some(section), Some(port)) => format!("listener {section} on port {port}"),
        (Some(section), None) => format!("listener {section}"),
        (None, Some(port)) => format!("listener on port {port}"),
        (None, None) => "listener".to_owned(),
    }
}
