//! The rules of BackendTLSPolicies.

use super::Case;

const TARGET: &str = "group: '', kind: Service, name: a";
const CA: &str = "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]";

pub(super) fn cases() -> Vec<Case> {
    [targets(), authorities(), names()].concat()
}

fn case(message: &str, field: &str, broken: (&str, &str), kept: (&str, &str)) -> Case {
    let policy = |(targets, validation): (&str, &str)| {
        format!(
            "spec: {{targetRefs: [{targets}], validation: {{hostname: a.example{validation}}}}}"
        )
    };
    Case {
        message: message.to_owned(),
        kind: "BackendTLSPolicy",
        field: field.to_owned(),
        broken: policy(broken),
        kept: policy(kept),
    }
}

fn targets() -> Vec<Case> {
    let two = |a: &str, b: &str| format!("{{{TARGET}{a}}}, {{{TARGET}{b}}}");
    let ca = format!(", {CA}");
    let case = |message: &str, broken: &str, kept: &str| {
        case(message, "spec.targetRefs", (broken, &ca), (kept, &ca))
    };
    vec![
        case(
            "sectionName must be specified when targetRefs includes 2 or more references to the same target",
            &two("", ", sectionName: x"),
            &two(", sectionName: z", ", sectionName: x"),
        ),
        case(
            "sectionName must be unique when targetRefs includes 2 or more references to the same target",
            &two(", sectionName: x", ", sectionName: x"),
            &two(", sectionName: z", ", sectionName: x"),
        ),
    ]
}

fn authorities() -> Vec<Case> {
    let target = format!("{{{TARGET}}}");
    let case = |message: &str, broken: &str, kept: &str| {
        case(
            message,
            "spec.validation",
            (&target, broken),
            (&target, kept),
        )
    };
    let system = ", wellKnownCACertificates: System";
    vec![
        case(
            "must not contain both CACertificateRefs and WellKnownCACertificates",
            &format!(", {CA}{system}"),
            &format!(", {CA}"),
        ),
        case(
            "must specify either CACertificateRefs or WellKnownCACertificates",
            "",
            system,
        ),
    ]
}

fn names() -> Vec<Case> {
    let target = format!("{{{TARGET}}}");
    let mut cases = Vec::new();
    for (kind, field, word, value) in [
        ("Hostname", "hostname", "Hostname", "a.example"),
        ("URI", "uri", "URI", "'spiffe://a/b'"),
    ] {
        let with = |name: &str| format!(", {CA}, subjectAltNames: [{{{name}}}]");
        let own = with(&format!("type: {kind}, {field}: {value}"));
        let (other, other_field, other_value) = match kind {
            "URI" => ("Hostname", "hostname", "a.example"),
            _ => ("URI", "uri", "'spiffe://a/b'"),
        };
        let both = with(&format!(
            "type: {other}, {other_field}: {other_value}, {field}: {value}"
        ));
        for (message, broken) in [
            (
                format!("SubjectAltName element must contain {word}, if Type is set to {word}"),
                with(&format!("type: {kind}")),
            ),
            (
                format!(
                    "SubjectAltName element must not contain {word}, if Type is not set to {word}"
                ),
                both,
            ),
        ] {
            let field = "spec.validation.subjectAltNames[0]";
            cases.push(case(&message, field, (&target, &broken), (&target, &own)));
        }
    }
    cases
}
