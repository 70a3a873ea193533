//! Calls of gRPC servers, by way of backends
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

pub(crate) mod messages;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use gateway_resolve::ir;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Limited};
use prost::Message;

use crate::Body;
use crate::backend::{Attempt, Backend, BackendError, BoxBackend};

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("it answers with HTTP status {0}")]
    Http(StatusCode),
    #[error("it answers with gRPC status {0}")]
    Status(String),
    #[error("its answer is none: {0}")]
    Invalid(String),
}

/// The method that is called, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called<'a> {
    /// `/package.Service/Method`.
    pub(crate) path: &'static str,
    /// The `:authority`.
    pub(crate) authority: &'a str,
    /// Headers beside those of gRPC.
    pub(crate) headers: &'a [(gateway_model::HeaderName, gateway_model::HeaderValue)],
    /// Bytes of an answer. Beyond: there is none.
    pub(crate) limit: usize,
}

/// The `:authority` of a server: the one that is given, or one made of its name.
pub(crate) fn authority(server: &ir::Target, given: Option<&str>) -> String {
    match (given, server.backend()) {
        (Some(given), _) => given.to_owned(),
        (None, Some(id)) => format!("{}.{}", id.object.name, id.object.namespace),
        (None, None) => String::new(),
    }
}

/// Calls a method that takes one message and answers with one.
pub(crate) async fn call<Q: Message, A: Message + Default>(
    server: &BoxBackend,
    worker: usize,
    method: Called<'_>,
    message: &Q,
) -> Result<A, CallError> {
    decode(tell(server, worker, method, message).await?)
}

/// Calls a method that takes one message, whatever messages it answers with.
pub(crate) async fn tell<Q: Message>(
    server: &BoxBackend,
    worker: usize,
    method: Called<'_>,
    message: &Q,
) -> Result<Bytes, CallError> {
    let request = request(method, message)?;
    let (head, body) = server
        .call(request, &Attempt::first(worker))
        .await?
        .into_parts();
    if head.status != StatusCode::OK {
        return Err(CallError::Http(head.status));
    }
    let collected = Limited::new(body, method.limit).collect().await;
    let collected = collected.map_err(|error| CallError::Invalid(error.to_string()))?;
    check_status(collected.trailers().unwrap_or(&head.headers))?;
    Ok(collected.to_bytes())
}

fn request<Q: Message>(method: Called<'_>, message: &Q) -> Result<Request<Body>, CallError> {
    let mut request = Request::new(Body::from(frame(message)));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = http::Uri::from_static(method.path);
    let headers = request.headers_mut();
    let authority = HeaderValue::from_str(method.authority);
    let authority = authority.map_err(|error| CallError::Invalid(error.to_string()))?;
    headers.insert(header::HOST, authority);
    let grpc = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, grpc);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    for (name, value) in method.headers {
        headers.append(name.as_http(), value.as_http().clone());
    }
    Ok(request)
}

/// A message behind its flags and length.
fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(length + PREFIX);
    bytes.put_u8(0);
    bytes.put_u32(length as u32);
    bytes.put_slice(&message.encode_to_vec());
    bytes.freeze()
}

/// Flags and length.
const PREFIX: usize = 5;

fn check_status(fields: &HeaderMap) -> Result<(), CallError> {
    match fields.get("grpc-status").map(HeaderValue::as_bytes) {
        Some(b"0") => Ok(()),
        None => Err(CallError::Invalid("it has no grpc-status".to_owned())),
        Some(status) => Err(CallError::Status(
            String::from_utf8_lossy(status).into_owned(),
        )),
    }
}

fn decode<A: Message + Default>(mut bytes: Bytes) -> Result<A, CallError> {
    let invalid = |what: &str| CallError::Invalid(what.to_owned());
    if bytes.len() < PREFIX || bytes.get_u8() != 0 {
        return Err(invalid("it has no message that is not compressed"));
    }
    let length = bytes.get_u32() as usize;
    if bytes.len() != length {
        return Err(invalid("it is not one message"));
    }
    A::decode(bytes).map_err(|error| CallError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{decode, frame};

    #[test]
    fn a_message_follows_its_flags_and_length() {
        let framed = frame(&"hi".to_owned());
        assert_eq!(&framed[..], b"\0\0\0\0\x04\x0a\x02hi");
        assert_eq!(decode::<String>(framed).unwrap(), "hi");
    }

    #[test]
    fn what_is_not_one_plain_message_is_none() {
        for bad in [
            &b""[..],
            b"\0\0\0\0",
            b"\x01\0\0\0\0",
            b"\0\0\0\0\x05\x0a\x02hi",
            b"\0\0\0\0\x02\x0a\x02hi",
        ] {
            let bad = Bytes::copy_from_slice(bad);
            assert!(decode::<String>(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
