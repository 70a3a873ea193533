//! Names, namespaces, labels and annotations.

use gateway_model::Code;

use crate::{names, parse, problems};

fn object(kind: &str, metadata: &str) -> gateway_model::Manifests {
    parse(&format!(
        "apiVersion: v1\nkind: {kind}\nmetadata: {metadata}\nspec: {{}}\n"
    ))
}

#[test]
fn objects_without_a_namespace_are_in_default_and_cluster_scoped_ones_in_none() {
    assert_eq!(
        names(&object("Service", "{name: a}")),
        ["Service default/a"]
    );
    assert_eq!(
        names(&object("Service", "{name: a, namespace: ''}")),
        ["Service default/a"]
    );
    assert_eq!(
        names(&object("Service", "{name: a, namespace: b}")),
        ["Service b/a"]
    );
    assert_eq!(
        names(&object("Namespace", "{name: a, namespace: b}")),
        ["Namespace a"]
    );
}

#[test]
fn names_are_dns_names_as_their_kind_has_them() {
    let long = "a".repeat(64);
    let longer = "a".repeat(254);
    let rows = [
        ("Service", "a", true),
        ("Service", "a.b", false),
        ("Service", &*long, false),
        ("ConfigMap", "a.b", true),
        ("ConfigMap", &*long, true),
        ("ConfigMap", &*longer, false),
        ("ConfigMap", "a..b", false),
        ("ConfigMap", "-a", false),
        ("ConfigMap", "a_b", false),
        ("ConfigMap", "Ab", false),
        ("ConfigMap", "", false),
    ];
    for (kind, name, valid) in rows {
        let manifests = object(kind, &format!("{{name: '{name}'}}"));
        assert_eq!(
            manifests.resources.len(),
            usize::from(valid),
            "{kind} {name}"
        );
        let blamed = manifests
            .problems
            .iter()
            .any(|p| p.field.as_deref() == Some("metadata.name"));
        assert_eq!(blamed, !valid, "{kind} {name}");
    }
}

#[test]
fn a_name_is_needed_even_where_one_could_be_generated() {
    let manifests = object("ConfigMap", "{generateName: a-}");
    assert_eq!(
        problems(&manifests),
        [
            "x.yaml:3: error[Required]: ConfigMap default/(no name): metadata.name: expected a name, found none"
        ]
    );
}

#[test]
fn labels_and_annotations_have_qualified_names() {
    let bad = [
        ("{name: a, namespace: A}", "metadata.namespace"),
        ("{name: a, labels: {'a b': c}}", "metadata.labels[a b]"),
        (
            "{name: a, labels: {A.com/b: c}}",
            "metadata.labels[A.com/b]",
        ),
        ("{name: a, labels: {a/b/c: c}}", "metadata.labels[a/b/c]"),
        ("{name: a, labels: {a: 'b c'}}", "metadata.labels[a]"),
        ("{name: a, labels: {a: -b}}", "metadata.labels[a]"),
        (
            "{name: a, annotations: {-a: b}}",
            "metadata.annotations[-a]",
        ),
    ];
    for (metadata, field) in bad {
        let manifests = object("ConfigMap", metadata);
        let [problem] = manifests.problems.as_slice() else {
            panic!("{metadata}")
        };
        assert_eq!(problem.code, Code::InvalidMetadata);
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    let fine =
        "{name: a, labels: {a: '', A_b.c-D: E_f, x.y/z: '1'}, annotations: {X.Y/z: any thing}}";
    assert_eq!(problems(&object("ConfigMap", fine)), [""; 0]);
}

#[test]
fn annotations_have_a_limit_in_bytes() {
    let text = |size: usize| format!("{{name: a, annotations: {{a: {}}}}}", "x".repeat(size));
    assert_eq!(
        object("ConfigMap", &text((256 << 10) - 1)).resources.len(),
        1
    );
    let manifests = object("ConfigMap", &text(256 << 10));
    assert_eq!(
        manifests.problems[0].field.as_deref(),
        Some("metadata.annotations")
    );
}

#[test]
fn metadata_that_nobody_reads_is_kept() {
    let manifests = object(
        "ConfigMap",
        "{name: a, finalizers: [x], uid: u, generation: 3, resourceVersion: '7', creationTimestamp: '2025-01-31T12:00:00Z', ownerReferences: [{apiVersion: v1, kind: A, name: b, uid: c}], managedFields: [{manager: m, fieldsV1: {'f:spec': {}}}]}",
    );
    let resource = &manifests.resources[0].resource;
    let metadata = resource.metadata();
    assert_eq!(
        metadata.creation_timestamp.unwrap().to_string(),
        "2025-01-31T12:00:00Z"
    );
    assert_eq!(resource.source().generation, 3);
    let stored = serde_json::to_value(resource).unwrap();
    assert_eq!(stored["metadata"]["finalizers"][0], "x");
    assert_eq!(stored["metadata"]["ownerReferences"][0]["uid"], "c");
    assert!(stored["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].is_object());
}
