//! What was applied last, and what is another by now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId, Ir};

use super::Options;
use crate::admit::Gatekeeper;
use crate::backend::{Backend, BoxBackend, MakeBackend, Site};
use crate::conduct::Conduct;
use crate::log::Couriers;
use crate::stage::{Buckets, Levels, Maker};
use crate::table::{Backends, Fittings, Table};

/// What was applied last.
pub(crate) struct Known<B> {
    ir: Ir,
    table: Table<Arc<B>>,
    backends: BTreeMap<BackendId, Arc<B>>,
}

/// What rules are compiled and backends made with, the same for every IR.
pub(crate) struct Given<'a> {
    pub(crate) gatekeeper: &'a Gatekeeper,
    pub(crate) options: &'a Options,
    pub(crate) buckets: &'a Buckets,
    pub(crate) couriers: &'a Couriers,
    pub(crate) site: Site<'a>,
}

impl<'a> Given<'a> {
    fn maker(&self, backend: &'a dyn Fn(&BackendId) -> Option<BoxBackend>) -> Maker<'a> {
        Maker {
            gatekeeper: self.gatekeeper,
            limits: &self.options.limits,
            hop_id: self.options.planner.forwarding.hop_id.as_ref(),
            backend,
            session_key: self.options.session_key,
            buckets: self.buckets,
            couriers: self.couriers,
            site: self.site,
        }
    }
}

impl<B> Default for Known<B> {
    fn default() -> Self {
        Self {
            ir: Ir::default(),
            table: Table::default(),
            backends: BTreeMap::new(),
        }
    }
}

impl<B> Known<B> {
    pub(crate) fn table(&self) -> &Table<Arc<B>> {
        &self.table
    }

    /// The backends, in order.
    pub(crate) fn backends(&self) -> &BTreeMap<BackendId, Arc<B>> {
        &self.backends
    }

    /// Makes `ir` what is known. What is the same in it is not looked at any further.
    pub(crate) fn apply<M: MakeBackend<Backend = B>>(
        &mut self,
        ir: &Ir,
        make: &M,
        given: &Given<'_>,
    ) where
        B: Backend,
    {
        let replaced = self.apply_backends(ir.backends(), make, &given.site);
        if !replaced.is_empty() || self.ir.listeners() != ir.listeners() {
            let asked = |id: &BackendId| {
                let backend = self.backends.get(id)?;
                Some(BoxBackend::new(Arc::clone(backend)))
            };
            let maker = given.maker(&asked);
            let besides = |levels: &Levels<'_>| maker.make(levels);
            let backends = Backends::new(|id| self.backends.get(id).cloned());
            let logs = |logs: &[ir::AccessLog]| maker.logs(logs);
            let conduct = |settings: &ir::ListenerSettings, before: Option<&Conduct>| {
                Conduct::logging(settings, before, &logs)
            };
            let fittings = Fittings::new(&besides).conducted(&conduct);
            let backends = backends.replacing(replaced);
            let table = self.table.next(ir, &fittings, &backends);
            self.table = table;
        }
        self.ir = ir.clone();
    }

    /// Takes these backends in; those of which there is another instance now.
    fn apply_backends<M: MakeBackend<Backend = B>>(
        &mut self,
        backends: &ir::Backends,
        make: &M,
        site: &Site<'_>,
    ) -> BTreeSet<BackendId> {
        let mut replaced = BTreeSet::new();
        for id in differing(self.ir.backends(), backends) {
            let known = self.backends.get(id);
            let Some(spec) = backends.get(id) else {
                if let Some(gone) = self.backends.remove(id) {
                    make.retire(&gone);
                }
                continue;
            };
            if self.ir.backends().get(id) == Some(spec)
                || known.is_some_and(|known| make.update(known, spec))
            {
                continue;
            }
            let made = make.make(spec, site, known);
            if let Some(before) = self.backends.insert(id.clone(), made) {
                make.retire(&before);
                replaced.insert(id.clone());
            }
        }
        replaced
    }
}

/// The backends that are not the same allocation here and there.
fn differing<'a>(old: &'a ir::Backends, new: &'a ir::Backends) -> Vec<&'a BackendId> {
    let mut differing = Vec::new();
    let (mut old, mut new) = (old.values().peekable(), new.values().peekable());
    loop {
        let (before, now) = match (old.peek(), new.peek()) {
            (Some(before), Some(now)) if Arc::ptr_eq(before, now) => {
                old.next();
                new.next();
                continue;
            }
            (Some(before), Some(now)) => (before.id <= now.id, now.id <= before.id),
            (before, now) => (before.is_some(), now.is_some()),
        };
        let before = old.next_if(|_| before);
        let Some(backend) = new.next_if(|_| now).or(before) else {
            return differing;
        };
        differing.push(&backend.id);
    }
}
