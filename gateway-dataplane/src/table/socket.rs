//! The listeners that share a socket, and the choice among them.

use std::fmt;
use std::net::IpAddr;
use std::ptr;
use std::sync::Arc;

use gateway_resolve::ir::{
    self, PathMatch, ProxyProtocol, Route, SocketOption, Stack, Transport, VirtualHost,
};
use http::StatusCode;

use super::check::may_meet;
use super::hosts::HostIndex;
use super::request::{host_of, with_lower_case};
use super::{CompiledRule, Head, Listener, StreamRoute};
use crate::conduct::Conduct;
use crate::head::{RequestHead, other_readings};

/// A transport, address and port to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey {
    /// The address; `None` stands for the data plane's default.
    pub address: Option<IpAddr>,
    /// The port, as clients see it.
    pub port: u16,
    /// Connections or datagrams.
    pub transport: Transport,
}

impl SocketKey {
    /// A socket for connections.
    pub fn tcp(address: Option<IpAddr>, port: u16) -> Self {
        Self {
            address,
            port,
            transport: Transport::Tcp,
        }
    }

    /// A socket for datagrams.
    pub fn udp(address: Option<IpAddr>, port: u16) -> Self {
        Self {
            transport: Transport::Udp,
            ..Self::tcp(address, port)
        }
    }

    /// The sockets of `listener`.
    pub fn of(listener: &ir::Listener) -> impl Iterator<Item = Self> {
        let (binding, transport) = (&listener.binding, listener.stack.transport());
        let port = binding.port.get();
        let default = binding.addresses.is_empty().then_some(None);
        let addresses = binding.addresses.iter().copied().map(Some);
        default
            .into_iter()
            .chain(addresses)
            .map(move |address| Self {
                address,
                port,
                transport,
            })
    }
}

impl fmt::Display for SocketKey {
    /// `10.0.0.1:80`, `[::1]:80`, or `*:80` for the default address; `*:53/udp` for datagrams.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => std::net::SocketAddr::new(address, self.port).fmt(f),
            None => write!(f, "*:{}", self.port),
        }?;
        match self.transport {
            Transport::Tcp => Ok(()),
            Transport::Udp => f.write_str("/udp"),
        }
    }
}

/// The listeners behind one socket; no two of them have the same host name.
#[derive(Debug)]
pub struct SocketTable<B> {
    key: SocketKey,
    listeners: Box<[Arc<Listener<B>>]>,
    names: HostIndex,
    has_conduct: bool,
}

/// Where a request goes.
#[derive(Debug)]
pub struct Hit<'t, B> {
    /// The listener that takes it.
    pub listener: &'t Listener<B>,
    /// The host of that listener.
    pub host: &'t VirtualHost,
    /// The route of that host.
    pub route: &'t Route,
    /// The rule of that route. To be cloned to outlive the table.
    pub rule: &'t Arc<CompiledRule<B>>,
}

impl<B> Clone for Hit<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Hit<'_, B> {}

impl<'t, B> Hit<'t, B> {
    /// The prefix that the path matched, when the route matches by prefix.
    pub fn prefix(&self) -> Option<&'t str> {
        match &self.route.matches.path {
            PathMatch::Prefix(prefix) => Some(prefix),
            PathMatch::Exact(_) | PathMatch::Regex(_) | PathMatch::Method(_) => None,
        }
    }
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Miss {
    /// No listener takes the host.
    #[error("no listener takes the host")]
    NoListener,
    /// The listener takes the host, and no route that is attached to it does.
    #[error("no route of the listener takes the host")]
    NoRoute,
    /// There are routes for the host, and none of their rules matches.
    #[error("no rule matches the request")]
    NoRule,
    /// Another listener of the socket is a better match for the request's authority than the one
    /// that the connection was made to (RFC 9110 section 15.5.20).
    #[error("the connection is for another host than the request")]
    Misdirected,
}

impl Miss {
    /// The status of the answer: 404 or 421.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoListener | Self::NoRoute | Self::NoRule => StatusCode::NOT_FOUND,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        }
    }
}

/// The authority that a request is for, in whatever form its target has.
fn authority(head: &RequestHead) -> &str {
    let absolute = head.target().split_once("://");
    let absolute = absolute.filter(|_| !head.target().starts_with('/'));
    match absolute {
        Some((_, rest)) => rest.split(['/', '?']).next().unwrap_or_default(),
        None => head.authority().or_else(|| head.host()).unwrap_or_default(),
    }
}

impl<B> SocketTable<B> {
    pub(super) fn new(key: SocketKey, listeners: Vec<Arc<Listener<B>>>) -> Self {
        Self {
            key,
            names: HostIndex::new(listeners.iter().map(|l| l.hostname())),
            has_conduct: listeners.iter().any(|l| l.conduct().is_some()),
            listeners: listeners.into(),
        }
    }

    /// Are these its listeners?
    pub(super) fn has(&self, listeners: &[Arc<Listener<B>>]) -> bool {
        let same = |(known, listener)| Arc::ptr_eq(known, listener);
        self.listeners.len() == listeners.len() && self.listeners.iter().zip(listeners).all(same)
    }

    /// The address and port.
    pub fn key(&self) -> SocketKey {
        self.key
    }

    /// The listeners behind it, ordered by their ids.
    pub fn listeners(&self) -> &[Arc<Listener<B>>] {
        &self.listeners
    }

    /// Where connections go, when they are passed on as they come. A listener for TCP shares its socket
    /// with no other.
    pub fn tcp(&self) -> Option<&StreamRoute<B>> {
        self.only(|stack| matches!(stack, Stack::Tcp { .. }))
    }

    /// Where datagrams go, likewise.
    pub fn udp(&self) -> Option<&StreamRoute<B>> {
        self.only(|stack| matches!(stack, Stack::Udp { .. }))
    }

    fn only(&self, is: impl Fn(&Stack) -> bool) -> Option<&StreamRoute<B>> {
        let mut listeners = self.listeners.iter();
        listeners.find(|l| is(&l.ir().stack))?.stream(None)
    }

    /// Is TLS spoken on it? Listeners with and without TLS never share a socket.
    pub fn is_tls(&self) -> bool {
        self.listeners.iter().any(|listener| listener.is_tls())
    }

    /// Does any of its listeners say how it deals with its clients?
    pub(crate) fn has_conduct(&self) -> bool {
        self.has_conduct
    }

    /// What connections say of where they come from, before anything else: as the first listener says that says so.
    pub(crate) fn proxy_protocol(&self) -> Option<&ProxyProtocol> {
        if !self.has_conduct {
            return None;
        }
        let mut listeners = self.listeners.iter();
        listeners.find_map(|listener| listener.conduct()?.proxy_protocol())
    }

    /// The options of the socket: those of the first listener that has any.
    pub(crate) fn options(&self) -> &[SocketOption] {
        let mut listeners = self.listeners.iter();
        let options = listeners.find_map(|listener| listener.ir().settings.socket_options.as_ref());
        options.map_or(&[], |set| &set.value)
    }

    /// How a connection is dealt with before its first request.
    pub(crate) fn opening(&self, sni: Option<&str>) -> Option<&Arc<Conduct>> {
        match self.has_conduct && self.is_tls() {
            true => self.listener_for_sni(sni)?.conduct(),
            false => self
                .listeners
                .iter()
                .find_map(|listener| listener.conduct()),
        }
    }

    /// How a request is dealt with, whose head need not be in canonical form.
    pub(crate) fn conduct(&self, head: &RequestHead, sni: Option<&str>) -> Option<&Arc<Conduct>> {
        if !self.has_conduct {
            return None;
        }
        if self.is_tls() {
            return self.listener_for_sni(sni)?.conduct();
        }
        with_lower_case(host_of(authority(head)), |host| {
            self.listener_for(host)?.conduct()
        })
    }

    /// The listener for a TLS connection with this server name: the one with the most specific host
    /// name that matches. Without a server name, only a listener for any host will do.
    pub fn listener_for_sni(&self, sni: Option<&str>) -> Option<&Listener<B>> {
        Some(&self.listeners[self.position_for_sni(sni)?])
    }

    /// The position of that listener.
    pub(crate) fn position_for_sni(&self, sni: Option<&str>) -> Option<usize> {
        with_lower_case(sni.unwrap_or_default(), |name| self.names.first(name))
    }

    /// The route for a request. `sni` is the server name of its connection, `None` when the client
    /// sent none; it counts only where TLS is spoken.
    ///
    /// # Errors
    /// No route matches, or the connection was made to another listener than the one that is the best
    /// match for the request's host.
    pub fn find(&self, head: &Head<'_>, sni: Option<&str>) -> Result<Hit<'_, B>, Miss> {
        with_lower_case(head.host, |host| {
            let listener = self.listener_for_request(host, sni)?;
            listener.find(host, head).ok_or_else(|| listener.miss(host))
        })
    }

    /// Another way to read the path of `head`, by which the request would not get the rule of `hit`, which
    /// [`find`](Self::find) gave for it: a backend may see a path that is not that rule's (see
    /// [`AmbiguousPaths`](crate::head::AmbiguousPaths)).
    pub fn other_reading(
        &self,
        head: &Head<'_>,
        sni: Option<&str>,
        hit: Hit<'_, B>,
    ) -> Option<String> {
        let leads_elsewhere = |path: &String| {
            let found = self.find(&Head { path, ..*head }, sni);
            let is_same = |other: Hit<'_, B>| {
                Arc::ptr_eq(other.rule, hit.rule) || other.rule.ir() == hit.rule.ir()
            };
            !found.is_ok_and(is_same)
        };
        other_readings(head.path).into_iter().find(leads_elsewhere)
    }

    /// The route that answers a preflight request whose own method or headers lead to none with CORS: that of the
    /// request by `method` which it asks about, whatever headers the route matches, or else any on its path. The
    /// gateway answers for all of them (GEP-1767).
    pub fn find_preflight(
        &self,
        head: &Head<'_>,
        sni: Option<&str>,
        method: &str,
    ) -> Option<Hit<'_, B>> {
        with_lower_case(head.host, |host| {
            let listener = self.listener_for_request(host, sni).ok()?;
            let may_meet =
                |hit: &Hit<'_, B>, method| may_meet(&hit.route.matches, method, head.query);
            let asked = listener.find_where(host, head.path, |hit| may_meet(&hit, Some(method)));
            if asked.is_some() {
                return asked.filter(|hit| hit.rule.has_cors());
            }
            listener.find_where(host, head.path, |hit| {
                may_meet(&hit, None) && hit.rule.has_cors()
            })
        })
    }

    /// The listener that looks at a request, whether or not one of its routes takes it.
    pub(crate) fn listener_of(&self, head: &Head<'_>, sni: Option<&str>) -> Option<&Listener<B>> {
        with_lower_case(head.host, |host| self.listener_for_request(host, sni).ok())
    }

    /// The listener for a request for `host` (lower case) on a connection to `sni`.
    pub(super) fn listener_for_request(
        &self,
        host: &str,
        sni: Option<&str>,
    ) -> Result<&Listener<B>, Miss> {
        let best = self.listener_for(host).ok_or(Miss::NoListener)?;
        if !best.is_tls() || sni == Some(host) {
            return Ok(best);
        }
        match self.listener_for_sni(sni) {
            Some(connected) if ptr::eq(connected, best) => Ok(best),
            _ => Err(Miss::Misdirected),
        }
    }

    pub(super) fn listener_for(&self, host: &str) -> Option<&Listener<B>> {
        let at = self.names.first(host)?;
        Some(&self.listeners[at])
    }
}
