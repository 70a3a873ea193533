//! Explanations name what ruled a route out.

use std::sync::Arc;

use gateway_model::{HeaderName, Method};
use gateway_resolve::ir::{HeaderMatch, QueryMatch, ValueMatch, VirtualHost};
use http::HeaderMap;

use super::super::{ListenerOutcome, SocketTable, Verdict};
use super::{get, hostname, http, https, listener, prefix, socket, with_hosts};

/// One route for each verdict, named after it.
fn every_verdict() -> Arc<SocketTable<()>> {
    let value = || ValueMatch::Exact("1".into());
    let name = HeaderName::new("X-A").unwrap();
    let mut header = prefix("/a", "header");
    header.matches.headers = vec![HeaderMatch {
        name,
        value: value(),
    }];
    let mut query = prefix("/a", "query");
    query.matches.query = vec![QueryMatch {
        name: "q".into(),
        value: value(),
    }];
    let mut method = prefix("/a", "method");
    method.matches.method = Some(Method::from(http::Method::PUT));
    let named = vec![
        prefix("/a", "chosen"),
        prefix("/b", "path"),
        header,
        query,
        method,
    ];
    let other = VirtualHost::new(hostname("other.example"), vec![prefix("/a", "host")]);
    let any = VirtualHost::new(None, vec![prefix("/a", "outranked")]);
    let hosts = vec![VirtualHost::new(hostname("a.example"), named), other, any];
    let mine = with_hosts(&http(), "a.example", hosts);
    let stray = VirtualHost::new(hostname("a.example"), vec![prefix("/a", "listener")]);
    socket(vec![mine, with_hosts(&http(), "", vec![stray])])
}

#[test]
fn each_candidate_has_the_first_thing_that_ruled_it_out() {
    let headers = HeaderMap::new();
    let explanation = every_verdict().explain(&get("A.example", "/a", &headers), None);
    let name = HeaderName::new("x-a").unwrap();
    let wants = [
        ("chosen", Verdict::Chosen),
        ("path", Verdict::Path),
        ("header", Verdict::Header(name)),
        ("query", Verdict::Query("q".into())),
        ("method", Verdict::Method),
        ("host", Verdict::Host),
        ("outranked", Verdict::Outranked),
        ("listener", Verdict::OtherListener),
    ];
    assert_eq!(explanation.candidates.len(), wants.len());
    for candidate in &explanation.candidates {
        let name = &*candidate.rule.source.id.route.name;
        let want = wants.iter().find(|(want, _)| *want == name);
        assert_eq!(
            want.map(|(_, verdict)| verdict),
            Some(&candidate.verdict),
            "{name}"
        );
    }
    let chosen = explanation.chosen().unwrap();
    assert_eq!(&*chosen.rule.source.id.route.name, "chosen");
    assert_eq!(chosen.hostname, hostname("a.example"));
    assert_eq!(
        explanation.listener,
        ListenerOutcome::Chosen(chosen.listener.clone())
    );
}

#[test]
fn the_listener_outcome_says_404_and_421_apart() {
    let socket = socket(vec![
        listener(&https(), "a.example", &[""]),
        listener(&https(), "b.example", &[""]),
    ]);
    let headers = HeaderMap::new();
    let outcome = |host, sni| socket.explain(&get(host, "/", &headers), sni).listener;
    let id = |name| {
        let listener = socket.listener_for_sni(Some(name)).unwrap();
        listener.ir().id.clone()
    };
    let chosen = ListenerOutcome::Chosen(id("a.example"));
    assert_eq!(outcome("a.example", Some("a.example")), chosen);
    let misdirected = ListenerOutcome::Misdirected {
        connected: Some(id("a.example")),
        better: id("b.example"),
    };
    assert_eq!(outcome("b.example", Some("a.example")), misdirected);
    let lost = outcome("c.example", Some("a.example"));
    assert_eq!(lost, ListenerOutcome::NotFound);
    let explanation = socket.explain(&get("c.example", "/", &headers), None);
    let verdicts = explanation.candidates.iter().map(|c| &c.verdict);
    assert!(verdicts.eq([&Verdict::OtherListener, &Verdict::OtherListener]));
}
