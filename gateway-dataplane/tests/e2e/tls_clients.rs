//! Certificates of clients (GEP-91).

use std::io;
use std::net::SocketAddr;
use std::slice::from_ref;

use gateway_resolve::ir::{Certificate, Ir, Listener};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ClientConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::origin::{self, Origin};
use crate::support::tls::{builder_for, client, handshake};
use crate::support::{
    address, backend, builder, certificate, for_clients, ir_with, listener, on_port, over_tls,
    rule, to,
};

/// Who signs certificates of clients.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        Self { issuer, der }
    }

    /// A client with a certificate of this authority, for no name at all.
    fn client(&self, version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
        self.client_with(version, &CertificateParams::default())
    }

    /// A client with a certificate of this authority for what `params` say.
    fn client_with(
        &self,
        version: &'static rustls::SupportedProtocolVersion,
        params: &CertificateParams,
    ) -> ClientConfig {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let builder = builder_for(&[version]);
        builder
            .with_client_auth_cert(vec![signed.der().clone()], key)
            .unwrap()
    }
}

fn https(name: &str, shown: &Certificate) -> Listener {
    over_tls(listener(name, vec![("/", rule(vec![to("a")]))]), &[shown])
}

fn ir(listeners: Vec<Listener>, shown: &Certificate, origin: &Origin) -> std::sync::Arc<Ir> {
    ir_with(
        listeners,
        vec![backend("a", &[origin.address])],
        vec![shown.clone()],
    )
}

/// The answer to a request. With TLS 1.3 a client is told only after its handshake that it is refused.
async fn ask(config: &ClientConfig, at: SocketAddr) -> io::Result<String> {
    let mut stream = handshake(config, at, "a.example").await?;
    let request = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn clients_have_to_show_a_certificate_of_an_authority() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let (trusted, also, other) = (Authority::new(), Authority::new(), Authority::new());
    let authorities = [trusted.der.clone(), also.der.clone()];
    let listener = for_clients(https("https", &shown), &authorities, true);
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir(vec![listener], &shown, &origin)));
    for version in [&TLS12, &TLS13] {
        for authority in [&trusted, &also] {
            let answer = ask(&authority.client(version), at).await.unwrap();
            assert!(answer.ends_with("hello"), "{answer}");
        }
        assert!(ask(&other.client(version), at).await.is_err());
        assert!(ask(&client(&[], &[version]), at).await.is_err());
    }
}

/// AllowInsecureFallback: whoever comes is served.
#[tokio::test]
async fn clients_without_a_valid_certificate_may_be_allowed() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let (trusted, other) = (Authority::new(), Authority::new());
    let listener = for_clients(https("https", &shown), from_ref(&trusted.der), false);
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir(vec![listener], &shown, &origin)));
    for version in [&TLS12, &TLS13] {
        for config in [
            trusted.client(version),
            other.client(version),
            client(&[], &[version]),
        ] {
            assert!(ask(&config, at).await.unwrap().ends_with("hello"));
        }
    }
}

/// A session that was begun where nobody is validated, or somebody else was trusted, opens no other door.
#[tokio::test]
async fn no_session_goes_around_validation() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let (trusted, other) = (Authority::new(), Authority::new());
    let apply = |proxy: &gateway_dataplane::Proxy, authority: &Authority| {
        let guarded = on_port(https("guarded", &shown), 8443);
        let guarded = for_clients(guarded, from_ref(&authority.der), true);
        let open = https("open", &shown);
        let applied = proxy.apply(&ir(vec![guarded, open], &shown, &origin));
        [0, 1].map(|listener| applied.listeners()[listener].bound[0])
    };
    for version in [&TLS12, &TLS13] {
        let proxy = builder().start().unwrap();
        let [guarded, open] = apply(&proxy, &trusted);
        let nobody = client(&[], &[version]);
        assert!(ask(&nobody, open).await.is_ok());
        assert!(ask(&nobody, guarded).await.is_err());
        let somebody = trusted.client(version);
        assert!(ask(&somebody, guarded).await.is_ok());
        apply(&proxy, &other);
        assert!(ask(&somebody, guarded).await.is_err());
    }
}

/// What requests are told of the certificate that their client has shown (Envoy, `x-forwarded-client-cert`).
#[cfg(feature = "certificates")]
mod told {
    use std::sync::Arc;

    use gateway_resolve::ir::{CertificateNotice, CertificatePart, ListenerSettings, Provenance};
    use http::{Request, Response};
    use http_body_util::Full;
    use hyper::body::Incoming;
    use rcgen::{CertificateParams, DistinguishedName, DnType, SanType};
    use rustls::version::TLS13;

    use super::{Authority, ask, https, ir};
    use crate::support::origin::{self, Origin};
    use crate::support::{address, builder, certificate, for_clients, set};

    async fn telling() -> Origin {
        origin::http(|request: Request<Incoming>| async move {
            let told = request.headers().get("x-forwarded-client-cert");
            let told = told.map(|told| told.to_str().unwrap().to_owned());
            Response::new(Full::from(told.unwrap_or_else(|| "nothing".to_owned())))
        })
        .await
    }

    /// What is told of a client with a certificate for `a.client`, of an authority that is trusted.
    async fn told(notice: CertificateNotice, mandatory: bool) -> String {
        let (origin, shown) = (telling().await, certificate("a", &["a.example"]));
        let authority = Authority::new();
        let listener = https("https", &shown);
        let mut listener = for_clients(listener, std::slice::from_ref(&authority.der), mandatory);
        let mut settings = ListenerSettings::default();
        settings.provenance = set(Provenance {
            certificate: Some(notice),
            ..Provenance::default()
        });
        listener.settings = Arc::new(settings);
        let proxy = builder().start().unwrap();
        let at = address(&proxy.apply(&ir(vec![listener], &shown, &origin)));
        let mut params = CertificateParams::new(vec!["a.client".to_owned()]).unwrap();
        let uri = "spiffe://a/b".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Some, Inc");
        params.distinguished_name.push(DnType::CommonName, "me");
        let answer = ask(&authority.client_with(&TLS13, &params), at)
            .await
            .unwrap();
        answer.rsplit("\r\n").next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_certificate_is_told_of_as_far_as_is_asked_for() {
        use CertificatePart::{Names, Subject, Uris, Whole};
        let all = CertificateNotice::Told {
            appended: false,
            parts: vec![Whole, Subject, Uris, Names],
        };
        let told = told(all, true).await;
        let (hash, rest) = told.strip_prefix("Hash=").unwrap().split_at(64);
        assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
        let pem = rest
            .strip_prefix(";Cert=\"-----BEGIN%20CERTIFICATE-----%0A")
            .unwrap();
        let (_, rest) = pem.split_once("-----END%20CERTIFICATE-----%0A\"").unwrap();
        assert_eq!(
            rest,
            ";Subject=\"CN=me,O=Some\\, Inc\";URI=spiffe://a/b;DNS=a.client"
        );
    }

    /// Who is let in without a look at his certificate may say anything in it.
    #[tokio::test]
    async fn a_certificate_that_nobody_looks_at_is_not_told_of() {
        let notice = CertificateNotice::Told {
            appended: true,
            parts: Vec::new(),
        };
        assert_eq!(told(notice, false).await, "nothing");
    }
}
