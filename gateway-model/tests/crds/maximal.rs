//! Objects that have every field of their kind.

use serde_json::Value;

/// The object of a kind.
pub(crate) fn object(kind: &str) -> Value {
    let text = match kind {
        "GatewayClass" => include_str!("maximal/gateway_class.yaml"),
        "Gateway" => include_str!("maximal/gateway.yaml"),
        "HTTPRoute" => include_str!("maximal/http_route.yaml"),
        "ReferenceGrant" => include_str!("maximal/reference_grant.yaml"),
        _ => panic!("no object of kind {kind}"),
    };
    // Under another group the object comes back as it was read.
    let foreign = text.replace(
        "apiVersion: gateway.networking.k8s.io/",
        "apiVersion: other/",
    );
    let mut value = gateway_model::parse(kind, foreign.as_bytes())
        .unknown
        .remove(0)
        .value;
    value["apiVersion"] = "gateway.networking.k8s.io/v1".into();
    value
}
