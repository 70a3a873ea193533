//! Rules of routes, understood or not.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{SectionName, Unread};

/// What the rules of a kind of route are.
pub trait Rule {
    /// What tells which requests a rule is for; [`NoMatch`] where rules don't match.
    type Match: fmt::Debug + Clone + PartialEq + Eq;
}

/// The matches of rules that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoMatch {}

/// A rule of a route, as far as it is understood.
///
/// Manifests have rules that are read, or an error. A stored object stays, whatever is in it: a rule of it that
/// asks for what isn't known (by the CRD of a later release) is [`Unread`](Self::Unread), and must fail closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteRule<R: Rule> {
    /// The rule.
    Read(R),
    /// What is known of a rule that isn't understood.
    Unread(Box<UnreadRule<R::Match>>),
}

/// What is known of a rule that isn't understood.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadRule<M> {
    /// Its name, when it has one.
    #[serde(default)]
    pub name: Option<SectionName>,
    /// Those of its matches that are understood. When empty, it isn't known which requests it is for.
    pub matches: Vec<M>,
    /// What isn't understood; not empty.
    pub problems: Vec<Unread>,
    /// The rule as it is stored.
    pub stored: serde_json::Value,
}

impl<R: Rule> RouteRule<R> {
    /// The rule, when it is understood.
    pub fn read(&self) -> Option<&R> {
        match self {
            Self::Read(rule) => Some(rule),
            Self::Unread(_) => None,
        }
    }

    /// The rule, to be changed, when it is understood.
    pub fn read_mut(&mut self) -> Option<&mut R> {
        match self {
            Self::Read(rule) => Some(rule),
            Self::Unread(_) => None,
        }
    }
}

impl<R: Rule> From<R> for RouteRule<R> {
    fn from(rule: R) -> Self {
        Self::Read(rule)
    }
}

impl<R: Rule + Serialize> Serialize for RouteRule<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Read(rule) => rule.serialize(serializer),
            Self::Unread(unread) => unread.stored.serialize(serializer),
        }
    }
}

impl<'de, R> Deserialize<'de> for RouteRule<R>
where
    R: Rule + Deserialize<'de>,
    R::Match: Deserialize<'de>,
{
    /// A tree says of a rule that it isn't understood by visiting a newtype where an option is asked for.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Either(PhantomData))
    }
}

struct Either<R>(PhantomData<R>);

impl<'de, R> Visitor<'de> for Either<R>
where
    R: Rule + Deserialize<'de>,
    R::Match: Deserialize<'de>,
{
    type Value = RouteRule<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Err(E::custom("expected a rule, found null"))
    }

    fn visit_some<D: Deserializer<'de>>(self, rule: D) -> Result<Self::Value, D::Error> {
        R::deserialize(rule).map(RouteRule::Read)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, rule: D) -> Result<Self::Value, D::Error> {
        UnreadRule::deserialize(rule).map(|rule| RouteRule::Unread(Box::new(rule)))
    }
}
