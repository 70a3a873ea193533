//! Where a message ends (RFC 9112 section 6).

use http::Version;

use super::{Fields, HeadError, Known};

/// How a head says that its body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It does not say.
    Unsaid,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// The framing of a message of HTTP/1 (RFC 9112 section 6.3), of requests and responses. A length that is
/// repeated is left once.
pub(crate) fn framing(fields: &mut Fields, version: Version) -> Result<Framing, HeadError> {
    let length = fields.contains(Known::ContentLength);
    if fields.contains(Known::TransferEncoding) {
        match version {
            Version::HTTP_11 if length => return Err(HeadError::BothLengths),
            Version::HTTP_11 => check_coding(fields)?,
            _ => return Err(HeadError::TransferEncoding),
        }
        return Ok(Framing::Chunked);
    }
    match length {
        true => only_length(fields),
        false => Ok(Framing::Unsaid),
    }
}

fn only_length(fields: &mut Fields) -> Result<Framing, HeadError> {
    let mut values = fields.get_all(Known::ContentLength);
    let digits = values.next().ok_or(HeadError::ContentLength)?;
    let length = number(digits).ok_or(HeadError::ContentLength)?;
    let (mut repeated, mut differs) = (false, false);
    for value in values {
        (repeated, differs) = (true, differs || value != digits);
    }
    if differs {
        return Err(HeadError::ContentLength);
    }
    if repeated {
        fields.copy(Known::ContentLength, Known::ContentLength);
    }
    Ok(Framing::Length(length))
}

/// Nothing but digits.
fn number(digits: &[u8]) -> Option<u64> {
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(value)
    });
    number.filter(|_| !digits.is_empty())
}

fn check_coding(fields: &Fields) -> Result<(), HeadError> {
    let mut lines = fields.get_all(Known::TransferEncoding);
    let first = lines.next().unwrap_or_default();
    let last = lines.next_back();
    let coding = last.unwrap_or(first).rsplit(|b| *b == b',').next();
    let chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    if !coding.is_some_and(chunked) {
        return Err(HeadError::TransferEncoding);
    }
    match last.is_some() || !chunked(first) {
        true => Err(HeadError::UnsupportedCoding),
        false => Ok(()),
    }
}
