//! What is compiled when.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_model::{ObjectRef, Port, SectionName, Source};
use gateway_resolve::ir::{
    AppProtocol, Backend, BackendId, BackendSettings, Binding, Endpoint, Ir, Listener, ListenerId,
    Stack, Transport,
};

use super::{Forwarder, Forwarding};
use crate::Limits;
use crate::backend::upstream::Upstreams;
use crate::table::SocketTable;

fn source(kind: &'static str) -> Source {
    Source {
        object: ObjectRef::new("", kind, "default", "a"),
        generation: 1,
    }
}

fn ir(port: i64, protocol: AppProtocol, endpoints: &[&str]) -> Ir {
    let port = Port::new(port).unwrap();
    let listener = Listener {
        id: ListenerId {
            parent: source("Gateway").object,
            name: SectionName::new("http").unwrap(),
        },
        source: source("Gateway"),
        binding: Binding {
            addresses: vec![],
            port,
        },
        hostname: None,
        stack: Stack::Http { hosts: vec![] },
        settings: Default::default(),
    };
    let endpoint = |text: &&str| Endpoint::at(text.parse::<SocketAddr>().unwrap());
    let backend = Backend {
        id: BackendId {
            certificate: None,
            function: None,
            object: source("Service").object,
            port: Some(port),
            transport: Transport::Tcp,
        },
        source: source("Service"),
        protocol,
        tls: None,
        settings: BackendSettings::default(),
        endpoints: endpoints.iter().map(endpoint).collect(),
    };
    Ir::new(vec![Arc::new(listener)], [Arc::new(backend)], []).unwrap()
}

#[test]
fn a_change_of_endpoints_compiles_no_rule_anew() {
    let limits = Limits::default();
    let (upstreams, forwarding) = (Upstreams::new(), Forwarding::default());
    let forwarder = Forwarder::with_workers(upstreams, 2, limits, forwarding);
    let table = |ir: &Ir| -> Arc<SocketTable<_>> {
        forwarder.apply(ir);
        let socket = forwarder.sockets()[0];
        Arc::clone(&forwarder.view(1, &socket).unwrap().table)
    };
    let first = table(&ir(80, AppProtocol::Http1, &["127.0.0.1:1"]));
    let more = table(&ir(80, AppProtocol::Http1, &["127.0.0.1:1", "127.0.0.1:2"]));
    assert!(Arc::ptr_eq(&first, &more));
    let none = table(&ir(80, AppProtocol::Http1, &[]));
    assert!(Arc::ptr_eq(&first, &none));
    // What is spoken is not an endpoint's business, and another port is another listener's.
    let spoken = table(&ir(80, AppProtocol::H2c, &[]));
    assert!(!Arc::ptr_eq(&first, &spoken));
    let moved = table(&ir(81, AppProtocol::H2c, &[]));
    assert!(!Arc::ptr_eq(&spoken, &moved));
}
