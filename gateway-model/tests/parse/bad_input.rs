//! Bad input gets an error that names the place, and doesn't touch what stands beside it.

use gateway_model::{Code, Severity};

use crate::{names, namespace, parse, problems};

/// Bad documents that start at line 5, and the problem that each gets.
fn rows() -> Vec<(String, &'static str)> {
    let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    let steps = "  - x\n".repeat(3);
    let blocks: String = (0..200)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned()
        + &('b'..='i')
            .map(|name| {
                let previous = char::from_u32(u32::from(name) - 1).unwrap();
                format!(
                    "{name}: &{name} [{}]\n",
                    vec![format!("*{previous}"); 10].join(", ")
                )
            })
            .collect::<String>();
    let text_bomb = format!(
        "a: &a \"{}\"\nb: [{}]",
        "x".repeat(1 << 20),
        vec!["*a"; 40].join(", ")
    );
    let deep_alias: String = (0..200)
        .map(|level: u32| match level {
            0 => "a0: &a0 [x]\n".to_owned(),
            _ => format!("a{level}: &a{level} [*a{}]\n", level - 1),
        })
        .collect();
    [
        ("kind: [a, b".to_owned(), "x.yaml:7: error[Syntax]: expected YAML, found an error: while parsing a flow sequence, expected ',' or ']'"),
        ("kind: \"open\n".to_owned(), "x.yaml:6: error[Syntax]: expected YAML, found an error: while scanning a quoted scalar, found unexpected end of stream"),
        ("kind:\n\t- a".to_owned(), "x.yaml:7: error[Syntax]: expected YAML, found an error: tabs disallowed within this context (block indentation)"),
        (format!("kind: a\n{steps} b: c"), "x.yaml:10: error[Syntax]: expected YAML, found an error: mapping values are not allowed in this context"),
        ("kind: *nobody".to_owned(), "x.yaml:6: error[Syntax]: expected YAML, found an error: while parsing node, found unknown anchor"),
        ("a: &a [*a]".to_owned(), "x.yaml:6: error[Syntax]: expected an anchor that is complete, found an alias inside its own value"),
        ("kind: a\nname: b\nkind: c".to_owned(), "x.yaml:8: error[DuplicateKey]: expected each key once, found \"kind\" at line 6 already"),
        ("a: {b: 1, \"b\": 2}".to_owned(), "x.yaml:6: error[DuplicateKey]: expected each key once, found \"b\" at line 6 already"),
        ("a: 1\n<<: 2".to_owned(), "x.yaml:7: error[Syntax]: expected a map or a list of maps to merge, found an integer"),
        ("? [a]\n: b".to_owned(), "x.yaml:6: error[Syntax]: expected a text as key, found a list"),
        ("a: !secret b".to_owned(), "x.yaml:6: error[Syntax]: expected no tag, or one of YAML's own, found !secret"),
        ("a: !!int b".to_owned(), "x.yaml:6: error[Syntax]: expected a value that fits its tag !!int"),
        (format!("a: {}", "[".repeat(100_000)), "x.yaml:6: error[TooLarge]: expected at most 128 levels of nesting, found more"),
        (deep, "x.yaml:6: error[TooLarge]: expected at most 128 levels of nesting, found more"),
        (blocks, "x.yaml:134: error[TooLarge]: expected at most 128 levels of nesting, found more"),
        (deep_alias, "x.yaml:133: error[TooLarge]: expected at most 128 levels of nesting, found more"),
        (bomb, "x.yaml:11: error[TooLarge]: expected at most 1000000 values in a document, found more"),
        (text_bomb, "x.yaml:7: error[TooLarge]: expected at most 16777216 bytes of text, found more"),
        (format!("a: \"{}\"", "x".repeat(10 << 20)), "x.yaml:5: error[TooLarge]: expected a document of at most 8388608 bytes, found 10485"),
        ("just text".to_owned(), "x.yaml:6: error[NotAnObject]: expected an object with apiVersion and kind, found a string"),
        ("[]".to_owned(), "x.yaml:6: error[NotAnObject]: expected an object with apiVersion and kind, found a list"),
        ("kind: Gateway".to_owned(), "x.yaml:6: error[NotAnObject]: expected an object with apiVersion and kind, found one without apiVersion"),
        ("apiVersion: v1\nkind: [x]".to_owned(), "x.yaml:6: error[NotAnObject]: expected a text as kind, found a list"),
        ("apiVersion: v1\nkind: Namespace".to_owned(), "x.yaml:6: error[Required]: Namespace (no name): metadata: expected a value, found none"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: x".to_owned(), "x.yaml:8: error[WrongType]: Namespace (no name): metadata: expected a map, found \"x\""),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: 7}".to_owned(), "x.yaml:8: error[WrongType]: Namespace (no name): metadata.name: expected a string, found an integer 7 (put it in quotes)"),
        (namespace("before").replace("---\n", ""), "x.yaml:6: error[DuplicateResource]: Namespace before: expected each resource once, found it at x.yaml:2 already"),
    ]
    .into()
}

#[test]
fn a_bad_document_gets_an_error_with_its_line_and_hides_no_other() {
    for (bad, want) in rows() {
        let text = format!("{}---\n{bad}\n{}", namespace("before"), namespace("after"));
        let manifests = parse(&text);
        let shown = &bad[..bad.len().min(60)];
        assert_eq!(
            names(&manifests),
            ["Namespace before", "Namespace after"],
            "{shown}"
        );
        let found = problems(&manifests);
        assert_eq!(found.len(), 1, "{shown}: {found:?}");
        assert!(found[0].starts_with(want), "{shown}: {}", found[0]);
        assert_eq!(manifests.problems[0].severity, Severity::Error);
        assert_eq!(manifests.problems[0].location.document, 1, "{shown}");
    }
}

#[test]
fn a_manifest_that_is_cut_off_anywhere_never_panics_and_says_so() {
    let whole = "apiVersion: v1\nkind: Service\nmetadata: {name: \"a\", labels: {b: c}}\nspec:\n  ports:\n  - {port: 80}\n";
    for end in 0..whole.len() {
        let manifests = parse(&whole[..end]);
        for problem in &manifests.problems {
            assert!((1..=7).contains(&problem.location.line), "{end}: {problem}");
        }
        let complete = manifests.resources.len() == 1;
        assert!(
            complete != manifests.has_errors() || manifests.unknown.len() == 1,
            "{end}"
        );
    }
}

#[test]
fn files_without_resources_are_errors() {
    for empty in [
        "",
        "\n\n",
        "# nothing\n",
        "---\n---\n",
        "\u{feff}",
        "null",
        "---\n# a\n...\n",
    ] {
        let manifests = parse(empty);
        assert_eq!(
            problems(&manifests),
            ["x.yaml:1: error[Empty]: expected at least one resource, found none"],
            "{empty:?}"
        );
    }
    assert_eq!(
        problems(&parse(&format!("---\n# nothing\n{}---\n", namespace("a")))),
        [""; 0]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_line() {
    let manifests = gateway_model::parse("x.yaml", b"a: 1\nb: \xff\n");
    assert_eq!(
        problems(&manifests),
        ["x.yaml:2: error[Syntax]: expected UTF-8, found the byte 0xff"]
    );
}

#[test]
fn all_that_is_wrong_with_an_object_is_found_at_once() {
    let manifests = parse(
        "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  hostnames: [UPPER]
  rules:
  - timeout: {request: 1s}
    timeouts: {request: fast}
    backendRefs:
    - port: 0
      weight: many
",
    );
    assert_eq!(
        problems(&manifests),
        [
            "x.yaml:7: warning[UnknownField]: HTTPRoute default/web: spec.rules[0].timeout: expected a field of the schema, found \"timeout\"; is timeouts meant?",
            "x.yaml:5: error[InvalidValue]: HTTPRoute default/web: spec.hostnames[0]: expected a lower-case DNS name, optionally starting with \"*.\", found \"UPPER\"",
            "x.yaml:8: error[InvalidValue]: HTTPRoute default/web: spec.rules[0].timeouts.request: expected a duration such as \"1h30m\" or \"500ms\", found \"fast\"",
            "x.yaml:10: error[Required]: HTTPRoute default/web: spec.rules[0].backendRefs[0].name: expected a value, found none",
            "x.yaml:10: error[InvalidValue]: HTTPRoute default/web: spec.rules[0].backendRefs[0].port: expected at least 1, found 0",
            "x.yaml:11: error[WrongType]: HTTPRoute default/web: spec.rules[0].backendRefs[0].weight: expected an integer, found \"many\"",
        ]
    );
    assert_eq!(manifests.problems[0].code, Code::UnknownField);
    assert!(manifests.has_errors());
}
