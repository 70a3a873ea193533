//! Whether a listener is served: the decision that the IR and the statuses share.

use std::net::IpAddr;

use crate::behind::{Behind, Stream};
use crate::ir::{Stack, Tls};
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
    TlsPassthrough,
    TlsTerminate(Tls),
    Tcp,
    Udp,
}

impl Speaks {
    /// The stack that ends in what is `behind`, the most specific name first.
    pub(crate) fn serving(&self, behind: &[Behind]) -> Stack {
        let hosts = || behind.iter().filter_map(Behind::host).cloned().collect();
        let streams = || behind.iter().filter_map(Behind::stream);
        let only = || streams().next().map(|stream| stream.rules.in_clear.clone());
        match self.clone() {
            Self::Http => Stack::Http { hosts: hosts() },
            Self::Https(tls) => Stack::Https {
                tls,
                hosts: hosts(),
            },
            Self::TlsPassthrough => Stack::TlsPassthrough {
                names: streams().map(Stream::passed_on).collect(),
            },
            Self::TlsTerminate(tls) => Stack::TlsTerminate {
                tls,
                names: streams().map(Stream::in_clear).collect(),
            },
            Self::Tcp => Stack::Tcp { rule: only() },
            Self::Udp => Stack::Udp { rule: only() },
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
