//! The writes that are missing: statuses, the finalizers of classes, and what the cluster gets of each Gateway.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::{GatewayClass, Kind, ObjectRef, Resource};
use gateway_resolve::ir::Ir;
use gateway_resolve::{
    Author, Snapshot, Status, StatusWrite, Statuses, plan_status, plan_statuses,
};

use super::infrastructure::Of;
use super::write::{Content, Fingerprint, Key, Part, Write};
use super::{finalizer, infrastructure};

/// What is known when writes are planned.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) statuses: &'a Statuses,
    /// What is served.
    pub(crate) ir: &'a Ir,
    pub(crate) author: Author<'a>,
}

impl Plan<'_> {
    /// All writes that are missing.
    pub(crate) fn all(self) -> Vec<Write> {
        let classes = self.snapshot.gateway_classes().iter();
        let finalizers = classes.filter_map(|class| self.finalizers(class));
        let statuses = plan_statuses(self.snapshot, self.statuses, self.author);
        let statuses = statuses.into_iter().map(|write| self.status(write));
        let of_gateways = infrastructure::missing(&Of::All, self.snapshot, self.statuses, self.ir);
        finalizers.chain(statuses).chain(of_gateways).collect()
    }

    /// Those that one object misses.
    fn of(self, object: &ObjectRef) -> Vec<Write> {
        let is_class = object.group == GatewayClass::GROUP && object.kind == GatewayClass::KIND;
        let class = self.snapshot.gateway_classes().get("", &object.name);
        let finalizers = class
            .filter(|_| is_class)
            .and_then(|class| self.finalizers(class));
        let status = plan_status(self.snapshot, self.statuses, self.author, object);
        let status = status.map(|write| self.status(write));
        finalizers.into_iter().chain(status).collect()
    }

    /// Those that these objects miss, where nothing is to be told of all others: for each object all of its writes,
    /// and `None` for one that is gone. A class misses something by its Gateways as well, and so does what the cluster
    /// gets of these.
    pub(crate) fn of_each(
        self,
        mut objects: BTreeSet<ObjectRef>,
    ) -> impl Iterator<Item = (ObjectRef, Option<Vec<Write>>)> {
        let mut of_gateways: BTreeMap<ObjectRef, Vec<Write>> = BTreeMap::new();
        let gateways = Of::touched(&objects, self.snapshot);
        if !gateways.is_none() {
            let classes = self.snapshot.gateway_classes().iter();
            objects.extend(classes.map(|class| class.reference()));
            for write in infrastructure::missing(&gateways, self.snapshot, self.statuses, self.ir) {
                let object = write.key.object.clone();
                of_gateways.entry(object).or_default().push(write);
            }
        }
        objects.extend(of_gateways.keys().cloned());
        objects.into_iter().map(move |object| {
            let own = of_gateways.remove(&object);
            let exists = own.is_some() || self.exists(&object);
            let writes = exists.then(|| {
                let mut writes = self.of(&object);
                writes.extend(own.into_iter().flatten());
                writes
            });
            (object, writes)
        })
    }

    /// Is there such an object?
    pub(crate) fn exists(self, object: &ObjectRef) -> bool {
        self.snapshot.get(object).is_some()
    }

    fn finalizers(self, class: &GatewayClass) -> Option<Write> {
        let ours = class.spec.controller_name == self.author.controller;
        ours.then(|| finalizer::missing(self.snapshot, class))?
    }

    fn status(self, write: StatusWrite) -> Write {
        let content = match write.entry {
            Some(_) => Content::Patch(write.merge_patch()),
            None => Content::Status(Box::new(write.status)),
        };
        let stored = self.snapshot.get(&write.object);
        let stored = stored.map(|resource| stored_as(&resource, Part::Status));
        Write {
            wish: Fingerprint::of(&self.statuses.get(&write.object)),
            stored: stored.unwrap_or_default(),
            key: Key::new(write.object, Part::Status),
            version: write.resource_version,
            content,
        }
    }
}

/// What is stored as that part of a resource.
pub(crate) fn stored_as(resource: &Resource, part: Part) -> Fingerprint {
    match (resource, part) {
        (Resource::GatewayClass(class), Part::Finalizers) => finalizer::fingerprint(class),
        (_, Part::Status) => {
            let status = Status::stored_in(resource);
            status.map_or_else(Fingerprint::default, |status| Fingerprint::of(&status))
        }
        (Resource::Service(_) | Resource::EndpointSlice(_), Part::Object) => {
            infrastructure::fingerprint(resource)
        }
        _ => Fingerprint::default(),
    }
}
