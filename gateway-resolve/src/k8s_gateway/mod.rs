//! K8sGateway: policies that merge option by option, routes that delegate to routes, and direct responses.
//!
//! The rest of the resolver knows of it at the places where a rule refers to something, where a listener is
//! looked at, and where statuses are written.

mod attach;
pub(crate) mod delegation;
mod direct_response;
mod filters;
mod index;
mod listeners;
mod merge;
mod options;
mod route_options;
mod rule;
pub(crate) mod status;
mod tls_options;
mod upstream;
mod upstream_settings;

pub(crate) use filters::is_own;
pub(crate) use index::OptionsByTarget;
pub(crate) use listeners::{ListenerPolicies, listener_policies};
pub(crate) use rule::{Native, extended};
pub(crate) use tls_options::{is_tls_option, narrowed};
pub(crate) use upstream::{backend, is_upstream, upstream_backend};

/// The kind of an object, where passes look at all of that kind.
pub(crate) fn listed(object: &gateway_model::ObjectRef) -> Option<&'static str> {
    use gateway_model::k8s_gateway::{
        HttpListenerOption, ListenerOption, RouteOption, Upstream, VirtualHostOption,
    };
    use gateway_model::{HttpRoute, Kind};
    let kinds = [
        HttpRoute::KIND,
        RouteOption::KIND,
        VirtualHostOption::KIND,
        HttpListenerOption::KIND,
        ListenerOption::KIND,
        Upstream::KIND,
    ];
    kinds.into_iter().find(|kind| *kind == object.kind)
}
