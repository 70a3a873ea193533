//! The intermediate representation: what a data plane serves, with nothing left to look up.
//!
//! Valid by construction, serialisable, comparable and hashable, free of pointers into a process.
//! Read it from the outside in: an [`Ir`] has [`Listener`]s; a listener's [`Stack`] ends in what it
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
mod pattern;
mod patterns;
mod rank;
mod rule;
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
pub use pattern::Pattern;
pub use patterns::Patterns;
pub use rank::Rank;
pub use rule::{
    Action, Delegation, FixedResponse, Refusal, RefusalReason, Rule, Target, WeightedTarget,
};
pub use settings::*;
pub use split::{Split, Weighted};
pub use stream::{ServerName, StreamAction, StreamRule, StreamSplit, StreamTarget};

use std::collections::{BTreeMap, HashSet};
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
    backends: Backends,
    certificates: Arc<BTreeMap<CertificateId, Arc<Certificate>>>,
}

/// The backends of an [`Ir`] by id. A clone shares all that is not changed in it.
pub type Backends = rpds::RedBlackTreeMapSync<BackendId, Arc<Backend>>;

/// The version of the serialised form; it changes when an older reader would misread it.
pub const FORMAT: u32 = 2;

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
            backends: backends.into_iter().map(|b| (b.id.clone(), b)).collect(),
            certificates: Arc::new(certificates.collect()),
        };
        ir.check()?;
        Ok(ir)
    }

    /// The listeners, ordered by id.
    pub fn listeners(&self) -> &[Arc<Listener>] {
        &self.listeners
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
        backends: Backends,
        certificates: Option<Vec<Arc<Certificate>>>,
    ) -> Self {
        let by_id = |certificates: Vec<Arc<Certificate>>| {
            let entries = certificates.into_iter().map(|c| (c.id.clone(), c));
            Arc::new(entries.collect())
        };
        Self {
            listeners: listeners.map_or_else(|| Arc::clone(&self.listeners), Arc::new),
            backends,
            certificates: certificates.map_or_else(|| Arc::clone(&self.certificates), by_id),
        }
    }

    fn check(&self) -> Result<(), DanglingReference> {
        let backends: HashSet<&BackendId> = self.backends.keys().collect();
        for listener in &*self.listeners {
            let from = || listener.id.to_string();
            for id in listener.certificates() {
                if !self.certificates.contains_key(id) {
                    return Err(DanglingReference {
                        from: from(),
                        to: id.to_string(),
                    });
                }
            }
            for id in listener.backends() {
                if !backends.contains(id) {
                    return Err(DanglingReference {
                        from: from(),
                        to: id.to_string(),
                    });
                }
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
    backends: Vec<Arc<Backend>>,
    certificates: Vec<Arc<Certificate>>,
}

impl From<Ir> for Parts {
    fn from(
        Ir {
            listeners,
            backends,
            certificates,
        }: Ir,
    ) -> Self {
        Self {
            format: FORMAT,
            listeners: Arc::unwrap_or_clone(listeners),
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
        Self::new(parts.listeners, parts.backends, parts.certificates).map_err(|e| e.to_string())
    }
}
