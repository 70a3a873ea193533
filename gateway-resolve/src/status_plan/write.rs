//! One write of a status, in the forms that an API server takes.

use gateway_model::{ObjectRef, Resource};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Snapshot, Status};

/// One status to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusWrite {
    /// The object.
    pub object: ObjectRef,
    /// The version of its kind that is written: `gateway.networking.k8s.io/v1` and the like.
    pub api_version: String,
    /// The version that the write was planned for: another one must not be overwritten. `None`
    /// where the snapshot knows none.
    pub resource_version: Option<String>,
    /// The whole new status, what others wrote included.
    pub status: Status,
    /// The one entry that is written of a status that is a map by namespaces, as those of K8sGateway's options are.
    /// These are no subresource: the [merge patch](Self::merge_patch) is for the object itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

impl StatusWrite {
    /// The object to replace the stored one with, by `PUT` on its `status` subresource, which takes nothing else
    /// from it. The API server refuses it (409) when the object is another by now.
    pub fn replacement(&self) -> Value {
        json!({
            "apiVersion": self.api_version,
            "kind": self.object.kind,
            "metadata": self.metadata(),
            "status": self.status,
        })
    }

    /// The same as a merge patch (RFC 7396), by `PATCH` on the `status` subresource, for clients that only patch.
    /// Lists are whole, and a field that the status has not is null: what is left out of a patch stays as it was.
    ///
    /// Not for server-side apply: `parents` and `ancestors` are atomic lists, of which an apply would drop the entries
    /// of other controllers.
    pub fn merge_patch(&self) -> Value {
        #[cfg(feature = "k8s-gateway")]
        if let Some(entry) = &self.entry {
            let status = super::options::patch(entry, &self.status);
            return json!({"metadata": self.metadata(), "status": status});
        }
        let absent = self.status.fields().iter().map(|field| (*field).to_owned());
        let mut status: Map<_, _> = absent.map(|field| (field, Value::Null)).collect();
        if let Ok(Value::Object(fields)) = serde_json::to_value(&self.status) {
            status.extend(fields);
        }
        json!({"metadata": self.metadata(), "status": status})
    }

    fn metadata(&self) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.object.name));
        if !self.object.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(self.object.namespace));
        }
        if let Some(version) = &self.resource_version {
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
        Value::Object(metadata)
    }
}

impl Status {
    /// The fields that a status of this kind may have.
    fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::GatewayClass(_) => &["conditions", "supportedFeatures"],
            Self::Gateway(_) => &[
                "addresses",
                "attachedListenerSets",
                "conditions",
                "listeners",
            ],
            Self::ListenerSet(_) => &["conditions", "listeners"],
            Self::Route(_) => &["parents"],
            Self::Policy(_) | Self::Custom { .. } => &["ancestors"],
            #[cfg(feature = "k8s-gateway")]
            Self::Options(_) => &["statuses"],
        }
    }
}

impl Snapshot {
    /// Takes in that `write` was carried out, and that the object has `resource_version` since. False: it is another
    /// than the write was planned for, and stays as it is.
    ///
    /// Who gets the whole object back from an API server may [`insert`](Self::insert) that as well.
    pub fn wrote(&mut self, write: &StatusWrite, resource_version: Option<String>) -> bool {
        let stored = self.get(&write.object);
        let planned_for =
            |known: &Resource| known.metadata().resource_version == write.resource_version;
        let Some(mut resource) = stored.filter(planned_for) else {
            return false;
        };
        let taken = write.status.store_in(&mut resource);
        if taken {
            resource.metadata_mut().resource_version = resource_version;
            self.insert(resource);
        }
        taken
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
