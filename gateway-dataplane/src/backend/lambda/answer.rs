//! What the answer of a function comes to.

mod api_gateway;
mod load_balancer;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway_resolve::ir::LambdaAnswer;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::Body;
use crate::filter::is_editable;
use crate::observe::Reason;

/// Lambda says so where the function itself failed.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// The response that an answer of Lambda comes to. One that says that the function failed is 504, with what it says of
/// that; one that is no answer of the function at all stays as it is.
pub(super) async fn response(
    form: LambdaAnswer,
    answer: Response<Body>,
    limit: usize,
) -> Response<Body> {
    let mut answer = answer;
    if answer.headers().contains_key(FUNCTION_ERROR) {
        *answer.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        return answer;
    }
    let is_error = answer.status().as_u16() >= 400;
    let of_api_gateway = match form {
        LambdaAnswer::Body => return answer,
        LambdaAnswer::OfLoadBalancer if is_error => return answer,
        LambdaAnswer::OfLoadBalancer => false,
        LambdaAnswer::OfApiGateway => true,
    };
    if answer.body().is_end_stream() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, limit).collect().await;
    let read = body.map(|body| body.to_bytes()).map_err(|error| {
        tracing::info!(%error, "the answer of a function cannot be read");
    });
    let mut response = match of_api_gateway {
        true => api_gateway::unwrap(&parts, read.ok()),
        false => load_balancer::unwrap(parts, read.ok()),
    };
    let length = HeaderValue::from(response.body().size_hint().lower());
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

/// A text of the gateway's own, and why it is given.
pub(super) fn own(status: StatusCode, text: &'static str, reason: Reason) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response.extensions_mut().insert(reason);
    response
}

/// A status that a response may have.
fn status(number: u64) -> Option<StatusCode> {
    let status = StatusCode::from_u16(u16::try_from(number).ok()?).ok()?;
    Some(status).filter(|_| (200..=599).contains(&number))
}

/// Adds a header that a function gives; what cannot be one, or is about the message itself, is left out.
fn add(headers: &mut HeaderMap, name: &str, value: &Value) {
    let Ok(name) = HeaderName::try_from(name) else {
        return;
    };
    let text = text(value);
    if let (true, Ok(value)) = (is_editable(&name), HeaderValue::from_str(&text)) {
        headers.append(name, value);
    }
}

/// A text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The bytes of a body that may be in base64.
fn decoded(text: String, is_base64: bool) -> Option<Bytes> {
    match is_base64 {
        false => Some(text.into()),
        true => STANDARD.decode(text).ok().map(Bytes::from),
    }
}
