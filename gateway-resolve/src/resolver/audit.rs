//! Holding what a resolver came to against a whole resolution.

use std::collections::BTreeMap;
use std::fmt;

use gateway_model::{ObjectRef, Timestamp};

use crate::ir::{BackendId, CertificateId, Ir, ListenerId, MeshPortId};
use crate::resolve::resolve_serving;
use crate::status::unserved::Unserved;
use crate::{Config, Snapshot};

use super::{Resolved, Resolver};

/// What a [`Resolver`] came to last, to be held against a whole resolution wherever there is time for that.
#[derive(Debug, Clone)]
pub struct Audit {
    snapshot: Snapshot,
    config: Config,
    now: Timestamp,
    /// What the data plane had answered.
    unserved: Unserved,
    resolved: Resolved,
}

/// Something that a resolver came to otherwise than a whole resolution, which is a defect of the resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// What a listener serves.
    Listener(ListenerId),
    /// What clients in a mesh are given.
    Mesh(MeshPortId),
    /// Who answers for a backend.
    Backend(BackendId),
    /// A certificate.
    Certificate(CertificateId),
    /// What is said of an object.
    Statement(ObjectRef),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(id) => id.fmt(f),
            Self::Mesh(id) => id.fmt(f),
            Self::Backend(id) => write!(f, "backend {id}"),
            Self::Certificate(id) => write!(f, "certificate {id}"),
            Self::Statement(object) => write!(f, "what is said of {object}"),
        }
    }
}

impl Resolver {
    /// What it came to last. `None` when that was with another version of the snapshot, or nothing yet.
    pub fn audit(&self, snapshot: &Snapshot) -> Option<Audit> {
        let last = self.last.as_ref()?;
        snapshot.mark().is(&last.mark).then(|| Audit {
            snapshot: snapshot.clone(),
            config: last.config.clone(),
            now: last.now,
            unserved: self.known.unserved.clone(),
            resolved: self.resolved.clone(),
        })
    }
}

impl Audit {
    /// Resolves as a whole, and tells what differs.
    pub fn differences(&self) -> Vec<Difference> {
        let served = |ir| (ir, self.unserved.clone());
        let (ir, statuses) = resolve_serving(&self.snapshot, &self.config, self.now, served);
        let said = self.resolved.statuses.differing(&statuses);
        let said = said.into_iter().map(Difference::Statement);
        of_irs(&self.resolved.ir, &ir).chain(said).collect()
    }
}

fn of_irs<'a>(one: &'a Ir, other: &'a Ir) -> impl Iterator<Item = Difference> + use<'a> {
    let listeners = |ir: &'a Ir| {
        ir.listeners()
            .iter()
            .map(|listener| (&listener.id, listener))
    };
    let listeners = differing(listeners(one), listeners(other));
    let ports = differing(one.mesh().iter(), other.mesh().iter());
    let ports = ports.into_iter().cloned().map(Difference::Mesh);
    let backends = differing(one.backends().iter(), other.backends().iter());
    let certificates = differing(one.certificates().iter(), other.certificates().iter());
    let listeners = listeners.into_iter().cloned().map(Difference::Listener);
    let backends = backends.into_iter().cloned().map(Difference::Backend);
    let certificates = certificates.into_iter().cloned();
    listeners
        .chain(ports)
        .chain(backends)
        .chain(certificates.map(Difference::Certificate))
}

/// The keys that have another value here than there.
fn differing<K: Ord, V: PartialEq>(
    one: impl Iterator<Item = (K, V)>,
    other: impl Iterator<Item = (K, V)>,
) -> Vec<K> {
    let mut other: BTreeMap<_, _> = other.collect();
    let mut differing = Vec::new();
    for (key, value) in one {
        if other.remove(&key).as_ref() != Some(&value) {
            differing.push(key);
        }
    }
    differing.extend(other.into_keys());
    differing
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_model::{Timestamp, parse};

    use super::Difference;
    use crate::ir::Ir;
    use crate::{Config, Resolver, Snapshot, Statuses};

    const MANIFESTS: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: any, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
";

    #[test]
    fn an_audit_tells_what_a_whole_resolution_comes_to_otherwise() {
        let resources = parse("web.yaml", MANIFESTS.as_bytes()).resources;
        let mut snapshot: Snapshot = resources.into_iter().map(|l| l.resource).collect();
        let mut resolver = Resolver::new();
        assert!(
            resolver.audit(&snapshot).is_none(),
            "nothing is resolved yet"
        );
        resolver.resolve(&snapshot, &Config::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(resolver.audit(&snapshot).unwrap().differences(), []);

        resolver.resolved.ir = Arc::new(Ir::default());
        resolver.resolved.statuses = Arc::new(Statuses::default());
        let differences = resolver.audit(&snapshot).unwrap().differences();
        let told: Vec<_> = differences.iter().map(Difference::to_string).collect();
        let expected = [
            "Gateway default/web listener http",
            "backend Service default/web:80",
            "what is said of Gateway default/web",
            "what is said of HTTPRoute default/web",
        ];
        assert_eq!(told, expected);

        let service = snapshot.services().get("default", "web").unwrap().clone();
        snapshot.insert(gateway_model::Resource::Service(service));
        assert!(resolver.audit(&snapshot).is_none(), "another version");
    }
}
