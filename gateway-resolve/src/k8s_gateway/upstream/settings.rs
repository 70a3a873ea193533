//! What an Upstream says of how it is connected to.

use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::proto::Span;

use crate::ir::{BackendSettings, Http2Connections, PanicThreshold, Sourced, TunnelThrough};
use crate::reader::Reader;

use super::balancing::{balancing, panic_threshold, slow_start};
use super::connections;
use super::health::health_check;
use super::outliers::ejection;
use super::reading::Reading;

/// The settings of an Upstream.
pub(super) fn settings(reading: &mut Reading<'_>, reader: &Reader<'_>) -> BackendSettings {
    let spec = reading.spec;
    let reading_name = reading.source.object.name.to_string();
    BackendSettings {
        connect_timeout: reading.setting(&spec.connection_config, |written| {
            Ok(connections::connect_timeout(written))
        }),
        keepalive: reading.setting(&spec.connection_config, |written| {
            Ok(connections::keepalive(written))
        }),
        http: reading.setting(&spec.connection_config, |written| {
            Ok(connections::http(written))
        }),
        open_at_most: reading.setting(&spec.circuit_breakers, |written| {
            Ok(Some(connections::open_at_most(written)))
        }),
        http2: http2(reading),
        name_refresh: name_refresh(reading),
        proxy_header: reading.setting(&spec.proxy_protocol_version, |version| {
            connections::proxy_header(version).map(Some)
        }),
        tunnel: tunnel(reading, reader),
        balancing: reading.setting(&spec.load_balancer_config, balancing),
        hashes_names: reading.setting(&spec.load_balancer_config, |written| {
            Ok(written.use_hostname_for_hashing.then_some(true))
        }),
        renews_connections: reading.setting(&spec.load_balancer_config, |written| {
            Ok(written.close_connections_on_host_set_change.then_some(true))
        }),
        preconnect: reading.setting(&spec.preconnect_policy, connections::preconnect),
        buffer_limit: reading.setting(&spec.connection_config, |written| {
            Ok(written.per_connection_buffer_limit_bytes)
        }),
        slow_start: reading.setting(&spec.load_balancer_config, slow_start),
        health_check: reading.setting(&spec.health_checks, |written| {
            health_check(written, &reading_name)
        }),
        panic_threshold: threshold(reading),
        ejection: reading.setting(&spec.outlier_detection, |written| {
            ejection(written).map(Some)
        }),
        ..BackendSettings::default()
    }
}

/// Half of the endpoints have to be well where it is looked at how they are, unless something is said.
fn threshold(reading: &mut Reading<'_>) -> Option<Box<Sourced<PanicThreshold>>> {
    let spec = reading.spec;
    let said = reading.setting(&spec.load_balancer_config, |written| {
        panic_threshold(Some(written)).map(Some)
    });
    let implied = |_: &_| panic_threshold(None).map(Some);
    said.or_else(|| reading.setting(&spec.health_checks, implied))
}

/// How often names are looked up, unless it is to be when what is known expires.
fn name_refresh(reading: &mut Reading<'_>) -> Option<Box<Sourced<Duration>>> {
    let spec = reading.spec;
    let by_ttl = reading.read(&spec.respect_dns_ttl, |by_ttl| Ok(*by_ttl));
    reading.setting(&spec.dns_refresh_rate, |Span(every)| {
        match every.as_nanos() {
            0..=1_000_000 => Err(FieldError::new("expected more than 1ms")),
            _ => Ok(Some(*every).filter(|_| by_ttl != Some(true))),
        }
    })
}

/// How HTTP/2 is spoken, of several fields: the first that is set is where it came from.
fn http2(reading: &mut Reading<'_>) -> Option<Box<Sourced<Http2Connections>>> {
    let spec = reading.spec;
    let streams = reading.setting(&spec.max_concurrent_streams, |most| {
        connections::streams(most).map(Some)
    });
    let mut windows = |field, set: fn(u32) -> Http2Connections| {
        reading.setting(field, |size| connections::window(size).map(set).map(Some))
    };
    let stream = windows(&spec.initial_stream_window_size, |size| Http2Connections {
        stream_window: Some(size),
        ..Http2Connections::default()
    });
    let connection = windows(&spec.initial_connection_window_size, |size| {
        Http2Connections {
            connection_window: Some(size),
            ..Http2Connections::default()
        }
    });
    let all = [streams, stream, connection].into_iter().flatten();
    all.reduce(|mut first, other| {
        let (own, other) = (&mut first.value, other.value);
        own.streams = own.streams.or(other.streams);
        own.stream_window = own.stream_window.or(other.stream_window);
        own.connection_window = own.connection_window.or(other.connection_window);
        first
    })
}

/// What is asked for a tunnel to; without that, nothing of it counts.
fn tunnel(reading: &mut Reading<'_>, reader: &Reader<'_>) -> Option<Box<Sourced<TunnelThrough>>> {
    let spec = reading.spec;
    let tls = reading.read(&spec.http_connect_ssl_config, |written| {
        connections::tunnel_tls(written, reader)
    });
    let headers = reading.read(&spec.http_connect_headers, connections::headers);
    reading.setting(&spec.http_proxy_hostname, |written| {
        let tunnel = |authority| TunnelThrough {
            authority,
            tls,
            headers: headers.unwrap_or_default(),
        };
        connections::authority(written).map(tunnel).map(Some)
    })
}
