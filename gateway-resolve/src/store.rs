//! Objects of one kind, by namespace and name.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Kind, KindInfo, ObjectRef};

/// Objects of one kind, ordered by namespace and name. Looking one up allocates nothing. A clone shares
/// all until either is changed.
#[derive(Debug)]
pub struct Store<T> {
    namespaces: Arc<Namespaces<T>>,
    len: usize,
}

type Namespaces<T> = BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<T>>>;

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self {
            namespaces: Arc::clone(&self.namespaces),
            len: self.len,
        }
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            namespaces: Arc::default(),
            len: 0,
        }
    }
}

impl<K: Kind> Store<K> {
    /// Is it the name of an object of this kind?
    pub(crate) fn is_of(&self, object: &ObjectRef) -> bool {
        KindInfo::of::<K>().is_of(object)
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

    /// The objects of one namespace, ordered by name.
    pub(crate) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Arc<T>> {
        let objects = self.namespaces.get(namespace);
        objects.into_iter().flat_map(BTreeMap::values)
    }

    /// The namespaces that have objects, in order.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(|namespace| &**namespace)
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
        let namespaces = Arc::make_mut(&mut self.namespaces);
        let namespace = namespaces.entry(namespace.into()).or_default();
        let previous = namespace.insert(name.into(), object);
        self.len += usize::from(previous.is_none());
        previous
    }

    pub(crate) fn remove(&mut self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.get(namespace, name)?;
        let namespaces = Arc::make_mut(&mut self.namespaces);
        let objects = namespaces.get_mut(namespace)?;
        let removed = objects.remove(name)?;
        if objects.is_empty() {
            namespaces.remove(namespace);
        }
        self.len -= 1;
        Some(removed)
    }
}
