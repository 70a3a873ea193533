use std::num::NonZeroU32;

use gateway_model::{HeaderName, Method};
use gateway_resolve::ir::{self, OriginPattern};
use http::{HeaderMap, Request};

use super::{Cors, Fields, RequestHead};

/// The names, `*` standing for all of them.
fn names(names: &[&str]) -> Vec<Option<HeaderName>> {
    let name = |name: &&str| (*name != "*").then(|| HeaderName::new(name).unwrap());
    names.iter().map(name).collect()
}

fn methods(names: &[&str]) -> Vec<Option<Method>> {
    let name = |name: &&str| (*name != "*").then(|| Method::new(name).unwrap());
    names.iter().map(name).collect()
}

fn listed() -> ir::Cors {
    ir::Cors {
        allow_origins: vec![
            OriginPattern::Exact("https://www.foo.com".into()),
            OriginPattern::Wildcard {
                scheme: "https".into(),
                suffix: ".bar.com".into(),
            },
        ],
        allow_credentials: true,
        allow_methods: methods(&["GET", "OPTIONS"]),
        allow_headers: names(&["x-header-1", "X-Header-2"]),
        expose_headers: names(&["x-header-3", "x-header-4"]),
        max_age: NonZeroU32::new(3600).unwrap(),
    }
}

fn wildcard(allow_credentials: bool) -> ir::Cors {
    ir::Cors {
        allow_origins: vec![OriginPattern::Any],
        allow_credentials,
        allow_methods: methods(&["*"]),
        allow_headers: names(&["*"]),
        expose_headers: names(&["*"]),
        max_age: NonZeroU32::new(5).unwrap(),
    }
}

/// The answer to an `OPTIONS` request: status, and headers without the `access-control-` in front.
fn preflight(cors: &ir::Cors, headers: &[(&str, &str)]) -> Option<(u16, Vec<String>)> {
    let mut request = Request::options("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let response = Cors::compile(cors).preflight(&RequestHead::from(&parts))?;
    let status = response.status.as_u16();
    Some((status, lines(&HeaderMap::from(&response.fields))))
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let name = name.as_str().trim_start_matches("access-control-");
        format!("{name}: {}", value.to_str().unwrap())
    };
    let mut lines = headers.iter().map(line).collect::<Vec<_>>();
    lines.sort();
    lines
}

const VARY: &str = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
const ORIGIN: (&str, &str) = ("origin", "https://www.foo.com");
const METHOD: (&str, &str) = ("access-control-request-method", "PUT");
const HEADERS: (&str, &str) = ("access-control-request-headers", "x-a, x-b");

#[test]
fn a_preflight_is_answered_with_what_is_listed() {
    let (status, answer) = preflight(&listed(), &[ORIGIN, METHOD, HEADERS]).unwrap();
    assert_eq!(status, 200);
    let want = [
        "allow-credentials: true",
        "allow-headers: x-header-1, X-Header-2",
        "allow-methods: GET, OPTIONS",
        "allow-origin: https://www.foo.com",
        "expose-headers: x-header-3, x-header-4",
        "max-age: 3600",
        VARY,
    ];
    assert_eq!(answer, want);
}

#[test]
fn headers_that_are_listed_are_answered_whether_or_not_they_are_asked_for() {
    let (_, answer) = preflight(&listed(), &[ORIGIN, METHOD]).unwrap();
    assert!(answer.iter().any(|line| line.starts_with("allow-headers")));
    let (_, echoed) = preflight(&wildcard(false), &[ORIGIN, METHOD]).unwrap();
    assert!(!echoed.iter().any(|line| line.starts_with("allow-headers")));
}

#[test]
fn an_origin_that_is_not_allowed_is_told_nothing() {
    for origin in [
        "https://foobar.com",
        "http://www.foo.com",
        "https://bar.com",
        "null",
    ] {
        let answer = preflight(&listed(), &[("origin", origin), METHOD, HEADERS]);
        assert_eq!(answer, Some((200, vec![VARY.to_owned()])), "{origin}");
    }
}

#[test]
fn a_request_that_is_no_preflight_goes_on() {
    assert_eq!(preflight(&listed(), &[ORIGIN]), None);
    assert_eq!(preflight(&listed(), &[METHOD]), None);
    let get = Request::get("/")
        .header(ORIGIN.0, ORIGIN.1)
        .header(METHOD.0, METHOD.1);
    let (parts, ()) = get.body(()).unwrap().into_parts();
    assert!(
        Cors::compile(&listed())
            .preflight(&RequestHead::from(&parts))
            .is_none()
    );
}

/// GEP-1767: with credentials `*` must not be answered; what is asked for is echoed instead.
#[test]
fn wildcards_echo_what_is_asked_for() {
    for credentials in [false, true] {
        let (_, answer) = preflight(&wildcard(credentials), &[ORIGIN, METHOD, HEADERS]).unwrap();
        let mut want = vec![
            "allow-headers: x-a, x-b",
            "allow-methods: PUT",
            "allow-origin: https://www.foo.com",
            "max-age: 5",
            VARY,
        ];
        match credentials {
            true => want.insert(0, "allow-credentials: true"),
            false => want.insert(3, "expose-headers: *"),
        }
        assert_eq!(answer, want);
    }
}

#[test]
fn without_lists_nothing_but_the_origin_is_granted() {
    let cors = ir::Cors {
        allow_methods: vec![],
        allow_headers: vec![],
        expose_headers: vec![],
        ..wildcard(false)
    };
    let (_, answer) = preflight(&cors, &[ORIGIN, METHOD, HEADERS]).unwrap();
    assert_eq!(
        answer,
        ["allow-origin: https://www.foo.com", "max-age: 5", VARY]
    );
}

/// The headers of a response to a request from `origin`, whose backend sent `sent`.
fn marked(origin: Option<&str>, sent: &[(&'static str, &str)]) -> Vec<String> {
    let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
    if let Some(origin) = origin {
        request.insert("origin", origin.parse().unwrap());
    }
    for (name, value) in sent {
        response.append(*name, value.parse().unwrap());
    }
    let cors = Cors::compile(&listed());
    let mut response = Fields::from(&response);
    let origin = cors.allowed_origin(&Fields::from(&request));
    cors.mark(&mut response, origin.as_ref());
    lines(&HeaderMap::from(&response))
}

#[test]
fn responses_to_allowed_origins_are_marked() {
    for origin in [
        "https://www.foo.com",
        "https://www.bar.com",
        "https://a.b.bar.com",
    ] {
        let origin_line = format!("allow-origin: {origin}");
        let want = [
            "allow-credentials: true",
            &origin_line,
            "expose-headers: x-header-3, x-header-4",
            "vary: Origin",
        ];
        assert_eq!(marked(Some(origin), &[]), want);
    }
}

#[test]
fn what_the_backend_says_about_sharing_does_not_count() {
    let sent = [("access-control-allow-origin", "*")];
    assert_eq!(marked(Some("https://evil.com"), &sent), ["vary: Origin"]);
    assert_eq!(marked(None, &sent), ["vary: Origin"]);
    let ours = marked(Some("https://www.foo.com"), &sent);
    assert!(ours.contains(&"allow-origin: https://www.foo.com".to_owned()));
    assert!(!ours.contains(&"allow-origin: *".to_owned()));
}

#[test]
fn vary_names_the_origin_once() {
    assert_eq!(marked(None, &[("vary", "*")]), ["vary: *"]);
    let sent = [("vary", "Accept, origin")];
    assert_eq!(marked(None, &sent), ["vary: Accept, origin"]);
    let sent = [("vary", "Accept")];
    assert_eq!(marked(None, &sent), ["vary: Accept", "vary: Origin"]);
}
