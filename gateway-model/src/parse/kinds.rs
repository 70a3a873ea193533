//! The kinds that are modelled.

use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;

#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::{
    DirectResponse, GatewayParameters, HttpListenerOption, ListenerOption, RouteOption, Settings,
    Upstream, VirtualHostOption,
};
use crate::kinds::with_kinds;
use crate::schema::{Schema, distance};
use crate::tree::{DecodeError, Node};
use crate::{
    BackendTlsPolicy, Channel, ConfigMap, EndpointSlice, Gateway, GatewayClass, GrpcRoute,
    HttpRoute, Kind, ListenerSet, Namespace, ReferenceGrant, Resource, Secret, Service, TcpRoute,
    TlsRoute, UdpRoute, XBackend, XBackendTrafficPolicy, XMesh,
};

/// A kind that is modelled.
pub(super) struct Entry {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) versions: &'static [&'static str],
    pub(super) namespaced: bool,
    /// What names have to look like.
    pub(super) names: Names,
    /// Are its values kept out of problems?
    pub(super) secret: bool,
    /// What becomes of a stored object that isn't understood as a whole.
    pub(super) gaps: Gaps,
    schemas: [LazyLock<Schema>; 2],
    /// The versions that the experimental channel serves alone.
    experimental: LazyLock<Vec<Experimental>>,
    pub(super) decode: fn(&Node) -> Result<Resource, serde_path_to_error::Error<DecodeError>>,
}

impl Entry {
    /// Does a channel have the version?
    pub(super) fn serves(&self, channel: Channel, version: &str) -> bool {
        let alone = || self.experimental.iter().any(|own| own.version == version);
        self.versions.contains(&version) && (channel == Channel::Experimental || !alone())
    }

    /// What a channel holds its objects of a version against.
    pub(super) fn schema(&self, channel: Channel, version: &str) -> &Schema {
        let [standard, experimental] = &self.schemas;
        let own = self.experimental.iter().find(|own| own.version == version);
        match (channel, own.and_then(|own| own.schema.as_ref())) {
            (_, Some(own)) => own,
            (Channel::Standard, None) => standard,
            (Channel::Experimental, None) => experimental,
        }
    }
}

/// A version that the experimental channel serves alone.
struct Experimental {
    version: &'static str,
    /// Its schema, where it differs from that of `v1`.
    schema: Option<Schema>,
}

/// What names have to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Labels joined by dots; at most 253 characters.
    Subdomain,
    /// One label; at most 63 characters.
    Label,
}

/// What becomes of the parts of a stored object that aren't understood.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gaps {
    /// The rule that they are in isn't read; outside of rules, none is.
    Rules,
    /// The listener that they are in lists them; outside of listeners, the spec does.
    Spec,
    /// The entry of `from` or `to` that they are in is left out; outside of these, nothing is granted.
    Grants,
    /// The entry of these lists that they are in is left out, and so is what is wrong elsewhere.
    Entries(&'static [&'static str]),
}

impl Gaps {
    /// The lists whose entries are understood or not, each on its own.
    pub(super) fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Rules => &["spec.rules"],
            Self::Spec => &["spec.listeners"],
            Self::Grants => &["spec.from", "spec.to"],
            Self::Entries(lists) => lists,
        }
    }
}

/// The entry of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.kind == kind && entry.group == group)
}

/// All that there are.
fn all() -> impl Iterator<Item = &'static Entry> {
    KINDS.iter()
}

/// The entry of the kind that is meant, when `group` can't be anybody else's: groups without a dot and
/// those below `k8s.io` are Kubernetes' own, and others are close to the right one.
pub(super) fn of_mistaken_group(group: &str, kind: &str) -> Option<&'static Entry> {
    let reserved = !group.contains('.') || group.ends_with("k8s.io");
    all().find(|entry| {
        let near = || distance(group.as_bytes(), entry.group.as_bytes()) <= MISSPELT;
        entry.kind == kind && entry.group != group && (reserved || near())
    })
}

/// How many letters of a group may be wrong until it is taken for another one: `gateway.networking.io`
/// leaves out seven.
const MISSPELT: usize = 7;

/// The schema in a file, or none.
macro_rules! own_schema {
    () => {
        None
    };
    ($path:literal) => {
        Some(load_schema(include_str!(concat!("../schema/", $path))))
    };
}

/// Declares how each kind is parsed.
macro_rules! entries {
    ($($(#[$doc:meta])* $([$feature:literal])? $kind:ident: $has_status:ident {
        $names:ident, $gaps:expr, $standard:literal, $experimental:literal $(, $version:literal $(= $own:literal)?)*
    })+) => {
        static KINDS: [Entry; [$($(#[cfg(feature = $feature)])? stringify!($kind)),+].len()] = [
            $($(#[cfg(feature = $feature)])? Entry {
                group: <$kind as Kind>::GROUP,
                kind: <$kind as Kind>::KIND,
                versions: <$kind as Kind>::VERSIONS,
                namespaced: <$kind as Kind>::NAMESPACED,
                names: Names::$names,
                secret: matches!(stringify!($kind).as_bytes(), b"Secret"),
                gaps: $gaps,
                schemas: [
                    LazyLock::new(|| load_schema(include_str!(concat!("../schema/", $standard)))),
                    LazyLock::new(|| load_schema(include_str!(concat!("../schema/", $experimental)))),
                ],
                experimental: LazyLock::new(|| vec![$(Experimental {
                    version: $version,
                    schema: own_schema!($($own)?),
                }),*]),
                decode: |node| decode::<$kind>(node).map(|object| Resource::$kind(Arc::new(object))),
            }),+
        ];
    };
}

with_kinds!(entries);

/// The schemas are part of the program; a test loads them all.
#[expect(
    clippy::expect_used,
    reason = "a schema that doesn't load is a bug that a test finds"
)]
fn load_schema(text: &str) -> Schema {
    let metadata = include_str!("../schema/core/object_meta.json");
    Schema::of_object(text, metadata).expect("the schemas of this crate are well formed")
}

fn decode<K: DeserializeOwned>(node: &Node) -> Result<K, serde_path_to_error::Error<DecodeError>> {
    serde_path_to_error::deserialize(node)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::all;

    #[test]
    fn all_schemas_load() {
        for entry in all() {
            entry.schemas.iter().for_each(|schema| {
                LazyLock::force(schema);
            });
            LazyLock::force(&entry.experimental);
        }
    }
}
