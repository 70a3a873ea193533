//! The kinds of K8sGateway: how their values are read, and which fields of their CRDs are known.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fields;
mod values;

use gateway_model::Resource;
use gateway_model::k8s_gateway::{RouteOption, RouteOptions};

/// The RouteOption with these options, written as YAML.
fn route_option(options: &str) -> RouteOption {
    let options = options.replace('\n', "\n    ");
    let text = format!(
        "apiVersion: gateway.solo.io/v1\nkind: RouteOption\nmetadata: {{name: x, namespace: team}}\n\
         spec:\n  targetRefs: [{{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}}]\n  \
         options:\n    {options}\n"
    );
    let manifests = gateway_model::parse("x.yaml", text.as_bytes());
    assert_eq!(manifests.problems, [], "{text}");
    match &manifests.resources[0].resource {
        Resource::RouteOption(option) => RouteOption::clone(option),
        other => panic!("{other:?}"),
    }
}

fn options(text: &str) -> RouteOptions {
    route_option(text).spec.options
}
