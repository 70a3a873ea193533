//! Words for the patterns of the CRDs.

/// What a text that matches looks like, as a noun phrase.
pub(super) fn describe(pattern: &str) -> String {
    let known = KNOWN.iter().find(|(known, _)| *known == pattern);
    known.map_or_else(
        || format!("a text that matches {pattern}"),
        |(_, words)| (*words).to_owned(),
    )
}

const KNOWN: [(&str, &str); 12] = [
    (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "lower-case letters, digits and '-'",
    ),
    (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a lower-case DNS name",
    ),
    (
        r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "an API group: nothing, or a lower-case DNS name",
    ),
    (
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a lower-case DNS name, optionally starting with \"*.\"",
    ),
    (
        r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
        "a kind such as \"Service\"",
    ),
    (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$",
        "a domain and a path such as \"example.com/gateway\"",
    ),
    (
        r"^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]+$",
        "a protocol such as \"HTTP\" or \"example.com/bar\"",
    ),
    (
        r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$",
        "a name of letters, digits and !#$%&'*+-.^_`|~",
    ),
    (
        r"^[!-~]+([\t ]?[!-~]+)*$",
        "visible ASCII characters, single blanks between them",
    ),
    (
        r"^([0-9]{1,5}(h|m|s|ms)){1,4}$",
        "a duration such as \"1h30m\" or \"500ms\"",
    ),
    (
        r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$",
        "a URL path",
    ),
    (
        r"(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9\-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)",
        "an origin such as \"https://*.example.com\", or \"*\"",
    ),
];
