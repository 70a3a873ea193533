//! TLSRoute, TCPRoute and UDPRoute: routes of connections and datagrams, one shape for all.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::{BackendRef, GROUP, NoMatch, Route, Rule};
use crate::{Kind, ObjectMeta, SectionName};

/// Routes TLS connections by the name that the client asks for (SNI).
pub type TlsRoute = Route<StreamRule<Tls>>;

/// Routes TCP connections.
pub type TcpRoute = Route<StreamRule<Tcp>>;

/// Routes UDP datagrams.
pub type UdpRoute = Route<StreamRule<Udp>>;

/// What a [`StreamRule`] routes.
pub trait StreamProtocol: fmt::Debug + Clone + PartialEq + Eq {
    /// The kind of its routes.
    const KIND: &'static str;
    /// The same, as in URLs.
    const PLURAL: &'static str;
    /// The versions of that kind that are read, the one that is written first.
    const VERSIONS: &'static [&'static str];
}

/// TLS connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tls;

/// TCP connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tcp;

/// UDP datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Udp;

impl StreamProtocol for Tls {
    const KIND: &'static str = "TLSRoute";
    const PLURAL: &'static str = "tlsroutes";
    const VERSIONS: &'static [&'static str] = &["v1", "v1alpha3", "v1alpha2"];
}

impl StreamProtocol for Tcp {
    const KIND: &'static str = "TCPRoute";
    const PLURAL: &'static str = "tcproutes";
    const VERSIONS: &'static [&'static str] = &["v1", "v1alpha2"];
}

impl StreamProtocol for Udp {
    const KIND: &'static str = "UDPRoute";
    const PLURAL: &'static str = "udproutes";
    const VERSIONS: &'static [&'static str] = &["v1", "v1alpha2"];
}

impl<P: StreamProtocol> Kind for Route<StreamRule<P>> {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = P::KIND;
    const PLURAL: &'static str = P::PLURAL;
    const VERSIONS: &'static [&'static str] = P::VERSIONS;
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// Where connections or datagrams go. A route has one rule; in `v1alpha2` it may have more, of which the first
/// takes all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct StreamRule<P: StreamProtocol> {
    /// Name, unique within the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SectionName>,
    /// The backends; 1 to 16.
    pub backend_refs: Vec<BackendRef>,
    /// What is routed.
    #[serde(skip)]
    pub protocol: PhantomData<P>,
}

impl<P: StreamProtocol> Rule for StreamRule<P> {
    type Match = NoMatch;
}
