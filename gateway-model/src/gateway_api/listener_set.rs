//! ListenerSet.

use serde::{Deserialize, Serialize};

use super::{GROUP, Listener, ListenerStatus, ObjectReference};
use crate::{Condition, Kind, Object, ObjectMeta, Unread};

/// More listeners for a Gateway (GEP-1713).
pub type ListenerSet = Object<ListenerSetSpec, ListenerSetStatus>;

impl Kind for ListenerSet {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "ListenerSet";
    const PLURAL: &'static str = "listenersets";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What a ListenerSet asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerSetSpec {
    /// The Gateway.
    pub parent_ref: ObjectReference,
    /// Where it listens; 1 to 64, names unique.
    pub listeners: Vec<Listener>,
    /// What isn't understood of a stored object, its listeners aside: it must not be served.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// What was observed of a ListenerSet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerSetStatus {
    /// `Accepted`, `Programmed`...
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// One entry per listener.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerStatus>,
}
