//! Every field of the CRDs is modelled: what goes in comes out, as an API server stores it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{crd, defaults, maximal};

#[test]
fn the_objects_of_these_tests_have_every_field_of_both_channels() {
    for crd in crd::all() {
        let mut wanted = BTreeSet::new();
        crd::walk(crd.schema(), "", &mut |path, _| {
            wanted.insert(path.to_owned());
        });
        for object in maximal::objects(&crd.kind) {
            present(&object, crd.schema(), "", &mut wanted);
        }
        assert!(
            wanted.is_empty(),
            "{} {}: {wanted:#?}",
            crd.channel,
            crd.kind
        );
    }
}

/// Strikes off the paths of the fields that a value has.
fn present(value: &Value, schema: &Value, path: &str, wanted: &mut BTreeSet<String>) {
    wanted.remove(path);
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let (path, schema) = match schema["additionalProperties"].is_object() {
                    true => (format!("{path}{{}}"), &schema["additionalProperties"]),
                    false => (format!("{path}.{name}"), &schema["properties"][name]),
                };
                present(value, schema, &path, wanted);
            }
        }
        Value::Array(items) => {
            for item in items {
                present(item, &schema["items"], &format!("{path}[]"), wanted);
            }
        }
        _ => {}
    }
}

/// Reads an object and gives back what the model makes of it.
fn through_the_model(object: &Value) -> Value {
    let manifests = gateway_model::parse("full.json", object.to_string().as_bytes());
    assert_eq!(manifests.problems, []);
    serde_json::to_value(&manifests.resources[0].resource).unwrap()
}

#[test]
fn objects_with_every_field_come_back_whole_in_every_version() {
    for crd in crd::experimental() {
        for (version, schema) in &crd.versions {
            for mut object in maximal::objects(&crd.kind) {
                object["apiVersion"] = format!("{}/{version}", crd.group).into();
                let got = through_the_model(&object);
                let metadata = object["metadata"].clone();
                defaults::store(schema, &mut object);
                object["metadata"] = metadata;
                object["apiVersion"] = crd.api_version().into();
                assert_eq!(got, object, "{} {version}", crd.kind);
            }
        }
    }
}

#[test]
fn objects_with_required_fields_only_get_the_defaults_of_the_schema() {
    let minimal = [
        ("gatewayclasses", json!({"controllerName": "example.com/c"})),
        (
            "gateways",
            json!({
                "gatewayClassName": "c",
                "addresses": [{"value": "::1"}],
                "allowedListeners": {},
                "listeners": [
                    {"name": "a", "port": 80, "protocol": "HTTP"},
                    {
                        "name": "b", "port": 443, "protocol": "HTTPS",
                        "tls": {"certificateRefs": [{"name": "cert"}]},
                        "allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}]},
                    },
                ],
                "tls": {
                    "backend": {"clientCertificateRef": {"name": "x"}},
                    "frontend": {"default": {"validation": {
                        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}],
                    }}},
                },
            }),
        ),
        ("grpcroutes", json!({})),
        (
            "grpcroutes",
            json!({
                "rules": [{
                    "matches": [{"method": {"method": "M"}}, {"headers": [{"name": "a", "value": "b"}]}],
                    "filters": [{"type": "RequestMirror", "requestMirror": {
                        "backendRef": {"name": "x", "port": 1}, "fraction": {"numerator": 1},
                    }}],
                    "backendRefs": [{"name": "web", "port": 80}],
                    "sessionPersistence": {"cookieConfig": {}},
                }],
            }),
        ),
        (
            "tlsroutes",
            json!({
                "hostnames": ["a.example"], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
            }),
        ),
        (
            "tcproutes",
            json!({"rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}),
        ),
        (
            "udproutes",
            json!({"rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}),
        ),
        (
            "listenersets",
            json!({
                "parentRef": {"name": "gw"},
                "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}],
            }),
        ),
        (
            "backendtlspolicies",
            json!({
                "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
                "validation": {"wellKnownCACertificates": "System", "hostname": "a.example"},
            }),
        ),
        ("httproutes", json!({})),
        (
            "httproutes",
            json!({
                "parentRefs": [{"name": "gw"}],
                "rules": [
                    {"backendRefs": [{"name": "web", "port": 80}]},
                    {
                        "matches": [
                            {"method": "PUT"},
                            {"path": {"value": "/x"}, "headers": [{"name": "a", "value": "b"}]},
                            {"path": {"type": "Exact"}, "queryParams": [{"name": "a", "value": "b"}]},
                        ],
                        "filters": [
                            {"type": "RequestRedirect", "requestRedirect": {}},
                            {"type": "CORS", "cors": {}},
                            {"type": "RequestMirror", "requestMirror": {
                                "backendRef": {"name": "x", "port": 1}, "fraction": {"numerator": 1},
                            }},
                        ],
                        "sessionPersistence": {"cookieConfig": {}},
                    },
                ],
            }),
        ),
        ("xmeshes", json!({"controllerName": "example.com/c"})),
        (
            "xbackends",
            json!({
                "type": "ExternalHostname",
                "externalHostname": {"hostname": "a.example"},
                "port": {"port": 443},
                "tls": {
                    "mode": "ClientAndServer",
                    "clientCertificateRef": {"name": "client"},
                },
            }),
        ),
        (
            "xbackendtrafficpolicies",
            json!({
                "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
                "retryConstraint": {},
                "sessionPersistence": {"cookieConfig": {}},
            }),
        ),
        (
            "xbackendtrafficpolicies",
            json!({
                "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
                "retryConstraint": {"budget": {}, "minRetryRate": {}},
            }),
        ),
        (
            "referencegrants",
            json!({
                "from": [{"group": "", "kind": "A", "namespace": "n"}],
                "to": [{"group": "", "kind": "B"}],
            }),
        ),
    ];
    for (plural, spec) in minimal {
        let crd = crd::experimental()
            .find(|crd| crd.plural == plural)
            .unwrap();
        let mut object = json!({
            "apiVersion": crd.api_version(),
            "kind": crd.kind,
            "metadata": {"name": "x", "namespace": "y"},
            "spec": spec,
        });
        if ["gatewayclasses", "xmeshes"].contains(&plural) {
            object["metadata"] = json!({"name": "x"});
        }
        let got = through_the_model(&object);
        let metadata = object["metadata"].clone();
        defaults::store(crd.schema(), &mut object);
        object["metadata"] = metadata;
        assert_eq!(got, object, "{plural}");
    }
}

#[test]
fn an_empty_list_of_matches_gets_no_default() {
    let object = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "x", "namespace": "y"}, "spec": {"rules": [{"matches": []}]},
    });
    assert_eq!(through_the_model(&object), object);
}

#[test]
fn unknown_fields_are_warned_of_and_dropped_at_every_level() {
    for crd in crd::experimental() {
        let object = maximal::object(&crd.kind);
        let whole = through_the_model(&object);
        let mut places = Vec::new();
        maps(&object, crd.schema(), "", &mut places);
        for place in places
            .iter()
            .filter(|place| !place.starts_with("/metadata"))
        {
            let mut spoilt = object.clone();
            spoilt.pointer_mut(place).unwrap()["zzUnknown"] = json!(1);
            let manifests = gateway_model::parse("x", spoilt.to_string().as_bytes());
            let got = serde_json::to_value(&manifests.resources[0].resource).unwrap();
            assert_eq!(got, whole, "{place}");
            if place.starts_with("/status") {
                // An API server ignores the status of what it is given.
                assert_eq!(manifests.problems, [], "{place}");
                continue;
            }
            let [problem] = manifests.problems.as_slice() else {
                panic!("{place}")
            };
            assert_eq!(problem.code, gateway_model::Code::UnknownField, "{place}");
            assert!(
                problem.field.as_ref().unwrap().ends_with("zzUnknown"),
                "{problem}"
            );
        }
        assert!(!places.is_empty());
    }
}

/// JSON pointers to all objects that have named fields.
fn maps(value: &Value, schema: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(map) if schema["properties"].is_object() => {
            places.push(at.to_owned());
            for (name, value) in map {
                maps(
                    value,
                    &schema["properties"][name],
                    &format!("{at}/{name}"),
                    places,
                );
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                maps(item, &schema["items"], &format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
}
