//! The rules of path matches.

use super::Case;

fn case(message: &str, broken: &str, kept: &str) -> Case {
    let route = |path: &str| format!("spec: {{rules: [{{matches: [{{path: {{{path}}}}}]}}]}}");
    Case {
        message: message.to_owned(),
        kind: "HTTPRoute",
        field: "spec.rules[0].matches[0].path".to_owned(),
        broken: route(broken),
        kept: route(kept),
    }
}

const CHARACTERS: &str = r"(matching ^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$)";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(
            "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
            "type: Exact, value: a",
            "type: RegularExpression, value: a",
        ),
        case(
            &format!(
                "must only contain valid characters {CHARACTERS} for types ['Exact', 'PathPrefix']"
            ),
            "value: '/a b'",
            "value: '/a%20b'",
        ),
    ];
    for part in ["//", "/./", "/../", "%2f", "%2F", "#"] {
        cases.push(case(
            &format!("must not contain '{part}' when type one of ['Exact', 'PathPrefix']"),
            &format!("value: '/a{part}b'"),
            &format!("type: RegularExpression, value: '/a{part}b'"),
        ));
    }
    for end in ["/..", "/."] {
        cases.push(case(
            &format!("must not end with '{end}' when type one of ['Exact', 'PathPrefix']"),
            &format!("type: Exact, value: '/a{end}'"),
            &format!("type: Exact, value: '/a{end}a'"),
        ));
    }
    cases
}
