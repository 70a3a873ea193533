//! Tables of options: what a kind of policy can set, one line an option.

use super::{Field, FieldError, Fields};

/// The options of a kind of policy. What is to be done with all of them is done by their position, so that
/// an option is a line of its table and nothing else.
pub trait Options: Clone + Default + Send + Sync + 'static {
    /// The options that are honoured, in the order of the table, each with the names that it may be written
    /// by. The first word is what overrides of inherited policies call it.
    const TABLE: &'static [(&'static str, &'static [&'static str])];

    /// The names of options that are refused: they belong to another edition.
    const REFUSED: &'static [&'static str];

    /// The names of options that are known and without effect.
    const IGNORED: &'static [&'static str];

    /// Is the option at that position of the table set?
    fn is_set(&self, index: usize) -> bool {
        self.field(index).is_some()
    }

    /// The option at that position, without its value.
    fn field(&self, index: usize) -> Option<FieldView<'_>>;

    /// Makes the option at that position what it is in `other`.
    fn take(&mut self, index: usize, other: &Self);

    /// The options that are set and refused.
    fn refused(&self) -> &Fields;

    /// The options that are set and without effect.
    fn ignored(&self) -> &Fields;
}

/// An option without its value.
#[derive(Debug, Clone, Copy)]
pub struct FieldView<'a> {
    /// Its name, as it was written.
    pub name: &'static str,
    /// What was written.
    pub written: &'a serde_json::Value,
    /// Why it says nothing.
    pub error: Option<&'a FieldError>,
    /// The paths inside it that are known and not honoured.
    pub unread: &'a [Box<str>],
}

impl<'a, T> From<&'a Field<T>> for FieldView<'a> {
    fn from(field: &'a Field<T>) -> Self {
        Self {
            name: field.name,
            written: &field.written,
            error: field.read.as_ref().err(),
            unread: &field.unread,
        }
    }
}

/// Declares the options of a kind: a line for each that is honoured, then the names of those that are not.
macro_rules! options {
    (
        $(#[$doc:meta])* $name:ident {
            $($(#[$about:meta])* $field:ident: $type:ty = $called:literal [$($written:literal),+],)*
        }
        refused: [$($refused:literal),* $(,)?],
        ignored: [$($ignored:literal),* $(,)?],
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$about])* pub $field: Option<std::sync::Arc<$crate::k8s_gateway::Field<$type>>>,)*
            refused: $crate::k8s_gateway::Fields,
            ignored: $crate::k8s_gateway::Fields,
        }

        impl $crate::k8s_gateway::Options for $name {
            const TABLE: &'static [(&'static str, &'static [&'static str])] =
                &[$(($called, &[$($written),+])),*];
            const REFUSED: &'static [&'static str] = &[$($refused),*];
            const IGNORED: &'static [&'static str] = &[$($ignored),*];

            #[allow(unused_assignments, reason = "the last position is not looked at")]
            #[allow(unused_mut, unused_variables, reason = "a table may be empty")]
            fn field(&self, index: usize) -> Option<$crate::k8s_gateway::options::FieldView<'_>> {
                let mut position = 0;
                $(
                    if index == position {
                        return self.$field.as_deref().map(Into::into);
                    }
                    position += 1;
                )*
                None
            }

            #[allow(unused_assignments, reason = "the last position is not looked at")]
            #[allow(unused_mut, unused_variables, reason = "a table may be empty")]
            fn take(&mut self, index: usize, other: &Self) {
                let mut position = 0;
                $(
                    if index == position {
                        self.$field.clone_from(&other.$field);
                    }
                    position += 1;
                )*
            }

            fn refused(&self) -> &$crate::k8s_gateway::Fields {
                &self.refused
            }

            fn ignored(&self) -> &$crate::k8s_gateway::Fields {
                &self.ignored
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = serde_json::Map::deserialize(deserializer)?;
                Ok(Self {
                    $($field: $crate::k8s_gateway::Field::of(&[$($written),+], &mut fields).map(Into::into),)*
                    refused: $crate::k8s_gateway::Fields::take(&[$($refused),*], &mut fields),
                    ignored: $crate::k8s_gateway::Fields::take(&[$($ignored),*], &mut fields),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::k8s_gateway::options::written(self).serialize(serializer)
            }
        }
    };
}
pub(super) use options;

/// All options as they were written.
pub(super) fn written<O: Options>(options: &O) -> serde_json::Map<String, serde_json::Value> {
    let mut all: serde_json::Map<_, _> = (0..O::TABLE.len())
        .filter_map(|index| options.field(index))
        .map(|field| (field.name.to_owned(), field.written.clone()))
        .collect();
    for others in [options.refused(), options.ignored()] {
        all.extend(others.0.clone());
    }
    all
}
