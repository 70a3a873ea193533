//! Options of virtual hosts, and how they go together with those of routes.

use crate::options::{each_version, has, lacks, policy, served, tuned};

#[test]
fn what_a_route_says_of_other_origins_goes_before_what_its_virtual_host_says() {
    let host = "{cors: {allowOrigin: ['https://h.example'], allowMethods: [PUT], allowCredentials: true, \
                exposeHeaders: [x-h]}, corsPolicyMergeSettings: {exposeHeaders: UNION}}";
    let route = "{cors: {allowOrigin: ['https://r.example'], exposeHeaders: [x-r], maxAge: '7'}}";
    let (_files, gateway) = served(&[
        policy("VirtualHostOption", "Gateway/gw", host),
        policy("RouteOption", "HTTPRoute/tuned", route),
        policy(
            "RouteOption",
            "HTTPRoute/exact",
            "{cors: {allowOrigin: ['*'], disableForRoute: true}}",
        ),
    ]);
    let from = |origin: &str| format!("origin: https://{origin}.example");
    each_version(&gateway, "/other", &["-H", &from("h")], |answer| {
        has(answer, "access-control-allow-origin: https://h.example");
        has(answer, "access-control-expose-headers: x-h");
        has(answer, "access-control-allow-credentials: true");
    });
    each_version(&gateway, "/tuned", &["-H", &from("h")], |answer| {
        lacks(answer, "access-control-allow-origin");
    });
    let asks = "access-control-request-method: PUT";
    let preflight = ["-X", "OPTIONS", "-H", asks, "-H", &from("r")];
    each_version(&gateway, "/tuned", &preflight, |answer| {
        has(answer, "access-control-allow-origin: https://r.example");
        has(answer, "access-control-allow-methods: PUT");
        has(answer, "access-control-allow-credentials: true");
        has(answer, "access-control-max-age: 7");
        has(answer, "access-control-expose-headers: x-h, x-r");
        lacks(answer, "GET /");
    });
    each_version(&gateway, "/exact", &["-H", &from("h")], |answer| {
        lacks(answer, "access-control-allow-origin");
    });
}

#[test]
fn a_preflight_of_an_origin_that_is_not_allowed_goes_to_the_backend() {
    let (_files, gateway) = tuned("{cors: {allowOrigin: ['https://r.example']}}");
    let asks = "access-control-request-method: PUT";
    let preflight = [
        "-X",
        "OPTIONS",
        "-H",
        asks,
        "-H",
        "origin: https://h.example",
    ];
    each_version(&gateway, "/tuned", &preflight, |answer| {
        has(answer, "OPTIONS /tuned");
        lacks(answer, "access-control-allow-origin");
    });
}

#[test]
fn backends_and_clients_are_told_of_attempts_where_a_virtual_host_says_so() {
    let told = "{includeRequestAttemptCount: true, includeAttemptCountInResponse: true}";
    let (_files, gateway) = served(&[policy("VirtualHostOption", "Gateway/gw", told)]);
    each_version(&gateway, "/", &[], |answer| {
        let count = answer.text.matches("x-envoy-attempt-count: 1").count();
        assert_eq!(count, 2, "{answer:?}");
    });
    let (_files, gateway) = tuned("{}");
    each_version(&gateway, "/", &[], |answer| {
        lacks(answer, "x-envoy-attempt-count");
    });
}
