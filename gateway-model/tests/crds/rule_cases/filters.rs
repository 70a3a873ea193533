//! The rules of filters, on rules and on backends.

use super::Case;

/// The types of filters, their fields, and a value.
const FILTERS: [(&str, &str, &str); 8] = [
    ("CORS", "cors", "{}"),
    ("RequestHeaderModifier", "requestHeaderModifier", "{}"),
    ("ResponseHeaderModifier", "responseHeaderModifier", "{}"),
    (
        "RequestMirror",
        "requestMirror",
        "{backendRef: {name: a, port: 1}}",
    ),
    ("RequestRedirect", "requestRedirect", "{}"),
    ("URLRewrite", "urlRewrite", "{}"),
    (
        "ExtensionRef",
        "extensionRef",
        "{group: a, kind: B, name: c}",
    ),
    (
        "ExternalAuth",
        "externalAuth",
        "{protocol: HTTP, backendRef: {name: a, port: 1}, http: {}}",
    ),
];

pub(super) fn cases() -> Vec<Case> {
    [types(), repeats(), cors(), mirrors(), modifiers(), auth()].concat()
}

/// The case on a rule and the same on a backend.
fn case(message: &str, field: &str, broken: &str, kept: &str) -> Vec<Case> {
    let on_rule = |filters: &str| format!("spec: {{rules: [{{filters: [{filters}]}}]}}");
    let on_backend = |filters: &str| {
        format!("spec: {{rules: [{{backendRefs: [{{name: a, port: 1, filters: [{filters}]}}]}}]}}")
    };
    let one = |place: &str, wrap: &dyn Fn(&str) -> String| Case {
        message: message.to_owned(),
        kind: "HTTPRoute",
        field: format!("spec.rules[0].{place}{field}"),
        broken: wrap(broken),
        kept: wrap(kept),
    };
    vec![
        one("filters", &on_rule),
        one("backendRefs[0].filters", &on_backend),
    ]
}

fn types() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, field, value) in FILTERS {
        let own = format!("{{type: {name}, {field}: {value}}}");
        let (other, other_field, other_value) = match name {
            "CORS" => FILTERS[1],
            _ => FILTERS[0],
        };
        cases.extend(case(
            &format!("filter.{field} must be nil if the filter.type is not {name}"),
            "[0]",
            &format!("{{type: {other}, {other_field}: {other_value}, {field}: {value}}}"),
            &own,
        ));
        cases.extend(case(
            &format!("filter.{field} must be specified for {name} filter.type"),
            "[0]",
            &format!("{{type: {name}}}"),
            &own,
        ));
    }
    cases
}

fn repeats() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, field, value) in FILTERS {
        if matches!(name, "RequestMirror" | "ExtensionRef" | "ExternalAuth") {
            continue;
        }
        let own = format!("{{type: {name}, {field}: {value}}}");
        let message = format!("{name} filter cannot be repeated");
        cases.extend(case(&message, "", &format!("{own}, {own}"), &own));
    }
    let rewrite = "{type: URLRewrite, urlRewrite: {}}";
    cases.extend(case(
        "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both",
        "",
        &format!("{{type: RequestRedirect, requestRedirect: {{}}}}, {rewrite}"),
        rewrite,
    ));
    cases
}

fn cors() -> Vec<Case> {
    let mut cases = Vec::new();
    for (field, word, value, what) in [
        ("allowHeaders", "AllowHeaders", "a", "methods"),
        ("allowMethods", "AllowMethods", "GET", "methods"),
        ("allowOrigins", "AllowOrigins", "'http://a'", "origins"),
    ] {
        let with = |list: &str| format!("{{type: CORS, cors: {{{field}: [{list}]}}}}");
        cases.extend(case(
            &format!("{word} cannot contain '*' alongside other {what}"),
            &format!("[0].cors.{field}"),
            &with(&format!("'*', {value}")),
            &with("'*'"),
        ));
    }
    cases
}

fn mirrors() -> Vec<Case> {
    let with = |backend: &str, rest: &str| {
        format!(
            "{{type: RequestMirror, requestMirror: {{backendRef: {{name: a, {backend}}}{rest}}}}}"
        )
    };
    let fraction = |of: u32| {
        with(
            "port: 1",
            &format!(", fraction: {{numerator: 7, denominator: {of}}}"),
        )
    };
    let mut cases = case(
        "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter",
        "[0].requestMirror",
        &with("port: 1", ", percent: 1, fraction: {numerator: 1}"),
        &with("port: 1", ", percent: 1"),
    );
    cases.extend(case(
        "numerator must be less than or equal to denominator",
        "[0].requestMirror.fraction",
        &fraction(6),
        &fraction(7),
    ));
    cases.extend(case(
        "Must have port for Service reference",
        "[0].requestMirror.backendRef",
        &with("kind: Service", ""),
        &with("kind: Other", ""),
    ));
    cases
}

fn modifiers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, field) in [
        ("RequestRedirect", "requestRedirect"),
        ("URLRewrite", "urlRewrite"),
    ] {
        let with = |path: &str| format!("{{type: {name}, {field}: {{path: {{{path}}}}}}}");
        let place = format!("[0].{field}.path");
        for (kind, key, other) in [
            (
                "ReplaceFullPath",
                "replaceFullPath",
                "replacePrefixMatch: /b, type: ReplacePrefixMatch",
            ),
            (
                "ReplacePrefixMatch",
                "replacePrefixMatch",
                "replaceFullPath: /b, type: ReplaceFullPath",
            ),
        ] {
            let kept = with(&format!("type: {kind}, {key}: /a"));
            let message = format!("{key} must be specified when type is set to '{kind}'");
            cases.extend(case(
                &message,
                &place,
                &with(&format!("type: {kind}")),
                &kept,
            ));
            let message = format!("type must be '{kind}' when {key} is set");
            cases.extend(case(
                &message,
                &place,
                &with(&format!("{key}: /a, {other}")),
                &kept,
            ));
        }
    }
    cases
}

fn auth() -> Vec<Case> {
    let with = |rest: &str, port: &str| {
        format!("{{type: ExternalAuth, externalAuth: {{backendRef: {{name: a{port}}}, {rest}}}}}")
    };
    let mut cases = case(
        "Must have port for Service reference",
        "[0].externalAuth.backendRef",
        &with("protocol: HTTP, http: {}", ""),
        &with("protocol: HTTP, http: {}", ", port: 1"),
    );
    for (name, field, other) in [
        ("GRPC", "grpc", "HTTP, http: {}"),
        ("HTTP", "http", "GRPC, grpc: {}"),
    ] {
        let port = ", port: 1";
        let kept = with(&format!("protocol: {name}, {field}: {{}}"), port);
        let message = format!("{field} must be specified when protocol is set to '{name}'");
        let broken = with(&format!("protocol: {name}"), port);
        cases.extend(case(&message, "[0].externalAuth", &broken, &kept));
        let message = format!("protocol must be '{name}' when {field} is set");
        let broken = with(&format!("{field}: {{}}, protocol: {other}"), port);
        cases.extend(case(&message, "[0].externalAuth", &broken, &kept));
    }
    cases
}
