//! A controller of one's own: where resources come from and where statuses go is the embedder's,
//! the order in between is this. Here objects are manifests, and writes are printed.

use std::net::Ipv4Addr;

use gateway_dataplane::{Ports, Proxy};
use gateway_model::{Timestamp, parse_stored};
use gateway_resolve::{Config, Snapshot, StatusWrite, plan_statuses, reconcile};

const MANIFESTS: &[u8] = br#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, generation: 1, resourceVersion: "1"}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
"#;

/// One turn: what is to be written about is served already.
fn turn(proxy: &Proxy, snapshot: &Snapshot) -> Vec<StatusWrite> {
    let config = Config::default();
    let turn = reconcile(snapshot, &config, Timestamp::now(), proxy);
    plan_statuses(snapshot, &turn.statuses, &config.controller_name)
}

/// Stands in for the API server, which takes the write by `PUT` and gives the object another version.
fn put(write: &StatusWrite) -> Option<String> {
    println!("{}", write.replacement());
    Some("2".to_owned())
}

fn main() -> std::io::Result<()> {
    let proxy = Proxy::builder()
        .addresses([Ipv4Addr::LOCALHOST.into()])
        .ports(Ports::Any)
        .start()?;
    let stored = parse_stored("cluster", MANIFESTS).resources;
    let mut snapshot: Snapshot = stored.into_iter().map(|l| l.resource).collect();
    let writes = turn(&proxy, &snapshot);
    assert_eq!(writes.len(), 1);
    for write in writes {
        let version = put(&write);
        assert!(snapshot.wrote(&write, version));
    }
    assert_eq!(turn(&proxy, &snapshot), [], "nothing is left to write");
    Ok(())
}
