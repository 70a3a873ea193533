//! What ListenerOptions come to.

use gateway_model::k8s_gateway::values::AccessLogging;
use gateway_model::k8s_gateway::{Field, ListenerOption, ListenerOptions};
use gateway_model::{Kind, Source};

use crate::ir::{ListenerSettings, Sourced, Target};
use crate::reader::Reader;

use super::log_servers::ServersOf;
use super::merge::Merged;
use super::options::{self, Outcome, check, set};

/// Sets what holds for the connections of a listener.
pub(super) fn set_on_connections(
    to: &mut ListenerSettings,
    merged: &Merged<ListenerOptions>,
    reader: &Reader<'_>,
) {
    let written = &merged.options;
    let logging = [
        (&mut to.access_logs, &written.access_logging_service),
        (
            &mut to.connection_logs,
            &written.listener_access_logging_service,
        ),
    ];
    for (slot, field) in logging {
        options::when_read(field, |field, logs| {
            let origin = merged.origin(field);
            if let Some(source) = origin.sources.first() {
                let servers = servers(source, field, reader);
                let value = options::access_logs(logs, &servers)?;
                *slot = Some(Box::new(Sourced { value, origin }));
            }
            Ok(())
        });
    }
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

fn servers<'a>(
    source: &'a Source,
    field: &Field<AccessLogging>,
    reader: &'a Reader<'a>,
) -> ServersOf<'a> {
    ServersOf {
        source,
        field: field.name,
        reader,
    }
}

/// What is wrong with the options of a ListenerOption.
pub(super) fn connection_problems(option: &ListenerOption, reader: &Reader<'_>) -> Vec<Outcome> {
    let (source, written) = (option.source(), &option.spec.options);
    let limit = &written.per_connection_buffer_limit_bytes;
    let mut found = options::problems(written);
    let logging = [
        &written.access_logging_service,
        &written.listener_access_logging_service,
    ];
    for field in logging.into_iter().flatten() {
        found.extend(log_problems(field, &servers(&source, field, reader)));
    }
    found.extend(check(&written.proxy_protocol, options::proxy_protocol));
    found.extend(check(&written.socket_options, |written| {
        options::socket_options(written)
    }));
    found.extend(check(limit, options::buffer_limit));
    found
}

/// What is wrong with logs, and which servers cannot be told.
fn log_problems(field: &Field<AccessLogging>, servers: &ServersOf<'_>) -> Vec<Outcome> {
    let Ok(written) = &field.read else {
        return Vec::new();
    };
    let logs = match options::access_logs(written, servers) {
        Ok(logs) => logs,
        Err(error) => return vec![options::refused("spec.options", field.name, &error)],
    };
    let nobody = logs.iter().enumerate().filter_map(|(position, log)| {
        let Some(Target::Refused(refusal)) = log.sink.server() else {
            return None;
        };
        let message = format!("nobody is told: {}", refusal.message);
        let path = format!("accessLog[{position}].grpcService.staticClusterName");
        Some(Outcome {
            field: options::at(field.name, &path),
            message,
            refused: false,
        })
    });
    nobody.collect()
}
