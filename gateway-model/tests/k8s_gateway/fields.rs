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

/// The rows that the documentation has for a kind, and what it says of each.
fn documented(kind: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/k8sgateway.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let of_kind = cells.get(1) == Some(&kind);
        of_kind.then(|| (cells[2].trim_matches('`').to_owned(), cells[3].to_owned()))
    });
    rows.collect()
}

fn check_documented<O: Options>(kind: &str) {
    let rows = documented(kind);
    let names: BTreeSet<_> = rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "{kind}: an option has two rows");
    let read = O::TABLE.iter().flat_map(|(_, names)| names.iter());
    let all: BTreeSet<_> = read.chain(O::REFUSED).chain(O::IGNORED).copied().collect();
    assert_eq!(names, all, "{kind}");
    for (name, said) in &rows {
        let (refused, ignored) = (O::REFUSED.contains(&&**name), O::IGNORED.contains(&&**name));
        assert!(!refused || said == "refused", "{kind} {name}: {said}");
        assert!(!ignored || said != "honoured", "{kind} {name}: {said}");
    }
}

#[test]
fn every_option_has_a_row_in_the_documentation() {
    check_documented::<RouteOptions>("RouteOption");
    check_documented::<VirtualHostOptions>("VirtualHostOption");
    check_documented::<HttpListenerOptions>("HttpListenerOption");
    check_documented::<ListenerOptions>("ListenerOption");
    check_documented::<UpstreamSpec>("Upstream");
}
