//! What is served: the parts of the IR, of which those that are the same stay the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::gateway::ParentFacts;
use crate::ir::{
    BackendId, Certificate, Ir, Listener, ListenerId, ListenerSettings, MeshPort, MeshPortId,
    Stack, StreamRule, VirtualHost,
};
use crate::tally::Tally;

/// What is served, and how many of the hosts there name each backend.
#[derive(Debug, Default)]
pub(super) struct Served {
    listeners: BTreeMap<ListenerId, Arc<Listener>>,
    mesh: BTreeMap<MeshPortId, Arc<MeshPort>>,
    uses: Tally<BackendId>,
    /// The backends that are named for the first time, or no more.
    dirty: BTreeSet<BackendId>,
    has_changed: bool,
    has_other_mesh: bool,
}

impl Served {
    /// Puts a listener in the place of what it was; says whether it is another.
    pub(super) fn put(&mut self, id: &ListenerId, new: Option<Listener>) -> bool {
        let old = self.listeners.remove(id);
        if old.as_deref() == new.as_ref() {
            self.listeners.extend(old.map(|old| (id.clone(), old)));
            return false;
        }
        let new = new.map(Arc::new);
        let known = |listener: &Option<Arc<Listener>>| {
            let stacks = listener.iter().map(|listener| &listener.stack);
            let settings = listener.iter().map(|listener| {
                let part = Part::Settings(Arc::clone(&listener.settings));
                (Arc::as_ptr(&listener.settings).cast(), part)
            });
            parts(stacks).into_iter().chain(settings).collect::<Parts>()
        };
        self.count_all(&known(&old), &known(&new));
        self.listeners.extend(new.map(|new| (id.clone(), new)));
        self.has_changed = true;
        true
    }

    /// Puts a port of a mesh in the place of what it was.
    pub(super) fn put_port(&mut self, id: &MeshPortId, new: Option<MeshPort>) {
        if self.mesh.get(id).map(|old| &**old) == new.as_ref() {
            return;
        }
        let (old, new) = (self.mesh.remove(id), new.map(Arc::new));
        let stacks =
            |port: &Option<Arc<MeshPort>>| parts(port.iter().flat_map(|port| port.stacks()));
        self.count_all(&stacks(&old), &stacks(&new));
        self.mesh.extend(new.map(|new| (id.clone(), new)));
        self.has_other_mesh = true;
    }

    fn count_all(&mut self, before: &Parts, now: &Parts) {
        let (added, gone) = (without(now, before), without(before, now));
        for (parts, is_new) in [(added, true), (gone, false)] {
            parts.iter().for_each(|part| self.count(part, is_new));
        }
    }

    fn count(&mut self, part: &Part, is_new: bool) {
        for id in part.backends() {
            let is_other = match is_new {
                true => self.uses.add(id),
                false => self.uses.take(id),
            };
            if is_other {
                self.dirty.insert(id.clone());
            }
        }
    }

    /// Does anything name this backend?
    pub(super) fn uses(&self, id: &BackendId) -> bool {
        self.uses.has(id)
    }

    /// The backends that may be named for the first time, or no more, since this was last asked.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<BackendId> {
        std::mem::take(&mut self.dirty)
    }

    /// The listeners, ordered by id, if there are others than when this was last asked.
    pub(super) fn take_listeners(&mut self) -> Option<Vec<Arc<Listener>>> {
        let has_changed = std::mem::take(&mut self.has_changed);
        has_changed.then(|| self.listeners.values().cloned().collect())
    }

    /// The ports of a mesh, if they are others than when this was last asked.
    pub(super) fn take_mesh(&mut self) -> Option<BTreeMap<MeshPortId, Arc<MeshPort>>> {
        let has_other = std::mem::take(&mut self.has_other_mesh);
        has_other.then(|| self.mesh.clone())
    }
}

/// Something that names backends, and stays the same as long as nothing of it changes.
#[derive(Debug, Clone)]
enum Part {
    Host(Arc<VirtualHost>),
    Stream(Arc<StreamRule>),
    Settings(Arc<ListenerSettings>),
}

impl Part {
    /// The backends that it names, once for each time.
    fn backends(&self) -> Box<dyn Iterator<Item = &BackendId> + '_> {
        match self {
            Self::Host(host) => {
                let rules = host.routes.iter().map(|route| &route.rule);
                Box::new(rules.flat_map(|rule| rule.backends()))
            }
            Self::Stream(rule) => Box::new(rule.backends()),
            Self::Settings(settings) => Box::new(settings.backends()),
        }
    }
}

/// Parts by their addresses, so that one that is there under several names counts once.
type Parts = HashMap<*const (), Part>;

fn parts<'a>(stacks: impl Iterator<Item = &'a Stack>) -> Parts {
    let parts = stacks.flat_map(|stack| {
        let hosts = stack.hosts().iter();
        let hosts = hosts.map(|host| (Arc::as_ptr(host).cast(), Part::Host(Arc::clone(host))));
        let rules = stack.stream_rules();
        let rules = rules.map(|rule| (Arc::as_ptr(rule).cast(), Part::Stream(Arc::clone(rule))));
        hosts.chain(rules)
    });
    parts.collect()
}

/// The parts that are not among `others`.
fn without(parts: &Parts, others: &Parts) -> Vec<Part> {
    let own = parts.iter();
    let own = own.filter(|(address, _)| !others.contains_key(*address));
    own.map(|(_, part)| part.clone()).collect()
}

/// The certificates of the listeners that are served.
pub(super) fn certificates<'a>(
    parents: impl Iterator<Item = &'a Arc<ParentFacts>>,
) -> impl Iterator<Item = Arc<Certificate>> {
    let listeners = parents.flat_map(|facts| &facts.listeners);
    let served = listeners.filter(|listener| listener.serving.is_ok());
    served.flat_map(|listener| listener.facts.certificates.iter().cloned())
}

/// Does `ir` have other certificates?
pub(super) fn has_others(ir: &Ir, certificates: &[Arc<Certificate>]) -> bool {
    let wanted: BTreeMap<_, _> = certificates.iter().map(|c| (&c.id, c)).collect();
    !ir.certificates().iter().eq(wanted)
}
