//! Which write is next: each object once at a time, namespaces in turn, never one that is out of date,
//! and one that failed only after a while.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use gateway_model::ObjectRef;
use tokio::time::Instant;

use super::past::Past;
use super::write::{Fingerprint, Key, Part, Write};

/// How many writes that failed before, or that another writer undid, are under way at most: the others
/// are not to wait for these.
const TROUBLED: usize = 4;

/// When a write came to wait.
type Ticket = u64;

/// Writes that are to be carried out, and the objects of those that are under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pending: BTreeMap<Key, (Ticket, Write)>,
    /// The same, in the order of each namespace.
    lines: BTreeMap<Arc<str>, BTreeMap<Ticket, Key>>,
    tickets: Ticket,
    /// The namespace whose turn was last.
    last: Arc<str>,
    /// The objects that are being written to; is the write in trouble?
    busy: BTreeMap<ObjectRef, bool>,
    past: BTreeMap<Key, Past>,
}

impl Queue {
    /// Takes these in place of the ones that have not begun. What is known of objects that do not
    /// exist is forgotten.
    pub(crate) fn plan(&mut self, writes: Vec<Write>, exists: impl Fn(&ObjectRef) -> bool) {
        self.past.retain(|key, _| exists(&key.object));
        self.lines.clear();
        let mut before = std::mem::take(&mut self.pending);
        for write in writes {
            let ticket = before.remove(&write.key).map(|(ticket, _)| ticket);
            self.add(write, ticket);
        }
    }

    /// Takes these in place of the ones for this object that have not begun.
    pub(crate) fn replan(&mut self, object: &ObjectRef, writes: Vec<Write>) {
        let mut before: Vec<_> = Part::ALL
            .into_iter()
            .filter_map(|part| self.take(&Key::new(object.clone(), part)))
            .collect();
        for write in writes {
            let same = before.iter().position(|(_, other)| other.key == write.key);
            let ticket = same.map(|same| before.swap_remove(same).0);
            self.add(write, ticket);
        }
    }

    /// The object does not exist any more.
    pub(crate) fn gone(&mut self, object: &ObjectRef) {
        self.replan(object, Vec::new());
        for part in Part::ALL {
            self.past.remove(&Key::new(object.clone(), part));
        }
    }

    /// How writes ended so far says nothing any more: the API server has other definitions.
    pub(crate) fn forget(&mut self) {
        self.past.clear();
    }

    /// The next write, which is under way from now on.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Write> {
        let behind = (Bound::Excluded(&*self.last), Bound::Unbounded);
        let upto = (Bound::Unbounded, Bound::Included(&*self.last));
        let rest = self.lines.range::<str, _>(behind);
        let mut turns = rest.chain(self.lines.range::<str, _>(upto));
        let key = turns.find_map(|(_, line)| line.values().find(|key| self.is_ready(key, now)));
        let (_, write) = self.take(&key?.clone())?;
        self.last.clone_from(&write.key.object.namespace);
        let troubled = self.past_of(&write).is_some_and(|p| p.is_troubled(&write));
        self.busy.insert(write.key.object.clone(), troubled);
        Some(write)
    }

    /// When the next write that has to wait may begin.
    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        let waiting = self.pending.values().map(|(_, write)| write);
        let times = waiting.filter_map(|write| self.past_of(write)?.not_before(write));
        times.filter(|at| *at > now).min()
    }

    /// The write succeeded, and left this. One that was planned for the same version since then would
    /// fail; one for a later version stays, since the watch may be faster than the answer to the
    /// write. Says how often another writer has undone it, once that is worth a report.
    pub(crate) fn written(
        &mut self,
        write: &Write,
        left: Fingerprint,
        now: Instant,
    ) -> Option<u32> {
        self.over(write);
        let past = self.past.entry(write.key.clone()).or_default();
        past.written(write, left, now)
    }

    /// The object has changed or is gone: the watch will tell.
    pub(crate) fn outdated(&mut self, write: &Write) {
        self.over(write);
        self.past
            .entry(write.key.clone())
            .or_default()
            .outdated(write);
    }

    /// The write failed, and may be tried again unless another was planned since then.
    pub(crate) fn failed(&mut self, write: Write, now: Instant) {
        self.busy.remove(&write.key.object);
        self.past
            .entry(write.key.clone())
            .or_default()
            .failed(&write, now);
        if !self.pending.contains_key(&write.key) {
            self.add(write, None);
        }
    }

    fn add(&mut self, write: Write, ticket: Option<Ticket>) {
        if self
            .past_of(&write)
            .is_some_and(|past| !past.admits(&write))
        {
            return;
        }
        let ticket = ticket.unwrap_or_else(|| {
            self.tickets += 1;
            self.tickets
        });
        let (key, namespace) = (write.key.clone(), &write.key.object.namespace);
        let line = self.lines.entry(namespace.clone()).or_default();
        line.insert(ticket, key.clone());
        self.pending.insert(key, (ticket, write));
    }

    fn take(&mut self, key: &Key) -> Option<(Ticket, Write)> {
        let (ticket, write) = self.pending.remove(key)?;
        if let Some(line) = self.lines.get_mut(&key.object.namespace) {
            line.remove(&ticket);
            if line.is_empty() {
                self.lines.remove(&key.object.namespace);
            }
        }
        Some((ticket, write))
    }

    fn is_ready(&self, key: &Key, now: Instant) -> bool {
        let Some((_, write)) = self.pending.get(key) else {
            return false;
        };
        if self.busy.contains_key(&key.object) {
            return false;
        }
        let Some(past) = self.past.get(key) else {
            return true;
        };
        let room = || self.busy.values().filter(|troubled| **troubled).count() < TROUBLED;
        past.not_before(write).is_none_or(|at| at <= now) && (!past.is_troubled(write) || room())
    }

    fn past_of(&self, write: &Write) -> Option<&Past> {
        self.past.get(&write.key)
    }

    /// A write has ended, after which others for that version of the object are of no use.
    fn over(&mut self, write: &Write) {
        self.busy.remove(&write.key.object);
        for part in Part::ALL {
            let key = Key::new(write.key.object.clone(), part);
            let next = self.pending.get(&key);
            if next.is_some_and(|(_, next)| next.version == write.version) {
                self.take(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
