//! Lists, versions, unknown kinds, duplicates, several files.

use gateway_model::{Channel, Code, Manifests, Resource, Severity};

use crate::{names, namespace, parse, problems};

#[test]
fn lists_are_taken_apart_and_each_item_stands_for_itself() {
    let manifests = parse(
        "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: a}
- apiVersion: v1
  kind: Namespace
  metadata: {name: B}
- kind: Namespace
- apiVersion: v1
  kind: List
  items:
  - {apiVersion: v1, kind: Namespace, metadata: {name: c}}
",
    );
    assert_eq!(names(&manifests), ["Namespace a", "Namespace c"]);
    assert_eq!(
        problems(&manifests),
        [
            "x.yaml:9: error[InvalidMetadata]: Namespace B: metadata.name: expected at most 63 lower-case letters, digits and '-', with a letter or digit at both ends, found \"B\"",
            "x.yaml:10: error[NotAnObject]: expected an object with apiVersion and kind, found one without apiVersion",
        ]
    );
    assert_eq!(manifests.resources[1].location.line, 14);
}

#[test]
fn the_items_of_a_typed_list_take_its_type() {
    let manifests = parse(
        "{\"apiVersion\": \"v1\", \"kind\": \"ServiceList\", \"metadata\": {},
          \"items\": [{\"metadata\": {\"name\": \"a\"}, \"spec\": {}}]}",
    );
    assert_eq!(names(&manifests), ["Service default/a"]);
    assert_eq!(
        parse("apiVersion: v1\nkind: List\nitems: []\n").problems,
        []
    );
}

#[test]
fn older_served_versions_are_read_and_others_handed_back() {
    let grant = |version: &str| {
        parse(&format!(
            "apiVersion: gateway.networking.k8s.io/{version}\nkind: ReferenceGrant\n\
             metadata: {{name: g}}\nspec:\n  from: [{{group: '', kind: A, namespace: ns}}]\n  to: [{{group: '', kind: B}}]\n"
        ))
    };
    for version in ["v1", "v1beta1"] {
        assert_eq!(names(&grant(version)), ["ReferenceGrant default/g"]);
    }
    let old = grant("v1alpha2");
    assert_eq!(
        problems(&old),
        [
            "x.yaml:1: error[UnservedVersion]: ReferenceGrant g: expected the version v1 or v1beta1, found \"v1alpha2\""
        ]
    );
    assert_eq!(old.unknown[0].value["spec"]["to"][0]["kind"], "B");
}

#[test]
fn unknown_kinds_are_handed_back_whole() {
    let manifests = parse(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: ns}\nspec: {replicas: 2}\n",
    );
    assert_eq!(problems(&manifests), [""; 0]);
    let [unknown] = manifests.unknown.as_slice() else {
        panic!("not one")
    };
    assert_eq!(unknown.reference.to_string(), "Deployment ns/d");
    assert_eq!(unknown.api_version, "apps/v1");
    assert_eq!(unknown.value["spec"]["replicas"], 2);
}

#[test]
fn misspelt_kinds_of_the_gateway_api_are_warned_of() {
    let manifests =
        parse("apiVersion: gateway.networking.k8s.io/v1\nkind: HttpRoute\nmetadata: {name: r}\n");
    assert_eq!(
        problems(&manifests),
        [
            "x.yaml:1: warning[UnknownKind]: HttpRoute r: expected a kind that is supported, found \"HttpRoute\""
        ]
    );
    assert!(!manifests.has_errors());
    assert_eq!(manifests.unknown.len(), 1);
}

#[test]
fn objects_that_are_handed_back_keep_their_values_out_of_debug_output() {
    let manifests =
        parse("apiVersion: v2\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n");
    assert_eq!(manifests.unknown[0].value["stringData"]["a"], "hunter2");
    assert!(!format!("{manifests:?}").contains("hunter2"));
}

#[test]
fn of_duplicates_the_first_is_kept_and_the_other_names_both_places() {
    let file = |name: &str, text: &str| gateway_model::parse(name, text.as_bytes());
    let first = || file("a.yaml", &namespace("x"));
    let second = || file("b.yaml", &format!("{}{}", namespace("z"), namespace("x")));
    let mut extended = first();
    extended.extend(second());
    let want = "b.yaml:6: error[DuplicateResource]: Namespace x: expected each resource once, found it at a.yaml:2 already";
    for all in [extended, Manifests::merge([first(), second()])] {
        assert_eq!(names(&all), ["Namespace x", "Namespace z"]);
        assert_eq!(&*all.resources[0].location.file, "a.yaml");
        assert_eq!(problems(&all), [want]);
        assert_eq!(all.problems[0].severity, Severity::Error);
        assert_eq!(all.problems[0].code, Code::DuplicateResource);
    }
}

#[test]
fn versions_of_one_resource_are_duplicates() {
    let class = |version: &str| {
        format!(
            "---\napiVersion: gateway.networking.k8s.io/{version}\nkind: GatewayClass\n\
             metadata: {{name: c}}\nspec: {{controllerName: a.b/c}}\n"
        )
    };
    let manifests = parse(&format!("{}{}", class("v1"), class("v1beta1")));
    assert_eq!(names(&manifests), ["GatewayClass c"]);
    assert_eq!(manifests.problems[0].code, Code::DuplicateResource);
}

#[test]
fn long_values_that_differ_at_their_end_are_not_the_same() {
    let long = |end: &str| format!("https://{}{end}.example", "a".repeat(120));
    let route = |origins: [String; 2]| {
        parse(&format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec:\n  rules:\n  \
             - filters: [{{type: CORS, cors: {{allowOrigins: [\"{}\", \"{}\"]}}}}]\n",
            origins[0], origins[1]
        ))
    };
    assert_eq!(problems(&route([long("b"), long("c")])), [""; 0]);
    let same = route([long("b"), long("b")]);
    assert_eq!(same.problems[0].code, Code::DuplicateEntry);
}

#[test]
fn groups_that_nobody_else_can_have_are_mistakes() {
    let route = |group: &str| {
        parse(&format!(
            "apiVersion: {group}/v1\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec: {{}}\n"
        ))
    };
    for group in [
        "networking.k8s.io",
        "gateway.networking.io",
        "gateway.networking.k8s.oi",
        "gateway",
    ] {
        let [problem] = &*route(group).problems else {
            panic!("{group}")
        };
        assert_eq!(
            (problem.severity, problem.code),
            (Severity::Error, Code::UnknownKind)
        );
        assert!(
            problem.message.contains("\"gateway.networking.k8s.io\""),
            "{problem}"
        );
    }
    for foreign in ["policy.linkerd.io", "networking.istio.io"] {
        assert_eq!(route(foreign).problems, [], "{foreign}");
    }
}

#[test]
fn a_text_that_is_too_long_does_not_hide_what_rules_say() {
    let manifests = parse(&format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec:\n  rules:\n  \
         - matches: [{{path: {{type: Exact, value: \"{}\"}}}}]\n",
        "x".repeat(1025)
    ));
    let codes: Vec<_> = manifests
        .problems
        .iter()
        .map(|problem| problem.code)
        .collect();
    assert!(codes.contains(&Code::WrongLength), "{codes:?}");
    assert!(codes.contains(&Code::RuleViolated), "{codes:?}");
}

#[test]
fn kinds_that_only_the_experimental_channel_has_are_errors_in_the_standard_one() {
    let text =
        b"{apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XMesh, metadata: {name: m},
        spec: {controllerName: example.com/mesh}}";
    let manifests = gateway_model::parse_in(Channel::Experimental, "m.yaml", text);
    assert_eq!(manifests.problems, []);
    assert!(matches!(
        manifests.resources[0].resource,
        Resource::XMesh(_)
    ));
    let manifests = gateway_model::parse_in(Channel::Standard, "m.yaml", text);
    let [problem] = manifests.problems.as_slice() else {
        panic!("{:?}", manifests.problems)
    };
    assert_eq!(
        (problem.severity, problem.code),
        (Severity::Error, Code::UnknownKind)
    );
    assert!(manifests.resources.is_empty());
}
