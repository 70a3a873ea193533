//! The ListenerSets of Gateways, in their order, and which of them a Gateway lets in (GEP-1713).

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Gateway, Kind, ListenerSet, ObjectRef, Unread};

use crate::age::by_age;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ListenerSetAccepted;
use crate::route::selector::{self, NamespaceLabels, allows};

use super::ServedGateway;
use super::owner::Owner;

/// All ListenerSets by the Gateway that they name, the oldest first.
#[derive(Debug)]
pub(crate) struct ListenerSets<'a>(BTreeMap<ObjectRef, Vec<&'a Arc<ListenerSet>>>);

impl<'a> ListenerSets<'a> {
    pub(crate) fn new(reader: &Reader<'a>) -> Self {
        let mut sets: BTreeMap<ObjectRef, Vec<&Arc<ListenerSet>>> = BTreeMap::new();
        for set in reader.listener_sets().iter() {
            if let Some(gateway) = gateway_of(set) {
                sets.entry(gateway).or_default().push(set);
            }
        }
        for of_gateway in sets.values_mut() {
            of_gateway.sort_by(|a, b| by_age(&***a, &***b));
        }
        Self(sets)
    }

    /// Those of a Gateway.
    pub(crate) fn of<'b>(
        &'b self,
        gateway: &'b ServedGateway,
        reader: &'b Reader<'_>,
    ) -> impl Iterator<Item = Owner> + 'b {
        let sets = self.0.get(&gateway.reference).into_iter().flatten();
        sets.map(|set| Owner::ListenerSet {
            object: Arc::clone(set),
            refused: refused(set, gateway, reader),
        })
    }
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
