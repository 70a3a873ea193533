//! Where a message ends (RFC 9112 section 6).

use http::Version;
use http::header::{self, HeaderMap, HeaderValue};

use super::HeadError;

/// RFC 9112 section 6.3, of requests and responses. The lengths themselves are the codec's business; only
/// heads that two readers could frame differently are refused here. A length that is repeated is left
/// once.
pub(crate) fn settle_framing(headers: &mut HeaderMap, version: Version) -> Result<(), HeadError> {
    let length = headers.contains_key(header::CONTENT_LENGTH);
    if headers.contains_key(header::TRANSFER_ENCODING) {
        match version {
            Version::HTTP_11 if length => return Err(HeadError::BothLengths),
            Version::HTTP_11 => check_codings(headers)?,
            _ => return Err(HeadError::TransferEncoding),
        }
    }
    match length {
        true => settle_length(headers),
        false => Ok(()),
    }
}

fn settle_length(headers: &mut HeaderMap) -> Result<(), HeadError> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let first = values.next().ok_or(HeadError::ContentLength)?;
    let digits = first.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(HeadError::ContentLength);
    }
    let mut repeated = false;
    for value in values {
        if value != first {
            return Err(HeadError::ContentLength);
        }
        repeated = true;
    }
    if repeated {
        let first = first.clone();
        headers.insert(header::CONTENT_LENGTH, first);
    }
    Ok(())
}

fn check_codings(headers: &HeaderMap) -> Result<(), HeadError> {
    let mut lines = headers.get_all(header::TRANSFER_ENCODING).iter();
    let (first, more) = (lines.next(), lines.next().is_some());
    let first = first.map(HeaderValue::as_bytes).unwrap_or_default();
    let last = headers
        .get_all(header::TRANSFER_ENCODING)
        .iter()
        .next_back();
    let last = last.map(HeaderValue::as_bytes).unwrap_or_default();
    let last = last.rsplit(|b| *b == b',').next().unwrap_or_default();
    if !last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
        return Err(HeadError::TransferEncoding);
    }
    match more || !first.trim_ascii().eq_ignore_ascii_case(b"chunked") {
        true => Err(HeadError::UnsupportedCoding),
        false => Ok(()),
    }
}
