//! The head of a request, checked and put into canonical form before anything looks at it.
//!
//! Canonical: the target is a path and query (or `*`) without dot segments, and the `Host` header is
//! there once, valid, and the authority that the request is for, whatever form and version it came in.
//! Only HTTP/1.0 may leave it out. A head that can be read in two ways is refused, never mended
//! (RFC 9112 section 11.2). When there is nothing to change, nothing is allocated.

use std::time::Duration;

use http::uri::{PathAndQuery, Scheme, Uri};
use http::{Method, StatusCode, Version};

use crate::filter::InvalidTarget;

mod convert;
mod fields;
mod framing;
mod message;
mod name;
mod path;
mod readings;
pub(crate) mod slashes;
mod usual;

pub use fields::Fields;
pub(crate) use framing::{Framing, framing};
pub use message::{BadTarget, RequestHead, ResponseHead};
pub use name::{Known, Name};
pub use readings::AmbiguousPaths;
pub(crate) use readings::other_readings;

/// Is it the content type of gRPC, `application/grpc` with or without a format?
pub(crate) fn is_grpc_type(content_type: &[u8]) -> bool {
    let prefix = b"application/grpc";
    let parts = content_type.split_at_checked(prefix.len());
    let (start, rest) = parts.unwrap_or_default();
    start.eq_ignore_ascii_case(prefix) && matches!(rest, [] | [b'+' | b';', ..])
}

/// The time that a client gives itself
/// (`grpc-timeout`, <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
pub(crate) fn grpc_timeout(head: &RequestHead) -> Option<Duration> {
    let (digits, unit) = {
        let text = head.fields.text("grpc-timeout")?;
        text.split_at_checked(text.len().checked_sub(1)?)?
    };
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// What heads are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadRules {
    /// The most bytes that path and query may have together. At least 8,000 are recommended
    /// (RFC 9112 section 3); the `http` crate takes no more than 65,534.
    pub max_target_bytes: usize,
}

impl Default for HeadRules {
    /// Targets of 16 KiB, which leaves room for other headers in a head of 32 KiB.
    fn default() -> Self {
        Self {
            max_target_bytes: 16 << 10,
        }
    }
}

/// Why a head is refused. All but a bad path or method end the connection: where the next request
/// starts is in doubt, or whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// `CONNECT`: this is no tunnel.
    #[error("CONNECT is not served")]
    Connect,
    /// The target is neither a path, nor an absolute `http` or `https` URI, nor `*` with `OPTIONS`.
    #[error("the request target has a form that the method does not allow")]
    TargetForm,
    /// The target is longer than [`HeadRules::max_target_bytes`].
    #[error("the request target is too long")]
    TargetTooLong,
    /// The path has a control character, a NUL or a backslash, plain or (for NUL) percent-encoded.
    #[error("the path holds a character that is not allowed")]
    PathCharacter,
    /// No `Host` header, or an empty one, or no `:authority`.
    #[error("the Host header is missing or empty")]
    HostMissing,
    /// More than one `Host` header.
    #[error("the Host header is repeated")]
    HostRepeated,
    /// The authority is not a host with an optional port; user information is not allowed.
    #[error("the Host header or authority is invalid")]
    HostInvalid,
    /// `Host` and `:authority` differ.
    #[error("the Host header differs from the authority")]
    HostMismatch,
    /// Both `Content-Length` and `Transfer-Encoding`.
    #[error("both Content-Length and Transfer-Encoding are given")]
    BothLengths,
    /// `Content-Length` is no number, or several different ones.
    #[error("the Content-Length is invalid")]
    ContentLength,
    /// `Transfer-Encoding` where there is none: in HTTP/1.0 or HTTP/2, or without `chunked` at the end.
    #[error("the Transfer-Encoding is invalid")]
    TransferEncoding,
    /// A transfer coding besides `chunked`.
    #[error("the transfer coding is not supported")]
    UnsupportedCoding,
    /// A value over HTTP/2 that begins or ends with white space.
    #[error("a field value begins or ends with white space")]
    FieldValue,
    /// `Expect` asks for something besides `100-continue`.
    #[error("the expectation is not met")]
    Expectation,
}

impl HeadError {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Connect | Self::UnsupportedCoding => StatusCode::NOT_IMPLEMENTED,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<InvalidTarget> for HeadError {
    fn from(_: InvalidTarget) -> Self {
        Self::TargetTooLong
    }
}

/// Checks the head of a request and puts it into canonical form.
///
/// # Errors
/// The head has to be refused; what is left in it is not to be used.
pub fn normalize(head: &mut RequestHead, rules: HeadRules) -> Result<(), HeadError> {
    if head.method == Method::CONNECT {
        return Err(HeadError::Connect);
    }
    framing(&mut head.fields, head.version)?;
    check_expectation(&head.fields)?;
    let has_host = check_host(&head.fields)?;
    if head.version == Version::HTTP_11 && !has_host {
        return Err(HeadError::HostMissing);
    }
    match head.version {
        Version::HTTP_2 | Version::HTTP_3 => {
            take_pseudo_headers(head, has_host)?;
            check_values(&head.fields)?;
            join_cookies(&mut head.fields);
        }
        _ if head.target().starts_with(['/', '*']) => {}
        _ => take_authority(head)?,
    }
    normalize_path(head, rules)
}

/// A value neither begins nor ends with white space (RFC 9113 section 8.2.1). HTTP/1 has it around values, where
/// it is no part of them.
fn check_values(fields: &Fields) -> Result<(), HeadError> {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    match fields
        .iter()
        .all(|(_, value)| !is_space(value.first()) && !is_space(value.last()))
    {
        true => Ok(()),
        false => Err(HeadError::FieldValue),
    }
}

/// Clients split the `Cookie` field for the sake of compression; it is one to all who read it
/// (RFC 9113 section 8.2.3).
fn join_cookies(fields: &mut Fields) {
    if fields.get_all(Known::Cookie).nth(1).is_some() {
        let joined = fields
            .get_all(Known::Cookie)
            .collect::<Vec<_>>()
            .join(&b"; "[..]);
        fields.set(Known::Cookie, &joined);
    }
}

/// Is there a `Host` header? It is valid.
fn check_host(fields: &Fields) -> Result<bool, HeadError> {
    let mut hosts = fields.get_all(Known::Host);
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(false),
        (Some(_), Some(_)) => Err(HeadError::HostRepeated),
        (Some([]), None) => Err(HeadError::HostMissing),
        (Some(authority), None) if !is_authority(authority) => Err(HeadError::HostInvalid),
        (Some(_), None) => Ok(true),
    }
}

/// Moves the authority of HTTP/2's pseudo-headers into the `Host` header; where there are both, they have to
/// agree (RFC 9113 section 8.3.1).
fn take_pseudo_headers(head: &mut RequestHead, has_host: bool) -> Result<(), HeadError> {
    // An empty path is written as `/` in `:path`, while it may be left out of an absolute target.
    if head.target().starts_with('?') {
        return Err(HeadError::TargetForm);
    }
    let Some(authority) = head.authority() else {
        return if has_host {
            Ok(())
        } else {
            Err(HeadError::HostMissing)
        };
    };
    if !head.scheme().is_some_and(is_served) {
        return Err(HeadError::TargetForm);
    }
    if !is_authority(authority.as_bytes()) {
        return Err(HeadError::HostInvalid);
    }
    match head.fields.get(Known::Host) {
        Some(host) if host.eq_ignore_ascii_case(authority.as_bytes()) => {}
        Some(_) => return Err(HeadError::HostMismatch),
        None => head.place_authority(),
    }
    Ok(())
}

fn is_served(scheme: &Scheme) -> bool {
    *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
}

/// Moves the authority of an absolute target into the `Host` header, over which it wins in HTTP/1
/// (RFC 9112 section 3.2.2).
fn take_authority(head: &mut RequestHead) -> Result<(), HeadError> {
    let uri: Uri = head.target().parse().map_err(|_| HeadError::TargetForm)?;
    let (Some(authority), Some(scheme)) = (uri.authority(), uri.scheme()) else {
        return Err(HeadError::TargetForm);
    };
    if !is_served(scheme) {
        return Err(HeadError::TargetForm);
    }
    if !is_authority(authority.as_str().as_bytes()) {
        return Err(HeadError::HostInvalid);
    }
    let same = head
        .host()
        .is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str()));
    if !same {
        head.fields.set(Known::Host, authority.as_str().as_bytes());
    }
    // An empty path is read as `/`.
    let target = match uri.path_and_query().map_or("/", PathAndQuery::as_str) {
        query if query.starts_with('?') => format!("/{query}"),
        target => target.to_owned(),
    };
    head.set_target(&target);
    Ok(())
}

/// Longest authority: a DNS name with its trailing dot, and a port.
const MAX_AUTHORITY: usize = 254 + 6;

/// `host` or `host:port` (RFC 3986 sections 3.2.2 and 3.2.3), no user information.
fn is_authority(authority: &[u8]) -> bool {
    if !authority.is_empty() && authority.len() <= MAX_AUTHORITY && is_reg_name(authority) {
        return true;
    }
    let (host, port) = match authority.iter().rposition(|b| matches!(b, b':' | b']')) {
        Some(at) if authority[at] == b':' => (&authority[..at], &authority[at + 1..]),
        _ => (authority, &[][..]),
    };
    let valid = match host {
        [b'[', address @ .., b']'] => str::from_utf8(address)
            .is_ok_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        name => !name.is_empty() && is_reg_name(name),
    };
    valid && authority.len() <= MAX_AUTHORITY && is_port(port)
}

fn is_reg_name(name: &[u8]) -> bool {
    let allowed = name.iter().map(|byte| REG_NAME[usize::from(*byte)]);
    allowed.fold(true, |all, allowed| all & allowed)
}

fn is_port(port: &[u8]) -> bool {
    let digits = port.iter().all(u8::is_ascii_digit);
    digits && str::from_utf8(port).is_ok_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

/// Which bytes a name may hold (RFC 3986 `reg-name`).
const REG_NAME: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        allowed[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others: &[u8] = b"-._~%!$&'()*+,;=";
    while let [byte, rest @ ..] = others {
        allowed[*byte as usize] = true;
        others = rest;
    }
    allowed
};

/// RFC 9110 section 10.1.1.
fn check_expectation(fields: &Fields) -> Result<(), HeadError> {
    let mut values = fields.get_all(Known::Expect);
    match values.all(|value| value.eq_ignore_ascii_case(b"100-continue")) {
        true => Ok(()),
        false => Err(HeadError::Expectation),
    }
}

fn normalize_path(head: &mut RequestHead, rules: HeadRules) -> Result<(), HeadError> {
    if head.target().len() > rules.max_target_bytes {
        return Err(HeadError::TargetTooLong);
    }
    match head.path() {
        "*" if head.method == Method::OPTIONS && head.query().is_none() => return Ok(()),
        path if !path.starts_with('/') => return Err(HeadError::TargetForm),
        _ => {}
    }
    if path::check_characters(head.path(), head.query().unwrap_or_default())?.is_canonical() {
        return Ok(());
    }
    let Some(mut clean) = path::canonical(head.path())? else {
        return Ok(());
    };
    if let Some(query) = head.query() {
        clean.push('?');
        clean.push_str(query);
    }
    head.set_target(&clean);
    Ok(())
}

#[cfg(test)]
mod tests;
