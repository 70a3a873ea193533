use std::net::SocketAddr;
use std::time::Duration;

use gateway_model::{HeaderName, ObjectRef, Port, Source};
use gateway_resolve::ir::{
    Action, BackendId, Refusal, RefusalReason, Rule, RuleSettings, RuleSource, SessionCarrier,
    SessionPersistence, Transport,
};

use super::{DIGITS, Fields, Known, SessionKey, Sessions, TOKENS, Token, Tokens};

const NOW: Duration = Duration::from_secs(1_000_000);
const LIVES: Duration = Duration::from_secs(60);

fn sessions(secret: &str, index: usize, carrier: SessionCarrier) -> Sessions {
    let rule = Rule {
        source: RuleSource::new(
            Source {
                object: ObjectRef::new("", "HTTPRoute", "default", "route"),
                generation: 1,
            },
            index,
        ),
        filters: Vec::new(),
        action: Action::Fail(Refusal::new(RefusalReason::NoBackend, "none")),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    };
    let spec = SessionPersistence {
        carrier,
        absolute_timeout: Some(LIVES),
    };
    Sessions::new(SessionKey::new(secret.as_bytes()), &rule, &spec)
}

fn header() -> SessionCarrier {
    SessionCarrier::Header(HeaderName::new("X-Session").unwrap())
}

fn cookie(permanent: bool) -> SessionCarrier {
    let name = "sticky".into();
    SessionCarrier::Cookie {
        name,
        permanent,
        of_route: true,
    }
}

fn backend() -> BackendId {
    BackendId {
        object: ObjectRef::new("", "Service", "default", "a"),
        port: Some(Port::new(80).unwrap()),
        transport: Transport::Tcp,
        certificate: None,
        function: None,
    }
}

fn endpoint(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 80))
}

/// No token yet.
fn new() -> (&'static Tokens, Duration) {
    const NONE: &Tokens = &Tokens {
        own: None,
        others: Vec::new(),
    };
    (NONE, NOW)
}

/// The token of the rule itself.
fn own(sessions: &Sessions, request: &Fields, now: Duration) -> Option<Token> {
    sessions.tokens(request, now).own
}

/// The value of the header that starts a session with 10.0.0.1.
fn started(sessions: &Sessions) -> String {
    let mut response = Fields::new();
    let with = (&backend(), endpoint(1));
    sessions.start(&mut response, with, new(), ("/a", true));
    response.text("x-session").unwrap().to_owned()
}

fn sent(value: &str) -> Fields {
    let mut request = Fields::new();
    request.append("x-session", value.as_bytes());
    request
}

/// GEP-1619: a cookie of a policy for a Service has no path, which may be behind any number of routes.
#[test]
fn a_cookie_of_a_policy_has_no_path() {
    let SessionCarrier::Cookie { name, .. } = cookie(false) else {
        panic!("a cookie")
    };
    for (of_route, path) in [(true, Some("Path=/a")), (false, None)] {
        let carrier = SessionCarrier::Cookie {
            name: name.clone(),
            permanent: false,
            of_route,
        };
        let mut response = Fields::new();
        let with = (&backend(), endpoint(1));
        sessions("key", 0, carrier).start(&mut response, with, new(), ("/a", true));
        let cookie = response.text("set-cookie").unwrap();
        let mut attributes = cookie.split("; ");
        assert_eq!(attributes.find(|part| part.starts_with("Path")), path);
    }
}

#[test]
fn a_token_leads_to_its_endpoint_alone() {
    let sessions = sessions("key", 0, header());
    let token = own(&sessions, &sent(&started(&sessions)), NOW).unwrap();
    assert!(sessions.is_with(token, &backend(), endpoint(1)));
    assert!(!sessions.is_with(token, &backend(), endpoint(2)));
    let other = BackendId {
        port: Some(Port::new(81).unwrap()),
        ..backend()
    };
    assert!(!sessions.is_with(token, &other, endpoint(1)));
}

/// GEP-1619: "sessions are not shared between route rules".
#[test]
fn a_token_is_for_its_rule_alone() {
    let (one, two) = (sessions("key", 0, header()), sessions("key", 1, header()));
    assert_eq!(own(&two, &sent(&started(&one)), NOW), None);
}

/// SessionPersistence `absoluteTimeout`.
#[test]
fn a_session_ends_after_its_time() {
    let sessions = sessions("key", 0, header());
    let request = sent(&started(&sessions));
    assert!(own(&sessions, &request, NOW + LIVES / 2).is_some());
    assert!(own(&sessions, &request, NOW + LIVES).is_none());
    assert!(own(&sessions, &request, NOW - LIVES).is_none());
}

#[test]
fn a_token_that_was_changed_or_made_elsewhere_is_none() {
    let sessions = sessions("key", 0, header());
    let token = started(&sessions);
    for at in 0..token.len() {
        let digit = if &token[at..=at] == "0" { "1" } else { "0" };
        let changed = [&token[..at], digit, &token[at + 1..]].concat();
        assert!(own(&sessions, &sent(&changed), NOW).is_none(), "{changed}");
    }
    for bad in ["", "x", &token[1..], &format!("{token}0")] {
        assert!(own(&sessions, &sent(bad), NOW).is_none(), "{bad}");
    }
    let elsewhere = self::sessions("another", 0, header());
    assert!(own(&elsewhere, &sent(&token), NOW).is_none());
}

#[test]
fn a_cookie_is_found_among_others() {
    let sessions = sessions("key", 0, cookie(false));
    let mut response = Fields::new();
    sessions.start(
        &mut response,
        (&backend(), endpoint(1)),
        new(),
        ("/a", false),
    );
    let cookie = response.text(Known::SetCookie).unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/a; HttpOnly; SameSite=Strict");
    for line in [
        pair.to_owned(),
        format!("a=b; {pair}"),
        format!("sticky=old; {pair};c=d"),
    ] {
        let mut request = Fields::new();
        request.append(Known::Cookie, b"xsticky=1");
        request.append(Known::Cookie, line.as_bytes());
        assert!(own(&sessions, &request, NOW).is_some(), "{line}");
    }
}

/// SessionPersistence `lifetimeType`: a permanent cookie's lifetime is the absolute timeout.
#[test]
fn a_permanent_cookie_says_when_it_ends() {
    let sessions = sessions("key", 0, cookie(true));
    let mut response = Fields::new();
    sessions.start(&mut response, (&backend(), endpoint(1)), new(), ("/", true));
    let cookie = response.text(Known::SetCookie).unwrap();
    let end = "; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
    assert!(cookie.ends_with(end), "{cookie}");
}

/// The value of the header that a session with 10.0.0.1 starts with, for a client that has others.
fn beside(sessions: &Sessions, value: &str) -> String {
    let tokens = sessions.tokens(&sent(value), NOW);
    let mut response = Fields::new();
    let with = (&backend(), endpoint(1));
    sessions.start(&mut response, with, (&tokens, NOW), ("/", true));
    response.text("x-session").unwrap().to_owned()
}

/// GEP-1619: sessions are not shared between rules, of which several may have one name for them.
#[test]
fn rules_with_one_name_keep_their_sessions_apart() {
    let (one, two) = (sessions("key", 0, header()), sessions("key", 1, header()));
    let both = sent(&beside(&two, &started(&one)));
    for rule in [&one, &two] {
        let token = own(rule, &both, NOW).unwrap();
        assert!(rule.is_with(token, &backend(), endpoint(1)));
    }
    // A session that begins again takes the place of its own.
    let again = beside(&one, &beside(&two, &started(&one)));
    assert_eq!(again.split('.').count(), 2);
}

#[test]
fn a_client_has_so_many_sessions_by_one_name() {
    let mut value = String::new();
    for index in 0..2 * TOKENS {
        value = beside(&sessions("key", index, header()), &value);
    }
    assert_eq!(value.len(), TOKENS * (DIGITS + 1) - 1);
    let newest = sessions("key", 2 * TOKENS - 1, header());
    assert!(own(&newest, &sent(&value), NOW).is_some());
}
