//! What a line says.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use gateway_dataplane::head::RequestHead;
use gateway_dataplane::observe::{Record, StreamRecord};
use gateway_model::ObjectRef;
use gateway_resolve::ir::{BackendId, Listener, Transport};
use http::{HeaderName, Version, header};
use jiff::Timestamp;
use serde::Serialize;

/// A line, field by field, in the order that they are written in. What a client sent is cut at [`LONGEST`].
#[derive(Debug, Serialize)]
pub(super) struct Line<'r> {
    pub(super) time: String,
    pub(super) client: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) forwarded_for: Option<Cow<'r, str>>,
    pub(super) protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'r str>,
    pub(super) ended: &'static str,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_ms: Option<f64>,
    pub(super) port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listener: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<Cow<'r, str>>,
}

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Bytes of a field that a client sent.
const LONGEST: usize = 1_024;

impl<'r> Line<'r> {
    pub(super) fn of_request(record: &'r Record) -> Self {
        let head = record.head.as_deref();
        let text = |text: &'r str| cut(text.as_bytes());
        Self {
            time: time(record.started),
            client: record.client.ip(),
            forwarded_for: head.and_then(|head| field(head, &FORWARDED_FOR)),
            protocol: head.map_or("HTTP", |head| protocol(head.version)),
            method: head.map(|head| text(head.method.as_str())),
            host: head.and_then(host),
            target: head.map(|head| text(head.target())),
            status: record.status.map(|status| status.as_u16()),
            reason: record.reason.map(|reason| reason.as_str()),
            refusal: record.refusal().map(|refusal| &*refusal.message),
            ended: record.ended.as_str(),
            received: record.received,
            sent: record.sent,
            duration_ms: milliseconds(record.duration),
            response_ms: record.response_after.map(milliseconds),
            port: record.socket.port,
            listener: record.listener.as_deref().map(listener),
            route: record
                .rule
                .as_ref()
                .map(|rule| object(&rule.source.id.route)),
            rule: record.rule.as_ref().map(|rule| rule.source.id.index),
            backend: record.backend().map(backend),
            endpoint: record.endpoint,
            attempts: (record.attempts > 0).then_some(record.attempts),
            request_id: record.request_id.as_deref().map(text),
            user_agent: head.and_then(|head| field(head, &header::USER_AGENT)),
        }
    }

    pub(super) fn of_stream(record: &'r StreamRecord) -> Self {
        let rule = record.rule.as_ref();
        Self {
            time: time(record.started),
            client: record.client.ip(),
            forwarded_for: None,
            protocol: match record.socket.transport {
                Transport::Tcp => "TCP",
                Transport::Udp => "UDP",
            },
            method: None,
            host: None,
            target: None,
            status: None,
            reason: None,
            refusal: None,
            ended: record.ended.as_str(),
            received: record.received,
            sent: record.sent,
            duration_ms: milliseconds(record.duration),
            response_ms: None,
            port: record.socket.port,
            listener: record.listener.as_deref().map(listener),
            route: rule.map(|rule| object(&rule.source.id.route)),
            rule: rule.map(|rule| rule.source.id.index),
            backend: record.backend().map(backend),
            endpoint: None,
            attempts: None,
            request_id: None,
            user_agent: None,
        }
    }
}

/// `HTTPRoute/default/shop`.
pub(crate) fn object(object: &ObjectRef) -> String {
    let ObjectRef {
        kind,
        namespace,
        name,
        ..
    } = object;
    format!("{kind}/{namespace}/{name}")
}

fn listener(listener: &Listener) -> String {
    format!("{}/{}", object(&listener.id.parent), listener.id.name)
}

/// `Service/default/shop:80`.
pub(crate) fn backend(id: &BackendId) -> String {
    match id.port {
        Some(port) => format!("{}:{port}", object(&id.object)),
        None => object(&id.object),
    }
}

fn time(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.3}"))
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP",
    }
}

/// The host as the client named it.
fn host(head: &RequestHead) -> Option<Cow<'_, str>> {
    let authority = head.authority().map(|authority| cut(authority.as_bytes()));
    authority.or_else(|| field(head, &header::HOST))
}

fn field<'r>(head: &'r RequestHead, name: &header::HeaderName) -> Option<Cow<'r, str>> {
    head.fields.get_all(name).next().map(cut)
}

fn cut(bytes: &[u8]) -> Cow<'_, str> {
    match bytes.split_at_checked(LONGEST) {
        Some((start, [_, ..])) => format!("{}...", String::from_utf8_lossy(start)).into(),
        _ => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Cow, LONGEST, Line, cut};

    fn full() -> Line<'static> {
        let text = || Some(Cow::Borrowed("x"));
        Line {
            time: "2026-01-01T00:00:00.000Z".to_owned(),
            client: [192, 0, 2, 1].into(),
            forwarded_for: text(),
            protocol: "HTTP/1.1",
            method: text(),
            host: text(),
            target: text(),
            status: Some(200),
            reason: Some("backend"),
            refusal: Some("x"),
            ended: "complete",
            received: 1,
            sent: 2,
            duration_ms: 1.5,
            response_ms: Some(1.25),
            port: 80,
            listener: Some("x".to_owned()),
            route: Some("x".to_owned()),
            rule: Some(0),
            backend: Some("x".to_owned()),
            endpoint: Some(([192, 0, 2, 2], 80).into()),
            attempts: Some(1),
            request_id: text(),
            user_agent: text(),
        }
    }

    /// The documentation lists the fields that there are, and no others; the text has all of them.
    #[test]
    fn every_field_is_documented() {
        let json: serde_json::Value =
            serde_json::from_slice(&super::super::json::render(&full())).unwrap();
        let there: BTreeSet<_> = json.as_object().unwrap().keys().cloned().collect();
        let documented = include_str!("../../../../docs/logs-and-metrics.md");
        let (_, table) = documented.split_once("| Field |").unwrap();
        let table = table.lines().take_while(|line| line.contains('|'));
        let documented = table.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(there, documented.map(str::to_owned).collect());
        let text = String::from_utf8(super::super::text::render(&full())).unwrap();
        let want = "2026-01-01T00:00:00.000Z 192.0.2.1 \"x x HTTP/1.1\" 200 host=\"x\" reason=backend \
                    refusal=\"x\" ended=complete received=1 sent=2 duration_ms=1.5 response_ms=1.25 port=80 \
                    listener=x route=x rule=0 backend=x endpoint=192.0.2.2:80 attempts=1 \
                    request_id=\"x\" user_agent=\"x\" forwarded_for=\"x\"\n";
        assert_eq!(text, want);
    }

    /// The documentation lists the words that the library has for reasons.
    #[test]
    fn every_reason_is_documented() {
        let source = include_str!("../../../../gateway-dataplane/src/observe/reason.rs");
        // Envoy's words, for the operators of its logs, are between.
        let (before, envoys) = source.split_once("pub fn details").unwrap();
        let (_, after) = envoys.split_once("fn failure").unwrap();
        let words = before.lines().chain(after.lines());
        let words = words.filter_map(|line| line.split_once("=> \""));
        let words: Vec<_> = words
            .filter_map(|(_, rest)| rest.split('"').next())
            .collect();
        assert!(words.contains(&"no_route"));
        let documented = include_str!("../../../../docs/logs-and-metrics.md");
        for word in words {
            assert!(documented.contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn long_fields_are_cut() {
        assert_eq!(cut(&[b'x'; LONGEST]).len(), LONGEST);
        assert_eq!(cut(&[b'x'; LONGEST + 1]).len(), LONGEST + 3);
    }
}
