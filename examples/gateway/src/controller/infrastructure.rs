//! What a cluster gets of each Gateway: a Service without an address of its own, whose name leads to the addresses of
//! the Gateway, and the EndpointSlices behind it. Both are the Gateway's, and go with it (GEP-1762).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gateway_model::{
    EndpointSlice, Gateway, Kind, ListenerSet, ObjectMeta, ObjectRef, Resource, Service,
};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Snapshot, Status, Statuses};
use serde_json::{Value, json};

use super::write::{Content, Fingerprint, Key, Part, Write};

/// Which Gateway it is of; a label of GEP-1762.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// Of which class that is.
const GATEWAY_CLASS: &str = "gateway.networking.k8s.io/gateway-class-name";
/// What was written, so that a change is seen.
const WRITTEN: &str = "gateway.example.dev/written";

/// The ports that a Gateway serves, with their protocols.
type Ports = BTreeSet<(u16, String)>;

/// Of which Gateways something is to be written.
pub(crate) enum Of {
    All,
    These(BTreeSet<ObjectRef>),
}

impl Of {
    /// The Gateways among `objects`, and those whose ListenerSets are. Of a ListenerSet that is gone it isn't known whose
    /// it was.
    pub(crate) fn touched(objects: &BTreeSet<ObjectRef>, snapshot: &Snapshot) -> Self {
        let parents = objects.iter().filter(|object| is_parent(object));
        let gateways = parents.map(|parent| gateway_of(parent, snapshot));
        gateways
            .collect::<Option<_>>()
            .map_or(Self::All, Self::These)
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::These(these) if these.is_empty())
    }

    fn has(&self, gateway: &ObjectRef) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(gateway),
        }
    }
}

fn is_parent(object: &ObjectRef) -> bool {
    object.group == Gateway::GROUP && matches!(&*object.kind, Gateway::KIND | ListenerSet::KIND)
}

/// The writes that Services and EndpointSlices of Gateways miss.
pub(crate) fn missing(of: &Of, snapshot: &Snapshot, statuses: &Statuses, ir: &Ir) -> Vec<Write> {
    let mut ports: BTreeMap<ObjectRef, Ports> = BTreeMap::new();
    for listener in ir.listeners() {
        let gateway = gateway_of(&listener.id.parent, snapshot);
        if let Some(gateway) = gateway.filter(|gateway| of.has(gateway)) {
            let protocol = listener.stack.transport().to_string();
            let port = (listener.binding.port.get(), protocol);
            ports.entry(gateway).or_default().insert(port);
        }
    }
    let writes = ports.iter().flat_map(|(object, ports)| {
        let gateway = snapshot.gateways().get(&object.namespace, &object.name);
        let addresses = addresses(statuses.get(object));
        gateway
            .into_iter()
            .flat_map(move |gateway| objects(gateway, ports, &addresses))
    });
    writes
        .filter_map(|(object, wanted)| write(object, wanted, snapshot))
        .collect()
}

/// The Gateway that serves the listeners of a parent.
fn gateway_of(parent: &ObjectRef, snapshot: &Snapshot) -> Option<ObjectRef> {
    if parent.kind != ListenerSet::KIND {
        return Some(parent.clone());
    }
    let set = snapshot
        .listener_sets()
        .get(&parent.namespace, &parent.name)?;
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.as_deref();
    let namespace = namespace.unwrap_or(&parent.namespace);
    let name = reference.name.as_str();
    Some(ObjectRef::new(
        Gateway::GROUP,
        Gateway::KIND,
        namespace,
        name,
    ))
}

fn addresses(status: Option<&Status>) -> Vec<IpAddr> {
    let shown = match status {
        Some(Status::Gateway(status)) => status.addresses.as_slice(),
        _ => &[],
    };
    let addresses = shown.iter().map(|address| address.value.parse());
    addresses.filter_map(Result::ok).collect()
}

/// The objects of a Gateway.
fn objects(gateway: &Gateway, ports: &Ports, addresses: &[IpAddr]) -> Vec<(ObjectRef, Value)> {
    let namespace = gateway.metadata.namespace.as_str();
    let Some(uid) = &gateway.metadata.uid else {
        return Vec::new();
    };
    let class = &gateway.spec.gateway_class_name;
    let service = name(&format!("{}-{class}", gateway.metadata.name), 50);
    let metadata = Metadata { gateway, uid };
    let named = ports.iter().map(|(port, protocol)| {
        let name = format!("{}-{port}", protocol.to_lowercase());
        json!({"name": name, "port": port, "protocol": protocol})
    });
    let named: Vec<Value> = named.collect();
    let mut objects = vec![(
        ObjectRef::new(Service::GROUP, Service::KIND, namespace, service.as_str()),
        json!({
            "apiVersion": "v1", "kind": Service::KIND,
            "metadata": metadata.of(&service, &BTreeMap::new()),
            "spec": {"clusterIP": "None", "ports": named},
        }),
    )];
    let label = BTreeMap::from([(EndpointSlice::SERVICE_LABEL.to_owned(), service.clone())]);
    for (family, is_own) in FAMILIES {
        let own = addresses.iter().filter(|address| is_own(address));
        let endpoints = own.map(|ip| json!({"addresses": [ip], "conditions": {"ready": true}}));
        let endpoints: Vec<Value> = endpoints.collect();
        if endpoints.is_empty() {
            continue;
        }
        let name = format!("{service}-{}", family.to_lowercase());
        objects.push((
            ObjectRef::new(
                EndpointSlice::GROUP,
                EndpointSlice::KIND,
                namespace,
                name.as_str(),
            ),
            json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": EndpointSlice::KIND,
                "metadata": metadata.of(&name, &label),
                "addressType": family, "endpoints": endpoints, "ports": named,
            }),
        ));
    }
    objects
}

type IsOf = fn(&IpAddr) -> bool;

const FAMILIES: [(&str, IsOf); 2] = [("IPv4", IpAddr::is_ipv4), ("IPv6", IpAddr::is_ipv6)];

/// The metadata of all objects of a Gateway.
struct Metadata<'a> {
    gateway: &'a Gateway,
    uid: &'a str,
}

impl Metadata<'_> {
    /// What `spec.infrastructure` asks for, and what says whose it is, which goes before.
    fn of(&self, object: &str, own: &BTreeMap<String, String>) -> Value {
        let Self { gateway, uid } = self;
        let asked = gateway.spec.infrastructure.as_ref();
        let mut labels = asked.map(|asked| asked.labels.clone()).unwrap_or_default();
        let annotations = asked.map(|asked| asked.annotations.clone());
        labels.insert(GATEWAY_NAME.to_owned(), label(&gateway.metadata.name));
        labels.insert(
            GATEWAY_CLASS.to_owned(),
            label(&gateway.spec.gateway_class_name),
        );
        labels.extend(own.clone());
        json!({
            "name": object, "namespace": gateway.metadata.namespace,
            "labels": labels, "annotations": annotations.unwrap_or_default(),
            "ownerReferences": [{
                "apiVersion": Gateway::api_version(), "kind": Gateway::KIND,
                "name": gateway.metadata.name, "uid": uid, "controller": true,
            }],
        })
    }
}

/// A write, unless the object is as wanted, or somebody else's.
fn write(object: ObjectRef, mut wanted: Value, snapshot: &Snapshot) -> Option<Write> {
    let written = format!("{:016x}", hash(&wanted.to_string()));
    wanted["metadata"]["annotations"][WRITTEN] = json!(written);
    let stored = snapshot.get(&object);
    let metadata = stored.as_ref().map(Resource::metadata);
    let uid = &wanted["metadata"]["ownerReferences"][0]["uid"];
    if metadata.is_some_and(|stored| !is_owned(stored, uid) || is_as_wanted(stored, &wanted)) {
        return None;
    }
    Some(Write {
        version: metadata.and_then(|stored| stored.resource_version.clone()),
        stored: stored.as_ref().map(fingerprint).unwrap_or_default(),
        wish: Fingerprint::of(&wanted),
        key: Key::new(object, Part::Object),
        content: Content::Object(wanted),
    })
}

/// What is stored of an object of a Gateway.
pub(crate) fn fingerprint(resource: &Resource) -> Fingerprint {
    Fingerprint::of(&resource.metadata().annotations.get(WRITTEN))
}

fn is_owned(stored: &ObjectMeta, uid: &Value) -> bool {
    let owners = stored.rest.get("ownerReferences").and_then(Value::as_array);
    let mut owners = owners.into_iter().flatten();
    owners.any(|owner| owner["uid"] == *uid)
}

/// Are labels and annotations there, the one that says what was written among them?
fn is_as_wanted(stored: &ObjectMeta, wanted: &Value) -> bool {
    let has = |all: &BTreeMap<String, String>, wanted: &Value| {
        let mut wanted = wanted.as_object().into_iter().flatten();
        wanted.all(|(key, value)| all.get(key).map(String::as_str) == value.as_str())
    };
    let metadata = &wanted["metadata"];
    has(&stored.labels, &metadata["labels"]) && has(&stored.annotations, &metadata["annotations"])
}

/// How many characters a label's value and the name of a Service may have.
const MAX_LABEL: usize = 63;

/// The value of a label that stands for a name, which may be longer than one.
fn label(text: &str) -> String {
    match text.len() <= MAX_LABEL {
        true => text.to_owned(),
        false => name(text, MAX_LABEL),
    }
}

/// A DNS label of at most that many characters: the text, if it is one, else what is left of it with a hash of it.
fn name(text: &str, most: usize) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut plain: String = text.chars().map(allowed).collect();
    if plain.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        plain.insert_str(0, "g-");
    }
    if plain == text && plain.len() <= most {
        return plain;
    }
    plain.truncate(most - 9);
    format!("{}-{:08x}", plain.trim_end_matches('-'), hash(text) as u32)
}

/// FNV-1a, which stays the same over releases.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
