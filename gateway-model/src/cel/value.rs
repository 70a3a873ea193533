//! What expressions come to.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::tree::{Node, Value as Tree};

/// What an expression comes to.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Cow<'a, str>),
    /// Nanoseconds.
    Duration(i64),
    List(Vec<Self>),
    /// A value that may be absent. It equals no value that can't be.
    Optional(Option<Box<Self>>),
    /// A list or map of the object.
    Node(&'a Node),
}

impl<'a> From<&'a Node> for Value<'a> {
    fn from(node: &'a Node) -> Self {
        match &node.value {
            Tree::Null => Self::Null,
            Tree::Bool(value) => Self::Bool(*value),
            Tree::Int(value) => Self::Int(*value),
            Tree::Float(value) => Self::Float(*value),
            Tree::String(text) => Self::Str(Cow::Borrowed(text)),
            Tree::List(_) | Tree::Map(_) => Self::Node(node),
        }
    }
}

impl<'a> Value<'a> {
    /// The elements of a list, or the keys of a map.
    pub(super) fn elements(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Node(node) => match &node.value {
                Tree::List(items) => Some(items.iter().map(Self::from).collect()),
                Tree::Map(map) => Some(
                    map.keys()
                        .map(|key| Self::Str(Cow::Borrowed(key.as_str())))
                        .collect(),
                ),
                _ => None,
            },
            _ => None,
        }
    }

    /// The number of elements, entries or characters.
    pub(super) fn size(&self) -> Option<i64> {
        let size = match self {
            Self::Str(text) => text.chars().count(),
            Self::List(items) => items.len(),
            Self::Node(node) => match &node.value {
                Tree::List(items) => items.len(),
                Tree::Map(map) => map.len(),
                _ => return None,
            },
            _ => return None,
        };
        i64::try_from(size).ok()
    }

    /// The entry of a map, or the element of a list.
    pub(super) fn index(&self, index: &Self) -> Option<Self> {
        match (self, index) {
            (Self::Node(node), Self::Str(key)) => node.get(key).map(Self::from),
            (
                Self::Node(Node {
                    value: Tree::List(items),
                    ..
                }),
                Self::Int(at),
            ) => items.get(usize::try_from(*at).ok()?).map(Self::from),
            (Self::List(items), Self::Int(at)) => items.get(usize::try_from(*at).ok()?).cloned(),
            _ => None,
        }
    }

    /// Are both the same?
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Optional(None), Self::Optional(None)) => true,
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a.equals(b),
            (Self::Node(a), Self::Node(b)) => a.to_json() == b.to_json(),
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Which is the larger? `None` for values that have no order.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) | (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}
