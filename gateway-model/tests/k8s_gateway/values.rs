//! The JSON form of protocol buffers, and that presence is meaning.

use std::time::Duration;

use gateway_model::Resource;
use gateway_model::k8s_gateway::values::{Denominator, HostRewrite};
use gateway_model::k8s_gateway::{OptionState, Options};

use crate::{options, route_option};

fn is_set(text: &str, name: &str) -> bool {
    let options = options(text);
    let index = gateway_model::k8s_gateway::RouteOptions::TABLE
        .iter()
        .position(|(_, names)| names.contains(&name));
    options.is_set(index.unwrap())
}

#[test]
fn what_is_there_is_set_be_it_false_zero_or_empty() {
    for (text, name) in [
        ("appendXForwardedHost: false", "appendXForwardedHost"),
        ("prefixRewrite: ''", "prefixRewrite"),
        ("cors: {}", "cors"),
        ("faults: {}", "faults"),
        ("timeout: 0s", "timeout"),
    ] {
        assert!(is_set(text, name), "{text}");
    }
}

#[test]
fn an_empty_list_or_map_is_not_set() {
    assert!(options("upgrades: []").upgrades.is_none());
    assert!(options("envoyMetadata: {}").envoy_metadata.is_none());
    let set = options("{upgrades: [{websocket: {enabled: true}}], envoyMetadata: {a: {b: c}}}");
    assert!(set.upgrades.is_some() && set.envoy_metadata.is_some());
}

#[test]
fn enumerations_are_names_or_numbers() {
    for written in ["MILLION", "2", "'MILLION'"] {
        let text = format!(
            "csrf: {{filterEnabled: {{defaultValue: {{numerator: 1, denominator: {written}}}}}}}"
        );
        let field = options(&text).csrf.unwrap();
        let enabled = field.read.clone().unwrap().filter_enabled.unwrap();
        assert_eq!(
            enabled.default_value.denominator,
            Denominator::Million,
            "{written}"
        );
    }
}

#[test]
fn spans_are_seconds_with_a_fraction() {
    for (written, millis) in [("5s", 5000), ("1.5s", 1500), ("0s", 0), ("250ms", 250)] {
        let field = options(&format!("timeout: {written}")).timeout.unwrap();
        assert_eq!(
            field.read.clone().unwrap().0,
            Duration::from_millis(millis),
            "{written}"
        );
    }
}

#[test]
fn a_one_of_is_one_field_and_two_of_it_are_named() {
    let one = options("hostRewrite: a.example").host_rewrite_type.unwrap();
    assert_eq!(one.name, "hostRewrite");
    assert_eq!(
        one.read,
        Ok(HostRewrite::HostRewrite("a.example".to_owned()))
    );
    let two = options("hostRewrite: a.example\nautoHostRewrite: true")
        .host_rewrite_type
        .unwrap();
    let message = two.read.clone().unwrap_err().to_string();
    assert!(
        message.ends_with("found hostRewrite and autoHostRewrite"),
        "{message}"
    );
    let inner = options("extauth: {disable: true, configRef: {name: a, namespace: b}}")
        .extauth
        .unwrap();
    let message = inner.read.clone().unwrap_err().to_string();
    assert!(
        message.ends_with("found disable and configRef"),
        "{message}"
    );
}

#[test]
fn a_bad_value_speaks_against_its_option_alone() {
    let text = "csrf: {filterEnabled: {defaultValue: {denominator: DOZEN}}}\nprefixRewrite: /a";
    let options = options(text);
    let error = options.csrf.unwrap().read.clone().unwrap_err();
    assert_eq!(&*error.path, "filterEnabled.defaultValue.denominator");
    assert!(error.message.contains("found \"DOZEN\""), "{error}");
    assert_eq!(options.prefix_rewrite.unwrap().read, Ok("/a".to_owned()));
}

#[test]
fn what_is_known_and_not_honoured_is_told_by_its_path() {
    let text = "csrf: {filterEnabled: {runtimeKey: a}}\nwaf: {disabled: true}\ndlp: {}";
    let options = options(text);
    let csrf = options.csrf.as_ref().unwrap();
    assert_eq!(csrf.unread, ["filterEnabled.runtimeKey".into()]);
    assert_eq!(options.refused().names().collect::<Vec<_>>(), ["waf"]);
    assert_eq!(options.ignored().names().collect::<Vec<_>>(), ["dlp"]);
}

#[test]
fn a_policy_comes_back_as_it_was_written() {
    let text = "cors: {allowOrigin: ['*']}\nhostRewriteHeader: x\nwaf: {}\ntimeout: 1.5s";
    let option = route_option(text);
    let written = serde_json::to_value(&option.spec.options).unwrap();
    let expected = serde_json::json!({
        "cors": {"allowOrigin": ["*"]}, "hostRewriteHeader": "x", "waf": {}, "timeout": "1.5s",
    });
    assert_eq!(written, expected);
}

#[test]
fn states_of_statuses_are_numbers_or_names() {
    for state in ["2", "Rejected"] {
        let text = format!(
            "apiVersion: gateway.solo.io/v1\nkind: RouteOption\nmetadata: {{name: x, namespace: team}}\n\
             spec: {{}}\nstatus: {{statuses: {{ns: {{state: {state}, reason: r, reportedBy: c}}}}}}\n"
        );
        let stored = gateway_model::parse_stored("x", text.as_bytes());
        let Resource::RouteOption(option) = &stored.resources[0].resource else {
            panic!("a RouteOption");
        };
        assert_eq!(
            option.status.statuses["ns"].state,
            OptionState::Rejected,
            "{state}"
        );
    }
}
