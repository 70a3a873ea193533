//! TLS termination: certificates by SNI.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{self, CertificateId, HttpVersion, Ir, ListenerId, Stack};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};

use super::clients::verifier;
use crate::table::SocketTable;
use crate::{crypto, handshake, identity};

/// What all listeners share, so that sessions outlive reloads.
#[derive(Debug)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    tickets: Arc<dyn ProducesTickets>,
}

/// How TLS is terminated on a socket, for each listener of its table in order; `None` where it is not.
pub(crate) type Terminations = Arc<[Option<Arc<ServerConfig>>]>;

/// The certificates of an IR that can be used.
pub(crate) type Usable = HashMap<CertificateId, Arc<Usability>>;

/// A certificate, or why it cannot be used.
pub(crate) type Usability = Result<Identity, String>;

/// A certificate with the names that it is for.
#[derive(Debug)]
pub(crate) struct Identity {
    names: Vec<Hostname>,
    key: Arc<CertifiedKey>,
}

impl Tls {
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            provider: crypto::provider(),
            tickets: crypto::tickets()?,
        })
    }

    /// Looks at the certificates of `ir`; those in `known` that did not change are taken over.
    pub(crate) fn certificates(&self, ir: &Ir, old: &Ir, known: &Usable) -> Usable {
        let usable = |(id, certificate): (&CertificateId, &Arc<ir::Certificate>)| {
            let same = old.certificates().get(id) == Some(certificate);
            let kept = known.get(id).filter(|_| same).cloned();
            let usable = kept.unwrap_or_else(|| Arc::new(self.identity(certificate)));
            (id.clone(), usable)
        };
        ir.certificates().iter().map(usable).collect()
    }

    fn identity(&self, certificate: &ir::Certificate) -> Usability {
        let (chain, key) = (identity::chain(certificate), identity::key(certificate));
        let key = CertifiedKey::from_der(chain, key, &self.provider)
            .map_err(|error| format!("{}: {error}", certificate.id))?;
        Ok(Identity {
            names: certificate.names.clone(),
            key: Arc::new(key),
        })
    }

    fn config(
        &self,
        listener: &ir::Listener,
        tls: &ir::Tls,
        identities: Vec<Arc<Usability>>,
    ) -> Result<ServerConfig, Error> {
        let (provider, versions) = handshake::narrowed(&tls.handshake, &self.provider);
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
        let builder = match &tls.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(verifier(clients, &self.provider)?),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Identities(identities)));
        // Sessions are in tickets. Where clients are validated there are none: who resumes a session is not validated
        // again, by whichever listener it was begun and whoever was trusted then (RFC 8446 section 2.2).
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if tls.clients.is_none() {
            config.ticketer = Arc::clone(&self.tickets);
        }
        let protocols = alpn(listener).iter();
        config.alpn_protocols = protocols.map(|name| name.to_vec()).collect();
        Ok(config)
    }
}

/// How TLS is terminated on the listeners of one IR.
pub(crate) struct Terminator<'a> {
    pub(crate) tls: &'a Tls,
    pub(crate) usable: &'a Usable,
    /// How it was on those of the IR before.
    pub(crate) before: &'a Terminated,
    pub(crate) now: Terminated,
}

/// How TLS is terminated, by listener.
pub(crate) type Terminated = HashMap<ListenerId, Termination>;

/// How TLS is terminated on one listener, and what that follows from.
#[derive(Debug, Clone)]
pub(crate) struct Termination {
    tls: ir::Tls,
    alpn: &'static [&'static [u8]],
    identities: Vec<Arc<Usability>>,
    config: Arc<ServerConfig>,
}

impl Terminator<'_> {
    /// How TLS is terminated on `socket`.
    pub(crate) fn of<B>(&mut self, socket: &SocketTable<B>) -> Terminations {
        let listeners = socket.listeners().iter();
        listeners
            .map(|listener| self.config(listener.ir()))
            .collect()
    }

    fn config(&mut self, listener: &ir::Listener) -> Option<Arc<ServerConfig>> {
        let tls = listener.stack.tls()?;
        let ids = listener.certificates();
        let identities: Vec<_> = ids.filter_map(|id| self.usable.get(id)).cloned().collect();
        let alpn = alpn(listener);
        let known = self
            .now
            .get(&listener.id)
            .or_else(|| self.before.get(&listener.id));
        let known = known.filter(|known| known.is_for(tls, alpn, &identities));
        let termination = match known {
            Some(known) => known.clone(),
            None => {
                let config = self.tls.config(listener, tls, identities.clone());
                let config = config.inspect_err(|error| {
                    tracing::error!(listener = %listener.id, %error, "TLS cannot be terminated");
                });
                Termination {
                    tls: tls.clone(),
                    alpn,
                    identities,
                    config: Arc::new(config.ok()?),
                }
            }
        };
        let config = Arc::clone(&termination.config);
        self.now.insert(listener.id.clone(), termination);
        Some(config)
    }
}

impl Termination {
    fn is_for(&self, tls: &ir::Tls, alpn: &[&[u8]], identities: &[Arc<Usability>]) -> bool {
        let same = |(known, identity)| Arc::ptr_eq(known, identity);
        self.tls == *tls
            && self.alpn == alpn
            && self.identities.len() == identities.len()
            && self.identities.iter().zip(identities).all(same)
    }
}

/// The versions of HTTP that there are to agree on (RFC 7301), the one that counts most first.
fn alpn(listener: &ir::Listener) -> &'static [&'static [u8]] {
    let Stack::Https { .. } = listener.stack else {
        return &[];
    };
    let protocols = listener.settings.protocols.as_ref();
    match protocols.and_then(|set| set.value.only) {
        None => &[b"h2", b"http/1.1"],
        Some(HttpVersion::Http1) => &[b"http/1.1"],
        Some(HttpVersion::Http2) => &[b"h2"],
    }
}

/// The identities of a listener.
#[derive(Debug)]
struct Identities(Vec<Arc<Usability>>);

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let sni = hello.server_name();
        let identities = self.0.iter();
        let identities = identities.filter_map(|identity| (**identity).as_ref().ok());
        let schemes = hello.signature_schemes();
        let fit = |identity: &&Identity| {
            let fits = identity.key.key.choose_scheme(schemes).is_some();
            Reverse((fits, sni.map(|sni| identity.fit(sni))))
        };
        // Of equals, the first.
        identities
            .min_by_key(fit)
            .map(|identity| Arc::clone(&identity.key))
    }
}

/// How well a certificate fits a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is for other names.
    Other,
    /// It has a wildcard that covers the name.
    Wildcard,
    /// It has the name.
    Exact,
}

impl Identity {
    fn fit(&self, sni: &str) -> Fit {
        let fit = |name: &Hostname| match name.wildcard_suffix() {
            None if name.as_str() == sni => Fit::Exact,
            // A wildcard of a certificate stands for one label (RFC 6125 section 6.4.3).
            Some(suffix) if sni.strip_suffix(suffix).is_some_and(is_label) => Fit::Wildcard,
            _ => Fit::Other,
        };
        self.names.iter().map(fit).max().unwrap_or(Fit::Other)
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && !text.contains('.')
}
