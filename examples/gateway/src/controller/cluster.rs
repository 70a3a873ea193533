//! What is known of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gateway_model::{Gateway, GatewayClass, HttpRoute, Kind, ObjectRef, Resource};
use gateway_resolve::{Allocation, Snapshot};
use tokio::sync::mpsc::UnboundedReceiver;

use super::effect::Effect;
use super::kinds::{self, WATCHED, Watched};
use super::watch::{Change, Definitions};

/// How long further changes are waited for after one: long enough for a burst to be resolved once,
/// too short to be felt.
const SETTLE: Duration = Duration::from_millis(5);

/// What is known of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    snapshot: Snapshot,
    /// The resources of each kind that was listed.
    listed: BTreeMap<&'static Watched, BTreeSet<ObjectRef>>,
    /// The custom kinds that are defined; `None` until known.
    defined: Option<Definitions>,
    /// The objects that are stored otherwise, or gone, since that was asked for.
    touched: BTreeSet<ObjectRef>,
}

impl Cluster {
    /// Takes a change in, and those that follow at once.
    pub(crate) async fn settle(
        &mut self,
        change: Change,
        more: &mut UnboundedReceiver<Change>,
    ) -> Effect {
        let mut effect = self.take(change);
        if effect > Effect::Nothing {
            tokio::time::sleep(SETTLE).await;
        }
        while let Ok(change) = more.try_recv() {
            effect = effect.max(self.take(change));
        }
        effect
    }

    /// Takes a change in.
    pub(crate) fn take(&mut self, change: Change) -> Effect {
        match change {
            Change::Set(resource) => self.set(resource),
            Change::Gone(reference) => self.remove(&reference),
            Change::Listed(kind, resources) => self.list(kind, resources),
            Change::Defined(defined) => self.define(defined),
        }
    }

    /// Takes in what a write of a status came back with, unless the watch was faster: then the
    /// stored object is not the one that was written to.
    pub(crate) fn written(&mut self, resource: Resource, over: Option<&str>) -> Effect {
        let reference = resource.reference();
        let known = self.snapshot.get(&reference);
        let version = known.and_then(|known| known.metadata().resource_version.clone());
        match version {
            Some(version) if Some(&*version) == over => self.set(resource),
            _ => Effect::Nothing,
        }
    }

    /// Were all kinds listed that there are?
    pub(crate) fn is_complete(&self) -> bool {
        let Some(defined) = &self.defined else {
            return false;
        };
        let exists = |kind: &&Watched| !kind.is_custom() || defined.contains_key(*kind);
        let mut expected = WATCHED.iter().filter(exists);
        expected.all(|kind| self.listed.contains_key(kind))
    }

    /// The resources.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The objects that are stored otherwise, or gone, since this was last called.
    pub(crate) fn touched(&mut self) -> BTreeSet<ObjectRef> {
        std::mem::take(&mut self.touched)
    }

    /// Takes in what Gateways have of the addresses that are given to one at a time; says whether that is new.
    pub(crate) fn allocate(&mut self, allocations: BTreeMap<ObjectRef, Allocation>) -> bool {
        self.snapshot.allocate(allocations)
    }

    /// Is another Gateway, or GatewayClass, stored since what is stored otherwise was asked for?
    pub(crate) fn has_other_gateways(&self) -> bool {
        let kinds = [GatewayClass::KIND, Gateway::KIND];
        let mut touched = self.touched.iter();
        touched.any(|object| kinds.contains(&&*object.kind))
    }

    fn set(&mut self, resource: Resource) -> Effect {
        let reference = resource.reference();
        let effect = Effect::of(&self.snapshot, &resource);
        if effect > Effect::Nothing {
            self.touched.insert(reference.clone());
        }
        if let Some(kind) = kinds::find(&reference.group, &reference.kind) {
            self.listed.entry(kind).or_default().insert(reference);
        }
        if effect > Effect::Nothing {
            self.snapshot.insert(resource);
        }
        effect
    }

    fn remove(&mut self, reference: &ObjectRef) -> Effect {
        let kind = kinds::find(&reference.group, &reference.kind);
        if let Some(known) = kind.and_then(|kind| self.listed.get_mut(kind)) {
            known.remove(reference);
        }
        match self.snapshot.remove(reference) {
            true => {
                self.touched.insert(reference.clone());
                Effect::Resources
            }
            false => Effect::Nothing,
        }
    }

    fn list(&mut self, kind: &'static Watched, resources: Vec<Resource>) -> Effect {
        let known = self.listed.insert(kind, BTreeSet::new());
        // A first list counts, even an empty one: it may be the one that was waited for.
        let mut all = match known {
            Some(_) => Effect::Nothing,
            None => Effect::Resources,
        };
        for resource in resources {
            all = all.max(self.set(resource));
        }
        let current = self.listed.get(kind).cloned().unwrap_or_default();
        for reference in known.unwrap_or_default().difference(&current) {
            all = all.max(self.remove(reference));
        }
        all
    }

    fn define(&mut self, defined: Definitions) -> Effect {
        if self.defined.as_ref() == Some(&defined) {
            return Effect::Nothing;
        }
        let gone = |kind: &&'static Watched| kind.is_custom() && !defined.contains_key(*kind);
        for kind in WATCHED.iter().filter(gone) {
            for reference in self.listed.remove(kind).unwrap_or_default() {
                self.snapshot.remove(&reference);
                self.touched.insert(reference);
            }
        }
        // Of the HTTPRoute, or else of none.
        let routes = kinds::find(HttpRoute::GROUP, HttpRoute::KIND);
        let release = routes.and_then(|kind| defined.get(kind));
        self.snapshot
            .observe_release(release.cloned().unwrap_or_default());
        self.defined = Some(defined);
        Effect::Resources
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::{Resource, parse};
    use gateway_resolve::Release;

    use super::super::effect::Effect;
    use super::super::kinds::{WATCHED, Watched};
    use super::super::watch::{Change, Definitions};
    use super::{Cluster, SETTLE};

    fn custom() -> impl Iterator<Item = &'static Watched> {
        WATCHED.iter().filter(|kind| kind.is_custom())
    }

    fn defined(kinds: impl Iterator<Item = &'static Watched>) -> Change {
        let definitions = kinds.map(|kind| (kind, Release::default()));
        Change::Defined(definitions.collect::<Definitions>())
    }

    fn kind(name: &str) -> &'static Watched {
        WATCHED.iter().find(|kind| kind.kind == name).unwrap()
    }

    /// A cluster in which everything was listed, and nothing is there.
    fn listed() -> Cluster {
        let mut cluster = Cluster::default();
        cluster.take(defined(custom()));
        for kind in WATCHED.iter() {
            cluster.take(Change::Listed(kind, Vec::new()));
        }
        assert!(cluster.is_complete());
        cluster
    }

    fn gateway(name: &str, version: u32, port: u16, status: &str) -> Resource {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway,
            metadata: {{name: {name}, resourceVersion: '{version}'}},
            spec: {{gatewayClassName: any,
                    listeners: [{{name: http, port: {port}, protocol: HTTP}}]}},
            status: {{addresses: [{status}]}}}}"
        );
        let mut manifests = parse("test.yaml", text.as_bytes());
        manifests.resources.remove(0).resource
    }

    #[test]
    fn a_cluster_is_complete_once_every_kind_that_exists_was_listed() {
        let mut cluster = Cluster::default();
        for kind in WATCHED.iter().filter(|kind| !kind.is_custom()) {
            assert!(!cluster.is_complete());
            cluster.take(Change::Listed(kind, Vec::new()));
        }
        assert!(!cluster.is_complete(), "what is defined is not known");
        cluster.take(defined(std::iter::empty()));
        assert!(cluster.is_complete(), "no custom kind exists");
        cluster.take(defined(custom()));
        for kind in custom() {
            assert!(!cluster.is_complete());
            assert_eq!(
                cluster.take(Change::Listed(kind, Vec::new())),
                Effect::Resources
            );
        }
        assert!(cluster.is_complete());
    }

    #[test]
    fn a_change_of_a_status_alone_asks_for_no_resolution() {
        let mut cluster = listed();
        let address = "{type: IPAddress, value: 192.0.2.1}";
        let rows = [
            (gateway("web", 1, 80, ""), Effect::Resources),
            (gateway("web", 1, 80, ""), Effect::Nothing),
            (gateway("web", 2, 80, address), Effect::Statuses),
            (gateway("web", 3, 81, address), Effect::Resources),
        ];
        for (resource, effect) in rows {
            assert_eq!(
                cluster.take(Change::Set(resource.clone())),
                effect,
                "{resource:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_taken_in_as_one() {
        let mut cluster = listed();
        let (sender, mut changes) = tokio::sync::mpsc::unbounded_channel();
        let burst = tokio::spawn(async move {
            for number in 0..4 {
                let name = format!("gateway-{number}");
                let _ = sender.send(Change::Set(gateway(&name, 1, 80, "")));
                tokio::time::sleep(SETTLE / 5).await;
            }
        });
        let first = changes.recv().await.unwrap();
        let effect = cluster.settle(first, &mut changes).await;
        burst.await.unwrap();
        assert_eq!(effect, Effect::Resources);
        assert_eq!(cluster.snapshot().gateways().len(), 4);
        assert!(changes.try_recv().is_err(), "a change was left for later");
    }

    #[test]
    fn a_list_removes_what_is_not_in_it() {
        let mut cluster = listed();
        let (a, b) = (gateway("a", 1, 80, ""), gateway("b", 2, 80, ""));
        cluster.take(Change::Set(a));
        cluster.take(Change::Set(b.clone()));
        let again = Change::Listed(kind("Gateway"), vec![b.clone()]);
        assert_eq!(cluster.take(again), Effect::Resources);
        assert_eq!(cluster.snapshot().gateways().len(), 1);
        let same = Change::Listed(kind("Gateway"), vec![b]);
        assert_eq!(cluster.take(same), Effect::Nothing);
    }

    #[test]
    fn a_kind_whose_definition_goes_takes_its_objects_along() {
        let mut cluster = listed();
        cluster.take(Change::Set(gateway("web", 1, 80, "")));
        let without = || defined(custom().filter(|kind| kind.kind != "Gateway"));
        assert_eq!(cluster.take(without()), Effect::Resources);
        assert!(cluster.is_complete());
        assert!(cluster.snapshot().gateways().is_empty());
        assert_eq!(cluster.take(without()), Effect::Nothing);
    }

    #[test]
    fn the_answer_to_a_write_is_taken_unless_the_watch_was_faster() {
        let mut cluster = listed();
        cluster.take(Change::Set(gateway("web", 1, 80, "")));
        let written = gateway("web", 2, 80, "{type: IPAddress, value: 192.0.2.1}");
        cluster.take(Change::Set(gateway("web", 3, 81, "")));
        assert_eq!(cluster.written(written.clone(), Some("1")), Effect::Nothing);
        assert_eq!(cluster.written(written, Some("3")), Effect::Resources);
    }
}
