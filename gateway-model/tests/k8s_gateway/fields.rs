//! Every option of the CRDs is honoured, refused or known to be without effect.

use std::collections::BTreeSet;
use std::path::Path;

use gateway_model::k8s_gateway::{
    HttpListenerOptions, ListenerOptions, Options, RouteOptions, UpstreamSpec, VirtualHostOptions,
};
use serde_json::Value;

fn schema(plural: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema/crds/k8sgateway");
    serde_json::from_slice(&std::fs::read(folder.join(format!("{plural}.json"))).unwrap()).unwrap()
}

fn check<O: Options>(plural: &str, place: &str) {
    let schema = schema(plural);
    let fields = schema.pointer(place).and_then(Value::as_object).unwrap();
    let wanted: BTreeSet<_> = fields.keys().map(String::as_str).collect();
    let read = O::TABLE.iter().flat_map(|(_, names)| names.iter());
    let all: Vec<_> = read.chain(O::REFUSED).chain(O::IGNORED).copied().collect();
    let known: BTreeSet<_> = all.iter().copied().chain(["namespacedStatuses"]).collect();
    assert_eq!(
        all.len(),
        all.iter().collect::<BTreeSet<_>>().len(),
        "{plural}: a field is there twice"
    );
    let missing: Vec<_> = wanted.difference(&known).collect();
    assert!(missing.is_empty(), "{plural}: {missing:?}");
    let unknown: Vec<_> = all.iter().filter(|name| !wanted.contains(*name)).collect();
    assert!(unknown.is_empty(), "{plural}: {unknown:?}");
}

#[test]
fn every_option_of_the_crds_is_in_the_table_of_its_kind_once() {
    let options = "/properties/spec/properties/options/properties";
    check::<RouteOptions>("routeoptions", options);
    check::<VirtualHostOptions>("virtualhostoptions", options);
    check::<HttpListenerOptions>("httplisteneroptions", options);
    check::<ListenerOptions>("listeneroptions", options);
    check::<UpstreamSpec>("upstreams", "/properties/spec/properties");
}
