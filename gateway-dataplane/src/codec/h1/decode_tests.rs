use proptest::prelude::*;

use super::{Buffer, Chunked, Decoder, Malformed, Piece};

/// The data and what is left behind it, read in pieces of `step` bytes.
fn read(mut decoder: Decoder, bytes: &[u8], step: usize) -> Result<(Vec<u8>, usize), Malformed> {
    let (mut buffer, mut data, mut fed) = (Buffer::new(), Vec::new(), 0);
    loop {
        match decoder.next(&mut buffer, fed == bytes.len())? {
            Piece::Data(count) => {
                data.extend_from_slice(&buffer[..count]);
                buffer.advance(count);
                decoder.consume(count);
            }
            Piece::End => return Ok((data, buffer.len() + bytes.len() - fed)),
            Piece::More => {
                let more = step.min(bytes.len() - fed);
                buffer.put_slice(&bytes[fed..fed + more]);
                fed += more;
            }
        }
    }
}

fn chunked(bytes: &str, step: usize) -> Result<(Vec<u8>, usize), Malformed> {
    read(Decoder::Chunked(Chunked::default()), bytes.as_bytes(), step)
}

#[test]
fn chunks_end_where_they_say_however_they_arrive() {
    let body = "5\r\nhello\r\n00a;x=y\r\n, my world\r\n0\r\nx-sum: 1\r\n\r\nGET";
    for step in 1..body.len() {
        let want = b"hello, my world".to_vec();
        assert_eq!(chunked(body, step), Ok((want, 3)), "{step}");
    }
}

#[test]
fn framing_that_is_not_exact_is_refused() {
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5 \r\nhello",
        "5\r\nhelloX",
        "x\r\n",
        "\r\n",
    ] {
        for step in 1..=body.len() {
            assert!(chunked(body, step).is_err(), "{body:?} by {step}");
        }
    }
    assert_eq!(chunked("0\r\nx: 1\n\r\n", 1), Err(Malformed::Trailers));
    assert_eq!(chunked("5\r\nhell", 1), Err(Malformed::Eof));
    assert_eq!(read(Decoder::Length(5), b"hell", 1), Err(Malformed::Eof));
    assert_eq!(
        read(Decoder::Length(2), b"hell", 3),
        Ok((b"he".to_vec(), 2))
    );
    assert_eq!(
        read(Decoder::UntilClose, b"hell", 3),
        Ok((b"hell".to_vec(), 0))
    );
}

proptest! {
    /// Whatever arrives, in whatever pieces, is read in one way.
    #[test]
    fn pieces_do_not_matter(bytes in "[0-9a-f;\r\nx: ]{0,60}", step in 1usize..20) {
        let whole = chunked(&bytes, bytes.len().max(1));
        let pieces = chunked(&bytes, step);
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole, pieces),
            (whole, pieces) => prop_assert_eq!(whole.is_ok(), pieces.is_ok()),
        }
    }
}
