//! A controller of one's own: where resources come from and where statuses go is the embedder's,
//! the order in between is this. Here both are a list in memory.

use std::net::Ipv4Addr;
use std::sync::Arc;

use gateway_dataplane::{Ports, Proxy};
use gateway_model::{Resource, Timestamp, parse};
use gateway_resolve::{Config, Resolution, Snapshot, Status, StatusWrite};
use gateway_resolve::{plan_statuses, resolve};

const MANIFESTS: &[u8] = br#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, generation: 1}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
"#;

/// Resolves, applies, then plans: what is written about is served already.
fn reconcile(proxy: &Proxy, resources: &[Resource]) -> Vec<StatusWrite> {
    let (config, now) = (Config::default(), Timestamp::now());
    let snapshot = Snapshot::from_resources(resources.iter().cloned());
    let Resolution {
        ir, mut statuses, ..
    } = resolve(&snapshot, &config, now);
    let applied = proxy.apply(&Arc::new(ir));
    for report in applied.listeners().iter().filter(|r| r.bound.is_empty()) {
        let why = format!("{:?}", report.problems);
        statuses.not_programmed(&snapshot, now, &report.id, &why);
    }
    plan_statuses(&snapshot, &statuses, &config.controller_name)
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
    let writes = reconcile(&proxy, &resources);
    assert_eq!(writes.len(), 1);
    for write in writes {
        store(&mut resources, write);
    }
    assert_eq!(
        reconcile(&proxy, &resources),
        [],
        "nothing is left to write"
    );
    Ok(())
}
