//! How a body that is being written is framed.

use http::HeaderMap;

use super::buffer::Buffer;

/// The framing of a body, and how much of it was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoder {
    /// Nothing, or nothing more, may be written.
    #[default]
    None,
    /// So many bytes are still promised.
    Length(u64),
    /// In chunks.
    Chunked,
    /// The connection's end is the body's.
    UntilClose,
}

/// More or less was written than was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body does not have the length that its head says")]
pub(crate) struct WrongLength;

impl Encoder {
    /// What goes before `count` bytes of data.
    pub(crate) fn begin(&mut self, count: usize, out: &mut Buffer) -> Result<(), WrongLength> {
        match self {
            Self::None => return Err(WrongLength),
            Self::Length(left) => {
                *left = left.checked_sub(count as u64).ok_or(WrongLength)?;
            }
            Self::Chunked => {
                put_size(count, out);
            }
            Self::UntilClose => {}
        }
        Ok(())
    }

    /// What goes behind them.
    pub(crate) fn end(&self, out: &mut Buffer) {
        if *self == Self::Chunked {
            out.put_slice(b"\r\n");
        }
    }

    /// What ends the body.
    pub(crate) fn finish(
        &mut self,
        trailers: Option<&HeaderMap>,
        out: &mut Buffer,
    ) -> Result<(), WrongLength> {
        match std::mem::take(self) {
            Self::Length(1..) => return Err(WrongLength),
            Self::Chunked => {
                out.put_slice(b"0\r\n");
                for (name, value) in trailers.into_iter().flatten() {
                    out.put_slice(name.as_str().as_bytes());
                    out.put_slice(b": ");
                    out.put_slice(value.as_bytes());
                    out.put_slice(b"\r\n");
                }
                out.put_slice(b"\r\n");
            }
            Self::None | Self::Length(0) | Self::UntilClose => {}
        }
        Ok(())
    }
}

/// The line that goes before a chunk.
fn put_size(size: usize, out: &mut Buffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.put_slice(&[DIGITS[size >> (4 * digit) & 0xf]]);
    }
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::{Buffer, put_size};

    #[test]
    fn sizes_are_hexadecimal() {
        for size in [0, 1, 9, 15, 16, 255, 256, 65_536, 0x1234_abcd] {
            let mut out = Buffer::new();
            put_size(size, &mut out);
            assert_eq!(*out, *format!("{size:x}\r\n").as_bytes());
        }
    }
}
