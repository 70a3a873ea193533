//! Each constraint of the schemas, broken on its own, is found at its field.

use std::collections::BTreeSet;

use gateway_model::Severity;
use serde_json::Value;

use crate::constraints::{Constraint, KEYWORDS, collect};
use crate::{crd, maximal};

#[test]
fn every_constraint_is_enforced_and_blamed_on_its_field() {
    for crd in crd::experimental() {
        let mut done = BTreeSet::new();
        let objects = maximal::objects(&crd.kind);
        let constraints = objects.iter().flat_map(|object| {
            let found = collect(crd.schema(), object).into_iter();
            found.map(move |constraint| (object, constraint))
        });
        for (object, constraint) in constraints {
            if !done.insert((constraint.path.clone(), constraint.keyword)) {
                continue; // once per field is enough
            }
            let Constraint {
                pointer,
                broken,
                blamed,
                keyword,
                field,
                ..
            } = constraint;
            if matches!(&*field, "" | "apiVersion" | "kind") {
                continue; // without these it isn't known what the object is
            }
            let mut spoilt = object.clone();
            match broken {
                Some(value) => *spoilt.pointer_mut(&pointer).unwrap() = value,
                None => remove(&mut spoilt, &pointer),
            }
            let manifests = gateway_model::parse("x", spoilt.to_string().as_bytes());
            if field.starts_with("status") {
                // An API server ignores the status of what it is given.
                assert_eq!(manifests.resources.len(), 1, "{field}: {keyword}");
                assert_eq!(manifests.problems, [], "{field}: {keyword}");
                continue;
            }
            assert!(
                manifests.resources.is_empty(),
                "{} {field}: {keyword}",
                crd.kind
            );
            let blames = |field: &str| {
                let mut errors = manifests
                    .problems
                    .iter()
                    .filter(|p| p.severity == Severity::Error);
                errors.any(|problem| problem.field.as_deref() == Some(field))
            };
            let problems = &manifests.problems;
            assert!(
                blames(&blamed),
                "{} {blamed}: {keyword}: {problems:#?}",
                crd.kind
            );
        }
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name);
}

#[test]
fn no_constraint_of_either_channel_is_left_out() {
    for crd in crd::all() {
        let objects = maximal::objects(&crd.kind);
        let constraints = objects
            .iter()
            .flat_map(|object| collect(crd.schema(), object));
        let tested: BTreeSet<_> = constraints
            .map(|constraint| (constraint.path, constraint.keyword))
            .collect();
        crd::walk(crd.schema(), "", &mut |path, schema| {
            if path.starts_with(".metadata") {
                return;
            }
            for keyword in KEYWORDS
                .into_iter()
                .filter(|keyword| constrains(schema, keyword))
            {
                let pair = (path.to_owned(), keyword);
                assert!(tested.contains(&pair), "{} {path}: {keyword}", crd.kind);
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                let path = format!("{path}.{}", name.as_str().unwrap());
                assert!(
                    tested.contains(&(path.clone(), "required")),
                    "{} {path}",
                    crd.kind
                );
            }
        });
    }
}

/// Does a keyword of a schema refuse anything?
fn constrains(schema: &Value, keyword: &str) -> bool {
    let Some(limit) = schema.get(keyword) else {
        return false;
    };
    match keyword {
        "format" => limit != "int64",
        "minLength" => limit != 0,
        "x-kubernetes-list-type" => limit != "atomic",
        _ => true,
    }
}

#[test]
fn addresses_of_the_type_for_them_are_ip_addresses() {
    let mut alternatives = Vec::new();
    for crd in crd::experimental() {
        crd::walk(crd.schema(), "", &mut |path, schema| {
            if schema
                .get("oneOf")
                .or(schema.get("anyOf"))
                .or(schema.get("not"))
                .is_some()
            {
                alternatives.push(path.to_owned());
            }
        });
    }
    assert_eq!(alternatives, [".spec.addresses[]", ".status.addresses[]"]);
    for value in ["127.0.0.256", "a.example.com", "[::1]"] {
        let mut object = maximal::object("Gateway");
        object["spec"]["addresses"][0]["value"] = value.into();
        let manifests = gateway_model::parse("x", object.to_string().as_bytes());
        let [problem] = manifests.problems.as_slice() else {
            panic!("{value}")
        };
        assert_eq!(problem.field.as_deref(), Some("spec.addresses[0].value"));
        let want = format!("expected an IPv4 address or an IPv6 address, found {value:?}");
        assert_eq!(problem.message, want);
    }
}
