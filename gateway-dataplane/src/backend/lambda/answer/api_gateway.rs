//! Responses as API Gateways have them.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, response};
use serde_json::Value;

use super::{add, decoded, status, text};
use crate::Body;

/// The response that an answer says; none of Lambda's own headers is in it. What is no such answer is 500, and says so.
pub(super) fn unwrap(parts: &response::Parts, body: Option<Bytes>) -> Response<Body> {
    let said = match parts.status.as_u16() {
        429 => Err("the function is called too often"),
        400.. => Err("the function could not be called"),
        _ => read(body),
    };
    said.and_then(|said| response(&said)).unwrap_or_else(failed)
}

fn read(body: Option<Bytes>) -> Result<Value, &'static str> {
    let body = body.ok_or("Failed to transform response")?;
    serde_json::from_slice(&body).map_err(|_| "failed to parse response body as JSON")
}

fn failed(message: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("500: {message}")));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert("x-amzn-errortype", HeaderValue::from_static("500"));
    response
}

fn response(said: &Value) -> Result<Response<Body>, &'static str> {
    let code = match said.get("statusCode") {
        None => StatusCode::OK,
        Some(code) => {
            let wrong = "cannot parse non unsigned integer status code";
            status(code.as_u64().ok_or(wrong)?).ok_or("invalid status code")?
        }
    };
    let mut headers = HeaderMap::new();
    if let Some(given) = said.get("headers") {
        let given = given.as_object().ok_or("invalid headers object")?;
        for (name, value) in given {
            add(&mut headers, name, value);
        }
    }
    if let Some(given) = said.get("multiValueHeaders") {
        let given = given.as_object();
        for (name, values) in given.ok_or("invalid multiValueHeaders object")? {
            add_several(&mut headers, name, values)?;
        }
    }
    let body = said.get("body").map_or_else(|| "{}".to_owned(), text);
    let is_base64 = said.get("isBase64Encoded") == Some(&Value::Bool(true));
    let body = decoded(body, is_base64).ok_or("Failed to transform response")?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The values of one header, which may be one alone.
fn add_several(headers: &mut HeaderMap, name: &str, values: &Value) -> Result<(), &'static str> {
    match values {
        Value::Object(_) => return Err("invalid multi header value object"),
        Value::Array(values) => values.iter().for_each(|value| add(headers, name, value)),
        one => add(headers, name, one),
    }
    Ok(())
}
