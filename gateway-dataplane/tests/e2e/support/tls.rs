//! TLS clients that say which certificate they were shown.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir::{Certificate, PrivateKey};
use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::origin::{Origin, raw};

/// Takes any certificate, as tests compare it themselves.
#[derive(Debug)]
struct Anything(CryptoProvider);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let supported = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, supported)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let supported = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, supported)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A server that shows `certificate` and sends `text` to who connects, after the name that was asked for.
pub(crate) async fn origin(certificate: &Certificate, text: &'static str) -> Origin {
    let PrivateKey::Pkcs8(key) = &certificate.key else {
        panic!("a key that is not PKCS#8");
    };
    let chain = vec![certificate.chain[0].clone().into()];
    let key = PrivateKeyDer::Pkcs8(key.clone().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    raw(move |stream| {
        let handshake = acceptor.accept(stream);
        async move {
            let Ok(mut stream) = handshake.await else {
                return;
            };
            let name = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
            stream.write_all(name.as_bytes()).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let _gone = stream.shutdown().await;
        }
    })
    .await
}

/// A client that takes any certificate, and may have one of its own.
pub(crate) fn builder_for(
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(ring::default_provider())))
}

/// How a client connects. Sessions are remembered in it.
pub(crate) fn client(
    alpn: &[&str],
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut config = builder_for(versions).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    config
}

/// Connects to `host`.
pub(crate) async fn handshake(
    config: &ClientConfig,
    address: SocketAddr,
    host: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(Arc::new(config.clone()));
    let name = ServerName::try_from(host.to_owned()).unwrap();
    connector
        .connect(name, TcpStream::connect(address).await?)
        .await
}

/// Connects with any version and protocol.
pub(crate) async fn connect(
    address: SocketAddr,
    host: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    handshake(&client(&[], rustls::ALL_VERSIONS), address, host).await
}

/// Was this certificate shown?
pub(crate) fn showed(stream: &TlsStream<TcpStream>, certificate: &Certificate) -> bool {
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    *shown[0] == certificate.chain[0][..]
}
