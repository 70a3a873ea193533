//! Who has read what.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gateway_model::ObjectRef;

use crate::ir::{BackendId, MeshPortId};
use crate::reader::Read;

/// A piece of work that is done again when what it read has changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unit {
    /// Which GatewayClasses are served.
    Classes,
    /// A Gateway with its ListenerSets.
    Gateway(ObjectRef),
    /// A route, with what is said of it.
    Route(ObjectRef),
    /// A backend.
    Backend(BackendId),
    /// A port of a Service, as clients in a mesh reach it.
    MeshPort(MeshPortId),
    /// What is said of a GatewayClass, Gateway or ListenerSet.
    Report(ObjectRef),
    /// What is said of a policy.
    Policy(ObjectRef),
    /// What is said of an XMesh.
    Mesh(ObjectRef),
    /// What is said of an option.
    #[cfg(feature = "k8s-gateway")]
    Option(ObjectRef),
}

/// What each unit has read, both ways.
#[derive(Debug, Default)]
pub(super) struct Dependents {
    readers: HashMap<Arc<Read>, BTreeSet<Arc<Unit>>>,
    reads: HashMap<Arc<Unit>, Vec<Arc<Read>>>,
}

impl Dependents {
    /// Who has read this.
    pub(super) fn of(&self, read: &Read) -> impl Iterator<Item = Unit> + '_ {
        let readers = self.readers.get(read).into_iter().flatten();
        readers.map(|unit| Unit::clone(unit))
    }

    /// Has somebody read this?
    pub(super) fn has(&self, read: &Read) -> bool {
        self.readers.contains_key(read)
    }

    /// The unit has read this, and nothing else.
    pub(super) fn set(&mut self, unit: Unit, reads: BTreeSet<Read>) {
        self.forget(&unit);
        if reads.is_empty() {
            return;
        }
        let unit = Arc::new(unit);
        let reads = reads.into_iter().map(|read| self.shared(read)).collect();
        for read in &reads {
            let readers: &mut BTreeSet<_> = self.readers.entry(Arc::clone(read)).or_default();
            readers.insert(Arc::clone(&unit));
        }
        self.reads.insert(unit, reads);
    }

    /// There is no such unit any more.
    pub(super) fn forget(&mut self, unit: &Unit) {
        for read in self.reads.remove(unit).into_iter().flatten() {
            if let Some(readers) = self.readers.get_mut(&read) {
                readers.remove(unit);
                if readers.is_empty() {
                    self.readers.remove(&read);
                }
            }
        }
    }

    fn shared(&self, read: Read) -> Arc<Read> {
        match self.readers.get_key_value(&read) {
            Some((shared, _)) => Arc::clone(shared),
            None => Arc::new(read),
        }
    }
}
