//! Rules about changes are a function of old and new.

use gateway_model::{Channel, Code, check_safe_upgrade, check_update};
use serde_json::{Value, json};

use crate::{crd, maximal};

/// The fields of a schema that have a rule about changes.
fn immutable(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    crd::walk(schema, "", &mut |path, schema| {
        let rules = schema["x-kubernetes-validations"].as_array();
        let mut rules = rules.into_iter().flatten();
        if rules.any(|rule| rule["rule"].as_str().unwrap().contains("oldSelf")) {
            found.push(path.to_owned());
        }
    });
    found
}

#[test]
fn a_change_of_an_immutable_field_is_refused_at_that_field() {
    let mut tried = Vec::new();
    for crd in crd::experimental() {
        for path in immutable(crd.schema()) {
            let old = maximal::object(&crd.kind);
            let mut new = old.clone();
            *new.pointer_mut(&path.replace('.', "/")).unwrap() = json!("example.com/other");
            let [old, new] = [old, new].map(|object| {
                gateway_model::parse("x", object.to_string().as_bytes())
                    .resources
                    .remove(0)
            });
            let problems = check_update(Channel::Experimental, &old.resource, &new);
            let [problem] = problems.as_slice() else {
                panic!("{problems:?}")
            };
            assert_eq!(problem.code, Code::RuleViolated);
            assert_eq!(problem.field.as_deref(), path.strip_prefix('.'));
            assert_eq!(problem.message, "Value is immutable");
            assert_eq!(check_update(Channel::Experimental, &new.resource, &new), []);
            tried.push(crd.kind.as_str());
        }
    }
    assert_eq!(tried, ["GatewayClass", "XMesh"]);
}

#[test]
fn objects_that_are_not_the_same_do_not_change_each_other() {
    let class = |name: &str, controller: &str| {
        let mut object = maximal::object("GatewayClass");
        object["metadata"]["name"] = name.into();
        object["spec"]["controllerName"] = controller.into();
        gateway_model::parse("x", object.to_string().as_bytes())
            .resources
            .remove(0)
    };
    let (old, new) = (class("a", "example.com/a"), class("b", "example.com/b"));
    assert_eq!(check_update(Channel::Standard, &old.resource, &new), []);
}

/// A definition of a bundle.
fn definition(group: &str, channel: &str, version: &str) -> Value {
    json!({
        "metadata": {"annotations": {
            "gateway.networking.k8s.io/channel": channel,
            "gateway.networking.k8s.io/bundle-version": version,
        }},
        "spec": {"group": group},
    })
}

/// What the policy of the channel `own` says of a change, as pairs of channel and version.
fn broken(own: Channel, old: Option<(&str, &str)>, new: (&str, &str)) -> usize {
    let group = "gateway.networking.k8s.io";
    let old = old.map(|(channel, version)| definition(group, channel, version));
    check_safe_upgrade(own, old.as_ref(), &definition(group, new.0, new.1)).len()
}

#[test]
fn the_safe_upgrades_policy_of_each_channel_judges_old_and_new() {
    use Channel::{Experimental, Standard};
    let (standard, experimental) = (("standard", "v1.6.1"), ("experimental", "v1.6.1"));
    for (own, old, new, count) in [
        (Standard, None, standard, 0),
        (Standard, None, experimental, 0),
        (Standard, Some(standard), standard, 0),
        (Standard, Some(standard), experimental, 1),
        (Standard, Some(experimental), experimental, 0),
        (Standard, Some(experimental), standard, 0),
        (Standard, Some(standard), ("standard", "v1.4.1"), 1),
        (Standard, Some(standard), ("standard", "v1.7.0-rc.1"), 0),
        (Standard, Some(standard), ("standard", "v0.8.1"), 1),
        (Standard, Some(standard), ("experimental", "v1.4.1"), 2),
        (Experimental, Some(standard), experimental, 1),
        (
            Experimental,
            Some(experimental),
            ("experimental", "v1.4.1"),
            1,
        ),
        (
            Experimental,
            Some(experimental),
            ("experimental", "v0.0.0-dev"),
            0,
        ),
    ] {
        assert_eq!(broken(own, old, new), count, "{own} {old:?} {new:?}");
    }
}

#[test]
fn the_safe_upgrades_policy_is_about_the_gateway_api_alone() {
    let other = definition("example.com", "none", "v0.1");
    assert!(check_safe_upgrade(Channel::Standard, Some(&other), &other).is_empty());
    let bare = json!({"metadata": {}, "spec": {"group": "gateway.networking.k8s.io"}});
    assert_eq!(check_safe_upgrade(Channel::Standard, None, &bare).len(), 1);
}
