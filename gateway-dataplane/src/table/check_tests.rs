use gateway_model::{HeaderName, Method};
use gateway_resolve::ir::{HeaderMatch, Match, PathMatch, Pattern, QueryMatch, ValueMatch};
use http::{HeaderMap, HeaderValue};

use super::super::Head;
use super::{Mismatch, check};

fn exact(value: &str) -> ValueMatch {
    ValueMatch::Exact(value.into())
}

fn regex(value: &str) -> ValueMatch {
    ValueMatch::Regex(Pattern::new(value).unwrap())
}

fn any() -> Match {
    Match {
        path: PathMatch::prefix("/"),
        method: None,
        headers: vec![],
        query: vec![],
    }
}

fn with_header(value: ValueMatch) -> Match {
    let name = HeaderName::new("X-Color").unwrap();
    Match {
        headers: vec![HeaderMatch { name, value }],
        ..any()
    }
}

fn with_query(name: &str, value: ValueMatch) -> Match {
    let name = name.into();
    Match {
        query: vec![QueryMatch { name, value }],
        ..any()
    }
}

fn matches_headers(conditions: &Match, values: &[&[u8]]) -> bool {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append("x-color", HeaderValue::from_bytes(value).unwrap());
    }
    let head = Head {
        host: "",
        method: &http::Method::GET,
        path: "/",
        query: None,
        headers: &headers,
    };
    check(conditions, &head).is_ok()
}

fn matches_query(conditions: &Match, query: Option<&str>) -> bool {
    let head = Head {
        host: "",
        method: &http::Method::GET,
        path: "/",
        query,
        headers: &HeaderMap::new(),
    };
    check(conditions, &head).is_ok()
}

#[test]
fn a_header_condition_sees_repeated_values_joined_with_a_comma() {
    let rows: [(ValueMatch, &[&[u8]], bool); 8] = [
        (exact("red"), &[b"red"], true),
        (exact("red"), &[b"Red"], false),
        (exact("red"), &[], false),
        (exact("red"), &[b"red", b"blue"], false),
        (exact("red,blue"), &[b"red", b"blue"], true),
        (regex("re.*"), &[b"red"], true),
        (regex("re"), &[b"red"], false),
        (regex(".*"), &[b"\xff"], false),
    ];
    for (value, sent, want) in rows {
        let conditions = with_header(value);
        assert_eq!(
            matches_headers(&conditions, sent),
            want,
            "{conditions:?} with {sent:?}"
        );
    }
}

#[test]
fn a_query_condition_sees_the_first_value_percent_decoded() {
    let rows = [
        ("animal", exact("whale"), Some("animal=whale"), true),
        ("animal", exact("whale"), Some("Animal=whale"), false),
        ("animal", exact("whale"), Some("animal=Whale"), false),
        ("animal", exact("whale"), Some("a=1&animal=whale&b"), true),
        ("animal", exact("whale"), Some("animal=%77hale"), true),
        ("animal", exact("whale"), Some("%61nimal=whale"), true),
        ("animal", exact("a&b"), Some("animal=a%26b"), true),
        (
            "animal",
            exact("whale"),
            Some("animal=dog&animal=whale"),
            false,
        ),
        (
            "animal",
            exact("dog"),
            Some("animal=dog&animal=whale"),
            true,
        ),
        ("animal", exact(""), Some("animal"), true),
        ("animal", exact(""), Some("animal="), true),
        ("animal", exact("a=b"), Some("animal=a=b"), true),
        ("animal", exact("whale"), Some(""), false),
        ("animal", exact("whale"), None, false),
        ("animal", regex("wh.*"), Some("animal=whale"), true),
        ("animal", regex(".*"), Some("animal=%ff"), false),
    ];
    for (name, value, query, want) in rows {
        let conditions = with_query(name, value);
        assert_eq!(
            matches_query(&conditions, query),
            want,
            "{conditions:?} with {query:?}"
        );
    }
}

#[test]
fn the_first_unmet_condition_is_named_in_order_of_precedence() {
    let name = HeaderName::new("X-Color").unwrap();
    let mut conditions = Match {
        path: PathMatch::prefix("/a"),
        method: Some(Method::from(http::Method::PUT)),
        headers: with_header(exact("red")).headers,
        query: with_query("animal", exact("whale")).query,
    };
    let head = Head {
        host: "",
        method: &http::Method::GET,
        path: "/",
        query: None,
        headers: &HeaderMap::new(),
    };
    assert_eq!(check(&conditions, &head), Err(Mismatch::Path));
    conditions.path = PathMatch::prefix("/");
    assert_eq!(check(&conditions, &head), Err(Mismatch::Method));
    conditions.method = None;
    assert_eq!(check(&conditions, &head), Err(Mismatch::Header(&name)));
    conditions.headers.clear();
    assert_eq!(check(&conditions, &head), Err(Mismatch::Query("animal")));
    conditions.query.clear();
    assert_eq!(check(&conditions, &head), Ok(()));
}
