//! Objects of one kind, by namespace and name.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects of one kind, ordered by namespace and name. Looking one up allocates nothing.
#[derive(Debug, Clone)]
pub struct Store<T> {
    namespaces: BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<T>>>,
    len: usize,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            namespaces: BTreeMap::new(),
            len: 0,
        }
    }
}

impl<T> Store<T> {
    /// The object of that name; the namespace is empty for cluster-scoped kinds.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        self.namespaces.get(namespace)?.get(name)
    }

    /// All objects, ordered by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.namespaces.values().flat_map(BTreeMap::values)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn insert(&mut self, namespace: &str, name: &str, object: Arc<T>) -> Option<Arc<T>> {
        let namespace = self.namespaces.entry(namespace.into()).or_default();
        let previous = namespace.insert(name.into(), object);
        self.len += usize::from(previous.is_none());
        previous
    }

    pub(crate) fn remove(&mut self, namespace: &str, name: &str) -> Option<Arc<T>> {
        let objects = self.namespaces.get_mut(namespace)?;
        let removed = objects.remove(name)?;
        if objects.is_empty() {
            self.namespaces.remove(namespace);
        }
        self.len -= 1;
        Some(removed)
    }
}
