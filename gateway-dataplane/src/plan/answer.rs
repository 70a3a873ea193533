//! Answers that this hop gives itself. They never say more than their status.

use bytes::Bytes;
use gateway_resolve::ir;
use http::StatusCode;

use crate::head::{Known, RequestHead, ResponseHead, is_grpc_type};
use crate::observe::Reason;

/// An answer of this hop's own.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// Its head; the length of the body is not among its fields.
    pub head: ResponseHead,
    /// Its body.
    pub text: Bytes,
    /// Why it is given.
    pub reason: Reason,
    /// An HTTP/1 connection closes after it: nobody knows where the next request starts.
    pub last: bool,
}

impl Answer {
    /// An answer without a body.
    pub(crate) fn bodiless(head: ResponseHead, reason: Reason) -> Self {
        Self {
            head,
            text: Bytes::new(),
            reason,
            last: false,
        }
    }

    /// The same, after which an HTTP/1 connection closes.
    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// The same, as its client reads it.
    pub(crate) fn told(self, language: Language) -> Self {
        match language {
            Language::Http => self,
            Language::Grpc => self.into_grpc(),
        }
    }

    /// A response that is its trailers alone. An answer that sends the client to another connection (421) is one
    /// of HTTP, which its library acts on.
    fn into_grpc(self) -> Self {
        let status = self.head.status;
        if status.as_u16() < 400 || status == StatusCode::MISDIRECTED_REQUEST {
            return self;
        }
        let mut head = ResponseHead::new(StatusCode::OK);
        let phrase = status.canonical_reason().unwrap_or("Error");
        head.fields.append(Known::ContentType, b"application/grpc");
        head.fields.append(Known::Server, b"gateway");
        head.fields
            .append("grpc-status", grpc_status(status).as_bytes());
        head.fields.append("grpc-message", phrase.as_bytes());
        Self {
            head,
            text: Bytes::new(),
            ..self
        }
    }
}

/// What the client of a request understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Statuses of HTTP.
    Http,
    /// Statuses of gRPC, in trailers; that of HTTP is always 200.
    Grpc,
}

impl Language {
    /// What the sender of this head understands: gRPC says so in its content type.
    pub(crate) fn of(head: &RequestHead) -> Self {
        let kind = head.fields.get(Known::ContentType).unwrap_or_default();
        match is_grpc_type(kind) {
            true => Self::Grpc,
            false => Self::Http,
        }
    }
}

/// The status of gRPC for one of HTTP: as clients map it themselves
/// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>), and `UNAVAILABLE` for a backend that
/// there is not (GRPCRoute `backendRefs`).
fn grpc_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "13",
        401 => "16",
        403 => "7",
        404 | 501 => "12",
        429 | 500..=599 => "14",
        _ => "2",
    }
}

/// `404 Not Found`, and the like.
pub(crate) fn status(status: StatusCode, reason: Reason) -> Answer {
    let phrase = status.canonical_reason().unwrap_or("Error");
    let mut head = ResponseHead::new(status);
    head.fields
        .append(Known::ContentType, b"text/plain; charset=utf-8");
    head.fields.append(Known::Server, b"gateway");
    Answer {
        text: format!("{} {phrase}\n", status.as_str()).into(),
        ..Answer::bodiless(head, reason)
    }
}

/// The response that a rule gives itself.
pub(crate) fn given(response: &ir::FixedResponse) -> Answer {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut head = ResponseHead::new(status);
    if !response.body.is_empty() {
        head.fields.append(Known::ContentType, b"text/plain");
    }
    head.fields.append(Known::Server, b"gateway");
    Answer {
        text: Bytes::copy_from_slice(response.body.as_bytes()),
        ..Answer::bodiless(head, Reason::Rule)
    }
}

/// Who has no stages lets nobody pass where settings ask for some.
#[cfg(not(feature = "proxy"))]
pub(super) fn unless_guarded<B>(
    rule: &crate::table::CompiledRule<B>,
    head: &RequestHead,
) -> Result<(), Answer> {
    let refused = || status(StatusCode::INTERNAL_SERVER_ERROR, Reason::Denied);
    match rule.is_unguarded() {
        true => Err(refused().told(Language::of(head))),
        false => Ok(()),
    }
}
