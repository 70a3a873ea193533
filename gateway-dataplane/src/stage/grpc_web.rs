//! gRPC for clients that have no trailers (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>): they are
//! the last frame of the body, and bodies of text are base64.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;

use crate::Body;
use crate::admit::{Admit, Admitted, Asking, Edit};
use crate::body::BodyError;
use crate::head::{Known, ResponseHead};

/// Has requests of gRPC-Web reach backends as gRPC, and answers as they were asked.
pub(super) struct GrpcWeb;

impl Admit for GrpcWeb {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        let kind = asking.head.fields.text(Known::ContentType);
        if let Some((text, rest)) = kind.and_then(kind_of) {
            let kind = format!("application/grpc{rest}");
            let fields = &mut asking.head.fields;
            fields.set(Known::ContentType, kind.as_bytes());
            fields.set(Known::Te, b"trailers");
            if text {
                fields.remove(Known::ContentLength);
                let body = std::mem::take(asking.body);
                *asking.body = Body::new(Translated::new(body, Manner::FromText));
            }
            asking.edits.push(Edit::new(move |response| {
                Box::pin(std::future::ready(answered(response, text)))
            }));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn takes_exchange(&self) -> bool {
        true
    }
}

/// Is it a type of gRPC-Web? Whether its bodies are text, and what follows.
fn kind_of(kind: &str) -> Option<(bool, String)> {
    let rest = kind.strip_prefix("application/grpc-web")?;
    let (text, rest) = match rest.strip_prefix("-text") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let ends = rest.is_empty() || rest.starts_with(['+', ';']);
    ends.then(|| (text, rest.to_owned()))
}

fn answered(response: http::Response<Body>, text: bool) -> http::Response<Body> {
    let (mut parts, body) = response.into_parts();
    let mut head = ResponseHead::from(&parts);
    let kind = head.fields.text(Known::ContentType).unwrap_or_default();
    let Some(rest) = kind.strip_prefix("application/grpc") else {
        return http::Response::from_parts(parts, body);
    };
    let name = if text { "grpc-web-text" } else { "grpc-web" };
    let kind = format!("application/{name}{rest}");
    head.fields.set(Known::ContentType, kind.as_bytes());
    head.fields.remove(Known::ContentLength);
    head.fields.remove(Known::Trailer);
    parts.headers = (&head.fields).into();
    let manner = if text { Manner::ToText } else { Manner::Framed };
    let body = match body.is_empty() {
        true => body,
        false => Body::new(Translated::new(body, manner)),
    };
    http::Response::from_parts(parts, body)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// What comes is base64.
    FromText,
    /// Trailers become a frame.
    Framed,
    /// The same, and all of it base64.
    ToText,
}

/// A body in another form.
struct Translated {
    body: Body,
    manner: Manner,
    /// Characters that no whole group has come of yet.
    rest: BytesMut,
}

/// Marks a frame that has trailers.
const TRAILERS: u8 = 0x80;

impl Translated {
    fn new(body: Body, manner: Manner) -> Self {
        Self {
            body,
            manner,
            rest: BytesMut::new(),
        }
    }

    fn translate(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        let frame = match (frame.into_data(), self.manner) {
            (Ok(data), Manner::FromText) => return self.decode(&data).map(Frame::data),
            (Ok(data), _) => data,
            (Err(frame), Manner::FromText) => return Ok(frame),
            (Err(frame), _) => trailers(frame.trailers_ref()),
        };
        Ok(Frame::data(match self.manner {
            Manner::ToText => STANDARD.encode(&frame).into(),
            Manner::Framed | Manner::FromText => frame,
        }))
    }

    /// Groups of four characters, each of which may be the end of a part.
    fn decode(&mut self, data: &[u8]) -> Result<Bytes, BodyError> {
        self.rest.extend_from_slice(data);
        let whole = self.rest.len() / 4 * 4;
        let mut decoded = Vec::with_capacity(whole / 4 * 3);
        for group in self.rest.split_to(whole).chunks(4) {
            let bytes = STANDARD.decode(group).map_err(BodyError::new)?;
            decoded.extend_from_slice(&bytes);
        }
        Ok(decoded.into())
    }
}

fn trailers(trailers: Option<&HeaderMap>) -> Bytes {
    let mut lines = BytesMut::new();
    for (name, value) in trailers.into_iter().flatten() {
        lines.put_slice(name.as_str().as_bytes());
        lines.put_slice(b": ");
        lines.put_slice(value.as_bytes());
        lines.put_slice(b"\r\n");
    }
    let mut frame = BytesMut::with_capacity(lines.len() + 5);
    frame.put_u8(TRAILERS);
    frame.put_u32(lines.len() as u32);
    frame.put_slice(&lines);
    frame.freeze()
}

impl http_body::Body for Translated {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let translated = frame.and_then(|frame| this.translate(frame));
            match &translated {
                Ok(frame) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                _ => return Poll::Ready(Some(translated)),
            }
        }
    }
}
