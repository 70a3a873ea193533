//! ReferenceGrants, expanded into a set: permission is two lookups.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gateway_model::{ObjectRef, ReferenceGrant};

use crate::Snapshot;

/// One thing that a namespace allows: references from a kind in a namespace to a kind, or to one object
/// of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Permission {
    from_group: Box<str>,
    from_kind: Box<str>,
    from_namespace: Arc<str>,
    to_group: Box<str>,
    to_kind: Box<str>,
    to_name: Option<Arc<str>>,
}

/// Every reference across namespaces that is allowed, by the namespace that it leads to.
#[derive(Debug, Default)]
pub(crate) struct Grants(HashMap<Arc<str>, HashSet<Permission>>);

/// Expands the grants: what a grant allows is each of its `from` with each of its `to`.
pub(crate) fn grants(snapshot: &Snapshot) -> Grants {
    let mut grants = Grants::default();
    for namespace in snapshot.reference_grants().namespaces() {
        grants.read(snapshot, namespace);
    }
    grants
}

fn permissions(grant: &ReferenceGrant) -> impl Iterator<Item = Permission> {
    grant.spec.from.iter().flat_map(move |from| {
        grant.spec.to.iter().map(move |to| Permission {
            from_group: from.group.as_str().into(),
            from_kind: from.kind.as_str().into(),
            from_namespace: from.namespace.as_str().into(),
            to_group: to.group.as_str().into(),
            to_kind: to.kind.as_str().into(),
            to_name: to.name.as_deref().map(Into::into),
        })
    })
}

impl Grants {
    /// Reads what `namespace` allows.
    pub(crate) fn read(&mut self, snapshot: &Snapshot, namespace: &str) {
        let grants = snapshot.reference_grants().in_namespace(namespace);
        let allowed: HashSet<_> = grants.flat_map(|grant| permissions(grant)).collect();
        match allowed.is_empty() {
            true => self.0.remove(namespace),
            false => self.0.insert(namespace.into(), allowed),
        };
    }

    /// May `from` refer to `to`? Within a namespace it always may.
    pub(crate) fn permit(&self, from: &ObjectRef, to: &ObjectRef) -> bool {
        if from.namespace == to.namespace {
            return true;
        }
        let Some(allowed) = self.0.get(&to.namespace) else {
            return false;
        };
        let whole_kind = Permission {
            from_group: from.group.as_ref().into(),
            from_kind: from.kind.as_ref().into(),
            from_namespace: from.namespace.clone(),
            to_group: to.group.as_ref().into(),
            to_kind: to.kind.as_ref().into(),
            to_name: None,
        };
        allowed.contains(&whole_kind)
            || allowed.contains(&Permission {
                to_name: Some(to.name.clone()),
                ..whole_kind
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_model::{ObjectRef, ReferenceGrant, Resource};
    use serde_json::json;

    use super::grants;
    use crate::Snapshot;

    const GROUP: &str = "gateway.networking.k8s.io";

    fn grant(from: &serde_json::Value, to: &serde_json::Value) -> Snapshot {
        let grant: ReferenceGrant = serde_json::from_value(json!({
            "metadata": {"name": "grant", "namespace": "there"},
            "spec": {"from": from, "to": to},
        }))
        .unwrap();
        Snapshot::from_resources([Resource::ReferenceGrant(Arc::new(grant))])
    }

    fn route(namespace: &str) -> ObjectRef {
        ObjectRef::new(GROUP, "HTTPRoute", namespace, "route")
    }

    fn service(namespace: &str, name: &str) -> ObjectRef {
        ObjectRef::new("", "Service", namespace, name)
    }

    #[test]
    fn within_a_namespace_references_need_no_grant() {
        let snapshot = Snapshot::new();
        assert!(grants(&snapshot).permit(&route("here"), &service("here", "a")));
        assert!(!grants(&snapshot).permit(&route("here"), &service("there", "a")));
    }

    #[test]
    fn a_grant_allows_each_of_its_from_with_each_of_its_to() {
        let snapshot = grant(
            &json!([
                {"group": GROUP, "kind": "HTTPRoute", "namespace": "here"},
                {"group": GROUP, "kind": "Gateway", "namespace": "elsewhere"},
            ]),
            &json!([{"group": "", "kind": "Service", "name": "a"}, {"group": "", "kind": "Secret"}]),
        );
        let grants = grants(&snapshot);
        let secret = ObjectRef::new("", "Secret", "there", "any");
        let gateway = ObjectRef::new(GROUP, "Gateway", "elsewhere", "gw");
        assert!(grants.permit(&route("here"), &service("there", "a")));
        assert!(grants.permit(&route("here"), &secret));
        assert!(grants.permit(&gateway, &service("there", "a")));
        assert!(grants.permit(&gateway, &secret));
        assert!(
            !grants.permit(&route("here"), &service("there", "b")),
            "another name"
        );
        assert!(
            !grants.permit(&route("elsewhere"), &secret),
            "another namespace"
        );
        assert!(
            !grants.permit(&route("here"), &service("here-too", "a")),
            "another target"
        );
        let other_group = ObjectRef::new("example.com", "HTTPRoute", "here", "route");
        assert!(!grants.permit(&other_group, &secret), "another group");
    }
}
