//! K8sGateway: policies that merge option by option, routes that delegate to routes, and direct responses.
//!
//! The rest of the resolver knows of it at the places where a rule refers to something, where a listener is
//! looked at, and where statuses are written.

mod attach;
mod auto_host;
mod connection_options;
pub(crate) mod delegation;
mod direct_response;
mod filters;
mod http_listeners;
mod index;
mod listeners;
mod merge;
mod options;
mod route_options;
mod rule;
mod servers;
pub(crate) mod status;
mod tls_options;
mod upstream;
pub(crate) mod uses;
mod virtual_hosts;

pub(crate) use filters::is_own;
pub(crate) use index::OptionsByTarget;
pub(crate) use listeners::{ListenerPolicies, listener_policies};
pub(crate) use rule::{Native, extended};
pub(crate) use tls_options::{is_tls_option, narrowed};
pub(crate) use upstream::{annotated, backend, is_annotated, is_upstream, upstream_backend};
