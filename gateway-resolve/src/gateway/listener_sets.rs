//! The ListenerSets of Gateways, in their order, and which of them a Gateway lets in (GEP-1713).

use std::sync::Arc;

use gateway_model::{Gateway, Kind, ListenerSet, ObjectRef, Unread};

use crate::age::by_age;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ListenerSetAccepted;
use crate::route::selector::{self, NamespaceLabels, allows};

use super::ServedGateway;
use super::owner::Owner;

/// Those of a Gateway, the oldest first.
pub(crate) fn listener_sets<'a>(
    gateway: &'a ServedGateway,
    reader: &'a Reader<'_>,
) -> impl Iterator<Item = Owner> + 'a {
    let mut sets: Vec<_> = reader.listener_sets_of(&gateway.reference).collect();
    sets.sort_by(|a, b| by_age(&***a, &***b));
    sets.into_iter().map(|set| Owner::ListenerSet {
        object: Arc::clone(set),
        refused: refused(set, gateway, reader),
    })
}

/// The Gateway that a ListenerSet names; `None` when it names something else.
pub(crate) fn gateway_of(set: &ListenerSet) -> Option<ObjectRef> {
    let parent = &set.spec.parent_ref;
    let is_gateway = parent.group == Gateway::GROUP && parent.kind == Gateway::KIND;
    let namespace = parent.namespace.as_deref();
    let namespace = namespace.unwrap_or(&set.metadata.namespace);
    let name = parent.name.as_str();
    is_gateway.then(|| ObjectRef::new(Gateway::GROUP, Gateway::KIND, namespace, name))
}

/// Permission comes first, so that nothing else of the Gateway is told to who has none.
fn refused(
    set: &ListenerSet,
    gateway: &ServedGateway,
    reader: &Reader<'_>,
) -> Option<Problem<ListenerSetAccepted>> {
    let not_understood = || {
        let Unread { field, message } = set.spec.unread.first()?;
        Some(Problem::new(ListenerSetAccepted::Invalid, field, message))
    };
    let with_parent = || {
        let message = format!("{} is not accepted", gateway.reference);
        let reason = ListenerSetAccepted::ParentNotAccepted;
        let problem = Problem::new(reason, "spec.parentRef", message);
        gateway.is_refused().then_some(problem)
    };
    not_allowed(set, gateway, reader)
        .or_else(not_understood)
        .or_else(with_parent)
}

/// Without `allowedListeners` a Gateway lets nobody in.
fn not_allowed(
    set: &ListenerSet,
    gateway: &ServedGateway,
    reader: &Reader<'_>,
) -> Option<Problem<ListenerSetAccepted>> {
    let allowed = gateway.object.spec.allowed_listeners.as_ref();
    let allowed = allowed.map(|allowed| &allowed.namespaces);
    let own = &gateway.reference.namespace;
    let namespace = set.metadata.namespace.as_str();
    let labels = NamespaceLabels {
        name: namespace,
        labels: &|| reader.labels(namespace),
    };
    let lets_in = |from| allows(from, own, labels);
    let hint = match allowed {
        Some(from) if lets_in(from) => return None,
        Some(from) => selector::problem(from).map(|problem| format!(" (selector: {problem})")),
        None => None,
    };
    let message = format!(
        "{} takes no ListenerSet of namespace {namespace}; see its allowedListeners{}",
        gateway.reference,
        hint.unwrap_or_default()
    );
    let reason = ListenerSetAccepted::NotAllowed;
    Some(Problem::new(reason, "spec.parentRef", message))
}
