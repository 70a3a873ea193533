//! Asking over gRPC, as Envoy's `ext_authz` does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use gateway_resolve::ir::{GrpcAuthorization, Named};
use http::header::{HeaderName, HeaderValue};
use http::{StatusCode, Version};

use super::check::{
    Allowed, Asked, AttributeContext, BoolValue, CheckRequest, CheckResponse, Denied, Header,
    HeaderValueOption, HttpRequest, HttpResponse, Peer, Status, TlsSession,
};
use super::verdict::{Change, Changes, Manner, Verdict, refused};
use super::{Authorize, NoVerdict, Subject};
use crate::admit::Refusal;
use crate::backend::BoxBackend;
use crate::grpc::{CallError, Called, authority, call};
use crate::head::{Fields, Known, RequestHead};

pub(super) async fn ask(
    stage: &Authorize,
    spec: &GrpcAuthorization,
    server: &BoxBackend,
    subject: Subject<'_>,
    body: Bytes,
) -> Result<Verdict, NoVerdict> {
    let method = Called {
        path: "/envoy.service.auth.v3.Authorization/Check",
        authority: &authority(&stage.spec.server, spec.authority.as_deref()),
        headers: &[],
        limit: stage.answer_bytes,
    };
    let question = question(spec, subject, body);
    let answer = call(server, subject.connection.worker, method, &question).await;
    verdict(answer?)
}

impl From<CallError> for NoVerdict {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Backend(error) => Self::Backend(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

fn question(spec: &GrpcAuthorization, subject: Subject<'_>, body: Bytes) -> CheckRequest {
    let connection = subject.connection;
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let local = connection.socket.address.map(|address| {
        let port = connection.socket.port;
        peer(SocketAddr::new(address, port))
    });
    let context = spec.context.iter();
    let context = context.map(|(key, value)| (key.to_string(), value.to_string()));
    let attributes = AttributeContext {
        source: Some(peer(connection.peer)),
        destination: local,
        request: Some(Asked {
            time: Some(since.into()),
            http: Some(http(spec, subject.head, connection.scheme.as_str(), body)),
        }),
        context_extensions: context.collect(),
        tls_session: connection.sni.as_ref().map(|sni| TlsSession {
            sni: sni.to_string(),
        }),
    };
    CheckRequest {
        attributes: Some(attributes),
    }
}

fn peer(address: SocketAddr) -> Peer {
    Peer {
        address: Some(address.into()),
    }
}

fn http(spec: &GrpcAuthorization, head: &RequestHead, scheme: &str, body: Bytes) -> HttpRequest {
    let length = head.fields.text(Known::ContentLength);
    let (text, raw) = match String::from_utf8(body.to_vec()) {
        Ok(text) if !spec.raw_body => (text, Bytes::new()),
        _ => (String::new(), body),
    };
    HttpRequest {
        id: head
            .fields
            .text(Known::XRequestId)
            .unwrap_or_default()
            .to_owned(),
        method: head.method.to_string(),
        headers: headers(&spec.headers, &head.fields),
        path: head.target().to_owned(),
        host: head.host().unwrap_or_default().to_owned(),
        scheme: scheme.to_owned(),
        size: length.and_then(|length| length.parse().ok()).unwrap_or(-1),
        protocol: match head.version {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        }
        .to_owned(),
        body: text,
        raw_body: raw,
    }
}

/// By names in lower case; the values of one name are joined.
fn headers(taken: &Named, fields: &Fields) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in fields.iter().filter(|(name, _)| taken.has(name)) {
        let value = String::from_utf8_lossy(value);
        match headers.get_mut(&name.to_ascii_lowercase()) {
            Some(values) => {
                values.push(',');
                values.push_str(&value);
            }
            None => drop(headers.insert(name.to_ascii_lowercase(), value.into_owned())),
        }
    }
    headers
}

fn verdict(answer: CheckResponse) -> Result<Verdict, NoVerdict> {
    let CheckResponse {
        status,
        http_response,
    } = answer;
    let Status { code } =
        status.ok_or_else(|| NoVerdict::Invalid("its answer has no status".to_owned()))?;
    match (code, http_response) {
        (0, Some(HttpResponse::Ok(allowed))) => Ok(Verdict::Passed(passed(allowed))),
        (0, _) => Ok(Verdict::default()),
        (_, Some(HttpResponse::Denied(denied))) => Ok(Verdict::Refused(refusal(denied))),
        (_, Some(HttpResponse::Error(_))) => {
            Err(NoVerdict::Invalid("it has failed itself".to_owned()))
        }
        _ => Ok(Verdict::Refused(refusal(Denied::default()))),
    }
}

fn passed(allowed: Allowed) -> Changes {
    let Allowed {
        headers,
        headers_to_remove,
        response_headers_to_add,
    } = allowed;
    let removed = headers_to_remove.iter().map(String::as_bytes);
    Changes {
        removed: removed
            .filter_map(|name| HeaderName::from_bytes(name).ok())
            .collect(),
        request: changes(headers, Manner::Set),
        response: changes(response_headers_to_add, Manner::Append),
    }
}

/// What is denied without a status is forbidden.
fn refusal(denied: Denied) -> Refusal {
    let Denied {
        status,
        headers,
        body,
    } = denied;
    let status = status.and_then(|status| u16::try_from(status.code).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.filter(|status| !status.is_informational());
    refused(
        status.unwrap_or(StatusCode::FORBIDDEN),
        changes(headers, Manner::Set),
        body.into(),
    )
}

/// Those that are headers; `usual` is how they are applied where that is not said.
fn changes(options: Vec<HeaderValueOption>, usual: Manner) -> Vec<Change> {
    let change = |option: HeaderValueOption| {
        let HeaderValueOption {
            header,
            append,
            append_action,
        } = option;
        let Header {
            key,
            value,
            raw_value,
        } = header?;
        let value = match raw_value.is_empty() {
            true => HeaderValue::try_from(value).ok()?,
            false => HeaderValue::from_maybe_shared(raw_value).ok()?,
        };
        Some(Change {
            name: HeaderName::try_from(key).ok()?,
            value,
            manner: match (append, append_action) {
                (Some(BoolValue { value: true }), _) => Manner::Append,
                (_, 1) => Manner::AddIfAbsent,
                (_, 2) => Manner::Set,
                (_, 3) => Manner::Replace,
                _ => usual,
            },
        })
    };
    options.into_iter().filter_map(change).collect()
}
