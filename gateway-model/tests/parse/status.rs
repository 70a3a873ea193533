//! The status in a manifest: an API server ignores it on create, and so does the loader where it is wrong.

use gateway_model::Resource;

use crate::{names, parse, problems};

const GATEWAY: &str = "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, creationTimestamp: null}
spec:
  gatewayClassName: c
  listeners: [{name: http, port: 80, protocol: HTTP}]
";

#[test]
fn a_status_that_clients_write_does_not_speak_against_the_object() {
    for status in [
        "{}",
        "null",
        "7",
        "{conditions: null, listeners: null, zz: 1}",
        "{listeners: [{name: http}]}",
        "{conditions: [{type: Accepted, status: \"True\", reason: A, lastTransitionTime: null, message: \"\"}]}",
        "{conditions: [{type: A, status: \"True\", reason: A, lastTransitionTime: soon, message: \"\"}]}",
        "{addresses: [{type: IPAddress, value: none}]}",
    ] {
        let manifests = parse(&format!("{GATEWAY}status: {status}\n"));
        assert_eq!(problems(&manifests), [""; 0], "{status}");
        assert_eq!(names(&manifests), ["Gateway default/g"], "{status}");
    }
}

#[test]
fn what_is_right_in_a_status_is_kept() {
    let condition = |name: &str, time: &str| {
        format!(
            "{{type: {name}, status: \"True\", reason: R, message: \"\", lastTransitionTime: {time}}}"
        )
    };
    let [good, bad] = [
        condition("Accepted", "\"2026-01-01T00:00:00Z\""),
        condition("Odd", "null"),
    ];
    let manifests = parse(&format!(
        "{GATEWAY}status: {{conditions: [{bad}, {good}]}}\n"
    ));
    let Resource::Gateway(gateway) = &manifests.resources[0].resource else {
        panic!("a Gateway")
    };
    let conditions = &gateway.status.conditions;
    let kinds: Vec<_> = conditions.iter().map(|c| c.type_.as_str()).collect();
    assert_eq!(kinds, ["Accepted"]);
}
