//! References from one object to another.

use serde::{Deserialize, Serialize};

use crate::Port;

/// Names an object in the namespace of the one that refers to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalObjectReference {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Names an object anywhere in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectReference {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; that of the referring object when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Names an object that holds a certificate, by default a Secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretObjectReference {
    /// API group; empty, the default, for the core group.
    #[serde(default)]
    pub group: String,
    /// Kind, `Secret` by default.
    #[serde(default = "secret")]
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; that of the referring object when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Names an object that answers requests, by default a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BackendObjectReference {
    /// API group; empty, the default, for the core group.
    #[serde(default)]
    pub group: String,
    /// Kind, `Service` by default.
    #[serde(default = "service")]
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; that of the referring object when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; required for Services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
}

/// A backend and its share of the requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendRef {
    /// API group; empty, the default, for the core group.
    #[serde(default)]
    pub group: String,
    /// Kind, `Service` by default.
    #[serde(default = "service")]
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; that of the referring object when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; required for Services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Its share is `weight` out of the sum of the rule's weights; 0 to 1,000,000, 1 by default.
    #[serde(default = "one")]
    pub weight: u32,
}

/// A backend, and what is done to the requests that go to it, by filters of type `F`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendWithFilters<F> {
    /// The backend.
    #[serde(flatten)]
    pub backend: BackendRef,
    /// What is done to its requests and responses; at most 16.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<F>,
}

impl BackendRef {
    /// The reference without the weight.
    pub fn object(&self) -> BackendObjectReference {
        let Self {
            group,
            kind,
            name,
            namespace,
            port,
            weight: _,
        } = self.clone();
        BackendObjectReference {
            group,
            kind,
            name,
            namespace,
            port,
        }
    }
}

fn secret() -> String {
    "Secret".to_owned()
}

fn service() -> String {
    "Service".to_owned()
}

fn one() -> u32 {
    1
}
