//! Messages, before and after a transformation.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::subject::Headers;
use super::{Outcome, bad_request, program::Name};
use crate::Body;
use crate::admit::Refusal;
use crate::filter::is_editable;
use crate::head::{Fields, Known, RequestHead, ResponseHead};

/// The headers of a request, as templates see them.
pub(super) fn of_request(head: &RequestHead) -> Headers {
    let mut headers = of_fields(&head.fields);
    let host = head.host().unwrap_or_default();
    headers.insert(":method".to_owned(), head.method.to_string());
    headers.insert(":path".to_owned(), head.target().to_owned());
    headers.insert(":authority".to_owned(), host.to_owned());
    headers
}

/// The same for a response.
pub(super) fn of_response(head: &ResponseHead) -> Headers {
    let mut headers = of_fields(&head.fields);
    headers.insert(":status".to_owned(), head.status.as_str().to_owned());
    headers
}

/// The values of one name are joined.
fn of_fields(fields: &Fields) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in fields.iter() {
        let value = String::from_utf8_lossy(value);
        let values = headers.entry(name.to_ascii_lowercase()).or_default();
        if !values.is_empty() {
            values.push(',');
        }
        values.push_str(&value);
    }
    headers
}

/// Changes a request; `Err` answers it, where what is asked for is none.
pub(super) fn change_request(
    outcome: Outcome,
    head: &mut RequestHead,
    body: &mut Body,
) -> Result<(), Refusal> {
    for (name, value) in &outcome.set {
        match name {
            Name::Header(name) => set(&mut head.fields, name, value),
            Name::Method => {
                head.method = Method::from_bytes(value.as_bytes())
                    .map_err(|_| bad_request("the method is none"))?;
            }
            Name::Path if is_target(value) => head.set_target(value),
            Name::Path => return Err(bad_request("the path is none")),
            Name::Authority => {
                let value = HeaderValue::from_str(value);
                let value = value.map_err(|_| bad_request("the authority is none"))?;
                head.fields.set(Known::Host, value.as_bytes());
            }
            Name::Status => {}
        }
    }
    if let Some(text) = change_rest(outcome, &mut head.fields) {
        *body = Body::from(text);
    }
    Ok(())
}

/// A path, and a query perhaps.
fn is_target(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    text.starts_with('/') && text.bytes().all(fits)
}

/// Changes a response; the body that it has then.
pub(super) fn change_response(outcome: Outcome, head: &mut ResponseHead, body: Body) -> Body {
    for (name, value) in &outcome.set {
        match name {
            Name::Header(name) => set(&mut head.fields, name, value),
            Name::Status => {
                let status = value.trim().parse().ok();
                let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                if let Some(status) = status.filter(|status| !status.is_informational()) {
                    head.status = status;
                }
            }
            Name::Path | Name::Method | Name::Authority => {}
        }
    }
    let bodiless = matches!(
        head.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    match change_rest(outcome, &mut head.fields) {
        Some(text) if !bodiless => Body::from(text),
        Some(_) | None => body,
    }
}

/// An empty value removes the header.
fn set(fields: &mut Fields, name: &HeaderName, value: &str) {
    if !is_editable(name) {
        return;
    }
    match HeaderValue::from_str(value) {
        Ok(value) if !value.is_empty() => fields.insert(name, &value),
        _ => fields.remove(name),
    }
}

/// Removes and adds headers; the new body, with headers that describe it.
fn change_rest(outcome: Outcome, fields: &mut Fields) -> Option<Bytes> {
    for name in outcome.remove.iter().filter(|name| is_editable(name)) {
        fields.remove(name);
    }
    for (name, value) in &outcome.append {
        if let Ok(value) = HeaderValue::from_str(value)
            && is_editable(name)
        {
            fields.append(name, value.as_bytes());
        }
    }
    let text = Bytes::from(outcome.body?);
    fields.remove(Known::TransferEncoding);
    match text.is_empty() {
        true => {
            fields.remove(Known::ContentType);
            fields.remove(Known::ContentLength);
        }
        false => fields.set(Known::ContentLength, text.len().to_string().as_bytes()),
    }
    Some(text)
}
