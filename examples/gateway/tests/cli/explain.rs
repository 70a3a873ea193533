//! `gateway explain`: the rule that takes a request, and what ruled out the others.

use crate::files::{CLEAN, Files};
use crate::support::{example, output, text};

fn explain(manifest: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let path = example(manifest);
    let output = output(&[&["explain", path.to_str().unwrap()], arguments].concat());
    (
        output.status.code(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

/// The line that starts with `word`.
pub(crate) fn line<'a>(text: &'a str, word: &str) -> &'a str {
    let found = text.lines().find(|line| line.starts_with(word));
    found.unwrap_or_else(|| panic!("no {word} in:\n{text}"))
}

#[test]
fn names_the_listener_host_rule_and_backend() {
    let (code, text) = explain("quickstart.yaml", &["--url", "http://localhost:8080/a?b=c"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        line(&text, "listener"),
        "listener  Gateway default/web listener http"
    );
    assert_eq!(line(&text, "host"), "host      any");
    assert_eq!(
        line(&text, "rule"),
        "rule      HTTPRoute default/web rule 0"
    );
    assert!(
        line(&text, "answer").contains("Service default/echo:80"),
        "{text}"
    );
    assert!(
        line(&text, "answer").contains("demo echo backend"),
        "{text}"
    );
}

#[test]
fn says_the_first_thing_that_ruled_out_each_loser() {
    let (code, text) = explain("canary.yaml", &["--url", "http://localhost:8080/"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        line(&text, "rule"),
        "rule      HTTPRoute default/shop rule 1 (one-in-ten)"
    );
    assert!(
        line(&text, "answer").contains("90 of 100: Service default/shop:80"),
        "{text}"
    );
    let loser = line(&text, "HTTPRoute default/shop rule 0 (asked-for)");
    assert!(loser.ends_with("the header x-version"), "{loser}");

    let asked = ["--url", "http://localhost:8080/", "-H", "X-Version: next"];
    let (code, text) = explain("canary.yaml", &asked);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        line(&text, "rule"),
        "rule      HTTPRoute default/shop rule 0 (asked-for)"
    );
    let loser = line(&text, "HTTPRoute default/shop rule 1 (one-in-ten)");
    assert!(loser.ends_with("a match that goes first"), "{loser}");
}

#[test]
fn paths_are_normalised_as_when_serving() {
    let url = ["--url", "http://localhost:8080/x/../old/page"];
    let (code, text) = explain("redirects-and-rewrites.yaml", &url);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        line(&text, "rule"),
        "rule      HTTPRoute default/moved rule 0 (renamed)"
    );
    assert!(line(&text, "answer").contains("301 redirect"), "{text}");
    let loser = line(&text, "HTTPRoute default/api rule 0");
    assert!(loser.ends_with("the path"), "{loser}");
}

#[test]
fn a_request_that_no_rule_takes_exits_1() {
    let (code, text) = explain(
        "redirects-and-rewrites.yaml",
        &["--url", "http://localhost:8080/"],
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(line(&text, "answer").contains("404"), "{text}");
    let (code, text) = explain("quickstart.yaml", &["--url", "http://localhost/"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no listener is served on port 80"), "{text}");
    assert!(text.contains("127.0.0.1:8080"), "{text}");
}

#[test]
fn tls_and_clear_text_are_told_apart() {
    let (code, text) = explain("tls.yaml", &["--url", "https://localhost:8443/"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        line(&text, "listener"),
        "listener  Gateway default/web listener https"
    );
    let (code, text) = explain("tls.yaml", &["--url", "http://localhost:8443/"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        line(&text, "answer").contains("the socket speaks https"),
        "{text}"
    );
}

#[test]
fn a_url_that_is_none_exits_2_and_says_how_to_write_it() {
    for url in ["/cart", "ftp://localhost/", "localhost:8080"] {
        let (code, text) = explain("quickstart.yaml", &["--url", url]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("http://shop.example.com/cart"), "{text}");
    }
    let (code, text) = explain(
        "quickstart.yaml",
        &["--url", "http://localhost/", "-H", "nonsense"],
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("name: value"), "{text}");
}

fn explain_text(manifests: &str, url: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.yaml");
    std::fs::write(&file, manifests).unwrap();
    let output = output(&["explain", file.to_str().unwrap(), "--url", url]);
    assert_eq!(output.status.code(), Some(1));
    text(&output.stdout)
}

#[test]
fn says_why_the_listener_that_asks_for_the_port_is_not_served() {
    let manifests = CLEAN.replace(
        "protocol: HTTP}",
        "protocol: HTTP}, {name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}",
    );
    let text = explain_text(&manifests, "https://shop.example.com/");
    let expected = "unserved  Gateway default/web listener tls: Secret default/cert does not exist \
                    (InvalidCertificateRef)";
    assert_eq!(line(&text, "unserved"), expected);
    let text = explain_text(&manifests, "http://shop.example.com:81/");
    assert!(!text.contains("unserved"), "{text}");
}

#[test]
fn says_when_no_route_is_attached() {
    let manifests = CLEAN.replace("parentRefs: [{name: web}]", "parentRefs: [{name: other}]");
    let text = explain_text(&manifests, "http://shop.example.com/");
    assert_eq!(
        line(&text, "answer"),
        "answer    404: no route is attached: gateway check says why"
    );
}

#[test]
fn says_that_an_ambiguous_path_is_refused() {
    let url = "http://localhost:8080/api/v1/..%2F..%2Fold";
    let (code, text) = explain("redirects-and-rewrites.yaml", &["--url", url]);
    assert_eq!(code, Some(1), "{text}");
    let answer = line(&text, "answer");
    assert!(
        answer.contains("400") && answer.contains("/old"),
        "{answer}"
    );
}

/// GEP-1767.
#[test]
fn says_that_a_preflight_request_is_answered() {
    let rules =
        "rules: [{matches: [{method: PUT}], filters: [{type: CORS, cors: {allowOrigins: ['*']}}]}]";
    let at = CLEAN.find("  rules:").unwrap();
    let length = CLEAN[at..].find("---").unwrap_or(CLEAN.len() - at);
    let mut manifests = CLEAN.to_owned();
    manifests.replace_range(at..at + length, &format!("  {rules}\n"));
    let files = Files::new(&[("input.yaml", &manifests)]);
    let output = output(&[
        "explain",
        files.path("input.yaml").to_str().unwrap(),
        "--channel",
        "experimental",
        "--url",
        "http://shop.example.com/",
        "-X",
        "OPTIONS",
        "-H",
        "origin: https://a.example",
        "-H",
        "access-control-request-method: PUT",
    ]);
    let text = text(&output.stdout);
    assert_eq!(
        line(&text, "answer"),
        "answer    200: a preflight request, answered for HTTPRoute default/shop rule 0"
    );
}

/// The field names are those of the documentation, and stay.
#[test]
fn prints_one_object_with_all_there_is_to_know() {
    let url = [
        "--url",
        "http://localhost:8080/api/v1/items?x=1",
        "-o",
        "json",
    ];
    let (code, text) = explain("redirects-and-rewrites.yaml", &url);
    assert_eq!(code, Some(0), "{text}");
    let mut got: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ruled_out = got["ruledOut"].take();
    assert_eq!(ruled_out[0]["by"], "the path");
    let want = serde_json::json!({
        "socket": "127.0.0.1:8080",
        "listener": {"kind": "Gateway", "namespace": "default", "name": "web", "section": "http"},
        "host": null,
        "rule": {"kind": "HTTPRoute", "namespace": "default", "name": "api", "rule": 0, "match": 0, "ruleName": null},
        "chain": [],
        "action": "forward", "status": null, "reason": null, "location": null, "body": null,
        "targets": [{
            "weight": 1,
            "backend": {"kind": "Service", "namespace": "default", "name": "api", "port": 80},
            "refusal": null,
        }],
        "request": {"method": "GET", "authority": "api.internal", "path": "/items?x=1"},
        "settings": {},
        "ruledOut": null,
    });
    assert_eq!(got, want);
}

#[test]
fn prints_redirects_and_refusals_as_json() {
    let explained = |url: &str| {
        let (code, text) = explain("redirects-and-rewrites.yaml", &["--url", url, "-o", "json"]);
        (
            code,
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
        )
    };
    let (code, redirect) = explained("http://localhost:8080/old/page");
    assert_eq!((code, &redirect["action"]), (Some(0), &"redirect".into()));
    assert_eq!(redirect["status"], 301);
    assert_eq!(redirect["location"], "http://localhost:8080/new/page");
    assert_eq!(redirect["rule"]["ruleName"], "renamed");
    let (code, refused) = explained("http://localhost:8080/nowhere");
    assert_eq!((code, &refused["action"]), (Some(1), &"refuse".into()));
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&404.into(), &"NoRoute".into())
    );
    let (code, closed) = explained("http://localhost:9/");
    assert_eq!(
        (code, &closed["socket"]),
        (Some(1), &serde_json::Value::Null)
    );
}

/// GRPCRoute: a method is a path of HTTP/2.
#[test]
fn explains_what_becomes_of_a_grpc_call() {
    let rules = "rules: [{matches: [{method: {service: shop.Carts}}], ";
    let manifests = CLEAN
        .replace("kind: HTTPRoute", "kind: GRPCRoute")
        .replace("rules: [{", rules);
    let files = Files::new(&[("input.yaml", &manifests)]);
    let path = files.path("input.yaml");
    let ask = |called: &str| {
        let url = ["--url", "http://shop.example.com/", "--grpc", called];
        output(&[&["explain", path.to_str().unwrap()], &url[..]].concat())
    };
    let taken = ask("shop.Carts/Add");
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken.stderr));
    assert_eq!(
        line(&text(&taken.stdout), "rule"),
        "rule      GRPCRoute default/shop rule 0"
    );
    assert_eq!(ask("shop.Orders/Add").status.code(), Some(1));
}

/// RFC 9110 section 15.5.20: a connection for another name than the request's.
#[test]
fn explains_by_the_server_name_that_is_given() {
    let manifests = std::fs::read_to_string(example("tls.yaml")).unwrap();
    let named = "protocol: HTTPS\n    hostname: a.example\n";
    let manifests = manifests.replace("protocol: HTTPS\n", named);
    let files = Files::new(&[("input.yaml", &manifests)]);
    let path = files.path("input.yaml");
    let ask = |sni: &[&str]| {
        let url = [
            "explain",
            path.to_str().unwrap(),
            "--url",
            "https://a.example:8443/",
        ];
        output(&[&url[..], sni].concat()).status.code()
    };
    assert_eq!(ask(&[]), Some(0));
    assert_eq!(ask(&["--sni", "b.example"]), Some(1));
}
