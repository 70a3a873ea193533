use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use gateway_model::{HeaderName, HeaderValue, ObjectRef, Port, Source};
use gateway_resolve::ir::{
    Action, BackendId, Filter, Fraction, HeaderEdits, Mirror, Refusal, RefusalReason, Rule,
    RuleSettings, RuleSource, Sourced, Split, Target, Transport, WeightedTarget,
};
use http::StatusCode;

use super::{CompiledRule, Destination};
use crate::head::{Fields, RequestHead};

fn object(name: &str) -> ObjectRef {
    ObjectRef::new("", "Service", "default", name)
}

fn source() -> Source {
    Source {
        object: object("route"),
        generation: 0,
    }
}

fn backend(name: &str) -> Target {
    Target::Backend(BackendId {
        certificate: None,
        function: None,
        object: object(name),
        port: Some(Port::new(80).unwrap()),
        transport: Transport::Tcp,
    })
}

fn refused(status: u16) -> Target {
    let refusal = Refusal::new(RefusalReason::BackendNotFound, "no such service");
    Target::Refused(Refusal {
        status: NonZeroU16::new(status).unwrap(),
        ..refusal
    })
}

fn rule(filters: Vec<Filter>, targets: Vec<(u32, Vec<Filter>, Target)>) -> Rule {
    let target = |(weight, filters, target)| WeightedTarget {
        weight,
        filters,
        target,
    };
    let targets = targets.into_iter().map(target).collect();
    Rule {
        source: RuleSource::new(source(), 0),
        filters,
        action: Action::Forward(Split::new(targets).unwrap()),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    }
}

fn compile(rule: Rule) -> CompiledRule<String> {
    let known =
        |id: &BackendId| (&*id.object.name != "unknown").then(|| id.object.name.to_string());
    CompiledRule::compile(&Arc::new(rule), known)
}

/// How often each destination is picked over `count` evenly spread numbers.
fn picks(rule: &CompiledRule<String>, count: u64) -> Vec<(String, u64)> {
    let mut picks = std::collections::BTreeMap::new();
    for n in 0..count {
        let random = (u64::MAX / count) * n + u64::MAX / count / 2;
        let name = match rule.pick(random).unwrap().destination {
            Destination::Backend(name) => name.clone(),
            Destination::Refused(status) => status.as_str().to_owned(),
        };
        *picks.entry(name).or_default() += 1;
    }
    picks.into_iter().collect()
}

fn counts(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    let count = |(name, count): &(&str, u64)| ((*name).to_owned(), *count);
    counts.iter().map(count).collect()
}

#[test]
fn backends_are_picked_by_weight_and_refusals_keep_theirs() {
    let targets = vec![
        (0, vec![], backend("never")),
        (70, vec![], backend("a")),
        (0, vec![], backend("never")),
        (20, vec![], refused(500)),
        (10, vec![], backend("b")),
        (0, vec![], backend("never")),
    ];
    let got = picks(&compile(rule(vec![], targets)), 1000);
    assert_eq!(got, counts(&[("500", 200), ("a", 700), ("b", 100)]));
}

#[test]
fn a_lone_backend_gets_everything() {
    for weight in [1, 7, u32::MAX] {
        let rule = compile(rule(vec![], vec![(weight, vec![], backend("a"))]));
        for random in [0, 1, u64::MAX] {
            let target = rule.pick(random).unwrap();
            assert_eq!(*target.destination, Destination::Backend("a".to_owned()));
        }
    }
}

#[test]
fn the_greatest_weights_do_not_overflow() {
    let targets = ["a", "b", "c", "d"].map(|name| (u32::MAX, vec![], backend(name)));
    let got = picks(&compile(rule(vec![], targets.into())), 400);
    assert_eq!(
        got,
        counts(&[("a", 100), ("b", 100), ("c", 100), ("d", 100)])
    );
}

#[test]
fn destinations_have_their_weights_back() {
    let targets = vec![(3, vec![], backend("a")), (0, vec![], refused(503))];
    let rule = compile(rule(vec![], targets));
    let super::Action::Forward(split) = rule.action() else {
        panic!("the rule forwards");
    };
    let refused = Destination::Refused(StatusCode::SERVICE_UNAVAILABLE);
    let got = split.destinations().collect::<Vec<_>>();
    assert_eq!(got, [(3, &Destination::Backend("a".into())), (0, &refused)]);
}

#[test]
fn a_backend_that_is_unknown_is_refused() {
    let rule = compile(rule(vec![], vec![(1, vec![], backend("unknown"))]));
    let refused = Destination::Refused(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(*rule.pick(0).unwrap().destination, refused);
}

fn set(name: &str) -> Filter {
    let name = HeaderName::new(name).unwrap();
    Filter::RequestHeaders(HeaderEdits {
        set: vec![(name, HeaderValue::new("1").unwrap())],
        ..HeaderEdits::default()
    })
}

fn response_set(name: &str) -> Filter {
    match set(name) {
        Filter::RequestHeaders(edits) => Filter::ResponseHeaders(edits),
        _ => unreachable!("set() edits requests"),
    }
}

fn mirror(target: Target) -> Filter {
    let share = Fraction::ALL;
    Filter::Mirror(Mirror {
        target,
        share,
        host_suffix: None,
    })
}

/// HTTPBackendRef `filters`: only for requests that go to that backend.
#[test]
fn filters_belong_to_the_rule_or_to_one_backend() {
    let own = vec![set("x-a"), response_set("x-ra"), mirror(backend("m"))];
    let targets = vec![(1, own, backend("a")), (1, vec![set("x-b")], backend("b"))];
    let of_rule = vec![set("x-rule"), mirror(backend("n")), mirror(refused(500))];
    let rule = compile(rule(of_rule, targets));
    let edited = |random| {
        let mut head = RequestHead::default();
        rule.filters()
            .edit_request(&mut head, None, |_, _| {})
            .unwrap();
        let target = rule.pick(random).unwrap();
        target
            .filters
            .edit_request(&mut head, None, |_, _| {})
            .unwrap();
        let mut response = Fields::new();
        target.filters.edit_response(&mut response);
        let names = head.fields.iter().chain(response.iter());
        let names = names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        (names, target.filters.mirrors().len())
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(edited(0), (names(&["x-rule", "x-a", "x-ra"]), 1));
    assert_eq!(edited(u64::MAX), (names(&["x-rule", "x-b"]), 0));
    // A mirror without a backend goes nowhere.
    let mirrors = rule.filters().mirrors();
    assert_eq!(mirrors.len(), 1);
    assert_eq!(mirrors[0].backend, "n");
}

#[test]
fn refusals_and_timeouts_are_at_hand() {
    let refusal = Refusal::new(RefusalReason::NoBackend, "no backend");
    let mut ir = rule(vec![], vec![(1, vec![], backend("a"))]);
    ir.action = Action::Fail(refusal);
    ir.settings.request_timeout = Some(Box::new(Sourced::new(
        Duration::from_millis(500),
        "spec.rules[0].timeouts.request",
        source(),
    )));
    let rule = compile(ir);
    let super::Action::Refuse(status) = rule.action() else {
        panic!("the rule refuses");
    };
    assert_eq!(*status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(rule.pick(0).is_none() && rule.redirect().is_none());
    assert_eq!(rule.request_timeout(), Some(Duration::from_millis(500)));
    assert_eq!(rule.backend_request_timeout(), None);
}
