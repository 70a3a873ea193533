//! A controller of one's own: where resources come from and where statuses go is the embedder's,
//! the order in between is this. Here both are a list in memory.

use std::net::Ipv4Addr;
use std::sync::Arc;

use gateway_dataplane::{Ports, Proxy};
use gateway_model::{Resource, Timestamp, parse};
use gateway_resolve::{Config, Snapshot, Status, StatusWrite, plan_statuses, reconcile};

const MANIFESTS: &[u8] = br#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, generation: 1}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
"#;

/// One turn: what is to be written about is served already.
fn turn(proxy: &Proxy, resources: &[Resource]) -> Vec<StatusWrite> {
    let config = Config::default();
    let snapshot = Snapshot::from_resources(resources.iter().cloned());
    let turn = reconcile(&snapshot, &config, Timestamp::now(), proxy);
    plan_statuses(&snapshot, &turn.statuses, &config.controller_name)
}

/// Stands in for the API server.
fn store(resources: &mut [Resource], write: StatusWrite) {
    println!("{}: {:?}", write.object, write.status);
    let stored = resources.iter_mut().find(|r| r.reference() == write.object);
    if let (Some(Resource::Gateway(gateway)), Status::Gateway(status)) = (stored, write.status) {
        Arc::make_mut(gateway).status = status;
    }
}

fn main() -> std::io::Result<()> {
    let proxy = Proxy::builder()
        .addresses([Ipv4Addr::LOCALHOST.into()])
        .ports(Ports::Any)
        .start()?;
    let loaded = parse("controller.yaml", MANIFESTS).resources;
    let mut resources: Vec<_> = loaded.into_iter().map(|l| l.resource).collect();
    let writes = turn(&proxy, &resources);
    assert_eq!(writes.len(), 1);
    for write in writes {
        store(&mut resources, write);
    }
    assert_eq!(turn(&proxy, &resources), [], "nothing is left to write");
    Ok(())
}
