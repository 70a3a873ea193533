//! `gateway check`: exit codes and outputs.

use crate::files::{CLEAN, Files, json};
use crate::support::{example, output, text};

#[test]
fn clean_manifests_exit_0() {
    let output = Files::new(&[("a.yaml", CLEAN)]).check(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let table = text(&output.stdout);
    assert!(
        table.contains("Everything is valid, accepted and resolved."),
        "{table}"
    );
    assert!(table.contains("Gateway default/web"), "{table}");
    assert!(table.contains("  listener http"), "{table}");
    assert!(table.contains("  on Gateway web"), "{table}");
    assert!(
        !table.contains('\u{1b}'),
        "no colours off a terminal: {table}"
    );
}

/// No condition of the Gateway API says it: the requests are answered with 503.
#[test]
fn a_service_without_endpoints_is_a_warning_with_its_place() {
    let manifests = CLEAN.replace("service-name: shop", "service-name: shops");
    let files = Files::new(&[("a.yaml", &manifests)]);
    let output = files.check(&[]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(!table.contains("Everything is valid"), "{table}");
    let path = files.path("a.yaml");
    for warning in [
        format!(
            "{}:9: warning[NoEndpoints]: Service default/shop: ",
            path.display()
        ),
        format!(
            "{}:23: warning[NoService]: EndpointSlice default/shop-1: ",
            path.display()
        ),
    ] {
        assert!(table.contains(&warning), "{warning}\n{table}");
    }
}

/// In a cluster each Gateway gets an address; where they share one, `run` says what is in the way.
#[test]
fn gateways_without_an_address_are_not_in_each_other_s_way() {
    let second = CLEAN
        .split("---")
        .next()
        .unwrap()
        .replace("name: web", "name: other");
    let output = Files::new(&[("a.yaml", CLEAN), ("b.yaml", &second)]).check(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_reference_that_does_not_resolve_exits_1_and_is_reported_with_its_reason() {
    let manifests = CLEAN.replace("name: shop, port: 80", "name: missing, port: 80");
    let files = Files::new(&[("a.yaml", &manifests)]);
    let output = files.check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let whole = json(&output);
    let problem = &whole["problems"][0];
    assert_eq!(problem["code"], "BackendNotFound");
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["file"], files.path("a.yaml").to_str().unwrap());
    assert_eq!(problem["line"], 19);
    let expected = serde_json::json!({"kind": "HTTPRoute", "namespace": "default", "name": "shop"});
    assert_eq!(problem["resource"], expected);
    assert_eq!(problem["field"], "spec.rules[0].backendRefs[0]");
    assert!(
        problem["message"].as_str().unwrap().contains("missing"),
        "{problem}"
    );
}

#[test]
fn a_route_without_its_gateway_exits_1() {
    let manifests = CLEAN.replace("parentRefs: [{name: web}]", "parentRefs: [{name: other}]");
    let output = Files::new(&[("a.yaml", &manifests)]).check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert_eq!(
        json(&output)["problems"][0]["resource"]["kind"],
        "HTTPRoute"
    );
}

#[test]
fn an_invalid_resource_exits_2_and_the_valid_ones_are_resolved_all_the_same() {
    let bad = CLEAN
        .replace("name: web}", "name: other}")
        .replace("port: 80, protocol", "port: 0, protocol");
    let bad = bad.split("---").next().unwrap().to_owned();
    let output = Files::new(&[("a.yaml", CLEAN), ("b.yaml", &bad)]).check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let whole = json(&output);
    let problems = whole["problems"].as_array().unwrap();
    assert!(
        problems.iter().all(|p| p["resource"]["name"] == "other"),
        "{problems:?}"
    );
    assert_eq!(problems[0]["field"], "spec.listeners[0].port");
    assert_eq!(problems[0]["severity"], "error");
    let kinds: Vec<_> = whole["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["kind"])
        .collect();
    assert_eq!(kinds, ["Gateway", "HTTPRoute"]);
}

#[test]
fn what_cannot_be_read_exits_2() {
    let output = output(&["check", "/nowhere/at/all.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).contains("/nowhere/at/all.yaml"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn an_unknown_field_is_a_warning_and_exits_0() {
    let manifests = CLEAN.replace(
        "gatewayClassName: any",
        "gatewayClassName: any\n  colour: red",
    );
    let output = Files::new(&[("a.yaml", &manifests)]).check(&["-o", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let problem = &json(&output)["problems"][0];
    assert_eq!(
        (&problem["severity"], &problem["code"]),
        (&"warning".into(), &"UnknownField".into())
    );
    assert_eq!(problem["field"], "spec.colour");
}

#[test]
fn yaml_prints_one_document_a_resource_that_has_a_status() {
    let output = Files::new(&[("a.yaml", CLEAN)]).check(&["-o", "yaml"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    let documents: Vec<_> = printed.split("---\n").skip(1).collect();
    assert_eq!(documents.len(), 2, "{printed}");
    for (document, kind, name) in [
        (documents[0], "Gateway", "web"),
        (documents[1], "HTTPRoute", "shop"),
    ] {
        let start = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  \
             namespace: default\nstatus:\n"
        );
        assert!(document.starts_with(&start), "{document}");
    }
    assert!(documents[0].contains("attachedRoutes: 1"), "{printed}");
    assert!(documents[1].contains("type: Accepted"), "{printed}");
}

#[test]
fn json_and_yaml_say_the_same() {
    let path = example("cross-namespace.yaml");
    let path = path.to_str().unwrap();
    let json = json(&output(&["check", path, "-o", "json"]));
    let yaml = text(&output(&["check", path, "-o", "yaml"]).stdout);
    let statuses = json["statuses"].as_array().unwrap();
    assert_eq!(yaml.matches("---\n").count(), statuses.len());
    assert_eq!(json["problems"], serde_json::json!([]));
    for status in statuses {
        let name = status["metadata"]["name"].as_str().unwrap();
        assert!(yaml.contains(&format!("  name: {name}\n")), "{yaml}");
        let conditions = status.pointer("/status/parents/0/conditions");
        for condition in conditions.and_then(|c| c.as_array()).into_iter().flatten() {
            assert!(yaml.contains(&format!(
                "reason: {}\n",
                condition["reason"].as_str().unwrap()
            )));
        }
    }
}

#[test]
fn standard_input_is_a_path() {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = crate::support::gateway()
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CLEAN.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("Gateway default/web"));
}

#[test]
fn kinds_that_are_not_looked_at_are_counted() {
    let others = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: \
                  Pod\nmetadata: {name: b}\n";
    let output = Files::new(&[("a.yaml", &(CLEAN.to_owned() + others))]).check(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).contains("Not looked at: 2 Pod."),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn usage_errors_exit_2_and_say_what_to_do() {
    let missing = output(&["check"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        text(&missing.stderr).contains("--help"),
        "{}",
        text(&missing.stderr)
    );
    let help = text(&output(&["check", "--help"]).stdout);
    assert!(help.contains("Exit status:"), "{help}");
}

#[test]
fn completions_are_scripts_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = output(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("gateway"), "{shell}");
    }
}

#[test]
fn objects_without_a_name_are_called_so() {
    let nameless = "apiVersion: gateway.networking.k8s.io/v1\nkind: Nothing\n";
    let output = Files::new(&[("a.yaml", nameless)]).check(&[]);
    let table = text(&output.stdout);
    assert!(table.contains(": Nothing (no name): expected"), "{table}");
}

/// The standard CRDs have no `retry`.
#[test]
fn the_channel_says_which_fields_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("route.yaml");
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n\
                 spec: {rules: [{retry: {attempts: 2}}]}\n";
    std::fs::write(&file, route).unwrap();
    let path = file.to_str().unwrap();
    let unknown = |arguments: &[&str]| {
        let output = output(arguments);
        text(&output.stdout).contains("UnknownField")
            || text(&output.stderr).contains("UnknownField")
    };
    assert!(unknown(&["check", path]));
    assert!(unknown(&["check", path, "--channel", "standard"]));
    assert!(!unknown(&["check", path, "--channel", "experimental"]));
}

#[test]
fn prints_the_intermediate_representation() {
    let output = output(&[
        "check",
        example("quickstart.yaml").to_str().unwrap(),
        "-o",
        "ir",
    ]);
    let ir: gateway_resolve::ir::Ir = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ir.listeners().len(), 1);
}
