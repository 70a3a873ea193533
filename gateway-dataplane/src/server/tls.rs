//! TLS termination: certificates by SNI.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{self, CertificateId, Ir, Stack};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};

use super::clients::verifier;
use crate::identity;
use crate::table::SocketTable;

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
            provider: Arc::new(ring::default_provider()),
            tickets: ring::Ticketer::new()?,
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

    /// How TLS is terminated on `socket`.
    pub(crate) fn terminations<B>(&self, socket: &SocketTable<B>, usable: &Usable) -> Terminations {
        let listeners = socket.listeners().iter();
        let config = |listener: &ir::Listener| {
            let tls = listener.stack.tls()?;
            let config = self.config(listener, tls, usable);
            let config = config.inspect_err(|error| {
                tracing::error!(listener = %listener.id, %error, "TLS cannot be terminated");
            });
            config.ok().map(Arc::new)
        };
        listeners.map(|listener| config(listener.ir())).collect()
    }

    fn config(
        &self,
        listener: &ir::Listener,
        tls: &ir::Tls,
        usable: &Usable,
    ) -> Result<ServerConfig, Error> {
        let ids = listener.certificates();
        let found = ids.filter_map(|id| usable.get(id)).cloned().collect();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &tls.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(verifier(clients, &self.provider)?),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Identities(found)));
        // Sessions are in tickets. Where clients are validated there are none: who resumes a session is not validated
        // again, by whichever listener it was begun and whoever was trusted then (RFC 8446 section 2.2).
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if tls.clients.is_none() {
            config.ticketer = Arc::clone(&self.tickets);
        }
        if let Stack::Https { .. } = listener.stack {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(config)
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
