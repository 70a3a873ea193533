//! Which write is next: each object once at a time, and never one that is out of date.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::ObjectRef;
use gateway_resolve::StatusWrite;

/// Writes that are to be carried out, and the objects of those that are under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pending: BTreeMap<ObjectRef, StatusWrite>,
    busy: BTreeSet<ObjectRef>,
}

impl Queue {
    /// Takes these in place of the ones that have not begun.
    pub(crate) fn plan(&mut self, writes: Vec<StatusWrite>) {
        self.pending = writes.into_iter().map(|w| (w.object.clone(), w)).collect();
    }

    /// Takes these in place of the ones for the same objects that have not begun.
    pub(crate) fn replan(
        &mut self,
        writes: impl Iterator<Item = (ObjectRef, Option<StatusWrite>)>,
    ) {
        for (object, write) in writes {
            match write {
                Some(write) => self.pending.insert(object, write),
                None => self.pending.remove(&object),
            };
        }
    }

    /// The next write, which is under way from now on.
    pub(crate) fn next(&mut self) -> Option<StatusWrite> {
        let free = |object: &&ObjectRef| !self.busy.contains(*object);
        let object = self.pending.keys().find(free).cloned()?;
        let write = self.pending.remove(&object)?;
        self.busy.insert(object);
        Some(write)
    }

    /// The write succeeded. One that was planned for the same version since then would fail; one
    /// for a later version stays, since the watch may be faster than the answer to the write.
    pub(crate) fn written(&mut self, write: &StatusWrite) {
        self.busy.remove(&write.object);
        let same = |next: &StatusWrite| next.resource_version == write.resource_version;
        if self.pending.get(&write.object).is_some_and(same) {
            self.pending.remove(&write.object);
        }
    }

    /// The object has changed or is gone: the watch will tell.
    pub(crate) fn outdated(&mut self, write: &StatusWrite) {
        self.written(write);
    }

    /// The write failed, and may be tried again unless another was planned since then.
    pub(crate) fn failed(&mut self, write: StatusWrite) {
        self.busy.remove(&write.object);
        self.pending.entry(write.object.clone()).or_insert(write);
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::{Timestamp, parse};
    use gateway_resolve::{Config, Snapshot, StatusWrite, plan_statuses, resolve};

    use super::Queue;

    /// The write that a Gateway of that version needs.
    fn write(version: &str) -> StatusWrite {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway,
            metadata: {{name: web, resourceVersion: '{version}'}},
            spec: {{gatewayClassName: any, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}}}"
        );
        let resources = parse("test.yaml", text.as_bytes()).resources;
        let snapshot: Snapshot = resources.into_iter().map(|l| l.resource).collect();
        let config = Config::default();
        let statuses = resolve(&snapshot, &config, Timestamp::UNIX_EPOCH).statuses;
        plan_statuses(&snapshot, &statuses, &config.controller_name).remove(0)
    }

    fn version(write: Option<StatusWrite>) -> Option<String> {
        write.and_then(|write| write.resource_version)
    }

    #[test]
    fn an_object_is_written_once_at_a_time() {
        let mut queue = Queue::default();
        queue.plan(vec![write("1")]);
        let first = queue.next().unwrap();
        queue.plan(vec![write("2")]);
        assert_eq!(queue.next(), None);
        queue.outdated(&first);
        assert_eq!(version(queue.next()).as_deref(), Some("2"));
    }

    #[test]
    fn a_write_that_was_planned_for_the_version_before_the_last_write_is_dropped() {
        let mut queue = Queue::default();
        queue.plan(vec![write("1")]);
        let first = queue.next().unwrap();
        queue.plan(vec![write("1")]);
        queue.written(&first);
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn a_write_that_was_planned_for_what_the_last_write_left_is_kept() {
        let mut queue = Queue::default();
        queue.plan(vec![write("1")]);
        let first = queue.next().unwrap();
        queue.plan(vec![write("2")]);
        queue.written(&first);
        assert_eq!(version(queue.next()).as_deref(), Some("2"));
    }

    #[test]
    fn a_write_that_is_no_longer_needed_is_dropped_and_others_stay() {
        let mut queue = Queue::default();
        queue.plan(vec![write("1")]);
        queue.replan(std::iter::empty());
        let object = write("1").object;
        queue.replan(std::iter::once((object.clone(), Some(write("2")))));
        assert_eq!(version(queue.next()).as_deref(), Some("2"));
        queue.replan(std::iter::once((object.clone(), Some(write("3")))));
        queue.replan(std::iter::once((object, None)));
        queue.outdated(&write("2"));
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn a_failed_write_is_tried_again_unless_there_is_a_newer_one() {
        let mut queue = Queue::default();
        queue.plan(vec![write("1")]);
        let first = queue.next().unwrap();
        queue.failed(first);
        let first = queue.next().unwrap();
        queue.plan(vec![write("2")]);
        queue.failed(first);
        assert_eq!(version(queue.next()).as_deref(), Some("2"));
    }
}
