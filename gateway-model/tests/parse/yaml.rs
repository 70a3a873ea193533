//! YAML and JSON, as kubectl reads them.

use serde_json::{Value, json};

use crate::{parse, problems};

/// What a document holds, read as an object of an unknown kind.
fn value(text: &str) -> Value {
    let manifests = parse(&format!("apiVersion: other/v1\nkind: Any\n{text}"));
    assert_eq!(problems(&manifests), [""; 0], "{text}");
    manifests.unknown[0].value["v"].clone()
}

#[test]
fn scalars_mean_what_they_mean_to_kubectl() {
    let rows = [
        ("v: yes", json!(true)),
        ("v: 'yes'", json!("yes")),
        ("v: off", json!(false)),
        ("v: ~", json!(null)),
        ("v:", json!(null)),
        ("v: 0x10", json!(16)),
        ("v: 010", json!(8)),
        ("v: 1.5", json!(1.5)),
        ("v: 1h30m", json!("1h30m")),
        ("v: 2025-01-31", json!("2025-01-31")),
        ("v: !!str 12", json!("12")),
        ("v: ! 12", json!("12")),
        ("v: !!int 12", json!(12)),
        ("v: |\n  a\n  b\n", json!("a\nb\n")),
        ("v: >-\n  a\n  b\n", json!("a b")),
        ("v: \"\\u00e9\\n\"", json!("é\n")),
        ("v: {1: a, yes: b}", json!({"1": "a", "true": "b"})),
    ];
    for (text, want) in rows {
        assert_eq!(value(text), want, "{text}");
    }
}

#[test]
fn anchors_and_merge_keys_are_expanded_and_own_keys_win() {
    assert_eq!(value("x: &a {p: 1}\nv: *a"), json!({"p": 1}));
    assert_eq!(
        value("x: &a {p: 1, q: 2}\nv: {<<: *a, p: 3}"),
        json!({"p": 3, "q": 2})
    );
    assert_eq!(
        value("x: &a {p: 1, q: 2}\nv: {p: 3, <<: *a}"),
        json!({"p": 3, "q": 2})
    );
    assert_eq!(
        value("x: &a {p: 1}\ny: &b {p: 2, q: 2}\nv: {<<: [*a, *b], r: 3}"),
        json!({"p": 1, "q": 2, "r": 3})
    );
    assert_eq!(value("v: {'<<': 1}"), json!({"<<": 1}));
}

#[test]
fn json_is_read_in_every_layout() {
    let object = json!({
        "apiVersion": "other/v1", "kind": "Any",
        "v": {"text": "a\"b\\c/\u{1f600}\t: # - ", "list": [1, -2.5, true, null, {}, []], "": ""},
    });
    let compact = object.to_string();
    let pretty = serde_json::to_string_pretty(&object).unwrap();
    let tabs = pretty.replace("  ", "\t");
    let escaped = compact
        .replace('\u{1f600}', "\\ud83d\\ude00")
        .replace("c/", "c\\/");
    for text in [compact, pretty, tabs, escaped] {
        let manifests = gateway_model::parse("x.json", text.as_bytes());
        assert_eq!(problems(&manifests), [""; 0], "{text}");
        assert_eq!(manifests.unknown[0].value, object);
    }
}

#[test]
fn documents_end_where_the_next_begins() {
    let text = "%YAML 1.2\n---\napiVersion: other/v1\nkind: A\n...\n# between\n--- # second\napiVersion: other/v1\nkind: B\nv: |\n  ---\n  --- x\n---\n---\r\napiVersion: other/v1\r\nkind: C\r\n";
    let manifests = parse(text);
    assert_eq!(problems(&manifests), [""; 0]);
    let found: Vec<_> = manifests
        .unknown
        .iter()
        .map(|unknown| (&*unknown.reference.kind, unknown.location.line))
        .collect();
    assert_eq!(found, [("A", 3), ("B", 8), ("C", 15)]);
    assert_eq!(manifests.unknown[1].value["v"], "---\n--- x\n");
}
