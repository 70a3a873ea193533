//! References to resources.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names one resource of a cluster: group, kind, namespace (empty when cluster-scoped), name.
///
/// Ordered by these fields in turn. The version is left out: all served versions of a kind are
/// one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Kind, as in `HTTPRoute`.
    pub kind: Cow<'static, str>,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Arc<str>,
    /// Name within the namespace.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// A reference out of its parts.
    pub fn new(
        group: impl Into<Cow<'static, str>>,
        kind: impl Into<Cow<'static, str>>,
        namespace: impl Into<Arc<str>>,
        name: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Compares two references as the texts `namespace/name` do, which is how the specification
    /// breaks ties: `team-a/x` comes before `team/x`.
    pub fn cmp_by_text(&self, other: &Self) -> Ordering {
        let namespaces = match self.namespace == other.namespace {
            true => Ordering::Equal,
            false => {
                let own = self.namespace.bytes().chain([b'/']);
                own.cmp(other.namespace.bytes().chain([b'/']))
            }
        };
        namespaces.then_with(|| self.name.cmp(&other.name))
    }
}

impl fmt::Display for ObjectRef {
    /// `HTTPRoute default/web`, or `GatewayClass web` when cluster-scoped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &*self.name {
            "" => "(no name)",
            name => name,
        };
        match &*self.namespace {
            "" => write!(f, "{} {name}", self.kind),
            namespace => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}

/// The resource that something was derived from, at the generation that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The resource.
    pub object: ObjectRef,
    /// Its `metadata.generation`; 0 when it had none (resources read from files).
    pub generation: i64,
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::ObjectRef;

    #[test]
    fn references_compare_as_the_text_that_the_specification_breaks_ties_by() {
        let reference = |(namespace, name)| ObjectRef::new("", "Service", namespace, name);
        let rows = [
            (("team", "a"), ("team", "b")),
            (("team", "b"), ("teams", "a")),
            (("team-a", "z"), ("team", "a")),
            (("team", "a"), ("team", "a-b")),
        ];
        for (first, second) in rows {
            assert!(
                format!("{}/{}", first.0, first.1) < format!("{}/{}", second.0, second.1),
                "{first:?} {second:?}"
            );
            let (first, second) = (reference(first), reference(second));
            assert_eq!(
                first.cmp_by_text(&second),
                Ordering::Less,
                "{first} {second}"
            );
            assert_eq!(
                second.cmp_by_text(&first),
                Ordering::Greater,
                "{first} {second}"
            );
            assert_eq!(first.cmp_by_text(&first), Ordering::Equal, "{first}");
        }
    }
}
