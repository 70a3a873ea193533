//! Attachment: which listeners a route is on, the same for every kind of route (ParentReference, AllowedRoutes).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use gateway_model::{
    FromNamespaces, Gateway, Hostname, Kind, ListenerSet, ObjectMeta, ObjectRef, ParentReference,
    Route, RouteGroupKind, RouteStatus, Rule, Service,
};

use crate::gateway::listeners::route_kind;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::RouteAccepted;

use super::default_gateways;
use super::hostnames::intersection;
use super::mesh;
use super::parents::{AttachmentPoint, By, Parent, Parents, Takes};
use super::place::{Name, Place};
use super::selector::{NamespaceLabels, allows};

/// A route that has a parent that is served, or one that does not exist.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) route: Arc<dyn AnyRoute>,
    pub(crate) reference: ObjectRef,
    /// Its parents that are served, in the order of `spec.parentRefs`, and then its default ones.
    pub(crate) parents: Vec<ParentAttachment>,
    /// References to the default Gateways that it asks for and does not name (GEP-3793).
    default: Vec<ParentReference>,
    /// Its parents that do not exist, or that it cannot have. Statuses say nothing of them
    /// (RouteStatus `parents`).
    pub(crate) missing: Vec<Problem<RouteAccepted>>,
}

/// A route and one of its parents.
#[derive(Debug)]
pub(crate) struct ParentAttachment {
    /// The reference to the parent.
    entry: Entry,
    pub(crate) by: By,
    /// The controller that its status is written for.
    pub(crate) controller: Arc<str>,
    /// Where it is, as far as others don't keep it off, or why it is nowhere.
    pub(crate) outcome: Result<Vec<At>, Problem<RouteAccepted>>,
}

/// The position of a reference to a parent.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// In `spec.parentRefs`.
    Listed(usize),
    /// Among the default Gateways.
    Default(usize),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(index) => write!(f, "spec.parentRefs[{index}]"),
            Self::Default(_) => f.write_str(default_gateways::FIELD),
        }
    }
}

impl ParentAttachment {
    /// Where it is, as far as others don't keep it off.
    pub(crate) fn places(&self) -> impl Iterator<Item = &At> {
        self.outcome.iter().flatten()
    }

    /// Where it is.
    pub(crate) fn at(&self) -> impl Iterator<Item = &At> {
        self.places().filter(|at| at.kept_off_by.is_none())
    }

    /// Why the parent does not take it, whatever its rules are.
    pub(crate) fn refused(&self) -> Option<Problem<RouteAccepted>> {
        match &self.outcome {
            Err(problem) => Some(problem.clone()),
            Ok(_) if self.at().next().is_some() => None,
            Ok(places) => {
                let rival = places.iter().find_map(|at| at.kept_off_by.as_ref())?;
                let message =
                    format!("{rival} has all that it asks for; routes of both kinds can't");
                let field = self.entry.to_string();
                Some(Problem::new(RouteAccepted::Conflicted, field, message))
            }
        }
    }
}

impl Attachment {
    /// The entry of `spec.parentRefs` that `parent` is for, or one like it for a default Gateway.
    pub(crate) fn parent_ref(&self, parent: &ParentAttachment) -> &ParentReference {
        match parent.entry {
            Entry::Listed(index) => &self.route.parent_refs()[index],
            Entry::Default(index) => &self.default[index],
        }
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

/// A route at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) place: Place,
    /// Whom it is for there.
    pub(crate) names: Vec<Name>,
    /// A route that has it in its stead.
    pub(crate) kept_off_by: Option<Arc<ObjectRef>>,
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
        default: Vec::new(),
        missing: Vec::new(),
    };
    if default_gateways::are_wanted(route) {
        match default_gateways::default_gateways(route, parents, reader) {
            Ok(references) => attachment.default = references,
            Err(problem) => attachment.missing.push(problem),
        }
    }
    let listed = (0..).map(Entry::Listed).zip(&route.spec.parent_refs);
    let default = (0..).map(Entry::Default).zip(&attachment.default);
    for (entry, parent_ref) in listed.chain(default) {
        let problem = |(reason, text)| Problem::new(reason, entry.to_string(), text);
        match find(parent_ref, namespace, parents, reader) {
            Found::Served(parent) => attachment.parents.push(ParentAttachment {
                entry,
                by: parent.by.clone(),
                controller: Arc::clone(&parent.controller),
                outcome: evaluate(&candidate, parent_ref, &parent).map_err(problem),
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
    /// Something that is served.
    Served(Cow<'a, Parent>),
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
    let owner = parent_ref.namespace.as_deref().unwrap_or(namespace);
    let named = |group, kind| ObjectRef::new(group, kind, owner, parent_ref.name.as_str());
    let (object, exists) = match (parent_ref.group.as_str(), parent_ref.kind.as_str()) {
        (Gateway::GROUP, Gateway::KIND) => {
            let object = named(Gateway::GROUP, Gateway::KIND);
            let exists = reader.gateway(&object).is_some();
            (object, exists)
        }
        (ListenerSet::GROUP, ListenerSet::KIND) => {
            let object = named(ListenerSet::GROUP, ListenerSet::KIND);
            let exists = reader.listener_set(&object).is_some();
            (object, exists)
        }
        (Service::GROUP, Service::KIND) => {
            let object = named(Service::GROUP, Service::KIND);
            return service(object, namespace, parents, reader);
        }
        _ => return Found::Foreign,
    };
    match parents.get(&object, reader) {
        Some(parent) => Found::Served(Cow::Borrowed(parent)),
        None if exists => Found::Foreign,
        None => Found::Nothing(object),
    }
}

/// A Service is a parent where there is a mesh.
fn service<'a>(
    object: ObjectRef,
    namespace: &str,
    parents: &'a Parents,
    reader: &Reader<'_>,
) -> Found<'a> {
    let Some(controller) = parents.mesh() else {
        return Found::Foreign;
    };
    match reader.service(&object) {
        None => Found::Nothing(object),
        Some(service) => {
            let parent = mesh::parent(service, &object, namespace, controller);
            Found::Served(Cow::Owned(parent))
        }
    }
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
) -> Result<Vec<At>, (RouteAccepted, String)> {
    let mut attached = Vec::new();
    let mut furthest = Refused::NoMatch;
    for point in &parent.points {
        match at_point(candidate, parent_ref, point) {
            Ok(names) => attached.push(At {
                place: point.place.clone(),
                names,
                kept_off_by: None,
            }),
            Err(refused) => furthest = furthest.max(refused),
        }
    }
    match attached.is_empty() {
        false => Ok(attached),
        true => Err(match parent.by {
            By::Gateway { .. } => explain(furthest, candidate, parent_ref, &parent.points),
            By::Mesh => mesh::explain(&candidate.kind.kind, parent_ref, &parent.points),
        }),
    }
}

/// The stages in turn: section and port, kind and namespace, hostname.
fn at_point(
    candidate: &Candidate<'_>,
    parent_ref: &ParentReference,
    point: &AttachmentPoint,
) -> Result<Vec<Name>, Refused> {
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
        .is_none_or(|name| point.section.as_ref() == Some(name));
    let port_matches = port.is_none_or(|port| port == point.port);
    if !section_matches || !port_matches {
        return Err(Refused::NoMatch);
    }
    let own = point.place.namespace();
    let allowed =
        point.kinds.contains(candidate.kind) && allows(&point.namespaces, own, candidate.namespace);
    if !allowed {
        return Err(Refused::NotAllowed);
    }
    match &point.takes {
        Takes::Clients(namespace) => Ok(vec![Name::Clients(namespace.clone())]),
        Takes::Hosts(hostname) => match intersection(hostname.as_ref(), candidate.hostnames) {
            common if common.is_empty() => Err(Refused::NoHostname),
            common => Ok(common.into_iter().map(Name::Host).collect()),
        },
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
            let known: Vec<_> = points.iter().map(AttachmentPoint::to_string).collect();
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
