//! Attachment as the words of the specification have it, of HTTPRoutes to listeners of Gateways.

use gateway_model::{
    FromNamespaces, Gateway, HttpRoute, Kind, Listener, ParentReference, Resource,
};

/// The HTTPRoutes of a world.
pub(crate) fn http_routes(world: &[Resource]) -> Vec<&HttpRoute> {
    let routes = world.iter().map(|resource| match resource {
        Resource::HttpRoute(route) => Some(&**route),
        _ => None,
    });
    routes.flatten().collect()
}

/// ParentReference, AllowedRoutes and HTTPRouteSpec `hostnames`.
pub(crate) fn takes(gateway: &Gateway, listener: &Listener, route: &HttpRoute) -> bool {
    let namespaces = listener.allowed_routes.namespaces.from;
    let same = gateway.metadata.namespace == route.metadata.namespace;
    let allowed = match namespaces {
        FromNamespaces::All => true,
        FromNamespaces::Same => same,
        _ => false,
    };
    let refers = |parent: &ParentReference| {
        let namespace = parent.namespace.as_deref();
        parent.kind.as_str() == Gateway::KIND
            && parent.name.as_str() == gateway.metadata.name
            && namespace.unwrap_or(&route.metadata.namespace) == gateway.metadata.namespace
            && parent
                .section_name
                .as_ref()
                .is_none_or(|name| *name == listener.name)
            && parent.port.is_none_or(|port| port == listener.port)
    };
    let own = listener
        .hostname
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let names = route.spec.hostnames.iter();
    let mut common = names.map(|name| overlap(&own, &name.to_string()));
    let has_one = route.spec.hostnames.is_empty() || common.any(|common| common);
    allowed && has_one && route.spec.parent_refs.iter().any(refers)
}

/// Is there a host that both names take? An empty one takes all.
fn overlap(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        _ if a.is_empty() || b.is_empty() => true,
        (None, None) => a == b,
        (Some(suffix), None) => b.len() > suffix.len() && b.ends_with(suffix),
        (None, Some(suffix)) => a.len() > suffix.len() && a.ends_with(suffix),
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
    }
}
