//! Each of `examples/manifests` does what its comments say, in the program that a user runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::servers::judge;
use crate::support::{Gateway, curl, example, output, text};

fn serving(name: &str) -> Gateway {
    Gateway::serving(&[example(name).to_str().unwrap()])
}

/// A path below `examples/manifests`.
fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(example("")).unwrap().to_path_buf()
}

#[test]
fn every_manifest_is_clean_and_has_a_test() {
    let listed = |dir: &str| std::fs::read_dir(example(dir)).unwrap();
    let files = listed("").chain(listed("k8sgateway"));
    let files = files.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file());
    let found: BTreeSet<_> = files.map(|path| relative(&path)).collect();
    let tested = [
        "canary.yaml",
        "cross-namespace.yaml",
        "k8sgateway/canary-with-transformations.yaml",
        "k8sgateway/delegated-teams.yaml",
        "k8sgateway/external-authorization.yaml",
        "k8sgateway/lambda.yaml",
        "quickstart.yaml",
        "redirects-and-rewrites.yaml",
        "tls.yaml",
    ];
    assert_eq!(found, tested.iter().map(Into::into).collect());
    for name in tested {
        let output = output(&["check", example(name).to_str().unwrap()]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{name}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn quickstart_answers_200_from_the_embedded_echo_backend() {
    let mut gateway = serving("quickstart.yaml");
    let answer = curl(&[&gateway.url("/some/path?q=1"), "-H", "x-test: yes"]);
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text
            .contains("Service default/echo (an embedded demo backend)"),
        "{answer:?}"
    );
    assert!(
        answer.text.contains("GET /some/path?q=1 HTTP/1.1"),
        "{answer:?}"
    );
    assert!(answer.text.contains("x-test: yes"), "{answer:?}");
    gateway.line("EMBEDDED DEMO ECHO BACKEND");

    let body = curl(&[
        &gateway.url("/"),
        "-H",
        "accept: application/json",
        "-d",
        "12345",
    ]);
    assert!(body.text.contains(r#""method": "POST""#), "{body:?}");
    assert!(body.text.contains(r#""bodyBytes": 5"#), "{body:?}");
}

#[test]
fn canary_sends_those_who_ask_and_a_tenth_of_the_rest_to_the_new_version() {
    let gateway = serving("canary.yaml");
    let next = |arguments: &[&str]| {
        let answer = curl(&[&[&*gateway.url("/")], arguments].concat());
        assert_eq!(answer.status, 200);
        answer.text.contains("Service default/shop-next ")
    };
    assert!((0..5).all(|_| next(&["-H", "x-version: next"])));
    // Out of 400, 40 are expected, and 6 are one standard deviation.
    let all = curl(&[&format!("{}[1-400]", gateway.url("/"))]);
    let count = all.text.matches("Service default/shop-next ").count();
    assert!((5..=100).contains(&count), "{count} of 400");
}

#[test]
fn cross_namespace_reaches_a_service_that_a_grant_opens() {
    let gateway = serving("cross-namespace.yaml");
    let answer = curl(&[&gateway.url("/")]);
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("Service payments/pay "), "{answer:?}");
}

#[test]
fn cross_namespace_without_its_grant_answers_500() {
    let whole = std::fs::read_to_string(example("cross-namespace.yaml")).unwrap();
    let documents = whole
        .split("---\n")
        .filter(|d| !d.contains("kind: ReferenceGrant"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("no-grant.yaml");
    std::fs::write(&file, documents.collect::<Vec<_>>().join("---\n")).unwrap();
    let gateway = Gateway::serving(&[file.to_str().unwrap()]);
    assert_eq!(curl(&[&gateway.url("/")]).status, 500);
    let output = output(&["check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("RefNotPermitted"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn redirects_and_rewrites_do_as_their_comments_say() {
    let gateway = serving("redirects-and-rewrites.yaml");
    let moved = curl(&[&gateway.url("/old/page")]);
    assert_eq!(moved.status, 301);
    assert!(moved.text.contains("/new/page\r\n"), "{moved:?}");

    let secure = curl(&[&gateway.url("/secure")]);
    assert_eq!(secure.status, 302);
    assert!(
        secure
            .text
            .contains("location: https://www.example.com/secure\r\n"),
        "{secure:?}"
    );

    let api = curl(&[&gateway.url("/api/v1/users?page=2")]);
    assert_eq!(api.status, 200);
    assert!(api.text.contains("GET /users?page=2 HTTP/1.1\n"), "{api:?}");
    assert!(api.text.contains("host: api.internal\n"), "{api:?}");
    assert!(api.text.contains("x-api-version: v1\r\n"), "{api:?}");
}

#[test]
fn tls_serves_https_in_both_versions_and_sends_http_on() {
    let gateway = serving("tls.yaml");
    let url = format!("https://localhost:{}/", gateway.port(8443));
    for (version, line) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let answer = curl(&[&url, version]);
        assert_eq!(answer.status, 200);
        assert!(answer.text.starts_with(line), "{answer:?}");
    }
    let redirect = curl(&[&gateway.url("/")]);
    assert_eq!(redirect.status, 301);
    assert!(
        redirect
            .text
            .contains("location: https://localhost:8443/\r\n"),
        "{redirect:?}"
    );
}

#[test]
fn teams_have_what_is_delegated_to_them_and_the_platform_goes_before() {
    let gateway = serving("k8sgateway/delegated-teams.yaml");
    let get = |path: &str| curl(&[&gateway.url(path), "-H", "host: shop.example.com"]);
    let cart = get("/cart/items/3");
    assert!(cart.text.contains("Service cart/cart "), "{cart:?}");
    assert!(cart.text.contains("x-team: cart\r\n"), "{cart:?}");
    assert!(cart.text.contains("x-platform: shop\r\n"), "{cart:?}");
    let search = get("/search/now");
    assert!(search.text.contains("Service search/search "), "{search:?}");
    assert!(!search.text.contains("x-team"), "{search:?}");
    let healthy = get("/healthz");
    assert_eq!(healthy.status, 200);
    assert!(healthy.text.ends_with("\r\nhealthy"), "{healthy:?}");
    for path in ["/cart", "/cart/other", "/search/other", "/now"] {
        assert_eq!(get(path).status, 404, "{path}");
    }
    let manifest = example("k8sgateway/delegated-teams.yaml");
    let url = "http://shop.example.com:8080/cart/items";
    let output = output(&["explain", manifest.to_str().unwrap(), "--url", url]);
    let said = text(&output.stdout);
    let timeout = "timeout of the route: \"10s\" (RouteOption platform/for-all-teams)";
    assert!(said.contains(timeout), "{said}");
}

#[test]
fn who_asked_for_the_new_version_once_gets_it_and_every_answer_says_which_it_is() {
    let gateway = serving("k8sgateway/canary-with-transformations.yaml");
    let plain = curl(&[&gateway.url("/")]);
    assert!(plain.text.contains("Service default/shop "), "{plain:?}");
    assert!(plain.text.contains("x-served-by: stable"), "{plain:?}");
    let asked = curl(&[&gateway.url("/"), "-H", "cookie: a=b; channel=next"]);
    assert!(
        asked.text.contains("Service default/shop-next "),
        "{asked:?}"
    );
    assert!(asked.text.contains("x-served-by: next"), "{asked:?}");
}

#[test]
fn who_is_let_in_by_the_keeper_gets_to_the_shop_and_everybody_to_its_health() {
    let manifest = example("k8sgateway/external-authorization.yaml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let port = format!("port: {}", judge());
    let files = Files::new(&[("a.yaml", &manifest.replace("port: 9000", &port))]);
    let gateway = Gateway::serving(&[files.path("a.yaml").to_str().unwrap()]);
    let known = curl(&[&gateway.url("/"), "-H", "x-key: secret"]);
    assert!(known.text.contains("\nx-user: ann"), "{known:?}");
    assert_eq!(curl(&[&gateway.url("/")]).status, 401);
    assert_eq!(curl(&[&gateway.url("/healthz")]).status, 200);
    drop(gateway);
    let gateway = serving("k8sgateway/external-authorization.yaml");
    assert_eq!(curl(&[&gateway.url("/healthz")]).status, 200);
}
