//! Compression of responses (gzip, RFC 1952), as they stream through.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::write::GzEncoder;
use gateway_resolve::ir;
use http::StatusCode;
use http_body::{Body as _, Frame};

use crate::Body;
use crate::admit::{Admit, Admitted, Asking, Edit};
use crate::body::BodyError;
use crate::head::{Fields, Known, ResponseHead};

/// The stage of an [`ir::Compression`].
pub(super) struct Compress(pub(super) std::sync::Arc<ir::Compression>);

impl Admit for Compress {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        let accepted = accepts_gzip(&asking.head.fields);
        if self.0.hides_from_backend {
            asking.head.fields.remove(Known::AcceptEncoding);
        }
        if accepted && asking.head.method != http::Method::HEAD {
            let spec = std::sync::Arc::clone(&self.0);
            asking.edits.push(Edit::new(move |response| {
                let (mut parts, body) = response.into_parts();
                let mut head = ResponseHead::from(&parts);
                let size = body.size_hint().exact();
                if body.is_empty() || !is_worth_it(&spec, &head, size) {
                    let response = http::Response::from_parts(parts, body);
                    return Box::pin(std::future::ready(response));
                }
                mark(&mut head.fields);
                parts.headers = (&head.fields).into();
                let body = Body::new(Compressed::new(body, spec.level));
                Box::pin(std::future::ready(http::Response::from_parts(parts, body)))
            }));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn takes_exchange(&self) -> bool {
        true
    }
}

/// Does the client take gzip (RFC 9110 section 12.5.3)?
fn accepts_gzip(fields: &Fields) -> bool {
    let lines = fields.get_all(Known::AcceptEncoding);
    let codings = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let mut any = false;
    for coding in codings {
        let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            let weight = part
                .strip_prefix(b"q=")
                .or_else(|| part.strip_prefix(b"Q="));
            weight.is_some_and(|weight| weight.iter().all(|byte| b"0.".contains(byte)))
        });
        if name.eq_ignore_ascii_case(b"gzip") {
            return !refused;
        }
        any |= name == b"*" && !refused;
    }
    any
}

fn is_worth_it(spec: &ir::Compression, head: &ResponseHead, size: Option<u64>) -> bool {
    let fields = &head.fields;
    let kind = fields.text(Known::ContentType).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let keeps = fields.text(Known::CacheControl).unwrap_or_default();
    let length = fields.text(Known::ContentLength);
    let length = length.and_then(|length| length.parse().ok()).or(size);
    head.status != StatusCode::PARTIAL_CONTENT
        && head.status != StatusCode::SWITCHING_PROTOCOLS
        && !fields.contains(Known::ContentEncoding)
        && !keeps.to_ascii_lowercase().contains("no-transform")
        && !(spec.respects_etag && fields.contains(Known::Etag))
        && length.is_none_or(|length: u64| length >= spec.min_length)
        && spec.types.iter().any(|one| one.eq_ignore_ascii_case(kind))
}

fn mark(fields: &mut Fields) {
    fields.remove(Known::ContentLength);
    fields.set(Known::ContentEncoding, b"gzip");
    let weak = fields
        .get(Known::Etag)
        .is_some_and(|tag| tag.starts_with(b"W/"));
    if !weak {
        fields.remove(Known::Etag);
    }
    let varies = fields.get_all(Known::Vary).any(|line| {
        let line = line.to_ascii_lowercase();
        line.windows(15).any(|part| part == b"accept-encoding")
    });
    if !varies {
        fields.append(Known::Vary, b"Accept-Encoding");
    }
}

/// A body that is compressed as it is read: each piece that comes is sent on, so that nothing is held back.
struct Compressed {
    body: Body,
    encoder: Option<GzEncoder<Vec<u8>>>,
    trailers: Option<Frame<Bytes>>,
}

impl Compressed {
    fn new(body: Body, level: u8) -> Self {
        let level = flate2::Compression::new(u32::from(level.clamp(1, 9)));
        Self {
            body,
            encoder: Some(GzEncoder::new(Vec::new(), level)),
            trailers: None,
        }
    }

    /// The last of it.
    fn finish(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        match self.encoder.take() {
            Some(encoder) => Some(match encoder.finish() {
                Ok(rest) => Ok(Frame::data(rest.into())),
                Err(error) => Err(BodyError::new(error)),
            }),
            None => self.trailers.take().map(Ok),
        }
    }
}

impl http_body::Body for Compressed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(encoder) = &mut this.encoder else {
                return Poll::Ready(this.finish());
            };
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => return Poll::Ready(this.finish()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Err(trailers) => this.trailers = Some(trailers),
                Ok(data) => {
                    let written = encoder.write_all(&data).and_then(|()| encoder.flush());
                    if let Err(error) = written {
                        return Poll::Ready(Some(Err(BodyError::new(error))));
                    }
                    let made = std::mem::take(encoder.get_mut());
                    if !made.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(made.into()))));
                    }
                }
            }
        }
    }
}
