//! Options that are merged: the first that sets one counts, option by option.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::Source;
use gateway_model::k8s_gateway::{Field, Options};

use crate::ir::{Origin, Sourced};

/// Options out of several policies, each with the one that set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Merged<O> {
    pub(super) options: O,
    /// Who set an option, by the name that it was written by.
    sources: BTreeMap<&'static str, Arc<Source>>,
}

impl<O: Options> Merged<O> {
    /// The options of one policy.
    pub(crate) fn of(options: &O, source: &Source) -> Self {
        let set = (0..O::TABLE.len()).filter_map(|index| options.field(index));
        let source = Arc::new(source.clone());
        Self {
            options: options.clone(),
            sources: set.map(|field| (field.name, Arc::clone(&source))).collect(),
        }
    }

    /// Those of several policies, the one that counts most first.
    pub(crate) fn all<'a>(policies: impl Iterator<Item = (&'a O, Source)>) -> Self {
        let mut all = policies.map(|(options, source)| Self::of(options, &source));
        let mut merged = all.next().unwrap_or_default();
        all.for_each(|lower| merged.fill(&lower));
        merged
    }

    /// Sets what is not set as `lower` has it.
    pub(crate) fn fill(&mut self, lower: &Self) {
        for index in 0..O::TABLE.len() {
            if !self.options.is_set(index) {
                self.take(index, lower);
            }
        }
    }

    /// Sets what `upper` sets, but for the options that it leaves to this one.
    pub(crate) fn yield_to(&mut self, upper: &Self, keeps: impl Fn(&str) -> bool) {
        for (index, (called, _)) in O::TABLE.iter().enumerate() {
            let is_kept = self.options.is_set(index) && keeps(called);
            if upper.options.is_set(index) && !is_kept {
                self.take(index, upper);
            }
        }
    }

    fn take(&mut self, index: usize, other: &Self) {
        if let Some(old) = self.options.field(index) {
            self.sources.remove(old.name);
        }
        self.options.take(index, &other.options);
        let new = other.options.field(index);
        let new = new.and_then(|field| other.sources.get_key_value(field.name));
        self.sources
            .extend(new.map(|(name, source)| (*name, Arc::clone(source))));
    }

    /// The policies that set any of it.
    pub(crate) fn sources(&self) -> BTreeSet<&Source> {
        self.sources.values().map(AsRef::as_ref).collect()
    }

    /// Where a field came from.
    pub(crate) fn origin<T>(&self, field: &Field<T>) -> Origin {
        let sources = self.sources.get(field.name);
        Origin {
            field: format!("spec.options.{}", field.name).into(),
            sources: sources
                .map(|source| source.as_ref().clone())
                .into_iter()
                .collect(),
        }
    }

    /// A value that a field came to, as a setting.
    pub(crate) fn sourced<T, V>(&self, field: &Field<T>, value: V) -> Box<Sourced<V>> {
        Box::new(Sourced {
            value,
            origin: self.origin(field),
        })
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
