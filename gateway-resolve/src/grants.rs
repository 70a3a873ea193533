//! ReferenceGrants, expanded into a set: permission is two lookups.

use std::collections::BTreeSet;

use gateway_model::{ObjectRef, ReferenceGrant};

use crate::Snapshot;

/// One thing that is allowed: references from a kind in a namespace to a kind in a namespace, or
/// to one object of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Permission<'a> {
    from_group: &'a str,
    from_kind: &'a str,
    from_namespace: &'a str,
    to_group: &'a str,
    to_kind: &'a str,
    to_namespace: &'a str,
    to_name: Option<&'a str>,
}

/// Every reference across namespaces that is allowed.
#[derive(Debug, Default)]
pub(crate) struct Grants<'a>(BTreeSet<Permission<'a>>);

/// Expands the grants: what a grant allows is each of its `from` with each of its `to`.
pub(crate) fn grants(snapshot: &Snapshot) -> Grants<'_> {
    Grants(
        snapshot
            .reference_grants()
            .iter()
            .flat_map(|grant| permissions(grant))
            .collect(),
    )
}

fn permissions(grant: &ReferenceGrant) -> impl Iterator<Item = Permission<'_>> {
    grant.spec.from.iter().flat_map(move |from| {
        grant.spec.to.iter().map(move |to| Permission {
            from_group: &from.group,
            from_kind: &from.kind,
            from_namespace: &from.namespace,
            to_group: &to.group,
            to_kind: &to.kind,
            to_namespace: &grant.metadata.namespace,
            to_name: to.name.as_deref(),
        })
    })
}

impl Grants<'_> {
    /// May `from` refer to `to`? Within a namespace it always may.
    pub(crate) fn permit(&self, from: &ObjectRef, to: &ObjectRef) -> bool {
        let whole_namespace = Permission {
            from_group: &from.group,
            from_kind: &from.kind,
            from_namespace: &from.namespace,
            to_group: &to.group,
            to_kind: &to.kind,
            to_namespace: &to.namespace,
            to_name: None,
        };
        let by_name = Permission {
            to_name: Some(&to.name),
            ..whole_namespace
        };
        from.namespace == to.namespace
            || self.0.contains(&whole_namespace)
            || self.0.contains(&by_name)
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
