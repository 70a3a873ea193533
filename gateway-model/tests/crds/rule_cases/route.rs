//! The rules of HTTPRoutes and of their rules as a whole.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    [parents(), rules(), prefixes(), sessions()].concat()
}

fn case(message: &str, field: &str, broken: &str, kept: &str) -> Case {
    let route = |part: &str| format!("spec: {{{part}}}");
    Case {
        message: message.to_owned(),
        kind: "HTTPRoute",
        field: field.to_owned(),
        broken: route(broken),
        kept: route(kept),
    }
}

fn parents() -> Vec<Case> {
    let two = |a: &str, b: &str| format!("parentRefs: [{{name: a, {a}}}, {{name: a, {b}}}]");
    vec![
        case(
            "sectionName or port must be specified when parentRefs includes 2 or more references to the same parent",
            "spec.parentRefs",
            &two("sectionName: x", "kind: Gateway"),
            &two("sectionName: x", "namespace: other"),
        ),
        case(
            "sectionName or port must be unique when parentRefs includes 2 or more references to the same parent",
            "spec.parentRefs",
            &two("sectionName: x, port: 80", "sectionName: x, port: 80"),
            &two("sectionName: x, port: 80", "sectionName: x, port: 81"),
        ),
    ]
}

fn rules() -> Vec<Case> {
    let matches = |last: usize| {
        let rule = |count: usize| format!("{{matches: [{}]}}", vec!["{}"; count].join(", "));
        format!("rules: [{}, {}, {}]", rule(64), rule(63), rule(last))
    };
    let redirect = "filters: [{type: RequestRedirect, requestRedirect: {}}]";
    let timeouts = |request: &str, backend: &str| {
        format!("rules: [{{timeouts: {{request: {request}, backendRequest: {backend}}}}}]")
    };
    vec![
        case(
            "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route must be less than 128",
            "spec.rules",
            &matches(2),
            &matches(1),
        ),
        case(
            "Rule name must be unique within the route",
            "spec.rules",
            "rules: [{name: a}, {name: a}]",
            "rules: [{name: a}, {name: b}, {}, {}]",
        ),
        case(
            "RequestRedirect filter must not be used together with backendRefs",
            "spec.rules[0]",
            &format!("rules: [{{{redirect}, backendRefs: [{{name: a, port: 1}}]}}]"),
            &format!("rules: [{{{redirect}, backendRefs: []}}]"),
        ),
        case(
            "Must have port for Service reference",
            "spec.rules[0].backendRefs[0]",
            "rules: [{backendRefs: [{name: a}]}]",
            "rules: [{backendRefs: [{name: a, group: x, kind: Bucket}]}]",
        ),
        case(
            "backendRequest timeout cannot be longer than request timeout",
            "spec.rules[0].timeouts",
            &timeouts("1m", "61s"),
            &timeouts("1m", "60s"),
        ),
        case(
            "backendRequest timeout cannot be longer than request timeout",
            "spec.rules[0].timeouts",
            &timeouts("1ms", "1s"),
            &timeouts("0h", "61s"),
        ),
    ]
}

/// `replacePrefixMatch` needs exactly one match, of a prefix.
fn prefixes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, field) in [
        ("RequestRedirect", "requestRedirect"),
        ("URLRewrite", "urlRewrite"),
    ] {
        let filters = format!(
            "filters: [{{type: {name}, {field}: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /x}}}}}}]"
        );
        let rule = |rest: &str, matches: &str| format!("rules: [{{{rest}, matches: [{matches}]}}]");
        let inside = format!("backendRefs: [{{name: a, port: 1, {filters}}}]");
        let needs = format!(
            "{name} filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified"
        );
        let when = match name {
            "URLRewrite" => "When",
            _ => "when",
        };
        let exact = "{path: {type: Exact, value: /a}}";
        for broken in [exact, "{}, {}"] {
            let message = format!("When using {needs}");
            cases.push(case(
                &message,
                "spec.rules[0]",
                &rule(&filters, broken),
                &rule(&filters, "{}"),
            ));
            let message = format!("Within backendRefs, {when} using {needs}");
            cases.push(case(
                &message,
                "spec.rules[0]",
                &rule(&inside, broken),
                &rule(&inside, "{}"),
            ));
        }
    }
    cases
}

fn sessions() -> Vec<Case> {
    let session = |rest: &str| format!("rules: [{{sessionPersistence: {{{rest}}}}}]");
    let field = "spec.rules[0].sessionPersistence";
    vec![
        case(
            "AbsoluteTimeout must be specified when cookie lifetimeType is Permanent",
            field,
            &session("cookieConfig: {lifetimeType: Permanent}"),
            &session("cookieConfig: {lifetimeType: Permanent}, absoluteTimeout: 1h"),
        ),
        case(
            "cookieConfig can only be set with type Cookie",
            field,
            &session("type: Header, cookieConfig: {}"),
            &session("type: Header, sessionName: x"),
        ),
    ]
}
