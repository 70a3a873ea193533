//! Where a body ends that is being read (RFC 9112 sections 6 and 7).

use http::{HeaderMap, HeaderName, HeaderValue};

use super::buffer::Buffer;
use crate::limits::fixed as limits;

/// How a body that is read is framed, and how far it was read.
#[derive(Debug, Default)]
pub(crate) enum Decoder {
    /// It was read to its end.
    #[default]
    Done,
    /// So many bytes are left.
    Length(u64),
    /// It comes in chunks.
    Chunked(Chunked),
    /// It ends with the connection.
    UntilClose,
}

/// What comes next of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many bytes at the front of the buffer belong to it; never 0. To be
    /// [consumed](Decoder::consume).
    Data(usize),
    /// More has to be read first.
    More,
    /// Nothing: it was read to its end.
    End,
}

/// The sender does not speak HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the size of a chunk is invalid")]
    Size,
    #[error("a chunk does not end where it should")]
    ChunkEnd,
    #[error("the extensions of chunks are too long")]
    Extensions,
    #[error("the trailer section is invalid")]
    Trailers,
    #[error("the trailer section is too long")]
    TrailersTooLong,
    #[error("the stream ended within a body")]
    Eof,
}

/// A body in chunks.
#[derive(Debug, Default)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of extensions that were skipped.
    extensions: usize,
    trailers: Option<Box<HeaderMap>>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// At the first digit of a size.
    #[default]
    Start,
    Size(u64),
    Extension(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    Trailers,
    Done,
}

impl Decoder {
    /// Looks at what was read; takes framing away from its front. `eof`: no more will come.
    pub(crate) fn next(&mut self, buffer: &mut Buffer, eof: bool) -> Result<Piece, Malformed> {
        let piece = match self {
            Self::Done => Piece::End,
            Self::Length(0) => Piece::End,
            Self::Length(left) => data(buffer, *left),
            Self::UntilClose if buffer.is_empty() && eof => Piece::End,
            Self::UntilClose => data(buffer, u64::MAX),
            Self::Chunked(chunked) => chunked.next(buffer)?,
        };
        match piece {
            Piece::More if eof => Err(Malformed::Eof),
            piece => Ok(piece),
        }
    }

    /// Takes note that `count` bytes of data were taken.
    pub(crate) fn consume(&mut self, count: usize) {
        match self {
            Self::Length(left) => *left -= count as u64,
            Self::Chunked(chunked) => chunked.consume(count as u64),
            Self::Done | Self::UntilClose => {}
        }
    }

    /// Was it read to its end?
    pub(crate) fn is_done(&self) -> bool {
        matches!(
            self,
            Self::Done
                | Self::Length(0)
                | Self::Chunked(Chunked {
                    state: State::Done,
                    ..
                })
        )
    }

    /// The bytes that are left, where they are known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self {
            Self::Done => Some(0),
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// The bytes that are known to come next without any framing between them.
    pub(crate) fn run(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            Self::Chunked(Chunked {
                state: State::Data(left),
                ..
            }) => *left,
            Self::UntilClose => u64::MAX,
            Self::Done | Self::Chunked(_) => 0,
        }
    }

    /// The trailers that were read, once.
    pub(crate) fn trailers(&mut self) -> Option<Box<HeaderMap>> {
        match self {
            Self::Chunked(chunked) => chunked.trailers.take(),
            _ => None,
        }
    }
}

fn data(buffer: &Buffer, left: u64) -> Piece {
    match usize::try_from(left)
        .unwrap_or(usize::MAX)
        .min(buffer.len())
    {
        0 => Piece::More,
        count => Piece::Data(count),
    }
}

impl Chunked {
    fn next(&mut self, buffer: &mut Buffer) -> Result<Piece, Malformed> {
        loop {
            match self.state {
                State::Data(left) => return Ok(data(buffer, left)),
                State::Done => return Ok(Piece::End),
                State::Trailers => {
                    if !self.read_trailers(buffer)? {
                        return Ok(Piece::More);
                    }
                    self.state = State::Done;
                }
                _ => {
                    let Some(byte) = buffer.first().copied() else {
                        return Ok(Piece::More);
                    };
                    self.state = self.step(byte)?;
                    buffer.advance(1);
                }
            }
        }
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) -> Result<State, Malformed> {
        let digit = (byte as char).to_digit(16).map(u64::from);
        Ok(match (self.state, byte) {
            (State::Start, _) => State::Size(digit.ok_or(Malformed::Size)?),
            (State::Size(size), _) if let Some(digit) = digit => {
                let size = size
                    .checked_mul(16)
                    .and_then(|size| size.checked_add(digit));
                State::Size(size.ok_or(Malformed::Size)?)
            }
            (State::Size(size) | State::Extension(size), b'\r') => State::SizeLf(size),
            (State::Size(size), b';' | b' ' | b'\t') if byte == b';' => State::Extension(size),
            (State::Extension(_), b'\n') => return Err(Malformed::Extensions),
            (State::Extension(size), _) => {
                self.extensions += 1;
                if self.extensions > limits::CHUNK_EXTENSIONS {
                    return Err(Malformed::Extensions);
                }
                State::Extension(size)
            }
            (State::SizeLf(0), b'\n') => State::Trailers,
            (State::SizeLf(size), b'\n') => State::Data(size),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Start,
            (State::DataCr | State::DataLf, _) => return Err(Malformed::ChunkEnd),
            _ => return Err(Malformed::Size),
        })
    }

    fn consume(&mut self, count: u64) {
        if let State::Data(left) = self.state {
            self.state = match left - count {
                0 => State::DataCr,
                left => State::Data(left),
            };
        }
    }

    /// False: more has to be read.
    fn read_trailers(&mut self, buffer: &mut Buffer) -> Result<bool, Malformed> {
        if buffer.starts_with(b"\r\n") {
            buffer.advance(2);
            return Ok(true);
        }
        let ended = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let section = &buffer[..ended.map_or(buffer.len(), |end| end + 4)];
        if has_bare_lf(section) {
            return Err(Malformed::Trailers);
        }
        match ended {
            Some(end) if end <= limits::TRAILER_BYTES => {
                self.trailers = Some(Box::new(parse_trailers(section)?));
                buffer.advance(end + 4);
                Ok(true)
            }
            None if buffer.len() < limits::TRAILER_BYTES => Ok(false),
            _ => Err(Malformed::TrailersTooLong),
        }
    }
}

/// RFC 9112 section 2.2 lets a bare LF end lines of a head, not of a body.
fn has_bare_lf(section: &[u8]) -> bool {
    let before = std::iter::once(&b' ').chain(section);
    before
        .zip(section)
        .any(|(before, byte)| *byte == b'\n' && *before != b'\r')
}

fn parse_trailers(section: &[u8]) -> Result<HeaderMap, Malformed> {
    let mut fields = [httparse::EMPTY_HEADER; limits::TRAILER_FIELDS];
    let parsed = httparse::parse_headers(section, &mut fields);
    let Ok(httparse::Status::Complete((_, fields))) = parsed else {
        return Err(match parsed {
            Err(httparse::Error::TooManyHeaders) => Malformed::TrailersTooLong,
            _ => Malformed::Trailers,
        });
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        match (name, value) {
            (Ok(name), Ok(value)) => trailers.append(name, value),
            _ => return Err(Malformed::Trailers),
        };
    }
    Ok(trailers)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
