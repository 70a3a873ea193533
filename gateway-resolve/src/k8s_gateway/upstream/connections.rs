//! How an Upstream is connected to.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::proto::Span;
use gateway_model::k8s_gateway::values::{
    CircuitBreakers, ConnectHeader, ConnectionConfig, PreconnectPolicy, SslConfig, TcpKeepalive,
};
use gateway_model::{HeaderName, HeaderValue};

use crate::ir::{
    BackendTls, Http2Connections, HttpConnections, Keepalive, OpenAtMost, Preconnect, ProxyHeader,
};
use crate::reader::Reader;

use super::tls;

fn span(written: Option<Span>) -> Option<Duration> {
    written.map(|span| span.0).filter(|span| !span.is_zero())
}

/// The time for connecting.
pub(super) fn connect_timeout(written: &ConnectionConfig) -> Option<Duration> {
    span(written.connect_timeout)
}

/// When silent connections are asked after, in whole seconds.
pub(super) fn keepalive(written: &ConnectionConfig) -> Option<Keepalive> {
    let TcpKeepalive {
        keepalive_probes: probes,
        keepalive_time,
        keepalive_interval,
    } = written.tcp_keepalive.clone()?;
    let whole = |time: Duration| match time.subsec_nanos() {
        0 => time,
        _ => Duration::from_secs(time.as_secs() + 1),
    };
    Some(Keepalive {
        after: span(keepalive_time).map(whole),
        every: span(keepalive_interval).map(whole),
        probes,
    })
}

/// How connections are used.
pub(super) fn http(written: &ConnectionConfig) -> Option<HttpConnections> {
    let common = &written.common_http_protocol_options;
    let http1 = written.http1_protocol_options.as_ref();
    let http = HttpConnections {
        idle: span(common.idle_timeout),
        requests: NonZeroU32::new(written.max_requests_per_connection),
        exchange: span(common.max_stream_duration),
        fields: common.max_headers_count.and_then(NonZeroU32::new),
        capitalised: http1.is_some_and(|http1| http1.proper_case_header_key_format),
    };
    (http != HttpConnections::default()).then_some(http)
}

/// How many connections are made before requests need them.
pub(super) fn preconnect(written: &PreconnectPolicy) -> Result<Option<Preconnect>, FieldError> {
    let Some(ratio) = written.per_upstream_preconnect_ratio else {
        return Ok(None);
    };
    if !(1.0..=3.0).contains(&ratio) {
        let error = FieldError::new(format!("expected 1 to 3, found {ratio}"));
        return Err(error.within("perUpstreamPreconnectRatio"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1000 to 3000"
    )]
    let thousandths = NonZeroU32::new((ratio * 1_000.0).round() as u32);
    Ok(thousandths.map(Preconnect))
}

/// How much may be open.
pub(super) fn open_at_most(written: &CircuitBreakers) -> OpenAtMost {
    OpenAtMost {
        connections: written.max_connections,
        waiting: written.max_pending_requests,
        requests: written.max_requests,
        retries: written.max_retries,
    }
}

/// Streams of HTTP/2.
pub(super) fn streams(most: &u32) -> Result<Http2Connections, FieldError> {
    Ok(Http2Connections {
        streams: NonZeroU32::new(*most),
        ..Http2Connections::default()
    })
}

/// A window of HTTP/2, whose bounds are Gloo's.
pub(super) fn window(size: &u32) -> Result<u32, FieldError> {
    match (65_535..=2_147_483_647).contains(size) {
        true => Ok(*size),
        false => Err(FieldError::new(format!(
            "Invalid Initial Window Size: {size}: expected 65535 to 2147483647"
        ))),
    }
}

/// The PROXY header.
pub(super) fn proxy_header(version: &str) -> Result<ProxyHeader, FieldError> {
    match version {
        "V1" => Ok(ProxyHeader::V1),
        "V2" => Ok(ProxyHeader::V2),
        other => Err(FieldError::new(format!(
            "expected V1 or V2, found {other:?}"
        ))),
    }
}

/// The host and port that a tunnel leads to.
pub(super) fn authority(written: &str) -> Result<Box<str>, FieldError> {
    let authority: Option<http::uri::Authority> = written.parse().ok();
    let sound = authority.filter(|it| it.port_u16().is_some() && !written.contains('@'));
    let what = || FieldError::new(format!("expected a host and a port, found {written:?}"));
    sound.map(|_| written.into()).ok_or_else(what)
}

/// How who is asked for a tunnel is connected to.
pub(super) fn tunnel_tls(
    written: &SslConfig,
    reader: &Reader<'_>,
) -> Result<BackendTls, FieldError> {
    tls::tls(written, reader)
}

/// What is said to who is asked for a tunnel.
#[expect(clippy::ptr_arg, reason = "fields are read as what they are")]
pub(super) fn headers(
    written: &Vec<ConnectHeader>,
) -> Result<Vec<(HeaderName, HeaderValue)>, FieldError> {
    let header = |header: &ConnectHeader| {
        let invalid = |error: gateway_model::Invalid| FieldError::new(error.to_string());
        let name = HeaderName::new(&header.key).map_err(invalid)?;
        Ok((name, HeaderValue::new(&header.value).map_err(invalid)?))
    };
    written.iter().map(header).collect()
}
