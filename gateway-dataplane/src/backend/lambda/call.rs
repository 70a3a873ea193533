//! Calls: what a function is given of a request.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway_resolve::ir::Lambda;
use http::{HeaderValue, Method, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::envelope::{add_target, several};
use crate::head::{Known, RequestHead};

/// What stays as it is in a path (RFC 3986 section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The call of a function for a request, not signed yet. Of the request's headers it has its content type, and what keeps
/// it from going round in circles; a function is given the others where it is given the whole request.
pub(super) fn call(spec: &Lambda, head: &RequestHead, body: Bytes) -> Request<Bytes> {
    let payload = match spec.wraps {
        true => Bytes::from(wrapped(head, &body, spec.tells_routing).to_string()),
        false => body,
    };
    let mut call = Request::new(payload);
    *call.method_mut() = Method::POST;
    *call.uri_mut() = target(spec);
    let length = HeaderValue::from(call.body().len());
    let headers = call.headers_mut();
    if let Ok(authority) = HeaderValue::from_str(&spec.authority) {
        headers.insert(header::HOST, authority);
    }
    headers.insert(header::CONTENT_LENGTH, length);
    let kind = match spec.wraps {
        true => Some(HeaderValue::from_static("application/json")),
        false => value(head, Known::ContentType),
    };
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let style = if spec.waits {
        "RequestResponse"
    } else {
        "Event"
    };
    headers.insert("x-amz-invocation-type", HeaderValue::from_static(style));
    headers.insert("x-amz-log-type", HeaderValue::from_static("None"));
    if let Some(hops) = value(head, Known::CdnLoop) {
        headers.insert("cdn-loop", hops);
    }
    if spec.tells_routing {
        let told = [
            ("x-envoy-original-path", head.target()),
            ("x-envoy-original-method", head.method.as_str()),
        ];
        for (name, text) in told {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }
    call
}

fn value(head: &RequestHead, name: Known) -> Option<HeaderValue> {
    HeaderValue::from_bytes(head.fields.get(name)?).ok()
}

fn target(spec: &Lambda) -> Uri {
    let encoded = |text| utf8_percent_encode(text, UNRESERVED);
    let function = encoded(&spec.function);
    let mut target = format!("/2015-03-31/functions/{function}/invocations");
    if let Some(qualifier) = &spec.qualifier {
        target.push_str(&format!("?Qualifier={}", encoded(qualifier)));
    }
    target.parse().unwrap_or_default()
}

/// A whole request as JSON. A body that is no text is in base64, and said to be.
fn wrapped(head: &RequestHead, body: &[u8], tells_routing: bool) -> Value {
    let mut message = Map::new();
    match str::from_utf8(body) {
        Ok("") => {}
        Ok(text) => drop(message.insert("body".to_owned(), text.into())),
        Err(_) => {
            message.insert("body".to_owned(), STANDARD.encode(body).into());
            message.insert("isBase64Encoded".to_owned(), true.into());
        }
    }
    let mut fields = BTreeMap::<String, Vec<Value>>::new();
    let mut add = |name: &str, value: &[u8]| {
        let value = String::from_utf8_lossy(value).into_owned();
        let values = fields.entry(name.to_ascii_lowercase()).or_default();
        values.push(value.into());
    };
    add(":method", head.method.as_str().as_bytes());
    add(":path", head.target().as_bytes());
    add(":authority", head.host().unwrap_or_default().as_bytes());
    let all = head.fields.iter();
    all.for_each(|(name, value)| add(name, value));
    if tells_routing {
        add("x-envoy-original-path", head.target().as_bytes());
        add("x-envoy-original-method", head.method.as_str().as_bytes());
    }
    let last = fields.iter();
    let last = last.map(|(name, all)| (name.clone(), all.last().cloned().unwrap_or_default()));
    message.insert("headers".to_owned(), Value::Object(last.collect()));
    let several = Value::Object(several(fields));
    message.insert("multiValueHeaders".to_owned(), several);
    add_target(head.method.as_str(), head.target(), &mut message);
    Value::Object(message)
}
