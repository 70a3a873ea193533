//! Headers that say where a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use gateway_resolve::ir::{CertificateNotice, ClientAddress, Provenance};
use http::Version;
use http::header::HeaderValue;
use http::uri::Scheme;
use ipnet::IpNet;

use super::address::Address;
use super::own_hops::HopId;
use crate::conduct::{certificate, client};
use crate::head::{Fields, Known};

/// Which headers are added, and whose are believed.
///
/// What a request says of itself in `X-Forwarded-*`, `Forwarded` and `X-Real-IP` is believed, and extended, when its
/// connection comes from a [trusted proxy](Self::trusted_proxies). Anybody else's is replaced by what this hop knows,
/// also where the header is not added otherwise; what there is no value for is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarding {
    /// `X-Forwarded-For`: the client's address, after those that a trusted proxy sent. On by default.
    pub x_forwarded_for: bool,
    /// `X-Forwarded-Proto`: `http` or `https`. On by default.
    pub x_forwarded_proto: bool,
    /// `X-Forwarded-Host`: the `Host` of the request. On by default.
    pub x_forwarded_host: bool,
    /// `X-Forwarded-Port`: the port of the listener. Off by default.
    pub x_forwarded_port: bool,
    /// `X-Real-IP`: the client's address. Off by default.
    pub x_real_ip: bool,
    /// `X-Request-Id`: a new id, unless there is one. On by default.
    pub request_id: bool,
    /// `Forwarded` (RFC 7239): one more element. Off by default, as it says the same once more.
    pub forwarded: bool,
    /// `Via` (RFC 9110 section 7.6.3) under this pseudonym, in both directions. Off by default, as
    /// some servers withhold compression from proxies.
    pub via: Option<Box<str>>,
    /// `CDN-Loop` (RFC 8586): one more entry of this id, which no filter can touch. A request that has too many
    /// is refused with 508 (see [`Limits::own_hops`](crate::Limits::own_hops)). Off by default.
    pub hop_id: Option<HopId>,
    /// The networks of the proxies before this one, such as a load balancer that ends TLS. None by default.
    pub trusted_proxies: Box<[IpNet]>,
}

impl Default for Forwarding {
    fn default() -> Self {
        Self {
            x_forwarded_for: true,
            x_forwarded_proto: true,
            x_forwarded_host: true,
            x_forwarded_port: false,
            x_real_ip: false,
            request_id: true,
            forwarded: false,
            via: None,
            hop_id: None,
            trusted_proxies: Box::default(),
        }
    }
}

impl Forwarding {
    /// Is what requests from `peer` say of their way believed?
    fn trusts(&self, peer: IpAddr) -> bool {
        let mut networks = self.trusted_proxies.iter();
        networks.any(|network| network.contains(&peer))
    }
}

/// The headers that are the same for all requests of a connection, prepared when it is accepted.
#[derive(Debug, Clone)]
pub struct ConnectionHeaders {
    peer: IpAddr,
    client: Address,
    scheme: Scheme,
    port: u16,
    /// What the listener says of where requests come from.
    pub(crate) provenance: Option<Arc<Provenance>>,
    /// What is told of the certificate that the client has shown.
    pub(crate) certificate: Option<Arc<str>>,
}

impl ConnectionHeaders {
    /// The headers for a connection from `client`, over TLS or not, to a listener's `port`.
    pub fn new(client: IpAddr, scheme: &Scheme, port: u16) -> Self {
        let peer = client.to_canonical();
        Self {
            client: Address::new(peer),
            scheme: scheme.clone(),
            peer,
            port,
            provenance: None,
            certificate: None,
        }
    }

    /// How the listener knows clients.
    fn client_address(&self) -> Option<ClientAddress> {
        self.provenance.as_ref()?.client
    }

    /// Is what requests say of their way believed?
    fn is_trusted(&self, forwarding: &Forwarding) -> bool {
        match self.client_address() {
            Some(client) => !client.of_connection || client.trusted_hops > 0,
            None => forwarding.trusts(self.peer),
        }
    }

    /// `for` and `proto` of `Forwarded`.
    fn element(&self) -> String {
        let Self { peer, scheme, .. } = self;
        match peer {
            IpAddr::V4(address) => format!("for={address};proto={scheme}"),
            IpAddr::V6(address) => format!("for=\"[{address}]\";proto={scheme}"),
        }
    }
}

/// Scheme and port that the client of a request used, as far as that is known: those of the connection, unless a
/// trusted proxy says otherwise. Without a port, it is that of the scheme which the proxy names.
pub fn requested_origin(
    fields: &Fields,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
) -> (Scheme, u16) {
    let own = (connection.scheme.clone(), connection.port);
    if !connection.is_trusted(forwarding) {
        return own;
    }
    let first = |name| fields.text(name)?.split(',').next().map(str::trim);
    let (scheme, port) = match first(Known::XForwardedProto) {
        Some(text) if text.eq_ignore_ascii_case("https") => (Scheme::HTTPS, 443),
        Some(text) if text.eq_ignore_ascii_case("http") => (Scheme::HTTP, 80),
        _ => own,
    };
    let said = first(Known::XForwardedPort).and_then(|port| port.parse().ok());
    (scheme, said.unwrap_or(port))
}

pub(super) fn add(
    fields: &mut Fields,
    version: Version,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
    new_id: impl FnOnce() -> RequestId,
) {
    let trusted = connection.is_trusted(forwarding);
    let provenance = connection.provenance.as_deref();
    let notice = provenance.and_then(|provenance| provenance.certificate.as_ref());
    match notice {
        None if !trusted => fields.remove_others_that_start_with("x-forwarded-"),
        None => {}
        Some(notice) => keep_notice(fields, notice, connection, trusted),
    }
    let way = Way {
        connection,
        forwarding,
        trusted,
    };
    if let Some(provenance) = &connection.provenance {
        mark_internal(fields, connection, provenance);
    }
    way.tell(fields);
    add_id(fields, connection, forwarding, new_id);
    if let Some(id) = &forwarding.hop_id {
        fields.join(Known::CdnLoop, b", ", id.as_str().as_bytes());
    }
    add_via(fields, version, forwarding);
}

/// What is told of certificates is kept apart from other headers that nobody vouches for.
fn keep_notice(
    fields: &mut Fields,
    notice: &CertificateNotice,
    connection: &ConnectionHeaders,
    trusted: bool,
) {
    certificate::put_on(fields, notice, connection.certificate.as_deref());
    if !trusted {
        let told = fields.get(certificate::NAME).map(<[u8]>::to_vec);
        fields.remove_others_that_start_with("x-forwarded-");
        if let Some(told) = told {
            fields.append(certificate::NAME, &told);
        }
    }
}

/// Those of clients are replaced where their listener says so.
fn add_id(
    fields: &mut Fields,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
    new_id: impl FnOnce() -> RequestId,
) {
    let provenance = connection.provenance.as_deref();
    let ids = provenance.and_then(|provenance| provenance.request_id);
    let is_edge = connection
        .client_address()
        .is_some_and(|client| client.of_connection);
    let (generated, replaced) = match ids {
        Some(ids) => (ids.generated, is_edge && !ids.kept),
        None => (forwarding.request_id, false),
    };
    if generated && (replaced || !fields.contains(Known::XRequestId)) {
        fields.set(Known::XRequestId, &new_id());
    }
}

/// The header that says that a request comes from inside.
const INTERNAL: &str = "x-envoy-internal";

fn mark_internal(fields: &mut Fields, connection: &ConnectionHeaders, provenance: &Provenance) {
    let Some(networks) = &provenance.internal else {
        return;
    };
    let client = provenance
        .client
        .and_then(|client| client::address(client, fields));
    let client = client.unwrap_or(connection.peer);
    match networks.iter().any(|network| network.contains(client)) {
        true => fields.set(INTERNAL, b"true"),
        false => fields.remove(INTERNAL),
    }
}

/// What there is to say of the way of a request.
struct Way<'a> {
    connection: &'a ConnectionHeaders,
    forwarding: &'a Forwarding,
    /// Is what the request says believed?
    trusted: bool,
}

impl Way<'_> {
    fn tell(&self, fields: &mut Fields) {
        let Self {
            connection,
            forwarding,
            ..
        } = self;
        let client = connection.client.as_bytes();
        self.add_client(fields);
        let scheme = connection.scheme.as_str().as_bytes();
        self.set(
            fields,
            Known::XForwardedProto,
            forwarding.x_forwarded_proto,
            scheme,
        );
        if self.is_set(fields, Known::XForwardedHost, forwarding.x_forwarded_host) {
            fields.copy(Known::Host, Known::XForwardedHost);
        }
        let provenance = connection.provenance.as_deref();
        let port = forwarding.x_forwarded_port || provenance.is_some_and(|told| told.port);
        if self.is_set(fields, Known::XForwardedPort, port) {
            fields.set(
                Known::XForwardedPort,
                connection.port.to_string().as_bytes(),
            );
        }
        self.set(fields, Known::XRealIp, forwarding.x_real_ip, client);
        self.add_forwarded(fields);
    }

    /// `X-Forwarded-For`.
    fn add_client(&self, fields: &mut Fields) {
        let (name, client) = (Known::XForwardedFor, self.connection.client.as_bytes());
        let added = self.forwarding.x_forwarded_for;
        match self.connection.client_address() {
            Some(known) if known.of_connection && !known.left_alone => {
                fields.join(name, b", ", client);
            }
            Some(_) => {}
            None if self.trusted && added => fields.join(name, b", ", client),
            None => self.set(fields, name, added, client),
        }
    }

    fn set(&self, fields: &mut Fields, name: Known, add: bool, value: &[u8]) {
        if self.is_set(fields, name, add) {
            fields.set(name, value);
        }
    }

    /// Does this hop say what the value is? `add`: also where there is none.
    fn is_set(&self, fields: &Fields, name: Known, add: bool) -> bool {
        match fields.contains(name) {
            true => !self.trusted,
            false => add,
        }
    }

    fn add_forwarded(&self, fields: &mut Fields) {
        let extended = self.trusted && self.forwarding.forwarded;
        if !extended && !self.is_set(fields, Known::Forwarded, self.forwarding.forwarded) {
            return;
        }
        let host = fields.text(Known::Host);
        let host = host
            .map(|host| format!(";host=\"{host}\""))
            .unwrap_or_default();
        let element = self.connection.element() + &host;
        match extended {
            true => fields.join(Known::Forwarded, b", ", element.as_bytes()),
            false => fields.set(Known::Forwarded, element.as_bytes()),
        }
    }
}

/// Says that this hop received the message in `version`.
pub(super) fn add_via(fields: &mut Fields, version: Version, forwarding: &Forwarding) {
    let Some(pseudonym) = &forwarding.via else {
        return;
    };
    let version = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    };
    if let Ok(hop) = HeaderValue::try_from(format!("{version} {pseudonym}")) {
        fields.join(Known::Via, b", ", hop.as_bytes());
    }
}

/// The text of a request id.
pub type RequestId = [u8; 36];

/// A request id: the form of a version 4 UUID, filled with `random` bits.
pub fn request_id(random: u128) -> RequestId {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    /// Where the digits of each byte go, dashes between.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let bits = random & !(0xf << 76 | 0x3 << 62) | 4 << 76 | 2 << 62;
    let mut text = [b'-'; 36];
    for (byte, place) in bits.to_be_bytes().into_iter().zip(PLACES) {
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 0xf)];
    }
    text
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
