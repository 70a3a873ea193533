//! How often things are named.

use std::collections::HashMap;
use std::hash::Hash;

/// How often each thing is named. What is not named is not there.
#[derive(Debug)]
pub(crate) struct Tally<K>(HashMap<K, usize>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Tally<K> {
    /// It is named once more; says whether that is the first time.
    pub(crate) fn add(&mut self, key: &K) -> bool {
        if let Some(times) = self.0.get_mut(key) {
            *times += 1;
            return false;
        }
        self.0.insert(key.clone(), 1);
        true
    }

    /// It is named once less; says whether that was the last time.
    pub(crate) fn take(&mut self, key: &K) -> bool {
        let Some(times) = self.0.get_mut(key) else {
            return false;
        };
        *times -= 1;
        let is_last = *times == 0;
        if is_last {
            self.0.remove(key);
        }
        is_last
    }

    /// Is it named?
    pub(crate) fn has(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// How often it is named.
    pub(crate) fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or(0)
    }

    /// All that is named, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.keys()
    }

    /// Is nothing named?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
