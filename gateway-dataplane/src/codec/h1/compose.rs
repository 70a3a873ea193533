//! Heads as they are sent: start line, fields, and the framing that goes with them.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode, Version};

use super::buffer::Buffer;
use super::decode::{Chunked, Decoder};
use super::encode::Encoder;
use crate::head::{Fields, Framing, HeadError, Known, RequestHead, ResponseHead, framing};

/// How the body of a response to `method` is framed that is being read (RFC 9112 section 6.3).
pub(crate) fn response_decoder(
    head: &mut ResponseHead,
    method: &Method,
) -> Result<Decoder, HeadError> {
    let framing = framing(&mut head.fields, head.version)?;
    Ok(match framing {
        _ if has_no_body(head.status, method) => Decoder::Done,
        Framing::Chunked => Decoder::Chunked(Chunked::default()),
        Framing::Length(0) => Decoder::Done,
        Framing::Length(length) => Decoder::Length(length),
        Framing::Unsaid => Decoder::UntilClose,
    })
}

/// Responses that end with their head, whatever it says.
pub(crate) fn has_no_body(status: StatusCode, method: &Method) -> bool {
    *method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Does the sender of this head take another message on its connection (RFC 9112 section 9.3)?
pub(crate) fn keeps_alive(fields: &Fields, version: Version) -> bool {
    let says = |option: &[u8]| {
        let lines = fields.get_all(Known::Connection);
        let mut options = lines.flat_map(|line| line.split(|byte| *byte == b','));
        options.any(|found| found.trim_ascii().eq_ignore_ascii_case(option))
    };
    match version {
        Version::HTTP_11 => !says(b"close"),
        _ => says(b"keep-alive") && !says(b"close"),
    }
}

/// The body of a message that is to be sent, as its framing sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// There is none.
    Empty,
    /// So many bytes.
    Exact(u64),
    /// Nobody knows.
    Unknown,
}

impl From<&Decoder> for Size {
    /// The size of a body that is passed on.
    fn from(decoder: &Decoder) -> Self {
        match decoder.left() {
            Some(0) => Self::Empty,
            Some(length) => Self::Exact(length),
            None => Self::Unknown,
        }
    }
}

/// Writes the head of a request, whose fields do not frame it but for a right `Content-Length`, and says
/// how the body is to be written.
pub(crate) fn write_request(head: &mut RequestHead, size: Size, out: &mut Buffer) -> Encoder {
    head.fields.remove(Known::TransferEncoding);
    let encoder = match size {
        Size::Unknown => {
            head.fields.remove(Known::ContentLength);
            head.fields.append(Known::TransferEncoding, b"chunked");
            Encoder::Chunked
        }
        Size::Exact(length) => {
            set_length(&mut head.fields, length);
            Encoder::Length(length)
        }
        Size::Empty => {
            if expects_a_body(&head.method) || head.fields.contains(Known::ContentLength) {
                set_length(&mut head.fields, 0);
            }
            Encoder::None
        }
    };
    out.room(head.fields.written_len() + head.target().len() + 32);
    out.put_slice(head.method.as_str().as_bytes());
    out.put_slice(b" ");
    out.put_slice(head.target().as_bytes());
    out.put_slice(b" HTTP/1.1\r\n");
    head.fields.write(|piece| out.put_slice(piece));
    out.put_slice(b"\r\n");
    encoder
}

/// RFC 9110 section 8.6.
fn expects_a_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Who asks for a response, as far as its framing goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) method: &'a Method,
    pub(crate) version: Version,
    /// Another message may follow on the connection.
    pub(crate) keep_alive: bool,
    /// The words of header names are capitalised for it.
    pub(crate) capitalises: bool,
}

/// Writes the head of a final response, and says how the body is to be written. `asker.keep_alive` is no more
/// true when the connection has to end with it.
pub(crate) fn write_response(
    head: &mut ResponseHead,
    size: Size,
    asker: &mut Asker<'_>,
    out: &mut Buffer,
) -> Encoder {
    let fields = &mut head.fields;
    fields.remove(Known::TransferEncoding);
    let encoder = if has_no_body(head.status, asker.method) {
        if head.status == StatusCode::NO_CONTENT || head.status.is_informational() {
            fields.remove(Known::ContentLength);
        }
        Encoder::None
    } else {
        match size {
            Size::Empty => {
                set_length(fields, 0);
                Encoder::None
            }
            Size::Exact(length) => {
                set_length(fields, length);
                Encoder::Length(length)
            }
            Size::Unknown => {
                fields.remove(Known::ContentLength);
                match asker.version {
                    Version::HTTP_11 => {
                        fields.append(Known::TransferEncoding, b"chunked");
                        Encoder::Chunked
                    }
                    _ => Encoder::UntilClose,
                }
            }
        }
    };
    asker.keep_alive &= encoder != Encoder::UntilClose;
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        say_what_follows(fields, *asker);
    }
    if asker.capitalises {
        head.fields.capitalise();
    }
    write_status(head, asker.capitalises, out);
    encoder
}

fn say_what_follows(fields: &mut Fields, asker: Asker<'_>) {
    match (asker.keep_alive, asker.version) {
        (false, _) => fields.set(Known::Connection, b"close"),
        (true, Version::HTTP_11) => {}
        (true, _) => fields.set(Known::Connection, b"keep-alive"),
    }
}

/// Takes away what an interim response, which has no body, may say of the endpoint's connection alone.
pub(crate) fn fit_interim(head: &mut ResponseHead) {
    for name in [
        Known::Connection,
        Known::ContentLength,
        Known::KeepAlive,
        Known::ProxyConnection,
        Known::TransferEncoding,
        Known::Upgrade,
    ] {
        head.fields.remove(name);
    }
}

/// Writes the head of an interim response.
pub(crate) fn write_interim(head: &ResponseHead, out: &mut Buffer) {
    write_line_and_fields(head, out);
    out.put_slice(b"\r\n");
}

fn write_status(head: &ResponseHead, capitalises: bool, out: &mut Buffer) {
    write_line_and_fields(head, out);
    // RFC 9110 section 6.6.1: a recipient with a clock adds it to what it forwards.
    if !head.fields.contains(Known::Date) {
        out.put_slice(if capitalises { b"Date: " } else { b"date: " });
        write_date(out);
        out.put_slice(b"\r\n");
    }
    out.put_slice(b"\r\n");
}

fn write_line_and_fields(head: &ResponseHead, out: &mut Buffer) {
    out.room(head.fields.written_len() + head.reason().len() + 64);
    out.put_slice(b"HTTP/1.1 ");
    out.put_slice(head.status.as_str().as_bytes());
    out.put_slice(b" ");
    out.put_slice(head.reason());
    out.put_slice(b"\r\n");
    head.fields.write(|piece| out.put_slice(piece));
}

fn set_length(fields: &mut Fields, length: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = length;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if fields.get(Known::ContentLength) != Some(&digits[at..]) {
        fields.set(Known::ContentLength, &digits[at..]);
    }
}

/// The time of day, put into words once a second.
struct Clock {
    second: u64,
    text: String,
}

thread_local! {
    static CLOCK: RefCell<Clock> = const { RefCell::new(Clock { second: 0, text: String::new() }) };
}

fn write_date(out: &mut Buffer) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let second = now.unwrap_or_default().as_secs();
    CLOCK.with_borrow_mut(|clock| {
        if clock.second != second {
            clock.second = second;
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            clock.text = httpdate::fmt_http_date(at);
        }
        out.put_slice(clock.text.as_bytes());
    });
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
