//! What a server of Envoy's access log service is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use gateway_model::HeaderName;
use gateway_resolve::ir::LoggedFields;
use http::Version;
use prost::Message as _;

use super::LogSubject;
use super::entry_messages::{
    Common, Flags, HttpEntry, HttpLogs, Identifier, Locality, Node, RequestProperties,
    ResponseProperties, StreamAccessLogsMessage, TlsProperties, Unauthorized,
};
use super::flags::{details, flags};
use super::subject::Outcome;
use crate::format::hostname;
use crate::head::{Known, RequestHead};
use crate::observe::Reason;

pub(super) const METHOD: &str = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";

/// What the gateway says that it is.
pub(super) const CLUSTER: &str = "gateway";

/// The only message of a call.
pub(super) fn message(name: &str, zone: &str, entries: Vec<Bytes>) -> StreamAccessLogsMessage {
    let locality = (!zone.is_empty()).then(|| Locality {
        zone: zone.to_owned(),
    });
    let node = Node {
        id: hostname().to_owned(),
        cluster: CLUSTER.to_owned(),
        locality,
    };
    StreamAccessLogsMessage {
        identifier: Some(Identifier {
            node: Some(node),
            log_name: name.to_owned(),
        }),
        http_logs: Some(HttpLogs { log_entry: entries }),
    }
}

/// An entry, encoded. Connections that are passed on have one as well, without request and response but for their
/// bytes, as Gloo has Envoy write them.
pub(super) fn of(fields: &LoggedFields, subject: &LogSubject<'_>) -> Vec<u8> {
    let head = subject.head;
    let (received, sent) = subject.moved.unwrap_or_default();
    let mut request = head
        .map(|head| request(&fields.request, head, subject))
        .unwrap_or_default();
    request.request_body_bytes = received;
    let entry = HttpEntry {
        common_properties: Some(common(subject)),
        protocol_version: head.map_or(0, |head| version(head.version)),
        request: Some(request),
        response: Some(ResponseProperties {
            response_body_bytes: sent,
            ..response(fields, subject)
        }),
    };
    entry.encode_to_vec()
}

fn version(version: Version) -> i32 {
    match version {
        Version::HTTP_10 => 1,
        Version::HTTP_11 => 2,
        Version::HTTP_2 => 3,
        _ => 0,
    }
}

fn common(subject: &LogSubject<'_>) -> Common {
    let connection = subject.connection;
    let socket = connection.socket;
    let local = socket
        .address
        .map(|address| SocketAddr::new(address, socket.port));
    let started = subject.started.duration_since(UNIX_EPOCH);
    let by_backend = matches!(subject.outcome, Outcome::Request(Some(Reason::Backend), _));
    let head_after = subject.response_after.map(Into::into);
    Common {
        downstream_remote_address: Some(connection.peer.into()),
        downstream_local_address: local.map(Into::into),
        tls_properties: connection.sni.as_ref().map(|name| TlsProperties {
            tls_sni_hostname: name.to_string(),
        }),
        start_time: Some(started.unwrap_or_default().into()),
        time_to_first_upstream_rx_byte: head_after.filter(|_| by_backend),
        time_to_first_downstream_tx_byte: head_after,
        time_to_last_downstream_tx_byte: Some(subject.duration.into()),
        upstream_remote_address: subject.endpoint.map(Into::into),
        upstream_cluster: subject.backend.map(ToString::to_string).unwrap_or_default(),
        response_flags: flags(subject.outcome).map(flag),
        route_name: (subject.route)().unwrap_or_default(),
        duration: Some(subject.duration.into()),
    }
}

/// What stands for Envoy's letters.
fn flag(letters: &str) -> Flags {
    let mut flags = Flags::default();
    let flag = match letters {
        "UH" => &mut flags.no_healthy_upstream,
        "UT" => &mut flags.upstream_request_timeout,
        "LH" => &mut flags.local_reset,
        "UR" => &mut flags.upstream_remote_reset,
        "UF" => &mut flags.upstream_connection_failure,
        "UC" => &mut flags.upstream_connection_termination,
        "UO" => &mut flags.upstream_overflow,
        "NR" => &mut flags.no_route_found,
        "FI" => &mut flags.fault_injected,
        "RL" => &mut flags.rate_limited,
        "DC" => &mut flags.downstream_connection_termination,
        "URX" => &mut flags.upstream_retry_limit_exceeded,
        "SI" => &mut flags.stream_idle_timeout,
        "DPE" => &mut flags.downstream_protocol_error,
        "UPE" => &mut flags.upstream_protocol_error,
        "NC" => &mut flags.no_cluster_found,
        "UAEX" => {
            // `EXTERNAL_SERVICE`.
            flags.unauthorized_details = Some(Unauthorized { reason: 1 });
            return flags;
        }
        _ => return flags,
    };
    *flag = true;
    flags
}

/// `envoy.config.core.v3.RequestMethod`, from 1.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

fn request(
    names: &[HeaderName],
    head: &RequestHead,
    subject: &LogSubject<'_>,
) -> RequestProperties {
    let method = METHODS
        .iter()
        .position(|known| *known == head.method.as_str());
    let known = |name: Known| {
        let sent = subject.sent.and_then(|fields| fields.text(name));
        sent.or_else(|| head.fields.text(name))
            .unwrap_or_default()
            .to_owned()
    };
    let named = |name: &'static str| {
        let name = http::HeaderName::from_static(name);
        let text = subject.request_header(&name);
        text.unwrap_or_default().to_owned()
    };
    let authority = head.authority().or_else(|| head.host());
    RequestProperties {
        request_method: method
            .and_then(|at| i32::try_from(at + 1).ok())
            .unwrap_or_default(),
        scheme: subject.connection.scheme.to_string(),
        authority: authority.unwrap_or_default().to_owned(),
        path: head.target().to_owned(),
        user_agent: named("user-agent"),
        referer: named("referer"),
        forwarded_for: named("x-forwarded-for"),
        request_id: known(Known::XRequestId),
        original_path: named("x-envoy-original-path"),
        request_body_bytes: 0,
        request_headers: told(names, |name| subject.request_header(name)),
    }
}

fn response(fields: &LoggedFields, subject: &LogSubject<'_>) -> ResponseProperties {
    let details = details(subject.outcome, subject.status);
    ResponseProperties {
        response_code: subject.status.map(|status| status.as_u16().into()),
        response_body_bytes: 0,
        response_headers: told(&fields.response, |name| subject.response?.text(name)),
        response_trailers: told(&fields.trailers, |name| {
            subject.trailers?.get(name)?.to_str().ok()
        }),
        response_code_details: details.unwrap_or_default().to_owned(),
    }
}

/// Those that are there, by names in lower case.
fn told<'a>(
    names: &[HeaderName],
    value: impl Fn(&http::HeaderName) -> Option<&'a str>,
) -> BTreeMap<String, String> {
    let told = names.iter().filter_map(|name| {
        let name = name.as_http();
        Some((name.as_str().to_owned(), value(name)?.to_owned()))
    });
    told.collect()
}
