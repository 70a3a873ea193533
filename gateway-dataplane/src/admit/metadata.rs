//! Values that stages keep for each other, for as long as a request lasts.

#![cfg_attr(
    not(feature = "templates"),
    allow(dead_code, reason = "transformations alone keep any")
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The values of one request, by namespace and key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata(Option<Arc<Mutex<Values>>>);

type Values = BTreeMap<(Box<str>, Box<str>), Kept>;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// A text.
    Text(String),
    /// JSON.
    Json(String),
}

impl Metadata {
    /// The same values, for somebody else.
    pub(crate) fn share(&mut self) -> Self {
        Self(Some(Arc::clone(self.0.get_or_insert_default())))
    }

    /// Keeps a value, in place of the one that there is.
    pub(crate) fn put(&self, namespace: &str, key: &str, value: Kept) {
        if let Some(values) = &self.0 {
            let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
            values.insert((namespace.into(), key.into()), value);
        }
    }

    /// The value under a key.
    pub(crate) fn get(&self, namespace: &str, key: &str) -> Option<Kept> {
        let values = self.0.as_ref()?;
        let values = values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(&(namespace.into(), key.into())).cloned()
    }
}
