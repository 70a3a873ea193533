//! What the end-to-end tests share: IRs built in code, origin servers, and plain clients.

pub(crate) mod client;
#[cfg(feature = "dns")]
pub(crate) mod dns;
#[cfg(feature = "lambda")]
pub(crate) mod lambda;
pub(crate) mod origin;
#[cfg(feature = "grpc")]
pub(crate) mod proto;
pub(crate) mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::{Applied, Limits, Ports, Proxy, ProxyBuilder};
use gateway_model::{ObjectRef, Port, SectionName, Source};
use gateway_resolve::ir::{
    Action, AppProtocol, Authorization, Backend, BackendId, BackendSettings, Binding, Certificate,
    CertificateId, ClientValidation, Endpoint, Failures, Filter, Handshake, Ir, Listener,
    ListenerId, Match, PathMatch, PrivateKey, Retry, Route, Rule, RuleSettings, RuleSource,
    ServerName, SessionPersistence, Sourced, Split, Stack, StreamAction, StreamRule,
    StreamSettings, StreamSplit, StreamTarget, Target, Tls, VirtualHost, WeightedTarget,
};

fn object(kind: &'static str, name: &str) -> ObjectRef {
    ObjectRef::new("", kind, "default", name)
}

pub(crate) fn source(kind: &'static str, name: &str) -> Source {
    Source {
        object: object(kind, name),
        generation: 1,
    }
}

/// A proxy on free ports of 127.0.0.1.
pub(crate) fn builder() -> ProxyBuilder {
    Proxy::builder()
        .workers(2)
        .addresses([Ipv4Addr::LOCALHOST.into()])
        .ports(Ports::Any)
}

/// The same with limits that tests can wait for.
pub(crate) fn limited(change: impl FnOnce(&mut Limits)) -> Proxy {
    let mut limits = Limits::default();
    change(&mut limits);
    builder().limits(limits).start().unwrap()
}

/// A proxy that serves `ir`, and the address of its first listener.
pub(crate) fn serve(ir: &Arc<Ir>) -> (Proxy, SocketAddr) {
    let proxy = builder().start().unwrap();
    let address = address(&proxy.apply(ir));
    (proxy, address)
}

/// Where the first listener is served.
pub(crate) fn address(applied: &Applied) -> SocketAddr {
    let problems: Vec<_> = applied.problems().map(|(_, p)| p.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    applied.listeners()[0].bound[0]
}

pub(crate) fn id(name: &str) -> BackendId {
    BackendId::new(object("Service", name), Port::new(80).unwrap())
}

pub(crate) fn backend(name: &str, endpoints: &[SocketAddr]) -> Backend {
    let mut endpoints: Vec<_> = endpoints
        .iter()
        .map(|&address| Endpoint::at(address))
        .collect();
    endpoints.sort();
    Backend {
        id: id(name),
        source: source("Service", name),
        protocol: AppProtocol::Http1,
        tls: None,
        settings: BackendSettings::default(),
        endpoints,
    }
}

pub(crate) fn h2c(backend: Backend) -> Backend {
    Backend {
        protocol: AppProtocol::H2c,
        ..backend
    }
}

pub(crate) fn to(name: &str) -> WeightedTarget {
    WeightedTarget {
        weight: 1,
        filters: Vec::new(),
        target: Target::Backend(id(name)),
    }
}

/// A rule that forwards to `targets`.
pub(crate) fn rule(targets: Vec<WeightedTarget>) -> Rule {
    Rule {
        source: RuleSource::new(source("HTTPRoute", "route"), 0),
        filters: Vec::new(),
        action: Action::Forward(Split::new(targets).unwrap()),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    }
}

pub(crate) fn filtered(rule: Rule, filters: Vec<Filter>) -> Rule {
    Rule { filters, ..rule }
}

pub(crate) fn set<T>(value: T) -> Option<Box<Sourced<T>>> {
    let source = source("HTTPRoute", "route");
    Some(Box::new(Sourced::new(value, "spec", source)))
}

pub(crate) fn request_timeout(mut rule: Rule, limit: Duration) -> Rule {
    rule.settings.request_timeout = set(limit);
    rule
}

pub(crate) fn attempt_timeout(mut rule: Rule, limit: Duration) -> Rule {
    rule.settings.backend_request_timeout = set(limit);
    rule
}

pub(crate) fn authorized(mut rule: Rule, asked: Authorization) -> Rule {
    rule.settings.authorization = set(asked);
    rule
}

pub(crate) fn sticky(mut rule: Rule, persistence: SessionPersistence) -> Rule {
    rule.settings.session = set(persistence);
    rule
}

pub(crate) fn retried(mut rule: Rule, attempts: u32, statuses: &[u16]) -> Rule {
    rule.settings.retry = set(Retry {
        statuses: statuses.to_vec(),
        attempts: NonZeroU32::new(attempts).unwrap(),
        backoff: Duration::from_millis(1),
        max_backoff: None,
        attempt_timeout: None,
        failures: Failures::default(),
    });
    rule
}

/// A listener in clear that sends what starts with each path to the rule beside it.
pub(crate) fn listener(name: &str, routes: Vec<(&str, Rule)>) -> Listener {
    let route = |(path, rule): (&str, Rule)| Route {
        matches: Match {
            path: PathMatch::prefix(path),
            method: None,
            headers: Vec::new(),
            query: Vec::new(),
        },
        match_index: 0,
        rule: Arc::new(rule),
    };
    let routes = routes.into_iter().map(route).collect();
    Listener {
        id: ListenerId {
            parent: object("Gateway", "gateway"),
            name: SectionName::new(name).unwrap(),
        },
        source: source("Gateway", "gateway"),
        binding: Binding {
            addresses: Vec::new(),
            port: Port::new(80).unwrap(),
        },
        hostname: None,
        stack: Stack::Http {
            hosts: vec![Arc::new(VirtualHost::new(None, routes))],
        },
        settings: Default::default(),
    }
}

/// The same with its only host changed.
pub(crate) fn on_host(
    mut listener: Listener,
    change: impl FnOnce(VirtualHost) -> VirtualHost,
) -> Listener {
    if let Stack::Http { hosts } = &mut listener.stack {
        let host = VirtualHost::clone(&hosts[0]);
        *hosts = vec![Arc::new(change(host))];
    }
    listener
}

pub(crate) fn on_port(mut listener: Listener, port: u16) -> Listener {
    listener.binding.port = Port::new(port.into()).unwrap();
    listener
}

pub(crate) fn over_tls(listener: Listener, certificates: &[&Certificate]) -> Listener {
    let certificates = certificates.iter().map(|c| c.id.clone()).collect();
    let hosts = listener.hosts().to_vec();
    let clients = None;
    let tls = Tls {
        certificates,
        clients,
        handshake: Handshake::default(),
    };
    Listener {
        stack: Stack::Https { tls, hosts },
        ..listener
    }
}

/// The same for clients that show a certificate which one of `authorities` has signed.
pub(crate) fn for_clients(
    mut listener: Listener,
    authorities: &[Vec<u8>],
    mandatory: bool,
) -> Listener {
    if let Stack::Https { tls, .. } | Stack::TlsTerminate { tls, .. } = &mut listener.stack {
        tls.clients = Some(ClientValidation {
            authorities: authorities.to_vec(),
            mandatory,
        });
    }
    listener
}

/// A share of the connections of a listener for TCP.
pub(crate) fn share(weight: u32, target: Target) -> StreamTarget {
    StreamTarget { weight, target }
}

pub(crate) fn to_id(name: &str) -> Target {
    Target::Backend(id(name))
}

/// A rule that passes on to `targets`; without any there is none.
fn stream_rule(targets: Vec<StreamTarget>) -> Option<Arc<StreamRule>> {
    let rule = StreamSplit::new(targets).map(|split| StreamRule {
        source: RuleSource::new(source("TCPRoute", "route"), 0),
        action: StreamAction::Forward(split),
        settings: StreamSettings::default(),
    });
    rule.map(Arc::new)
}

/// The same for TCP; without targets there is no route.
pub(crate) fn tcp(listener: Listener, targets: Vec<StreamTarget>) -> Listener {
    let rule = stream_rule(targets);
    Listener {
        stack: Stack::Tcp { rule },
        ..listener
    }
}

/// The same for UDP.
pub(crate) fn udp(listener: Listener, targets: Vec<StreamTarget>) -> Listener {
    let rule = stream_rule(targets);
    Listener {
        stack: Stack::Udp { rule },
        ..listener
    }
}

/// Server names, each with a backend; an empty name stands for any.
fn server_names(names: &[(&str, &str)]) -> Vec<ServerName> {
    let name = |(hostname, backend): &(&str, &str)| ServerName {
        hostname: hostname.parse().ok(),
        rule: stream_rule(vec![share(1, to_id(backend))]).unwrap(),
    };
    names.iter().map(name).collect()
}

/// The same for TLS that is passed on.
pub(crate) fn passthrough(listener: Listener, names: &[(&str, &str)]) -> Listener {
    let names = server_names(names);
    Listener {
        stack: Stack::TlsPassthrough { names },
        ..listener
    }
}

/// The same for TLS that is terminated, with what is inside passed on.
pub(crate) fn terminated(
    listener: Listener,
    certificate: &Certificate,
    names: &[(&str, &str)],
) -> Listener {
    let certificates = vec![certificate.id.clone()];
    let stack = Stack::TlsTerminate {
        tls: Tls {
            certificates,
            clients: None,
            handshake: Handshake::default(),
        },
        names: server_names(names),
    };
    Listener { stack, ..listener }
}

pub(crate) fn for_host(listener: Listener, host: &str) -> Listener {
    Listener {
        hostname: Some(host.parse().unwrap()),
        ..listener
    }
}

/// A self-signed certificate called `name`.
pub(crate) fn certificate(name: &str, hosts: &[&str]) -> Certificate {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(hosts.clone()).unwrap();
    Certificate {
        id: CertificateId(object("Secret", name)),
        source: source("Secret", name),
        chain: vec![made.cert.der().to_vec()],
        key: PrivateKey::Pkcs8(made.signing_key.serialize_der()),
        names: hosts.iter().map(|host| host.parse().unwrap()).collect(),
    }
}

pub(crate) fn ir(listeners: Vec<Listener>, backends: Vec<Backend>) -> Arc<Ir> {
    ir_with(listeners, backends, Vec::new())
}

pub(crate) fn ir_with(
    listeners: Vec<Listener>,
    backends: Vec<Backend>,
    certificates: Vec<Certificate>,
) -> Arc<Ir> {
    let listeners = listeners.into_iter().map(Arc::new).collect();
    let backends = backends.into_iter().map(Arc::new);
    Arc::new(Ir::new(listeners, backends, certificates.into_iter().map(Arc::new)).unwrap())
}

/// One listener that sends everything to the origins at `endpoints`.
pub(crate) fn simple(endpoints: &[SocketAddr]) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend("a", endpoints)])
}

/// A refusal of a stage, without a body.
pub(crate) fn refusal(status: http::StatusCode) -> http::Response<bytes::Bytes> {
    let mut refusal = http::Response::new(bytes::Bytes::new());
    *refusal.status_mut() = status;
    refusal
}
