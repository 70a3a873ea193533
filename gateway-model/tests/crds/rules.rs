//! Each validation rule of the CRDs is enforced, with its own message.

use std::collections::BTreeSet;

use gateway_model::{Code, Manifests};

use crate::crd;
use crate::rule_cases::cases;

/// The messages of the rules of a channel.
fn messages(channel: &str) -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for crd in crd::all().iter().filter(|crd| crd.channel == channel) {
        crd::walk(crd.schema(), "", &mut |_, schema| {
            for rule in schema["x-kubernetes-validations"]
                .as_array()
                .into_iter()
                .flatten()
            {
                messages.insert(rule["message"].as_str().unwrap().to_owned());
            }
        });
    }
    messages
}

/// The one rule about changes: it holds for every object that is read from a file.
pub(crate) const TRANSITION: &str = "Value is immutable";

/// A rule that says what an enumeration says as well. An API server looks at no rules where an
/// enumeration is broken.
pub(crate) const SHADOWED: &str =
    "type must be one of ['Exact', 'PathPrefix', 'RegularExpression']";

/// Rules of the standard channel that the experimental one has in a form that admits more.
const RELAXED: [&str; 2] = [
    "sectionName must be specified when parentRefs includes 2 or more references to the same parent",
    "sectionName must be unique when parentRefs includes 2 or more references to the same parent",
];

#[test]
fn every_rule_of_either_channel_has_a_case() {
    let covered: BTreeSet<_> = cases().iter().map(|case| case.message.clone()).collect();
    let mut wanted = messages("experimental");
    assert!(wanted.remove(TRANSITION) && wanted.remove(SHADOWED));
    assert_eq!(covered, wanted);
    let mut standard = messages("standard");
    standard.retain(|message| message != TRANSITION && message != SHADOWED);
    let only_standard: Vec<_> = standard.difference(&wanted).map(String::as_str).collect();
    assert_eq!(only_standard, RELAXED);
}

/// Reads an object whose spec is given as text.
fn parse(kind: &str, spec: &str) -> Manifests {
    let crd = crd::experimental().find(|crd| crd.kind == kind).unwrap();
    let version = crd.api_version();
    let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{spec}\n");
    gateway_model::parse("case.yaml", text.as_bytes())
}

#[test]
fn objects_that_break_a_rule_are_refused_with_its_message_at_its_field() {
    for case in cases() {
        let manifests = parse(case.kind, &case.broken);
        if case.field.starts_with("status") {
            // An API server ignores the status of what it is given.
            assert_eq!(manifests.problems, [], "{}", case.message);
            continue;
        }
        let broken = manifests
            .problems
            .iter()
            .find(|p| p.message == case.message);
        let problem =
            broken.unwrap_or_else(|| panic!("{}: {:?}", case.message, manifests.problems));
        assert_eq!(problem.code, Code::RuleViolated);
        assert_eq!(
            problem.field.as_deref(),
            Some(&*case.field),
            "{}",
            case.message
        );
        assert!(manifests.resources.is_empty(), "{}", case.message);
    }
}

#[test]
fn objects_that_just_keep_a_rule_are_accepted() {
    for case in cases() {
        let manifests = parse(case.kind, &case.kept);
        assert_eq!(manifests.problems, [], "{}", case.message);
        assert_eq!(manifests.resources.len(), 1);
    }
}

#[test]
fn a_broken_enumeration_keeps_rules_from_being_looked_at() {
    let manifests = parse(
        "HTTPRoute",
        "spec: {rules: [{matches: [{path: {type: Glob, value: a}}]}]}",
    );
    let [problem] = manifests.problems.as_slice() else {
        panic!("{:?}", manifests.problems)
    };
    assert_eq!(problem.code, Code::NotSupported);
    assert_eq!(
        problem.field.as_deref(),
        Some("spec.rules[0].matches[0].path.type")
    );
}
