//! Properties that hold for any input.

use gateway_model::Resource;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

/// Objects that have every field.
const OBJECTS: [&str; 4] = [
    include_str!("../crds/maximal/gateway_class.yaml"),
    include_str!("../crds/maximal/gateway.yaml"),
    include_str!("../crds/maximal/http_route.yaml"),
    include_str!("../crds/maximal/reference_grant.yaml"),
];

fn one(text: &str) -> Option<Resource> {
    let manifests = gateway_model::parse("x", text.as_bytes());
    manifests
        .resources
        .into_iter()
        .next()
        .map(|loaded| loaded.resource)
}

/// Takes fields and entries out of a value, as `choices` say.
fn thin_out(value: &mut Value, choices: &mut impl Iterator<Item = bool>) {
    let mut keep = || choices.next().unwrap_or(true);
    match value {
        Value::Object(map) => map.retain(|_, _| keep()),
        Value::Array(items) => items.retain(|_| keep()),
        _ => {}
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| thin_out(value, choices)),
        Value::Array(items) => items.iter_mut().for_each(|item| thin_out(item, choices)),
        _ => {}
    }
}

/// JSON with the keys of every map in reverse order or not, as `choices` say.
fn shuffled(value: &Value, choices: &mut impl Iterator<Item = bool>) -> String {
    match value {
        Value::Object(map) => {
            let mut parts: Vec<_> = map
                .iter()
                .map(|(key, value)| {
                    format!("{}: {}", Value::from(&**key), shuffled(value, choices))
                })
                .collect();
            let middle = parts.len() / 2;
            if choices.next().unwrap_or(false) {
                parts.reverse();
            }
            if choices.next().unwrap_or(false) {
                parts.rotate_left(middle);
            }
            format!("{{{}}}", parts.join(", "))
        }
        Value::Array(items) => {
            let parts: Vec<_> = items.iter().map(|item| shuffled(item, choices)).collect();
            format!("[{}]", parts.join(", "))
        }
        other => other.to_string(),
    }
}

fn stored(text: &str) -> Value {
    serde_json::to_value(one(text).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        gateway_model::parse("x", &bytes);
    }

    #[test]
    fn any_yaml_like_text_is_read_without_a_panic(text in "([-:{}\\[\\],&*!|>'\"%#?~ \\n\\t]|[a-c]|---\\n|<<: ){0,80}") {
        gateway_model::parse("x", text.as_bytes());
    }

    #[test]
    fn spoilt_manifests_are_read_without_a_panic(
        text in select(&OBJECTS[..]),
        edits in proptest::collection::vec((any::<Index>(), any::<u8>(), any::<bool>()), 1..8),
    ) {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, insert) in edits {
            let at = at.index(bytes.len());
            match insert {
                true => bytes.insert(at, byte),
                false => bytes[at] = byte,
            }
        }
        let manifests = gateway_model::parse("x", &bytes);
        prop_assert!(!manifests.resources.is_empty() || !manifests.unknown.is_empty() || manifests.has_errors());
    }

    #[test]
    fn manifests_with_parts_missing_are_refused_or_come_back_the_same(
        text in select(&OBJECTS[..]),
        missing in proptest::collection::vec(proptest::bool::weighted(0.97), 0..600),
    ) {
        let mut value = stored(text);
        let whole = value.clone();
        thin_out(&mut value["spec"], &mut missing.into_iter());
        value["metadata"] = whole["metadata"].clone();
        if let Some(resource) = one(&value.to_string()) {
            let once = serde_json::to_value(&resource).unwrap();
            let again = one(&once.to_string());
            prop_assert_eq!(again, Some(resource));
        }
    }

    #[test]
    fn the_order_of_keys_makes_no_difference(
        text in select(&OBJECTS[..]),
        order in proptest::collection::vec(any::<bool>(), 0..300),
    ) {
        let value = stored(text);
        let other = shuffled(&value, &mut order.into_iter());
        prop_assert_eq!(one(&other), one(&value.to_string()));
    }

    #[test]
    fn what_is_stored_is_read_as_json_and_decoded_by_serde_alike(text in select(&OBJECTS[..])) {
        let resource = one(text).unwrap();
        let json = serde_json::to_value(&resource).unwrap();
        match resource {
            Resource::Gateway(own) => prop_assert_eq!(serde_json::from_value(json).ok(), Some((*own).clone())),
            Resource::HttpRoute(own) => prop_assert_eq!(serde_json::from_value(json).ok(), Some((*own).clone())),
            Resource::GatewayClass(own) => prop_assert_eq!(serde_json::from_value(json).ok(), Some((*own).clone())),
            Resource::ReferenceGrant(own) => prop_assert_eq!(serde_json::from_value(json).ok(), Some((*own).clone())),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
