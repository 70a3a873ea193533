//! Objects of kinds that are not modelled.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    ObjectMeta, ObjectRef, PolicyAncestorStatus, PolicyTarget, Source, UnknownObject, Unread,
};

/// An object of a kind that is not modelled, for those who give its kind a meaning themselves.
///
/// No schema is applied to it. `Debug` output leaves its content out.
///
/// ```
/// use gateway_model::{CustomObject, parse};
///
/// let manifests = parse("queue.yaml", br#"
/// apiVersion: shop.example/v1
/// kind: Queue
/// metadata: {name: orders}
/// spec: {brokers: [192.0.2.1]}
/// "#);
/// let unknown = manifests.unknown.into_iter().next().unwrap();
/// let queue = CustomObject::try_from(unknown).unwrap();
/// assert_eq!(queue.reference().to_string(), "Queue default/orders");
///
/// #[derive(serde::Deserialize)]
/// struct Queue { brokers: Vec<std::net::Ipv4Addr> }
/// assert_eq!(queue.spec::<Queue>().unwrap().brokers.len(), 1);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomObject {
    /// `shop.example/v1` and the like.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What it is for, if it is a policy (GEP-713): its `spec.targetRefs`, or the one `spec.targetRef`.
    pub target_refs: Vec<PolicyTarget>,
    /// What was observed of it.
    pub status: CustomStatus,
    /// Its other fields, `spec` among them.
    pub fields: Map<String, Value>,
}

/// What was observed of an object whose kind is not modelled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomStatus {
    /// If it is a policy (GEP-713): one entry per ancestor, such as a Gateway, and controller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<PolicyAncestorStatus>,
    /// The other fields.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

impl CustomObject {
    /// API group; empty for the core group.
    pub fn group(&self) -> &str {
        let group = self.api_version.split_once('/');
        group.map_or("", |(group, _version)| group)
    }

    /// The object's metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    /// Names the object.
    pub fn reference(&self) -> ObjectRef {
        let (group, kind) = (self.group().to_owned(), self.kind.clone());
        let ObjectMeta {
            namespace, name, ..
        } = &self.metadata;
        ObjectRef::new(group, kind, namespace.as_str(), name.as_str())
    }

    /// Names the object at its generation.
    pub fn source(&self) -> Source {
        Source {
            object: self.reference(),
            generation: self.metadata.generation,
        }
    }

    /// Its `spec` as its type.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn spec<T: DeserializeOwned>(&self) -> Result<T, Unread> {
        let spec = self.fields.get("spec").unwrap_or(&Value::Null);
        serde_path_to_error::deserialize(spec).map_err(|error| {
            let field = match error.path().to_string().as_str() {
                "." => "spec".to_owned(),
                path => format!("spec.{path}"),
            };
            let message = error.into_inner().to_string();
            Unread { field, message }
        })
    }
}

impl fmt::Debug for CustomObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomObject")
            .field("reference", &self.reference())
            .field("target_refs", &self.target_refs)
            .finish_non_exhaustive()
    }
}

impl TryFrom<UnknownObject> for CustomObject {
    type Error = serde_json::Error;

    /// An object without a namespace is in `default`, as those of other kinds.
    fn try_from(unknown: UnknownObject) -> Result<Self, serde_json::Error> {
        let mut object = Self::deserialize(unknown.value)?;
        if object.metadata.namespace.is_empty() {
            "default".clone_into(&mut object.metadata.namespace);
        }
        Ok(object)
    }
}

/// The parts that have a type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    #[serde(default)]
    status: CustomStatus,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// The parts of a `spec` that policies have.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    #[serde(default)]
    target_refs: Vec<PolicyTarget>,
    target_ref: Option<PolicyTarget>,
}

impl<'de> Deserialize<'de> for CustomObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts {
            api_version,
            kind,
            metadata,
            status,
            fields,
        } = Parts::deserialize(deserializer)?;
        let spec = fields.get("spec").filter(|spec| spec.is_object());
        let targets = spec.map(Targets::deserialize).transpose();
        let Targets {
            target_refs: mut targets,
            target_ref,
        } = targets.map_err(D::Error::custom)?.unwrap_or_default();
        targets.extend(target_ref);
        Ok(Self {
            api_version,
            kind,
            metadata,
            target_refs: targets,
            status,
            fields,
        })
    }
}

impl Serialize for CustomObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("apiVersion", &self.api_version)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("metadata", &self.metadata)?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        if self.status != CustomStatus::default() {
            map.serialize_entry("status", &self.status)?;
        }
        map.end()
    }
}
