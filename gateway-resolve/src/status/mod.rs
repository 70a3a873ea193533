//! Statuses: what to tell the authors of resources.

pub(crate) mod attached;
pub(crate) mod class;
pub(crate) mod conditions;
pub(crate) mod gateway;
mod gateway_findings;
mod listener_set;
mod listeners;
pub(crate) mod mesh;
pub(crate) mod own_policy;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod route;
mod stored;
pub(crate) mod unserved;
mod x_backend;

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::{
    CustomStatus, GatewayClassStatus, GatewayStatus, KindInfo, ListenerSetStatus, ObjectRef,
    PolicyStatus, RouteStatus,
};
use rpds::RedBlackTreeMapSync;
use serde::Serialize;

use crate::{Finding, KINDS};

use report::Report;

/// The statuses of all resources that are served, and what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    by_object: RedBlackTreeMapSync<ObjectRef, Status>,
    /// Those of one object are in order.
    findings: RedBlackTreeMapSync<ObjectRef, Arc<[Finding]>>,
}

/// The status of one resource.
///
/// It holds what this controller has to say: conditions of its own types and, for routes, entries
/// of its own parents. A writer keeps what others have put beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Status {
    /// Of a GatewayClass, or of an XMesh.
    GatewayClass(GatewayClassStatus),
    /// Of a Gateway.
    Gateway(GatewayStatus),
    /// Of a ListenerSet.
    ListenerSet(ListenerSetStatus),
    /// Of a route, of whatever kind.
    Route(RouteStatus),
    /// Of a policy, of whatever kind.
    Policy(PolicyStatus),
    /// Of an object of an embedder's own kind.
    Custom {
        /// The version of its kind that is written.
        #[serde(skip)]
        api_version: String,
        /// Its entries of ancestors, and other fields as far as there is something to say of them.
        #[serde(flatten)]
        status: CustomStatus,
    },
    /// Of an option of K8sGateway. It is no subresource: the object as a whole is written.
    #[cfg(feature = "k8s-gateway")]
    Options(gateway_model::k8s_gateway::OptionStatuses),
}

impl Status {
    /// The version of its kind that is written.
    fn api_version(&self, object: &ObjectRef) -> String {
        match self {
            Self::Custom { api_version, .. } => api_version.clone(),
            _ => {
                let kind = KINDS.iter().find(|kind| kind.is_of(object));
                kind.map_or_else(String::new, KindInfo::api_version)
            }
        }
    }
}

/// A resource with nothing but its status, as it is written to the status subresource.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    /// `gateway.networking.k8s.io/v1` and the like.
    pub api_version: String,
    /// The kind.
    pub kind: &'a str,
    /// Which object.
    pub metadata: DocumentMetadata<'a>,
    /// Its status.
    pub status: &'a Status,
}

/// Which object a [`Document`] is for.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentMetadata<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace; empty, and not written, for cluster-scoped kinds.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: &'a str,
}

impl Statuses {
    /// The status of one resource; `None` when it is not served, or is not of a kind with a status.
    pub fn get(&self, object: &ObjectRef) -> Option<&Status> {
        self.by_object.get(object)
    }

    /// All statuses, ordered by group, kind, namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectRef, &Status)> {
        self.by_object.iter()
    }

    /// All statuses as documents, in the order of [`iter`](Self::iter).
    pub fn documents(&self) -> impl Iterator<Item = Document<'_>> {
        self.iter().map(|(object, status)| Document {
            api_version: status.api_version(object),
            kind: &object.kind,
            metadata: DocumentMetadata {
                name: &object.name,
                namespace: &object.namespace,
            },
            status,
        })
    }

    /// Everything that is not accepted or does not resolve, ordered by resource.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values().flat_map(|of_object| &**of_object)
    }

    /// Says this of an object, in place of what was said of it before.
    ///
    /// Of objects of own kinds that is a [`Status::Custom`]. What is said of others has to be of their kind.
    pub fn set(&mut self, object: ObjectRef, status: Status) {
        self.by_object.insert_mut(object, status);
    }

    /// Says that something is wrong with an object, beside what was found already.
    pub fn find(&mut self, finding: Finding) {
        let found = self.findings.get(&finding.resource);
        let found = found.map_or(&[][..], |found| found);
        if let Err(at) = found.binary_search(&finding) {
            let object = finding.resource.clone();
            let mut found = found.to_vec();
            found.insert(at, finding);
            self.findings.insert_mut(object, found.into());
        }
    }

    /// The objects of which something else is said here than there.
    pub(crate) fn differing(&self, other: &Self) -> BTreeSet<ObjectRef> {
        let keys = |statuses: &Self| -> BTreeSet<ObjectRef> {
            let with_findings = statuses.findings.keys();
            statuses
                .by_object
                .keys()
                .chain(with_findings)
                .cloned()
                .collect()
        };
        let mut objects = keys(self);
        objects.extend(keys(other));
        objects.retain(|object| {
            self.get(object) != other.get(object)
                || self.findings.get(object) != other.findings.get(object)
        });
        objects
    }

    /// Puts what is said of an object in the place of what was said before; says whether it differs.
    pub(crate) fn take(&mut self, report: Report) -> bool {
        let Report {
            object,
            status,
            findings,
        } = report;
        let said = self.findings.get(&object).map_or(&[][..], |found| found);
        let is_same = self.by_object.get(&object) == status.as_ref() && *said == *findings;
        if is_same {
            return false;
        }
        match findings.is_empty() {
            true => self.findings.remove_mut(&object),
            false => {
                self.findings.insert_mut(object.clone(), findings.into());
                true
            }
        };
        match status {
            Some(status) => self.by_object.insert_mut(object, status),
            None => _ = self.by_object.remove_mut(&object),
        }
        true
    }
}
