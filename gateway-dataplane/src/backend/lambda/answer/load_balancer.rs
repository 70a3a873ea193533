//! Responses as Application Load Balancers have them.

use bytes::Bytes;
use http::{Response, StatusCode, header, response};
use serde_json::{Map, Value};

use super::{add, decoded, status};
use crate::Body;

/// The response that an answer says, or 500 without a body. Headers that it gives go before those of Lambda.
pub(super) fn unwrap(mut parts: response::Parts, body: Option<Bytes>) -> Response<Body> {
    let said = body.and_then(|body| serde_json::from_slice(&body).ok());
    let unwrapped = said.and_then(|said: Map<String, Value>| {
        let body = taken(&mut parts, &said)?;
        Some(Body::from(body))
    });
    let body = unwrapped.unwrap_or_else(|| {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        Body::empty()
    });
    parts.headers.remove(header::CONTENT_ENCODING);
    Response::from_parts(parts, body)
}

/// Takes status and headers over; the body.
fn taken(parts: &mut response::Parts, said: &Map<String, Value>) -> Option<Bytes> {
    let is_base64 = match said.get("isBase64Encoded") {
        None => false,
        Some(said) => said.as_bool()?,
    };
    let text = said.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = decoded(text.to_owned(), is_base64)?;
    if let Some(said) = said.get("statusCode") {
        parts.status = number(said).and_then(status)?;
    }
    let one = fields(said, "headers").map(|(name, value)| (name, std::slice::from_ref(value)));
    let several = fields(said, "multiValueHeaders");
    let several = several.filter_map(|(name, values)| Some((name, values.as_array()?.as_slice())));
    let given: Vec<_> = one.chain(several).collect();
    for (name, _) in &given {
        parts.headers.remove(*name);
    }
    for (name, values) in given {
        let texts = values.iter().filter(|value| value.is_string());
        texts.for_each(|value| add(&mut parts.headers, name, value));
    }
    Some(body)
}

fn fields<'a>(
    said: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let fields = said.get(name).and_then(Value::as_object);
    let fields = fields.into_iter().flatten();
    fields.map(|(name, value)| (name.as_str(), value))
}

/// A whole number, however it is written.
fn number(value: &Value) -> Option<u64> {
    let of_float = || {
        let float = value
            .as_f64()
            .filter(|float| (0.0..1000.0).contains(float))?;
        Some(float as u64)
    };
    value.as_u64().or_else(of_float)
}
