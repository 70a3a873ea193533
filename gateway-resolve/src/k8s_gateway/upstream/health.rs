//! How the endpoints of an Upstream are asked whether they are well.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::proto::{Span, Whole};
use gateway_model::k8s_gateway::values::{
    self, GrpcHealthCheck, HttpHealthCheck, Payload, TcpHealthCheck,
};
use gateway_model::{HeaderName, HeaderValue, Method};

use crate::ir::{GrpcProbe, HealthCheck, HttpProbe, Pauses, Probe, TcpProbe};

/// The check of an Upstream of that name. Envoy takes one.
pub(super) fn health_check(
    written: &[values::EndpointCheck],
    name: &str,
) -> Result<Option<HealthCheck>, FieldError> {
    match written {
        [] => Ok(None),
        [one] => checked(one, name)
            .map(Some)
            .map_err(|error| error.within("0")),
        _ => Err(FieldError::new("Multiple health checks not supported")),
    }
}

fn checked(written: &values::EndpointCheck, name: &str) -> Result<HealthCheck, FieldError> {
    let timeout = required("Timeout", "timeout", time(written.timeout))?;
    let well = required("Interval", "interval", time(written.interval))?;
    let ill = time(written.unhealthy_interval).unwrap_or(well);
    let count = |what, at, given: Option<u32>| {
        required(what, at, given).map(|count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
    };
    Ok(HealthCheck {
        probe: probe(written, name)?,
        timeout,
        unhealthy_after: count(
            "UnhealthyThreshold",
            "unhealthyThreshold",
            written.unhealthy_threshold,
        )?,
        healthy_after: count(
            "HealthyThreshold",
            "healthyThreshold",
            written.healthy_threshold,
        )?,
        pauses: Pauses {
            well,
            ill,
            recovered: time(written.healthy_edge_interval).unwrap_or(well),
            fallen: time(written.unhealthy_edge_interval).unwrap_or(ill),
            unused: time(written.no_traffic_interval),
            first: time(written.initial_jitter).unwrap_or_default(),
            jitter: time(written.interval_jitter).unwrap_or_default(),
            jitter_percent: written.interval_jitter_percent.min(100),
        },
    })
}

/// The shortest time: of a thousandth of a second.
fn time(written: Option<Span>) -> Option<Duration> {
    let time = written.map(|span| span.0).filter(|span| !span.is_zero());
    time.map(|time| time.max(Duration::from_millis(1)))
}

/// In Gloo's words.
fn required<T>(what: &str, at: &str, given: Option<T>) -> Result<T, FieldError> {
    let error = || FieldError::new(format!("The field HealthCheck[0].{what} cannot be nil"));
    given.ok_or_else(|| error().within(at))
}

fn probe(written: &values::EndpointCheck, name: &str) -> Result<Probe, FieldError> {
    let unsupported = |at: &str| FieldError::new("is not supported").within(at);
    let values::EndpointCheck {
        http_health_check,
        tcp_health_check,
        grpc_health_check,
        custom_health_check,
        ..
    } = written;
    match (
        http_health_check,
        tcp_health_check,
        grpc_health_check,
        custom_health_check,
    ) {
        (Some(asked), None, None, None) => http(asked, name)
            .map(Probe::Http)
            .map_err(|error| error.within("httpHealthCheck")),
        (None, Some(asked), None, None) => tcp(asked)
            .map(Probe::Tcp)
            .map_err(|error| error.within("tcpHealthCheck")),
        (
            None,
            None,
            Some(GrpcHealthCheck {
                service_name,
                authority,
            }),
            None,
        ) => Ok(Probe::Grpc(GrpcProbe {
            service: service_name.as_str().into(),
            host: host(authority, name).map_err(|error| error.within("grpcHealthCheck"))?,
        })),
        (None, None, None, Some(_)) => Err(unsupported("customHealthCheck")),
        (None, None, None, None) => Err(FieldError::new(
            "The field HealthCheck[0].HealthChecker cannot be nil",
        )),
        _ => Err(FieldError::new("expected one checker, found several")),
    }
}

fn http(written: &HttpHealthCheck, name: &str) -> Result<HttpProbe, FieldError> {
    let invalid =
        |at: &str, error: &gateway_model::Invalid| FieldError::new(error.to_string()).within(at);
    let path = written.path.as_str();
    if !path.starts_with('/') || path.parse::<http::uri::PathAndQuery>().is_err() {
        return Err(FieldError::new(format!("expected a path, found {path:?}")).within("path"));
    }
    let at = "requestHeadersToAdd";
    let added = written.request_headers_to_add.iter().map(|added| {
        let key = HeaderName::new(&added.header.key).map_err(|e| invalid(at, &e))?;
        Ok((
            key,
            HeaderValue::new(&added.header.value).map_err(|e| invalid(at, &e))?,
        ))
    });
    let removed: Vec<_> = written
        .request_headers_to_remove
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let mut headers: Vec<_> = added.collect::<Result<_, _>>()?;
    headers.retain(|(key, _): &(HeaderName, HeaderValue)| {
        !removed.iter().any(|name| name == key.as_str())
    });
    let method = written.method.as_ref().map_or("GET", |method| method.0);
    Ok(HttpProbe {
        method: Method::new(method).map_err(|error| invalid("method", &error))?,
        host: host(&written.host, name)?,
        path: path.into(),
        http2: written.use_http2,
        headers,
        expected: expected(written)?,
        service: Some(written.service_name.as_str())
            .filter(|name| !name.is_empty())
            .map(Into::into),
    })
}

fn expected(written: &HttpHealthCheck) -> Result<Vec<(u16, u16)>, FieldError> {
    let status = |Whole(number): Whole| {
        u16::try_from(number)
            .ok()
            .filter(|s| (100..=600).contains(s))
    };
    let ranges = written.expected_statuses.iter().map(|range| {
        let bounds = status(range.start).zip(status(range.end));
        bounds.filter(|(start, end)| start < end)
    });
    let ranges: Option<Vec<_>> = ranges.collect();
    let what = "expected statuses from 100 to 600, the end after the start";
    let ranges = ranges.ok_or_else(|| FieldError::new(what).within("expectedStatuses"))?;
    Ok(if ranges.is_empty() {
        vec![(200, 201)]
    } else {
        ranges
    })
}

fn host(written: &str, name: &str) -> Result<Box<str>, FieldError> {
    let host = if written.is_empty() { name } else { written };
    let authority = host.parse::<http::uri::Authority>();
    let what = || FieldError::new(format!("expected a host, found {host:?}"));
    authority.map(|_| host.into()).map_err(|_| what())
}

fn tcp(written: &TcpHealthCheck) -> Result<TcpProbe, FieldError> {
    let send = written.send.as_ref().map(bytes).transpose();
    let receive: Result<_, _> = written.receive.iter().map(bytes).collect();
    Ok(TcpProbe {
        send: send
            .map_err(|error| error.within("send"))?
            .unwrap_or_default(),
        receive: receive.map_err(|error: FieldError| error.within("receive"))?,
    })
}

fn bytes(written: &Payload) -> Result<Vec<u8>, FieldError> {
    let text = written.text.as_str();
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<_>> = (0..text.len()).step_by(2).map(pair).collect();
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| FieldError::new("expected hexadecimal digits").within("text"))
}
