//! Heads as a whole: of requests and of responses.

use http::uri::{PathAndQuery, Scheme, Uri};
use http::{HeaderMap, Method, StatusCode, Version, request, response};

use super::fields::{Fields, Span};
use super::name::Known;

/// The head of a request.
///
/// Its target is what the sender wrote, until [`normalize`](super::normalize) made a path and query of it.
#[derive(Debug, Clone, Default)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The version that it came in.
    pub version: Version,
    target: String,
    /// The length of the path, when a query follows.
    path: Option<usize>,
    /// The `:authority` of HTTP/2.
    authority: Option<Span>,
    /// The `:scheme` of HTTP/2.
    scheme: Option<Scheme>,
    /// The fields.
    pub fields: Fields,
}

impl RequestHead {
    /// The target, as it is in the request line.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        let end = self.path.unwrap_or(self.target.len());
        self.target.get(..end).unwrap_or_default()
    }

    /// The query, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.target.get(self.path? + 1..)
    }

    /// The `:authority` of HTTP/2, if that is where it came from.
    pub fn authority(&self) -> Option<&str> {
        str::from_utf8(self.authority?.of(&self.fields.text)).ok()
    }

    /// The `:scheme` of HTTP/2, if there was an authority with it.
    pub(crate) fn scheme(&self) -> Option<&Scheme> {
        self.scheme.as_ref()
    }

    /// The `Host`, when it is text.
    pub fn host(&self) -> Option<&str> {
        self.fields.text(Known::Host)
    }

    /// Puts another target in the place of this one: a path, with or without a query, in origin form (RFC 9112 section
    /// 3.2.1). Before a request is routed it is brought into canonical form again; later, who sets it sees to that.
    pub fn set_target(&mut self, target: &str) {
        self.target.clear();
        self.target.push_str(target);
        self.path = target.bytes().position(|byte| byte == b'?');
    }

    /// Adds a `Host` that is the `:authority`.
    pub(crate) fn place_authority(&mut self) {
        if let Some(authority) = self.authority {
            self.fields.put(Known::Host.into(), authority);
        }
    }

    /// Forgets all, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.fields.clear();
        self.method = Method::GET;
        (self.authority, self.scheme) = (None, None);
        self.set_target("");
    }

    /// Takes over a head that was parsed out of `text`.
    pub(crate) fn take(&mut self, text: &[u8], parsed: &httparse::Request<'_, '_>) -> Option<()> {
        self.clear();
        self.method = Method::from_bytes(parsed.method?.as_bytes()).ok()?;
        self.version = version(parsed.version?);
        self.fields.take_text(text);
        self.set_target(parsed.path?);
        take_fields(&mut self.fields, text, parsed.headers);
        Some(())
    }

    /// Makes the `http` crate's head the same as this one; its extensions stay.
    ///
    /// # Errors
    /// The target is not one of RFC 9112 section 3.2, or is too long for that crate.
    pub fn write_parts(&self, parts: &mut request::Parts) -> Result<(), BadTarget> {
        let target = bytes::Bytes::copy_from_slice(self.target.as_bytes());
        let uri = match target.first() {
            Some(b'/' | b'*') => PathAndQuery::from_maybe_shared(target).map(Uri::from),
            _ => Uri::from_maybe_shared(target),
        };
        parts.uri = uri.map_err(|_| BadTarget)?;
        parts.method = self.method.clone();
        parts.version = self.version;
        parts.headers = HeaderMap::from(&self.fields);
        Ok(())
    }

    /// The same as the `http` crate has it.
    ///
    /// # Errors
    /// As [`write_parts`](Self::write_parts).
    pub fn to_parts(&self) -> Result<request::Parts, BadTarget> {
        let mut parts = http::Request::new(()).into_parts().0;
        self.write_parts(&mut parts)?;
        Ok(parts)
    }

    /// Takes over what the `http` crate has; `self` is overwritten.
    pub fn read_parts(&mut self, parts: &request::Parts) {
        self.clear();
        self.method = parts.method.clone();
        self.version = parts.version;
        self.fields.extend(&parts.headers);
        match (parts.uri.scheme(), parts.uri.authority()) {
            (scheme, Some(authority)) if parts.version >= Version::HTTP_2 => {
                self.scheme = scheme.cloned();
                self.authority = Some(self.fields.keep(authority.as_str().as_bytes()));
                self.set_target(parts.uri.path_and_query().map_or("", PathAndQuery::as_str));
            }
            (None, None) => match parts.uri.path_and_query().map_or("", PathAndQuery::as_str) {
                // The path of an absolute target may be left out.
                query if query.starts_with('?') => self.set_target(&format!("/{query}")),
                target => self.set_target(target),
            },
            _ => self.set_target(&parts.uri.to_string()),
        }
    }
}

impl From<&request::Parts> for RequestHead {
    fn from(parts: &request::Parts) -> Self {
        let mut head = Self::default();
        head.read_parts(parts);
        head
    }
}

/// A target that names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request target has no form that there is")]
pub struct BadTarget;

/// The head of a response.
#[derive(Debug, Clone, Default)]
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The version that it came in.
    pub version: Version,
    pub(super) reason: Span,
    /// The fields.
    pub fields: Fields,
}

impl ResponseHead {
    /// A head of one's own.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            version: Version::HTTP_11,
            ..Self::default()
        }
    }

    /// What follows the status: what the sender wrote, or what is usual.
    pub(crate) fn reason(&self) -> &[u8] {
        let reason = self.reason.of(&self.fields.text);
        match reason.is_empty() {
            true => self
                .status
                .canonical_reason()
                .unwrap_or_default()
                .as_bytes(),
            false => reason,
        }
    }

    /// Forgets all, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.fields.clear();
        self.status = StatusCode::OK;
        self.reason = Span::default();
    }

    /// Takes over a head that was parsed out of `text`.
    pub(crate) fn take(&mut self, text: &[u8], parsed: &httparse::Response<'_, '_>) -> Option<()> {
        self.clear();
        self.status = StatusCode::from_u16(parsed.code?).ok()?;
        self.version = version(parsed.version?);
        self.fields.take_text(text);
        self.reason = span(text, parsed.reason.unwrap_or_default().as_bytes());
        take_fields(&mut self.fields, text, parsed.headers);
        Some(())
    }

    /// The view of it that the `http` crate has.
    pub fn to_parts(&self) -> response::Parts {
        let mut parts = http::Response::new(()).into_parts().0;
        parts.status = self.status;
        parts.version = self.version;
        parts.headers = HeaderMap::from(&self.fields);
        parts
    }

    /// Takes over what the `http` crate has; `self` is overwritten.
    pub fn read_parts(&mut self, parts: &response::Parts) {
        self.clear();
        self.status = parts.status;
        self.version = parts.version;
        self.fields.extend(&parts.headers);
    }
}

impl From<&response::Parts> for ResponseHead {
    fn from(parts: &response::Parts) -> Self {
        let mut head = Self::default();
        head.read_parts(parts);
        head
    }
}

fn version(minor: u8) -> Version {
    match minor {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    }
}

fn take_fields(fields: &mut Fields, text: &[u8], parsed: &[httparse::Header<'_>]) {
    for header in parsed {
        let (name, value) = (header.name.as_bytes(), header.value);
        fields.add_spans(span(text, name), span(text, value));
    }
}

/// Where `part` lies in `text`, which it is a slice of.
fn span(text: &[u8], part: &[u8]) -> Span {
    match part.is_empty() {
        true => Span::default(),
        false => {
            let start = part.as_ptr().addr() - text.as_ptr().addr();
            Span::new(start, start + part.len())
        }
    }
}
