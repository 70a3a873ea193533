//! Tests of lookups, and what they are built from.

mod explain;
mod listeners;
mod naive;
mod next;
mod property;

use std::sync::Arc;

use gateway_model::{Hostname, ObjectRef, Port, SectionName, Source};
use gateway_resolve::ir::{
    Action, AppProtocol, Backend, BackendId, Binding, Certificate, CertificateId, Handshake, Ir,
    Listener, ListenerId, Match, PathMatch, PrivateKey, Refusal, RefusalReason, Route, Rule,
    RuleSettings, RuleSource, Split, Stack, Target, Tls, Transport, VirtualHost, WeightedTarget,
};
use http::{HeaderMap, Method};

use super::{Head, Hit, Miss, SocketKey, SocketTable, Table};

fn object(kind: &'static str, name: &str) -> ObjectRef {
    ObjectRef::new("gateway.networking.k8s.io", kind, "default", name)
}

fn source(kind: &'static str, name: &str) -> Source {
    Source {
        object: object(kind, name),
        generation: 1,
    }
}

fn hostname(name: &str) -> Option<Hostname> {
    Some(name)
        .filter(|name| !name.is_empty())
        .map(|name| Hostname::new(name).unwrap())
}

/// A rule that is told apart by the name of its route.
fn rule(name: &str) -> Rule {
    Rule {
        source: RuleSource::new(source("HTTPRoute", name), 0),
        filters: vec![],
        action: Action::Fail(Refusal::new(RefusalReason::NoBackend, "none")),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    }
}

/// A rule that forwards to the backend of that name.
fn forwarding(name: &str) -> Rule {
    let target = WeightedTarget {
        weight: 1,
        filters: vec![],
        target: Target::Backend(backend(name).id.clone()),
    };
    Rule {
        action: Action::Forward(Split::new(vec![target]).unwrap()),
        ..rule(name)
    }
}

fn backend(name: &str) -> Arc<Backend> {
    let source = source("Service", name);
    let (object, port) = (source.object.clone(), Some(Port::new(80).unwrap()));
    Arc::new(Backend {
        id: BackendId {
            object,
            port,
            transport: Transport::Tcp,
            certificate: None,
            function: None,
        },
        source,
        protocol: AppProtocol::Http,
        tls: None,
        settings: Default::default(),
        endpoints: vec![],
    })
}

/// An IR of listeners that may have a certificate, and whose rules forward to the backends of these names.
fn ir(listeners: Vec<Arc<Listener>>) -> Ir {
    let certificate = Certificate {
        id: CertificateId(object("Secret", "cert")),
        source: source("Secret", "cert"),
        chain: vec![vec![0]],
        key: PrivateKey::Pkcs8(vec![]),
        names: vec![],
    };
    let backends = ["r", "s", "t", "u"].map(backend);
    Ir::new(listeners, backends, [Arc::new(certificate)]).unwrap()
}

fn path_only(path: PathMatch) -> Match {
    Match {
        path,
        method: None,
        headers: vec![],
        query: vec![],
    }
}

fn prefix(path: &str, name: &str) -> Route {
    Route {
        matches: path_only(PathMatch::prefix(path)),
        match_index: 0,
        rule: Arc::new(rule(name)),
    }
}

/// A listener on port 80 or 443; `names` are hosts, each with one route for any path, named after it.
fn listener(stack: &Stack, name: &str, names: &[&str]) -> Arc<Listener> {
    let mut hosts = names
        .iter()
        .map(|host| {
            let route = prefix("/", &format!("{name}>{host}"));
            VirtualHost::new(hostname(host), vec![route])
        })
        .collect::<Vec<_>>();
    hosts.sort_by_key(|host| (host.hostname.is_none(), host.hostname.clone()));
    with_hosts(stack, name, hosts)
}

/// A listener whose host name is its name, with dots for dashes and a star for `any`.
fn with_hosts(stack: &Stack, name: &str, hosts: Vec<VirtualHost>) -> Arc<Listener> {
    let id = ListenerId {
        parent: object("Gateway", "web"),
        name: SectionName::new(&name.replace('*', "any")).unwrap_or_else(|_| unnamed()),
    };
    let hosts = hosts.into_iter().map(Arc::new).collect();
    let port = if stack.begins_with_tls() { 443 } else { 80 };
    Arc::new(Listener {
        id,
        source: source("Gateway", "web"),
        binding: Binding {
            addresses: vec![],
            port: Port::new(port).unwrap(),
        },
        hostname: hostname(name),
        stack: match stack.tls().cloned() {
            Some(tls) => Stack::Https { tls, hosts },
            None => Stack::Http { hosts },
        },
        settings: Default::default(),
    })
}

fn unnamed() -> SectionName {
    SectionName::new("unnamed").unwrap()
}

fn http() -> Stack {
    Stack::Http { hosts: vec![] }
}

fn https() -> Stack {
    let tls = Tls {
        certificates: vec![CertificateId(object("Secret", "cert"))],
        clients: None,
        handshake: Handshake::default(),
    };
    let hosts = vec![];
    Stack::Https { tls, hosts }
}

/// The one socket that `listeners` share.
fn socket(listeners: Vec<Arc<Listener>>) -> Arc<SocketTable<()>> {
    let table = Table::compile(&ir(listeners), |_| ());
    let (_, socket) = table.sockets().next().unwrap();
    Arc::clone(socket)
}

/// A `GET` without headers.
fn get<'a>(host: &'a str, path: &'a str, headers: &'a HeaderMap) -> Head<'a> {
    Head {
        host,
        method: &Method::GET,
        path,
        query: None,
        headers,
    }
}

/// The name of the route that a `GET` gets.
fn found(
    socket: &SocketTable<()>,
    host: &str,
    path: &str,
    sni: Option<&str>,
) -> Result<String, Miss> {
    let headers = HeaderMap::new();
    let hit = socket.find(&get(host, path, &headers), sni);
    hit.map(|hit: Hit<'_, ()>| hit.route.rule.source.id.route.name.to_string())
}

#[test]
fn a_listener_is_found_under_each_of_its_addresses() {
    let mut listener = Arc::unwrap_or_clone(listener(&http(), "", &[""]));
    let addresses = ["10.0.0.1", "::1"].map(|address| address.parse().unwrap());
    listener.binding.addresses = addresses.into();
    let default = with_hosts(&http(), "a.example", vec![]);
    let ir = Ir::new(vec![Arc::new(listener), default], [], []).unwrap();
    let table = Table::compile(&ir, |_| ());
    let keys = table.sockets().map(|(key, _)| key.to_string());
    assert_eq!(
        keys.collect::<Vec<_>>(),
        ["*:80", "10.0.0.1:80", "[::1]:80"]
    );
    let key = |address| SocketKey::tcp(address, 80);
    let listeners = |address| table.socket(&key(address)).map(|s| s.listeners().len());
    assert_eq!(listeners(Some(addresses[0])), Some(1));
    assert_eq!(listeners(None), Some(1));
    assert_eq!(listeners(Some([10, 0, 0, 2].into())), None);
}

/// Ports of TCP and of UDP are not the same ports, and datagrams are not taken for HTTP.
#[test]
fn a_listener_for_datagrams_has_a_socket_of_its_own() {
    let web = listener(&http(), "", &[""]);
    let mut datagrams = Listener::clone(&web);
    datagrams.id.name = SectionName::new("udp").unwrap();
    datagrams.stack = Stack::Udp { rule: None };
    let ir = Ir::new(vec![web, Arc::new(datagrams)], [], []).unwrap();
    let table = Table::compile(&ir, |_| ());
    let socket = |key| table.socket(&key).unwrap();
    assert!(socket(SocketKey::udp(None, 80)).udp().is_some());
    assert!(found(socket(SocketKey::udp(None, 80)), "a", "/", None).is_err());
    assert!(socket(SocketKey::tcp(None, 80)).udp().is_none());
    assert!(found(socket(SocketKey::tcp(None, 80)), "a", "/", None).is_ok());
}

/// GEP-1767: the gateway answers the preflight requests of a rule, whatever its matches say of methods and headers.
#[test]
fn a_preflight_request_leads_to_the_rule_that_it_asks_about() {
    let cors = gateway_resolve::ir::Cors {
        allow_origins: vec![],
        allow_credentials: false,
        allow_methods: vec![],
        allow_headers: vec![],
        expose_headers: vec![],
        max_age: std::num::NonZeroU32::MIN,
    };
    let route = |path: &str, method: Option<&str>, name: &str, has_cors: bool| {
        let mut route = prefix(path, name);
        route.matches.method = method.map(|method| gateway_model::Method::new(method).unwrap());
        let mut rule = Rule::clone(&route.rule);
        if has_cors {
            rule.filters
                .push(gateway_resolve::ir::Filter::Cors(cors.clone()));
        }
        route.rule = Arc::new(rule);
        route
    };
    let routes = vec![
        route("/a", Some("POST"), "posts", true),
        route("/a", Some("PUT"), "puts", false),
        route("/b", None, "all", false),
    ];
    let hosts = vec![VirtualHost::new(None, routes)];
    let socket = socket(vec![with_hosts(&http(), "", hosts)]);
    let headers = HeaderMap::new();
    let asked = |path: &str, method: &str| {
        let head = Head {
            method: &http::Method::OPTIONS,
            ..get("a.example", path, &headers)
        };
        let hit = socket.find_preflight(&head, None, method);
        hit.map(|hit| hit.rule.ir().source.id.route.name.to_string())
    };
    assert_eq!(asked("/a/x", "POST").as_deref(), Some("posts"));
    // Another method of the path: the browser is told which ones there are.
    assert_eq!(asked("/a", "GET").as_deref(), Some("posts"));
    // A rule without CORS is not shared.
    assert_eq!(asked("/a", "PUT"), None);
    assert_eq!(asked("/b", "POST"), None);
    assert_eq!(asked("/c", "POST"), None);
}
