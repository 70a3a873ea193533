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
mod globals;
mod http_listeners;
mod index;
mod listeners;
mod log_servers;
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

pub(crate) use filters::{is_own, parameter};
pub(crate) use index::OptionsByTarget;
pub(crate) use listeners::{ListenerPolicies, listener_policies};
pub(crate) use rule::{Native, extended};
pub(crate) use tls_options::{is_tls_option, narrowed};
pub(crate) use upstream::{annotated, is_annotated, is_upstream, stream_backend, upstream_backend};

use std::sync::Arc;

use gateway_model::Kind;
use gateway_model::k8s_gateway::{ListenerOption, Upstream};

use crate::ir::{Backend, BackendId};
use crate::reader::Reader;

/// The backend of an id that an Upstream has, or a collector of logs.
pub(crate) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    match (&*id.object.group, &*id.object.kind) {
        (Upstream::GROUP, _) => upstream::backend(id, reader),
        (ListenerOption::GROUP, ListenerOption::KIND) => log_servers::backend(id, reader),
        _ => None,
    }
}
