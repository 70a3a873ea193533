//! What has listeners.

use std::sync::Arc;

use gateway_model::{Gateway, Kind, Listener, ObjectRef, Source};

use super::ServedGateway;

/// Something that has listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A Gateway.
    Gateway(Arc<Gateway>),
}

impl Owner {
    pub(crate) fn reference(&self) -> ObjectRef {
        match self {
            Self::Gateway(object) => object.reference(),
        }
    }

    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Gateway(object) => object.source(),
        }
    }

    /// Its listeners, as they are written.
    pub(crate) fn listeners(&self) -> &[Listener] {
        match self {
            Self::Gateway(object) => &object.spec.listeners,
        }
    }
}

/// A Gateway and all whose listeners it serves.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) gateway: Arc<ServedGateway>,
    /// In order of precedence, the Gateway first.
    pub(crate) owners: Vec<Owner>,
}

impl Merged {
    pub(crate) fn new(gateway: ServedGateway) -> Self {
        Self {
            owners: vec![Owner::Gateway(Arc::clone(&gateway.object))],
            gateway: Arc::new(gateway),
        }
    }
}
