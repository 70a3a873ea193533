//! The core kinds: read leniently, Secrets quietly.

use gateway_model::{EndpointAddressType, IntOrString, Resource, ServiceType, TransportProtocol};
use serde_json::json;

use crate::{parse, problems};

fn only(text: &str) -> Resource {
    let manifests = parse(text);
    assert_eq!(problems(&manifests), [""; 0]);
    manifests.resources[0].resource.clone()
}

#[test]
fn services_are_read_with_their_defaults() {
    let Resource::Service(service) = only(
        "apiVersion: v1
kind: Service
metadata: {name: web, creationTimestamp: null}
spec:
  sessionAffinity: None
  ports:
  - port: 80
  - {name: grpc, port: 81, targetPort: main, protocol: UDP, appProtocol: kubernetes.io/h2c, nodePort: 30000}
status: {loadBalancer: {}}
",
    ) else {
        panic!("not a Service")
    };
    assert_eq!(service.spec.type_, ServiceType::ClusterIp);
    let [plain, named] = service.spec.ports.as_slice() else {
        panic!("not two ports")
    };
    assert_eq!(plain.target_port, IntOrString::Int(80));
    assert_eq!(
        (plain.name.as_str(), plain.protocol),
        ("", TransportProtocol::Tcp)
    );
    assert_eq!(named.target_port, IntOrString::String("main".to_owned()));
    assert_eq!(named.app_protocol.as_deref(), Some("kubernetes.io/h2c"));
}

#[test]
fn endpoint_slices_may_hold_loopback_addresses() {
    let Resource::EndpointSlice(slice) = only(
        "apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
- addresses: [127.0.0.1]
  conditions: {ready: false}
  nodeName: n
ports:
- {name: '', port: 3000}
",
    ) else {
        panic!("not an EndpointSlice")
    };
    assert_eq!(slice.service(), Some("web"));
    assert_eq!(slice.address_type, EndpointAddressType::IPv4);
    assert_eq!(
        slice.endpoints[0].ips().collect::<Vec<_>>(),
        ["127.0.0.1".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(slice.endpoints[0].conditions.ready, Some(false));
    assert_eq!(slice.ports[0].port.unwrap().get(), 3000);
}

#[test]
fn addresses_must_be_of_the_type_of_their_slice() {
    let slice = |kind: &str, address: &str| {
        parse(&format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: a}}\n\
             addressType: {kind}\nendpoints: [{{addresses: ['{address}']}}]\n"
        ))
    };
    for (kind, address) in [
        ("IPv4", "10.0.0.1"),
        ("IPv6", "::1"),
        ("FQDN", "a.example.com"),
    ] {
        assert_eq!(problems(&slice(kind, address)), [""; 0]);
    }
    assert_eq!(
        problems(&slice("IPv4", "::1")),
        [
            "x.yaml:5: error[InvalidValue]: EndpointSlice default/a: endpoints[0].addresses[0]: expected an IPv4 address, found \"::1\""
        ]
    );
    assert_eq!(
        problems(&slice("Ipv4", "10.0.0.1")),
        [
            "x.yaml:4: error[NotSupported]: EndpointSlice default/a: addressType: expected one of \"IPv4\", \"IPv6\", \"FQDN\", found \"Ipv4\""
        ]
    );
}

#[test]
fn secrets_hold_their_data_decoded_and_string_data_wins() {
    let resource = only(
        "apiVersion: v1
kind: Secret
metadata: {name: s}
type: kubernetes.io/tls
data: {tls.crt: aGVsbG8=, other: b2xk}
stringData: {other: new}
",
    );
    let Resource::Secret(secret) = &resource else {
        panic!("not a Secret")
    };
    assert_eq!(secret.type_, "kubernetes.io/tls");
    assert_eq!(secret.data["tls.crt"].as_bytes(), b"hello");
    assert_eq!(secret.data["other"].as_bytes(), b"new");
    let stored = serde_json::to_value(&resource).unwrap();
    assert_eq!(
        stored["data"],
        json!({"tls.crt": "aGVsbG8=", "other": "bmV3"})
    );
    assert!(stored.get("stringData").is_none());
}

#[test]
fn what_a_secret_holds_is_in_no_debug_output_and_no_problem() {
    let secret = |rest: &str| {
        parse(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{rest}\n"
        ))
    };
    let good = secret("stringData: {a: hunter2}");
    assert_eq!(good.resources.len(), 1);
    assert!(!format!("{good:?}").contains("hunter2"));
    let applied = parse(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    \
         kubectl.kubernetes.io/last-applied-configuration: '{data: {a: hunter2}}'\n",
    );
    assert_eq!(applied.resources.len(), 1);
    assert!(!format!("{applied:?}").contains("hunter2"), "{applied:?}");
    for bad in [
        "data: {a: hunter2!}",
        "data: hunter2",
        "data: [hunter2]",
        "data: {a: [hunter2]}",
        "stringData: hunter2",
        "type: {hunter2: hunter2}",
        "stringData: {a: 22222}",
        "data: {a: 22222}",
    ] {
        let manifests = secret(bad);
        let found = problems(&manifests).join("\n");
        assert!(found.starts_with("x.yaml:4: error["), "{bad}: {found}");
        assert!(found.contains("Secret default/s"), "{bad}: {found}");
        let all = format!("{manifests:?}");
        assert!(
            !all.contains("hunter2") && !all.contains("22222"),
            "{bad}: {all}"
        );
    }
    let bad = secret("data: {a: hunter2!}");
    assert_eq!(
        problems(&bad),
        [
            "x.yaml:4: error[InvalidValue]: Secret default/s: data[a]: expected base64, found another value"
        ]
    );
}

#[test]
fn config_maps_hold_text_and_bytes() {
    let Resource::ConfigMap(map) = only(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {ca.crt: \"x\\n\"}\nbinaryData: {b: AQI=}\n",
    ) else {
        panic!("not a ConfigMap")
    };
    assert_eq!(map.data["ca.crt"], "x\n");
    assert_eq!(map.binary_data["b"].as_bytes(), [1, 2]);
}

/// SetDefaults_Service of the API server: what is empty is as if it were not there.
#[test]
fn what_is_empty_in_a_service_has_its_default() {
    let Resource::Service(service) = only(
        "apiVersion: v1
kind: Service
metadata: {name: a}
spec: {type: \"\", ports: [{port: 80, protocol: \"\", targetPort: \"\"}]}
",
    ) else {
        panic!("not a Service")
    };
    assert_eq!(service.spec.type_, ServiceType::ClusterIp);
    let port = &service.spec.ports[0];
    assert_eq!(port.protocol, TransportProtocol::Tcp);
    assert_eq!(port.target_port, IntOrString::Int(80));
}
