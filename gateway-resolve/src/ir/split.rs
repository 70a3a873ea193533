//! Backends to choose from by weight, the same for requests, connections and datagrams.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::WeightedTarget;

/// Backends to choose from by weight. Not empty, and at least one weight is above zero: a rule with neither is an
/// [`Action::Fail`](super::Action::Fail) or a [`StreamAction::Fail`](super::StreamAction::Fail).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(
        serialize = "T: Clone + Serialize",
        deserialize = "T: Weighted + Deserialize<'de>"
    )
)]
pub struct Split<T = WeightedTarget>(Vec<T>);

/// What a [`Split`] chooses from.
pub trait Weighted {
    /// Its share, out of the sum over the split; 0 to 1,000,000.
    fn weight(&self) -> u32;
}

impl<T: Weighted> Split<T> {
    /// A split over `targets`; `None` when no weight is above zero.
    pub fn new(targets: Vec<T>) -> Option<Self> {
        let weighs = targets.iter().any(|target| target.weight() > 0);
        weighs.then_some(Self(targets))
    }
}

impl<T> Split<T> {
    /// The targets in the order of the route's `backendRefs`.
    pub fn targets(&self) -> &[T] {
        &self.0
    }

    /// The same, to be changed in anything but their weights.
    #[cfg(feature = "resolve")]
    pub(crate) fn targets_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl fmt::Display for Split {
    /// `9 of 10 to Service default/a:80, 1 of 10 to Service default/b:80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = self.0.iter().map(|target| u64::from(target.weight));
        let all: u64 = weights.sum();
        for (position, WeightedTarget { weight, target, .. }) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{weight} of {all} to {target}")?;
        }
        Ok(())
    }
}

impl<T: Weighted> TryFrom<Vec<T>> for Split<T> {
    type Error = &'static str;

    fn try_from(targets: Vec<T>) -> Result<Self, &'static str> {
        Self::new(targets).ok_or("a split needs a weight above zero")
    }
}

impl<T> From<Split<T>> for Vec<T> {
    fn from(split: Split<T>) -> Self {
        split.0
    }
}
