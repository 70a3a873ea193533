//! Heads of the usual form, read in one pass.
//!
//! That is: lines that end in CRLF, a usual method, HTTP/1.1, names right before a colon, values behind one space,
//! and no white space at their ends. It is what nearly all heads have. A head that has another form, or is not there
//! whole, is left to the parser which knows them all (RFC 9112 sections 2 to 5).

use http::{Method, StatusCode, Version};

use super::fields::{Field, Fields, Span};
use super::message::{RequestHead, ResponseHead};
use super::name::Known;

impl RequestHead {
    /// Reads the head at the front of `bytes`, if it has the usual form and at most `most` fields; says how long it
    /// is. Otherwise, there is nothing in `self` to be used.
    pub(crate) fn read_usual(&mut self, bytes: &[u8], most: usize) -> Option<usize> {
        self.clear();
        let (start, method) = usual_method(bytes)?;
        let end = stop::<IN_TARGETS, DEL>(bytes, start)?;
        let target = str::from_utf8(&bytes[start..end]).ok()?;
        if target.is_empty() || !bytes[end..].starts_with(b" HTTP/1.1\r\n") {
            return None;
        }
        let length = read_fields(&mut self.fields, bytes, end + 11, most)?;
        self.method = method;
        self.version = Version::HTTP_11;
        self.set_target(target);
        Some(length)
    }
}

impl ResponseHead {
    /// As [`RequestHead::read_usual`].
    pub(crate) fn read_usual(&mut self, bytes: &[u8], most: usize) -> Option<usize> {
        const START: usize = "HTTP/1.1 200 ".len();
        self.clear();
        let [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'1',
            b' ',
            a,
            b,
            c,
            b' ',
        ] = *bytes.first_chunk::<START>()?
        else {
            return None;
        };
        self.status = StatusCode::from_bytes(&[a, b, c]).ok()?;
        self.version = Version::HTTP_11;
        let end = stop::<IN_VALUES, DEL>(bytes, START)?;
        let reason = &bytes[START..end];
        if !reason.is_ascii() || !bytes[end..].starts_with(b"\r\n") {
            return None;
        }
        self.reason = Span::new(START, end);
        read_fields(&mut self.fields, bytes, end + 2, most)
    }
}

/// The method at the front of `bytes`, and where the target starts.
fn usual_method(bytes: &[u8]) -> Option<(usize, Method)> {
    match bytes {
        [b'G', b'E', b'T', b' ', ..] => Some((4, Method::GET)),
        [b'P', b'O', b'S', b'T', b' ', ..] => Some((5, Method::POST)),
        [b'P', b'U', b'T', b' ', ..] => Some((4, Method::PUT)),
        [b'H', b'E', b'A', b'D', b' ', ..] => Some((5, Method::HEAD)),
        _ => None,
    }
}

/// Reads the fields whose first starts at `at`, and takes over what was read of `bytes`; says where it ends.
fn read_fields(fields: &mut Fields, bytes: &[u8], mut at: usize, most: usize) -> Option<usize> {
    fields.ready();
    while *bytes.get(at)? != b'\r' {
        if fields.list.len() == most {
            return None;
        }
        let (field, next) = usual_field(bytes, at)?;
        fields.add_field(field);
        at = next;
    }
    let length = at + 2;
    let head = bytes.get(..length).filter(|head| head.ends_with(b"\n"))?;
    fields.text.extend_from_slice(head);
    Some(length)
}

/// The field at `at`, and where the next line starts.
fn usual_field(bytes: &[u8], at: usize) -> Option<(Field, usize)> {
    let colon = stop::<IN_TARGETS, b':'>(bytes, at)?;
    let start = colon + 2;
    if bytes.get(colon..start)? != b": " {
        return None;
    }
    let name = &bytes[at..colon];
    let known = Known::of(name);
    if known.is_none() && !is_token(name) {
        return None;
    }
    let end = stop::<IN_VALUES, DEL>(bytes, start)?;
    let blank = bytes[start] == b' ' || bytes[end - 1] == b' ';
    if blank || bytes.get(end..end + 2)? != b"\r\n" {
        return None;
    }
    let field = Field {
        known,
        name: Span::new(at, colon),
        value: Span::new(start, end),
        whole: true,
    };
    Some((field, end + 2))
}

/// The least byte in targets, and in names.
const IN_TARGETS: u8 = b'!';
/// The least byte in values, but for the tab, which is not usual.
const IN_VALUES: u8 = b' ';
const DEL: u8 = 0x7f;

/// Where the first byte from `at` on is that is less than `LEAST`, or is `END`. Eight are looked at at once.
fn stop<const LEAST: u8, const END: u8>(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(word) = bytes.get(at..)?.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let ends = word ^ each(END);
        // A borrow reaches only bytes behind the first that is found.
        let less = word.wrapping_sub(each(LEAST)) & !word;
        let found = (less | ends.wrapping_sub(each(1)) & !ends) & each(0x80);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let mut rest = bytes[at..].iter();
    let found = rest.position(|byte| *byte < LEAST || *byte == END)?;
    Some(at + found)
}

/// A word of which each byte is this one.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &[u8]) -> bool {
    let all = name
        .iter()
        .fold(true, |all, byte| all & TOKEN[usize::from(*byte)]);
    all && !name.is_empty()
}

const TOKEN: [bool; 256] = {
    let mut token = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        token[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others: &[u8] = b"!#$%&'*+-.^_`|~";
    while let [byte, rest @ ..] = others {
        token[*byte as usize] = true;
        others = rest;
    }
    token
};

#[cfg(test)]
mod tests {
    use super::{DEL, IN_TARGETS, IN_VALUES, RequestHead, stop};

    #[test]
    fn the_first_byte_that_ends_a_run_is_found_wherever_it_is() {
        for length in 0..40 {
            for at in 0..length {
                for end in 0..=u8::MAX {
                    let mut bytes = vec![0xa1; length];
                    bytes[at] = end;
                    bytes[length - 1] = b'\r';
                    let seen = |least, other| {
                        let is_end = |byte: &u8| *byte < least || *byte == other;
                        bytes.iter().position(is_end)
                    };
                    let value = stop::<IN_VALUES, DEL>(&bytes, 0);
                    assert_eq!(value, seen(b' ', 0x7f), "{bytes:?}");
                    let name = stop::<IN_TARGETS, b':'>(&bytes, 0);
                    assert_eq!(name, seen(b'!', b':'), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_of_the_usual_form_is_left_alone() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let read = |head: &str, most| RequestHead::default().read_usual(head.as_bytes(), most);
        assert_eq!(read(head, 1), Some(head.len()));
        assert_eq!(read(head, 0), None);
        for length in 0..head.len() {
            assert_eq!(read(&head[..length], 1), None, "{length}");
        }
        for line in [
            "Host:a",
            "Host:  a",
            "Host: a ",
            "Host: ",
            "Host:",
            "Host : a",
            ": a",
            " a: b",
            "a: b\x7f",
            "a: b\tc",
            "a\rb: c",
            "a(b: c",
            "a: b\r",
            "Ho\x13st: a",
        ] {
            let head = format!("GET / HTTP/1.1\r\n{line}\r\n\r\n");
            assert_eq!(read(&head, 9), None, "{line:?}");
        }
    }
}
