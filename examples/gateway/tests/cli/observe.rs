//! `--access-log` and `/metrics`.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{Gateway, curl, example};

const MANIFESTS: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: any
  addresses: [{value: 127.0.0.1}]
  listeners:
  - {name: http, protocol: HTTP, port: 8080, hostname: "*.example"}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: web}]
  hostnames: [shop.example]
  rules:
  - matches: [{path: {value: /cart}}]
    backendRefs: [{name: echo, port: 80}]
  - matches: [{path: {value: /missing}}]
    backendRefs: [{name: missing, port: 80}]
---
apiVersion: v1
kind: Service
metadata:
  name: echo
  annotations: {gateway.example.dev/backend: echo}
spec:
  ports: [{port: 80}]
"#;

/// A gateway that serves these manifests.
fn serving(arguments: &[&str]) -> (tempfile::TempDir, Gateway) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yaml");
    std::fs::write(&file, MANIFESTS).unwrap();
    let arguments = [arguments, &[file.to_str().unwrap()]].concat();
    (folder, Gateway::serving(&arguments))
}

/// Sends bytes as they are, and reads until the gateway closes.
fn send(gateway: &Gateway, bytes: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port(8080))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn ask(gateway: &Gateway, target: &str, fields: &str) -> String {
    let head = format!("GET {target} HTTP/1.1\r\nconnection: close\r\n{fields}\r\n");
    send(gateway, &head)
}

fn entry(gateway: &mut Gateway) -> Value {
    let line = gateway.wait_for("\"protocol\"");
    serde_json::from_str(&line).unwrap()
}

/// The log alone says why there was a 404, and a 500.
#[test]
fn an_answer_is_explained_by_its_line() {
    let arguments = ["--access-log", "stdout", "--access-log-format", "json"];
    let (_folder, mut gateway) = serving(&arguments);
    let rows = [
        ("shop.example", "/cart/7?x=1", 200, "backend"),
        ("other.test", "/cart", 404, "no_listener"),
        ("blog.example", "/cart", 404, "no_route"),
        ("shop.example", "/other", 404, "no_rule"),
        ("shop.example", "/missing", 500, "refused"),
    ];
    for (host, target, status, reason) in rows {
        let fields = format!("host: {host}\r\nx-forwarded-for: 192.0.2.7\r\n");
        ask(&gateway, target, &fields);
        let entry = entry(&mut gateway);
        assert_eq!(
            (
                &entry["status"],
                &entry["reason"],
                &entry["host"],
                &entry["target"]
            ),
            (&status.into(), &reason.into(), &host.into(), &target.into()),
        );
        assert_eq!(entry["ended"], "complete");
        assert_eq!(entry["forwarded_for"], "192.0.2.7");
        let route = (status != 404).then_some("HTTPRoute/default/shop");
        assert_eq!(entry["route"].as_str(), route, "{entry}");
        let listener = (reason != "no_listener").then_some("Gateway/default/web/http");
        assert_eq!(entry["listener"].as_str(), listener, "{entry}");
        match reason {
            "backend" => {
                assert_eq!(entry["backend"], "Service/default/echo:80");
                assert_eq!((&entry["rule"], &entry["attempts"]), (&0.into(), &1.into()));
                assert!(entry["endpoint"].is_string() && entry["request_id"].is_string());
            }
            "refused" => assert!(entry["refusal"].as_str().unwrap().contains("missing")),
            _ => assert!(entry["backend"].is_null()),
        }
    }
    send(&gateway, "nonsense\r\n\r\n");
    assert_eq!(entry(&mut gateway)["reason"], "invalid_request");
}

#[test]
fn a_hostile_request_forges_no_line() {
    let agent = "x\" 200\u{1b}[2J\u{85}\u{2028} \\";
    let fields = format!("host: shop.example\r\nuser-agent: {agent}\r\n");
    let (_folder, mut gateway) = serving(&["--access-log", "stderr"]);
    ask(&gateway, "/cart/\"x", &fields);
    let line = gateway.wait_for(" received=");
    assert!(line.is_ascii() && !line.contains('\u{1b}'), "{line}");
    // The characters of the request are in it, escaped.
    assert!(
        line.contains("/cart/\\\"x") || line.contains(" 400 "),
        "{line}"
    );
    let arguments = ["--access-log", "stdout", "--access-log-format", "json"];
    let (_folder, mut gateway) = serving(&arguments);
    ask(&gateway, "/cart", &fields);
    assert!(entry(&mut gateway)["time"].is_string());
}

/// What was served is in the file when the process has ended.
#[test]
fn a_file_has_every_line_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let (_folder, gateway) = serving(&["--access-log", log.to_str().unwrap()]);
    for _ in 0..20 {
        ask(&gateway, "/cart", "host: shop.example\r\n");
    }
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    let text = std::fs::read_to_string(log).unwrap();
    assert_eq!(text.lines().count(), 20, "{text}");
}

#[test]
fn a_log_that_cannot_be_opened_is_an_error() {
    let output = crate::support::output(&[
        "run",
        "--access-log",
        "/nowhere/at/all",
        crate::support::example("quickstart.yaml").to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let errors = crate::support::text(&output.stderr);
    assert!(errors.contains("--access-log /nowhere/at/all"), "{errors}");
}

/// `http://ADDRESS` of the health port.
fn health(gateway: &mut Gateway) -> String {
    let line = gateway.line("/metrics are answered");
    let (_, address) = line.split_once("address=").unwrap();
    format!("http://{}", address.trim())
}

#[test]
fn the_page_counts_by_names_of_resources_alone() {
    let arguments = ["--health", "127.0.0.1:0", "--access-log", "stdout"];
    let (folder, mut gateway) = serving(&arguments);
    let health = health(&mut gateway);
    for target in ["/cart", "/cart/secret", "/elsewhere"] {
        ask(&gateway, target, "host: shop.example\r\n");
        gateway.wait_for(" received=");
    }
    ask(&gateway, "/", "host: attacker.test\r\n");
    gateway.wait_for(" received=");
    assert_eq!(curl(&[&format!("{health}/readyz")]).status, 200);
    let page = curl(&[&format!("{health}/metrics")]).text;
    let shop = r#"parent="Gateway/default/web",listener="http",route="HTTPRoute/default/shop""#;
    for line in [
        &format!("gateway_requests_total{{{shop},class=\"2xx\"}} 2"),
        r#"gateway_requests_total{parent="Gateway/default/web",listener="http",route="",class="4xx"} 1"#,
        r#"gateway_requests_total{parent="",listener="",route="",class="4xx"} 1"#,
        r#"gateway_answers_total{reason="no_rule"} 1"#,
        r#"gateway_upstream_connections{backend="Service/default/echo:80"} "#,
        &format!("gateway_request_duration_seconds_count{{{shop}}} 2"),
        r#"gateway_reloads_total{result="ok"} 1"#,
        "gateway_resolve_duration_seconds_count 1",
        r#"gateway_resolve_duration_seconds_bucket{le="+Inf"} 1"#,
        "gateway_access_log_lines_lost_total 0",
        "gateway_access_log_entries_lost_total 0",
        "# TYPE gateway_requests_total counter",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(
        !page.contains("secret") && !page.contains("attacker") && !page.contains("e308"),
        "{page}"
    );
    std::fs::write(folder.path().join("web.yaml"), "kind: Nothing\n").unwrap();
    gateway.wait_for("not reloaded");
    let page = curl(&[&format!("{health}/metrics")]).text;
    assert!(
        page.contains(r#"gateway_reloads_total{result="failed"} "#),
        "{page}"
    );
    assert!(
        !page.contains(r#"gateway_reloads_total{result="failed"} 0"#),
        "{page}"
    );
}

/// One that asks and reads nothing.
#[test]
fn a_slow_scraper_holds_nobody_up() {
    let (_folder, mut gateway) = serving(&["--health", "127.0.0.1:0"]);
    let health = health(&mut gateway);
    let address = health.trim_start_matches("http://");
    let mut slow: Vec<_> = (0..8)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for stream in &mut slow {
        let request = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50);
        stream.write_all(request.as_bytes()).unwrap();
    }
    assert_eq!(curl(&[&format!("{health}/metrics")]).status, 200);
    assert_eq!(curl(&[&format!("{health}/healthz")]).status, 200);
    assert!(ask(&gateway, "/cart", "host: shop.example\r\n").starts_with("HTTP/1.1 200"));
}

/// For an alert in time.
#[test]
fn the_page_says_when_certificates_expire() {
    let manifest = example("tls.yaml");
    let arguments = ["--health", "127.0.0.1:0", manifest.to_str().unwrap()];
    let mut gateway = Gateway::serving(&arguments);
    let page = curl(&[&format!("{}/metrics", health(&mut gateway))]).text;
    // 2124-01-01T00:00:00Z
    let line = "gateway_certificate_expiry_timestamp_seconds{certificate=\"Secret/default/web-certificate\"} 4859740800\n";
    assert!(page.contains(line), "{page}");
}
