//! Asking the health service of gRPC
//! (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use bytes::{BufMut, Bytes, BytesMut};
use gateway_resolve::ir::GrpcProbe;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};

use super::http::over_http2;
use super::probe::Found;
use crate::Body;
use crate::backend::upstream::connect::Connect;
use crate::backend::upstream::endpoint::Endpoint;
use crate::backend::upstream::settings::Settings;
use crate::backend::upstream::way::Way;

/// Bytes of an answer.
const ANSWER: usize = 1 << 10;

pub(super) async fn ask<C: Connect>(
    asked: &GrpcProbe,
    way: &Way<C>,
    endpoint: &Endpoint,
    settings: &Settings,
) -> Result<Found, String> {
    let response = over_http2(request(asked)?, way, endpoint, settings).await?;
    let (head, body) = response.into_parts();
    if head.status != StatusCode::OK {
        return Ok(Found::Down(format!("it answers {}", head.status)));
    }
    let whole = Limited::new(body, ANSWER).collect().await;
    let whole = whole.map_err(|error| error.to_string())?;
    let status = |fields: &HeaderMap| fields.get("grpc-status").cloned();
    let said = whole
        .trailers()
        .and_then(status)
        .or_else(|| status(&head.headers));
    match said.as_ref().map(HeaderValue::as_bytes) {
        Some(b"0") => {}
        said => return Ok(Found::Down(format!("it answers with gRPC status {said:?}"))),
    }
    Ok(match is_serving(&whole.to_bytes()) {
        true => Found::Well,
        false => Found::Down("it does not serve".to_owned()),
    })
}

/// A call of `Check`, whose message has the service in field 1.
fn request(asked: &GrpcProbe) -> Result<Request<Body>, String> {
    let mut message = BytesMut::new();
    if !asked.service.is_empty() {
        message.put_u8(0x0a);
        let mut length = asked.service.len();
        while length >= 0x80 {
            message.put_u8(length as u8 | 0x80);
            length >>= 7;
        }
        message.put_u8(length as u8);
        message.put_slice(asked.service.as_bytes());
    }
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.unsplit(message);
    let mut request = Request::new(Body::from(frame.freeze()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/grpc.health.v1.Health/Check");
    let headers = request.headers_mut();
    let host = HeaderValue::from_str(&asked.host).map_err(|error| error.to_string())?;
    headers.insert(header::HOST, host);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(request)
}

/// Is the message one whose status, field 1, is SERVING?
fn is_serving(frame: &Bytes) -> bool {
    frame.get(..1) == Some(&[0])
        && frame
            .get(5..)
            .is_some_and(|message| message.starts_with(&[0x08, 1]))
}
