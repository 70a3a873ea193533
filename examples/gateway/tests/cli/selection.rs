//! `--class` and `--controller-name`.

use crate::files::{CLEAN, Files, json};
use crate::support::{Gateway, example, output, text};

#[test]
fn a_class_and_a_controller_narrow_what_is_resolved() {
    let class = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: \
                 {name: any}\nspec: {controllerName: example.com/ours}\n";
    let files = Files::new(&[("a.yaml", &(CLEAN.to_owned() + class))]);
    let gateways = |arguments: &[&str]| {
        let whole = json(&files.check(&[arguments, &["-o", "json"]].concat()));
        let statuses = whole["statuses"].as_array().unwrap();
        statuses.iter().filter(|s| s["kind"] == "Gateway").count()
    };
    let (ours, theirs) = ("example.com/ours", "example.com/theirs");
    assert_eq!(gateways(&[]), 1);
    assert_eq!(gateways(&["--class", "any"]), 1);
    assert_eq!(gateways(&["--class", "other"]), 0);
    assert_eq!(gateways(&["--controller-name", ours]), 1);
    assert_eq!(gateways(&["--controller-name", theirs]), 0);
    assert_eq!(gateways(&["--controller-name", ours, "--class", "any"]), 1);
    assert_eq!(
        gateways(&["--controller-name", theirs, "--class", "any"]),
        0
    );
    assert_eq!(
        gateways(&["--controller-name", ours, "--class", "other"]),
        0
    );
}

/// The manifests of a class.
fn with_class() -> Files {
    let class = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: \
                 {name: any}\nspec: {controllerName: example.com/ours}\n";
    Files::new(&[("a.yaml", &(CLEAN.to_owned() + class))])
}

#[test]
fn a_class_that_nothing_has_is_a_warning_and_exits_1() {
    let files = with_class();
    for (arguments, expected) in [
        (
            &["--class", "typo"][..],
            "--class: expected the class of a Gateway, found \"typo\"; the classes are: any",
        ),
        (
            &["--controller-name", "example.com/typo"],
            "--controller-name: expected the controller of a GatewayClass, found \
             \"example.com/typo\"; the controllers are: example.com/ours",
        ),
        (
            &["--controller-name", "example.com/typo", "--class", "any"],
            "--class, --controller-name: expected a GatewayClass \"any\" of \"example.com/typo\", \
             found none; the GatewayClasses are: any of example.com/ours",
        ),
    ] {
        let output = files.check(&[arguments, &["-o", "json"]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let problem = &json(&output)["problems"][0];
        assert_eq!(problem["code"], "NothingSelected");
        assert_eq!(problem["severity"], "warning");
        assert_eq!(problem["message"], expected);
        let table = files.check(arguments);
        assert_eq!(table.status.code(), Some(1), "{arguments:?}");
        let line = format!("warning[NothingSelected]: {expected}");
        assert!(
            text(&table.stdout).contains(&line),
            "{}",
            text(&table.stdout)
        );
    }
}

#[test]
fn a_class_that_is_defined_or_asked_for_is_no_typo() {
    let files = with_class();
    let defined = CLEAN.replace("gatewayClassName: any", "gatewayClassName: other")
        + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: \
           any}\nspec: {controllerName: example.com/ours}\n";
    let asked_for = Files::new(&[("a.yaml", CLEAN)]);
    for (files, arguments) in [
        (&files, &["--class", "any"][..]),
        (&files, &["--controller-name", "example.com/ours"]),
        (&asked_for, &["--class", "any"]),
        (&Files::new(&[("a.yaml", &defined)]), &["--class", "any"]),
    ] {
        let output = files.check(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }
}

#[test]
fn run_and_explain_warn_of_a_class_that_nothing_has() {
    let path = example("quickstart.yaml");
    let path = path.to_str().unwrap();
    let url = "http://localhost:8080/";
    let explained = output(&["explain", path, "--class", "typo", "--url", url]);
    assert_eq!(explained.status.code(), Some(1));
    let errors = text(&explained.stderr);
    assert!(
        errors.contains("warning[NothingSelected]: --class: "),
        "{errors}"
    );
    let mut gateway = Gateway::start(&[path, "--class", "typo"]);
    gateway.line("warning[NothingSelected]: --class: ");
    gateway.line("no listener is served");
}
