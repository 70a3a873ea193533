//! The outcome of the data plane, folded into statuses.

use gateway_model::{
    Condition, GatewayStatus, ListenerSetStatus, ListenerStatus, SectionName, Timestamp,
};

use crate::ir::ListenerId;
use crate::problem::Verdict;
use crate::reason::{GatewayProgrammed, ListenerProgrammed, ListenerSetProgrammed, Reason};
use crate::{Snapshot, Status, Statuses};

use super::conditions::condition;

impl Statuses {
    /// Says that the data plane could not serve a listener of the IR, and why: its `Programmed`
    /// turns `False`/`Pending`, that of a Gateway with no listener left `False`/`NoResources`, and that of such a
    /// ListenerSet `False`/`ListenersNotValid`.
    ///
    /// `snapshot` and `now` are those of the resolution. Listeners that are not known are left out.
    pub fn not_programmed(
        &mut self,
        snapshot: &Snapshot,
        now: Timestamp,
        listener: &ListenerId,
        message: &str,
    ) {
        let ListenerId { parent, name } = listener;
        let (namespace, owner) = (&*parent.namespace, &*parent.name);
        let refusal = Refusal { name, message, now };
        match self.get_mut(parent) {
            Some(Status::Gateway(status)) => {
                let stored = snapshot.gateways().get(namespace, owner);
                if let Some(object) = stored {
                    let generation = object.metadata.generation;
                    refusal.tell(status, &object.status, generation, NO_RESOURCES);
                }
            }
            Some(Status::ListenerSet(status)) => {
                let stored = snapshot.listener_sets().get(namespace, owner);
                if let Some(object) = stored {
                    let generation = object.metadata.generation;
                    refusal.tell(status, &object.status, generation, NOT_VALID);
                }
            }
            Some(
                Status::GatewayClass(_)
                | Status::Route(_)
                | Status::Policy(_)
                | Status::Custom { .. },
            ) => {}
            #[cfg(feature = "k8s-gateway")]
            Some(Status::Options(_)) => {}
            None => {}
        }
    }
}

const NO_RESOURCES: GatewayProgrammed = GatewayProgrammed::NoResources;
const NOT_VALID: ListenerSetProgrammed = ListenerSetProgrammed::ListenersNotValid;

/// The status of what has listeners.
trait Parts {
    fn parts(&self) -> (&[ListenerStatus], &[Condition]);
    fn parts_mut(&mut self) -> (&mut [ListenerStatus], &mut [Condition]);
}

impl Parts for GatewayStatus {
    fn parts(&self) -> (&[ListenerStatus], &[Condition]) {
        (&self.listeners, &self.conditions)
    }

    fn parts_mut(&mut self) -> (&mut [ListenerStatus], &mut [Condition]) {
        (&mut self.listeners, &mut self.conditions)
    }
}

impl Parts for ListenerSetStatus {
    fn parts(&self) -> (&[ListenerStatus], &[Condition]) {
        (&self.listeners, &self.conditions)
    }

    fn parts_mut(&mut self) -> (&mut [ListenerStatus], &mut [Condition]) {
        (&mut self.listeners, &mut self.conditions)
    }
}

/// A listener that could not be opened.
struct Refusal<'a> {
    name: &'a SectionName,
    message: &'a str,
    now: Timestamp,
}

impl Refusal<'_> {
    /// Writes it into the status; `none_left` is what is to be said of a parent without a listener that is served.
    fn tell<T: Parts, R: Reason>(&self, status: &mut T, stored: &T, generation: i64, none_left: R) {
        let (listeners, conditions) = status.parts_mut();
        let (stored_listeners, stored) = stored.parts();
        let is_own = |entry: &&ListenerStatus| entry.name == *self.name;
        if let Some(entry) = listeners.iter_mut().find(|entry| is_own(&&**entry)) {
            let stored = stored_listeners.iter().find(is_own);
            let stored = stored.map_or(&[][..], |stored| &stored.conditions);
            let verdict = Verdict::new(ListenerProgrammed::Pending, self.message);
            self.replace(&mut entry.conditions, stored, generation, verdict);
        }
        if !listeners.iter().any(is_served) {
            let verdict = Verdict::new(none_left, "none of the listeners is served");
            self.replace(conditions, stored, generation, verdict);
        }
    }

    fn replace<R: Reason>(
        &self,
        conditions: &mut [Condition],
        stored: &[Condition],
        generation: i64,
        verdict: Verdict<R>,
    ) {
        if let Some(place) = conditions.iter_mut().find(|c| c.type_ == R::CONDITION) {
            *place = condition(stored, generation, || self.now, verdict);
        }
    }
}

fn is_served(entry: &ListenerStatus) -> bool {
    let programmed = entry
        .conditions
        .iter()
        .find(|c| c.type_ == ListenerProgrammed::CONDITION);
    programmed.is_some_and(|c| c.status == ListenerProgrammed::Programmed.status())
}
