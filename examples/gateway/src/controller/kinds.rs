//! The kinds that are watched.

use std::ops::Deref;
use std::sync::LazyLock;

use gateway_model::{EndpointSlice, Kind, KindInfo, Secret, Service};
use gateway_resolve::KINDS;

/// A kind that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Watched(KindInfo);

impl Deref for Watched {
    type Target = KindInfo;

    fn deref(&self) -> &KindInfo {
        &self.0
    }
}

impl Watched {
    /// Which objects of it are of interest, as a field selector. Only the Secrets that may hold a certificate are
    /// watched: others are never in this process.
    pub(crate) fn fields(&self) -> Option<&'static str> {
        let is_secret = self.group == Secret::GROUP && self.kind == Secret::KIND;
        is_secret.then_some("type=kubernetes.io/tls")
    }

    /// Is it defined by a CustomResourceDefinition, which may be missing?
    pub(crate) fn is_custom(&self) -> bool {
        !matches!(self.group, Service::GROUP | EndpointSlice::GROUP)
    }

    /// The name of its CustomResourceDefinition.
    pub(crate) fn definition(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }
}

/// The kinds that resolution reads.
pub(crate) static WATCHED: LazyLock<Vec<Watched>> =
    LazyLock::new(|| KINDS.iter().copied().map(Watched).collect());

/// The kind of that name.
pub(crate) fn find(group: &str, kind: &str) -> Option<&'static Watched> {
    WATCHED.iter().find(|w| w.group == group && w.kind == kind)
}
