//! What is valid, accepted and resolved, and yet of no use.

use std::collections::HashSet;

use gateway_model::{
    EndpointSlice, HttpFilter, HttpRoute, HttpRule, Kind, ListenerSet, ObjectRef, Route, Rule,
    Service,
};

use crate::gateway::listener_sets::gateway_of;
use crate::ir::Ir;
use crate::{Finding, Snapshot, Store};

/// Warnings about the resources that `ir` was made of. No condition of the Gateway API says any of this,
/// so that no status does; the author of a manifest wants to know.
///
/// | code | what it says |
/// |---|---|
/// | `NoEndpoints` | A rule forwards to a port of a Service that has no ready endpoint: 503. |
/// | `NoParent` | A route names no parent, and is served nowhere. |
/// | `NoGateway` | A ListenerSet is for a Gateway that does not exist. |
/// | `NoService` | An EndpointSlice belongs to no Service. |
/// | `NeverMatches` | A match is for a request that is never routed. |
/// | `UnsupportedKind` | A resource is of a kind that is not resolved. |
/// | `NeverMirrored` | A mirror stands beside a redirect, which copies nothing. |
pub fn advise(snapshot: &Snapshot, ir: &Ir) -> Vec<Finding> {
    let slices = snapshot.endpoint_slices().iter();
    let routes = || snapshot.http_routes().iter();
    let mut advice = without_endpoints(ir);
    let delegated = delegated(ir);
    let orphaned = orphans(snapshot.http_routes());
    advice.extend(orphaned.filter(|found| !delegated.contains(&found.resource)));
    advice.extend(orphans(snapshot.grpc_routes()));
    advice.extend(orphans(snapshot.tls_routes()));
    advice.extend(orphans(snapshot.tcp_routes()));
    advice.extend(orphans(snapshot.udp_routes()));
    let sets = snapshot.listener_sets().iter();
    advice.extend(sets.filter_map(|set| without_gateway(snapshot, set)));
    advice.extend(slices.filter_map(|slice| homeless(snapshot, slice)));
    advice.extend(routes().flat_map(|route| never_matches(route)));
    advice.extend(routes().flat_map(|route| never_mirrored(route)));
    advice.extend(snapshot.ignored().map(unsupported));
    advice.sort();
    advice.dedup();
    advice
}

fn finding(
    resource: ObjectRef,
    field: impl Into<Option<String>>,
    code: &'static str,
    message: String,
) -> Finding {
    Finding {
        resource,
        field: field.into(),
        code,
        message,
        missing: None,
    }
}

fn without_endpoints(ir: &Ir) -> Vec<Finding> {
    let backends = ir.backends().values();
    let idle = backends.filter(|backend| backend.endpoints.is_empty());
    idle.map(|backend| {
        let Some(port) = backend.id.port else {
            let message = "it has no endpoint, so that requests get 503";
            return finding(
                backend.id.object.clone(),
                None,
                "NoEndpoints",
                message.to_owned(),
            );
        };
        let message = format!(
            "port {port} has no endpoint, so that requests get 503: expected a ready one in an \
             EndpointSlice labelled {}={}, at a port of the same name",
            EndpointSlice::SERVICE_LABEL,
            backend.id.object.name
        );
        finding(backend.id.object.clone(), None, "NoEndpoints", message)
    })
    .collect()
}

/// Routes that others delegate to: they need no parent of their own.
fn delegated(ir: &Ir) -> HashSet<&ObjectRef> {
    let hosts = ir.listeners().iter().flat_map(|listener| listener.hosts());
    let rules = hosts.flat_map(|host| host.routes.iter().map(|route| &route.rule));
    let leaves = rules.filter(|rule| !rule.chain.is_empty());
    leaves.map(|rule| &rule.source.id.route).collect()
}

/// A route that asks for default Gateways needs no other.
fn orphans<R: Rule>(routes: &Store<Route<R>>) -> impl Iterator<Item = Finding>
where
    Route<R>: Kind,
{
    let orphans = routes.iter().filter(|route| {
        let spec = &route.spec;
        spec.parent_refs.is_empty() && spec.use_default_gateways.is_none()
    });
    orphans.map(|route| {
        let message = "expected the Gateway that is to serve it, found none".to_owned();
        let field = "spec.parentRefs".to_owned();
        finding(route.reference(), field, "NoParent", message)
    })
}

fn unsupported(object: &ObjectRef) -> Finding {
    let message = format!("{}s are not supported: this one does nothing", object.kind);
    finding(object.clone(), None, "UnsupportedKind", message)
}

fn without_gateway(snapshot: &Snapshot, set: &ListenerSet) -> Option<Finding> {
    let gateway = gateway_of(set)?;
    let known = snapshot.gateways().get(&gateway.namespace, &gateway.name);
    if known.is_some() {
        return None;
    }
    let field = "spec.parentRef".to_owned();
    let message = format!("{gateway} does not exist");
    Some(Finding {
        missing: Some(gateway),
        ..finding(set.reference(), field, "NoGateway", message)
    })
}

fn homeless(snapshot: &Snapshot, slice: &EndpointSlice) -> Option<Finding> {
    let namespace = slice.metadata.namespace.as_str();
    let label = EndpointSlice::SERVICE_LABEL;
    let service = slice.service();
    let service =
        service.map(|name| ObjectRef::new(Service::GROUP, Service::KIND, namespace, name));
    let message = match &service {
        None => format!("expected the label {label}, which names the Service, found none"),
        Some(service) if snapshot.services().get(namespace, &service.name).is_none() => {
            format!("label {label}: {service} does not exist")
        }
        Some(_) => return None,
    };
    let field = "metadata.labels".to_owned();
    Some(Finding {
        missing: service,
        ..finding(slice.reference(), field, "NoService", message)
    })
}

/// The rules that are understood, with their positions.
fn understood(route: &HttpRoute) -> impl Iterator<Item = (usize, &HttpRule)> + '_ {
    let rules = route.spec.rules.iter().enumerate();
    rules.filter_map(|(index, rule)| Some((index, rule.read()?)))
}

fn never_matches(route: &HttpRoute) -> impl Iterator<Item = Finding> + '_ {
    let rules = understood(route);
    let matches = rules.flat_map(|(rule, written)| {
        let matches = written.matches.iter().enumerate();
        matches.map(move |(position, one)| (rule, position, &one.method))
    });
    let connects = matches.filter(|(_, _, method)| {
        method
            .as_ref()
            .is_some_and(|method| method.as_http() == http::Method::CONNECT)
    });
    connects.map(|(rule, position, _)| {
        let message = "CONNECT is answered with 501 before a route is looked for".to_owned();
        let field = format!("spec.rules[{rule}].matches[{position}].method");
        finding(route.reference(), field, "NeverMatches", message)
    })
}

fn never_mirrored(route: &HttpRoute) -> impl Iterator<Item = Finding> + '_ {
    let redirects = |filter: &HttpFilter| matches!(filter, HttpFilter::RequestRedirect(_));
    let rules = understood(route);
    let redirecting = rules.filter(move |(_, rule)| rule.filters.iter().any(redirects));
    let filters = redirecting.flat_map(|(rule, written)| {
        let filters = written.filters.iter().enumerate();
        filters.map(move |(position, filter)| (rule, position, filter))
    });
    let mirrors = filters.filter(|(_, _, filter)| matches!(filter, HttpFilter::RequestMirror(_)));
    mirrors.map(|(rule, position, _)| {
        let message = "a rule that redirects copies no requests".to_owned();
        let field = format!("spec.rules[{rule}].filters[{position}]");
        finding(route.reference(), field, "NeverMirrored", message)
    })
}
