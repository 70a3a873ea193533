//! Another implementation of the rules' language comes to the same for every rule.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::{Channel, Code, Severity, parse_in};
use kube_cel::{CompiledSchema, ErrorKind, ValidationError, Validator, compile_schema};
use serde_json::Value;

use crate::generate::Generator;
use crate::rules::{SHADOWED, TRANSITION};
use crate::{crd, defaults};

/// How many manifests of a kind and channel are looked at.
const MANIFESTS: usize = 800;

/// A rule that is broken: its field and message.
type Broken = BTreeSet<(String, String)>;

/// What is said of a manifest.
struct Said {
    /// The rules that it breaks.
    broken: Broken,
    /// The fields whose values don't have the form that they must have. kube-cel takes `1ms*` for a duration.
    malformed: BTreeSet<String>,
}

/// What we say of a manifest; `None` where its structure keeps rules from being looked at.
fn ours(channel: Channel, object: &Value) -> Option<Said> {
    let mut said = Said {
        broken: Broken::new(),
        malformed: BTreeSet::new(),
    };
    let problems = parse_in(channel, "x", object.to_string().as_bytes()).problems;
    let errors = problems.into_iter();
    for problem in errors.filter(|problem| problem.severity == Severity::Error) {
        let field = problem.field.unwrap_or_default();
        match problem.code {
            Code::WrongType | Code::Required | Code::NotSupported | Code::WrongCount => {
                return None;
            }
            Code::RuleViolated => drop(said.broken.insert((field, problem.message))),
            _ => drop(said.malformed.insert(field)),
        }
    }
    let Said { broken, malformed } = &mut said;
    broken.retain(|(field, _)| !malformed.contains(field));
    Some(said)
}

/// The same by the other implementation, of the object as it is stored.
fn theirs(schema: &Value, compiled: &CompiledSchema, object: &Value) -> Broken {
    let mut stored = object.clone();
    without_nulls(&mut stored);
    defaults::store(schema, &mut stored);
    let errors = Validator::new().validate_compiled(compiled, &stored, None);
    let errors = errors.err().map(kube_cel::ValidationErrors::into_vec);
    let broken = errors.into_iter().flatten().map(|error| {
        let message = match error.kind {
            ErrorKind::ValidationFailure => error.message.clone(),
            _ => message_of(schema, &error),
        };
        (error.field_path, message)
    });
    broken
        .filter(|(field, _)| !field.starts_with("status"))
        .collect()
}

/// What a rule says that could not be evaluated, which counts as broken.
fn message_of(schema: &Value, error: &ValidationError) -> String {
    let place = regex::Regex::new(r"\[\d+\]").unwrap();
    let place = format!(".{}", place.replace_all(&error.field_path, "[]"));
    let mut found = None;
    crd::walk(schema, "", &mut |path, schema| {
        let rules = schema["x-kubernetes-validations"].as_array();
        let mut rules = rules.into_iter().flatten();
        let own = rules.find(|rule| path == place && rule["rule"] == error.rule);
        found = found.take().or_else(|| own?["message"].as_str());
    });
    found.unwrap_or(&error.message).to_owned()
}

/// An API server drops nulls where they aren't allowed.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// The messages of the rules of a schema, but for those about changes and those about the status.
fn rules(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    crd::walk(schema, "", &mut |path, schema| {
        let rules = schema["x-kubernetes-validations"].as_array();
        let rules = rules.into_iter().flatten();
        let own = rules.filter_map(|rule| rule["message"].as_str());
        found.extend(
            own.filter(|_| !path.starts_with(".status"))
                .map(str::to_owned),
        );
    });
    found.retain(|message| ![TRANSITION, SHADOWED].contains(&message.as_str()));
    found
}

#[test]
fn kube_cel_agrees_on_every_rule_of_both_channels() {
    let mut unbroken = BTreeSet::new();
    let mut broken = BTreeSet::new();
    for crd in crd::all() {
        let versions = crd.versions.iter();
        let versions =
            versions.map(|(name, schema)| (name.as_str(), (schema, compile_schema(schema))));
        let versions: BTreeMap<_, _> = versions.collect();
        for (schema, compiled) in versions.values() {
            assert!(
                !compiled.has_errors(),
                "{:?}",
                compiled.compilation_errors()
            );
            unbroken.extend(rules(schema));
        }
        let channel = match crd.channel {
            "standard" => Channel::Standard,
            _ => Channel::Experimental,
        };
        let mut generator = Generator::new(crd, 1);
        for _ in 0..MANIFESTS {
            let (version, object) = generator.next();
            let (schema, compiled) = &versions[version];
            if let Some(ours) = ours(channel, &object) {
                let mut theirs = theirs(schema, compiled, &object);
                theirs.retain(|(field, _)| !ours.malformed.contains(field));
                assert_eq!(ours.broken, theirs, "{channel} {object:#}");
                broken.extend(ours.broken.into_iter().map(|(_, message)| message));
            }
        }
    }
    unbroken.retain(|message| !broken.contains(message));
    assert!(unbroken.is_empty(), "never broken: {unbroken:#?}");
}
