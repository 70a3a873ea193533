//! The rules of GRPCRoutes and of the routes of layer 4, where they have their own.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    [methods(), hostnames()].concat()
}

fn methods() -> Vec<Case> {
    let case = |message: &str, broken: &str, kept: &str| {
        let route =
            |method: &str| format!("spec: {{rules: [{{matches: [{{method: {{{method}}}}}]}}]}}");
        Case {
            message: message.to_owned(),
            kind: "GRPCRoute",
            field: "spec.rules[0].matches[0].method".to_owned(),
            broken: route(broken),
            kept: route(kept),
        }
    };
    vec![
        case(
            "One or both of 'service' or 'method' must be specified",
            "type: Exact",
            "type: Exact, method: M",
        ),
        case(
            r"service must only contain valid characters (matching ^(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$)",
            "service: a/b",
            "service: A.b_1",
        ),
        case(
            "method must only contain valid characters (matching ^[A-Za-z_][A-Za-z_0-9]*$)",
            "method: 'a.b'",
            "method: 'a.b', type: RegularExpression",
        ),
    ]
}

fn hostnames() -> Vec<Case> {
    let case = |message: &str, broken: &str, kept: &str| {
        let route = |host: &str| {
            format!(
                "spec: {{hostnames: [{host}], rules: [{{backendRefs: [{{name: a, port: 1}}]}}]}}"
            )
        };
        Case {
            message: message.to_owned(),
            kind: "TLSRoute",
            field: "spec.hostnames".to_owned(),
            broken: route(broken),
            kept: route(kept),
        }
    };
    vec![
        case("Hostnames cannot contain an IP", "192.0.2.1", "a.example"),
        case(
            "Hostnames must be valid based on RFC-1123",
            "a..example",
            "a.example",
        ),
        case(
            "Wildcards on hostnames must be the first label, and the rest of hostname must be valid based on RFC-1123",
            "'*.a.*.example'",
            "'*.a.example'",
        ),
    ]
}
