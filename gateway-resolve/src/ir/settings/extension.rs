//! Settings of an embedder's own.

use std::any::{Any, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of an embedder's own, of whatever type it is. What is done with it is up to the embedder.
///
/// Two are equal if they are of the same type and equal as such. One is written as its type and its `Debug` output, and
/// is not read back: where it stands for something that guards a rule, nothing may go on without it.
///
/// ```
/// use gateway_resolve::ir::Extension;
///
/// #[derive(Debug, PartialEq, Eq)]
/// struct Tier(u8);
///
/// let extension = Extension::new(Tier(2));
/// assert_eq!(extension.get::<Tier>(), Some(&Tier(2)));
/// assert_eq!(extension.get::<u8>(), None);
/// assert_eq!(extension, Extension::new(Tier(2)));
/// ```
#[derive(Clone)]
pub struct Extension(Arc<dyn Value>);

impl Extension {
    /// A value in place of its type.
    pub fn new<T: Any + fmt::Debug + Eq + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is of this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }
}

/// What is asked of a value whose type is not known.
trait Value: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn type_name(&self) -> &'static str;
}

impl<T: Any + fmt::Debug + Eq + Send + Sync> Value for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Extension {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.equals(other.0.as_any())
    }
}

impl Eq for Extension {}

impl Hash for Extension {
    /// By its type: values need not be hashable.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let of_type: TypeId = self.0.as_any().type_id();
        of_type.hash(state);
    }
}

#[derive(Serialize)]
struct Written<'a> {
    r#type: &'a str,
    value: String,
}

impl Serialize for Extension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            r#type: self.0.type_name(),
            value: format!("{:?}", self.0),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Extension {
    fn deserialize<D: Deserializer<'de>>(_deserializer: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "a value of an embedder's own is not read back",
        ))
    }
}
