//! Where routes meet.

use std::sync::Arc;

use gateway_model::Hostname;

use crate::ir::{ListenerId, MeshPortId};

/// Where routes meet, and have to be told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A listener.
    Listener(Arc<ListenerId>),
    /// A port of a Service, as clients in a mesh reach it.
    Service(Arc<MeshPortId>),
}

impl Place {
    /// The namespace of what has it.
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Listener(id) => &id.parent.namespace,
            Self::Service(id) => &id.service.namespace,
        }
    }

    /// The listener, if it is one.
    pub(crate) fn listener(&self) -> Option<&Arc<ListenerId>> {
        match self {
            Self::Listener(id) => Some(id),
            Self::Service(_) => None,
        }
    }
}

/// Who is told apart there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Name {
    /// At a listener, who asks for this host; `None` takes any.
    Host(Option<Hostname>),
    /// At a Service, the clients of this namespace; `None` takes those for whom there is nothing else.
    Clients(Option<Box<str>>),
}

impl Name {
    /// The host; `None` takes any.
    pub(crate) fn hostname(&self) -> Option<&Hostname> {
        match self {
            Self::Host(hostname) => hostname.as_ref(),
            Self::Clients(_) => None,
        }
    }
}
