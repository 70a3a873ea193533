//! Heads out of bytes.

use std::mem::MaybeUninit;

use httparse::{Error, Header, ParserConfig, Status};

use crate::head::{RequestHead, ResponseHead};

/// What a head may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    /// Bytes, start line included.
    pub(crate) bytes: usize,
    /// Fields.
    pub(crate) fields: usize,
}

/// Why bytes are no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    #[error("the head is not HTTP/1")]
    Malformed,
    #[error("the head is too large")]
    TooLarge,
    #[error("the head has too many fields")]
    TooMany,
}

impl BadHead {
    /// The same, of the head of a response, for the operator.
    pub(crate) fn of_response(self) -> &'static str {
        match self {
            Self::Malformed => "the endpoint's response is not HTTP/1.1",
            Self::TooLarge => {
                "the head of the endpoint's response is larger than response_header_bytes"
            }
            Self::TooMany => {
                "the endpoint's response has more header fields than response_header_count"
            }
        }
    }
}

/// Fields that are parsed without an allocation.
const USUAL_FIELDS: usize = 100;

/// A head that can be parsed.
pub(crate) trait Parse {
    /// Parses the head at the front of `bytes`; says how long it is. `None`: it is not there whole.
    fn parse(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<usize>, BadHead> {
        match self.parse_usual(bytes, limits) {
            Some(length) => Ok(Some(length)),
            None => self.parse_any(bytes, limits),
        }
    }

    /// The same, if it has the usual form.
    fn parse_usual(&mut self, bytes: &[u8], limits: HeadLimits) -> Option<usize>;

    /// The same, whatever form it has.
    fn parse_any(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<usize>, BadHead>;
}

impl Parse for RequestHead {
    fn parse_usual(&mut self, bytes: &[u8], limits: HeadLimits) -> Option<usize> {
        self.read_usual(bytes, limits.fields)
    }

    #[inline(never)]
    fn parse_any(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<usize>, BadHead> {
        let mut parsed = httparse::Request::new(&mut []);
        let (mut usual, mut many) = room(limits.fields);
        let room = usual.get_mut(..limits.fields).unwrap_or(&mut many);
        match whole(parsed.parse_with_uninit_headers(bytes, room))? {
            Some(length) => taken(length, self.take(&bytes[..length], &parsed)),
            None => Ok(None),
        }
    }
}

impl Parse for ResponseHead {
    fn parse_usual(&mut self, bytes: &[u8], limits: HeadLimits) -> Option<usize> {
        self.read_usual(bytes, limits.fields)
    }

    #[inline(never)]
    fn parse_any(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<usize>, BadHead> {
        let mut parsed = httparse::Response::new(&mut []);
        let (mut usual, mut many) = room(limits.fields);
        let room = usual.get_mut(..limits.fields).unwrap_or(&mut many);
        let config = ParserConfig::default();
        match whole(config.parse_response_with_uninit_headers(&mut parsed, bytes, room))? {
            Some(length) => taken(length, self.take(&bytes[..length], &parsed)),
            None => Ok(None),
        }
    }
}

type Room<'b> = MaybeUninit<Header<'b>>;

/// Room for the usual number of fields on the stack; for more, elsewhere.
fn room<'b>(fields: usize) -> ([Room<'b>; USUAL_FIELDS], Vec<Room<'b>>) {
    let many = if fields > USUAL_FIELDS { fields } else { 0 };
    let many = (0..many).map(|_| MaybeUninit::uninit()).collect();
    ([const { MaybeUninit::uninit() }; USUAL_FIELDS], many)
}

fn taken(length: usize, taken: Option<()>) -> Result<Option<usize>, BadHead> {
    taken.ok_or(BadHead::Malformed)?;
    Ok(Some(length))
}

fn whole(status: httparse::Result<usize>) -> Result<Option<usize>, BadHead> {
    match status {
        Ok(Status::Complete(length)) => Ok(Some(length)),
        Ok(Status::Partial) => Ok(None),
        Err(Error::TooManyHeaders) => Err(BadHead::TooMany),
        Err(_) => Err(BadHead::Malformed),
    }
}

/// Is there an end of a head in `bytes`, of which the first `seen` were looked at before?
pub(super) fn may_be_whole(bytes: &[u8], seen: usize) -> bool {
    let new = &bytes[seen.saturating_sub(3).min(bytes.len())..];
    new.windows(2).any(|pair| pair == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n")
}
