//! The shape that most kinds share.

use serde::{Deserialize, Serialize, Serializer};

use crate::{CustomObject, ObjectMeta, ObjectRef, Source};

/// What is known of a kind, and what every object of it has.
pub trait Kind {
    /// API group; empty for the core group.
    const GROUP: &'static str;
    /// Kind, as in `HTTPRoute`.
    const KIND: &'static str;
    /// The same, as in URLs: `httproutes`.
    const PLURAL: &'static str;
    /// The versions that are read, the one that is written first.
    const VERSIONS: &'static [&'static str];
    /// Do its objects live in namespaces?
    const NAMESPACED: bool;

    /// The object's metadata.
    fn metadata(&self) -> &ObjectMeta;

    /// The version that is written, with its group: `gateway.networking.k8s.io/v1`, or `v1` for
    /// the core group.
    fn api_version() -> String
    where
        Self: Sized,
    {
        KindInfo::of::<Self>().api_version()
    }

    /// Names this object.
    fn reference(&self) -> ObjectRef {
        let ObjectMeta {
            name, namespace, ..
        } = self.metadata();
        ObjectRef::new(Self::GROUP, Self::KIND, namespace.as_str(), name.as_str())
    }

    /// Names this object at its generation.
    fn source(&self) -> Source {
        Source {
            object: self.reference(),
            generation: self.metadata().generation,
        }
    }
}

/// What is known of a kind, as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Kind, as in `HTTPRoute`.
    pub kind: &'static str,
    /// The same, as in URLs: `httproutes`.
    pub plural: &'static str,
    /// The versions that are read, the one that is written first.
    pub versions: &'static [&'static str],
    /// Do its objects live in namespaces?
    pub is_namespaced: bool,
}

impl KindInfo {
    /// What is known of `K`.
    pub const fn of<K: Kind>() -> Self {
        Self {
            group: K::GROUP,
            kind: K::KIND,
            plural: K::PLURAL,
            versions: K::VERSIONS,
            is_namespaced: K::NAMESPACED,
        }
    }

    /// Is the object of this kind?
    pub fn is_of(&self, object: &ObjectRef) -> bool {
        *object.kind == *self.kind && *object.group == *self.group
    }

    /// The version that is written, with its group: `gateway.networking.k8s.io/v1`, or `v1` for
    /// the core group.
    pub fn api_version(&self) -> String {
        let version = self.versions.first().copied().unwrap_or_default();
        match self.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }
}

/// An object: metadata, what is asked for, what was observed.
///
/// Serialised as an API server stores it, but for empty lists and maps, which are left out. Deserialised it has to be
/// such an object: defaults of the schema are filled in by [`parse`](crate::parse) and its kin, not by `serde`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "S: Serialize, T: Serialize + Default + PartialEq",
    deserialize = "S: Deserialize<'de>, T: Deserialize<'de> + Default"
))]
pub struct Object<S, T = NoStatus> {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What is asked for.
    pub spec: S,
    /// What was observed; left out of the serialised form when it equals its default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: T,
}

/// The status of kinds that have none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoStatus {}

/// Serialises an object as a manifest, with its `apiVersion` and `kind`.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a, K>(pub &'a K);

impl<K: Kind + Serialize> Serialize for Typed<'_, K> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        WithType {
            api_version: K::api_version(),
            kind: K::KIND,
            object: self.0,
        }
        .serialize(serializer)
    }
}

/// It has them already.
impl Serialize for Typed<'_, CustomObject> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithType<'a, K> {
    api_version: String,
    kind: &'static str,
    #[serde(flatten)]
    object: &'a K,
}

/// For `skip_serializing_if`.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
