use http::{Method, StatusCode, Version};

use super::{Asker, Buffer, Encoder, Size, write_request, write_response};
use crate::head::{Known, RequestHead, ResponseHead};

#[test]
fn requests_are_framed_by_what_is_known_of_their_body() {
    let rows = [
        (Method::GET, Size::Empty, "GET / HTTP/1.1\r\n\r\n"),
        (
            Method::POST,
            Size::Empty,
            "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            Method::GET,
            Size::Exact(12),
            "GET / HTTP/1.1\r\ncontent-length: 12\r\n\r\n",
        ),
        (
            Method::GET,
            Size::Unknown,
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
    ];
    for (method, size, want) in rows {
        let mut head = RequestHead::default();
        head.set_target("/");
        head.method = method;
        let mut out = Buffer::new();
        write_request(&mut head, size, &mut out);
        assert_eq!(*out, *want.as_bytes(), "{size:?}");
    }
}

#[test]
fn responses_are_framed_for_whom_asks() {
    let rows = [
        (
            200,
            Method::GET,
            Version::HTTP_11,
            Size::Unknown,
            Encoder::Chunked,
            true,
        ),
        (
            200,
            Method::GET,
            Version::HTTP_10,
            Size::Unknown,
            Encoder::UntilClose,
            false,
        ),
        (
            200,
            Method::HEAD,
            Version::HTTP_10,
            Size::Unknown,
            Encoder::None,
            true,
        ),
        (
            204,
            Method::GET,
            Version::HTTP_11,
            Size::Exact(3),
            Encoder::None,
            true,
        ),
        (
            200,
            Method::GET,
            Version::HTTP_11,
            Size::Exact(3),
            Encoder::Length(3),
            true,
        ),
    ];
    for (status, method, version, size, want, keeps) in rows {
        let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
        let mut asker = Asker {
            capitalises: false,
            method: &method,
            version,
            keep_alive: true,
        };
        let got = write_response(&mut head, size, &mut asker, &mut Buffer::new());
        assert_eq!((got, asker.keep_alive), (want, keeps), "{status} {method}");
        assert_eq!(
            head.fields.contains(Known::Connection),
            version < Version::HTTP_11 || !keeps
        );
    }
}
