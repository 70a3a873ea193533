//! The outcome of the data plane, folded into statuses.

use gateway_model::{Condition, GatewayStatus, ListenerStatus, Timestamp};

use crate::ir::ListenerId;
use crate::problem::Verdict;
use crate::reason::{GatewayProgrammed, ListenerProgrammed, Reason};
use crate::{Snapshot, Statuses};

use super::conditions::condition;

impl Statuses {
    /// Says that the data plane could not serve a listener of the IR, and why: its `Programmed`
    /// turns `False`/`Pending`, and that of a Gateway with no listener left `False`/`NoResources`.
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
        let Some(gateway) = snapshot.gateways().get(&parent.namespace, &parent.name) else {
            return;
        };
        let Some(status) = self.gateway_mut(parent) else {
            return;
        };
        let change = Change {
            stored: &gateway.status,
            generation: gateway.metadata.generation,
            now,
        };
        if let Some(entry) = status
            .listeners
            .iter_mut()
            .find(|entry| entry.name == *name)
        {
            change.listener(entry, message);
        }
        let is_served = |entry: &ListenerStatus| {
            let programmed = entry
                .conditions
                .iter()
                .find(|c| c.type_ == ListenerProgrammed::CONDITION);
            programmed.is_some_and(|c| c.status == ListenerProgrammed::Programmed.status())
        };
        if !status.listeners.iter().any(is_served) {
            change.gateway(status);
        }
    }
}

struct Change<'a> {
    stored: &'a GatewayStatus,
    generation: i64,
    now: Timestamp,
}

impl Change<'_> {
    fn listener(&self, entry: &mut ListenerStatus, message: &str) {
        let stored = self
            .stored
            .listeners
            .iter()
            .find(|stored| stored.name == entry.name);
        let stored = stored.map_or([].as_slice(), |stored| &stored.conditions);
        let verdict = Verdict::new(ListenerProgrammed::Pending, message);
        self.replace(&mut entry.conditions, stored, verdict);
    }

    fn gateway(&self, status: &mut GatewayStatus) {
        let message = "none of the listeners is served";
        let verdict = Verdict::new(GatewayProgrammed::NoResources, message);
        self.replace(&mut status.conditions, &self.stored.conditions, verdict);
    }

    fn replace<R: Reason>(
        &self,
        conditions: &mut [Condition],
        stored: &[Condition],
        verdict: Verdict<R>,
    ) {
        if let Some(place) = conditions.iter_mut().find(|c| c.type_ == R::CONDITION) {
            *place = condition(stored, self.generation, || self.now, verdict);
        }
    }
}
