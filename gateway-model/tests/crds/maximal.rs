//! Objects that have every field of their kind.

use serde_json::Value;

/// The object of a kind, the first one where there are several.
pub(crate) fn object(kind: &str) -> Value {
    objects(kind).remove(0)
}

/// The objects of a kind, which have every field together: some fields exclude each other.
pub(crate) fn objects(kind: &str) -> Vec<Value> {
    let text = match kind {
        "GatewayClass" => include_str!("maximal/gateway_class.yaml"),
        "Gateway" => include_str!("maximal/gateway.yaml"),
        "HTTPRoute" => include_str!("maximal/http_route.yaml"),
        "GRPCRoute" => include_str!("maximal/grpc_route.yaml"),
        "TLSRoute" => include_str!("maximal/tls_route.yaml"),
        "TCPRoute" => include_str!("maximal/tcp_route.yaml"),
        "UDPRoute" => include_str!("maximal/udp_route.yaml"),
        "BackendTLSPolicy" => include_str!("maximal/backend_tls_policy.yaml"),
        "ListenerSet" => include_str!("maximal/listener_set.yaml"),
        "XBackend" => include_str!("maximal/x_backend.yaml"),
        "XBackendTrafficPolicy" => include_str!("maximal/x_backend_traffic_policy.yaml"),
        "XMesh" => include_str!("maximal/x_mesh.yaml"),
        "ReferenceGrant" => include_str!("maximal/reference_grant.yaml"),
        _ => panic!("no object of kind {kind}"),
    };
    // Under another group the object comes back as it was read.
    let foreign = text.replace("apiVersion: gateway.networking.", "apiVersion: other.");
    let read = gateway_model::parse(kind, foreign.as_bytes());
    let values = read.unknown.into_iter().map(|object| object.value);
    let of_group = |mut value: Value| {
        let foreign = value["apiVersion"].as_str().unwrap();
        value["apiVersion"] = foreign.replace("other.", "gateway.networking.").into();
        value
    };
    values.map(of_group).collect()
}
