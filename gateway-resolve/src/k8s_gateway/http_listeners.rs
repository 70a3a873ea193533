//! What HttpListenerOptions come to.

use gateway_model::k8s_gateway::HttpListenerOptions;

use crate::ir::{GrpcWeb, ListenerSettings};
use crate::reader::Reader;

use super::merge::Merged;
use super::options::{self, Managed, Outcome, check, set, set_if};
use super::servers::server_problems;

/// The settings of a listener.
pub(super) fn of_http(
    merged: &Merged<HttpListenerOptions>,
    reader: &Reader<'_>,
) -> ListenerSettings {
    let written = &merged.options;
    let mut settings = ListenerSettings::default();
    let to = &mut settings;
    set(&mut to.csrf, merged, &written.csrf, options::csrf);
    set(&mut to.buffer, merged, &written.buffer, options::buffer);
    set(&mut to.compression, merged, &written.gzip, options::gzip);
    let (slot, limit) = (&mut to.local_rate_limit, &written.http_local_ratelimit);
    set(slot, merged, limit, options::http_rate_limit);
    let (slot, health) = (&mut to.health_answer, &written.health_check);
    set(slot, merged, health, options::health_answer);
    set_on_connections(to, merged);
    let into = (&mut to.grpc_web, &mut to.beside);
    set_if(into, merged, &written.grpc_web, |written| {
        Ok((!written.disable).then_some(GrpcWeb {}))
    });
    let into = (&mut to.registered_methods, &mut to.beside);
    set_if(
        into,
        merged,
        &written.header_validation_settings,
        |written| Ok(options::registered_methods(written)),
    );
    set_manager(to, merged, reader);
    // Nothing here adds headers of Envoy's own, be they suppressed or not.
    options::when_read(&written.router, |field, _| {
        to.beside.push(merged.origin(field));
        Ok(())
    });
    settings
}

/// How many connections there may be.
fn set_on_connections(to: &mut ListenerSettings, merged: &Merged<HttpListenerOptions>) {
    let written = &merged.options;
    let (slot, rate) = (
        &mut to.connection_rate_limit,
        &written.network_local_ratelimit,
    );
    set(slot, merged, rate, options::connection_rate_limit);
    let into = (&mut to.connection_limit, &mut to.beside);
    let limit = &written.connection_limit;
    set_if(into, merged, limit, options::connection_limit);
}

/// How HTTP is spoken with clients.
fn set_manager(
    to: &mut ListenerSettings,
    merged: &Merged<HttpListenerOptions>,
    reader: &Reader<'_>,
) {
    options::when_read(
        &merged.options.http_connection_manager_settings,
        |field, written| {
            let managed = options::connection_manager(written, reader)?;
            if managed == Managed::default() {
                to.beside.push(merged.origin(field));
            }
            let Managed {
                provenance,
                via,
                server_header,
                protocols,
                times,
                request_heads,
            } = managed;
            to.provenance = provenance.map(|value| merged.sourced(field, value));
            to.via = via.map(|value| merged.sourced(field, value));
            to.server_header = server_header.map(|value| merged.sourced(field, value));
            to.protocols = protocols.map(|value| merged.sourced(field, value));
            to.times = times.map(|value| merged.sourced(field, value));
            to.request_heads = request_heads.map(|value| merged.sourced(field, value));
            Ok(())
        },
    );
}

/// What is wrong with the options of an HttpListenerOption.
pub(super) fn http_problems(written: &HttpListenerOptions, reader: &Reader<'_>) -> Vec<Outcome> {
    let mut found = options::problems(written);
    let limit = &written.http_local_ratelimit;
    let connections = &written.network_local_ratelimit;
    found.extend(server_problems(written));
    found.extend(check(&written.csrf, options::csrf));
    found.extend(check(&written.buffer, options::buffer));
    found.extend(check(&written.gzip, options::gzip));
    found.extend(check(limit, options::http_rate_limit));
    found.extend(check(&written.health_check, options::health_answer));
    found.extend(check(&written.connection_limit, options::connection_limit));
    found.extend(check(connections, options::connection_rate_limit));
    let manager = &written.http_connection_manager_settings;
    found.extend(check(manager, |written| {
        options::connection_manager(written, reader)
    }));
    options::when_read(manager, |field, written| {
        let fields = options::without_effect(written).into_iter();
        found.extend(fields.map(|path| options::not_honoured(options::at(field.name, path))));
        Ok(())
    });
    found
}
