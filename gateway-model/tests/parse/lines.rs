//! Each resource knows the lines of its fields.

use crate::parse;

const ROUTE: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: first}
---
# A comment.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop
spec:
  parentRefs: [{name: web}, {name: other}]
  rules:
  - backendRefs:
    - name: a
      port: 80
    - {name: b, port: 80}
  - matches:
    - path:
        value: /cart
";

#[test]
fn fields_have_the_lines_that_they_have_in_the_file() {
    let manifests = parse(ROUTE);
    let lines = &manifests.resources[1].lines;
    for (field, line) in [
        ("metadata.name", 9),
        ("spec", 10),
        ("spec.parentRefs", 11),
        ("spec.parentRefs[1].name", 11),
        ("spec.rules", 12),
        ("spec.rules[0]", 13),
        ("spec.rules[0].backendRefs[0]", 14),
        ("spec.rules[0].backendRefs[0].port", 15),
        ("spec.rules[0].backendRefs[1].port", 16),
        ("spec.rules[1].matches[0].path", 18),
        ("spec.rules[1].matches[0].path.value", 19),
    ] {
        assert_eq!(lines.line(field), line, "{field}");
    }
}

#[test]
fn a_field_that_is_not_in_the_file_has_the_line_of_what_is_around_it() {
    let manifests = parse(ROUTE);
    let lines = &manifests.resources[1].lines;
    // Filled in, unknown, beyond the end of a list, and no field at all.
    assert_eq!(lines.line("spec.rules[1].matches[0].path.type"), 18);
    assert_eq!(lines.line("spec.rules[0].filters[2].cors"), 13);
    assert_eq!(lines.line("spec.rules[7]"), 12);
    assert_eq!(
        lines.line("elsewhere"),
        manifests.resources[1].location.line
    );
    assert_eq!(lines.line(""), 6);
}

#[test]
fn items_of_lists_and_json_have_lines_as_well() {
    let list = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [
  {\"apiVersion\": \"v1\", \"kind\": \"Service\",
    \"metadata\": {\"name\": \"a\"},
    \"spec\": {\"ports\": [
      {\"port\": 80},
      {\"port\": 81, \"name\": \"b\"}]}}
]}";
    let lines = &parse(list).resources[0].lines;
    assert_eq!(lines.line("metadata.name"), 3);
    assert_eq!(lines.line("spec.ports[0].port"), 5);
    assert_eq!(lines.line("spec.ports[1]"), 6);
    assert_eq!(lines.line("kind"), 2);
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  hidden-key: x\n";
    let lines = &parse(secret).resources[0].lines;
    assert_eq!(format!("{lines:?}"), "FieldLines { object: 1, .. }");
}

#[test]
fn a_required_value_that_is_null_is_missed_at_its_own_line() {
    let manifests = parse(
        "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs:
  - namespace: default
    name:
  rules:
  - backendRefs:
    - port: 80
      name: null
",
    );
    assert_eq!(
        crate::problems(&manifests),
        [
            "x.yaml:7: error[Required]: HTTPRoute default/r: spec.parentRefs[0].name: expected a value, found none",
            "x.yaml:11: error[Required]: HTTPRoute default/r: spec.rules[0].backendRefs[0].name: expected a value, found none",
        ]
    );
}
