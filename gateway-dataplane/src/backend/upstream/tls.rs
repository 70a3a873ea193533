//! TLS towards endpoints (BackendTLSPolicy, GEP-1897).

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use gateway_model::Hostname;
use gateway_resolve::ir::{Authorities, BackendTls, Endpoint, EndpointAddress, PeerName};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use webpki::EndEntityCert;

use crate::backend::Io;
use crate::{crypto, handshake, identity};

/// Makes TLS connections to the endpoints of one backend.
pub(super) struct TlsClient {
    http1: TlsConnector,
    http2: TlsConnector,
    /// The same without ALPN.
    bytes: TlsConnector,
    /// The name that is asked for at endpoints that have none of their own.
    name: Option<ServerName<'static>>,
}

/// What is spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// HTTP/1.1, which ALPN asks for.
    Http1,
    /// HTTP/2, which ALPN asks for.
    Http2,
    /// It isn't known, so that nothing is asked for.
    Bytes,
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsClient({:?})", self.name)
    }
}

impl TlsClient {
    /// A client for a backend.
    ///
    /// # Errors
    /// No certificate of an authority can be used, or not the one to be shown; the name is none.
    pub(super) fn new(tls: &BackendTls) -> Result<Self, String> {
        let provider = crypto::provider();
        let name = tls.server_name.as_ref().map(server_name).transpose()?;
        let peer = Peer {
            roots: roots(&tls.authorities)?,
            names: tls.names.clone(),
            provider: Arc::clone(&provider),
        };
        let (provider, versions) = handshake::narrowed(&tls.handshake, &provider);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let config = config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(peer));
        let config = match &tls.identity {
            None => config.with_no_client_auth(),
            Some(own) => config
                .with_client_auth_cert(identity::chain(own), identity::key(own))
                .map_err(|error| format!("{}: {error}", own.id))?,
        };
        let offering = |protocol: &str| {
            let mut config = config.clone();
            config.alpn_protocols = match &tls.alpn[..] {
                [] => vec![protocol.as_bytes().to_vec()],
                own => own.iter().map(|name| name.as_bytes().to_vec()).collect(),
            };
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self {
            http1: offering("http/1.1"),
            http2: offering("h2"),
            bytes: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Speaks TLS over a stream to `endpoint`. Where there is no name to ask for, none is: its address stands in
    /// (RFC 6066 section 3).
    pub(super) async fn secure<S>(
        &self,
        stream: S,
        endpoint: &Endpoint,
        inside: Inside,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = match inside {
            Inside::Http1 => &self.http1,
            Inside::Http2 => &self.http2,
            Inside::Bytes => &self.bytes,
        };
        let own = endpoint.server_name.as_ref().map(server_name).transpose();
        let name = match own.map_err(io::Error::other)?.or_else(|| self.name.clone()) {
            Some(own) => own,
            None => address(endpoint).map_err(io::Error::other)?,
        };
        connector.connect(name, stream).await
    }
}

fn server_name(host: &Hostname) -> Result<ServerName<'static>, String> {
    let name = ServerName::try_from(host.as_str().to_owned());
    name.map_err(|error| format!("server name {host}: {error}"))
}

fn address(endpoint: &Endpoint) -> Result<ServerName<'static>, String> {
    match &endpoint.address {
        EndpointAddress::Ip(address) => Ok(ServerName::IpAddress(address.ip().into())),
        EndpointAddress::Name { host, .. } => server_name(host),
        EndpointAddress::Path(path) => Err(format!("nobody is asked for by name at {path}")),
    }
}

/// `None`: nobody is asked for.
fn roots(authorities: &Authorities) -> Result<Option<Arc<RootCertStore>>, String> {
    match authorities {
        Authorities::Unverified => Ok(None),
        Authorities::System => system_roots().map(Some),
        Authorities::Certificates(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                let certificate = CertificateDer::from(certificate.clone());
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
            Ok(Some(Arc::new(roots)))
        }
    }
}

/// The certificates that the system trusts, read once.
fn system_roots() -> Result<Arc<RootCertStore>, String> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    match ROOTS.is_empty() {
        true => Err("the system has no certificates of authorities".to_owned()),
        false => Ok(Arc::clone(&ROOTS)),
    }
}

/// Holds a certificate against what a policy asks of it: an authority, and a name.
#[derive(Debug)]
struct Peer {
    /// Who may have signed it; `None`: anybody.
    roots: Option<Arc<RootCertStore>>,
    /// The names of which the certificate has to be for one; when empty, it has to be for the name that was
    /// asked for.
    names: Vec<PeerName>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Peer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(roots) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
        if self.names.is_empty() {
            verify_server_name(&parsed, server_name)?;
        } else if !self
            .names
            .iter()
            .any(|name| is_for(end_entity, &parsed, name))
        {
            return Err(Error::InvalidCertificate(CertificateError::NotValidForName));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Is a certificate for a name? A name that is a wildcard is one that the certificate has, letter by letter.
fn is_for(der: &CertificateDer<'_>, parsed: &ParsedCertificate<'_>, name: &PeerName) -> bool {
    let Ok(certificate) = EndEntityCert::try_from(der) else {
        return false;
    };
    match name {
        PeerName::Dns(host) if host.is_wildcard() => {
            let mut own = certificate.valid_dns_names();
            own.any(|own| own.eq_ignore_ascii_case(host.as_str()))
        }
        PeerName::Dns(host) => ServerName::try_from(host.as_str())
            .is_ok_and(|host| verify_server_name(parsed, &host).is_ok()),
        PeerName::Address(address) => {
            verify_server_name(parsed, &ServerName::IpAddress((*address).into())).is_ok()
        }
        PeerName::Any => true,
        PeerName::Uri(uri) => certificate.valid_uri_names().any(|own| own == &**uri),
    }
}

/// A stream, in clear or not.
pub(super) enum Secured<S> {
    Clear(S),
    Tls(Box<TlsStream<S>>),
    /// A tunnel that an endpoint was asked for, and what is spoken in it.
    Tunnel(Box<dyn Io>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tunnel(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tunnel(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tunnel(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Tunnel(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tunnel(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tunnel(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
