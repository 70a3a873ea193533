//! How many routes listeners have.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::ObjectRef;

use crate::ir::ListenerId;
use crate::reader::{Read, Reader};
use crate::route::RouteFacts;
use crate::tally::Tally;

/// How many accepted routes each listener has, whether or not it is served itself.
#[derive(Debug, Default)]
pub(crate) struct Attached(Tally<Arc<ListenerId>>);

impl Attached {
    /// Those of these routes.
    pub(crate) fn of_all<'a>(routes: impl Iterator<Item = &'a RouteFacts>) -> Self {
        let mut attached = Self::default();
        for listener in routes.flat_map(RouteFacts::accepted_on) {
            attached.0.add(listener);
        }
        attached
    }

    /// Takes in where a route is accepted now; the parents whose listeners have another number of routes.
    pub(crate) fn change(
        &mut self,
        old: Option<&RouteFacts>,
        new: Option<&RouteFacts>,
    ) -> BTreeSet<ObjectRef> {
        let on = |facts: Option<&RouteFacts>| -> BTreeSet<Arc<ListenerId>> {
            let listeners = facts.into_iter().flat_map(RouteFacts::accepted_on);
            listeners.cloned().collect()
        };
        let (before, now) = (on(old), on(new));
        let changed = before.symmetric_difference(&now);
        changed
            .map(|listener| {
                match now.contains(listener) {
                    true => self.0.add(listener),
                    false => self.0.take(listener),
                };
                listener.parent.clone()
            })
            .collect()
    }

    /// How many routes a listener has.
    pub(crate) fn of(&self, listener: &Arc<ListenerId>, reader: &Reader<'_>) -> i32 {
        reader.record(|| Read::Attached(listener.parent.clone()));
        i32::try_from(self.0.of(listener)).unwrap_or(i32::MAX)
    }
}
