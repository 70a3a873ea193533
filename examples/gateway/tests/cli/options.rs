//! Options of the K8sGateway API, from manifests to what clients and backends see.

use crate::files::Files;
use crate::support::{Answer, Gateway, curl};

/// A Gateway whose routes `/tuned` and `/` have the embedded backend, which answers with what it got.
const ROUTES: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 8080, protocol: HTTP}]
---
apiVersion: v1
kind: Service
metadata: {name: echo, annotations: {gateway.example.dev/backend: echo}}
spec: {ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: plain}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: tuned}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /tuned}}]
    backendRefs: [{name: echo, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: exact}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{path: {type: Exact, value: /exact}}]
    backendRefs: [{name: echo, port: 80}]
"#;

/// A policy of `kind` for `target`.
pub(crate) fn policy(kind: &str, target: &str, options: &str) -> String {
    let (of, name) = target.split_once('/').unwrap();
    format!(
        "---\napiVersion: gateway.solo.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  \
         targetRefs: [{{group: gateway.networking.k8s.io, kind: {of}, name: {name}}}]\n  \
         options: {options}\n"
    )
}

/// Serves the routes with policies.
pub(crate) fn served(policies: &[String]) -> (Files, Gateway) {
    let files = Files::new(&[("a.yaml", &(ROUTES.to_owned() + &policies.concat()))]);
    let path = files.path("a.yaml");
    let gateway = Gateway::serving(&[path.to_str().unwrap()]);
    (files, gateway)
}

pub(crate) fn tuned(options: &str) -> (Files, Gateway) {
    served(&[policy("RouteOption", "HTTPRoute/tuned", options)])
}

pub(crate) fn has(answer: &Answer, text: &str) {
    assert!(answer.text.contains(text), "{text}: {answer:?}");
}

pub(crate) fn lacks(answer: &Answer, text: &str) {
    assert!(!answer.text.contains(text), "{text}: {answer:?}");
}

/// The same request by both versions of HTTP.
pub(crate) fn each_version(
    gateway: &Gateway,
    path: &str,
    arguments: &[&str],
    check: impl Fn(&Answer),
) {
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let url = gateway.url(path);
        check(&curl(&[&[version, &url][..], arguments].concat()));
    }
}

#[test]
fn a_transformation_of_a_route_changes_its_requests_and_responses_and_no_others() {
    let (_files, gateway) = tuned(
        "{transformations: {requestTransformation: {transformationTemplate: {headers: {x-user: {text: '{{ user.name }}'}}}}, \
         responseTransformation: {transformationTemplate: {parseBodyBehavior: DontParse, \
         headers: {x-out: {text: '{{ request_header(\":method\") }}'}}}}}}",
    );
    let body = ["-d", "{\"user\": {\"name\": \"ann\"}}"];
    each_version(&gateway, "/tuned", &body, |answer| {
        assert_eq!(answer.status, 200);
        has(answer, "x-user: ann");
        has(answer, "x-out: POST");
    });
    each_version(&gateway, "/other", &body, |answer| {
        lacks(answer, "x-user: ann");
        lacks(answer, "x-out");
    });
    each_version(&gateway, "/tuned", &["-d", "no JSON"], |answer| {
        assert_eq!(answer.status, 400);
    });
}

#[test]
fn a_staged_transformation_is_for_the_requests_that_it_matches() {
    let (_files, gateway) = tuned(
        "{stagedTransformations: {regular: {requestTransforms: [{matcher: {prefix: /tuned/o, methods: [GET, HEAD]}, \
         requestTransformation: {transformationTemplate: {passthrough: {}, extractors: {id: {header: ':path', \
         regex: '/tuned/(.*)', subgroup: 1}}, headers: {x-id: {text: '{{ id }}'}}}}}]}}}",
    );
    each_version(&gateway, "/tuned/one", &[], |answer| {
        has(answer, "x-id: one");
    });
    each_version(&gateway, "/tuned/two", &[], |answer| lacks(answer, "x-id"));
    each_version(&gateway, "/tuned/one", &["-d", "1"], |answer| {
        lacks(answer, "x-id");
    });
}

#[test]
fn a_transformation_of_a_virtual_host_yields_to_one_of_the_route() {
    let says = |text: &str| {
        format!(
            "{{transformations: {{responseTransformation: {{transformationTemplate: \
             {{parseBodyBehavior: DontParse, body: {{text: {text}}}}}}}}}}}"
        )
    };
    let (_files, gateway) = served(&[
        policy("VirtualHostOption", "Gateway/gw", &says("of the host")),
        policy("RouteOption", "HTTPRoute/tuned", &says("of the route")),
    ]);
    each_version(&gateway, "/other", &[], |answer| has(answer, "of the host"));
    each_version(&gateway, "/tuned", &[], |answer| {
        has(answer, "of the route");
        lacks(answer, "of the host");
    });
}

#[test]
fn paths_are_rewritten_by_patterns_and_keep_their_query() {
    let (_files, gateway) = tuned(
        "{regexRewrite: {pattern: {regex: '^/tuned/([a-z]+)/(.*)$'}, substitution: '/\\2/\\1'}}",
    );
    each_version(&gateway, "/tuned/one/two?q=1", &[], |answer| {
        has(answer, "GET /two/one?q=1 ");
    });
    each_version(&gateway, "/tuned/1/two", &[], |answer| {
        has(answer, "GET /tuned/1/two ");
    });
}

#[test]
fn a_prefix_is_rewritten_as_text_and_a_whole_path_where_there_is_no_prefix() {
    let with = "{prefixRewrite: /new}";
    let (_files, gateway) = served(&[
        policy("RouteOption", "HTTPRoute/tuned", with),
        policy("RouteOption", "HTTPRoute/exact", with),
        policy("RouteOption", "HTTPRoute/plain", "{prefixRewrite: /p}"),
    ]);
    each_version(&gateway, "/tuned/a?q=1", &[], |answer| {
        has(answer, "GET /new/a?q=1 ");
    });
    each_version(&gateway, "/exact?q=1", &[], |answer| {
        has(answer, "GET /new?q=1 ");
    });
    each_version(&gateway, "/other", &[], |answer| {
        has(answer, "GET /pother ");
    });
}

#[test]
fn hosts_are_rewritten_by_a_header_or_by_the_path() {
    let by_path =
        "{hostRewritePathRegex: {pattern: {regex: '^/([a-z]+).*$'}, substitution: '\\1.example'}}";
    let (_files, gateway) = served(&[
        policy(
            "RouteOption",
            "HTTPRoute/tuned",
            "{hostRewriteHeader: x-to}",
        ),
        policy("RouteOption", "HTTPRoute/plain", by_path),
    ]);
    let asked = ["-H", "x-to: b.example"];
    each_version(&gateway, "/tuned", &asked, |answer| {
        has(answer, "\nhost: b.example");
    });
    each_version(&gateway, "/tuned", &[], |answer| {
        has(answer, "\nhost: localhost");
    });
    each_version(&gateway, "/shop/a", &[], |answer| {
        has(answer, "\nhost: shop.example");
    });
}

#[test]
fn origins_are_allowed_by_patterns_that_match_them_whole() {
    let (_files, gateway) = tuned("{cors: {allowOriginRegex: ['https://[a-z]+[.]example']}}");
    each_version(
        &gateway,
        "/tuned",
        &["-H", "origin: https://a.example"],
        |answer| {
            has(answer, "access-control-allow-origin: https://a.example");
        },
    );
    each_version(
        &gateway,
        "/tuned",
        &["-H", "origin: https://a.example.net"],
        |answer| {
            lacks(answer, "access-control-allow-origin");
        },
    );
}

#[test]
fn retries_of_a_virtual_host_bound_each_attempt_and_make_another() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let backend = format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: mute}}\nspec: {{ports: [{{port: 80}}]}}\n\
         ---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: mute-1, labels: \
         {{kubernetes.io/service-name: mute}}}}\naddressType: IPv4\nports: [{{port: {port}}}]\n\
         endpoints: [{{addresses: [127.0.0.1]}}]\n\
         ---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: mute}}\nspec:\n  \
         parentRefs: [{{name: gw}}]\n  rules: [{{matches: [{{path: {{value: /mute}}}}], \
         backendRefs: [{{name: mute, port: 80}}]}}]\n"
    );
    let retries = "{retries: {retryOn: gateway-error, perTryTimeout: 0.1s}}";
    let (_files, gateway) = served(&[backend, policy("VirtualHostOption", "Gateway/gw", retries)]);
    assert_eq!(curl(&[&gateway.url("/mute")]).status, 504);
    mute.set_nonblocking(true).unwrap();
    let attempts = std::iter::from_fn(|| mute.accept().ok()).count();
    assert_eq!(attempts, 2);
}
