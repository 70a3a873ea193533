//! What ListenerOptions come to.

use gateway_model::k8s_gateway::ListenerOptions;

use crate::ir::ListenerSettings;

use super::merge::Merged;
use super::options::{self, Outcome, check, set};

/// Sets what holds for the connections of a listener.
pub(super) fn set_on_connections(to: &mut ListenerSettings, merged: &Merged<ListenerOptions>) {
    let written = &merged.options;
    let (slot, logs) = (&mut to.access_logs, &written.access_logging_service);
    set(slot, merged, logs, options::access_logs);
    let (slot, logs) = (
        &mut to.connection_logs,
        &written.listener_access_logging_service,
    );
    set(slot, merged, logs, options::access_logs);
    let (slot, proxy) = (&mut to.proxy_protocol, &written.proxy_protocol);
    set(slot, merged, proxy, options::proxy_protocol);
    let (slot, sockets) = (&mut to.socket_options, &written.socket_options);
    set(slot, merged, sockets, |written| {
        options::socket_options(written)
    });
    let (slot, limit) = (
        &mut to.buffer_limit,
        &written.per_connection_buffer_limit_bytes,
    );
    set(slot, merged, limit, options::buffer_limit);
    // Each worker has a socket of its own, over which the kernel spreads connections.
    options::when_read(&written.connection_balance_config, |field, _| {
        to.beside.push(merged.origin(field));
        Ok(())
    });
}

/// What is wrong with the options of a ListenerOption.
pub(super) fn connection_problems(written: &ListenerOptions) -> Vec<Outcome> {
    let (connections, requests) = (
        &written.listener_access_logging_service,
        &written.access_logging_service,
    );
    let limit = &written.per_connection_buffer_limit_bytes;
    let mut found = options::problems(written);
    found.extend(check(requests, options::access_logs));
    found.extend(check(connections, options::access_logs));
    found.extend(check(&written.proxy_protocol, options::proxy_protocol));
    found.extend(check(&written.socket_options, |written| {
        options::socket_options(written)
    }));
    found.extend(check(limit, options::buffer_limit));
    found
}
