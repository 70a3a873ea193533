//! Options for listeners of the K8sGateway API, from manifests to what clients and backends see.

use crate::options::{each_version, has, lacks, policy, served};
use crate::support::curl;

fn http(options: &str) -> String {
    policy("HttpListenerOption", "Gateway/gw", options)
}

#[test]
fn a_listener_speaks_http_as_its_options_say() {
    let (_files, gateway) = served(&[http(
        "{healthCheck: {path: /healthz}, httpConnectionManagerSettings: {serverName: edge, via: '1.1 edge', \
         useRemoteAddress: true, mergeSlashes: true, headersWithUnderscoresAction: DROP_HEADER, \
         earlyHeaderManipulation: {headersToAdd: [{header: {key: x-early, value: 'yes'}}]}}}",
    )]);
    let sent = ["-H", "x-forwarded-for: 192.0.2.1", "-H", "x_old: 1"];
    each_version(&gateway, "/tuned//x", &sent, |answer| {
        assert_eq!(answer.status, 200);
        has(answer, "192.0.2.1, ");
        has(answer, "x-early");
        has(answer, "/tuned/x");
        lacks(answer, "x_old");
    });
    let answer = curl(&[&gateway.url("/tuned")]);
    has(&answer, "server: edge");
    has(&answer, "via: 1.1 edge");
    each_version(&gateway, "/healthz", &[], |answer| {
        assert_eq!(answer.status, 200);
        lacks(answer, "/healthz");
    });
}

#[test]
fn what_options_do_not_say_stays() {
    let (_files, gateway) = served(&[http("{httpConnectionManagerSettings: {}}")]);
    let sent = ["-H", "x-forwarded-for: 192.0.2.1", "-H", "x_old: 1"];
    each_version(&gateway, "/tuned//x", &sent, |answer| {
        assert_eq!(answer.status, 200);
        lacks(answer, "192.0.2.1");
        has(answer, "x_old");
        has(answer, "/tuned//x");
    });
}

#[test]
fn a_listener_writes_the_log_that_its_options_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let options = format!(
        "{{accessLoggingService: {{accessLog: [{{fileSink: {{path: {}, jsonFormat: {{path: '%REQ(:PATH)%', \
         code: '%RESPONSE_CODE%'}}}}, filter: {{statusCodeFilter: {{comparison: {{op: GE, \
         value: {{defaultValue: 400, runtimeKey: a}}}}}}}}}}]}}}}",
        log.display()
    );
    let (_files, gateway) = served(&[policy("ListenerOption", "Gateway/gw", &options)]);
    assert_eq!(curl(&[&gateway.url("/tuned")]).status, 200);
    assert_eq!(curl(&["-H", "host: a b", &gateway.url("/bad")]).status, 400);
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    let written = std::fs::read_to_string(log).unwrap();
    assert_eq!(written, "{\"code\":400,\"path\":\"/bad\"}\n");
}
