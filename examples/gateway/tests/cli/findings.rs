//! `gateway check`: where findings are, and what they say of what was rejected.

use crate::files::{CLEAN, Files, json};
use crate::support::text;

#[test]
fn findings_have_the_line_of_their_field() {
    let manifests = CLEAN
        .replace("[{backendRefs: [{name: shop, port: 80}]}]", "")
        .replace("  rules:", "  rules:\n  - backendRefs:\n    - name: shop\n      port: 80\n    - name: missing\n      port: 80\n    filters:\n    - type: ExtensionRef\n      extensionRef:\n        {group: a.example.com, kind: B, name: c}");
    let files = Files::new(&[("a.yaml", &manifests)]);
    let whole = json(&files.check(&["-o", "json"]));
    let problems = whole["problems"].as_array().unwrap();
    let found = problems
        .iter()
        .map(|p| (p["field"].as_str().unwrap(), p["line"].as_u64().unwrap()));
    let expected = [
        ("spec.rules[0].backendRefs[1]", 23),
        ("spec.rules[0].filters[0]", 26),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let table = text(&files.check(&[]).stdout);
    let line = format!(
        "{}:23: error[BackendNotFound]",
        files.path("a.yaml").display()
    );
    assert!(table.contains(&line), "{table}");
}

/// Each problem with its code, file, line and message.
fn problems(files: &Files) -> Vec<[String; 4]> {
    let output = files.check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let whole = json(&output);
    let problems = whole["problems"].as_array().unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    problems
        .iter()
        .map(|p| {
            [
                word(&p["code"]),
                word(&p["file"]),
                p["line"].to_string(),
                word(&p["message"]),
            ]
        })
        .collect()
}

#[test]
fn what_was_rejected_is_not_called_missing() {
    let manifests = CLEAN.replace("spec: {ports: [{port: 80}]}", "spec: {ports: [{port: 0}]}");
    let files = Files::new(&[("a.yaml", &manifests)]);
    let file = files.path("a.yaml").display().to_string();
    let problems = problems(&files);
    let [service, route, slice] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert_eq!(
        (service[0].as_str(), service[2].as_str()),
        ("InvalidValue", "12")
    );
    let message = format!("Service default/shop is given, but was rejected: see {file}:12");
    let expected = ["BackendNotFound", &file, "19", &message];
    assert_eq!(route.each_ref(), expected.map(str::to_owned).each_ref());
    assert_eq!((slice[0].as_str(), &slice[3]), ("NoService", &message));
}

#[test]
fn a_gateway_and_a_secret_that_were_rejected_are_not_called_missing_either() {
    let gateway = CLEAN.replace("port: 80, protocol: HTTP", "port: 0, protocol: HTTP");
    let secret = CLEAN.replace(
        "protocol: HTTP}",
        "protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}",
    ) + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: cert}\ndata: [a]\n";
    let version =
        CLEAN.replacen("networking.k8s.io/v1", "networking.k8s.io/v7", 1) + "---\nkind: None\n";
    for (manifests, object) in [
        (gateway, "Gateway default/web"),
        (secret, "Secret default/cert"),
        (version, "Gateway default/web"),
    ] {
        let problems = problems(&Files::new(&[("a.yaml", &manifests)]));
        let start = format!("{object} is given, but was rejected: see ");
        assert!(
            problems.iter().any(|p| p[3].starts_with(&start)),
            "{problems:?}"
        );
        assert!(
            !problems.iter().any(|p| p[3].contains("does not exist")),
            "{problems:?}"
        );
    }
}

#[test]
fn statuses_are_those_of_a_cluster_that_never_had_what_was_rejected() {
    let manifests = CLEAN.replace("spec: {ports: [{port: 80}]}", "spec: {ports: [{port: 0}]}");
    let whole = json(&Files::new(&[("a.yaml", &manifests)]).check(&["-o", "json"]));
    let conditions = whole["statuses"][1]
        .pointer("/status/parents/0/conditions")
        .unwrap();
    let resolved = &conditions.as_array().unwrap()[1];
    assert_eq!(
        resolved["message"],
        "spec.rules[0].backendRefs[0]: Service default/shop does not exist"
    );
}

#[test]
fn a_route_that_names_no_gateway_is_a_warning_and_exits_0() {
    let files = Files::new(&[(
        "a.yaml",
        &CLEAN.replace("  parentRefs: [{name: web}]\n", ""),
    )]);
    let output = files.check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let whole = json(&output);
    let [problem] = whole["problems"].as_array().unwrap().as_slice() else {
        panic!("{whole}")
    };
    assert_eq!(
        (&problem["severity"], &problem["code"]),
        (&"warning".into(), &"NoParent".into())
    );
    assert_eq!(problem["resource"]["name"], "shop");
    assert_eq!(
        (&problem["field"], &problem["line"]),
        (&"spec.parentRefs".into(), &17.into())
    );
}
