//! Attachment: which listeners a route is on, the same for every kind of route (ParentReference, AllowedRoutes).

use std::sync::Arc;

use gateway_model::{
    DefaultScope, FromNamespaces, Gateway, Hostname, Kind, ListenerSet, ObjectMeta, ObjectRef,
    ParentReference, Route, RouteGroupKind, RouteStatus, Rule,
};

use crate::gateway::listeners::route_kind;
use crate::ir::{CertificateId, ListenerId};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::RouteAccepted;

use super::hostnames::intersection;
use super::parents::{AttachmentPoint, Parent, Parents};
use super::selector::{NamespaceLabels, allows};

/// A route that has a parent that is served, or one that does not exist.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) route: Arc<dyn AnyRoute>,
    pub(crate) reference: ObjectRef,
    /// Its parents that are served, in the order of `spec.parentRefs`.
    pub(crate) parents: Vec<ParentAttachment>,
    /// Its parents that do not exist, or that it cannot have. Statuses say nothing of them
    /// (RouteStatus `parents`).
    pub(crate) missing: Vec<Problem<RouteAccepted>>,
}

/// A route and one of its `parentRefs`.
#[derive(Debug)]
pub(crate) struct ParentAttachment {
    /// The position of the entry in `spec.parentRefs`.
    pub(crate) index: usize,
    /// The Gateway that serves the parent.
    pub(crate) gateway: ObjectRef,
    /// What that Gateway shows to backends.
    pub(crate) client: Option<CertificateId>,
    /// The controller that its status is written for.
    pub(crate) controller: Arc<str>,
    /// The listeners that it is on, or why it is on none.
    pub(crate) outcome: Result<Vec<OnListener>, Problem<RouteAccepted>>,
}

impl Attachment {
    /// The entry of `spec.parentRefs` that `parent` is for.
    pub(crate) fn parent_ref(&self, parent: &ParentAttachment) -> &ParentReference {
        &self.route.parent_refs()[parent.index]
    }
}

/// What is asked of a route once its rules were read, whatever its kind.
pub(crate) trait AnyRoute: std::fmt::Debug + Send + Sync {
    fn metadata(&self) -> &ObjectMeta;
    fn parent_refs(&self) -> &[ParentReference];
    fn status(&self) -> &RouteStatus;
}

impl<R: Rule> AnyRoute for Route<R>
where
    Self: std::fmt::Debug + Send + Sync,
{
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn parent_refs(&self) -> &[ParentReference] {
        &self.spec.parent_refs
    }

    fn status(&self) -> &RouteStatus {
        &self.status
    }
}

/// A route on a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnListener {
    pub(crate) listener: Arc<ListenerId>,
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

/// Attaches a route; `None` when its parents are all somebody else's.
pub(crate) fn attach<R: Rule + 'static>(
    route: &Arc<Route<R>>,
    parents: &Parents,
    reader: &Reader<'_>,
) -> Option<Attachment>
where
    Route<R>: Kind + AnyRoute,
{
    let namespace = route.metadata.namespace.as_str();
    let candidate = Candidate {
        kind: &route_kind::<Route<R>>(),
        namespace: NamespaceLabels {
            name: namespace,
            labels: &|| reader.labels(namespace),
        },
        hostnames: &route.spec.hostnames,
    };
    let mut attachment = Attachment {
        route: Arc::clone(route) as Arc<dyn AnyRoute>,
        reference: route.reference(),
        parents: Vec::new(),
        missing: default_gateways(route).into_iter().collect(),
    };
    for (index, parent_ref) in route.spec.parent_refs.iter().enumerate() {
        let problem =
            |(reason, text)| Problem::new(reason, format!("spec.parentRefs[{index}]"), text);
        match find(parent_ref, namespace, parents, reader) {
            Found::Served(parent) => attachment.parents.push(ParentAttachment {
                index,
                gateway: parent.gateway.clone(),
                client: parent.client.clone(),
                controller: Arc::clone(&parent.controller),
                outcome: evaluate(&candidate, parent_ref, parent).map_err(problem),
            }),
            Found::Nothing(missing) => {
                let message = format!("{missing} does not exist");
                let problem = problem((RouteAccepted::NoMatchingParent, message));
                attachment.missing.push(problem.missing(missing));
            }
            Found::Foreign => {}
        }
    }
    let matters = !attachment.parents.is_empty() || !attachment.missing.is_empty();
    matters.then_some(attachment)
}

/// What a `parentRef` names.
enum Found<'a> {
    /// A Gateway or ListenerSet that is served.
    Served(&'a Parent),
    /// One that does not exist.
    Nothing(ObjectRef),
    /// Somebody else's, or another kind.
    Foreign,
}

fn find<'a>(
    parent_ref: &ParentReference,
    namespace: &str,
    parents: &'a Parents,
    reader: &Reader<'_>,
) -> Found<'a> {
    if parent_ref.group != Gateway::GROUP {
        return Found::Foreign;
    }
    let owner = parent_ref.namespace.as_deref().unwrap_or(namespace);
    let named = |kind| ObjectRef::new(Gateway::GROUP, kind, owner, parent_ref.name.as_str());
    let (object, exists) = match parent_ref.kind.as_str() {
        Gateway::KIND => {
            let object = named(Gateway::KIND);
            let exists = reader.gateway(&object).is_some();
            (object, exists)
        }
        ListenerSet::KIND => {
            let object = named(ListenerSet::KIND);
            let exists = reader.listener_set(&object).is_some();
            (object, exists)
        }
        _ => return Found::Foreign,
    };
    match parents.get(&object, reader) {
        Some(parent) => Found::Served(parent),
        None if exists => Found::Foreign,
        None => Found::Nothing(object),
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
    parent: &Parent,
) -> Result<Vec<OnListener>, (RouteAccepted, String)> {
    let mut attached = Vec::new();
    let mut furthest = Refused::NoMatch;
    for point in &parent.points {
        match at_point(candidate, parent_ref, point) {
            Ok(hostnames) => attached.push(OnListener {
                listener: Arc::clone(&point.id),
                hostnames,
            }),
            Err(refused) => furthest = furthest.max(refused),
        }
    }
    match attached.is_empty() {
        false => Ok(attached),
        true => Err(explain(furthest, candidate, parent_ref, &parent.points)),
    }
}

/// The stages in turn: section and port, kind and namespace, hostname.
fn at_point(
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    point: &AttachmentPoint,
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
        .is_none_or(|name| *name == point.id.name);
    let port_matches = port.is_none_or(|port| port == point.port);
    if !section_matches || !port_matches {
        return Err(Refused::NoMatch);
    }
    let own = &point.id.parent.namespace;
    let allowed =
        point.kinds.contains(candidate.kind) && allows(&point.namespaces, own, candidate.namespace);
    if !allowed {
        return Err(Refused::NotAllowed);
    }
    match intersection(point.hostname.as_ref(), candidate.hostnames) {
        common if common.is_empty() => Err(Refused::NoHostname),
        common => Ok(common),
    }
}

fn explain(
    refused: Refused,
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    points: &[AttachmentPoint],
) -> (RouteAccepted, String) {
    let (what, parent) = (wanted(parent_ref), parent_ref.kind.as_str());
    match refused {
        Refused::NoMatch => {
            let known: Vec<_> = points
                .iter()
                .map(|point| format!("{} on port {}", point.id.name, point.port))
                .collect();
            let message = format!(
                "expected one of the {parent}'s listeners ({}), found no {what} among them",
                known.join(", ")
            );
            (RouteAccepted::NoMatchingParent, message)
        }
        Refused::NotAllowed => {
            let selects =
                |point: &AttachmentPoint| point.namespaces.from == FromNamespaces::Selector;
            let unknown = points.iter().any(selects) && !candidate.namespace.is_known();
            let hint = match unknown {
                true => "; there is no Namespace of this name, whose labels could be selected",
                false => "",
            };
            let message = format!(
                "no {what} of the {parent} allows routes of kind {} from this namespace; \
                 see allowedRoutes of the listeners{hint}",
                candidate.kind.kind
            );
            (RouteAccepted::NotAllowedByListeners, message)
        }
        Refused::NoHostname => {
            let message =
                format!("no {what} of the {parent} has a hostname in common with the route");
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
