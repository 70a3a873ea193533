//! The intermediate representation: what a data plane serves, with nothing left to look up.
//!
//! Valid by construction, serialisable, comparable and hashable, free of pointers into a process.
//! Read it from the outside in: an [`Ir`] has [`Listener`]s and, for a mesh, [`MeshPort`]s; a listener's [`Stack`] ends in what it
//! serves, which is HTTP by host ([`VirtualHost`]) or a [`StreamRule`] of layer 4; a host has [`Route`]s in order of precedence; a route is one [`Match`] of a
//! [`Rule`]; a rule has [`Filter`]s and ends in an [`Action`]; a forwarding action names
//! [`Backend`]s by id, so that a change of endpoints changes no route.

mod backend;
mod certificate;
mod changes;
mod data_plane;
mod endpoint;
mod filter;
mod handshake;
mod host;
mod listener;
mod map;
mod matching;
mod mesh;
mod pattern;
mod patterns;
mod rank;
mod rule;
mod rule_id;
mod settings;
mod split;
mod stream;

pub use backend::{AppProtocol, Authorities, Backend, BackendId, BackendTls, PeerName};
pub use certificate::{Certificate, CertificateId, PrivateKey};
pub use changes::Changes;
pub use data_plane::DataPlane;
pub use endpoint::{Endpoint, EndpointAddress};
pub use filter::{
    Cors, Filter, Fraction, HeaderEdits, Mirror, OriginPattern, PathRewrite, Redirect, Rewrite,
};
pub use handshake::{CipherSuite, Group, Handshake, TlsVersion};
pub use host::{Route, VirtualHost};
pub use listener::{Binding, ClientValidation, Listener, ListenerId, Stack, Tls, Transport};
pub use matching::{
    HeaderMatch, Match, PathMatch, QueryMatch, ValueMatch, method_of, unescape_unreserved,
};
pub use mesh::{MeshPort, MeshPortId};
pub use pattern::Pattern;
pub use patterns::Patterns;
pub use rank::Rank;
pub use rule::{Action, FixedResponse, Refusal, RefusalReason, Rule, Target, WeightedTarget};
pub use rule_id::{RuleId, RuleSource};
pub use settings::*;
pub use split::{Split, Weighted};
pub use stream::{ServerName, StreamAction, StreamRule, StreamSplit, StreamTarget};

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Everything that a data plane serves.
///
/// Every [`BackendId`] and [`CertificateId`] inside is found in [`backends`](Self::backends) and
/// [`certificates`](Self::certificates); [`Ir::new`] holds that. Parts are shared by `Arc` so that
/// two successive IRs can share what did not change; serialisation writes them in full.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Ir {
    listeners: Arc<Vec<Arc<Listener>>>,
    mesh: Arc<BTreeMap<MeshPortId, Arc<MeshPort>>>,
    backends: Backends,
    certificates: Arc<BTreeMap<CertificateId, Arc<Certificate>>>,
}

/// The backends of an [`Ir`] by id. A clone shares all that is not changed in it.
pub type Backends = rpds::RedBlackTreeMapSync<BackendId, Arc<Backend>>;

/// The version of the serialised form; it changes when an older reader would misread it.
pub const FORMAT: u32 = 3;

impl Ir {
    /// An IR out of its parts. Listeners are put in order of their ids.
    ///
    /// # Errors
    /// A rule or listener names a backend or certificate that is not among the parts.
    pub fn new(
        mut listeners: Vec<Arc<Listener>>,
        backends: impl IntoIterator<Item = Arc<Backend>>,
        certificates: impl IntoIterator<Item = Arc<Certificate>>,
    ) -> Result<Self, DanglingReference> {
        listeners.sort_by(|a, b| a.id.cmp(&b.id));
        let certificates = certificates.into_iter().map(|c| (c.id.clone(), c));
        let ir = Self {
            listeners: Arc::new(listeners),
            mesh: Arc::default(),
            backends: backends.into_iter().map(|b| (b.id.clone(), b)).collect(),
            certificates: Arc::new(certificates.collect()),
        };
        ir.check()?;
        Ok(ir)
    }

    /// The same with what clients in a mesh are given.
    ///
    /// # Errors
    /// A rule names a backend that is not among the parts.
    pub fn with_mesh(
        mut self,
        ports: impl IntoIterator<Item = Arc<MeshPort>>,
    ) -> Result<Self, DanglingReference> {
        self.mesh = Arc::new(ports.into_iter().map(|p| (p.id.clone(), p)).collect());
        self.check()?;
        Ok(self)
    }

    /// The listeners, ordered by id.
    pub fn listeners(&self) -> &[Arc<Listener>] {
        &self.listeners
    }

    /// The ports of Services of which routes say what clients in a mesh get there (GEP-1294).
    pub fn mesh(&self) -> &BTreeMap<MeshPortId, Arc<MeshPort>> {
        &self.mesh
    }

    /// What a proxy beside clients of `namespace` serves: a listener for each port of the [mesh](Self::mesh) that is
    /// `wanted` and of which a route is for them. Ports that are not among them are reached as without a mesh.
    ///
    /// Services whose addresses are not known can't be told apart at a port: one of them at most should be wanted.
    pub fn seen_from(&self, namespace: &str, wanted: impl Fn(&MeshPort) -> bool) -> Self {
        let ports = self.mesh.values().filter(|port| wanted(port));
        let listeners = ports.filter_map(|port| port.listener(namespace).map(Arc::new));
        let listeners: Vec<_> = listeners.collect();
        let used: HashSet<_> = listeners.iter().flat_map(|l| l.backends()).collect();
        let used = self.backends.iter().filter(|(id, _)| used.contains(id));
        let used = used
            .map(|(_, backend)| Arc::clone(backend))
            .collect::<Vec<_>>();
        Self::new(listeners, used, []).expect("what ports refer to is there")
    }

    /// The backends that rules refer to.
    pub fn backends(&self) -> &Backends {
        &self.backends
    }

    /// The certificates that listeners refer to.
    pub fn certificates(&self) -> &BTreeMap<CertificateId, Arc<Certificate>> {
        &self.certificates
    }

    /// The same with other parts; who changes it sees to it that nothing dangles.
    #[cfg(feature = "resolve")]
    pub(crate) fn with(
        &self,
        listeners: Option<Vec<Arc<Listener>>>,
        mesh: Option<BTreeMap<MeshPortId, Arc<MeshPort>>>,
        backends: Backends,
        certificates: Option<Vec<Arc<Certificate>>>,
    ) -> Self {
        let by_id = |certificates: Vec<Arc<Certificate>>| {
            let entries = certificates.into_iter().map(|c| (c.id.clone(), c));
            Arc::new(entries.collect())
        };
        Self {
            listeners: listeners.map_or_else(|| Arc::clone(&self.listeners), Arc::new),
            mesh: mesh.map_or_else(|| Arc::clone(&self.mesh), Arc::new),
            backends,
            certificates: certificates.map_or_else(|| Arc::clone(&self.certificates), by_id),
        }
    }

    fn check(&self) -> Result<(), DanglingReference> {
        let backends: HashSet<&BackendId> = self.backends.keys().collect();
        let dangling = |from: &dyn fmt::Display, to: &dyn fmt::Display| DanglingReference {
            from: from.to_string(),
            to: to.to_string(),
        };
        let unknown = |id: &&BackendId| !backends.contains(id);
        for listener in &*self.listeners {
            let unheld = |id: &&CertificateId| !self.certificates.contains_key(id);
            if let Some(id) = listener.certificates().find(unheld) {
                return Err(dangling(&listener.id, id));
            }
            if let Some(id) = listener.backends().find(unknown) {
                return Err(dangling(&listener.id, id));
            }
        }
        for port in self.mesh.values() {
            if let Some(id) = port.backends().find(unknown) {
                return Err(dangling(&port.id, id));
            }
        }
        Ok(())
    }
}

/// A part of an [`Ir`] names another that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{from} refers to {to}, which is not part of it")]
pub struct DanglingReference {
    from: String,
    to: String,
}

/// The serialised form of an [`Ir`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    format: u32,
    listeners: Vec<Arc<Listener>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mesh: Vec<Arc<MeshPort>>,
    backends: Vec<Arc<Backend>>,
    certificates: Vec<Arc<Certificate>>,
}

impl From<Ir> for Parts {
    fn from(
        Ir {
            listeners,
            mesh,
            backends,
            certificates,
        }: Ir,
    ) -> Self {
        Self {
            format: FORMAT,
            listeners: Arc::unwrap_or_clone(listeners),
            mesh: mesh.values().cloned().collect(),
            backends: backends.values().cloned().collect(),
            certificates: certificates.values().cloned().collect(),
        }
    }
}

impl TryFrom<Parts> for Ir {
    type Error = String;

    fn try_from(parts: Parts) -> Result<Self, String> {
        if parts.format != FORMAT {
            return Err(format!(
                "format {} is not the supported format {FORMAT}",
                parts.format
            ));
        }
        Self::new(parts.listeners, parts.backends, parts.certificates)
            .and_then(|ir| ir.with_mesh(parts.mesh))
            .map_err(|e| e.to_string())
    }
}
