//! What has listeners.

use std::sync::Arc;

use gateway_model::{Gateway, Kind, Listener, ListenerSet, ObjectRef, Source};

use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ListenerSetAccepted;

use super::ServedGateway;
use super::listener_sets::listener_sets;

/// Something that has listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A Gateway.
    Gateway(Arc<Gateway>),
    /// A ListenerSet that names the Gateway.
    ListenerSet {
        object: Arc<ListenerSet>,
        /// What keeps its listeners from those of the Gateway.
        refused: Option<Problem<ListenerSetAccepted>>,
    },
}

impl Owner {
    pub(crate) fn reference(&self) -> ObjectRef {
        match self {
            Self::Gateway(object) => object.reference(),
            Self::ListenerSet { object, .. } => object.reference(),
        }
    }

    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Gateway(object) => object.source(),
            Self::ListenerSet { object, .. } => object.source(),
        }
    }

    /// Its listeners, as they are written.
    pub(crate) fn listeners(&self) -> &[Listener] {
        match self {
            Self::Gateway(object) => &object.spec.listeners,
            Self::ListenerSet { object, .. } => &object.spec.listeners,
        }
    }

    /// What keeps its listeners from being among those of the Gateway.
    pub(crate) fn refused(&self) -> Option<&Problem<ListenerSetAccepted>> {
        match self {
            Self::Gateway(_) => None,
            Self::ListenerSet { refused, .. } => refused.as_ref(),
        }
    }
}

/// A Gateway and all that have listeners for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) gateway: Arc<ServedGateway>,
    /// In order of precedence, the Gateway first.
    pub(crate) owners: Vec<Owner>,
}

impl Merged {
    pub(crate) fn new(gateway: ServedGateway, reader: &Reader<'_>) -> Self {
        let own = Owner::Gateway(Arc::clone(&gateway.object));
        let sets = listener_sets(&gateway, reader);
        Self {
            owners: std::iter::once(own).chain(sets).collect(),
            gateway: Arc::new(gateway),
        }
    }
}
