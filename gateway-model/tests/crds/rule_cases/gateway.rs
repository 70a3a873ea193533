//! The rules of Gateways.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    [addresses(), infrastructure(), listeners(), tls()].concat()
}

fn case(message: &str, field: &str, broken: &str, kept: &str) -> Case {
    let gateway = |part: &str| {
        let listeners = match part.contains("listeners:") {
            true => "",
            false => ", listeners: [{name: a, port: 80, protocol: HTTP}]",
        };
        format!("spec: {{gatewayClassName: c{listeners}, {part}}}")
    };
    Case {
        message: message.to_owned(),
        kind: "Gateway",
        field: field.to_owned(),
        broken: gateway(broken),
        kept: gateway(kept),
    }
}

const HOST: &str =
    r"(matching ^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";

fn addresses() -> Vec<Case> {
    let status = |value: &str| {
        format!("addresses: []}}\nstatus: {{addresses: [{{type: Hostname, value: {value}}}]")
    };
    vec![
        case(
            "IPAddress values must be unique",
            "spec.addresses",
            "addresses: [{value: 127.0.0.1}, {type: IPAddress, value: 127.0.0.1}]",
            "addresses: [{value: 127.0.0.1}, {value: 127.0.0.2}, {}, {}]",
        ),
        case(
            "Hostname values must be unique",
            "spec.addresses",
            "addresses: [{type: Hostname, value: a}, {type: Hostname, value: a}]",
            "addresses: [{type: Hostname, value: a}, {type: Hostname, value: b}]",
        ),
        case(
            &format!("Hostname value must be empty or contain only valid characters {HOST}"),
            "spec.addresses[0]",
            "addresses: [{type: Hostname, value: A}]",
            "addresses: [{type: Hostname, value: '*.a'}, {type: Hostname}]",
        ),
        case(
            &format!("Hostname value must only contain valid characters {HOST}"),
            "status.addresses[0]",
            &status("A"),
            &status("a"),
        ),
    ]
}

fn infrastructure() -> Vec<Case> {
    let mut cases = Vec::new();
    for (plural, title, word) in [
        ("annotations", "Annotation", "annotation"),
        ("labels", "Label", "label"),
    ] {
        let field = format!("spec.infrastructure.{plural}");
        let with = |key: &str| format!("infrastructure: {{{plural}: {{{key}: v}}}}");
        cases.push(case(
            &format!(
                "{title} keys must be in the form of an optional DNS subdomain prefix followed by a \
                 required name segment of up to 63 characters."
            ),
            &field,
            &with("a_/b"),
            &with("a/B_c"),
        ));
        cases.push(case(
            &format!(
                "If specified, the {word} key's prefix must be a DNS subdomain not longer than 253 \
                 characters in total."
            ),
            &field,
            &with(&format!("{}/b", "a".repeat(253))),
            &with(&format!("{}/b", "a".repeat(252))),
        ));
    }
    cases
}

fn listeners() -> Vec<Case> {
    let one = |rest: &str| format!("listeners: [{{name: a, port: 80, {rest}}}]");
    let two = |a: &str, b: &str| format!("listeners: [{{{a}}}, {{{b}}}]");
    let field = "spec.listeners";
    let terminate = "tls: {certificateRefs: [{name: c}]}";
    vec![
        case(
            "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']",
            field,
            &one(&format!("protocol: TCP, {terminate}")),
            &one(&format!("protocol: TLS, {terminate}")),
        ),
        case(
            "tls mode must be Terminate for protocol HTTPS",
            field,
            &one("protocol: HTTPS, tls: {mode: Passthrough}"),
            &one(&format!("protocol: HTTPS, {terminate}")),
        ),
        case(
            "tls mode must be set for protocol TLS",
            field,
            &one("protocol: TLS"),
            &one("protocol: TLS, tls: {mode: Passthrough}"),
        ),
        case(
            "hostname must not be specified for protocols ['TCP', 'UDP']",
            field,
            &one("protocol: UDP, hostname: a.b"),
            &one("protocol: HTTP, hostname: a.b"),
        ),
        case(
            "Listener name must be unique within the Gateway",
            field,
            &two(
                "name: a, port: 80, protocol: HTTP",
                "name: a, port: 81, protocol: HTTP",
            ),
            &two(
                "name: a, port: 80, protocol: HTTP",
                "name: b, port: 81, protocol: HTTP",
            ),
        ),
        case(
            "Combination of port, protocol and hostname must be unique for each listener",
            field,
            &two(
                "name: a, port: 80, protocol: HTTP",
                "name: b, port: 80, protocol: HTTP",
            ),
            &two(
                "name: a, port: 80, protocol: HTTP",
                "name: b, port: 80, protocol: HTTP, hostname: x",
            ),
        ),
        case(
            "certificateRefs or options must be specified when mode is Terminate",
            "spec.listeners[0].tls",
            &one("protocol: HTTPS, tls: {mode: Terminate}"),
            &one("protocol: HTTPS, tls: {mode: Terminate, options: {a: b}}"),
        ),
    ]
}

fn tls() -> Vec<Case> {
    let ports = |a: u16, b: u16| {
        format!(
            "tls: {{frontend: {{default: {{}}, perPort: [{{port: {a}, tls: {{}}}}, {{port: {b}, tls: {{}}}}]}}}}"
        )
    };
    vec![case(
        "Port for TLS configuration must be unique within the Gateway",
        "spec.tls.frontend.perPort",
        &ports(443, 443),
        &ports(443, 8443),
    )]
}
