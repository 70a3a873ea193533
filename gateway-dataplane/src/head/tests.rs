use http::{Request, Version};

use super::{HeadError, HeadRules, RequestHead, normalize};

/// A request line and its headers.
fn versioned(version: Version, line: &str, headers: &[(&str, &str)]) -> RequestHead {
    let (method, target) = line.split_once(' ').unwrap();
    let request = Request::builder().version(version);
    let mut request = request.method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    RequestHead::from(&request.body(()).unwrap().into_parts().0)
}

fn request(line: &str, headers: &[(&str, &str)]) -> RequestHead {
    versioned(Version::HTTP_11, line, headers)
}

/// Target and `Host` after normalising.
fn outcome(mut head: RequestHead) -> Result<(String, String), HeadError> {
    normalize(&mut head, HeadRules::default())?;
    let host = head.host().unwrap_or_default().to_owned();
    Ok((head.target().to_owned(), host))
}

fn http2(line: &str, headers: &[(&str, &str)]) -> RequestHead {
    versioned(Version::HTTP_2, line, headers)
}

fn http10(line: &str, headers: &[(&str, &str)]) -> RequestHead {
    versioned(Version::HTTP_10, line, headers)
}

const HOST: (&str, &str) = ("host", "a.example");

#[test]
fn canonical_heads_stay_as_they_are() {
    for target in ["/", "/a/b?c=/../d", "/a//b/", "/~user%2F"] {
        let got = outcome(request(&format!("GET {target}"), &[HOST]));
        assert_eq!(got, Ok((target.into(), "a.example".into())));
    }
}

/// RFC 9112 section 3.2.2: the host of an absolute target wins over the header.
#[test]
fn an_absolute_target_replaces_the_host() {
    let rows = [
        ("GET http://b.example/x?y", "/x?y", "b.example"),
        ("GET https://b.example:8443/", "/", "b.example:8443"),
        ("GET http://b.example", "/", "b.example"),
        ("GET http://b.example?y", "/?y", "b.example"),
        ("GET http://A.example/../x", "/x", "a.example"),
        ("GET http://[::1]:80/x", "/x", "[::1]:80"),
    ];
    for (line, target, host) in rows {
        let got = outcome(request(line, &[HOST]));
        assert_eq!(got, Ok((target.into(), host.into())), "{line}");
    }
}

/// RFC 9112 section 3.2.4.
#[test]
fn an_asterisk_is_for_options_only() {
    let server = Ok(("*".to_owned(), "a.example".to_owned()));
    assert_eq!(outcome(request("OPTIONS *", &[HOST])), server);
    assert_eq!(
        outcome(request("GET *", &[HOST])),
        Err(HeadError::TargetForm)
    );
}

#[test]
fn other_target_forms_are_refused() {
    let rows = [
        ("CONNECT a.example:443", HeadError::Connect),
        ("GET a.example:443", HeadError::TargetForm),
        ("GET ftp://a.example/", HeadError::TargetForm),
        ("GET http://user@a.example/", HeadError::HostInvalid),
        ("GET http://user:pass@a.example/", HeadError::HostInvalid),
    ];
    for (line, error) in rows {
        assert_eq!(outcome(request(line, &[HOST])), Err(error), "{line}");
    }
}

/// RFC 9112 section 3.2: 400 for a missing, repeated or invalid `Host`.
#[test]
fn the_host_has_to_be_there_once_and_valid() {
    let rows: [(&[(&str, &str)], HeadError); 4] = [
        (&[], HeadError::HostMissing),
        (&[("host", "")], HeadError::HostMissing),
        (&[HOST, HOST], HeadError::HostRepeated),
        (&[HOST, ("host", "b.example")], HeadError::HostRepeated),
    ];
    for (headers, error) in rows {
        assert_eq!(
            outcome(request("GET /", headers)),
            Err(error),
            "{headers:?}"
        );
        assert_eq!(
            outcome(request("GET http://a.example/", headers)),
            Err(error)
        );
    }
    let long = "a".repeat(261);
    for host in [
        "a b", "user@a", "a/b", "a,b:1:2", "a:x", "a:65536", "[::1", "::1", "[::g]", ":80", "a?b",
        "a#b", "a\tb", "<a>", &long,
    ] {
        let got = outcome(request("GET /", &[("host", host)]));
        assert_eq!(got, Err(HeadError::HostInvalid), "{host}");
    }
    for host in [
        "A.Example.",
        "a:80",
        "a:",
        "10.0.0.1",
        "[::1]:8080",
        "a_b",
        "xn--a",
    ] {
        let got = outcome(request("GET /", &[("host", host)]));
        assert_eq!(got, Ok(("/".into(), host.into())));
    }
}

#[test]
fn http_1_0_may_leave_the_host_out() {
    assert_eq!(
        outcome(http10("GET /", &[])),
        Ok(("/".into(), String::new()))
    );
    let repeated = outcome(http10("GET /", &[HOST, HOST]));
    assert_eq!(repeated, Err(HeadError::HostRepeated));
    let absolute = outcome(http10("GET http://b.example/", &[]));
    assert_eq!(absolute, Ok(("/".into(), "b.example".into())));
}

/// RFC 9113 section 8.3.1.
#[test]
fn http_2_takes_the_authority_unless_the_host_differs() {
    let line = "GET https://a.example/x";
    let good = Ok(("/x".to_owned(), "a.example".to_owned()));
    assert_eq!(outcome(http2(line, &[])), good);
    assert_eq!(outcome(http2(line, &[HOST])), good);
    assert_eq!(outcome(http2("GET /x", &[HOST])), good);
    let differs = outcome(http2(line, &[("host", "b.example")]));
    assert_eq!(differs, Err(HeadError::HostMismatch));
    let repeated = outcome(http2(line, &[HOST, HOST]));
    assert_eq!(repeated, Err(HeadError::HostRepeated));
    assert_eq!(outcome(http2("GET /x", &[])), Err(HeadError::HostMissing));
    let user = outcome(http2("GET https://me@a.example/", &[]));
    assert_eq!(user, Err(HeadError::HostInvalid));
}

/// RFC 9112 sections 6.1 and 6.3.
#[test]
fn ambiguous_lengths_are_refused() {
    const LENGTH: (&str, &str) = ("content-length", "5");
    const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");
    let coded = |coding| ("transfer-encoding", coding);
    type Row<'a> = (&'a [(&'a str, &'a str)], Option<HeadError>);
    let rows: [Row<'_>; 12] = [
        (&[HOST, LENGTH], None),
        (&[HOST, CHUNKED], None),
        (&[HOST, coded("Chunked ")], None),
        (&[HOST, LENGTH, LENGTH], None),
        (&[HOST, LENGTH, CHUNKED], Some(HeadError::BothLengths)),
        (
            &[HOST, LENGTH, ("content-length", "6")],
            Some(HeadError::ContentLength),
        ),
        (
            &[HOST, ("content-length", "+5")],
            Some(HeadError::ContentLength),
        ),
        (
            &[HOST, ("content-length", "")],
            Some(HeadError::ContentLength),
        ),
        (&[HOST, coded("gzip")], Some(HeadError::TransferEncoding)),
        (
            &[HOST, coded("chunked, gzip")],
            Some(HeadError::TransferEncoding),
        ),
        (
            &[HOST, coded("gzip, chunked")],
            Some(HeadError::UnsupportedCoding),
        ),
        (
            &[HOST, CHUNKED, CHUNKED],
            Some(HeadError::UnsupportedCoding),
        ),
    ];
    for (headers, error) in rows {
        let got = outcome(request("POST /", headers)).err();
        assert_eq!(got, error, "{headers:?}");
    }
    let old = outcome(http10("POST /", &[HOST, CHUNKED]));
    assert_eq!(old, Err(HeadError::TransferEncoding));
    let new = outcome(http2("POST https://a.example/", &[CHUNKED]));
    assert_eq!(new, Err(HeadError::TransferEncoding));
}

/// RFC 9110 section 10.1.1.
#[test]
fn expectations_besides_100_continue_are_refused() {
    let expecting = |value| outcome(request("POST /", &[HOST, ("expect", value)])).err();
    assert_eq!(expecting("100-Continue"), None);
    for other in ["x", "100-continue, x", ""] {
        assert_eq!(expecting(other), Some(HeadError::Expectation), "{other}");
    }
}

#[test]
fn dot_segments_are_removed_and_the_query_stays() {
    let got = outcome(request("GET /a/%2e%2e/b?c=../d", &[HOST]));
    assert_eq!(got, Ok(("/b?c=../d".into(), "a.example".into())));
}

#[test]
fn backslashes_are_refused() {
    let got = outcome(request("GET /a\\b", &[HOST]));
    assert_eq!(got, Err(HeadError::PathCharacter));
}

#[test]
fn targets_are_bounded() {
    let rules = HeadRules {
        max_target_bytes: 8,
    };
    let bounded = |line| normalize(&mut request(line, &[HOST]), rules);
    assert_eq!(bounded("GET /a?b=cde"), Ok(()));
    assert_eq!(bounded("GET /a?b=cdef"), Err(HeadError::TargetTooLong));
}

#[test]
fn errors_have_the_status_of_the_specification() {
    let rows = [
        (HeadError::Connect, 501),
        (HeadError::TargetTooLong, 414),
        (HeadError::UnsupportedCoding, 501),
        (HeadError::HostMissing, 400),
        (HeadError::BothLengths, 400),
        (HeadError::Expectation, 417),
    ];
    for (error, status) in rows {
        assert_eq!(error.status().as_u16(), status);
    }
}

#[test]
fn characters_that_no_target_has_are_refused() {
    let mut head = RequestHead::default();
    for target in ["/a#b", "/a?b#c", "/a<b", "/a?<", "/`", "/a b"] {
        head.clear();
        head.version = Version::HTTP_11;
        head.fields.append("host", b"a.example");
        head.set_target(target);
        let got = normalize(&mut head, HeadRules::default());
        assert_eq!(got, Err(HeadError::TargetForm), "{target}");
    }
}
