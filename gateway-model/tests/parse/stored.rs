//! Objects that an API server has stored by the CRDs that it has, which may be newer than those here.

use gateway_model::{
    Channel, Manifests, Resource, RouteRule, Severity, parse, parse_in, parse_stored,
    parse_stored_value, parse_value,
};

/// The object of a flow mapping without its `apiVersion`.
fn stored(object: &str) -> (Resource, Vec<(String, Severity)>) {
    let text = format!("{{apiVersion: gateway.networking.k8s.io/v1, {object}}}");
    let Manifests {
        mut resources,
        problems,
        ..
    } = parse_stored("cluster", text.as_bytes());
    let loaded = resources.pop().unwrap_or_else(|| panic!("{problems:?}"));
    let problems = problems.into_iter();
    let problems = problems.map(|p| (p.field.unwrap_or_default(), p.severity));
    (loaded.resource, problems.collect())
}

/// The rules of an HTTPRoute: the matches of each, and the fields that aren't understood.
fn rules(spec: &str) -> Vec<(usize, Vec<String>)> {
    let object = format!("kind: HTTPRoute, metadata: {{name: r}}, spec: {spec}");
    let (Resource::HttpRoute(route), _) = stored(&object) else {
        panic!("expected an HTTPRoute");
    };
    let one = |rule: &RouteRule<_>| match rule {
        RouteRule::Read(rule) => {
            let rule: &gateway_model::HttpRule = rule;
            (rule.matches.len(), vec![])
        }
        RouteRule::Unread(unread) => {
            let fields = unread.problems.iter().map(|problem| problem.field.clone());
            (unread.matches.len(), fields.collect())
        }
    };
    route.spec.rules.iter().map(one).collect()
}

#[test]
fn what_is_understood_as_a_whole_is_read_as_from_a_manifest() {
    let text = b"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r},
        spec: {rules: [{retry: {attempts: 2}, matches: [{path: {value: /a}}]}]}}";
    let (stored, written) = (parse_stored("f", text), parse("f", text));
    assert_eq!(stored.problems, []);
    assert_eq!(stored.resources[0].resource, written.resources[0].resource);
}

#[test]
fn a_value_is_read_as_its_text_is() {
    let text = r#"{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"},
        "spec": {"rules": [{"matches": [{"path": {"value": "a"}}]}], "unknown": 1.5, "hostnames": null}}"#;
    let value = serde_json::from_str(text).unwrap();
    let said = |read: Manifests| {
        let problems = read.problems.into_iter();
        let problems = problems.map(|p| (p.severity, p.code, p.field, p.message));
        let resources = read.resources.into_iter().map(|loaded| loaded.resource);
        (resources.collect::<Vec<_>>(), problems.collect::<Vec<_>>())
    };
    let stored = (
        parse_stored_value("x", &value),
        parse_stored("x", text.as_bytes()),
    );
    assert_eq!(said(stored.0), said(stored.1));
    for channel in [Channel::Standard, Channel::Experimental] {
        let new = parse_value(channel, "x", &value);
        assert!(new.has_errors());
        assert_eq!(said(new), said(parse_in(channel, "x", text.as_bytes())));
    }
}

#[test]
fn a_rule_that_is_not_understood_keeps_the_matches_that_are() {
    let field = |field: &str| vec![format!("spec.rules[0].{field}")];
    let rows = [
        ("{filters: [{type: Compression}]}", 1, "filters[0].type"),
        (
            "{filters: [{type: CORS, cors: {later: 1}}]}",
            1,
            "filters[0].cors.later",
        ),
        (
            "{rateLimit: 5, matches: [{path: {value: /a}}, {}]}",
            2,
            "rateLimit",
        ),
        (
            "{matches: [{path: {type: Glob, value: '/*'}}, {}]}",
            1,
            "matches[0].path.type",
        ),
        (
            "{matches: [{sourceIP: 192.0.2.1}]}",
            0,
            "matches[0].sourceIP",
        ),
        ("{matches: {anything: true}}", 0, "matches"),
        (
            "{matches: [], timeouts: {request: forever}}",
            1,
            "timeouts.request",
        ),
        ("{timeouts: {request: 5}}", 1, "timeouts.request"),
    ];
    for (rule, matches, what) in rows {
        let found = rules(&format!("{{rules: [{rule}, {{}}]}}"));
        assert_eq!(found, [(matches, field(what)), (1, vec![])], "{rule}");
    }
}

/// A rule of a GRPCRoute without matches is for all requests; those of layer 4 have none.
#[test]
fn rules_of_every_kind_of_route_are_understood_or_not() {
    let unread = |kind: &str, rule: &str| {
        let spec = format!("{{hostnames: [a.example], rules: [{rule}]}}");
        let spec = match kind {
            "TCPRoute" | "UDPRoute" => format!("{{rules: [{rule}]}}"),
            _ => spec,
        };
        let (resource, _) = stored(&format!(
            "kind: {kind}, metadata: {{name: r}}, spec: {spec}"
        ));
        match resource {
            Resource::GrpcRoute(route) => match &route.spec.rules[0] {
                RouteRule::Unread(rule) => Some(rule.matches.len()),
                RouteRule::Read(_) => None,
            },
            Resource::TlsRoute(route) => route.spec.rules[0].read().is_none().then_some(0),
            Resource::TcpRoute(route) => route.spec.rules[0].read().is_none().then_some(0),
            Resource::UdpRoute(route) => route.spec.rules[0].read().is_none().then_some(0),
            other => panic!("{other:?}"),
        }
    };
    let backend = "backendRefs: [{name: a, port: 1}]";
    for kind in ["TLSRoute", "TCPRoute", "UDPRoute"] {
        assert_eq!(unread(kind, &format!("{{{backend}}}")), None, "{kind}");
        assert_eq!(
            unread(kind, &format!("{{{backend}, limit: 1}}")),
            Some(0),
            "{kind}"
        );
    }
    assert_eq!(unread("GRPCRoute", "{}"), None);
    assert_eq!(
        unread("GRPCRoute", "{filters: [{type: CORS, cors: {}}]}"),
        Some(1)
    );
    let rule = "{matches: [{method: {type: Glob, method: a}}]}";
    assert_eq!(unread("GRPCRoute", rule), Some(0));
}

#[test]
fn a_version_that_one_channel_serves_alone_is_known_to_it_alone() {
    let route = |version: &str| {
        format!(
            "{{apiVersion: gateway.networking.k8s.io/{version}, kind: TCPRoute, metadata: {{name: r}},
              spec: {{rules: [{{backendRefs: [{{name: a, port: 1}}]}}, {{backendRefs: [{{name: b, port: 1}}]}}]}}}}"
        )
    };
    let problems = |channel, version| {
        let read = gateway_model::parse_in(channel, "f", route(version).as_bytes());
        let codes = read.problems.iter().map(|problem| problem.code.as_str());
        codes.collect::<Vec<_>>()
    };
    use gateway_model::Channel::{Experimental, Standard};
    assert_eq!(problems(Experimental, "v1alpha2"), Vec::<&str>::new());
    assert_eq!(problems(Standard, "v1alpha2"), ["UnservedVersion"]);
    // Its schema is another: `v1` has one rule.
    assert_eq!(problems(Experimental, "v1"), ["WrongCount"]);
    assert_eq!(problems(Standard, "v1"), ["WrongCount"]);
}

#[test]
fn outside_of_rules_no_rule_is_read() {
    let unread = |matches, field: &str| vec![(matches, vec![field.to_owned()])];
    assert_eq!(
        rules("{policy: strict, rules: [{}]}"),
        unread(1, "spec.policy")
    );
    let hosts = "{hostnames: [a.example, '-'], rules: [{}]}";
    assert_eq!(rules(hosts), unread(1, "spec.hostnames[1]"));
    // Without a hostname that is understood, it isn't known which requests the route is for.
    let hosts = "{hostnames: ['-'], rules: [{}]}";
    assert_eq!(rules(hosts), unread(0, "spec.hostnames[0]"));
}

#[test]
fn longer_and_more_values_than_the_crd_allows_are_understood() {
    let matches = "{}, ".repeat(65);
    assert_eq!(
        rules(&format!("{{rules: [{{matches: [{matches}]}}]}}")),
        [(65, vec![])]
    );
    let path = "a".repeat(2000);
    let rule = format!("{{matches: [{{path: {{value: /{path}}}}}]}}");
    assert_eq!(rules(&format!("{{rules: [{rule}]}}")), [(1, vec![])]);
}

#[test]
fn a_rule_that_is_not_understood_is_written_as_it_was_stored() {
    let rule = r#"{"filters":[{"level":5,"type":"Compression"}],"name":"x"}"#;
    let object = format!("kind: HTTPRoute, metadata: {{name: r}}, spec: {{rules: [{rule}]}}");
    let text = serde_json::to_string(&stored(&object).0).unwrap();
    assert!(text.contains(rule), "{text}");
}

#[test]
fn gateways_and_listeners_list_what_is_not_understood() {
    let listener = |rest: &str| format!("{{name: l, port: 80, protocol: HTTP{rest}}}");
    let gateway = |listener: &str, spec: &str| {
        let object = format!(
            "kind: Gateway, metadata: {{name: g}},
             spec: {{gatewayClassName: c, listeners: [{listener}]{spec}}}"
        );
        let (Resource::Gateway(gateway), problems) = stored(&object) else {
            panic!("expected a Gateway");
        };
        assert!(
            problems.iter().all(|(_, s)| *s == Severity::Warning),
            "{problems:?}"
        );
        let fields = |unread: &[gateway_model::Unread]| {
            let fields = unread.iter().map(|unread| unread.field.clone());
            fields.collect::<Vec<_>>()
        };
        let listeners = gateway.spec.listeners.iter();
        let listeners: Vec<_> = listeners.flat_map(|one| fields(&one.unread)).collect();
        (listeners, fields(&gateway.spec.unread))
    };
    let none = Vec::<String>::new;
    let one = |field: &str| vec![field.to_owned()];
    assert_eq!(gateway(&listener(""), ""), (none(), none()));
    let limited = gateway(&listener(", limit: 1"), "");
    assert_eq!(limited, (one("spec.listeners[0].limit"), none()));
    let mode = gateway(&listener(", tls: {mode: Split}"), "");
    assert_eq!(mode, (one("spec.listeners[0].tls.mode"), none()));
    let from = gateway(&listener(", allowedRoutes: {namespaces: {from: Near}}"), "");
    assert_eq!(
        from,
        (
            one("spec.listeners[0].allowedRoutes.namespaces.from"),
            none()
        )
    );
    let spec = gateway(&listener(""), ", sourceRanges: []");
    assert_eq!(spec, (none(), one("spec.sourceRanges")));
    // A listener of which too little is left is gone, and the Gateway says so.
    let name = gateway("{name: l, port: 0, protocol: HTTP}", "");
    assert_eq!(name, (none(), one("spec.listeners[0].port")));
}

/// A policy that asks for TLS stays, whatever it asks for: without it, requests would go out in clear.
#[test]
fn a_policy_that_is_not_understood_stays_with_its_targets() {
    let system = "wellKnownCACertificates: System";
    let rows = [
        (
            format!("hostname: a.example, {system}, pin: x"),
            true,
            "spec.validation.pin",
        ),
        (
            "hostname: a.example, trustBundle: x".to_owned(),
            false,
            "spec.validation.trustBundle",
        ),
        (
            format!("hostname: '-', {system}"),
            false,
            "spec.validation.hostname",
        ),
        (
            format!("hostname: [a.example], {system}"),
            false,
            "spec.validation.hostname",
        ),
    ];
    for (validation, understood, field) in rows {
        let object = format!(
            "kind: BackendTLSPolicy, metadata: {{name: p}},
             spec: {{targetRefs: [{{group: '', kind: Service, name: s}}], validation: {{{validation}}}}}"
        );
        let (Resource::BackendTlsPolicy(policy), _) = stored(&object) else {
            panic!("expected a BackendTLSPolicy");
        };
        assert_eq!(policy.spec.target_refs.len(), 1, "{validation}");
        assert_eq!(policy.spec.validation.is_some(), understood, "{validation}");
        let unread = &policy.spec.unread;
        assert!(
            unread.iter().any(|unread| unread.field == field),
            "{unread:?}"
        );
    }
}

#[test]
fn a_grant_that_is_not_understood_grants_nothing() {
    let grants = |spec: &str| {
        let object = format!("kind: ReferenceGrant, metadata: {{name: g}}, spec: {spec}");
        let (Resource::ReferenceGrant(grant), _) = stored(&object) else {
            panic!("expected a ReferenceGrant");
        };
        grant.spec.from.len() * grant.spec.to.len()
    };
    let from = "{group: g, kind: K, namespace: team}";
    let to = "{group: '', kind: Service}";
    assert_eq!(grants(&format!("{{from: [{from}], to: [{to}]}}")), 1);
    let narrow = "{group: g, kind: K, namespace: team, account: a}";
    assert_eq!(grants(&format!("{{from: [{narrow}], to: [{to}]}}")), 0);
    assert_eq!(
        grants(&format!("{{from: [{narrow}, {from}], to: [{to}]}}")),
        1
    );
    assert_eq!(
        grants(&format!("{{from: [{from}], to: [{to}], until: x}}")),
        0
    );
    assert_eq!(
        grants(&format!("{{from: [{from}], to: [{to}], selector: []}}")),
        0
    );
}

#[test]
fn what_no_manifest_can_say_is_not_taken_from_one() {
    let object = r#"kind: HTTPRoute, metadata: {name: r},
        spec: {rules: [{"\0unread": {matches: [{}], problems: [], stored: {}}}]}"#;
    let (Resource::HttpRoute(route), problems) = stored(object) else {
        panic!("expected an HTTPRoute");
    };
    assert_eq!(problems.len(), 1, "{problems:?}");
    let RouteRule::Unread(rule) = &route.spec.rules[0] else {
        panic!("the rule has a field that isn't known");
    };
    assert_eq!(rule.problems.len(), 1);
}
