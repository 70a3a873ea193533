//! References from rules to routes.

use std::sync::Arc;

use gateway_model::{BackendRef, HttpRoute, Kind, ObjectRef};

use crate::index::Indexed;
use crate::reader::{Read, Reader};
use crate::route::references::References;

use super::Under;

/// The group of references by label.
const LABELS: &str = "delegation.gateway.solo.io";

/// The kind of references by label.
const LABEL_KIND: &str = "label";

/// The label that routes are named by.
const LABEL: &str = "delegation.gateway.solo.io/label";

/// The namespace that stands for all, in references by label.
const ALL_NAMESPACES: &str = "all";

/// Does a reference name routes, rather than a backend?
pub(crate) fn is_delegation(backend: &BackendRef) -> bool {
    let BackendRef { group, kind, .. } = backend;
    (group == HttpRoute::GROUP && kind == HttpRoute::KIND)
        || (group == LABELS && kind == LABEL_KIND)
}

/// The routes that a reference names.
pub(crate) struct Selected<'a> {
    /// Those that take the rule's route for a parent.
    pub(crate) children: Vec<&'a Arc<HttpRoute>>,
    /// Is one of them above the rule already?
    pub(crate) cyclic: bool,
}

/// The routes that a reference of a rule names, or why there are none, with the one that is missing.
pub(super) fn select<'a>(
    backend: &BackendRef,
    under: &Under<'_>,
    references: &References<'a>,
) -> Result<Selected<'a>, (String, Option<ObjectRef>)> {
    let named = named(backend, references)?;
    let parent = &under.link.id.route;
    let (above, below): (Vec<_>, Vec<_>) = named
        .into_iter()
        .partition(|route| under.has(&route.reference()));
    let is_one = backend.group == HttpRoute::GROUP && !is_wildcard(&backend.name);
    Ok(Selected {
        cyclic: !above.is_empty() && (is_one || above.iter().any(|route| takes(route, parent))),
        children: below
            .into_iter()
            .filter(|route| takes(route, parent))
            .collect(),
    })
}

fn is_wildcard(name: &str) -> bool {
    matches!(name, "" | "*")
}

fn named<'a>(
    backend: &BackendRef,
    references: &References<'a>,
) -> Result<Vec<&'a Arc<HttpRoute>>, (String, Option<ObjectRef>)> {
    let own = &*references.from.namespace;
    let namespace = backend.namespace.as_deref().unwrap_or(own);
    let (reader, name) = (references.reader, backend.name.as_str());
    let all = reader.snapshot().http_routes();
    if backend.group == HttpRoute::GROUP && !is_wildcard(name) {
        let object = ObjectRef::new(HttpRoute::GROUP, HttpRoute::KIND, namespace, name);
        reader.record(|| Read::Object(object.clone()));
        let found = all.get(namespace, name);
        return match found {
            Some(route) => Ok(vec![route]),
            None => Err((format!("{object} does not exist"), Some(object))),
        };
    }
    let found: Vec<_> = match backend.group == HttpRoute::GROUP {
        true => {
            reader.record(|| Read::Routes(in_namespace(namespace)));
            all.in_namespace(namespace).collect()
        }
        false if namespace == ALL_NAMESPACES => {
            if reader.labels(ALL_NAMESPACES).is_some() {
                let message =
                    "wildcard namespace disallowed: there is a namespace of the name \"all\"";
                return Err((message.to_owned(), None));
            }
            labelled(name, reader).collect()
        }
        false => {
            let routes = labelled(name, reader);
            routes
                .filter(|route| route.metadata.namespace == namespace)
                .collect()
        }
    };
    match found.is_empty() {
        true => Err((
            format!("no HTTPRoute in namespace {namespace} is named by it"),
            None,
        )),
        false => Ok(found),
    }
}

/// All routes of a namespace, as something that is read.
pub(crate) fn in_namespace(namespace: &str) -> ObjectRef {
    ObjectRef::new(HttpRoute::GROUP, HttpRoute::KIND, namespace, "*")
}

/// All routes with a label, as something that is read.
fn with_label(value: &str) -> ObjectRef {
    ObjectRef::new(LABELS, LABEL_KIND, "", value)
}

fn labelled<'a>(value: &str, reader: &Reader<'a>) -> impl Iterator<Item = &'a Arc<HttpRoute>> {
    let key = with_label(value);
    let found = reader.snapshot().labelled.of(&key);
    reader.record(|| Read::Routes(key));
    found
}

impl Indexed for HttpRoute {
    fn keys(&self) -> Vec<ObjectRef> {
        let label = self.metadata.labels.get(LABEL);
        label.map(|value| with_label(value)).into_iter().collect()
    }
}

/// Does a route take another for a parent? One without `parentRefs` takes any.
fn takes(route: &HttpRoute, parent: &ObjectRef) -> bool {
    let own = route.metadata.namespace.as_str();
    let parents = &route.spec.parent_refs;
    parents.is_empty()
        || parents
            .iter()
            .any(|reference| super::report::names(reference, own, parent))
}
