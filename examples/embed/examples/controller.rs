//! A controller of one's own: where resources come from and where statuses go is the embedder's,
//! the order in between is this. Here objects are JSON, as an API server tells of them, and writes are printed.

use std::net::Ipv4Addr;

use gateway_dataplane::{Ports, Proxy};
use gateway_model::{Resource, Timestamp, parse_stored_value};
use gateway_resolve::{Config, Snapshot, StatusWrite, plan_statuses, reconcile};
use serde_json::{Value, json};

/// An object that was listed, or that a watch tells of.
fn stored() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "web", "generation": 1, "resourceVersion": "1"},
        "spec": {
            "gatewayClassName": "any",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    })
}

/// The object, typed. What an API server has stored is used as far as it is understood; the problems say what isn't.
fn read(object: &Value) -> Vec<Resource> {
    let read = parse_stored_value("watch", object);
    for problem in &read.problems {
        eprintln!("{problem}");
    }
    read.resources.into_iter().map(|l| l.resource).collect()
}

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
    let mut snapshot = Snapshot::from_resources(read(&stored()));
    let writes = turn(&proxy, &snapshot);
    assert_eq!(writes.len(), 1);
    for write in writes {
        let version = put(&write);
        assert!(snapshot.wrote(&write, version));
    }
    assert_eq!(turn(&proxy, &snapshot), [], "nothing is left to write");
    Ok(())
}
