//! How a listener deals with its clients, as far as its settings say: compiled with the table.
//!
//! A listener without such settings has none of this, and its connections and requests pay for none. What holds for
//! a connection before its first request is told by its server name; in clear, where all listeners of a port share
//! its connections, it is that of the first that says anything. What holds for a request is told by its host.

pub(crate) mod certificate;
pub(crate) mod client;
mod gate;
mod heads;
mod limits;
mod paths;
mod response;
pub(crate) mod shown;

pub(crate) use gate::{Gate, Seat, Turned};
pub(crate) use limits::Life;

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir::{
    AccessLog, CertificateNotice, HttpVersion, ListenerSettings, Protocols, Provenance,
    ProxyProtocol, Sourced,
};
use http::Response;

use self::heads::Heads;
use self::limits::Own;
use self::response::Marks;
use crate::head::{Fields, RequestHead};
use crate::log::Logs;
use crate::plan::Answer;
use crate::table::SocketTable;
use crate::{Body, ConnectionInfo, Limits};

/// How a listener deals with its clients.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Conduct {
    gate: Gate,
    heads: Heads,
    provenance: Option<Arc<Provenance>>,
    protocols: Protocols,
    limits: Own,
    marks: Marks,
    logs: Option<Arc<Logs>>,
    connection_logs: Option<Arc<Logs>>,
    proxy_protocol: Option<ProxyProtocol>,
}

impl Conduct {
    /// What `settings` come to where no server can be told; `None`: they say nothing. What is counted goes on from
    /// `before`.
    pub(crate) fn of(settings: &ListenerSettings, before: Option<&Self>) -> Option<Arc<Self>> {
        Self::logging(settings, before, &|logs| Logs::open(logs, &|_| None))
    }

    /// The same with these logs.
    pub(crate) fn logging(
        settings: &ListenerSettings,
        before: Option<&Self>,
        logs: &dyn Fn(&[AccessLog]) -> Option<Arc<Logs>>,
    ) -> Option<Arc<Self>> {
        let open = |set: &Option<Box<Sourced<Vec<AccessLog>>>>| logs(&set.as_ref()?.value);
        let (provenance, protocols) = (&settings.provenance, &settings.protocols);
        let conduct = Self {
            gate: Gate::new(settings, before.map(|before| &before.gate)),
            heads: Heads::new(settings),
            provenance: provenance.as_ref().map(|set| Arc::new(set.value.clone())),
            protocols: protocols
                .as_ref()
                .map_or_else(Protocols::default, |set| set.value.clone()),
            limits: Own::new(settings),
            marks: Marks::new(settings),
            logs: open(&settings.access_logs),
            connection_logs: open(&settings.connection_logs),
            proxy_protocol: settings
                .proxy_protocol
                .as_ref()
                .map(|set| set.value.clone()),
        };
        (conduct != Self::default()).then(|| Arc::new(conduct))
    }

    /// What becomes of what requests tell of the certificates of clients.
    pub(crate) fn certificate_notice(&self) -> Option<&CertificateNotice> {
        self.provenance.as_ref()?.certificate.as_ref()
    }

    /// How many connections there may be.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The only version of HTTP that is spoken.
    pub(crate) fn only(&self) -> Option<HttpVersion> {
        self.protocols.only
    }

    /// How HTTP/1 and HTTP/2 are spoken.
    pub(crate) fn protocols(&self) -> &Protocols {
        &self.protocols
    }

    /// What clients may take, where the data plane's own limits are `limits`.
    pub(crate) fn limits(&self, limits: &Limits) -> Limits {
        self.limits.over(limits)
    }

    /// What a connection may take that others may take without end.
    pub(crate) fn life(&self) -> Life {
        self.limits.life()
    }

    /// Edits the head of a response, whoever gives it.
    pub(crate) fn mark(&self, fields: &mut Fields) {
        self.marks.put_on(fields);
    }

    /// The same of a response as the `http` crate has it.
    pub(crate) fn marked(&self, mut response: Response<Body>) -> Response<Body> {
        if self.marks != Marks::default() {
            let mut fields = Fields::from(response.headers());
            self.mark(&mut fields);
            *response.headers_mut() = (&fields).into();
        }
        response
    }

    /// Where it is written what became of requests and connections.
    pub(crate) fn logs(&self) -> Option<&Arc<Logs>> {
        self.logs.as_ref()
    }

    /// Where it is written what became of connections, whatever was on them.
    pub(crate) fn connection_logs(&self) -> Option<&Arc<Logs>> {
        self.connection_logs.as_ref()
    }

    /// What connections say of where they come from.
    pub(crate) fn proxy_protocol(&self) -> Option<&ProxyProtocol> {
        self.proxy_protocol.as_ref()
    }

    /// Edits the head of a request, which is in canonical form, before routes are looked at. The answer to one that
    /// goes no further.
    pub(crate) fn receive(
        &self,
        head: &mut RequestHead,
        connection: &ConnectionInfo,
    ) -> Option<Answer> {
        self.heads.receive(head, connection)
    }
}

/// What is known of the connection, as the listener sees it that the request with this head is for. `None`: as it
/// is.
pub(crate) fn seen_by<B>(
    table: &SocketTable<B>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Option<Box<ConnectionInfo>> {
    if connection.conduct.is_none() && !table.has_conduct() {
        return None;
    }
    let conduct = table.conduct(head, connection.sni.as_deref());
    let provenance = conduct.and_then(|conduct| conduct.provenance.as_ref());
    let client = provenance.and_then(|known| client::address(known.client?, &head.fields));
    let mut headers = connection.headers.clone();
    headers.provenance = provenance.cloned();
    Some(Box::new(ConnectionInfo {
        conduct: conduct.cloned(),
        peer: client.map_or(connection.peer, |client| SocketAddr::new(client, 0)),
        headers,
        ..connection.clone()
    }))
}
