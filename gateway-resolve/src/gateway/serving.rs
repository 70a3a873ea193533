//! Whether a listener is served: the decision that the IR and the statuses share.

use std::net::IpAddr;
use std::sync::Arc;

use crate::ir::{Stack, Tls, VirtualHost};
use crate::problem::{Verdict, texts};
use crate::reason::ListenerProgrammed;

use super::ServedGateway;
use super::addresses::Bound;
use super::conflicts::Conflict;
use super::listeners::ListenerFacts;

/// How a listener is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serving {
    /// Where; empty for the data plane's default.
    pub(crate) addresses: Vec<IpAddr>,
    /// What is spoken.
    pub(crate) speaks: Speaks,
}

/// What is spoken on a listener that can be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http,
    Https(Tls),
}

impl Speaks {
    /// The stack that ends in `hosts`.
    pub(crate) fn serving(&self, hosts: Vec<Arc<VirtualHost>>) -> Stack {
        match self.clone() {
            Self::Http => Stack::Http { hosts },
            Self::Https(tls) => Stack::Https { tls, hosts },
        }
    }
}

/// How a listener is served, or why it is not.
pub(crate) fn serving(
    gateway: &ServedGateway,
    listener: &ListenerFacts,
    conflict: Option<&Conflict>,
) -> Result<Serving, Verdict<ListenerProgrammed>> {
    if gateway.is_refused() {
        return Err(Verdict::new(
            ListenerProgrammed::Invalid,
            "the Gateway is not accepted",
        ));
    }
    if let Some(problem) = listener.owner_refused() {
        return Err(Verdict::new(ListenerProgrammed::Invalid, problem.text()));
    }
    if let Some(Conflict { clash, message }) = conflict {
        return Err(Verdict::new(clash.programmed(), message.clone()));
    }
    if !listener.refused.is_empty() {
        return Err(Verdict::new(
            ListenerProgrammed::Invalid,
            texts(&listener.refused),
        ));
    }
    let speaks = listener.speaks.as_ref();
    let speaks = speaks.map_err(|problem| Verdict::new(problem.reason, problem.text()))?;
    let addresses = match &gateway.addresses.bound {
        Bound::Default => Vec::new(),
        Bound::To(addresses) => addresses.clone(),
        Bound::Nowhere => {
            let message = "the Gateway has no address that can be used";
            return Err(Verdict::new(ListenerProgrammed::Pending, message));
        }
    };
    Ok(Serving {
        addresses,
        speaks: speaks.clone(),
    })
}
