//! The rules of XBackends and XBackendTrafficPolicies, where they have their own.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    [backends(), retries()].concat()
}

fn backends() -> Vec<Case> {
    let case = |message: &str, field: &str, broken: &str, kept: &str| {
        let spec = |spec: &str| format!("spec: {{type: ExternalHostname, {spec}}}");
        Case {
            message: message.to_owned(),
            kind: "XBackend",
            field: field.to_owned(),
            broken: spec(broken),
            kept: spec(kept),
        }
    };
    let host = "externalHostname: {hostname: a.example}";
    let tls = |tls: &str| format!("port: {{port: 1}}, {host}, tls: {{{tls}}}");
    vec![
        case(
            "externalHostname must be set when type is ExternalHostname and must be unset otherwise",
            "spec",
            "port: {port: 1}",
            &format!("port: {{port: 1}}, {host}"),
        ),
        case(
            "hostname must not be an IP address or end with .cluster.local",
            "spec.externalHostname.hostname",
            "port: {port: 1}, externalHostname: {hostname: a.b.svc.cluster.local}",
            "port: {port: 1}, externalHostname: {hostname: cluster.local}",
        ),
        case(
            "Name must be a valid DNS label",
            "spec.port.name",
            &format!("port: {{port: 1, name: A}}, {host}"),
            &format!("port: {{port: 1, name: ''}}, {host}"),
        ),
        case(
            "clientCertificateRef must be set if and only if mode is ClientAndServer",
            "spec.tls",
            &tls("mode: ServerOnly, clientCertificateRef: {name: a}"),
            &tls("mode: ClientAndServer, clientCertificateRef: {name: a}"),
        ),
    ]
}

fn retries() -> Vec<Case> {
    let case = |message: &str, field: &str, broken: &str, kept: &str| {
        let spec = |constraint: &str| {
            format!(
                "spec: {{targetRefs: [{{group: '', kind: Service, name: a}}], \
                 retryConstraint: {{{constraint}}}}}"
            )
        };
        Case {
            message: message.to_owned(),
            kind: "XBackendTrafficPolicy",
            field: field.to_owned(),
            broken: spec(broken),
            kept: spec(kept),
        }
    };
    vec![
        case(
            "interval cannot be greater than one hour or less than one second",
            "spec.retryConstraint.budget.interval",
            "budget: {interval: 999ms}",
            "budget: {interval: 60m}",
        ),
        case(
            "interval cannot be greater than one hour",
            "spec.retryConstraint.minRetryRate.interval",
            "minRetryRate: {interval: 1h1ms}",
            "minRetryRate: {interval: 1ms}",
        ),
    ]
}
